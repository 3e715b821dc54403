"""What every store promises; the engine relies on nothing else.

The tests of a store import the functions and the machine from here, and say how the store is opened.
"""

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from guanxi.events import EVENT_SCHEMA, event_ids
from guanxi.snapshot import build_snapshot
from guanxi.stores import bulk
from strategies import NOW_US, row, table


def follows(*numbers, source="ann"):
    return table([row("follow", source, f"a{n}", id=f"e{n}") for n in numbers])


def whole(tables):
    """Tables as one, without the order that a store may not know."""
    events = pa.concat_tables([EVENT_SCHEMA.empty_table(), *tables])
    return events.sort_by([("key_hi", "ascending"), ("key_lo", "ascending")])


def rows_of(tables):
    return whole(tables).to_pylist()


def ids_of(tables):
    return sorted(event_ids(whole(tables)))


def all_ids(store):
    return ids_of(store.events())


def load(store, *batches):
    with store.loading() as loading:
        return [loading.add(batch).outcomes for batch in batches]


def load_and_stop(store, error, *batches):
    with store.loading() as loading:
        for batch in batches:
            loading.add(batch)
        raise error


def ids(*numbers):
    return sorted(f"e{n}" for n in numbers)


RICH = [row("purchase", "ann", "tea", at=1.5, value=2.5, via="bob", id="x", properties={"b": 1, "a": "茶"}),
        row("refund", "ann", "tea", retracts="x"), row("follow", "ann", "邓")]  # fmt: skip


def test_new_store_is_empty(store):
    assert (store.n_events(), store.last_seq(), all_ids(store)) == (0, 0, [])
    assert (store.tombstones(), store.last_erasure()) == ([], 0)


def test_appended_event_comes_back_as_it_was(store):
    store.append(table(RICH))
    assert rows_of(store.events()) == rows_of([table(RICH)])


def test_loaded_event_comes_back_as_it_was(store, small_segments):
    rows = [row("purchase", f"a{n}", "tea", at=n, value=n / 3, via="bob") for n in range(40)]
    load(store, table(rows))
    assert rows_of(store.events()) == rows_of([table(rows)])


def test_same_event_again_is_a_duplicate_and_kept_once(store):
    store.append(follows(1, 2))
    assert store.append(follows(2, 3)).outcomes == ["duplicate", "created"]
    assert all_ids(store) == ids(1, 2, 3)


def test_same_id_with_another_body_is_a_conflict_and_not_kept(store):
    store.append(follows(1))
    assert store.append(follows(1, source="bob")).outcomes == ["conflict"]
    assert pa.concat_tables(store.events())["source"].to_pylist() == ["ann"]


def test_load_and_log_recognise_each_others_events(store, small_segments):
    store.append(follows(1, 2))
    assert load(store, follows(2, 3, 4, 5, 6)) == [["duplicate", *["created"] * 4]]
    assert store.append(follows(6, 7)).outcomes == ["duplicate", "created"]
    assert load(store, follows(7, source="bob"), follows(4, source="bob")) == [["conflict"], ["conflict"]]
    assert all_ids(store) == ids(*range(1, 8))


def test_failed_load_leaves_nothing(store, small_segments):
    store.append(follows(0))
    with pytest.raises(RuntimeError, match="stop"):
        load_and_stop(store, RuntimeError("stop"), follows(*range(1, 30)))
    assert (all_ids(store), store.last_seq()) == (ids(0), 1)
    assert load(store, follows(*range(1, 30))) == [["created"] * 29]


def test_event_that_comes_later_is_behind_the_ones_before(store):
    store.append(follows(1, 2))
    seq = store.last_seq()
    store.append(follows(4, 3))
    (later,) = store.events(after=seq)
    assert event_ids(later) == ["e4", "e3"]


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


def test_erased_account_is_gone_stays_away_and_returns_when_allowed(store):
    store.append(table([*RICH, row("follow", "bob", "ann", id="y"), row("follow", "邓", "bob", id="z")]))
    before = store.last_erasure()
    erased = store.erase("bob", now_us=NOW_US)
    assert (erased.n_events, erased.n_unnamed, erased.waits_for) == (2, 1, ("answers",))
    assert store.last_erasure() > before
    assert [(e["id"], e["via"]) for e in rows_of(store.events()) if e["id"]] == [("x", None)]
    assert store.append(table([RICH[0], row("follow", "ann", "bob")])).outcomes == ["duplicate", "erased"]
    assert store.allow_return("bob")
    assert store.append(table([row("follow", "ann", "bob")])).outcomes == ["created"]
    assert len(rows_of(store.events())) == 4


# -- against a model ------------------------------------------------------------------------------------------------

ACCOUNTS = ("ann", "bob", "邓", "same")
KINDS = {  # of source and target
    "follow": ("account", "account"),
    "unfollow": ("account", "account"),
    "trust": ("account", "account"),
    "share": ("account", "item"),
    "purchase": ("account", "item"),
    "refund": ("account", "item"),
    "sell": ("merchant", "item"),
    "certify": ("issuer", "account"),
}
NAMES = {"account": ACCOUNTS, "item": ("tea", "same"), "merchant": ("shop", "same"), "issuer": ("lab",)}


@st.composite
def some_row(draw, verbs=tuple(KINDS)):
    verb = draw(st.sampled_from(verbs))
    source_kind, target_kind = KINDS[verb]
    source = draw(st.sampled_from(NAMES[source_kind]))
    others = [name for name in NAMES[target_kind] if name != source or source_kind != target_kind]
    fields = {"target_kind": target_kind, "id": draw(st.none() | st.integers(0, 9).map("e{}".format))}
    if verb in ("share", "purchase"):
        fields["via"] = draw(st.none() | st.sampled_from(ACCOUNTS))
    if verb == "refund":
        fields["retracts"] = draw(st.none() | st.integers(0, 9).map("e{}".format))
    return row(verb, source, draw(st.sampled_from(others)), at=draw(st.none() | st.integers(0, 2)), **fields)


ROWS = st.lists(some_row(), min_size=1, max_size=6)
RETRACTIONS = st.lists(some_row(verbs=("unfollow", "refund")), min_size=1, max_size=3)


def ends(one):
    """The accounts that an event is from and to."""
    kinds = zip(KINDS[one["relation"]], (one["source"], one["target"]), strict=True)
    return {name for kind, name in kinds if kind == "account"}


@dataclass
class Model:
    """A store as a dict of rows by their seqs, a dict of what each id stands for, and a set of erased accounts."""

    rows: dict = field(default_factory=dict)
    known: dict = field(default_factory=dict)
    erased: set = field(default_factory=set)
    unnamed: set = field(default_factory=set)
    seq: int = 0

    def take(self, rows):
        """Take rows in; what becomes of each."""
        return [self._take(one) for one in rows]

    def _take(self, one):
        body = json.dumps({name: value for name, value in one.items() if name != "id"})
        key = one["id"] or body
        if ends(one) & self.erased:
            return "erased"
        if key in self.known:
            return "duplicate" if self.known[key] == body else "conflict"
        self.seq += 1
        self.rows[self.seq], self.known[key] = (key, one), body
        self._unname(self.seq)
        return "created"

    def _unname(self, seq):
        if self.rows[seq][1].get("via") in self.erased:
            self.unnamed.add(seq)

    def erase(self, accounts):
        """Erase accounts; how many events go, and how many lose a name."""
        self.erased |= set(accounts)
        gone = [seq for seq, (_, one) in self.rows.items() if ends(one) & self.erased]
        for seq in gone:
            key, _ = self.rows.pop(seq)
            del self.known[key]
            self.unnamed.discard(seq)
        before = len(self.unnamed)
        for seq in self.rows:
            self._unname(seq)
        return len(gone), len(self.unnamed) - before

    def events(self, *, after=0):
        """What the store must hold, in order."""
        seqs = [seq for seq in self.rows if seq > after]
        events = table([self.rows[seq][1] for seq in seqs])
        made = zip(seqs, events.to_pylist(), event_ids(events), strict=True)
        rows = [one | {"id": id_, "via": None} if seq in self.unnamed else one for seq, one, id_ in made]
        return pa.Table.from_pylist(rows, schema=EVENT_SCHEMA)


def snapshot_files(events):
    """A snapshot's name, and the checksum of every file in it."""
    with tempfile.TemporaryDirectory() as parent:
        folder = build_snapshot(events, Path(parent))
        return folder.name, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


class Contract(RuleBasedStateMachine):
    """Whatever is done to a store, it holds what the model holds. A subclass says how to open the store."""

    knows_order = True
    """Whether all events come in the order of their seqs, and with the body hash that they came with."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(bulk, "SMALL_LOAD", 4)
        self.patch.setattr(bulk, "SEGMENT_EVENTS", 6)
        self.home = Path(self.folder.name) / "store"
        self.store, self.model = self.open(), Model()

    def open(self):
        raise NotImplementedError

    @rule(rows=ROWS)
    def append(self, rows):
        assert self.store.append(table(rows)).outcomes == self.model.take(rows)

    @rule(rows=RETRACTIONS)
    def retract(self, rows):
        assert self.store.append(table(rows)).outcomes == self.model.take(rows)

    @precondition(lambda self: self.model.rows)
    @rule(data=st.data())
    def append_known(self, data):
        """The same again, with its own id and with that of another."""
        (_, one), (key, _) = (data.draw(st.sampled_from(list(self.model.rows.values()))) for _ in range(2))
        rows = [one, one | {"id": key if len(key) < 3 else "e1"}]
        assert self.store.append(table(rows)).outcomes == self.model.take(rows)

    @rule(batches=st.lists(ROWS, max_size=3))
    def load(self, batches):
        assert load(self.store, *map(table, batches)) == [self.model.take(rows) for rows in batches]

    @rule(batches=st.lists(ROWS, min_size=1, max_size=2))
    def fail_to_load(self, batches):
        with pytest.raises(KeyboardInterrupt):
            load_and_stop(self.store, KeyboardInterrupt(), *map(table, batches))

    @rule(accounts=st.sets(st.sampled_from((*ACCOUNTS, "nobody")), min_size=1, max_size=2))
    def erase(self, accounts):
        erased = self.store.erase(*accounts, now_us=NOW_US)
        assert (erased.n_events, erased.n_unnamed) == self.model.erase(accounts)
        assert set(erased.waits_for) <= {"answers"}
        self.store.erased_from("answers", self.store.erasing("answers"))
        assert len(self.store.tombstones()) == len(self.model.erased)

    @rule(account=st.sampled_from(ACCOUNTS))
    def allow_return(self, account):
        assert self.store.allow_return(account) == (account in self.model.erased)
        self.model.erased.discard(account)

    @rule()
    def reopen(self):
        self.store.close()
        self.store = self.open()

    @rule(data=st.data())
    def follow_the_feed(self, data):
        after = data.draw(st.integers(1, self.model.seq + 1))
        found = pa.concat_tables([EVENT_SCHEMA.empty_table(), *self.store.events(after=after)])
        assert found.to_pylist() == self.model.events(after=after).to_pylist()

    @rule(account=st.sampled_from(ACCOUNTS))
    def ask_for_events_of(self, account):
        found = self.store.events_of(account, after=0)
        expected = self.model.events().to_pylist()
        assert rows_of([found]) == rows_of([pa.Table.from_pylist(
            [one for one in expected if one["source"] == account], schema=EVENT_SCHEMA)])  # fmt: skip

    @invariant()
    def counts_what_the_model_counts(self):
        assert (self.store.n_events(), self.store.last_seq()) == (len(self.model.rows), self.model.seq)

    @invariant()
    def holds_what_the_model_holds(self):
        found = pa.concat_tables([EVENT_SCHEMA.empty_table(), *self.store.events()])
        if self.knows_order:
            assert found.to_pylist() == self.model.events().to_pylist()
        else:
            plain = [whole([events]).drop_columns(["body"]) for events in (found, self.model.events())]
            assert plain[0].to_pylist() == plain[1].to_pylist()
        assert snapshot_files([found]) == snapshot_files([self.model.events()])

    def teardown(self):
        self.store.close()
        self.patch.undo()
        self.folder.cleanup()
