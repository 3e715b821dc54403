"""A real server in processes of its own."""

import json
import signal
import threading
import time
from contextlib import contextmanager

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from guanxi.engine import Engine
from guanxi.engine.keys import create_key
from service.running import EXAMPLE, event, ids, make_store, problem, publish, served

ITEMS = "/v1/accounts/ann/recommendations/items"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Two workers over an empty store."""
    folder = tmp_path_factory.mktemp("served")
    with served(folder / "store", folder / "log", workers=2) as running:
        yield running


@pytest.fixture
def engine(server):
    engine = Engine(server.log.parent / "store")
    yield engine
    engine.close()


def ask(server, path, **options):
    """One request on a connection of its own, so that any worker may answer it."""
    with httpx2.Client(base_url=server.address, trust_env=False) as client:
        return client.request(options.pop("method", "GET"), path, **options)


def until(check, *, seconds=15):
    """Wait until a check holds."""
    give_up = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def all_workers_answer(server, run):
    return all(ask(server, ITEMS).json().get("meta", {}).get("run") == run for _ in range(12))


def test_from_first_event_to_answers(server, engine):
    problem(ask(server, "/readyz"), 503, "not_ready")
    lines = "\n".join(json.dumps(row) for row in EXAMPLE)
    answer = ask(
        server, "/v1/events:batch", method="POST", content=lines, headers={"Content-Type": "application/x-ndjson"}
    )
    assert answer.json()["data"]["counts"]["created"] == len(EXAMPLE)
    run = publish(engine)
    until(lambda: all_workers_answer(server, run))
    assert ask(server, "/readyz").status_code == 200
    assert "tea" in ids(ask(server, ITEMS))
    ask(server, "/v1/events", method="POST", json=event("purchase", "ann", "tea", 20))
    assert not any("tea" in ids(ask(server, ITEMS)) for _ in range(8))  # whichever worker took it


@contextmanager
def requests_running(server):
    """Ask all the time, from several threads; hand out what came back."""
    answers, stop = [], threading.Event()

    def loop():
        while not stop.is_set():
            try:
                answer = ask(server, ITEMS)
                answers.append((answer.status_code, answer.json().get("meta", {}).get("run")))
            except httpx2.HTTPError as exc:
                answers.append((type(exc).__name__, None))

    threads = [threading.Thread(target=loop) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_runs_published_under_load_drop_no_request(server, engine):
    runs = []
    with requests_running(server) as answers:
        for day in (21, 22, 23):
            engine.append([event("follow", "eve", f"newcomer-{day}", day)])
            runs.append(publish(engine))
        until(lambda: all_workers_answer(server, runs[-1]))
    assert {status for status, _ in answers} == {200}
    assert len(answers) > 20
    assert runs[-1] in {run for _, run in answers}


def test_metrics_of_all_workers_come_together(server):
    def answered():
        families = text_string_to_metric_families(ask(server, "/metrics").text)
        counts = [s for family in families for s in family.samples if s.name.endswith("duration_seconds_count")]
        return sum(s.value for s in counts if s.labels["route"] == "/livez")

    before = answered()
    for _ in range(20):
        ask(server, "/livez")
    assert {answered() - before for _ in range(4)} == {20}


def test_log_has_a_line_for_each_request_and_nobodys_id(server):
    path = "/v1/trust/private-viewer/private-target?limit=3"
    answer = ask(server, path, headers={"X-Request-Id": "find-me"})
    problem(answer, 422, "invalid_parameter")
    until(lambda: "find-me" in server.log.read_text())
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "find-me"]
    assert (line["event"], line["route"], line["status"]) == ("request", "/v1/trust/{viewer}/{target}", 422)
    assert line["duration_ms"] >= 0
    assert "private" not in server.log.read_text()


def test_endless_body_is_cut_off(server):
    sent = []

    def endless():
        while len(sent) < 1000:
            sent.append(1)
            yield b" " * 1_000_000

    with httpx2.Client(base_url=server.address, trust_env=False) as client:
        try:
            answer = client.post("/v1/events", content=endless(), headers={"Content-Type": "application/json"})
            assert answer.status_code == 413
        except httpx2.HTTPError:  # the server hung up while we were sending
            assert len(sent) < 1000
    assert len(sent) < 100
    assert ask(server, "/livez").status_code == 200


def test_acknowledged_event_survives_kill_minus_9_and_a_key_is_needed(tmp_path):
    make_store(tmp_path / "store")
    engine = Engine(tmp_path / "store")
    secret, _ = create_key(engine.store, scopes=["ingest"], label="", now_us=1)
    n_before = engine.store.n_events()
    engine.close()
    with served(tmp_path / "store", tmp_path / "log", workers=1) as server:
        problem(ask(server, "/v1/events", method="POST", json={}), 401, "unauthorised")
        sent = event("follow", "eve", "ann", 20, id="before-the-crash")
        answer = ask(server, "/v1/events", method="POST", json=sent, headers={"X-API-Key": secret})
        assert server.stop(signal.SIGKILL) == -signal.SIGKILL
        assert answer.status_code == 201
    engine = Engine(tmp_path / "store")
    assert engine.store.n_events() == n_before + 1
    assert engine.append([sent])[0].outcome == "duplicate"
    engine.close()


def test_server_stops_on_a_signal_after_finishing_what_it_was_doing(server, engine):
    sent = event("follow", "eve", "ann", 24, id="last-words")
    answers = []

    def send():
        answers.append(ask(server, "/v1/events", method="POST", json=sent, timeout=20))

    thread = threading.Thread(target=send)
    with engine.store._db.writer():  # as long as we write, the server has to wait
        thread.start()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        assert not answers
    thread.join()
    assert answers[0].status_code == 201
    assert server.process.wait(20) == 0
