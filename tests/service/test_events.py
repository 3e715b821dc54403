"""Events in: outcomes, bounds, and that an account's own answers follow at once."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from guanxi.engine import Engine
from guanxi.errors import StoreBusyError
from guanxi.service import bodies
from guanxi.service.bodies import MAX_DEPTH
from guanxi.service.ingest import Ingest
from service.running import event, ids, problem, serving

ITEMS = "/v1/accounts/ann/recommendations/items"
BATCH = "/v1/events:batch"
AS_JSON = {"Content-Type": "application/json"}
AS_LINES = {"Content-Type": "application/x-ndjson"}


def test_batch_says_what_became_of_each_event(client):
    sent = event("follow", "eve", "ann", 20, id="f-1")
    bad = [
        event("follow", "eve", "ann", 21, id="f-1"),
        event("purchase", "eve", "tea", 22, value=True),
        event("follow", "eve", "ann", 22, time="9999-01-01"),
        event("befriend", "eve", "ann", 22),
        {"relation": "follow", "source": "eve"},
        {"relation": "follow", "source": ["eve"], "target": "ann"},
        7,
        None,
    ]
    answer = client.post(BATCH, json={"events": [sent, sent, *bad]})
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert data["counts"] == {"created": 1, "duplicate": 1, "conflict": 1, "rejected": 7}
    assert [row["index"] for row in data["outcomes"]] == list(range(10))
    assert [row["outcome"] for row in data["outcomes"][:3]] == ["created", "duplicate", "conflict"]
    assert {row["id"] for row in data["outcomes"][:3]} == {"f-1"}
    refused = [row["problem"]["field"] for row in data["outcomes"][3:]]
    assert refused == ["value", "time", "relation", "target", "source", None, None]
    assert all(row["problem"]["detail"] for row in data["outcomes"][2:])
    assert "problem" not in data["outcomes"][0]


def test_bare_list_is_a_batch_and_an_empty_one_is_fine(client):
    assert client.post(BATCH, json=[event("follow", "eve", "ann", 20)]).json()["data"]["counts"]["created"] == 1
    answer = client.post(BATCH, json=[])
    assert (answer.status_code, answer.json()["data"]["outcomes"]) == (200, [])


def test_lines_are_a_batch_in_which_a_broken_line_stops_no_other(client):
    good = [json.dumps(event("follow", "eve", target, 20)) for target in ("ann", "bob")]
    lines = "\n".join([good[0], "", '{"relation": NaN}', "{", good[1], '{"value": 1e999}', ""])
    data = client.post(BATCH, content=lines, headers=AS_LINES).json()["data"]
    assert [row["outcome"] for row in data["outcomes"]] == ["created", "rejected", "rejected", "created", "rejected"]
    assert "is not JSON" in data["outcomes"][1]["problem"]["detail"]


def test_single_event_answers_with_its_own_status(client):
    sent = event("follow", "eve", "ann", 20, id="f-1")
    first, second = client.post("/v1/events", json=sent), client.post("/v1/events", json=sent)
    assert (first.status_code, first.json()["data"]) == (201, {"outcome": "created", "id": "f-1"})
    assert (second.status_code, second.json()["data"]) == (200, {"outcome": "duplicate", "id": "f-1"})
    other = problem(client.post("/v1/events", json=sent | {"target": "bob"}), 409, "conflict")
    assert other["errors"][0]["pointer"] == "/id"
    refused = problem(client.post("/v1/events", json=sent | {"source": True}), 422, "invalid_event")
    assert refused["errors"] == [{"pointer": "/source", "detail": "is true, not text"}]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'{"value": NaN}', b"[Infinity]", b'{"value": 1e999}', b'"\xff"', b"[" * 5000, b"[" * 40 + b"]" * 40],
)
def test_body_that_is_no_json_is_a_problem(reading, body):
    for path in ("/v1/events", BATCH):
        problem(reading.post(path, content=body, headers=AS_JSON), 400, "invalid_json")


def test_json_may_be_nested_so_far_and_no_further():
    assert bodies.parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    with pytest.raises(ValueError, match="nested more than 32"):
        bodies.parse_json(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1))
    with pytest.raises(ValueError, match="more than 200,000 objects"):
        bodies.parse_json(b"[" + b"[]," * bodies.MAX_CONTAINERS + b"0]")


@pytest.mark.parametrize("body", [7, "text", {"event": []}, {"events": {}}, {"events": [], "more": 1}, {}])
def test_batch_of_another_shape_is_a_problem(reading, body):
    assert problem(reading.post(BATCH, json=body), 422, "invalid_body")["errors"]


def test_more_than_1000_events_are_refused_whole(client):
    events = [event("follow", "eve", f"a{number}", 20) for number in range(1001)]
    assert "1,001" in problem(client.post(BATCH, json=events), 413, "batch_too_large")["detail"]
    assert client.post(BATCH, json=events[:1000]).json()["data"]["counts"]["created"] == 1000


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_body_of_another_type_is_refused(reading, kind):
    headers = {"Content-Type": kind} if kind else {}
    problem(reading.post(BATCH, content=b"[]", headers=headers), 415, "unsupported_media_type")


def test_compressed_body_is_refused(reading):
    answer = reading.post(BATCH, content=b"[]", headers=AS_JSON | {"Content-Encoding": "gzip"})
    problem(answer, 415, "unsupported_encoding")


def test_body_over_the_limit_is_refused_with_and_without_a_length(example_home):
    with serving(example_home, max_body_bytes=2048) as client:
        body = orjson.dumps([event("follow", "eve", "ann", 20, properties={"note": "x" * 3000})])
        problem(client.post(BATCH, content=body, headers=AS_JSON), 413, "body_too_large")
        parts = (body[at : at + 500] for at in range(0, len(body), 500))
        problem(client.post(BATCH, content=parts, headers=AS_JSON), 413, "body_too_large")
        problem(client.post(BATCH, content=b"[]", headers=AS_JSON | {"Content-Length": "-1"}), 400, "invalid_length")


def test_purchase_and_refund_change_the_accounts_own_items_at_once(client):
    assert "tea" in ids(client.get(ITEMS))
    client.post("/v1/events", json=event("purchase", "ann", "tea", 20))
    answer = client.get(ITEMS)
    assert "tea" not in ids(answer)
    assert answer.json()["meta"]["n_newer_events"] == 1
    assert "tea" in ids(client.get(ITEMS, params={"exclude_seen": False}))
    client.post("/v1/events", json=event("refund", "ann", "tea", 21))
    assert "tea" in ids(client.get(ITEMS))


def test_follow_changes_the_accounts_own_trust_at_once(client):
    before = client.get("/v1/trust/eve/ann").json()["data"]["personal"]["score"]
    client.post("/v1/events", json=event("follow", "eve", "ann", 20))
    after = client.get("/v1/trust/eve/ann").json()["data"]
    assert before == 0 < after["personal"]["score"]
    assert client.get("/v1/trust/eve").json()["data"]["accounts"][0]["id"] == "ann"
    client.post("/v1/events", json=event("unfollow", "eve", "ann", 21))
    assert client.get("/v1/trust/eve/ann").json()["data"]["personal"]["score"] == 0


def test_newcomer_gets_personal_answers_after_a_first_event(client):
    path = "/v1/accounts/newcomer/recommendations/items"
    cold = client.get(path).json()["data"]
    assert (cold["known"], cold["rests_on"]["parts"]) == (False, ["prior"])
    client.post("/v1/events", json=event("follow", "newcomer", "bob", 20))
    warm = client.get(path).json()["data"]
    assert (warm["known"], warm["rests_on"]["parts"]) == (True, ["trust"])


def test_store_that_is_busy_is_a_problem_that_says_when_to_come_back(client, monkeypatch):
    def busy(rows):
        raise StoreBusyError("process 7 has been writing for 30 s")

    monkeypatch.setattr(client.app.state.service.engine, "append", busy)
    answer = client.post(BATCH, json=[event("follow", "eve", "ann", 20)])
    problem(answer, 503, "store_unavailable")
    assert int(answer.headers["retry-after"]) > 0


class Counted:
    """An engine that counts its commits, and stumbles over one word."""

    def __init__(self, engine):
        self.engine, self.groups = engine, []

    def append(self, rows):
        self.groups.append(len(rows))
        if "poison" in rows:
            raise RuntimeError("stumbled")
        return self.engine.append(rows)


@pytest.fixture
def counted(tmp_path):
    engine = Engine(tmp_path / "store", create=True)
    with ThreadPoolExecutor(1) as writer:
        yield Counted(engine), writer
    engine.close()


def test_events_that_come_together_share_commits(counted):
    engine, writer = counted

    async def run():
        ingest = Ingest(engine, writer)
        waiting = [ingest.append([event("follow", "ann", f"a{number}", 1)]) for number in range(50)]
        return await asyncio.gather(*waiting)

    outcomes = asyncio.run(run())
    assert [[one.outcome for one in answer] for answer in outcomes] == [["created"]] * 50
    assert sum(engine.groups) == 50
    assert len(engine.groups) <= 3


def test_nobody_pays_for_anothers_event(counted):
    engine, writer = counted

    async def run():
        ingest = Ingest(engine, writer)
        rows = [[event("follow", "ann", "bob", 1)], ["poison"], [event("follow", "ann", "cat", 1)]]
        return await asyncio.gather(*map(ingest.append, rows), return_exceptions=True)

    first, second, third = asyncio.run(run())
    assert (first[0].outcome, third[0].outcome) == ("created", "created")
    assert isinstance(second, RuntimeError)
