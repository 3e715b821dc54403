"""Files for neo4j-admin, imported by the real tool into a home of their own."""

import csv
import gzip
import hashlib
import itertools
import json
import subprocess
import sys

import pytest
from tests.neo4j.graphs import rich_rows
from tests.neo4j.server import SCRIPT, started

from guanxi.cli import main
from guanxi.engine import Engine
from guanxi.errors import DamagedError, NotReadyError, ParameterError, StoreError
from guanxi.schema import load_model
from guanxi.snapshot import build_snapshot
from guanxi.stores import EmbeddedStore
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget
from guanxi.stores.neo4j.importing import RECORD, adopt_import, read_import, write_import
from strategies import row, table

MODEL = load_model()
HOSTILE = (
    *('"', '""', 'a"b', '"a"', "a,b", ",", "a;b", "|", "\\", 'a\\"b', "a\\", "'", "=1+1", "-1", "007", "1e5", "NaN"),
    *("null", "NULL", "true", "a  b", "a\u2028b", "a\u0085b", "\ufeffa", ":ID", "--nodes", "邓小明", "😀", "`", "${x}"),
)
EXTREMES = (0.1, 1 / 3, 1e-300, 5e-324, 1.7976931348623157e308, 123456789.123456789, 1e22, 0.0)


def hostile_rows():
    pairs = itertools.pairwise(HOSTILE)
    rows = [row("follow", a, b, at=at % 5, id=f"{a}→{b}", properties={b: a}) for at, (a, b) in enumerate(pairs)]
    rows += [row("share", a, f"item {a}", via="not seen elsewhere", at=3) for a in HOSTILE]
    return rows + [row("purchase", "ann", f"x{at}", value=value) for at, value in enumerate(EXTREMES)]


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A store with everything in it, loaded and appended."""
    folder = tmp_path_factory.mktemp("import") / "store"
    store = EmbeddedStore(folder, create=True)
    with store.loading() as loading:
        loading.add(table(rich_rows(2000)))
    store.append(table(hostile_rows()))
    store.close()
    return folder


@pytest.fixture
def store(home):
    with_home = EmbeddedStore(home)
    yield with_home
    with_home.close()


@pytest.fixture(scope="module")
def imported(neo4j_server, home, tmp_path_factory):
    """A server of its own whose database the import tool has made; the other server rests meanwhile."""
    if neo4j_server.lib is None:
        pytest.skip(f"{neo4j_server.uri} was not started by the tests: its admin tool is not at hand")
    at = tmp_path_factory.mktemp("imported")
    log = EmbeddedStore(home)
    files = write_import(log, at / "files", MODEL, gzip=True)
    log.close()
    neo4j_server.stop()
    try:
        command = files.command(at / "files")
        admin = [SCRIPT, "admin", neo4j_server.lib, at / "home", *command[1:]]
        subprocess.run(admin, check=True, timeout=120)
        server = started(neo4j_server.lib, at / "home")
        yield server, at / "files"
        server.close()
    finally:
        neo4j_server.start()


@pytest.fixture
def neo4j(imported, home):
    """The store in that database."""
    server, _ = imported
    target = Neo4jTarget.parse(server.uri, user=server.user, password=server.password)
    store = Neo4jStore(home, target)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def ask(imported):
    server, _ = imported
    with server.driver() as driver:
        yield lambda cypher, **values: driver.execute_query(cypher, values).records[0][0]


def contents(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def all_events(store):
    return pa_rows(store.events())


def pa_rows(tables):
    return [event for part in tables for event in part.to_pylist()]


def test_files_of_another_graph_than_the_database_holds_are_not_adopted(imported, neo4j, ask):
    _, files = imported
    ask("CREATE (a:Account {id: 'too many'}) RETURN 1")
    with pytest.raises(StoreError, match="nodes labelled Account"):
        adopt_import(neo4j, files, MODEL)
    ask("MATCH (a:Account {id: 'too many'}) DELETE a RETURN count(*)")
    ask("MATCH (a:Account {id: 'ann'}), (b:Item) WITH a, b LIMIT 1 CREATE (a)-[r:SHARED {key: 'x'}]->(b) RETURN 1")
    with pytest.raises(StoreError, match="relationships of type SHARED"):
        adopt_import(neo4j, files, MODEL)
    ask("MATCH ()-[r:SHARED {key: 'x'}]->() DELETE r RETURN count(*)")
    assert neo4j.lag().applied == 0


def test_snapshot_from_the_imported_database_is_the_same_byte_for_byte(imported, neo4j, store, tmp_path):
    _, files = imported
    adopted = adopt_import(neo4j, files, MODEL)
    assert (neo4j.lag().n_events, adopted.seq) == (0, store.last_seq())
    pumped = neo4j.pump()
    assert (pumped.n_written, pumped.n_known) == (0, 0)
    here, there = (build_snapshot(each.events(), tmp_path / name) for name, each in (("e", store), ("n", neo4j)))
    assert (there.name, contents(there)) == (here.name, contents(here))
    assert adopt_import(neo4j, files, MODEL) == adopted


def test_counts_in_the_imported_database_are_those_of_the_events(imported, neo4j, store, ask):
    events = all_events(store)
    code = {name: relation.code for name, relation in MODEL.relations.items()}
    accounts = MODEL.kinds["account"].code

    def facts(name, *, retract=False):
        return sum(event["relation"] == code[name] and event["retract"] == retract for event in events)

    def pairs(name):
        return {(event["source"], event["target"]) for event in events if event["relation"] == code[name]}

    deeds = {relation.code for relation in MODEL.relations.values() if relation.source == "account"}
    nodes = {event["source"] for event in events if event["relation"] in deeds}
    nodes |= {event["target"] for event in events if event["target_kind"] == accounts}
    nodes |= {event["via"] for event in events if event["via"]}
    states = [relation for relation in MODEL.relations.values() if relation.form == "state"]
    of_states = sum(event["relation"] in {relation.code for relation in states} for event in events)
    standing = sum(
        len({(e["source"], e["target"], e["target_kind"]) for e in events if e["relation"] == relation.code})
        for relation in states
    )
    assert ask("MATCH (a:Account) RETURN count(a)") == len(nodes)
    assert ask("MATCH ()-[r:FOLLOWS]->() RETURN count(r)") == len(pairs("follow"))
    assert ask("MATCH ()-[r:TRUSTS]->() RETURN count(r)") == len(pairs("trust"))
    assert ask("MATCH (:Item)-[r:IS_ABOUT]->(:Topic) RETURN count(r)") == len(pairs("categorise"))
    assert ask("MATCH ()-[r:PURCHASED]->() RETURN count(r)") == facts("purchase")
    assert ask("MATCH ()-[r:REFUNDED]->() RETURN count(r)") == facts("purchase", retract=True)
    assert ask("MATCH ()-[r:SHARED]->() RETURN count(r)") == facts("share")
    assert ask("MATCH ()-[r:SUPERSEDED]->() RETURN count(r)") == of_states - standing
    assert ask("MATCH ()-[r {id: $id}]->() RETURN count(r)", id='a"b→"a"') == 1
    assert ask("MATCH (a:Account) WHERE a.id IN $ids RETURN count(a)", ids=list(HOSTILE)) == len(HOSTILE)
    assert ask("MATCH ()-[r]->() WHERE r.key IS NOT NULL RETURN count(DISTINCT r.key)") == len(events)
    assert ask("MATCH ()-[r]->() WHERE r.via IS NOT NULL RETURN count(r)") == sum(bool(e["via"]) for e in events)


def test_command_adopts_and_refuses_for_a_folder(imported, neo4j, ask, home, monkeypatch, capsys):
    _, files = imported
    monkeypatch.delenv("GUANXI_NEO4J_URI", raising=False)
    assert command(monkeypatch, "store", "adopt", str(files), "--store", str(home)) == 2
    assert "is a folder; name a database" in capsys.readouterr().err
    target = neo4j.target
    for name, value in (("NEO4J_USER", target.user), ("NEO4J_PASSWORD", target.password), ("NEO4J_URI", target.uri)):
        monkeypatch.setenv(f"GUANXI_{name}", value)
    ask("MATCH (o:GuanxiOutbox) DELETE o RETURN count(*)")
    assert command(monkeypatch, "store", "adopt", str(files), "--store", str(home)) == 0
    assert "every event up to" in capsys.readouterr().err
    assert neo4j.lag().n_events == 0


def test_events_after_the_adoption_are_applied_as_ever(imported, neo4j, store, tmp_path):
    _, files = imported
    if neo4j.lag().n_events:
        adopt_import(neo4j, files, MODEL)
    neo4j.append(table([row("unfollow", "ann", "bob", at=900), row("purchase", "new", "x0", id="later")]))
    assert neo4j.pump().n_written == 2
    with pytest.raises(StoreError, match="by another way"):
        adopt_import(neo4j, files, MODEL)
    here, there = (build_snapshot(each.events(), tmp_path / name) for name, each in (("e", store), ("n", neo4j)))
    assert (there.name, contents(there)) == (here.name, contents(here))


def test_files_hold_every_id_once_and_text_in_quotes(store, tmp_path):
    files = write_import(store, tmp_path / "files", MODEL)
    with (tmp_path / "files" / "Account.csv").open(newline="", encoding="utf-8") as stream:
        ids = [line[0] for line in csv.reader(stream)]
    assert len(ids) == len(set(ids)) == files.nodes["Account"]
    assert set(HOSTILE) <= set(ids)
    first = (tmp_path / "files" / "Account.csv").read_text(encoding="utf-8")[0]
    assert first == '"'
    assert sum(files.relationships.values()) == store.n_events()
    assert read_import(tmp_path / "files") == files


def test_compressed_files_hold_the_same(store, tmp_path):
    plain = write_import(store, tmp_path / "plain", MODEL)
    packed = write_import(store, tmp_path / "packed", MODEL, gzip=True)
    assert plain.relationships == packed.relationships
    for path in (tmp_path / "packed").glob("*.gz"):
        assert gzip.decompress(path.read_bytes()) == (tmp_path / "plain" / path.stem).read_bytes()


def test_folder_that_cannot_be_used_is_refused(store, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    with pytest.raises(ParameterError, match="no empty folder"):
        write_import(store, tmp_path / "full", MODEL)
    with pytest.raises(ParameterError, match="comma"):
        write_import(store, tmp_path / "a,b", MODEL)


def test_store_without_events_and_folder_without_files_are_not_ready(tmp_path):
    empty = EmbeddedStore(tmp_path / "empty", create=True)
    with pytest.raises(NotReadyError, match="no events"):
        write_import(empty, tmp_path / "files", MODEL)
    empty.close()
    with pytest.raises(NotReadyError, match=RECORD):
        read_import(tmp_path)
    (tmp_path / RECORD).write_text("{}")
    with pytest.raises(DamagedError, match=RECORD):
        read_import(tmp_path)


def test_files_of_another_store_are_not_adopted(store, tmp_path):
    write_import(store, tmp_path / "files", MODEL)
    nowhere = Neo4jTarget.parse("bolt://127.0.0.1:1")
    other = Neo4jStore(tmp_path / "other", nowhere, create=True)
    other.append(table([row("follow", "x", "y")]))
    with pytest.raises(StoreError, match="not of the store"):
        adopt_import(other, tmp_path / "files", MODEL)
    other.close()


def test_command_prints_what_to_run(home, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("GUANXI_NEO4J_URI", raising=False)
    assert command(monkeypatch, "export", "neo4j-import", str(tmp_path / "f i"), "--store", str(home)) == 0
    said = capsys.readouterr()
    assert said.out.startswith("neo4j-admin database import full neo4j --id-type=string")
    assert f"'--nodes=Account={tmp_path / 'f i'}/Account-header.csv,{tmp_path / 'f i'}/Account.csv'" in said.out
    assert "guanxi store adopt" in said.err
    assert command(monkeypatch, "export", "neo4j-import", str(tmp_path / "g"), "--store", str(home), "--json") == 0
    data = json.loads(capsys.readouterr().out)["data"]
    engine = Engine(home)
    assert sum(data["relationships"].values()) == engine.store.n_events()
    engine.close()


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["guanxi", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    return exited.value.code or 0
