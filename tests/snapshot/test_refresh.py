"""A refreshed snapshot has the bytes of one that is built from all events."""

import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.engine import Engine
from guanxi.engine import refresh as engine_refresh
from guanxi.events import event_ids
from guanxi.snapshot import Snapshot, build_snapshot, refresh_snapshot
from strategies import NOW_US, event_rows, quick, row, table


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def both_ways(earlier, later):
    """Files of the snapshot of all events, built and refreshed; no event may count twice."""
    old, new = table(earlier), table(later)
    known = set(event_ids(old))
    new = new.filter(pa.array([id_ not in known for id_ in event_ids(new)], pa.bool_()))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        built = build_snapshot([old, new], home / "built")
        before = Snapshot.open(build_snapshot([old], home / "before"))
        refreshed = refresh_snapshot(before, [old], [new], home / "refreshed")
        return files_of(built), files_of(refreshed)


@given(event_rows(max_size=40), st.integers(0, 40))
@quick(25)
def test_any_events_in_two_parts_give_the_bytes_of_all_at_once(rows, cut):
    built, refreshed = both_ways(rows[:cut], rows[cut:])
    assert refreshed == built


@pytest.mark.parametrize(
    "later",
    [
        [],
        [row("follow", "aaa", "zzz", at=3)],
        [row("unfollow", "ann", "bob", at=3)],
        [row("purchase", "bob", "aaa-tea", at=3, via="zoe", value=2)],
        [row("refund", "cat", "tea", retracts="p1"), row("sell", "shop", "tea")],
        [
            row("categorise", "tea", "food", at=3),
            row("categorise", "aaa-tea", "cat"),
            row("uncategorise", "pot", "gift"),
        ],
    ],
)
def test_new_ids_before_and_after_the_old_ones_and_retractions_are_spliced_in(later):
    earlier = [
        row("follow", "ann", "bob", at=1),
        row("follow", "bob", "cat", at=1),
        row("purchase", "cat", "tea", id="p1"),
        row("categorise", "pot", "gift", at=1),
        row("categorise", "pot", "food", at=1),
    ]
    built, refreshed = both_ways(earlier, later)
    assert refreshed == built


@given(event_rows(max_size=40), st.integers(0, 40))
@quick(25)
def test_only_earlier_events_between_the_same_two_are_needed(rows, cut):
    old, new = table(rows[:cut]), table(rows[cut:])
    known = set(event_ids(old))
    new = new.filter(pa.array([id_ not in known for id_ in event_ids(new)], pa.bool_()))
    pairs = set(zip(new["source"].to_pylist(), new["target"].to_pylist(), strict=True))
    between = [pair in pairs for pair in zip(old["source"].to_pylist(), old["target"].to_pylist(), strict=True)]
    few = old.filter(pa.array(between, pa.bool_()))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        before = Snapshot.open(build_snapshot([old], home / "before"))
        from_all, from_few = (refresh_snapshot(before, [part], [new], home / "refreshed") for part in (old, few))
        assert from_few == from_all


# -- the engine chooses -----------------------------------------------------------------------------------------------

MANY = [row("follow", f"a{i}", f"b{i % 7}", at=i) for i in range(40)]


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "store", create=True, now_us=lambda: NOW_US)
    engine.append(MANY)
    yield engine
    engine.close()


@pytest.fixture
def ways(monkeypatch):
    """How the snapshots of a test were taken."""
    taken = []
    for name in ("build_snapshot", "refresh_snapshot"):
        real = getattr(engine_refresh, name)
        monkeypatch.setattr(engine_refresh, name, lambda *a, real=real, name=name: taken.append(name) or real(*a))
    return taken


def test_little_that_is_new_refreshes_and_full_gives_the_same_snapshot(engine, ways):
    engine.snapshot()
    engine.append([row("follow", "zoe", "b1", at=50)])
    refreshed = engine.snapshot()
    assert engine.snapshot(full=True).id == refreshed.id
    assert ways == ["build_snapshot", "refresh_snapshot", "build_snapshot"]
    assert (refreshed.new, refreshed.n_edges) == (True, len(MANY) + 1)


def test_much_that_is_new_builds_from_all_events(engine, ways):
    engine.snapshot()
    engine.append([row("follow", f"c{i}", "b1", at=50) for i in range(20)])
    engine.snapshot()
    assert ways == ["build_snapshot", "build_snapshot"]


def test_nothing_new_leaves_the_snapshot_as_it_is(engine, ways):
    first = engine.snapshot()
    again = engine.snapshot()
    assert (again.id, again.new, ways) == (first.id, False, ["build_snapshot"])


def test_damaged_snapshot_is_not_built_upon(engine, ways):
    first = engine.snapshot()
    path = engine.store.snapshots / first.id / "follow.account.targets.npy"
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)
    engine.append([row("follow", "zoe", "b1", at=50)])
    report = engine.snapshot()
    assert ways == ["build_snapshot", "build_snapshot"]
    assert report.n_edges == len(MANY) + 1


def test_snapshot_from_before_an_erasure_is_not_built_upon(engine, ways):
    engine.snapshot()
    engine.store.erase("a3", now_us=NOW_US)
    report = engine.snapshot()
    assert ways == ["build_snapshot", "build_snapshot"]
    assert report.n_edges == len(MANY) - 1


def test_warm_scores_agree_with_cold_ones_to_1e_9(engine):
    engine.snapshot()
    engine.score()
    engine.append([row("follow", "zoe", "b1", at=50), row("follow", "b1", "a2", at=50)])
    engine.snapshot()
    engine.score(warm=True)
    warm = engine.view()
    warm_scores = [warm.run.global_trust.copy(), warm.run.pagerank.copy()]
    engine.score()
    cold = engine.view().run
    for mine, theirs in zip(warm_scores, (cold.global_trust, cold.pagerank), strict=True):
        assert abs(mine - theirs).sum() < 1e-9
    assert cold.id != warm.run.id
