"""Answers as of a past date, and the history of an account, over HTTP."""

import threading
import time

import pytest

from guanxi.engine import Engine, history
from guanxi.service import past
from guanxi.service.answers import PastQuery
from guanxi.service.app import ROUTES
from service.running import event, problem, publish, serving

ITEMS = "/v1/accounts/ann/recommendations/items"
HISTORY = "/v1/accounts/dan/history"


@pytest.fixture
def blocked(monkeypatch):
    """Scores of the past that are computed only once the event is set; requests wait for them a moment only."""
    may, real = threading.Event(), Engine.view

    def slow(engine, *, as_of=None):
        if as_of is not None:
            may.wait(10)
        return real(engine, as_of=as_of)

    monkeypatch.setattr(past, "WAIT_S", 0.2)
    monkeypatch.setattr("guanxi.service.history.WAIT_S", 0.2)
    monkeypatch.setattr(Engine, "view", slow)
    yield may
    may.set()


def test_answers_of_a_past_day_are_those_of_the_engine(client, home):
    engine = Engine(home)
    view = engine.view(as_of="2026-01-08")
    asked = {
        ITEMS: view.items("ann"),
        "/v1/accounts/ann/recommendations/accounts": view.accounts("ann"),
        "/v1/trust/ann/dan": view.trust("ann", "dan"),
        "/v1/trust/ann": view.trusted_by("ann"),
        "/v1/rankings/balanced": view.ranking(),
        "/v1/accounts/dan/authenticity": view.authenticity("dan"),
    }
    for path, (data, meta) in asked.items():
        answer = client.get(path, params={"as_of": "2026-01-08", **({"explain": "paths"} if "recomm" in path else {})})
        assert answer.json() == {"data": data, "meta": meta}, path
        assert meta["as_of"] == "2026-01-08T23:59:59Z"
        assert meta["past"]["n_events"] == 8
    engine.close()


def test_every_answer_from_a_view_can_be_asked_as_of_a_past_day(client):
    """And none takes the parameter without heeding it."""
    names = {"account": "dan", "viewer": "ann", "target": "dan", "strategy": "balanced", "item": "tea"}
    asked = [route for route in ROUTES if _takes_a_moment(route)]
    assert len(asked) >= 7
    for route in asked:
        path = route.template.format_map(names)
        answer = client.request(route.method, path, params={"as_of": "2026-01-08"})
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()["meta"]["as_of"] == "2026-01-08T23:59:59Z", path


def _takes_a_moment(route):
    said = route.endpoint.__annotations__.get("query")
    query = getattr(said, "__origin__", said)
    return route.method == "GET" and isinstance(query, type) and issubclass(query, PastQuery)


def test_size_of_the_graph_as_of_a_past_day(client):
    body = client.get("/v1/graph/stats", params={"as_of": "2026-01-07T12:00:00Z"}).json()
    assert (body["data"]["n_events"], body["data"]["n_edges"], body["meta"]["n_newer_events"]) == (7, 7, 0)


@pytest.mark.parametrize(
    ("as_of", "said"),
    [("2999-01-01", "as_of is 2999-01-01, which is not past"), ("soon", "as_of is 'soon', neither a day")],
)
def test_moment_that_is_none_or_not_past_is_refused(reading, as_of, said):
    body = problem(reading.get(ITEMS, params={"as_of": as_of}), 422, "invalid_parameter")
    assert said in body["detail"]


def test_before_the_first_event_nothing_was_known(client):
    answer = client.get(ITEMS, params={"as_of": "2001-01-01"}).json()
    assert (answer["data"]["known"], answer["data"]["items"]) == (False, [])
    assert answer["meta"]["past"] == {"newest_event": None, "n_events": 0, "n_undated_events": 0}
    problem(client.get("/v1/trust/ann/dan", params={"as_of": "2001-01-01"}), 404, "unknown_id")


def test_store_without_a_run_has_no_past(tmp_path):
    with serving(tmp_path / "store") as client:
        problem(client.get(ITEMS, params={"as_of": "2026-01-08"}), 503, "not_ready")


def test_scores_that_take_long_are_waited_for_by_asking_again(client, blocked):
    answer = client.get(ITEMS, params={"as_of": "2026-01-08"})
    body = problem(answer, 503, "past_not_ready")
    assert "scores as of 2026-01-08 are being computed" in body["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert client.get(ITEMS).status_code == 200
    blocked.set()
    assert client.get(ITEMS, params={"as_of": "2026-01-08"}).status_code == 200


def test_only_so_many_dates_are_computed_at_once(client, blocked):
    for day in range(1, past.MOST_WAITING + 1):
        problem(client.get(ITEMS, params={"as_of": f"2026-01-0{day}"}), 503, "past_not_ready")
    problem(client.get(ITEMS, params={"as_of": "2026-01-09"}), 503, "past_busy")
    blocked.set()
    assert client.get(ITEMS, params={"as_of": "2026-01-01"}).status_code == 200


def test_answer_whose_files_went_is_computed_again(client, home, monkeypatch):
    client.get(ITEMS, params={"as_of": "2026-01-08"})
    real, gone = Engine.view, []

    def vanishing(engine, **asked):
        view = real(engine, **asked)
        if asked and not gone:
            gone.append(1)
            raise FileNotFoundError
        return view

    monkeypatch.setattr(Engine, "view", vanishing)
    assert client.get(ITEMS, params={"as_of": "2026-01-08"}).status_code == 200
    assert gone


# -- history ----------------------------------------------------------------------------------------------------------


def test_history_is_that_of_the_engine(client, home):
    body = client.get(HISTORY, params={"from": "2026-01-01", "to": "2026-01-13", "every": "4"}).json()
    engine = Engine(home)
    days = ["2026-01-01", "2026-01-05", "2026-01-09", "2026-01-13"]
    points = history.history(engine, "dan", days)
    assert body["data"] == {"account": "dan", "every": 4, "points": points}
    assert [point["known"] for point in points] == [False, True, True, True]
    assert [point["counts"]["n_followers"] for point in points[1:]] == [2, 2, 2]
    assert body["meta"]["run"] == engine.view().run.id
    engine.close()


def test_history_by_default_ends_with_the_newest_event(client):
    points = client.get(HISTORY).json()["data"]["points"]
    assert [point["day"] for point in points] == ["2026-01-13"]
    assert points[0]["standing"]["n_accounts"] == 5


def test_history_of_nobody_or_of_days_that_are_none_is_refused(reading):
    problem(reading.get("/v1/accounts/nobody/history"), 404, "unknown_id")
    for query, said in (
        ({"every": "fortnight"}, "every is 'fortnight', not day, week, month or a number"),
        ({"from": "2026-02-01", "to": "2026-01-01"}, "from is 2026-02-01, which comes after to"),
        ({"to": "2999-01-01", "from": "2998-12-01"}, "as_of is 2999-01-01, which is not past"),
        ({"from": "x"}, "from is 'x', not a day"),
        ({"from": "2025-01-01", "every": "day"}, "378 days to look at, not at most 24"),
        ({"limit": "3"}, "Extra inputs"),
    ):
        assert said in problem(reading.get(HISTORY, params=query), 422, "invalid_parameter")["detail"]


def test_history_that_takes_long_says_how_far_it_is(client, blocked):
    query = {"from": "2026-01-01", "to": "2026-01-13", "every": "6"}
    body = problem(client.get(HISTORY, params=query), 503, "past_not_ready")
    assert body["detail"].startswith("0 of 3 days are there; scores as of 2026-01-13 are being computed")
    blocked.set()
    give_up = time.monotonic() + 20
    while (answer := client.get(HISTORY, params=query)).status_code == 503:
        assert time.monotonic() < give_up
    assert len(answer.json()["data"]["points"]) == 3


def test_late_event_changes_the_past_once_a_run_knows_it(client, home):
    before = client.get("/v1/trust/ann", params={"as_of": "2026-01-03"}).json()
    assert client.post("/v1/events", json=event("follow", "ann", "eve", 2)).status_code == 201
    assert client.get("/v1/trust/ann", params={"as_of": "2026-01-03"}).json() == before
    engine = Engine(home)
    run = publish(engine)
    client.app.state.service.current._look_at = 0
    while client.get(ITEMS).json()["meta"]["run"] != run:
        pass
    after = client.get("/v1/trust/ann", params={"as_of": "2026-01-03"}).json()
    assert "eve" in {row["id"] for row in after["data"]["accounts"]}
    engine.close()
