"""Stores for the tests of Neo4j, and what they hold."""

import hashlib

from guanxi.errors import StoreError
from guanxi.events import EVENT_SCHEMA
from guanxi.snapshot import build_snapshot
from guanxi.stores import EmbeddedStore
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget


def target_of(server, *, database="", **changes):
    signed_in = {"user": server.user, "password": server.password} | changes
    return Neo4jTarget.parse(f"{server.uri}/{database}", **signed_in)


def neo4j_store(server, home):
    return Neo4jStore(home, target_of(server), create=True)


def embedded_store(home, *batches):
    store = EmbeddedStore(home, create=True)
    for events in batches:
        store.append(events)
    return store


def rows_in(store):
    """Every event of a store, in the order of their keys."""
    rows = [event for part in store.events() for event in part.cast(EVENT_SCHEMA).to_pylist()]
    return sorted(rows, key=lambda event: (event["key_hi"], event["key_lo"]))


def snapshot_files(store, parent):
    """A snapshot's name, and the checksum of every file in it."""
    folder = build_snapshot(store.events(), parent)
    return folder.name, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def wipe(server):
    """Take out everything but the schema: a schema that stays lets the server keep its compiled statements."""
    with server.driver() as driver:
        driver.execute_query("MATCH (n) WHERE NOT n:GuanxiMigration DETACH DELETE n")


def migrated(server, home):
    """A new store on a server with nothing but our schema."""
    wipe(server)
    store = neo4j_store(server, home)
    try:
        store.migrate()
    except StoreError:  # what another test left
        server.empty()
        store.migrate()
    return store


def asked(server, cypher, **parameters):
    """Every row of an answer, as a list of values."""
    with server.driver() as driver:
        return [record.values() for record in driver.execute_query(cypher, parameters_=parameters).records]
