"""Erasing an account through the API."""

import contextlib
import time

import pytest

from guanxi.engine import Engine
from guanxi.engine.keys import create_key
from service.running import event, make_store, problem, served, serving

GONE = "erika/müller"
PATH = "/v1/accounts/erika%2Fm%C3%BCller"
EVENTS = [
    event("follow", "ann", "bob", 1),
    event("follow", "bob", "ann", 1),
    event("follow", "ann", GONE, 2),
    event("follow", GONE, "bob", 3),
    event("purchase", GONE, "tea", 4),
    event("purchase", "bob", "cup", 5, via=GONE),
]
WITHIN_S = 20.0


def files_with(home, text):
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


@pytest.fixture
def home(tmp_path):
    make_store(tmp_path / "store", EVENTS)
    return tmp_path / "store"


def erased(delete):
    """Ask until nothing holds the account any more; the first answer and the last."""
    first = answer = delete()
    give_up = time.monotonic() + WITHIN_S
    while answer.status_code == 202:
        assert time.monotonic() < give_up
        time.sleep(0.02)
        answer = delete()
    return first, answer


def test_erased_account_is_gone_from_answers_and_every_file(home):
    with serving(home) as client:
        assert client.get(f"{PATH}/authenticity").status_code == 200
        first, last = erased(lambda: client.delete(PATH))
        assert first.json()["data"] == {"n_events": 3, "n_unnamed": 1, "waits_for": ["answers"]}
        assert (last.status_code, last.json()) == (
            200,
            {"data": {"n_events": 0, "n_unnamed": 0, "waits_for": []}, "meta": {}},
        )
        give_up = time.monotonic() + WITHIN_S
        while client.get(f"{PATH}/authenticity").status_code == 200:  # a view is opened aside
            assert time.monotonic() < give_up
        problem(client.get(f"{PATH}/authenticity"), 404, "unknown_id")
        assert client.get(f"{PATH}/recommendations/items").json()["data"]["known"] is False
        assert client.get("/v1/rankings/balanced").json()["data"]["n_accounts"] == 2
        assert files_with(home, GONE) == []


def test_event_of_an_erased_account_is_refused(home):
    with serving(home) as client:
        client.delete(PATH)
        said = problem(client.post("/v1/events", json=event("follow", "ann", GONE, 9)), 422, "invalid_event")
        assert "account that was erased" in said["detail"]
        assert GONE not in said["detail"]
        batch = client.post(
            "/v1/events:batch", json=[event("follow", GONE, "ann", 9), event("follow", "bob", "cat", 9)]
        )
        assert [one["outcome"] for one in batch.json()["data"]["outcomes"]] == ["rejected", "created"]


def test_account_that_nobody_knows_is_kept_out_all_the_same(home):
    with serving(home) as client:
        first, _ = erased(lambda: client.delete("/v1/accounts/nobody"))
        assert first.json()["data"]["n_events"] == 0
        assert client.post("/v1/events", json=event("follow", "nobody", "ann", 9)).status_code == 422


def test_only_an_admin_may_erase(home):
    with contextlib.closing(Engine(home)) as engine:
        keys = {scope: create_key(engine.store, scopes=[scope], label="", now_us=1)[0] for scope in ("ingest", "admin")}
    with serving(home) as client:
        headers = {scope: {"Authorization": f"Bearer {key}"} for scope, key in keys.items()}
        problem(client.delete(PATH), 401, "unauthorised")
        problem(client.delete(PATH, headers=headers["ingest"]), 403, "scope_missing")
        assert client.delete(PATH, headers=headers["admin"]).status_code == 202
    with contextlib.closing(Engine(home)) as engine:
        assert engine.store.n_events() == 3


def test_what_a_server_left_unfinished_the_next_one_finishes(home):
    with contextlib.closing(Engine(home)) as engine:
        engine.erase_events(GONE)
    with serving(home) as client:
        assert erased(lambda: client.delete(PATH))[1].status_code == 200
    assert files_with(home, GONE) == []


def test_every_worker_forgets_and_no_log_names_the_account(home, tmp_path):
    import httpx2

    with served(home, tmp_path / "log", workers=2) as server:

        def ask(method, path):
            with httpx2.Client(base_url=server.address, trust_env=False) as client:
                return client.request(method, path)

        assert erased(lambda: ask("DELETE", PATH))[1].status_code == 200
        give_up = time.monotonic() + WITHIN_S
        while {ask("GET", f"{PATH}/authenticity").status_code for _ in range(6)} != {404}:
            assert time.monotonic() < give_up
            time.sleep(0.05)
        server.stop()
    assert files_with(home, GONE) == []
    for name in (GONE, "erika", PATH):
        assert name not in (tmp_path / "log").read_text()
