"""Taking new events into a new run by itself, every so often, in one process of all that serve a store."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import IO

import structlog

from guanxi.engine import Engine
from guanxi.engine.locks import taken
from guanxi.errors import StoreError
from guanxi.service import metrics

log = structlog.stdlib.get_logger("guanxi.service")


class Refresher:
    """Publishes a snapshot and a run whenever there are new events.

    Every process has one; the one that holds a file's lock does the work, and another takes over when that one ends.

    Parameters
    ----------
    engine : Engine
    every_s : float
        Seconds between the end of one round and the beginning of the next.
    """

    def __init__(self, engine: Engine, *, every_s: float) -> None:
        self._engine, self._every_s = engine, every_s
        self._worker = ThreadPoolExecutor(1, "refresh")
        self._task: asyncio.Task[None] | None = None
        self._lock: IO[str] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._go_on())

    async def close(self) -> None:
        """Begin no further round, and wait for the one that runs; one that is killed publishes nothing."""
        if self._task is not None:
            self._task.cancel()
        await asyncio.get_running_loop().run_in_executor(None, self._worker.shutdown)
        if self._lock is not None:
            self._lock.close()

    async def _go_on(self) -> None:
        while True:
            await asyncio.get_running_loop().run_in_executor(self._worker, self.round)
            await asyncio.sleep(self._every_s)

    def round(self) -> None:
        """Take new events in, if this process is the one to do it; what goes wrong is tried again by the next round."""
        try:
            report = self._engine.refresh() if self._leads() else None
        except Exception as exc:  # noqa: BLE001 - whatever it is, the run in use stays, and the next round tries again
            detail = str(exc) if isinstance(exc, StoreError) else None  # others may name accounts
            log.error("refresh failed", error=type(exc).__name__, detail=detail)  # noqa: TRY400
            metrics.refreshed("failed")
        else:
            if report is not None:
                log.info("refreshed", run=report.id, snapshot=report.snapshot, seconds=round(report.seconds, 3))
                metrics.refreshed("published")

    def _leads(self) -> bool:
        """Whether this process holds the lock; it is tried anew every time, since who holds it may end."""
        if self._lock is None:
            file = (self._engine.store.home / "refresh.lock").open("a", encoding="ascii")
            if taken(file):
                self._lock = file
            else:
                file.close()
        return self._lock is not None
