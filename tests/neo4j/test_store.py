"""Neo4j as a store: exactly once, whatever is interrupted; and every failure in words."""

import dataclasses
import signal
import subprocess
import sys
import threading
import time

import pytest
from tests.neo4j.graphs import rich_table
from tests.neo4j.stores import asked, embedded_store, migrated, neo4j_store, rows_in, target_of, wipe

from guanxi.errors import (
    NotReadyError,
    ParameterError,
    StoreBusyError,
    StoreCredentialsError,
    StoreDatabaseError,
    StoreError,
    StoreUnreachableError,
)
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, is_neo4j, outbox, window
from guanxi.stores.neo4j.home import PumpLock
from strategies import row, table


@pytest.fixture
def server(neo4j_server):
    neo4j_server.make_usable()
    return neo4j_server


@pytest.fixture
def store(server, tmp_path):
    opened = migrated(server, tmp_path / "home")
    yield opened
    opened.close()


def follows(*numbers, source="ann", at=1):
    return table([row("follow", source, f"a{n}", id=f"e{n}", at=at) for n in numbers])


def small_batches(store):
    """The same store, in windows of 60 events and transactions of 20."""
    store._pump = dataclasses.replace(store._pump, window_events=60, batch_rows=20)
    return store


def in_graph(server):
    return asked(server, "MATCH ()-[r]->() RETURN count(r)")[0][0]


EVENTS = [row("follow", f"a{n % 9}", f"b{n % 31}", at=n % 5, id=f"f{n}") for n in range(110)]
EVENTS += [row("purchase", f"a{n % 9}", f"i{n % 7}", at=n % 5, id=f"p{n}", via="v") for n in range(60)]


# -- taking in and applying ------------------------------------------------------------------------------------------


def test_event_is_durable_before_neo4j_has_it(store, server):
    store.append(follows(1, 2))
    assert (store.last_seq(), store.lag().n_events, in_graph(server)) == (2, 2, 0)
    assert store.events_of("ann", after=0)["target"].to_pylist() == ["a1", "a2"]


def test_pump_applies_everything_once_and_reports_progress(store, server):
    store.append(follows(1, 2, 3))
    seen = []
    assert store.pump(progress=lambda *at: seen.append(at)).n_written == 3
    assert store.pump().n_written == 0
    assert (store.lag().n_events, in_graph(server), seen) == (0, 3, [(3, 3)])


def test_pump_with_a_limit_stops_there(store):
    store.append(follows(*range(10)))
    assert store.pump(limit=4).seq == 4
    assert store.lag().n_events == 6


def test_same_id_again_is_a_duplicate_and_another_body_a_conflict(store, server):
    store.append(follows(1))
    batch = table([row("follow", "ann", "a1", id="e1", at=1), row("follow", "ann", "a2", id="e1", at=1)])
    assert store.append(batch).outcomes == ["duplicate", "conflict"]
    store.pump()
    assert in_graph(server) == 1


def test_state_has_one_relationship_per_pair_and_a_tombstone(store, server):
    store.append(table([row("trust", "ann", "bob", at=1, value=2.0), row("trust", "ann", "bob", at=3, value=5.0)]))
    store.pump()
    store.append(table([row("untrust", "ann", "bob", at=2)]))
    store.pump()
    query = "MATCH (:Account {id: 'ann'})-[r:TRUSTS]->(:Account {id: 'bob'}) RETURN r.level, r.retracted"
    assert asked(server, query) == [[5.0, False]]
    store.append(table([row("untrust", "ann", "bob", at=4)]))
    store.pump()
    assert asked(server, query) == [[None, True]]
    assert asked(server, "MATCH ()-[r:SUPERSEDED]->() RETURN count(r), collect(DISTINCT r.relation)") == [
        [3, ["trust"]]
    ]


def test_fact_and_its_retraction_are_two_relationships(store, server):
    store.append(
        table(
            [row("purchase", "ann", "tea", at=1, id="p", value=2, via="bob"), row("refund", "ann", "tea", retracts="p")]
        )
    )
    store.pump()
    query = "MATCH ({id: 'ann'})-[p:PURCHASED]->(i)<-[r:REFUNDED]-() RETURN p.id, p.quantity, p.via, r.undoes, i.id"
    assert asked(server, query) == [["p", 2.0, "bob", "p", "tea"]]
    assert asked(server, "MATCH (a:Account {id: 'bob'}) RETURN count(a)") == [[1]]


# -- interruptions -------------------------------------------------------------------------------------------------


class KilledError(Exception):
    pass


@pytest.mark.parametrize("when", ["before the mark", "before the batch", "before the position", "after the commit"])
def test_pump_that_dies_anywhere_goes_on_where_it_stopped(store, server, tmp_path, monkeypatch, when):
    events = table(EVENTS)
    with store.loading() as loading:
        loading.add(events)
    for nth in range(1, 12, 2):
        with monkeypatch.context() as patch:
            _die(patch, small_batches(store), when, nth)
            with pytest.raises(KilledError):
                store.pump()
        if nth == 3:  # somebody appends meanwhile
            store.append(follows(1, 2, 3, source="late"))
    small_batches(store).pump()
    embedded = embedded_store(tmp_path / "embedded", events, follows(1, 2, 3, source="late"))
    assert rows_in(store) == rows_in(embedded)
    embedded.close()


def _die(patch, store, when, nth):
    """Raise at the ``nth`` time that the pump comes to a place."""
    calls = []

    def dying(function, *, after=False):
        def call(*args, **options):
            calls.append(1)
            if len(calls) >= nth and not after:
                raise KilledError
            result = function(*args, **options)
            if len(calls) >= nth:
                raise KilledError
            return result

        return call

    nth = min(nth, 2)  # every run gets one batch further
    if when == "before the mark":
        patch.setattr(outbox, "mark", dying(outbox.mark))
    elif when == "before the batch":
        patch.setattr(window, "apply", dying(window.apply))
    elif when == "before the position":
        patch.setattr(outbox, "move", dying(outbox.move))
    else:
        patch.setattr(store._pump.client, "write", dying(store._pump.client.write, after=True))


LOADER = """
import sys
from pathlib import Path
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget
import dataclasses
home, uri, user, password = sys.argv[1:]
store = Neo4jStore(Path(home), Neo4jTarget.parse(uri, user=user, password=password))
store._pump = dataclasses.replace(store._pump, window_events=60, batch_rows=5)
print("ready", flush=True)
store.pump()
"""


def test_killed_process_leaves_nothing_out_and_doubles_nothing(store, server, tmp_path):
    store.append(table(EVENTS))
    arguments = [str(tmp_path / "home"), server.uri, server.user, server.password]
    with subprocess.Popen([sys.executable, "-c", LOADER, *arguments], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        while store.lag().applied == 0 and in_graph(server) < 20 and process.poll() is None:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert store.pump().seq == len(EVENTS)
    assert len(rows_in(store)) == len(EVENTS)


def test_second_store_that_loads_the_same_doubles_nothing(store, server, tmp_path):
    events = rich_table(150)
    store.append(events)
    before = rows_in(store)
    second = neo4j_store(server, tmp_path / "second")
    with second.loading() as loading:
        loading.add(events)
    assert small_batches(second).pump().n_known == len(before)
    assert rows_in(second) == before
    second.close()


def test_second_store_that_knows_more_adds_only_that(store, server, tmp_path):
    first, second = rich_table(300, seed=5), neo4j_store(server, tmp_path / "second")
    store.append(first.slice(0, 200))
    store.pump()
    second.append(first.slice(100))
    embedded = embedded_store(tmp_path / "embedded", first)
    assert second.pump().n_written == embedded.n_events() - store.n_events() > 0
    assert rows_in(second) == rows_in(embedded)
    store.append(table([row("follow", "late", "later")]))  # the first one is not alone any more, and goes on
    assert store.pump().n_written == 1
    embedded.close()
    second.close()


def test_emptied_database_is_filled_again(store, server):
    store.append(follows(1, 2))
    store.pump()
    wipe(server)
    assert store.pump().n_written == 2


def test_two_threads_that_pump_apply_everything_once(store, server):
    store.append(table(EVENTS))
    small_batches(store)
    threads = [threading.Thread(target=store.pump) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert in_graph(server) == len(EVENTS)


def test_pump_waits_for_another_one_and_then_says_who_is_busy(store, tmp_path):
    impatient = PumpLock(tmp_path / "home", timeout_s=0.05)
    with store._lock.held(), pytest.raises(StoreBusyError, match=r"for 0\.05 s"), impatient.held():
        pass


def test_folder_restored_from_an_older_copy_is_found_out(store, server, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "neo4j.json").write_bytes((tmp_path / "home" / "neo4j.json").read_bytes())
    store.append(follows(1, 2))
    store.pump()
    other = neo4j_store(server, tmp_path / "other")
    other.append(follows(7, 8))
    with pytest.raises(StoreError, match="restored from an older copy"):
        other.pump()
    other.close()


def test_adopted_events_are_not_applied_again(store, server):
    store.append(follows(1, 2))
    store.adopt(2)
    store.append(follows(3))
    assert store.pump().n_written == 1
    assert asked(server, "MATCH ()-[r:FOLLOWS]->() RETURN r.id") == [["e3"]]


# -- failures in words ---------------------------------------------------------------------------------------------


def test_database_without_our_schema_says_which_command_makes_it(clean_neo4j, tmp_path):
    store = neo4j_store(clean_neo4j, tmp_path / "home")
    store.append(follows(1))
    with pytest.raises(NotReadyError, match="guanxi store migrate"):
        store.pump()
    store.close()


def failure(tmp_path, target):
    store = Neo4jStore(tmp_path / "failing", target, create=True)
    store.append(follows(1))
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        store.ping()
    assert time.monotonic() - started < 6
    assert store.last_seq() == 1
    store.close()
    return caught.value


def test_no_server_is_said_soon_and_appending_goes_on(server, tmp_path):
    error = failure(tmp_path, Neo4jTarget.parse("bolt://127.0.0.1:9", user="neo4j", password="x"))
    assert isinstance(error, StoreUnreachableError)
    assert "bolt://127.0.0.1:9 does not answer" in str(error)


def test_wrong_password_names_the_user_and_not_the_password(server, tmp_path):
    error = failure(tmp_path, target_of(server, password="wrong-secret"))
    assert isinstance(error, StoreCredentialsError)
    assert "refuses user 'neo4j'" in str(error)
    assert "wrong-secret" not in str(error)


def test_wrong_database_is_named(server, tmp_path):
    error = failure(tmp_path, target_of(server, database="elsewhere"))
    assert isinstance(error, StoreDatabaseError)
    assert "has no database 'elsewhere'" in str(error)


# -- targets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "uri", ["neo4j://h", "bolt://h:7687", "neo4j+s://h.example", "bolt+ssc://[::1]:1", "NEO4J://h"]
)
def test_uri_of_a_server_is_taken(uri):
    assert is_neo4j(uri)
    assert Neo4jTarget.parse(uri).database is None


def test_uri_may_name_a_database():
    target = Neo4jTarget.parse("neo4j://h:1/social")
    assert (target.uri, target.database, str(target)) == ("neo4j://h:1", "social", "neo4j://h:1/social")


@pytest.mark.parametrize(
    "uri", ["http://h", "guanxi-store", "bolt://", "bolt://h:port", "bolt://h:1?a=b", "bolt://h:0"]
)
def test_other_uri_is_refused_with_what_was_meant(uri):
    with pytest.raises(ParameterError, match=r"scheme|neo4j://"):
        Neo4jTarget.parse(uri)


def test_password_in_the_uri_is_refused_and_not_repeated():
    with pytest.raises(ParameterError, match="GUANXI_NEO4J_PASSWORD") as caught:
        Neo4jTarget.parse("bolt://neo4j:topsecret@h")
    assert "topsecret" not in str(caught.value)


def test_target_does_not_show_its_password():
    assert "topsecret" not in repr(Neo4jTarget.parse("bolt://h", user="u", password="topsecret"))
