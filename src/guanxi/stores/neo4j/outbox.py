"""How far a log has been applied: a node that moves in the same transaction as what it speaks of."""

from dataclasses import dataclass

from neo4j import ManagedTransaction

from guanxi.schema import Model
from guanxi.stores.neo4j.client import statement


@dataclass(frozen=True, slots=True)
class Position:
    """How much of a log is applied.

    Attributes
    ----------
    seq : int
        Every event up to here.
    upto, part : int
        And of the window ``seq + 1 .. upto``, cut into batches, the first ``part`` ones; 0 between windows.
    rows : int
        Rows of a batch in that window.
    key : str
        Key of the event at ``seq``, by which a log that was replaced is found out.
    """

    seq: int = 0
    upto: int = 0
    part: int = 0
    rows: int = 0
    key: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a transaction learns when it has taken its turn.

    ``alone``: no other log was ever applied to this database, and it held no relationships before this one.
    """

    position: Position
    alone: bool


# The ledger is one node that every writing transaction changes first: so they wait for each other.
_TAKE = """
MERGE (l:GuanxiLedger {name: 'events'}) SET l.writer = $log
WITH l
OPTIONAL MATCH (o:GuanxiOutbox {log: $log})
RETURN o {.seq, .upto, .part, .rows, .key, .alone} AS own,
       NOT EXISTS { MATCH (other:GuanxiOutbox) WHERE other.log <> $log } AS only
"""
_MOVE = """
MATCH (o:GuanxiOutbox {log: $log})
SET o.seq = $seq, o.upto = $upto, o.part = $part, o.rows = $rows, o.key = $key
"""
_OPEN = """
CREATE (:GuanxiOutbox {log: $log, seq: 0, upto: 0, part: 0, rows: 0, key: '', alone: $alone, since: datetime()})
"""
_OWN_UP = "MATCH (o:GuanxiOutbox {log: $log}) SET o.alone = NOT EXISTS { (other:GuanxiOutbox) WHERE other.log <> $log }"
_READ = "MATCH (o:GuanxiOutbox {log: $log}) RETURN o {.seq, .upto, .part, .rows, .key} AS own"


def take_turn(tx: ManagedTransaction, log: str, model: Model) -> Turn:
    """Wait for other writers, then read the position; a log that is new here gets one."""
    row = tx.run(_TAKE, log=log).single(strict=True)
    own = row["own"]
    if own is None:
        alone = bool(row["only"]) and not _has_relationships(tx, model)
        tx.run(_OPEN, log=log, alone=alone).consume()
        return Turn(Position(), alone)
    alone = own.pop("alone")
    return Turn(Position(**own), alone and row["only"])


def move(tx: ManagedTransaction, log: str, position: Position) -> None:
    """Write a position down."""
    tx.run(
        _MOVE,
        log=log,
        seq=position.seq,
        upto=position.upto,
        part=position.part,
        rows=position.rows,
        key=position.key,
    ).consume()


def own_up(tx: ManagedTransaction, log: str) -> None:
    """Say that what the database holds came from this log, unless another one was applied to it."""
    tx.run(_OWN_UP, log=log).consume()


def read(tx: ManagedTransaction, log: str) -> Position:
    """Read the position without waiting for anybody."""
    row = tx.run(_READ, log=log).single()
    return Position() if row is None else Position(**row["own"])


def _has_relationships(tx: ManagedTransaction, model: Model) -> bool:
    types = [name for r in model.relations.values() for name in (r.neo4j_type, r.neo4j_retraction_type) if name]
    counts = " + ".join(f"COUNT {{ ()-[:{name}]->() }}" for name in types)
    return bool(tx.run(statement(f"RETURN {counts} AS n")).single(strict=True)["n"])
