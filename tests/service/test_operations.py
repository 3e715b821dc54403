"""Probes, metrics, problems, request ids and the view in use."""

import asyncio
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client.parser import text_string_to_metric_families

from guanxi.engine import Engine
from guanxi.errors import DamagedError, NotReadyError, ParameterError, StoreError
from guanxi.service import current
from guanxi.service.current import CurrentView
from guanxi.service.logs import configure_logs
from guanxi.service.serving import serve
from guanxi.settings import Settings
from service.running import EXAMPLE, event, ids, make_store, problem, publish, serving

ITEMS = "/v1/accounts/ann/recommendations/items"


def samples(client):
    """Every sample by name and labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def test_alive_touches_no_store(home):
    with serving(home) as client:
        shutil.rmtree(home)
        assert client.get("/livez").json() == {"status": "alive"}


def test_ready_once_there_is_a_run(tmp_path):
    with serving(tmp_path / "store") as client:
        body = problem(client.get("/readyz"), 503, "not_ready")
        assert [error["pointer"] for error in body["errors"]] == ["/components/run"]
        answer = client.get(ITEMS)
        problem(answer, 503, "not_ready")
        assert int(answer.headers["retry-after"]) > 0
        assert client.post("/v1/events:batch", json=EXAMPLE).json()["data"]["counts"]["created"] == len(EXAMPLE)
        engine = Engine(tmp_path / "store")
        engine.snapshot()
        problem(client.get("/readyz"), 503, "not_ready")
        engine.score()
        engine.close()
        client.app.state.service.current._look_at = 0
        assert client.get("/readyz").json() == {"status": "ready", "components": {"store": "ok", "run": "ok"}}
        assert "tea" in ids(client.get(ITEMS))


def test_store_that_does_not_answer_is_named_without_its_path(client, monkeypatch):
    def gone():
        raise StoreError("some/private/path: disk I/O error")

    monkeypatch.setattr(client.app.state.service.engine.store, "ping", gone)
    body = problem(client.get("/readyz"), 503, "not_ready")
    assert [error["pointer"] for error in body["errors"]] == ["/components/store"]
    assert "private" not in str(body)
    assert samples(client)["guanxi_store_up", ("store", "log")] == 0


def test_metrics_count_requests_by_template_and_events_by_type(client):
    before = samples(client)
    client.get(ITEMS)
    client.get("/nowhere")
    client.request("BREW", "/livez")
    client.post("/v1/events:batch", json=[event("refund", "ann", "pen", 20), {"relation": "x" * 99}, 7])
    after = samples(client)

    def grown(name, **labels):
        key = (name, *sorted(labels.items()))
        return after.get(key, 0) - before.get(key, 0)

    requests = "http_server_request_duration_seconds_count"
    template = "/v1/accounts/{account}/recommendations/items"
    assert grown(requests, method="GET", route=template, status="200") == 1
    assert grown(requests, method="GET", route="unmatched", status="404") == 1
    assert grown(requests, method="other", route="/livez", status="405") == 1
    assert grown("guanxi_ingest_events_total", type="purchase", result="created") == 1
    assert grown("guanxi_ingest_events_total", type="unknown", result="rejected") == 2
    assert (after["guanxi_graph_accounts",], after["guanxi_graph_edges",]) == (5, 13)
    assert {key: value for key, value in after.items() if key[0] == "guanxi_store_up"} == {
        ("guanxi_store_up", ("store", "log")): 1
    }
    assert ("guanxi_outbox_lag_events",) not in after
    assert 0 <= after["guanxi_snapshot_age_seconds",] < 300
    assert not any("ann" in str(key) for key in after)


def test_metrics_without_a_run_have_no_graph(tmp_path):
    with serving(tmp_path / "store") as client:
        names = {key[0] for key in samples(client)}
    assert "guanxi_store_up" in names
    assert "guanxi_graph_accounts" not in names


def test_wrong_path_and_method_are_problems(reading):
    problem(reading.get("/v1/nowhere"), 404, "no_such_route")
    answer = reading.delete("/v1/events")
    problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


def test_error_of_ours_is_a_problem_that_says_nothing(home, monkeypatch):
    with serving(home) as client:
        view = asyncio.run(client.app.state.service.current.get())

        def fail(*_, **__):
            raise RuntimeError("about ann")

        monkeypatch.setattr(type(view), "items", fail)
        answer = client.get(ITEMS)
        assert "ann" not in str(problem(answer, 500, "internal_error"))
        assert answer.headers["cache-control"] == "no-store"


def test_request_id_of_the_caller_is_kept_if_it_is_a_plain_one(reading):
    assert reading.get("/livez", headers={"X-Request-Id": "a1.b-2_C"}).headers["x-request-id"] == "a1.b-2_C"
    made = {
        reading.get("/livez", headers={"X-Request-Id": id_}).headers["x-request-id"] for id_ in ("", "a b", "x" * 101)
    }
    assert len(made) == 3
    assert all(len(id_) == 32 for id_ in made)


@pytest.fixture
def threads():
    with ThreadPoolExecutor(1) as opener, ThreadPoolExecutor(1) as pool:
        yield {"opener": opener, "pool": pool}


def test_newer_run_is_opened_aside_and_then_used(home, threads, monkeypatch):
    monkeypatch.setattr(current, "LOOK_EVERY_S", 0.0)
    engine, other = Engine(home), Engine(home)

    async def run():
        views = CurrentView(engine, home / "current.json", **threads)
        old = await views.get()
        other.append([event("follow", "ann", "eve", 20)])
        new_run = publish(other)
        assert await views.get() is old  # it is being opened; nobody waits
        await views.close()
        new = await views.get()
        assert (new.run.id, new is old) == (new_run, False)
        assert old.items("ann")[1]["run"] == old.run.id  # a request in flight keeps its own
        await views.close()

    asyncio.run(run())
    engine.close()
    other.close()


def test_answer_whose_files_are_gone_comes_from_the_newer_run(home, threads, monkeypatch):
    engine, other = Engine(home), Engine(home)
    given = []

    def compute(view):
        given.append(view.run.id)
        if len(given) == 1:
            raise FileNotFoundError("an array of a run that was removed")
        return view.run.id

    async def run():
        views = CurrentView(engine, home / "current.json", **threads)
        await views.get()
        other.append([event("follow", "ann", "eve", 20)])
        newest = publish(other)
        assert await views.answer(compute) == newest
        assert given[0] != newest
        await views.close()

    asyncio.run(run())
    engine.close()
    other.close()


def test_damaged_run_with_none_before_it_is_said(home, threads):
    engine = Engine(home)
    folder = next((home / "runs").iterdir())
    (folder / "discount.npy").write_bytes(b"rubbish")

    async def run():
        views = CurrentView(engine, home / "current.json", **threads)
        with pytest.raises(DamagedError, match=r"discount\.npy"):
            await views.get()
        await views.close()

    asyncio.run(run())
    engine.close()


def test_view_without_a_store_file_is_not_ready(home, threads):
    (home / "current.json").unlink()
    engine = Engine(home)
    views = CurrentView(engine, home / "current.json", **threads)
    with pytest.raises(NotReadyError, match="no run yet"):
        asyncio.run(views.get())
    engine.close()


def test_serving_strangers_without_a_key_is_refused(tmp_path, monkeypatch):
    make_store(tmp_path / "store")
    with pytest.raises(ParameterError, match=r"host is 0\.0\.0\.0.*guanxi keys create"):
        serve(Settings(store=tmp_path / "store", host="0.0.0.0", log_level="error"))  # noqa: S104


def test_unknown_log_level_is_refused():
    with pytest.raises(ParameterError, match="'loud', not one of debug, info"):
        configure_logs("loud", as_json=True)
