"""The real server, in processes of its own, before a Neo4j that goes away and comes back."""

import contextlib
import time

import httpx2
import pytest

from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget
from service.running import event, make_store, served

ITEMS = "/v1/accounts/ann/recommendations/items"
WITHIN_S = 10.0


@pytest.fixture
def home(clean_neo4j, tmp_path):
    make_store(tmp_path / "store")
    target = Neo4jTarget.parse(clean_neo4j.uri, user=clean_neo4j.user, password=clean_neo4j.password)
    with contextlib.closing(Neo4jStore(tmp_path / "store", target)) as store:
        store.migrate()
    return tmp_path / "store"


def ask(server, path, **options):
    """One request on a connection of its own, so that any worker may answer it."""
    with httpx2.Client(base_url=server.address, trust_env=False) as client:
        return client.request(options.pop("method", "GET"), path, **options)


def until(check):
    give_up = time.monotonic() + WITHIN_S
    while not check():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def every_worker(server, check):
    return all(check(ask(server, "/readyz")) for _ in range(8))


def n_relationships(server):
    with server.driver() as driver:
        return driver.execute_query("MATCH ()-[r]->() RETURN count(DISTINCT r.key) AS n, count(r) AS all").records[0]


def test_two_workers_name_neo4j_answer_on_and_apply_everything_once(clean_neo4j, neo4j_proxy, home, tmp_path):
    neo4j = {"neo4j_uri": neo4j_proxy.uri, "neo4j_user": clean_neo4j.user, "neo4j_password": clean_neo4j.password}
    with served(home, tmp_path / "log", workers=2, **neo4j) as server:
        until(lambda: every_worker(server, lambda answer: answer.status_code == 200))
        neo4j_proxy.refuse()
        for at in range(20):
            row = event("purchase", "ann", f"thing-{at}", 20)
            assert ask(server, "/v1/events", method="POST", json=row).status_code == 201
        until(lambda: every_worker(server, lambda answer: "/components/neo4j" in answer.text))
        until(lambda: all(ask(server, ITEMS).json()["meta"]["degraded"] for _ in range(8)))
        neo4j_proxy.let_pass()
        until(lambda: every_worker(server, lambda answer: answer.status_code == 200))
        until(lambda: "guanxi_outbox_lag_events 0.0" in ask(server, "/metrics").text)
        neo4j_proxy.stall()
        time.sleep(1.0)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < WITHIN_S
    row = n_relationships(clean_neo4j)
    assert (row["n"], row["all"]) == (33, 33)
    assert clean_neo4j.password not in (tmp_path / "log").read_text()
