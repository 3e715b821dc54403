"""Erasing in Neo4j: at once, or as soon as it answers; in order, as often as it takes, and no more than is meant."""

import contextlib
import dataclasses
import time

import pytest
from tests.neo4j.graphs import rich_table
from tests.neo4j.stores import asked, embedded_store, migrated, neo4j_store, rows_in, snapshot_files, target_of

from guanxi.engine import Engine
from guanxi.errors import StoreError
from guanxi.schema import load_model
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, erasing, window
from guanxi.stores.neo4j.importing import adopt_import, write_import
from service.running import serving
from strategies import NOW_US, row, table

GONE = "whose-id-must-go"
ROWS = [
    row("follow", GONE, "bob", at=1, id="mine"),
    row("follow", "bob", GONE, at=2),
    row("follow", "bob", "cat", at=2, id="theirs"),
    row("purchase", "bob", "tea", at=3, via=GONE),
    row("purchase", "cat", "tea", at=3, via=GONE, id="named"),
    row("refund", "cat", "tea", at=4, retracts="named"),
]


@pytest.fixture
def server(neo4j_server):
    neo4j_server.make_usable()
    return neo4j_server


@pytest.fixture
def home(tmp_path):
    return tmp_path / "home"


@pytest.fixture
def store(server, home):
    opened = migrated(server, home)
    yield opened
    opened.close()


def erase(store, *accounts):
    return store.erase(*accounts, now_us=NOW_US)


def away(home):
    """The same store while the server does not answer."""
    return contextlib.closing(Neo4jStore(home, Neo4jTarget.parse("bolt://127.0.0.1:9", user="neo4j", password="x")))


def everything(server):
    """Every property in the graph, as one text."""
    nodes = asked(server, "MATCH (n) RETURN properties(n)")
    return str(nodes + asked(server, "MATCH ()-[r]->() RETURN properties(r)"))


def known(server, id_=GONE):
    return asked(server, "MATCH (a:Account {id: $id}) RETURN count(a)", id=id_)[0][0]


def filled(store):
    store.append(table(ROWS))
    store.pump()
    return store


def test_node_relationships_and_names_go_and_others_stay(store, server):
    filled(store)
    assert GONE in everything(server)
    erased = erase(store, GONE)
    assert (erased.n_events, erased.n_unnamed, erased.waits_for) == (2, 2, ("answers",))
    assert GONE not in everything(server)
    assert asked(server, "MATCH (a)-[r]->(b) RETURN a.id, type(r), b.id ORDER BY a.id, b.id, type(r)") == [
        ["bob", "FOLLOWS", "cat"],
        ["bob", "PURCHASED", "tea"],
        ["cat", "PURCHASED", "tea"],
        ["cat", "REFUNDED", "tea"],
    ]


def test_snapshot_is_that_of_an_embedded_store_that_erased_the_same(store, server, tmp_path):
    events = rich_table(600, seed=4)
    store.append(events)
    embedded = embedded_store(tmp_path / "embedded", events)
    for each in (store, embedded):
        erase(each, "ann", "邓小明")
    assert snapshot_files(store, tmp_path / "a") == snapshot_files(embedded, tmp_path / "b")
    store.append(rich_table(300, seed=5))
    embedded.append(rich_table(300, seed=5))
    assert snapshot_files(store, tmp_path / "a") == snapshot_files(embedded, tmp_path / "b")
    embedded.close()


def test_account_with_many_relationships_goes_in_batches(store, server, monkeypatch):
    monkeypatch.setattr(erasing, "BATCH_ROWS", 7)
    fans = [row("follow", f"a{n}", GONE) for n in range(40)]
    store.append(table(fans + [row("share", f"a{n}", f"i{n}", via=GONE) for n in range(30)]))
    store.pump()
    assert erase(store, GONE).n_events == 40
    assert GONE not in everything(server)
    assert asked(server, "MATCH ()-[r]->() RETURN count(r)") == [[30]]


def test_what_others_hung_on_the_node_goes_with_it(store, server):
    filled(store)
    asked(server, "MATCH (a:Account {id: $id}) CREATE (a)-[:LIKES]->(:Other {name: 'x'})", id=GONE)
    erase(store, GONE)
    assert (known(server), asked(server, "MATCH (o:Other) RETURN count(o)")) == (0, [[1]])


def test_item_with_the_same_id_stays(store, server):
    store.append(table([row("purchase", "bob", "same"), row("follow", "bob", "same")]))
    store.pump()
    erase(store, "same")
    assert asked(server, "MATCH ()-[r]->(b) RETURN type(r), b.id") == [["PURCHASED", "same"]]


def test_erasure_waits_until_neo4j_answers_and_the_id_is_kept_no_longer(store, server, home):
    filled(store)
    with away(home) as cut:
        erased = erase(cut, GONE)
    assert (erased.n_events, erased.waits_for) == (2, ("graph", "answers"))
    assert known(server) == 1
    assert store.lag().n_erasures == 1
    store.pump()
    assert (known(server), store.lag().n_erasures) == (0, 0)
    store.erased_from("answers", store.erasing("answers"))
    assert not [path for path in home.rglob("*") if path.is_file() and GONE.encode() in path.read_bytes()]


def test_events_that_were_not_applied_never_arrive(store, server, home):
    store.append(table(ROWS))
    with away(home) as cut:
        erase(cut, GONE)
    store.pump()
    assert GONE not in everything(server)
    assert len(rows_in(store)) == 4


def test_account_that_returned_meanwhile_has_its_new_events_only(store, server, home):
    filled(store)
    with away(home) as cut:
        erase(cut, GONE)
        assert cut.allow_return(GONE)
        cut.append(table([row("follow", GONE, "dan", id="new")]))
    store.pump()
    assert asked(server, "MATCH (:Account {id: $id})-[r]-() RETURN r.id", id=GONE) == [["new"]]


class KilledError(Exception):
    pass


@pytest.mark.parametrize("name", ["_erase", "_forget_key"])
def test_erasure_that_dies_half_way_is_done_again(store, server, monkeypatch, name):
    filled(store)
    with monkeypatch.context() as patch:
        patch.setattr(erasing, name, _dying)
        with pytest.raises(KilledError):
            erase(store, GONE)
    assert store.pump().n_written == 0
    assert GONE not in everything(server)


def _dying(*_):
    raise KilledError


@pytest.mark.parametrize("nth", [1, 2, 3, 5])
def test_window_that_was_begun_before_the_erasure_loses_and_doubles_nothing(store, server, tmp_path, monkeypatch, nth):
    store._pump = dataclasses.replace(store._pump, window_events=40, batch_rows=5)
    events = rich_table(100, seed=nth)
    store.append(events)
    with monkeypatch.context() as patch:
        calls = []

        def apply(*args):
            calls.append(1)
            if len(calls) > nth:
                raise KilledError
            return applied(*args)

        applied = window.apply
        patch.setattr(window, "apply", apply)
        with pytest.raises(KilledError):
            store.pump()
    assert store._pump.position().upto
    embedded = embedded_store(tmp_path / "embedded", events)
    for each in (store, embedded):
        erase(each, "ann", "bob", "eve's")
    store.pump()
    assert snapshot_files(store, tmp_path / "a") == snapshot_files(embedded, tmp_path / "b")
    assert len(rows_in(store)) == embedded.n_events() == store.n_events()
    embedded.close()


def test_position_at_an_erased_event_is_no_other_log(store, server, home):
    store.append(table([*ROWS[2:], ROWS[0]]))
    store.pump()
    erase(store, GONE)
    assert asked(server, "MATCH (o:GuanxiOutbox) RETURN o.key") == [[""]]
    store.append(table([row("follow", "cat", "dan")]))
    reopened = neo4j_store(server, home)
    assert reopened.pump().n_written == 1
    reopened.close()


def test_files_for_the_import_tool_from_before_an_erasure_are_refused(store, tmp_path):
    store.append(table(ROWS))
    write_import(store.log, tmp_path / "files", load_model())
    erase(store, GONE)
    with pytest.raises(StoreError, match="accounts were erased after the files"):
        adopt_import(store, tmp_path / "files", load_model())


def test_files_for_the_import_tool_hold_nobody_who_was_erased(store, tmp_path):
    store.append(table([*ROWS[1:], ROWS[0]]))
    erase(store, GONE)
    write_import(store.log, tmp_path / "files", load_model())
    assert not [path for path in (tmp_path / "files").iterdir() if GONE.encode() in path.read_bytes()]


def test_engine_erases_from_the_graph_and_from_answers(store, server, home):
    filled(store)
    with contextlib.closing(Engine(home, neo4j=target_of(server))) as engine:
        engine.snapshot()
        engine.score()
        report = engine.erase(GONE)
        assert (report.n_events, report.waits_for) == (2, ())
        assert engine.view().snapshot.accounts.find(GONE) is None
    assert GONE not in everything(server)
    assert not [path for path in home.rglob("*") if path.is_file() and GONE.encode() in path.read_bytes()]


def test_service_erases_when_neo4j_is_back(store, server, home, neo4j_proxy):
    filled(store)
    with contextlib.closing(Engine(home, neo4j=target_of(server))) as engine:
        engine.snapshot()
        engine.score()
    neo4j_proxy.refuse()
    settings = {"neo4j_uri": neo4j_proxy.uri, "neo4j_user": server.user, "neo4j_password": server.password}
    with serving(home, **settings) as client:
        answer = client.delete(f"/v1/accounts/{GONE}")
        assert (answer.status_code, answer.json()["data"]["waits_for"]) == (202, ["graph", "answers"])
        assert client.delete(f"/v1/accounts/{GONE}").json()["data"]["waits_for"] == ["graph", "answers"]
        neo4j_proxy.let_pass()
        give_up = time.monotonic() + 20
        while client.delete(f"/v1/accounts/{GONE}").status_code == 202:
            assert time.monotonic() < give_up
            time.sleep(0.05)
    assert GONE not in everything(server)
    assert not [path for path in home.rglob("*") if path.is_file() and GONE.encode() in path.read_bytes()]
