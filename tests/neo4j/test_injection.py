"""Hostile text in every field is stored as text: the graph stays whole, and the text comes back as it was."""

import json

import pytest
from tests.neo4j.stores import embedded_store, migrated, neo4j_store, rows_in, snapshot_files

from strategies import MODEL, row, table

HOSTILE = (
    "'", '"', "`", "``", "\\", "\\'", "'; MATCH (n) DETACH DELETE n; //", '"}) DETACH DELETE n //',
    "a`]->(b) DETACH DELETE b //", "ann'}) SET n.admin = true WITH n MATCH (m) DETACH DELETE m //", "\\u0027",
    "\\u0060", "\\u0027}) DETACH DELETE n //", "%27", "&#39;", "$batch", "${batch}", "$batch.key[0]", "{id: 1}",
    "[row]", "null", "NULL", "None", "nan", "NaN", "undefined", "true", "0", "-1", "1e309", "()", "(:Account)", "-->",
    "/*", "*/", "//", "--", ";", "CALL dbms.shutdown()", "LOAD CSV FROM 'file:///etc/passwd' AS l RETURN l",
    "UNION MATCH (n) RETURN n", "\U0001f600", "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u00e9", "e\u0301",
    "\u202eevil", "مرحبا", "שלום", "邓小明", "ａｎｎ", "\u200b", "a\u200bb", "\uffff", "\U0010fffd", "\u2018\u2019",
    "\uff07", "\u02bc", "=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../etc/passwd", "x" * 256, "'" * 256,
    "茶" * 85,
)  # fmt: skip
MORE = [row("follow", "ann", "bob", at=1, id="plain"), row("purchase", "ann", "tea", at=1, via="bob")]


def rows_with(text, at):
    """One row of each form that says ``text`` in every field which can hold it."""
    properties = {text: text, "nested": {"list": [text]}}
    other = f"{at}-other"
    return [
        row("purchase", text, f"{text[:100]}.", at=1, id=text, via=other, properties=properties),
        row("refund", text, f"{text[:100]}.", at=2, retracts=text, properties=properties),
        row("share", other, text, at=1, via=text, target_kind="post"),
        row("follow", other, text, at=1, properties=properties),
        row("unfollow", other, text, at=2, properties=properties),
        row("certify", text, text, at=1, properties=properties),
    ]


@pytest.fixture
def events():
    return table(MORE + [one for at, text in enumerate(HOSTILE) for one in rows_with(text, at)])


@pytest.fixture
def store(neo4j_server, tmp_path):
    neo4j_server.make_usable()
    opened = migrated(neo4j_server, tmp_path / "home")
    yield opened
    opened.close()


def test_hostile_text_in_every_field_comes_back_exactly(store, events, tmp_path):
    store.append(events)
    embedded = embedded_store(tmp_path / "embedded", events)
    assert rows_in(store) == rows_in(embedded)
    assert snapshot_files(store, tmp_path / "a") == snapshot_files(embedded, tmp_path / "b")
    embedded.close()


def test_hostile_text_makes_no_label_type_or_property_of_its_own(store, events, neo4j_server):
    store.append(events)
    store.pump()
    with neo4j_server.driver() as driver:
        found = driver.execute_query(
            "CALL db.labels() YIELD label WITH collect(label) AS labels "
            "CALL db.relationshipTypes() YIELD relationshipType WITH labels, collect(relationshipType) AS types "
            "MATCH (n) UNWIND keys(n) AS key RETURN labels, types, collect(DISTINCT key) AS node_keys"
        ).records[0]
        edges = driver.execute_query("MATCH ()-[r]->() UNWIND keys(r) AS k RETURN collect(DISTINCT k) AS keys").records
    entities = {kind.neo4j_label for kind in MODEL.kinds.values()}
    own = entities | {"GuanxiOutbox", "GuanxiLedger", "GuanxiMigration", "GuanxiBatch"}
    assert set(found["labels"]) <= own
    assert all(name.replace("_", "").isalpha() and name.isupper() for name in found["types"])
    meta = {
        "log",
        "seq",
        "upto",
        "part",
        "rows",
        "key",
        "alone",
        "since",
        "name",
        "writer",
        "number",
        "sha256",
        "applied",
    }
    assert set(found["node_keys"]) <= {"id"} | meta
    assert set(edges[0]["keys"]) <= {"key", "id", "time", "retracted", "via", "undoes", "properties", "relation"}


def test_hostile_text_survives_a_second_store_that_looks_everything_up(store, events, neo4j_server, tmp_path):
    store.append(events)
    before = rows_in(store)
    second = neo4j_store(neo4j_server, tmp_path / "second")
    second.append(events)
    assert second.pump().n_known == store.n_events() == len(before)
    assert rows_in(second) == before
    second.close()


def test_properties_are_json_text_as_the_log_has_them(store, events, neo4j_server):
    store.append(events)
    store.pump()
    with neo4j_server.driver() as driver:
        found = driver.execute_query(
            "MATCH (:Account {id: $id})-[r:PURCHASED]->() RETURN r.properties AS properties", id=HOSTILE[6]
        )
    assert json.loads(found.records[0]["properties"])[HOSTILE[6]] == HOSTILE[6]
