"""What every store promises; the engine relies on nothing else."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from guanxi.events import EVENT_SCHEMA, event_ids
from guanxi.stores import EmbeddedStore, bulk
from strategies import quick, row, table


def embedded(home):
    return EmbeddedStore(home, create=True)


STORES = {"embedded": embedded}


@pytest.fixture(params=STORES)
def open_store(request, tmp_path):
    """Open the store under test; every call opens the same one anew."""
    opened = []

    def open_():
        opened.append(STORES[request.param](tmp_path / "store"))
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


def follows(*numbers, source="ann"):
    return table([row("follow", source, f"a{n}", id=f"e{n}") for n in numbers])


def ids_of(tables):
    return event_ids(pa.concat_tables([EVENT_SCHEMA.empty_table(), *tables]))


def all_ids(store, **bounds):
    return ids_of(store.events(**bounds))


def load(store, *batches):
    with store.loading() as loading:
        return [loading.add(batch).outcomes for batch in batches]


def load_and_stop(store, error, *batches):
    with store.loading() as loading:
        for batch in batches:
            loading.add(batch)
        raise error


def ids(*numbers):
    return [f"e{n}" for n in numbers]


def test_new_store_is_empty(store):
    assert (store.n_events(), store.last_seq(), all_ids(store)) == (0, 0, [])


def test_appended_event_comes_back_as_it_was(store):
    rows = [row("purchase", "ann", "tea", at=1.5, value=2.5, via="bob", id="x", properties={"b": 1, "a": "茶"}),
            row("refund", "ann", "tea", retracts="x"), row("follow", "ann", "邓")]  # fmt: skip
    store.append(table(rows))
    assert pa.concat_tables(store.events()).to_pylist() == table(rows).to_pylist()


def test_loaded_event_comes_back_as_it_was(store, small_segments):
    rows = [row("purchase", f"a{n}", "tea", at=n, value=n / 3, via="bob") for n in range(40)]
    load(store, table(rows))
    assert pa.concat_tables(store.events()).to_pylist() == table(rows).to_pylist()


def test_same_event_again_is_a_duplicate_and_kept_once(store):
    store.append(follows(1, 2))
    assert store.append(follows(2, 3)).outcomes == ["duplicate", "created"]
    assert all_ids(store) == ids(1, 2, 3)


def test_same_id_with_another_body_is_a_conflict_and_not_kept(store):
    store.append(follows(1))
    assert store.append(follows(1, source="bob")).outcomes == ["conflict"]
    assert pa.concat_tables(store.events())["source"].to_pylist() == ["ann"]


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


def test_load_and_log_recognise_each_others_events(store, small_segments):
    store.append(follows(1, 2))
    assert load(store, follows(2, 3, 4, 5, 6)) == [["duplicate", *["created"] * 4]]
    assert store.append(follows(6, 7)).outcomes == ["duplicate", "created"]
    assert load(store, follows(7, source="bob"), follows(4, source="bob")) == [["conflict"], ["conflict"]]
    assert all_ids(store) == ids(*range(1, 8))


def test_load_recognises_its_own_events_across_batches(store, small_segments):
    outcomes = load(store, follows(*range(15)), follows(14, 15), follows(3, source="bob"))
    assert outcomes[1:] == [["duplicate", "created"], ["conflict"]]
    assert store.n_events() == 16


def test_failed_load_leaves_nothing(store, small_segments):
    store.append(follows(0))
    with pytest.raises(RuntimeError, match="stop"):
        load_and_stop(store, RuntimeError("stop"), follows(*range(1, 30)))
    assert (all_ids(store), store.last_seq()) == (ids(0), 1)
    assert load(store, follows(*range(1, 30))) == [["created"] * 29]


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


def test_another_opening_sees_what_was_kept(open_store, small_segments):
    first, second = open_store(), open_store()
    first.append(follows(1))
    load(first, follows(*range(2, 20)))
    assert all_ids(second) == ids(*range(1, 20))
    assert second.append(follows(7)).outcomes == ["duplicate"]


def test_empty_batch_is_nothing(store):
    assert store.append(EVENT_SCHEMA.empty_table()).outcomes == []
    assert load(store) == []
    assert store.last_seq() == 0


NUMBERS = st.lists(st.integers(0, 25), min_size=1, max_size=8)
SOURCES = st.sampled_from(["ann", "bob"])


class Store(RuleBasedStateMachine):
    """Whatever is done to a store, it holds what a list and a dict hold."""

    @initialize()
    def make(self):
        self.folder = tempfile.TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(bulk, "SMALL_LOAD", 4)
        self.patch.setattr(bulk, "SEGMENT_EVENTS", 6)
        self.home = Path(self.folder.name) / "store"
        self.store, self.model = embedded(self.home), {}

    def expect(self, numbers, source, model):
        """Outcomes of a batch, which goes into ``model``."""
        outcomes = []
        for id_ in ids(*numbers):
            known = model.setdefault(id_, None)
            outcomes.append("created" if known is None else "duplicate" if known == source else "conflict")
            model[id_] = known or source
        return outcomes

    @rule(numbers=NUMBERS, source=SOURCES)
    def append(self, numbers, source):
        assert self.store.append(follows(*numbers, source=source)).outcomes == self.expect(numbers, source, self.model)

    @rule(batches=st.lists(st.tuples(NUMBERS, SOURCES), max_size=3))
    def load(self, batches):
        found = load(self.store, *(follows(*numbers, source=source) for numbers, source in batches))
        assert found == [self.expect(numbers, source, self.model) for numbers, source in batches]

    @rule(batches=st.lists(st.tuples(NUMBERS, SOURCES), min_size=1, max_size=2))
    def fail_to_load(self, batches):
        tables = [follows(*numbers, source=source) for numbers, source in batches]
        with pytest.raises(KeyboardInterrupt):
            load_and_stop(self.store, KeyboardInterrupt(), *tables)

    @rule()
    def reopen(self):
        self.store.close()
        self.store = embedded(self.home)

    @invariant()
    def holds_what_the_model_holds(self):
        if hasattr(self, "store"):
            assert all_ids(self.store) == list(self.model)
            assert self.store.n_events() == self.store.last_seq() == len(self.model)

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            self.patch.undo()
            self.folder.cleanup()


Store.TestCase.settings = settings(quick(6), stateful_step_count=12)
TestStoreAgainstModel = Store.TestCase
