"""The graph back as events, a column at a time for ranges of sources: rows one by one take six times as long."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from guanxi.errors import StoreError
from guanxi.events import EVENT_SCHEMA, with_keys
from guanxi.schema import Model, RelationType
from guanxi.snapshot import NO_TIME
from guanxi.stores.neo4j import statements
from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.statements import Edge

RANGE_ROWS = 20_000
"""Relationships of one range of sources, on average."""
LANES = 2
"""Ranges that the server reads at the same time."""


@dataclass(frozen=True, slots=True)
class Section:
    """Relationships of one type from one label, and what they mean as events.

    Attributes
    ----------
    relations : tuple of RelationType
        Which they may be; where there are several, each says its own.
    retract : bool
        Whether the type itself takes facts back.
    """

    source: str
    type: str
    relations: tuple[RelationType, ...]
    retract: bool = False

    def kinds(self, model: Model) -> dict[str, int]:
        """Labels of the targets, with the codes of their kinds."""
        kinds = [model.kinds[kind] for relation in self.relations for kind in relation.targets]
        return {statements.label(kind): kind.code for kind in kinds}

    def cypher(self, model: Model) -> str:
        """The statement that reads them."""
        return statements.export(self.source, self.type, self.kinds(model), self.columns)

    @property
    def columns(self) -> dict[str, str]:
        """What they may say, and where it stands."""
        found = {name: f"r.{name}" for name in ("id", "time", "properties")}
        if values := dict.fromkeys(statements.value_name(relation) for relation in self.relations if relation.value):
            names = [f"r.{name}" for name in values]
            found["value"] = names[0] if len(names) == 1 else f"coalesce({', '.join(names)})"
        optional = {
            "retract": ("r.retracted", self.relations[0].form == "state"),
            "relation": ("r.relation", len(self.relations) > 1),
            "via": ("r.via", any(relation.via for relation in self.relations)),
            "undoes": ("r.undoes", self.retract),
        }
        return found | {name: where for name, (where, there) in optional.items() if there}


def sections(model: Model) -> list[Section]:
    """Everything that may be in the graph."""
    found: list[Section] = []
    states: dict[str, list[RelationType]] = {}
    for relation in model.relations.values():
        edge = Edge.of(model, relation, relation.targets[0])
        found.append(Section(edge.source, edge.type, (relation,)))
        if relation.form == "fact":
            back = Edge.of(model, relation, relation.targets[0], retract=True)
            found.append(Section(back.source, back.type, (relation,), retract=True))
        else:
            states.setdefault(edge.source, []).append(relation)
    for some in states.values():
        old = Edge.superseded(model, some[0], some[0].targets[0])
        found.append(Section(old.source, old.type, tuple(some)))
    return found


def exported(client: Neo4jClient, model: Model, *, range_rows: int | None = None) -> Iterator[pa.Table]:
    """Every event in the graph, in ``EVENT_SCHEMA``; in no order that means anything.

    Raises
    ------
    StoreError
        If the graph changed meanwhile, or holds relationships of our types between nodes that they do not join.
    """
    found = sections(model)
    counts = client.read(statements.counts([(section.source, section.type) for section in found]))[0]["n"]
    for section, n in zip(found, counts, strict=True):
        n_read = 0
        for events in _section(client, model, section, n, range_rows or RANGE_ROWS) if n else ():
            n_read += len(events)
            yield events
        if n_read != n:
            raise StoreError(
                f"{client.target} counts {n:,} relationships (:{section.source})-[:{section.type}]->() and handed out "
                f"{n_read:,}; was the graph changed meanwhile, or by hand? Take the snapshot again"
            )


def _section(client: Neo4jClient, model: Model, section: Section, n: int, range_rows: int) -> Iterator[pa.Table]:
    n_sources = client.read(statements.n_nodes(section.source))[0]["n"]
    parameters: dict[str, object] = {"step": max(1, n_sources * range_rows // n)}
    [starts] = client.lists(statements.starts(section.source), **parameters)
    parameters |= {"never": NO_TIME, "nan": math.nan, "nothing": ""}
    cypher = section.cypher(model)
    for lists in _ahead(lambda after: client.lists(cypher, after=after, **parameters), ["", *starts]):
        if lists[0]:
            yield _events(dict(zip(statements.LISTS, lists, strict=True)), section, model)


def _ahead(read: Callable[[str], list[list[Any]]], starts: Iterable[str]) -> Iterator[list[list[Any]]]:
    """Read from every start, in their order and a few at a time, while the caller works."""
    with ThreadPoolExecutor(LANES) as pool:
        waiting: deque[Future[list[list[Any]]]] = deque()
        for start in starts:
            waiting.append(pool.submit(read, start))
            if len(waiting) > LANES:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _events(lists: dict[str, list[object]], section: Section, model: Model) -> pa.Table:
    n = len(lists["source"])
    text = {name: _text(lists[name], n) for name in ("id", "via", "undoes", "properties")}
    time, value = _numbers(lists["time"], n, pa.int64()), _numbers(lists["value"], n, pa.float64())
    kind = _numbers(lists["kind"], n, pa.int8(), otherwise=next(iter(section.kinds(model).values())))
    body = {
        "id": text["id"],
        "relation": _relations(lists["relation"], n, section.relations),
        "retract": _numbers(lists["retract"], n, pa.bool_(), otherwise=section.retract),
        "source": pa.array(lists["source"], pa.string()),
        "target_kind": kind,
        "target": pa.array(lists["target"], pa.string()),
        "time": pc.if_else(pc.equal(time, NO_TIME), None, time),
        "value": pc.if_else(pc.is_nan(value), None, value),
        "via": text["via"],
        "retracts": text["undoes"],
        "properties": text["properties"],
    }
    known = pc.and_(pc.greater(kind, 0), pc.greater(body["relation"], 0))
    table = pa.table(body, schema=pa.schema([EVENT_SCHEMA.field(name) for name in body]))
    return with_keys(table.filter(known))


def _relations(names: list[object], n: int, relations: tuple[RelationType, ...]) -> pa.Array:
    """Codes of the relations that events name; 0 for one that is not known."""
    if len(relations) == 1:
        return _numbers([], n, pa.int8(), otherwise=relations[0].code)
    codes = {relation.name: relation.code for relation in relations}
    return pa.array([codes.get(str(name), 0) for name in names], pa.int8())


def _numbers(values: list[object], n: int, kind: pa.DataType, *, otherwise: object = None) -> pa.Array:
    """A column; an empty list says that every event has the same."""
    return pa.array(values, kind) if values else pa.repeat(pa.scalar(otherwise, kind), n)


def _text(values: list[object], n: int) -> pa.Array:
    """Text, with null for the stand-in; an empty list says that no event had any."""
    column = _numbers(values, n, pa.string())
    return pc.if_else(pc.equal(column, ""), None, column)
