"""Writing a batch: facts once by their keys, states by the last writer."""

from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the database before a batch is written.

    Attributes
    ----------
    alone : bool
        Nobody else writes to it: an event that is new to the log is new to the database.
    nodes : bool
        Every node that the batch names is there, and other batches may be written at the same time.
    empty : frozenset of str
        Relationship types of which there were none when the window began.
    """

    alone: bool
    nodes: bool = False
    empty: frozenset[str] = frozenset()


def apply(tx: ManagedTransaction, batch: Batch, model: Model, known: Known) -> Applied:
    """Write a batch as part of a transaction."""
    done = Applied()
    for part in batch:
        if part.superseded:
            rows = [_row(part, at, properties) for at, properties in enumerate(maps(part))]
            done += _superseded(tx, part.edge, rows, alone=known.alone)
        elif not part.is_state:
            done += _facts(tx, part, model, known)
        elif known.nodes:
            done += _fresh_states(tx, part, model, known)
        else:
            done += _states(tx, part, model)
    return done


def _facts(tx: ManagedTransaction, part: Part, model: Model, known: Known) -> Applied:
    total = len(part.events)
    if not known.alone:
        there = _known(tx, part.edge, keys(part.events))
        part = part.take([at for at, key in enumerate(keys(part.events)) if key not in there])
    n = len(part.events)
    if n:
        _create(tx, part, model, there=known.nodes)
    return Applied(n, total - n)


def _create(tx: ManagedTransaction, part: Part, model: Model, *, there: bool) -> None:
    nodes = ends(part)
    via = statements.label(model.kinds["account"]) if nodes["vias"] else None
    cypher = statements.create(part.edge, state=part.is_state, there=there, via=via)
    _counted(tx, cypher, len(part.events), **columns(part), **nodes)


def _fresh_states(tx: ManagedTransaction, part: Part, model: Model, known: Known) -> Applied:
    """Make what is new without the locks of MERGE, over which batches would stumble."""
    joined: set[int] = set()
    if part.edge.type not in known.empty:
        asked = {"key": keys(part.events)} | ends(part)
        row = tx.run(statement(statements.joined(part.edge)), batch=asked).single()
        joined = set(row["rows"]) if row else set()
    new = part.take([at for at in range(len(part.events)) if at not in joined])
    if len(new.events):
        _create(tx, new, model, there=True)
    old = _states(tx, part.take(sorted(joined)), model) if joined else Applied()
    return Applied(len(new.events)) + old


def _states(tx: ManagedTransaction, part: Part, model: Model) -> Applied:
    """Make what is new; where a pair has another event already, the later one stands and the other is kept aside."""
    named, n = columns(part), len(part.events)
    row = _counted(tx, statements.merge(part.edge), n, **named, **ends(part))
    others = {int(at): old for at, old in row["others"]}
    n_known = n - row["n_new"] - len(others)
    if not others:
        return Applied(n - n_known, n_known)
    own = maps(part)
    winners = [_row(part, at, own[at]) for at, old in others.items() if _rank(own[at]) > _rank(old)]
    losers = [_row(part, at, min(own[at], old, key=_rank)) for at, old in others.items()]
    if winners:
        _counted(tx, statements.replace(part.edge), len(winners), rows=winners)
    for loser in losers:
        loser["properties"] = {"relation": part.relation.name} | loser["properties"]
    edge = statements.Edge.superseded(model, part.relation, part.kind)
    aside = _superseded(tx, edge, losers, alone=False)
    n_known += aside.n_known
    return Applied(n - n_known, n_known)


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
    """Run a statement that says how many rows it came to; another number means that the graph is not as it must be.

    ``n_new`` is how many relationships it made.
    """
    result = tx.run(statement(cypher), batch=parameters)
    row = result.single(strict=True).data()
    if row["n"] != n:
        raise StoreError(f"Neo4j wrote {row['n']:,} of {n:,} relationships; are its uniqueness constraints in place?")
    return row | {"n_new": result.consume().counters.relationships_created}
