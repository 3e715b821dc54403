"""Scores of a run on the account nodes, for people who explore the graph in Neo4j Browser.

Every account carries the scores of one run and says which one. Nothing is written per observer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from neo4j import ManagedTransaction

from guanxi.errors import ParameterError, StoreError
from guanxi.schema import Model
from guanxi.stores.neo4j.client import Neo4jClient, statement
from guanxi.stores.neo4j.migrations import require_current
from guanxi.stores.neo4j.statements import label

BATCH_ROWS = 10_000
"""Accounts of one transaction."""

SCORES = ("guanxi_trust", "guanxi_trust_rank", "guanxi_pagerank", "guanxi_discount")
"""Properties that hold scores; ``guanxi_run`` and ``guanxi_scored_at`` say of which run, and of when."""

Column = npt.NDArray[np.float64] | npt.NDArray[np.int64]

Progress = Callable[[int, int], None]
"""Called with accounts written and accounts in all."""


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """What the node ``(:GuanxiRun)`` says of a run."""

    id: str
    snapshot: str
    strategy: str
    scored: datetime


@dataclass(frozen=True, slots=True)
class WrittenBack:
    """What a write-back did.

    Attributes
    ----------
    run : str
        Whose scores the nodes have now.
    n_accounts : int
        Nodes that got scores.
    n_cleared : int
        Nodes that had scores of another run and have none in this one.
    """

    run: str
    n_accounts: int
    n_cleared: int


# The ledger is one node: who wants to write changes it first, and whoever lost it to another run stops.
_BEGIN = """
MERGE (l:GuanxiLedger {name: 'scores'}) SET l.run = $run.id
MERGE (r:GuanxiRun {id: $run.id})
SET r.snapshot = $run.snapshot, r.strategy = $run.strategy, r.scored = $run.scored, r.complete = false
"""
_OURS = "MATCH (l:GuanxiLedger {name: 'scores', run: $run}) SET l.run = $run RETURN count(l) AS n"
_END = """
MATCH (r:GuanxiRun) WHERE r.id <> $run DETACH DELETE r
WITH count(*) AS gone
MATCH (r:GuanxiRun {id: $run}) SET r.complete = true
"""


def write_back(
    client: Neo4jClient,
    model: Model,
    run: ScoredRun,
    *,
    ids: pa.Array,
    scores: Mapping[str, Column],
    batch_rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> WrittenBack:
    """Put the scores of a run on the account nodes and take those of any other run away.

    What is interrupted leaves a mixture, in which every node still says whose scores it has; the same call again
    completes it.

    Parameters
    ----------
    ids : pyarrow.Array of text, length n
        The accounts.
    scores : mapping of str to numpy.ndarray, shape (n,)
        One column for each name in ``SCORES``.

    Raises
    ------
    ParameterError
        If a column is missing or has another length.
    NotReadyError
        If a schema migration is missing.
    StoreError
        If Neo4j does not answer, or the scores of another run are being written at the same time.
    """
    _check(ids, scores)
    require_current(client)
    account = label(model.kinds["account"])
    client.write(lambda tx: tx.run(_BEGIN, run=_properties(run)).consume())
    n_written = 0
    for start in range(0, len(ids), batch_rows):
        part = slice(start, start + batch_rows)
        rows = {"ids": ids[part].to_pylist()} | {name: scores[name][part].tolist() for name in SCORES}
        n_written += client.write(lambda tx, rows=rows: _write(tx, account, run, rows))  # type: ignore[misc]
        if progress is not None:
            progress(min(start + batch_rows, len(ids)), len(ids))
    n_cleared = _clear(client, account, run, batch_rows)
    client.write(lambda tx: _finish(tx, run))
    return WrittenBack(run.id, n_written, n_cleared)


def ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Ranks from 1 for the greatest; equal values share the best one.

    >>> ranks(np.array([0.5, 0.2, 0.5, 0.1])).tolist()
    [1, 3, 1, 4]
    """
    above = len(values) - np.searchsorted(np.sort(values), values, side="right")
    return (above + 1).astype(np.int64)


def _check(ids: pa.Array, scores: Mapping[str, Column]) -> None:
    for name in SCORES:
        n = len(scores[name]) if name in scores else 0
        if n != len(ids):
            raise ParameterError(f"{name} has {n:,} values for {len(ids):,} accounts")


def _properties(run: ScoredRun) -> dict[str, object]:
    return {"id": run.id, "snapshot": run.snapshot, "strategy": run.strategy, "scored": run.scored}


def _take_turn(tx: ManagedTransaction, run: ScoredRun) -> None:
    if not tx.run(_OURS, run=run.id).single(strict=True)["n"]:
        raise StoreError(f"the scores of another run were written while those of run {run.id} were; write them again")


def _write(tx: ManagedTransaction, account: str, run: ScoredRun, rows: dict[str, list[Any]]) -> int:
    _take_turn(tx, run)
    named = ", ".join(f"a.{name} = $batch.{name}[at]" for name in SCORES)
    cypher = (
        f"UNWIND range(0, size($batch.ids) - 1) AS at MATCH (a:{account} {{id: $batch.ids[at]}})\n"
        f"SET {named}, a.guanxi_run = $batch.run, a.guanxi_scored_at = $batch.scored RETURN count(a) AS n"
    )
    batch = rows | {"run": run.id, "scored": run.scored}
    return int(tx.run(statement(cypher), batch=batch).single(strict=True)["n"])


def _clear(client: Neo4jClient, account: str, run: ScoredRun, batch_rows: int) -> int:
    """Take away the scores of other runs, on ranges of ids: each node is looked at once."""
    cleared, after = 0, ""
    while True:
        n, last = client.write(lambda tx, after=after: _clear_range(tx, account, run, after, batch_rows))  # type: ignore[misc]
        cleared += n
        if last is None:
            return cleared
        after = last


def _clear_range(
    tx: ManagedTransaction, account: str, run: ScoredRun, after: str, batch_rows: int
) -> tuple[int, str | None]:
    _take_turn(tx, run)
    removed = ", ".join(f"a.{name}" for name in (*SCORES, "guanxi_run", "guanxi_scored_at"))
    cypher = (
        f"MATCH (a:{account}) WHERE a.id > $after WITH a ORDER BY a.id LIMIT $rows\n"
        "WITH collect(a) AS found WITH found, [a IN found WHERE a.guanxi_run <> $run] AS old\n"
        f"FOREACH (a IN old | REMOVE {removed})\n"
        "RETURN size(old) AS n, found[-1].id AS last"
    )
    row = tx.run(statement(cypher), after=after, rows=batch_rows, run=run.id).single(strict=True)
    return row["n"], row["last"]


def _finish(tx: ManagedTransaction, run: ScoredRun) -> None:
    _take_turn(tx, run)
    tx.run(_END, run=run.id).consume()
