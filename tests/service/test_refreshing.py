"""New events reach everybody's answers by themselves."""

import fcntl
import json
import os
import signal
import time

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from guanxi.engine import Engine
from guanxi.errors import StoreError, UnknownIdError
from guanxi.service.refreshing import Refresher
from service.running import event, ids, make_store, served, serving

ITEMS = "/v1/accounts/ann/recommendations/items"


def ask(server, path, **options):
    """One request on a connection of its own, so that any worker may answer it."""
    with httpx2.Client(base_url=server.address, trust_env=False) as client:
        return client.request(options.pop("method", "GET"), path, **options)


def until(check, *, seconds):
    """Wait until a check holds; say how long that took."""
    started = time.monotonic()
    while not check():
        assert time.monotonic() < started + seconds
        time.sleep(0.05)
    return time.monotonic() - started


def run_of(server):
    return ask(server, ITEMS).json()["meta"]["run"]


def refreshes(text):
    families = text_string_to_metric_families(text)
    counts = [s for family in families for s in family.samples if s.name == "guanxi_refreshes_total"]
    return {sample.labels["result"]: sample.value for sample in counts}


def said(log, event_):
    """Lines of a log about one thing."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    return [line for line in lines if line.get("event") == event_]


def test_what_one_account_does_reaches_the_answers_of_others_within_the_interval(tmp_path):
    make_store(tmp_path / "store")
    with served(tmp_path / "store", tmp_path / "log", workers=2, refresh_every=1) as server:
        assert "mug" not in ids(ask(server, ITEMS))
        answer = ask(server, "/v1/events", method="POST", json=event("purchase", "bob", "mug", 20))
        assert answer.status_code == 201
        until(lambda: said(server.log, "refreshed"), seconds=10)
        (line,) = said(server.log, "refreshed")
        until(lambda: all(run_of(server) == line["run"] for _ in range(16)), seconds=10)  # whichever worker answers
        assert "mug" in ids(ask(server, ITEMS))
        meta = ask(server, ITEMS).json()["meta"]
        assert (meta["degraded"], meta["strategy"], meta["n_newer_events"]) == (False, "balanced@1", 0)
        assert ask(server, "/readyz").status_code == 200
        assert refreshes(ask(server, "/metrics").text) == {"published": 1.0}
        assert server.stop(signal.SIGTERM) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_another_process_takes_over_when_the_one_that_refreshes_ends(tmp_path, home):
    engines = [Engine(home), Engine(home)]
    first, second = (Refresher(engine, every_s=60) for engine in engines)
    first.round()
    engines[0].append([event("follow", "eve", "ann", 20)])
    second.round()
    assert engines[0].view().seq < engines[0].store.last_seq()
    first._lock.close()  # as the system does when a process ends
    second.round()
    assert engines[0].view().seq == engines[0].store.last_seq()
    for refresher, engine in zip((first, second), engines, strict=True):
        refresher._worker.shutdown()
        engine.close()
    second._lock.close()


@pytest.mark.parametrize(
    ("error", "detail"), [(StoreError("no space is left"), "no space is left"), (UnknownIdError("seed 'ann'"), None)]
)
def test_failed_round_is_counted_logged_without_ids_and_tried_again(home, monkeypatch, error, detail):
    rounds = []

    def failing(engine):
        rounds.append(engine)
        if len(rounds) == 1:
            raise error
        return real(engine)

    real = Engine.refresh
    monkeypatch.setattr(Engine, "refresh", failing)
    with capture_logs() as lines, serving(home, refresh_every=0.05) as client:
        before = refreshes(client.get("/metrics").text)
        until(lambda: len(rounds) > 2, seconds=5)
        assert client.get("/readyz").status_code == 200
        assert refreshes(client.get("/metrics").text)["failed"] >= max(before.get("failed", 0), 1)
    lines = [line for line in lines if line["event"] == "refresh failed"]
    assert [(line["error"], line["detail"]) for line in lines] == [(type(error).__name__, detail)]


def test_service_that_does_not_refresh_takes_no_lock(home):
    with serving(home):
        assert not (home / "refresh.lock").exists()


def test_closing_waits_for_the_round_that_runs_and_lets_go_of_the_lock(home, monkeypatch):
    done = []

    def slow(engine):
        time.sleep(0.3)
        done.append(engine)

    monkeypatch.setattr(Engine, "refresh", slow)
    with serving(home, refresh_every=30):
        until((home / "refresh.lock").exists, seconds=5)
    assert len(done) == 1
    handle = os.open(home / "refresh.lock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(handle)
