"""Kills, full disks, locks and files that are no stores: acknowledged events stay, everything else leaves nothing."""

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from guanxi.engine import Engine
from guanxi.errors import (
    DamagedError,
    NotReadyError,
    ParameterError,
    StoreBusyError,
    StoreError,
    StoreFullError,
    StoreVersionError,
)
from guanxi.events import event_ids
from guanxi.stores import EmbeddedStore, bulk
from guanxi.stores.connection import DATABASE
from strategies import row, table

TESTS = Path(__file__).parents[1]


def follows(*numbers):
    return table([row("follow", f"s{n}", f"t{n}", id=f"e{n}") for n in numbers])


def all_ids(store):
    return [id_ for part in store.events() for id_ in event_ids(part)]


def ids(*numbers):
    return [f"e{n}" for n in numbers]


def start(script, *args):
    """A process that runs a script with the tests' helpers; its lines can be read one by one."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script), *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
    )


# -- several processes ------------------------------------------------------------------------------------------------

APPEND = """
    import sys, time
    from pathlib import Path
    from guanxi.events import columns_from_rows, parse_events
    from guanxi.stores import EmbeddedStore

    def table(rows):
        return parse_events(columns_from_rows(rows)[0], now_us=time.time_ns() // 1000).events

    def row(relation, source, target, id):
        return {"relation": relation, "source": source, "target": target, "id": id}

    store, me = EmbeddedStore(Path(sys.argv[1])), sys.argv[2]
    print("ready", flush=True)
    sys.stdin.readline()
    for n in range(int(sys.argv[3])):
        rows = [row("follow", me, f"t{n}", f"{me}-{n}"), row("follow", "all", f"t{n}", f"shared-{n}")]
        print(*store.append(table(rows)).outcomes, flush=True)
"""


def test_processes_that_append_at_once_lose_and_double_nothing(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    writers = [start(APPEND, store.home, f"w{n}", 8) for n in range(4)]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = [writer.communicate(timeout=60) for writer in writers]
    assert [err for _, err in said] == [""] * 4
    own, shared = zip(*(line.split() for out, _ in said for line in out.splitlines()), strict=True)
    assert set(own) == {"created"}
    assert (shared.count("created"), shared.count("duplicate")) == (8, 24)
    kept = all_ids(store)
    assert sorted(kept) == sorted([f"{who}-{n}" for who in ("w0", "w1", "w2", "w3", "shared") for n in range(8)])
    assert store.last_seq() == len(kept)
    assert store.damage() == []
    store.close()


# -- kills ------------------------------------------------------------------------------------------------------------


def test_process_killed_while_it_appends_has_kept_all_that_it_acknowledged(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    writer = start(APPEND, store.home, "w", 100_000)
    writer.stdin.write("go\n")
    writer.stdin.flush()
    acknowledged = [writer.stdout.readline() for _ in range(15)][1:]
    writer.kill()
    n_said = len(acknowledged) + len(writer.communicate(timeout=30)[0].splitlines())
    kept = set(all_ids(store))
    assert len(kept) in (2 * n_said, 2 * n_said + 2)  # the last one may be on disk and not yet said
    assert kept >= {f"{who}-{n}" for who in ("w", "shared") for n in range(n_said)}
    assert store.append(follows(1)).outcomes == ["created"]
    assert store.damage() == []
    store.close()


LOAD = """
    import sys
    import time
    from pathlib import Path
    from strategies import row, table
    from guanxi.stores import EmbeddedStore, bulk

    bulk.SEGMENT_EVENTS = 10
    store = EmbeddedStore(Path(sys.argv[1]))
    with store.loading() as load:
        load.add(table([row("follow", f"s{n}", f"t{n}", id=f"e{n}") for n in range(100)]))
        while True:  # a thread writes it, and then clears its draft away
            names = [path.name[0] for path in (store.home / "segments").glob("*")]
            if names and "." not in names:
                break
            time.sleep(0.01)
        print("written", flush=True)
        sys.stdin.readline()
"""


def test_process_killed_in_the_middle_of_a_load_leaves_what_was_there(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    store.append(follows(7))
    loader = start(LOAD, store.home)
    assert loader.stdout.readline() == "written\n"
    loader.kill()
    loader.communicate(timeout=30)
    segments = store.home / "segments"
    assert len(list(segments.iterdir())) == 1
    assert (all_ids(store), store.damage()) == (ids(7), [])
    with store.loading() as load:
        assert list(segments.iterdir()) == []
        assert load.add(follows(7, 8)).outcomes == ["duplicate", "created"]
    assert all_ids(store) == ids(7, 8)
    store.close()


INTERRUPTED = """
    import sys
    from pathlib import Path
    from guanxi.engine import Engine

    def progress(done, total):
        print(done, total, flush=True)
        if len(sys.argv) > 3 and done > total / 2:
            sys.stdin.readline()

    engine = Engine(Path(sys.argv[1]), create=True)
    report = engine.load([sys.argv[2]], progress=progress)
    print("created", report.n_created)
"""


def test_load_stopped_by_ctrl_c_leaves_nothing_and_running_it_again_completes_it(tmp_path):
    file, home, n = tmp_path / "follows.csv", tmp_path / "store", 800_000
    lines = (f"follow,account-{i},account-{i + 1}\n" for i in range(n))
    file.write_text("relation,source,target\n" + "".join(lines))
    loader = start(INTERRUPTED, home, file, "wait")
    done, total = map(int, loader.stdout.readline().split())
    while done <= total / 2:
        done, total = map(int, loader.stdout.readline().split())
    assert done < total
    time.sleep(0.05)
    loader.send_signal(signal.SIGINT)
    assert "KeyboardInterrupt" in loader.communicate(timeout=60)[1]
    store = EmbeddedStore(home)
    assert store.n_events() == 0
    assert not list(home.glob("segments/*"))
    out, err = start(INTERRUPTED, home, file).communicate(timeout=120)
    assert (out.splitlines()[-1], err) == (f"created {n}", "")
    assert store.n_events() == n
    store.close()


# -- what is no store -------------------------------------------------------------------------------------------------


def test_store_of_a_newer_version_is_refused_and_left_alone(tmp_path):
    EmbeddedStore(tmp_path, create=True).close()
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("PRAGMA user_version = 999")
    db.close()
    for create in (False, True):
        with pytest.raises(StoreVersionError, match="has schema version 999"):
            EmbeddedStore(tmp_path, create=create)


def test_no_store_is_not_ready(tmp_path):
    with pytest.raises(NotReadyError, match=r"there is no store at .*nowhere"):
        EmbeddedStore(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReadyError, match="there is no store"):
        EmbeddedStore(tmp_path / "file")
    with pytest.raises(ParameterError, match="is a file, not a folder"):
        EmbeddedStore(tmp_path / "file", create=True)


def test_folder_that_cannot_be_made_is_a_store_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write below"):
        EmbeddedStore(tmp_path / "file" / "store", create=True)


@pytest.mark.parametrize("create", [False, True])
def test_file_that_is_no_database_is_refused(tmp_path, create):
    (tmp_path / DATABASE).write_text("something else altogether, and long enough to have a header\n" * 99)
    with pytest.raises(StoreError, match=r"is not a Guanxi store"):
        EmbeddedStore(tmp_path, create=create)


@pytest.mark.parametrize("create", [False, True])
def test_database_of_another_program_is_refused_and_left_alone(tmp_path, create):
    db = sqlite3.connect(tmp_path / DATABASE)
    db.execute("CREATE TABLE theirs (x)")
    before = (tmp_path / DATABASE).read_bytes()
    db.close()
    with pytest.raises(StoreError, match="is an SQLite database, but not a Guanxi store"):
        EmbeddedStore(tmp_path, create=create)
    assert (tmp_path / DATABASE).read_bytes() == before


def test_store_that_was_killed_while_it_was_made_is_made_again(tmp_path):
    (tmp_path / DATABASE).touch()
    with pytest.raises(NotReadyError, match="there is no store"):
        EmbeddedStore(tmp_path)
    store = EmbeddedStore(tmp_path, create=True)
    assert store.append(follows(1)).outcomes == ["created"]
    store.close()


# -- locks ------------------------------------------------------------------------------------------------------------


def test_second_writer_is_told_who_writes(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    other = EmbeddedStore(tmp_path / "store", lock_timeout_s=0.05)
    with store.loading() as load:
        load.add(follows(1))
        with pytest.raises(StoreBusyError, match=rf"process {os.getpid()} has been writing to .* for 0.05 s"):
            other.append(follows(2))
        assert other.n_events() == 0  # reading goes on
    assert other.append(follows(2)).outcomes == ["created"]
    assert all_ids(other) == ids(1, 2)
    for opened in (store, other):
        opened.close()


# -- damage -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SMALL_LOAD", 1)
    store = EmbeddedStore(tmp_path / "store", create=True)
    with store.loading() as load:
        load.add(follows(*range(50)))
    yield store
    store.close()


def segment_of(store):
    (folder,) = (store.home / "segments").iterdir()
    return folder


def flip(path, at):
    octets = bytearray(path.read_bytes())
    octets[at] ^= 0xFF
    path.write_bytes(octets)


def test_damage_to_a_segment_is_found(loaded):
    assert loaded.damage() == []
    flip(segment_of(loaded) / "ids.arrow", 1000)
    assert len(loaded.damage()) == 1
    assert "the checksum of ids.arrow is wrong" in loaded.damage()[0]


def test_truncated_segment_is_found_and_refused(loaded):
    os.truncate(segment_of(loaded) / "ids.arrow", 100)
    assert "ids.arrow has 100 bytes" in loaded.damage()[0]
    with pytest.raises(DamagedError, match=r"ids.arrow"):
        list(loaded.events())


def test_damage_to_the_database_is_found_and_is_a_store_error(loaded):
    loaded.append(follows(*range(100, 400)))
    loaded.close()
    path = loaded.home / DATABASE
    db = sqlite3.connect(path)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    octets = bytearray(path.read_bytes())
    octets[4096:] = b"\xff" * (len(octets) - 4096)
    path.write_bytes(octets)
    assert loaded.damage() != []
    with pytest.raises(StoreError, match=r"guanxi.sqlite"):
        list(loaded.events())


def test_unreadable_note_of_what_is_in_use_is_damage(loaded):
    assert loaded.published() is None
    for text in ("", "[]", '{"nonsense": 1}'):
        (loaded.home / "current.json").write_text(text)
        with pytest.raises(DamagedError, match=r"current.json cannot be read"):
            loaded.published()


# -- a full disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A disk of its own, 3 MiB large."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("mounting a small disk needs more rights")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk, *, leave=0):
    """Fill a disk up to ``leave`` bytes."""
    ballast = disk / "ballast"
    with ballast.open("ab") as file:
        stat = os.statvfs(disk)
        file.write(bytes(max(stat.f_bavail * stat.f_frsize - leave, 0)))
    return ballast


def files_of(home):
    return {path for path in home.rglob("*") if not path.name.endswith(("-wal", "-shm"))}


def large(n=4000):
    return table([row("follow", f"s{i}", f"t{i}", id=f"large-{i}", properties={"x": "y" * 100}) for i in range(n)])


def load_all(store, batches):
    with store.loading() as load:
        for batch in batches:
            load.add(batch)


@pytest.mark.parametrize("leave", [0, 4096, 40_000, 200_000])
def test_append_to_a_full_disk_keeps_nothing_and_works_afterwards(small_disk, leave):
    store = EmbeddedStore(small_disk / "store", create=True)
    store.append(follows(1))
    before, ballast = files_of(store.home), fill(small_disk, leave=leave)
    with pytest.raises(StoreFullError, match="no space is left"):
        store.append(large())
    assert (all_ids(store), files_of(store.home)) == (ids(1), before)
    ballast.unlink()
    assert store.append(follows(1, 2)).outcomes == ["duplicate", "created"]
    assert store.damage() == []
    store.close()


@pytest.mark.parametrize("leave", [0, 4096, 40_000, 200_000])
def test_load_to_a_full_disk_keeps_nothing_and_works_afterwards(small_disk, monkeypatch, leave):
    monkeypatch.setattr(bulk, "SEGMENT_EVENTS", 400)
    store = EmbeddedStore(small_disk / "store", create=True)
    store.append(follows(1))
    before, ballast = files_of(store.home), fill(small_disk, leave=leave)
    with pytest.raises(StoreFullError, match="no space is left"):
        load_all(store, [large().slice(at, 500) for at in range(0, 4000, 500)])
    assert all_ids(store) == ids(1)
    assert files_of(store.home) - {store.home / "segments"} == before
    ballast.unlink()
    load_all(store, [follows(1, 2)])
    assert all_ids(store) == ids(1, 2)
    store.close()


def test_list_of_rejects_that_finds_no_space_keeps_nothing(small_disk, tmp_path):
    engine, file = Engine(small_disk / "store", create=True), tmp_path / "events.csv"
    file.write_text("relation,source,target\n" + "follow,ann,ann\n" * 2000 + "follow,ann,bob\n")
    fill(small_disk, leave=12_000)
    with pytest.raises(StoreFullError, match="no space is left"):
        engine.load([file])
    assert engine.store.n_events() == 0
    engine.close()


def test_store_on_a_full_disk_is_refused_and_made_afterwards(small_disk):
    ballast = fill(small_disk)
    with pytest.raises(StoreFullError, match="no space is left"):
        EmbeddedStore(small_disk / "store", create=True)
    ballast.unlink()
    EmbeddedStore(small_disk / "store", create=True).close()


def test_snapshot_and_score_on_a_full_disk_keep_what_was_in_use(small_disk):
    engine = Engine(small_disk / "store", create=True)
    engine.append([row("follow", f"a{i}", f"a{i + 1}") for i in range(200)])
    engine.snapshot()
    first = engine.score()
    engine.append([row("follow", f"a{i}", f"a{i + 2}") for i in range(200)])
    published, before, ballast = engine.store.published(), files_of(engine.store.home), fill(small_disk)
    with pytest.raises(StoreFullError, match="no space is left"):
        engine.snapshot()
    assert (engine.store.published(), files_of(engine.store.home)) == (published, before)
    ballast.unlink()
    second = engine.snapshot()
    published, before, ballast = engine.store.published(), files_of(engine.store.home), fill(small_disk)
    with pytest.raises(StoreFullError, match="no space is left"):
        engine.score()
    assert (engine.store.published(), files_of(engine.store.home)) == (published, before)
    assert engine.view().run.id == first.id
    ballast.unlink()
    assert engine.score().snapshot == second.id == engine.view().snapshot.id
    engine.close()
