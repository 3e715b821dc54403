"""Erasing accounts from Neo4j: their nodes with everything that joins them, and their names in others' relationships.

Erasures are applied before any event that came after them, and each as often as it takes: what is gone stays gone.
Neo4j's own transaction logs and backups are kept by its settings, not by ours.
"""

from dataclasses import replace

from neo4j import ManagedTransaction

from guanxi.events.record import DERIVED_PREFIX
from guanxi.schema import Model
from guanxi.stores.neo4j import outbox
from guanxi.stores.neo4j.applying import Known, apply
from guanxi.stores.neo4j.batches import Batch
from guanxi.stores.neo4j.client import Neo4jClient, statement
from guanxi.stores.neo4j.outbox import Position
from guanxi.stores.neo4j.pump import Pump
from guanxi.stores.neo4j.statements import label

BATCH_ROWS = 10_000
"""Relationships of one transaction."""


def erase_pending(pump: Pump) -> None:
    """Erase from the graph every account that was erased from the log and not there; only one at a time may do so."""
    waiting = pump.log.erasing("graph")
    if not waiting:
        return
    position = pump.position()
    if position.upto:
        position = _close_window(pump, position)
    for erasure in waiting:
        _erase(pump.client, pump.model, erasure.account)
    _forget_key(pump, position)
    pump.log.erased_from("graph", waiting)


def _close_window(pump: Pump, position: Position) -> Position:
    """Finish a window that was begun before the erasure.

    Without the erased events it is cut into other batches, so the marks of its batches say nothing any more: every
    event is compared with the graph.
    """
    window = pump.window(position, position.upto)
    for batch in window.todo:
        pump.client.write(lambda tx, batch=batch: _apply(tx, pump, batch))  # type: ignore[misc]
    pump.client.write(lambda tx: outbox.move(tx, pump.name, window.ended))
    return window.ended


def _apply(tx: ManagedTransaction, pump: Pump, batch: Batch) -> None:
    outbox.take_turn(tx, pump.name, pump.model)
    apply(tx, batch, pump.model, Known(alone=False))


def _erase(client: Neo4jClient, model: Model, account: str) -> None:
    of_kind = label(model.kinds["account"])
    joined = f"MATCH (:{of_kind} {{id: $id}})-[r]-() WITH DISTINCT r LIMIT $rows DELETE r RETURN count(*) AS n"
    _until_none(client, joined, account)
    client.write(lambda tx: tx.run(statement(f"MATCH (n:{of_kind} {{id: $id}}) DETACH DELETE n"), id=account).consume())
    for type_ in _types_with_via(model):
        named = (
            f"MATCH ()-[r:{type_}]->() WHERE r.via = $id WITH r LIMIT $rows\n"
            f"SET r.via = null, r.id = coalesce(r.id, '{DERIVED_PREFIX}' + r.key) RETURN count(*) AS n"
        )
        _until_none(client, named, account)


def _types_with_via(model: Model) -> list[str]:
    some = [relation for relation in model.relations.values() if relation.via]
    return [name for relation in some for name in (relation.neo4j_type, relation.neo4j_retraction_type) if name]


def _until_none(client: Neo4jClient, cypher: str, account: str) -> None:
    """Repeat a statement that changes some relationships at a time and says how many."""

    def work(tx: ManagedTransaction) -> int:
        return int(tx.run(statement(cypher), id=account, rows=BATCH_ROWS).single(strict=True)["n"])

    while client.write(work):
        pass


def _forget_key(pump: Pump, position: Position) -> None:
    """The position must not hold the key of an erased event."""
    if position.seq:
        now = replace(position, key=pump.key_at(position.seq))
        pump.client.write(lambda tx: outbox.move(tx, pump.name, now))
