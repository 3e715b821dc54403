"""Events in: requests that come at the same time share one commit, and each is answered after it."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass

from guanxi.engine import Engine, EventOutcome
from guanxi.errors import GuanxiError
from guanxi.schema import load_model
from guanxi.service import metrics
from guanxi.service.problems import Problem

MAX_GROUP = 10_000
MAX_WAITING = 100_000

Outcomes = list[EventOutcome]


@dataclass(frozen=True, slots=True)
class _Request:
    rows: list[object]
    done: "asyncio.Future[Outcomes]"


class Ingest:
    """The queue of one process before the store.

    Parameters
    ----------
    engine : Engine
    writer : Executor
        A single thread: the store has one writer at a time.
    stored : callable, optional
        Called after events were stored.
    """

    def __init__(self, engine: Engine, writer: Executor, *, stored: Callable[[], None] | None = None) -> None:
        self._engine, self._writer, self._stored = engine, writer, stored
        self._waiting: deque[_Request] = deque()
        self._n_waiting = 0
        self._task: asyncio.Task[None] | None = None

    async def append(self, rows: list[object]) -> Outcomes:
        """Keep events; they are on disk when this returns.

        Raises
        ------
        Problem
            503 when more events wait than the store can be expected to take.
        StoreError
            If the store cannot keep them.
        """
        if self._n_waiting + len(rows) > MAX_WAITING:
            raise Problem(503, "busy", f"{self._n_waiting:,} events wait to be stored", headers={"Retry-After": "1"})
        request = _Request(rows, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._n_waiting += len(rows)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._drain())
        outcomes = await request.done
        _count(rows, outcomes)
        return outcomes

    async def warm(self) -> None:
        """Compile the kernels that check events, with one that is refused and so leaves nothing behind."""
        refused = {"relation": "follow", "source": "one", "target": "one"}
        await asyncio.get_running_loop().run_in_executor(self._writer, self._engine.append, [refused])

    async def close(self) -> None:
        """Wait until everything that was accepted is stored."""
        if self._task is not None:
            await self._task

    async def _drain(self) -> None:
        while self._waiting:
            group = self._next_group()
            try:
                await self._store(group)
            except Exception as exc:  # noqa: BLE001 - belongs to the requests, not to the queue
                await self._one_by_one(group, exc)
            self._n_waiting -= sum(len(request.rows) for request in group)

    def _next_group(self) -> list[_Request]:
        group = [self._waiting.popleft()]
        n = len(group[0].rows)
        while self._waiting and n + len(self._waiting[0].rows) <= MAX_GROUP:
            group.append(self._waiting.popleft())
            n += len(group[-1].rows)
        return group

    async def _store(self, group: list[_Request]) -> None:
        rows = [row for request in group for row in request.rows]
        outcomes = await asyncio.get_running_loop().run_in_executor(self._writer, self._engine.append, rows)
        if self._stored is not None:
            self._stored()
        start = 0
        for request in group:
            stop = start + len(request.rows)
            if not request.done.done():  # its caller may have gone
                request.done.set_result(outcomes[start:stop])
            start = stop

    async def _one_by_one(self, group: list[_Request], exc: Exception) -> None:
        """Nobody pays for another's request; the store's own errors are everybody's."""
        if len(group) == 1 or isinstance(exc, GuanxiError):
            for request in group:
                if not request.done.done():
                    request.done.set_exception(exc)
            return
        for request in group:
            try:
                await self._store([request])
            except Exception as own:  # noqa: BLE001 - as above
                await self._one_by_one([request], own)


def _count(rows: list[object], outcomes: Outcomes) -> None:
    verbs = load_model().verbs
    for row, outcome in zip(rows, outcomes, strict=True):
        said = row.get("relation") if isinstance(row, dict) else None
        known = verbs.get(said.strip().lower()) if isinstance(said, str) else None
        metrics.ingested(known[0] if known else "unknown", outcome.outcome)
