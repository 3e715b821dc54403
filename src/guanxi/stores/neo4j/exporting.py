"""The graph back as events, a column at a time for ranges of sources: rows one by one take six times as long."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events import EVENT_SCHEMA, with_keys
from guanxi.schema import Model, RelationType
from guanxi.snapshot import NO_TIME
from guanxi.stores.neo4j import statements
from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.statements import Edge

RANGE_ROWS = 20_000
"""Relationships of one range of sources, on average."""

_NAMES = ("source", "target", "retract", *statements.OPTIONAL)


@dataclass(frozen=True, slots=True)
class Section:
    """Relationships of one type between two labels, and what they mean as events."""

    relation: RelationType
    kind: str
    edge: Edge
    retract: bool = False
    superseded: bool = False


def sections(model: Model) -> Iterator[Section]:
    """Everything that may be in the graph."""
    for relation in model.relations.values():
        for kind in relation.targets:
            yield Section(relation, kind, Edge.of(model, relation, kind))
            if relation.form == "state":
                yield Section(relation, kind, Edge.superseded(model, relation, kind), superseded=True)
            else:
                yield Section(relation, kind, Edge.of(model, relation, kind, retract=True), retract=True)


def exported(client: Neo4jClient, model: Model, *, range_rows: int = RANGE_ROWS) -> Iterator[pa.Table]:
    """Every event in the graph, in ``EVENT_SCHEMA``; in no order that means anything."""
    for section in sections(model):
        n = client.read(statements.count(section.edge))[0]["n"]
        if n:
            yield from _section(client, model, section, n, range_rows)


def _section(client: Neo4jClient, model: Model, section: Section, n: int, range_rows: int) -> Iterator[pa.Table]:
    n_sources = client.read(statements.n_nodes(section.edge.source))[0]["n"]
    step = max(1, n_sources * range_rows // n)
    for after, upto in _ranges(client, section.edge.source, step):
        cypher = statements.export(section.edge, of_relation=section.superseded, last=upto is None)
        parameters: dict[str, object] = {"after": after, "upto": upto, "relation": section.relation.name}
        parameters |= {"never": NO_TIME, "nan": math.nan, "nothing": ""}
        lists = client.lists(cypher, **parameters)
        if lists[0]:
            yield _events(dict(zip(_NAMES, lists, strict=True)), section, model)


def _ranges(client: Neo4jClient, label: str, step: int) -> Iterator[tuple[str, str | None]]:
    """Borders between ids, in the server's own order; after the last one there is no end."""
    after = ""
    while rows := client.read(statements.next_border(label), after=after, step=step - 1):
        yield after, rows[0]["id"]
        after = rows[0]["id"]
    yield after, None


def _events(lists: dict[str, list[object]], section: Section, model: Model) -> pa.Table:
    n = len(lists["source"])
    text = {name: _text(lists[name], n) for name in ("id", "via", "undoes", "properties")}
    time = pa.array(lists["time"], pa.int64()) if lists["time"] else pa.nulls(n, pa.int64())
    value = pa.array(lists["value"], pa.float64()) if lists["value"] else pa.nulls(n, pa.float64())
    body = {
        "id": text["id"],
        "relation": pa.array([section.relation.code], pa.int8()).take(pa.array([0] * n, pa.int32())),
        "retract": pa.array([True] * n) if section.retract else pa.array(lists["retract"], pa.bool_()),
        "source": pa.array(lists["source"], pa.string()),
        "target_kind": pa.array([model.kinds[section.kind].code] * n, pa.int8()),
        "target": pa.array(lists["target"], pa.string()),
        "time": pc.if_else(pc.equal(time, NO_TIME), None, time),
        "value": pc.if_else(pc.is_nan(value), None, value),
        "via": text["via"],
        "retracts": text["undoes"],
        "properties": text["properties"],
    }
    return with_keys(pa.table(body, schema=pa.schema([EVENT_SCHEMA.field(name) for name in body])))


def _text(values: list[object], n: int) -> pa.Array:
    """Text, with null for the stand-in; an empty list says that no event had any."""
    if not values:
        return pa.nulls(n, pa.string())
    column = pa.array(values, pa.string())
    return pc.if_else(pc.equal(column, ""), None, column)
