"""Answers as of a past date from a real server: those of the embedded store, and free of erased accounts."""

import pytest
from tests.neo4j.graphs import rich_rows
from tests.neo4j.stores import target_of

from guanxi.engine import Engine
from guanxi.events.values import isoformat
from strategies import NOW_US, row, table


@pytest.fixture
def engines(clean_neo4j, tmp_path):
    """One over Neo4j and one over a folder, with the same events, snapshots and runs."""
    opened = (
        Engine(tmp_path / "home", create=True, neo4j=target_of(clean_neo4j), now_us=lambda: NOW_US),
        Engine(tmp_path / "folder", create=True, now_us=lambda: NOW_US),
    )
    opened[0].neo4j.migrate()
    take_in(opened, rich_rows(600, seed=5, days=9))
    yield opened
    for engine in opened:
        engine.close()


def take_in(engines, rows):
    for engine in engines:
        with engine.store.loading() as loading:
            loading.add(table(rows))
        engine.snapshot()
        engine.score()


def days_with_events(engine):
    times = sorted({one for part in engine.store.events() for one in part["time"].to_pylist() if one is not None})
    return [times[len(times) // 3], times[2 * len(times) // 3]]


def test_past_is_the_same_from_neo4j_and_from_a_folder_also_after_late_events(engines):
    moments = [isoformat(time) for time in days_with_events(engines[1])]
    seen = set()
    for rows in ([], [row("follow", "late", "comer", at=0.5, id="late-1"), row("follow", "late", "er", id="late-2")]):
        if rows:
            take_in(engines, rows)
        for moment in moments:
            there, here = (engine.view(as_of=moment) for engine in engines)
            assert (there.snapshot.id, there.run.id) == (here.snapshot.id, here.run.id)
            assert there.past == here.past
            assert there.ranking() == here.ranking()
            seen.add(there.run.id)
    assert len(seen) == 4


def test_erased_account_is_in_no_past_run_before_neo4j_either(engines):
    take_in(engines, [row("follow", "whose-id-must-go", "ann", at=0.5), row("follow", "ann", "bob", at=0.5)])
    engine, _ = engines
    assert engine.view(as_of="2024-01-31").snapshot.accounts.find("whose-id-must-go") is not None
    assert engine.erase("whose-id-must-go").waits_for == ()
    assert engine.view(as_of="2024-01-31").snapshot.accounts.find("whose-id-must-go") is None
    files = [path for path in engine.store.home.rglob("*") if path.is_file()]
    assert [path for path in files if b"whose-id-must-go" in path.read_bytes()] == []
