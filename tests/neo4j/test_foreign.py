"""Somebody's own graph: read as a mapping file says, and never changed."""

import json
import sys

import neo4j
import pytest

from guanxi.cli import main
from guanxi.engine import Engine, topics
from guanxi.errors import FileFormatError, ParameterError, StoreError
from guanxi.schema import load_model
from guanxi.stores.neo4j import Neo4jTarget
from guanxi.stores.neo4j.foreign import ReadOnlyClient, read_graph, read_graph_mapping

MODEL = load_model()
GRAPH = """
CREATE (ann:Person:`Odd ``label` {uid: 'ann'}), (bob:Person {uid: 'bob'}), (cai:Person {uid: 'cai'}),
       (seven:Person {uid: 7}), (nobody:Person), (shop:Shop {name: 'not mapped'}),
       (tea:Product {sku: 'tea'}), (pot:Product {sku: 'pot'}),
       (ann)-[:KNOWS {since: date('2024-01-02')}]->(bob),
       (bob)-[:KNOWS {since: datetime('2024-01-03T04:05:06.789+08:00')}]->(cai),
       (seven)-[:KNOWS {since: 1704067200}]->(cai),
       (ann)-[:KNOWS]->(nobody),
       (ann)-[:KNOWS {since: 'long ago'}]->(cai),
       (ann)-[:KNOWS {since: time('12:00')}]->(seven),
       (tea)-[:`BOUGHT ``BY` {n: 2, order: 'o-1', colour: 'green', by: 'bob'}]->(ann),
       (tea)-[:`BOUGHT ``BY` {n: 1.5, order: 'o-2'}]->(cai),
       (pot)-[:`BOUGHT ``BY` {n: true, order: 'o-3'}]->(cai),
       (shop)-[:KNOWS]->(ann)
"""
MAPPING = """
[nodes.account]
label = "Person"
id = "uid"

[nodes.item]
label = "Product"
id = "sku"

[[relations]]
type = "KNOWS"
relation = "follow"
time = "since"

[[relations]]
type = "BOUGHT `BY"
relation = "purchase"
reverse = true
id = "order"
value = "n"
via = "by"
properties = ["colour"]
"""
COUNTS = """
CALL () { MATCH (n) RETURN count(n) AS nodes } CALL () { MATCH ()-[r]->() RETURN count(r) AS relationships }
CALL () { MATCH (n) UNWIND keys(n) AS k RETURN count(k) AS on_nodes }
CALL () { MATCH ()-[r]->() UNWIND keys(r) AS k RETURN count(k) AS on_relationships }
RETURN nodes, relationships, on_nodes, on_relationships
"""
LISTS = (
    "CALL db.labels() YIELD label AS name RETURN name ORDER BY name",
    "CALL db.relationshipTypes() YIELD relationshipType AS name RETURN name ORDER BY name",
    "CALL db.propertyKeys() YIELD propertyKey AS name RETURN name ORDER BY name",
    "SHOW CONSTRAINTS YIELD name RETURN name ORDER BY name",
    "SHOW INDEXES YIELD name RETURN name ORDER BY name",
)


@pytest.fixture
def target(clean_neo4j):
    """Their graph."""
    with clean_neo4j.driver() as driver:
        driver.execute_query(GRAPH)
    return Neo4jTarget.parse(clean_neo4j.uri, user=clean_neo4j.user, password=clean_neo4j.password)


@pytest.fixture
def client(target):
    client = ReadOnlyClient(target)
    yield client
    client.close()


@pytest.fixture
def engine(tmp_path):
    engine = Engine(tmp_path / "store", create=True)
    yield engine
    engine.close()


@pytest.fixture
def mapping(tmp_path):
    """Write a mapping file."""

    def write(text=MAPPING):
        path = tmp_path / "graph.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def state_of(server):
    """Everything that a write would change."""
    with server.driver() as driver:
        counts = driver.execute_query(COUNTS).records[0].data()
        return counts, [[row["name"] for row in driver.execute_query(cypher).records] for cypher in LISTS]


def test_graph_is_read_as_the_mapping_says(target, engine, mapping):
    report = engine.load_graph(target, mapping())
    assert report.by_relation == {"follow": 3, "purchase": 2}
    events = {(event["source"], event["target"]): event for part in engine.store.events() for event in part.to_pylist()}
    assert events.keys() == {("ann", "bob"), ("bob", "cai"), ("7", "cai"), ("ann", "tea"), ("cai", "tea")}
    assert events["ann", "bob"]["time"] == 1_704_153_600_000_000
    assert events["bob", "cai"]["time"] == 1_704_225_906_789_000
    assert events["7", "cai"]["time"] == 1_704_067_200_000_000
    bought = events["ann", "tea"]
    assert (bought["id"], bought["value"], bought["via"], bought["properties"]) == (
        "o-1", 2.0, "bob", '{"colour":"green"}'
    )  # fmt: skip
    assert events["cai", "tea"]["value"] == 1.5


def test_relationships_that_are_no_events_are_refused_with_their_reasons(target, engine, mapping):
    report = engine.load_graph(target, mapping())
    assert report.n_rejects == 4
    reasons = sorted((reject.file.rpartition(" ")[0], reject.field, reject.reason) for reject in report.first_rejects)
    assert {field for _, field, _ in reasons} == {"target", "time", "value"}
    assert report.rejects_file.is_file()


def test_topics_of_items_are_read_from_a_graph(clean_neo4j, target, engine, mapping):
    with clean_neo4j.driver() as driver:
        driver.execute_query("MATCH (tea:Product {sku: 'tea'}) CREATE (tea)-[:IN]->(:Category {title: '饮料'})")
    nodes = '[nodes.topic]\nlabel = "Category"\nid = "title"\n'
    about = '[[relations]]\ntype = "IN"\nrelation = "categorise"\n'
    assert engine.load_graph(target, mapping(f"{nodes}{MAPPING}{about}")).by_relation["categorise"] == 1
    engine.snapshot()
    engine.score()
    assert [topic["id"] for topic in topics.topics(engine.view())[0]["topics"]] == ["饮料"]
    assert [item["id"] for item in topics.items(engine.view(), "bob", "饮料")[0]["items"]] == ["tea"]


def test_graph_read_gives_answers(target, engine, mapping):
    engine.load_graph(target, mapping())
    engine.snapshot()
    engine.score()
    answer, _ = engine.view().items("bob")
    assert [item["id"] for item in answer["items"]] == ["tea"]


def test_reading_again_brings_nothing_new(target, engine, mapping):
    first = engine.load_graph(target, mapping())
    again = engine.load_graph(target, mapping())
    assert (again.n_created, again.n_duplicates) == (0, first.n_created)


def test_reading_changes_nothing(clean_neo4j, target, engine, mapping):
    before = state_of(clean_neo4j)
    engine.load_graph(target, mapping())
    with pytest.raises(ParameterError):
        engine.load_graph(target, mapping(MAPPING.replace('"uid"', '"a new name"')))
    assert state_of(clean_neo4j) == before


def test_connection_that_reads_cannot_write(clean_neo4j, client):
    before = state_of(clean_neo4j)
    for cypher in ("CREATE (n:New) RETURN 1 AS one", "MATCH (n) SET n.x = 1 RETURN n", "MATCH (n) DETACH DELETE n"):
        with pytest.raises(StoreError, match=r"(?i)read access mode|not allowed"):
            client.read(cypher)
        with pytest.raises(StoreError, match=r"(?i)read access mode|not allowed"):
            list(client.batches(cypher, rows=10))
    with pytest.raises(StoreError, match="read only"):
        client.write(lambda tx: tx.run("CREATE (n)"))
    with pytest.raises(StoreError, match="read only"):
        client.command("CREATE (n)")
    assert state_of(clean_neo4j) == before


def test_every_session_is_opened_for_reading(target, engine, mapping, monkeypatch):
    opened = []
    open_session = neo4j.Driver.session

    def noted(self, **config):
        opened.append(config["default_access_mode"])
        return open_session(self, **config)

    monkeypatch.setattr(neo4j.Driver, "session", noted)
    engine.load_graph(target, mapping())
    assert opened
    assert set(opened) == {neo4j.READ_ACCESS}


def test_batches_number_the_relationships_of_a_type_on(client, mapping):
    found = list(read_graph(client, read_graph_mapping(mapping(), MODEL), batch_rows=2))
    assert [(rows.type, rows.first, len(rows.rows)) for rows in found] == [
        ("KNOWS", 1, 2), ("KNOWS", 3, 2), ("KNOWS", 5, 2), ("BOUGHT `BY", 1, 2), ("BOUGHT `BY", 3, 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Person"', '"Persn"', "no label 'Persn'; it has"),
        ('"KNOWS"', '"KNOW"', "no type 'KNOW'; it has"),
        ('"since"', '"sinc"', "no property 'sinc'; it has"),
        ('"colour"', '"x\'})-[r]-() DETACH DELETE r //"', "no property"),
        ('"Person"', '"Person`) DETACH DELETE a //"', "no label"),
    ],
)
def test_name_that_the_graph_lacks_is_refused(clean_neo4j, target, engine, mapping, old, new, said):
    before = state_of(clean_neo4j)
    with pytest.raises(ParameterError, match=said):
        engine.load_graph(target, mapping(MAPPING.replace(old, new)))
    assert state_of(clean_neo4j) == before
    assert engine.store.n_events() == 0


def test_hostile_names_that_the_graph_has_are_only_names(clean_neo4j, target, engine, mapping):
    label, type_ = "P`) DETACH DELETE a //", "T`]-() DETACH DELETE a //"
    quoted = [name.replace("`", "``") for name in (label, type_)]
    with clean_neo4j.driver() as driver:
        driver.execute_query(
            f"CREATE (:`{quoted[0]}` {{`i'd```: 'x'}})-[:`{quoted[1]}`]->(:`{quoted[0]}` {{`i'd```: 'y'}})"
        )
    before = state_of(clean_neo4j)
    text = f'[nodes.account]\nlabel = "{label}"\nid = "i\'d`"\n[[relations]]\ntype = "{type_}"\nrelation = "follow"'
    assert engine.load_graph(target, mapping(text)).by_relation == {"follow": 1}
    assert state_of(clean_neo4j) == before


def test_backslash_in_a_name_is_refused(clean_neo4j, target, engine, mapping):
    with clean_neo4j.driver() as driver:
        driver.execute_query("CREATE (:`a\\u005Cu0060b` {uid: 'x'})")
    with pytest.raises(ParameterError, match="backslash"):
        engine.load_graph(target, mapping(MAPPING.replace('"Person"', "'a\\u0060b'")))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[nodes.account]", "[nodes.user]", "kind 'user' is not one of account"),
        ('relation = "follow"', 'relation = "likes"', "relation 'likes' is not one of"),
        ('relation = "follow"', "", "relation is None, not a name"),
        ("reverse = true", 'reverse = "yes"', "reverse is 'yes', not true or false"),
        ('time = "since"', 'times = "since"', "key 'times' is not one of"),
        ('properties = ["colour"]', 'properties = "colour"', "not a list of names"),
        ('time = "since"', 'target = "item"', "target 'item' is not one of account"),
        ('[nodes.item]\nlabel = "Product"\nid = "sku"', "", r"no \[nodes.item\] table"),
        ("[[relations]]", "[[types]]", "key 'types' is not one of nodes, relations"),
        ("[nodes.account]", "[nodes.account", "is not a TOML file"),
    ],
)
def test_mapping_that_says_something_else_is_refused(mapping, old, new, said):
    with pytest.raises(FileFormatError, match=said):
        read_graph_mapping(mapping(MAPPING.replace(old, new)), MODEL)


def test_mapping_file_that_is_missing_or_says_nothing_is_refused(mapping, tmp_path):
    with pytest.raises(FileFormatError, match="No such file"):
        read_graph_mapping(tmp_path / "none.toml", MODEL)
    with pytest.raises(FileFormatError, match=r"no \[\[relations\]\] table"):
        read_graph_mapping(mapping(""), MODEL)
    with pytest.raises(FileFormatError, match=r"nodes is not written as \[nodes.KIND\]"):
        read_graph_mapping(mapping("nodes = 3\n[[relations]]"), MODEL)
    with pytest.raises(FileFormatError, match=r"relations is not written as \[\[relations\]\]"):
        read_graph_mapping(mapping("relations = 3"), MODEL)


def test_store_cannot_be_loaded_from_itself(target, tmp_path, mapping):
    engine = Engine(tmp_path / "home", create=True, neo4j=target)
    with pytest.raises(ParameterError, match="is the store itself"):
        engine.load_graph(target, mapping())
    engine.close()


def test_command_reads_a_graph_into_a_folder(target, mapping, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GUANXI_NEO4J_USER", target.user)
    monkeypatch.setenv("GUANXI_NEO4J_PASSWORD", target.password)
    monkeypatch.delenv("GUANXI_NEO4J_URI", raising=False)
    loading = ("load", target.uri, "--store", str(tmp_path / "store"))
    assert command(monkeypatch, *loading, "--mapping", str(mapping()), "--json") == 0
    assert json.loads(capsys.readouterr().out)["data"]["n_created"] == 5
    assert command(monkeypatch, *loading) == 2
    assert "--mapping FILE explains" in capsys.readouterr().err
    assert command(monkeypatch, *loading, "more.csv", "--mapping", str(mapping())) == 2
    assert "load it on its own" in capsys.readouterr().err
    assert command(monkeypatch, *loading, "--mapping", str(mapping()), "--symmetric") == 2
    assert "no other flag" in capsys.readouterr().err


def command(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["guanxi", *arguments])
    with pytest.raises(SystemExit) as exited:
        main()
    return exited.value.code or 0
