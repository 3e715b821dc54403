"""Two stores with logs of their own on one database: whatever they bring, and when, nothing is there twice."""

import dataclasses
import threading

import numpy as np
import pytest
from tests.neo4j.stores import asked, embedded_store, migrated, neo4j_store, rows_in

from guanxi.errors import StoreBusyError
from guanxi.stores.neo4j import window
from strategies import row, table


@pytest.fixture
def store(neo4j_server, tmp_path):
    neo4j_server.make_usable()
    opened = migrated(neo4j_server, tmp_path / "home")
    yield opened
    opened.close()


@pytest.fixture
def other(store, neo4j_server, tmp_path):
    opened = neo4j_store(neo4j_server, tmp_path / "other")
    yield opened
    opened.close()


def in_small_windows(store, events=(), n=60):
    """The same store with these events in its log, applied in windows of ``n`` and transactions of a third of that."""
    if len(events):
        store.append(events)
    store._pump = dataclasses.replace(store._pump, window_events=n, batch_rows=n // 3)
    return store


def of_all(tmp_path, *batches):
    """What a store on its own holds of these events."""
    embedded = embedded_store(tmp_path / "embedded", *batches)
    rows = rows_in(embedded)
    embedded.close()
    return rows


def test_pair_that_comes_again_in_later_windows_has_one_relationship(store, neo4j_server, tmp_path):
    pairs = [(f"a{n % 7}", f"b{n % 13}") for n in range(91)]
    times = [3, 1, 2]  # the first of the three events stands
    events = table([row("follow", *pair, at=at, id=f"{pair}{at}") for at in times for pair in pairs])
    in_small_windows(store, events).pump()
    assert asked(neo4j_server, "MATCH ()-[r:FOLLOWS]->() RETURN count(r), count(DISTINCT r.time)") == [[91, 1]]
    assert asked(neo4j_server, "MATCH ()-[r:SUPERSEDED]->() RETURN count(r)") == [[182]]
    assert rows_in(store) == of_all(tmp_path, events)


def test_two_stores_that_apply_at_the_same_time_double_nothing(store, other, tmp_path):
    names = [f"a{n % 9}" for n in range(220)]
    events = [row("follow", name, f"b{n % 31}", at=n % 5, id=f"f{n}") for n, name in enumerate(names)]
    events = table(events + [row("purchase", name, f"i{n % 7}", id=f"p{n}") for n, name in enumerate(names[::3])])
    events = events.take(np.random.default_rng(3).permutation(len(events)))
    for alone_no_more in (store, other):
        in_small_windows(alone_no_more, table([row("follow", "first", "second")])).pump()
    in_small_windows(store, events.slice(0, 160))
    in_small_windows(other, events.slice(80))
    failed = []
    threads = [threading.Thread(target=_tell, args=(each.pump, failed)) for each in (store, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert rows_in(store) == of_all(tmp_path, events, table([row("follow", "first", "second")]))


def _tell(call, failed):
    try:
        call()
    except Exception as exc:  # noqa: BLE001 - whatever it is, the test is to show it
        failed.append(exc)


def test_store_that_comes_into_the_first_ones_window_is_told_to_wait(store, other, monkeypatch, tmp_path):
    events = table([row("follow", f"a{n}", f"b{n}", id=f"e{n}") for n in range(90)])
    with monkeypatch.context() as patch:
        patch.setattr(window, "apply", _die)
        with pytest.raises(ZeroDivisionError):
            in_small_windows(store, events).pump()
    in_small_windows(other, events)
    with pytest.raises(StoreBusyError, match="let `guanxi store apply` finish there first"):
        other.pump()
    assert store.pump().n_written == 90
    assert other.pump().n_known == 90
    assert rows_in(other) == of_all(tmp_path, events)


def _die(*_):
    raise ZeroDivisionError


def test_few_events_of_an_account_with_many_are_recognised_too(store, other):
    follows = [row("follow", "hub", f"a{n}", id=f"e{n}", at=1) for n in range(300)]
    bought = [row("purchase", "hub", f"i{n % 5}", id=f"p{n}", at=1) for n in range(300)]
    in_small_windows(store, table(follows + bought), 600).pump()
    in_small_windows(
        other, table([*follows[:8], *bought[:8], row("follow", "hub", "new"), row("unfollow", "hub", "a9")]), 9
    )
    pumped = other.pump()
    assert (pumped.n_known, pumped.n_written) == (16, 2)
    assert len(rows_in(store)) == 602


def test_event_that_was_replaced_is_recognised_where_it_moved_to(store, other):
    old = [row("follow", f"a{n}", "star", at=1) for n in range(30)]
    in_small_windows(store, table(old + [row("unfollow", f"a{n}", "star", at=2) for n in range(30)])).pump()
    assert in_small_windows(other, table(old), 15).pump().n_known == 30
    assert len(rows_in(store)) == 60
