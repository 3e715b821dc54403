"""Erasing: nothing of the account is left in any file, others keep what is theirs, and nothing brings it back."""

import signal
import sqlite3
import subprocess
import sys

import pyarrow as pa
import pytest

from guanxi.errors import ParameterError, StoreBusyError
from guanxi.events import EVENT_SCHEMA, event_ids
from guanxi.stores import EmbeddedStore, bulk, erasing, migrations
from guanxi.stores.connection import DATABASE
from strategies import NOW_US, row, table

GONE = "whose-id-must-go"

ROWS = [
    row("follow", GONE, "bob", at=1),
    row("follow", "bob", GONE, at=2, id="e1"),
    row("follow", "bob", "cat", at=2),
    row("purchase", "bob", "tea", at=3, via=GONE),
    row("purchase", "cat", "tea", at=3, via=GONE, id="e2"),
    row("review", "cat", "tea", at=4, value=3),
    row("certify", "lab", GONE, target_kind="account"),
]
LEFT = [("bob", "cat"), ("bob", "tea"), ("cat", "tea"), ("cat", "tea")]


@pytest.fixture
def home(tmp_path):
    return tmp_path / "store"


@pytest.fixture
def store(home):
    opened = EmbeddedStore(home, create=True)
    yield opened
    opened.close()


@pytest.fixture
def small_segments(monkeypatch):
    monkeypatch.setattr(bulk, "SMALL_LOAD", 1)
    monkeypatch.setattr(bulk, "SEGMENT_EVENTS", 3)


def load(store, rows):
    n = bulk.SEGMENT_EVENTS
    with store.loading() as loading:
        return [loading.add(table(rows[at : at + n])).outcomes for at in range(0, len(rows), n)]


def append(store, rows):
    return store.append(table(rows)).outcomes


def all_of(store, **bounds):
    return pa.concat_tables([EVENT_SCHEMA.empty_table(), *store.events(**bounds)])


def pairs(events):
    return sorted(zip(events["source"].to_pylist(), events["target"].to_pylist(), strict=True))


def erase(store, *accounts):
    return store.erase(*accounts, now_us=NOW_US)


def finish(store):
    store.erased_from("answers", store.erasing("answers"))


def files_with(home, text):
    """Every file that has these bytes."""
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


# -- what goes, and what stays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("take", [append, load])
def test_events_from_and_to_the_account_go_and_others_stay_without_its_name(store, small_segments, take):
    take(store, ROWS)
    before = all_of(store)
    erased = erase(store, GONE)
    assert (erased.n_events, erased.n_unnamed, erased.waits_for) == (3, 2, ("answers",))
    left = all_of(store)
    assert pairs(left) == LEFT
    assert left["via"].null_count == len(left)
    kept = set(event_ids(before)) & set(event_ids(left))
    assert len(kept) == len(left), "an event is known by the id that it had"
    assert (store.n_events(), store.last_seq()) == (4, 7)


@pytest.mark.parametrize("take", [append, load])
def test_no_file_holds_the_id_afterwards(store, home, small_segments, monkeypatch, take):
    monkeypatch.setattr(bulk, "SEGMENT_EVENTS", 100)
    filler = [row("follow", f"{GONE[:9]}-{n % 40}", f"a{n}") for n in range(400)]
    take(store, filler[:200] + ROWS + filler[200:])
    take(store, [row("share", f"a{n}", f"post-{n}", via=GONE) for n in range(50)])
    take(store, [row("follow", GONE, f"a{n}") for n in range(300)])
    assert files_with(home, GONE)
    erase(store, GONE)
    finish(store)
    assert files_with(home, GONE) == []
    assert store.n_events() == 400 + 4 + 50
    assert store.damage() == []


def test_item_or_merchant_with_the_same_id_stays(store):
    about = [row("categorise", "same", "food"), row("categorise", "tea", "same")]
    append(store, [row("purchase", "bob", "same"), row("sell", "same", "tea"), row("follow", "same", "bob"), *about])
    assert erase(store, "same").n_events == 1
    assert pairs(all_of(store)) == [("bob", "same"), ("same", "food"), ("same", "tea"), ("tea", "same")]
    finish(store)
    assert store.erasing("log") == store.erasing("answers") == []


def test_several_accounts_go_at_once(store, small_segments):
    load(store, [row("follow", a, b) for a in "abcd" for b in "abcd" if a != b])
    assert erase(store, "a", "c").n_events == 10
    assert pairs(all_of(store)) == [("b", "d"), ("d", "b")]


def test_nobody_knows_the_account_is_no_error(store):
    append(store, ROWS)
    assert erase(store, "nobody").n_events == 0
    assert store.n_events() == 7


@pytest.mark.parametrize("account", ["", "x" * 257])
def test_text_that_is_no_id_is_refused(store, account):
    with pytest.raises(ParameterError, match="is no id"):
        erase(store, account)
    assert store.tombstones() == []


def test_erasing_again_finds_nothing_and_waits_for_nothing(store):
    append(store, ROWS)
    erase(store, GONE)
    finish(store)
    again = erase(store, GONE)
    assert (again.n_events, again.waits_for) == (0, ())


# -- seqs -----------------------------------------------------------------------------------------------------------


def test_seqs_of_what_is_left_do_not_change_and_are_not_given_again(store, small_segments):
    load(store, [row("follow", GONE if n % 3 == 0 else f"s{n}", f"t{n}", id=f"e{n}") for n in range(1, 13)])
    append(store, [row("follow", "x" if n != 14 else GONE, f"t{n}", id=f"e{n}") for n in range(13, 17)])
    seqs = {f"e{n}": n for n in range(1, 17)}
    erase(store, GONE)
    left = [n for n in range(1, 17) if n % 3 or n > 12]
    left.remove(14)
    for after in range(18):
        for upto in range(18):
            found = [seqs[id_] for id_ in event_ids(all_of(store, after=after, upto=upto))]
            assert found == [n for n in left if after < n <= upto]
    assert store.events_of("s5", after=4)["id"].to_pylist() == ["e5"]
    assert len(store.events_of("s5", after=5)) == 0
    append(store, [row("follow", "y", "z", id="new")])
    assert store.last_seq() == 17
    assert event_ids(all_of(store, after=16)) == ["new"]


def test_segment_that_loses_events_twice_keeps_its_seqs(store, small_segments):
    load(store, [row("follow", name, "z", id=name) for name in "abcdef"])
    erase(store, "b")
    erase(store, "f")
    erase(store, "a")
    assert [event_ids(all_of(store, after=n - 1, upto=n)) for n in range(1, 7)] == [[], [], ["c"], ["d"], ["e"], []]


def test_segment_of_nothing_else_goes_altogether(store, home, small_segments):
    load(store, [row("follow", GONE, f"t{n}") for n in range(3)])
    load(store, [row("follow", "ann", f"t{n}") for n in range(3)])
    erase(store, GONE)
    assert len(list((home / "segments").iterdir())) == 1
    assert (store.n_events(), len(all_of(store)), store.last_seq()) == (3, 3, 6)


# -- coming back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("take", [append, load])
def test_same_events_again_do_not_bring_the_account_back(store, small_segments, take):
    take(store, ROWS)
    before = erase(store, GONE)
    left = all_of(store).to_pylist()
    assert before.n_events == 3
    outcomes = take(store, ROWS)
    flat = outcomes if take is append else [outcome for part in outcomes for outcome in part]
    assert flat == ["erased", "erased", "duplicate", "duplicate", "duplicate", "duplicate", "erased"]
    assert all_of(store).to_pylist() == left


def test_erasing_before_or_after_loading_comes_to_the_same(tmp_path):
    stores = [EmbeddedStore(tmp_path / name, create=True) for name in ("before", "after")]
    erase(stores[0], GONE)
    for store in stores:
        append(store, ROWS)
    erase(stores[1], GONE)
    before, after = (all_of(store).to_pylist() for store in stores)
    assert before == after
    for store in stores:
        store.close()


def test_refused_event_does_not_stand_before_another_with_its_id(store):
    erase(store, GONE)
    assert append(store, [row("follow", GONE, "bob", id="e"), row("follow", "cat", "bob", id="e")]) == [
        "erased",
        "created",
    ]


def test_account_may_return_by_new_events_once_that_is_allowed(store):
    append(store, ROWS)
    erase(store, GONE)
    assert store.allow_return(GONE)
    assert not store.allow_return(GONE)
    assert store.tombstones() == []
    assert append(store, [row("follow", GONE, "dan")]) == ["created"]
    assert pairs(all_of(store)) == sorted([*LEFT, (GONE, "dan")])
    assert erase(store, GONE).n_events == 1


def test_many_tombstones_let_others_pass(store):
    erase(store, *(f"gone-{n}" for n in range(200)))
    events = [row("follow", f"ann-{n}", f"gone-{n}" if n % 10 == 0 else f"bob-{n}") for n in range(500)]
    assert append(store, events).count("erased") == 20


def test_tombstones_do_not_hold_the_id_and_differ_between_stores(store, tmp_path):
    other = EmbeddedStore(tmp_path / "other", create=True)
    for each in (store, other):
        erase(each, GONE)
    (here,), (there,) = store.tombstones(), other.tombstones()
    assert here.digest != there.digest
    assert here.erased_us == NOW_US
    other.close()


def test_restored_copy_forgets_again_what_tombstones_name(store, home, tmp_path, small_segments):
    load(store, ROWS)
    append(store, [row("follow", "dan", GONE)])
    store.close()
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-r", home, copy], check=True)
    store = EmbeddedStore(home)
    erase(store, GONE, "nobody")
    restored = EmbeddedStore(copy)
    erased = restored.replay(store.tombstones(), now_us=NOW_US)
    assert erased.n_events == 4
    finish(restored)
    assert files_with(copy, GONE) == []
    assert append(restored, ROWS[:1]) == ["erased"]
    assert append(restored, [row("follow", "nobody", "bob")]) == ["erased"]
    assert len(restored.tombstones()) == 2
    for each in (store, restored):
        each.close()


# -- kills, readers, locks ------------------------------------------------------------------------------------------

PLACES = [
    ("log", "erase", 1),
    ("erasing", "write_segment", 1),
    ("erasing", "write_segment", 2),
    ("erasing", "drop_orphans", 1),
    ("erasing", "_checkpointed", 1),
    ("erasing", "drop_orphans", 2),
    ("erasing", "_checkpointed", 2),
    ("erasing", "_holds", 1),
]


class StoppedError(BaseException):
    pass


def stop_at(patch, module, name, nth):
    """Raise when a function is called for the ``nth`` time."""
    function, calls = getattr(module, name), []

    def call(*args, **options):
        calls.append(1)
        if len(calls) == nth:
            raise StoppedError
        return function(*args, **options)

    patch.setattr(module, name, call)


def filled(home):
    store = EmbeddedStore(home, create=True)
    load(store, ROWS)
    append(store, [row("follow", "dan", GONE), row("follow", "dan", "eve")])
    return store


def check_finished_by_opening(home):
    store = EmbeddedStore(home)
    assert pairs(all_of(store)) == sorted([*LEFT, ("dan", "eve")])
    assert append(store, ROWS[:1]) == ["erased"]
    finish(store)
    assert files_with(home, GONE) == []
    assert store.damage() == []
    store.close()


@pytest.mark.parametrize("place", PLACES, ids=lambda place: "-".join(map(str, place)))
def test_stopped_anywhere_the_next_opening_finishes(home, small_segments, monkeypatch, place):
    store = filled(home)
    with monkeypatch.context() as patch:
        stop_at(patch, {"erasing": erasing, "log": erasing.log}[place[0]], *place[1:])
        with pytest.raises(StoppedError):
            erase_and_finish(store)
    store.close()
    check_finished_by_opening(home)


def erase_and_finish(store):
    erase(store, GONE)
    finish(store)


KILLED = """
import os, sys
from pathlib import Path
from guanxi.stores import EmbeddedStore, erasing

erasing.drop_orphans = lambda *_: os.kill(os.getpid(), 9)
EmbeddedStore(Path(sys.argv[1])).erase("whose-id-must-go", now_us=1)
"""


def test_killed_before_the_files_are_swept_the_next_opening_finishes(home, small_segments):
    filled(home).close()
    done = subprocess.run([sys.executable, "-c", KILLED, str(home)], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    check_finished_by_opening(home)


def test_reader_in_the_middle_goes_on_without_the_account(store, home, small_segments):
    load(store, [row("follow", GONE if n % 2 else "ann", f"t{n}", id=f"e{n}") for n in range(12)])
    other = EmbeddedStore(home)
    feed = other.events()
    first = next(feed)
    erase(store, GONE)
    assert event_ids(first) == ["e0", "e1", "e2"]
    assert event_ids(pa.concat_tables(feed)) == ["e4", "e6", "e8", "e10"]
    other.close()


def test_pages_that_a_reader_needs_are_overwritten_later(store, home, monkeypatch):
    monkeypatch.setattr("guanxi.stores.connection._BUSY_MS", 20)
    append(store, ROWS)
    reading = sqlite3.connect(home / DATABASE, isolation_level=None)
    reading.execute("BEGIN")
    reading.execute("SELECT * FROM events").fetchone()
    erase(store, GONE)
    finish(store)
    assert files_with(home, GONE)
    reading.close()
    EmbeddedStore(home).close()
    assert files_with(home, GONE) == []


def test_erasure_waits_for_a_writer_and_then_says_who_writes(store, home):
    other = EmbeddedStore(home, lock_timeout_s=0.05)
    with store.loading() as loading:
        loading.add(table(ROWS))
        with pytest.raises(StoreBusyError, match="has been writing to"):
            erase(other, GONE)
    other.close()


def test_store_of_the_first_version_is_brought_up_to_date(tmp_path, monkeypatch):
    first = migrations.migrations()[:1]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migrations", lambda: first)
        db = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
        migrations.migrate(db, tmp_path)
        db.close()
    store = EmbeddedStore(tmp_path)
    append(store, ROWS)
    assert erase(store, GONE).n_events == 3
    store.close()


def test_log_with_stale_copies_of_the_id_is_written_anew(store, home, monkeypatch):
    looked = []
    monkeypatch.setattr(erasing, "_holds", lambda *asked: not looked.append(asked[1]))
    append(store, ROWS)
    erase(store, GONE)
    finish(store)
    assert looked == [GONE]
    assert files_with(home, GONE) == []
    assert pairs(all_of(store)) == LEFT
