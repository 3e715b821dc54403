"""The same events give the same snapshot, byte for byte, from Neo4j and from the embedded store."""

import pytest
from tests.neo4j.graphs import NAMES, rich_rows, rich_table
from tests.neo4j.stores import embedded_store, migrated, rows_in, snapshot_files

from guanxi.stores.neo4j import exporting
from strategies import row, table


@pytest.fixture
def stores(neo4j_server, tmp_path):
    """Both stores, empty."""
    neo4j_server.make_usable()
    opened = embedded_store(tmp_path / "embedded"), migrated(neo4j_server, tmp_path / "home")
    yield opened
    for store in opened:
        store.close()


def same_snapshots(stores, parent):
    """Build both and compare every file; the name of both."""
    (name, files), (other, other_files) = (snapshot_files(store, parent / str(at)) for at, store in enumerate(stores))
    assert name == other
    assert files == other_files
    return name


def load(stores, events):
    for store in stores:
        with store.loading() as loading:
            loading.add(events)


def append(stores, events):
    for store in stores:
        store.append(events)


def test_loaded_events_give_the_same_snapshot(stores, tmp_path):
    load(stores, rich_table(3000))
    same_snapshots(stores, tmp_path)


def test_appended_events_give_the_same_snapshot_after_every_pump(stores, tmp_path):
    events = rich_table(900, seed=8)
    seen = set()
    for start in range(0, len(events), 300):
        append(stores, events.slice(start, 300))
        seen.add(same_snapshots(stores, tmp_path))
    assert len(seen) == 3


def test_appends_after_a_load_give_the_same_snapshot(stores, tmp_path):
    load(stores, rich_table(1000, seed=1, days=3))
    same_snapshots(stores, tmp_path)
    later = [one | {"id": f"later-{at}"} for at, one in enumerate(rich_rows(400, seed=2, days=9))]
    append(stores, table(later))
    same_snapshots(stores, tmp_path)


def test_older_states_that_arrive_later_leave_standing_what_stands(stores, tmp_path):
    append(stores, table([row("follow", "ann", "bob", at=5), row("unfollow", "ann", "cat", at=5)]))
    first = same_snapshots(stores, tmp_path)
    older = [row("unfollow", "ann", "bob", at=4), row("follow", "ann", "cat", at=4), row("follow", "ann", "cat")]
    append(stores, table(older))
    assert same_snapshots(stores, tmp_path) == first


def test_at_the_same_time_a_retraction_stands_whichever_came_first(stores, tmp_path):
    append(stores, table([row("follow", "ann", "bob", at=5), row("unfollow", "ann", "cat", at=5)]))
    first = same_snapshots(stores, tmp_path)
    append(stores, table([row("unfollow", "ann", "bob", at=5), row("follow", "ann", "cat", at=5)]))
    assert same_snapshots(stores, tmp_path) != first


def test_export_hands_every_event_back_as_it_was(stores):
    append(stores, rich_table(800, seed=3))
    assert rows_in(stores[1]) == rows_in(stores[0])


def test_export_in_many_small_ranges_leaves_nothing_out_and_doubles_nothing(stores, monkeypatch):
    append(stores, table([row("follow", name, other, at=1) for name in NAMES for other in ("x", "y")]))
    monkeypatch.setattr(exporting, "RANGE_ROWS", 3)
    assert rows_in(stores[1]) == rows_in(stores[0])


def test_proof_and_expiry_of_identity_links_give_the_same_snapshot(stores, tmp_path):
    said = [{"proof": "oauth"}, {"proof": "staff", "expires": "2030-01-01"}, {"expires": 1_900_000_000}, None, {"a": 1}]
    pairs = [(a, b) for a in NAMES[:5] for b in NAMES[:5] if a != b]
    links = [row("identity_link", *pair, at=at % 3, properties=said[at % 5]) for at, pair in enumerate(pairs)]
    load(stores, table(links))
    first = same_snapshots(stores, tmp_path)
    later = [row("identity_link", *pair, at=5, properties=said[at % 4]) for at, pair in enumerate(pairs[:8])]
    append(stores, table([*later, row("unlink", *pairs[9], at=6, properties=said[0])]))
    assert same_snapshots(stores, tmp_path) != first
