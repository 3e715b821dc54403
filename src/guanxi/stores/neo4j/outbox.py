"""How far a log has been applied: a node that moves in the same transaction as what it speaks of."""

from dataclasses import asdict, dataclass

from neo4j import ManagedTransaction

from guanxi.errors import StoreBusyError
from guanxi.schema import Model
from guanxi.stores.neo4j.client import statement


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a log is applied.

    Attributes
    ----------
    seq : int
        Every event up to here.
    upto, rows : int
        A window ``seq + 1 .. upto`` is being applied in batches of so many rows; 0 between windows. Each of its batches
        that is applied has a node of its own, made in the same transaction.
    key : str
        Key of the event at ``seq``, by which a log that was replaced is found out.
    """

    seq: int = 0
    upto: int = 0
    rows: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a transaction learns when it has taken its turn.

    ``alone``: no other log was ever applied to this database, and it held no relationships before this one.
    """

    position: Position
    alone: bool


# The ledger is one node that every writing transaction changes first: so they wait for each other. Only the batches of
# a log that is alone do without, and no other log may begin while they are written.
_TAKE = """
MERGE (l:GuanxiLedger {name: 'events'}) SET l.writer = $log
WITH l
OPTIONAL MATCH (o:GuanxiOutbox {log: $log})
WITH o, NOT EXISTS { MATCH (other:GuanxiOutbox) WHERE other.log <> $log } AS only
SET o.alone = o.alone AND only
RETURN o {.seq, .upto, .rows, .key, .alone} AS own, only,
       EXISTS { MATCH (other:GuanxiOutbox) WHERE other.log <> $log AND other.alone AND other.upto > 0 } AS busy
"""
_MOVE = "MATCH (o:GuanxiOutbox {log: $log}) SET o.seq = $seq, o.upto = $upto, o.rows = $rows, o.key = $key"
_OPEN = "CREATE (:GuanxiOutbox {log: $log, seq: 0, upto: 0, rows: 0, key: '', alone: $alone, since: datetime()})"
_OWN_UP = "MATCH (o:GuanxiOutbox {log: $log}) SET o.alone = NOT EXISTS { (other:GuanxiOutbox) WHERE other.log <> $log }"
_READ = "MATCH (o:GuanxiOutbox {log: $log}) RETURN o {.seq, .upto, .rows, .key} AS own"
_MARK = "MERGE (b:GuanxiBatch {id: $id}) ON CREATE SET b.log = $log, b.number = $number"
_MARKED = "MATCH (b:GuanxiBatch {log: $log}) RETURN collect(b.number) AS numbers"
_CLEAR = "MATCH (b:GuanxiBatch {log: $log}) DELETE b"


def take_turn(tx: ManagedTransaction, log: str, model: Model) -> Turn:
    """Wait for other writers, then read the position; a log that is new here gets one.

    Raises
    ------
    StoreBusyError
        If another log, which was alone until now, is in the middle of a window.
    """
    row = tx.run(_TAKE, log=log).single(strict=True)
    own = row["own"]
    if row["busy"]:
        raise StoreBusyError(
            "another store is loading into this Neo4j database, or was killed while it did; let `guanxi store apply` "
            "finish there first"
        )
    if own is None:
        alone = bool(row["only"]) and len(empty_types(tx, model)) == len(_types(model))
        tx.run(_OPEN, log=log, alone=alone).consume()
        return Turn(Position(), alone)
    alone = own.pop("alone")
    return Turn(Position(**own), alone)


def move(tx: ManagedTransaction, log: str, position: Position) -> None:
    """Write a position down; with a window's end, its batches need no nodes any more."""
    tx.run(_MOVE, {"log": log, **asdict(position)}).consume()
    if not position.upto:
        tx.run(_CLEAR, log=log).consume()


def mark(tx: ManagedTransaction, log: str, position: Position, number: int) -> bool:
    """Write down that a batch of the window is applied; False if it was before."""
    result = tx.run(_MARK, id=f"{log}/{position.seq}/{number}", log=log, number=number)
    return result.consume().counters.nodes_created == 1


def marked(tx: ManagedTransaction, log: str) -> set[int]:
    """Which batches of the window are applied."""
    return set(tx.run(_MARKED, log=log).single(strict=True)["numbers"])


def own_up(tx: ManagedTransaction, log: str) -> None:
    """Say that what the database holds came from this log, unless another one was applied to it."""
    tx.run(_OWN_UP, log=log).consume()


def read(tx: ManagedTransaction, log: str) -> Position:
    """Read the position without waiting for anybody."""
    row = tx.run(_READ, log=log).single()
    return Position() if row is None else Position(**row["own"])


def empty_types(tx: ManagedTransaction, model: Model) -> frozenset[str]:
    """Relationship types of which there are none."""
    types = _types(model)
    counts = ", ".join(f"COUNT {{ ()-[:{name}]->() }}" for name in types)
    found = tx.run(statement(f"RETURN [{counts}] AS n")).single(strict=True)["n"]
    return frozenset(name for name, n in zip(types, found, strict=True) if n == 0)


def _types(model: Model) -> list[str]:
    own = [name for r in model.relations.values() for name in (r.neo4j_type, r.neo4j_retraction_type) if name]
    return [*own, model.neo4j_superseded_type] if model.neo4j_superseded_type else own
