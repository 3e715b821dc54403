"""The contract of tests/stores over a Neo4j store; what is killed half-way, and an erasure in between, included."""

import dataclasses

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test
from tests.neo4j.stores import migrated, neo4j_store

from guanxi.stores import bulk
from guanxi.stores.neo4j import window
from stores.contract import *  # noqa: F403 - the tests of the contract
from stores.contract import ROWS, Contract
from strategies import quick, table


@pytest.fixture
def open_store(neo4j_server, tmp_path):
    """Open the store under test; every call opens the same one anew."""
    neo4j_server.make_usable()
    opened = [migrated(neo4j_server, tmp_path / "store")]

    def open_():
        opened.append(neo4j_store(neo4j_server, tmp_path / "store"))
        return opened[-1]

    yield open_
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store):
    return open_store()


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr(bulk, "SMALL_LOAD", 3)
    monkeypatch.setattr(bulk, "SEGMENT_EVENTS", 10)


class KilledError(Exception):
    pass


class InNeo4j(Contract):
    """Windows are small, so that they are left half-way."""

    knows_order = False
    server = None

    def open(self):
        opener = neo4j_store if self.home.exists() else migrated
        store = opener(self.server, self.home)
        store._pump = dataclasses.replace(store._pump, window_events=8, batch_rows=3)
        return store

    @rule(rows=ROWS, nth=st.integers(1, 3))
    def append_and_die_half_way(self, rows, nth):
        """What was accepted is applied in part; the next rule, whichever it is, finds a window that was begun."""
        assert self.store.append(table(rows)).outcomes == self.model.take(rows)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(window, "apply", dying(window.apply, nth))
            try:
                self.store.pump()
            except KilledError:
                self.store.close()
                self.store = self.open()

    @rule(rows=ROWS, nth=st.integers(1, 2), accounts=st.sets(st.sampled_from(["ann", "bob", "same"]), min_size=1))
    def die_half_way_then_erase(self, rows, nth, accounts):
        self.append_and_die_half_way(rows, nth)
        self.erase(accounts)


def dying(function, nth):
    calls = []

    def call(*args, **options):
        calls.append(1)
        if len(calls) == nth:
            raise KilledError
        return function(*args, **options)

    return call


def test_neo4j_store_against_model(neo4j_server):
    neo4j_server.make_usable()
    machine = type("InNeo4j", (InNeo4j,), {"server": neo4j_server})
    run_state_machine_as_test(machine, settings=settings(quick(10), stateful_step_count=10))
