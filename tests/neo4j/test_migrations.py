"""Migrations: numbered, applied once and in order, recorded with their checksums."""

import pytest
from tests.neo4j.stores import asked, target_of

from guanxi.errors import NotReadyError, StoreError, StoreVersionError
from guanxi.schema import load_model
from guanxi.stores.neo4j import Neo4jClient, migrate
from guanxi.stores.neo4j.migrations import Migration, migrations, pending, require_current


@pytest.fixture
def client(clean_neo4j):
    opened = Neo4jClient(target_of(clean_neo4j))
    yield opened
    opened.close()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "V0001__one.cypher").write_text(
        "// a; comment\nCREATE CONSTRAINT t1 IF NOT EXISTS FOR (n:T) REQUIRE n.id IS UNIQUE;\n"
    )
    (tmp_path / "V0002__two.cypher").write_text(
        "CREATE INDEX t2 IF NOT EXISTS FOR (n:T) ON (n.a);\nCREATE INDEX t3 IF NOT EXISTS FOR (n:T) ON (n.b)"
    )
    return tmp_path


def names(client, what="INDEXES"):
    return {row["name"] for row in client.read(f"SHOW {what} YIELD name RETURN name")}


def test_shipped_migrations_are_applied_once_and_recorded(client, clean_neo4j):
    assert [m.number for m in migrate(client)] == [m.number for m in migrations()]
    assert migrate(client) == []
    found = asked(
        clean_neo4j, "MATCH (m:GuanxiMigration) RETURN m.number, m.sha256, m.applied IS NOT NULL ORDER BY m.number"
    )
    assert found == [[m.number, m.sha256, True] for m in migrations()]
    require_current(client)


def test_shipped_schema_makes_ids_and_keys_of_the_model_unique(client, clean_neo4j):
    migrate(client)
    found = asked(
        clean_neo4j, "SHOW CONSTRAINTS YIELD labelsOrTypes, properties, type RETURN labelsOrTypes[0], properties, type"
    )
    unique = {(name, tuple(properties)) for name, properties, kind in found if "UNIQUENESS" in kind}
    model = load_model()
    facts = [r for r in model.relations.values() if r.form == "fact"]
    types = [model.neo4j_superseded_type, *(name for r in facts for name in (r.neo4j_type, r.neo4j_retraction_type))]
    assert {(kind.neo4j_label, ("id",)) for kind in model.kinds.values()} <= unique
    assert {(name, ("key",)) for name in types} <= unique


def test_statements_end_in_semicolons_and_comments_are_left_out(folder):
    one, two = migrations(folder)
    assert [len(one.statements), len(two.statements)] == [1, 2]
    assert two.statements[1].startswith("CREATE INDEX t3")


def test_interrupted_migration_is_done_again(client, folder):
    client.command(migrations(folder)[1].statements[0])
    assert len(migrate(client, migrations(folder))) == 2
    assert {"t1", "t2", "t3"} <= names(client)


def test_new_migration_alone_is_applied(client, folder):
    both = migrations(folder)
    migrate(client, both[:1])
    assert [m.name for m in migrate(client, both)] == ["two"]


def test_changed_file_is_refused(client, folder):
    migrate(client, migrations(folder))
    path = folder / "V0001__one.cypher"
    path.write_text(path.read_text() + "\n// one more word")
    with pytest.raises(StoreError, match=r"migration 1 \(one\) has changed since it was applied"):
        migrate(client, migrations(folder))


def test_line_ends_of_another_system_are_no_change(client, folder):
    migrate(client, migrations(folder))
    path = folder / "V0002__two.cypher"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert migrate(client, migrations(folder)) == []


def test_newer_database_is_refused(client, folder):
    migrate(client, migrations(folder))
    with pytest.raises(StoreVersionError, match="has schema version 2; this version of Guanxi knows up to 1"):
        pending(client, migrations(folder)[:1])


def test_missing_migration_is_named(client):
    with pytest.raises(NotReadyError, match=rf"lacks {len(migrations())} schema migration.*entities_and_events"):
        require_current(client)


def test_gap_in_the_numbers_is_refused(folder):
    (folder / "V0002__two.cypher").rename(folder / "V0003__two.cypher")
    with pytest.raises(StoreError, match=r"numbers \[1, 3\]"):
        migrations(folder)


def test_file_with_another_name_is_refused(folder):
    with pytest.raises(StoreError, match="is not named V0001__name"):
        Migration.read(folder / "V1__one.cypher")
