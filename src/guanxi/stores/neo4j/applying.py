"""Writing a batch: facts once by their keys, states by the last writer."""

from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from neo4j import ManagedTransaction

from guanxi.errors import StoreError
from guanxi.schema import Model
from guanxi.stores.neo4j import statements
from guanxi.stores.neo4j.batches import Batch, Part, columns, ends, keys, maps
from guanxi.stores.neo4j.client import statement

_MIN_TIME = -(2**63)


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of the events of a batch: written, or known already to the database."""

    n_written: int = 0
    n_known: int = 0

    def __add__(self, other: "Applied") -> "Applied":
        return Applied(self.n_written + other.n_written, self.n_known + other.n_known)


def apply(tx: ManagedTransaction, batch: Batch, model: Model, *, alone: bool) -> Applied:
    """Write a batch as part of a transaction.

    Parameters
    ----------
    alone : bool
        Whether nobody else writes to this database; then an event that is new to the log is new to the database.
    """
    done = Applied()
    for part in batch:
        if part.is_state:
            done += _states(tx, part, model)
        elif part.superseded:
            rows = [_row(part, at, properties) for at, properties in enumerate(maps(part))]
            done += _superseded(tx, part.edge, rows, alone=alone)
        else:
            done += _facts(tx, part, model, alone=alone)
    return done


def _facts(tx: ManagedTransaction, part: Part, model: Model, *, alone: bool) -> Applied:
    total = len(part.events)
    if not alone:
        known = _known(tx, part.edge, keys(part.events))
        fresh = [at for at, key in enumerate(keys(part.events)) if key not in known]
        part = Part(part.relation, part.kind, part.edge, part.events.take(pa.array(fresh, pa.int64())))
    n = len(part.events)
    if n:
        named, nodes = columns(part), ends(part)
        via = statements.label(model.kinds["account"]) if nodes["vias"] else None
        _counted(tx, statements.create(part.edge, list(named), via=via), n, **named, **nodes)
    return Applied(n, total - n)


def _states(tx: ManagedTransaction, part: Part, model: Model) -> Applied:
    """Make what is new; where a pair has another event already, the later one stands and the other is kept aside."""
    named = columns(part)
    row = _counted(tx, statements.merge(part.edge, list(named)), len(part.events), **named, **ends(part))
    others = {int(at): old for at, old in row["others"]}
    if not others:
        return Applied(len(part.events))
    own = maps(part)
    winners = [_row(part, at, own[at]) for at, old in others.items() if _rank(own[at]) > _rank(old)]
    losers = [_row(part, at, min(own[at], old, key=_rank)) for at, old in others.items()]
    if winners:
        _counted(tx, statements.replace(part.edge), len(winners), rows=winners)
    for loser in losers:
        loser["properties"] = {"relation": part.relation.name} | loser["properties"]
    edge = statements.Edge.superseded(model, part.relation, part.kind)
    aside = _superseded(tx, edge, losers, alone=False)
    return Applied(len(part.events) - aside.n_known, aside.n_known)


def _rank(properties: dict[str, Any]) -> tuple[int, bool, str]:
    """What decides which event of a pair stands, as ``guanxi.snapshot`` has it."""
    return properties.get("time", _MIN_TIME), properties.get("retracted", False), properties.get("key", "")


def _superseded(tx: ManagedTransaction, edge: statements.Edge, rows: list[dict[str, Any]], *, alone: bool) -> Applied:
    known = set() if alone else _known(tx, edge, [row["properties"]["key"] for row in rows])
    fresh = [row for row in rows if row["properties"]["key"] not in known]
    if fresh:
        _counted(tx, statements.create_superseded(edge), len(fresh), rows=fresh)
    return Applied(len(fresh), len(rows) - len(fresh))


def _row(part: Part, at: int, properties: dict[str, Any]) -> dict[str, Any]:
    source, target = (part.events[name][at].as_py() for name in ("source", "target"))
    return {"source": source, "target": target, "properties": properties}


def _known(tx: ManagedTransaction, edge: statements.Edge, wanted: list[str]) -> set[str]:
    return set(tx.run(statement(statements.known_keys(edge)), batch={"keys": wanted}).single(strict=True)["keys"])


def _counted(tx: ManagedTransaction, cypher: str, n: int, **parameters: object) -> dict[str, Any]:
    """Run a statement that says how many rows it came to; another number means that the graph is not as it must be."""
    row = tx.run(statement(cypher), batch=parameters).single(strict=True).data()
    if row["n"] != n:
        raise StoreError(f"Neo4j wrote {row['n']:,} of {n:,} relationships; are its uniqueness constraints in place?")
    return row
