"""The contract over the embedded store, and what only it promises: events in their order."""

import pyarrow as pa
import pytest
from hypothesis import settings

from guanxi.events import EVENT_SCHEMA, event_ids
from guanxi.stores import EmbeddedStore, bulk
from stores.contract import *  # noqa: F403 - the tests of the contract
from stores.contract import Contract, follows, load
from strategies import quick, row, table


@pytest.fixture
def open_store(tmp_path):
    """Open the store under test; every call opens the same one anew."""
    opened = []

    def open_():
        opened.append(EmbeddedStore(tmp_path / "store", create=True))
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


def ids_of(tables):
    return event_ids(pa.concat_tables([EVENT_SCHEMA.empty_table(), *tables]))


def all_ids(store, **bounds):
    return ids_of(store.events(**bounds))


def ids(*numbers):
    return [f"e{n}" for n in numbers]


def test_within_one_batch_the_first_one_counts(store):
    batch = pa.concat_tables([follows(1), follows(1), follows(1, source="bob")])
    assert store.append(batch).outcomes == ["created", "duplicate", "conflict"]
    assert store.n_events() == 1


def test_row_without_an_id_is_recognised_by_its_body(store):
    batch = table([row("follow", "ann", "bob", at=1), row("follow", "ann", "bob", at=2)])
    store.append(batch)
    assert store.append(batch).outcomes == ["duplicate", "duplicate"]


def test_retraction_is_an_event_like_any_other(store):
    assert store.append(table([row("unfollow", "ann", "bob")])).outcomes == ["created"]
    assert store.events_of("ann", after=0)["retract"].to_pylist() == [True]


def test_load_recognises_its_own_events_across_batches(store, small_segments):
    outcomes = load(store, follows(*range(15)), follows(14, 15), follows(3, source="bob"))
    assert outcomes[1:] == [["duplicate", "created"], ["conflict"]]
    assert store.n_events() == 16


def test_seqs_follow_on_over_log_and_loads_and_are_never_reused(store, small_segments):
    seen = []
    for step, add in enumerate([store.append, lambda events: load(store, events)] * 2):
        before = store.last_seq()
        add(follows(*range(10 * step, 10 * step + 5)))
        assert store.last_seq() == before + 5
        seen += ids(*range(10 * step, 10 * step + 5))
    assert all_ids(store) == seen


def test_events_between_two_seqs_come_in_their_order(store, small_segments):
    store.append(follows(*range(1, 5)))
    load(store, follows(*range(5, 20)))
    store.append(follows(*range(20, 23)))
    load(store, follows(23, 24), follows(25))
    for after in range(27):
        assert all_ids(store, after=after) == ids(*range(after + 1, 26))
        for upto in range(28):
            assert all_ids(store, after=after, upto=upto) == ids(*range(after + 1, min(upto, 25) + 1))


def test_event_that_comes_while_others_are_read_is_not_among_them(store):
    store.append(follows(1))
    feed = store.events()
    first = next(feed)
    store.append(follows(2))
    assert ids_of([first, *feed]) == ids(1)


def test_events_of_one_source_are_found_in_log_and_loads(store, small_segments):
    load(store, pa.concat_tables([follows(1, 2, source="bob"), follows(3, 4)]))
    store.append(pa.concat_tables([follows(5), follows(6, source="bob")]))
    assert sorted(event_ids(store.events_of("bob", after=0))) == ids(1, 2, 6)
    assert sorted(event_ids(store.events_of("bob", after=1))) == ids(2, 6)
    assert event_ids(store.events_of("bob", after=6)) == []
    assert event_ids(store.events_of("nobody", after=0)) == []
    assert store.events_of("nobody", after=0).schema == EVENT_SCHEMA


class Embedded(Contract):
    def open(self):
        return EmbeddedStore(self.home, create=True)


Embedded.TestCase.settings = settings(quick(12), stateful_step_count=12)
TestEmbeddedStoreAgainstModel = Embedded.TestCase
