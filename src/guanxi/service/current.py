"""The view that answers are made from: a newer run is opened aside and put in use when it is ready."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import structlog

from guanxi.engine import Engine, View
from guanxi.errors import DamagedError, NotReadyError
from guanxi.service.outbox import Outbox
from guanxi.service.past import PastViews

log = structlog.stdlib.get_logger("guanxi.service")

LOOK_EVERY_S = 0.1
RETRY_AFTER_S = 1.0

Mark = tuple[int, int, int]
T = TypeVar("T")


class CurrentView:
    """The view of one process.

    Parameters
    ----------
    engine : Engine
    published : Path
        The file whose change says that something was published.
    opener, pool : Executor
        A single thread in which views are opened; the threads in which answers are computed.
    outbox : Outbox, optional
        Where Neo4j holds the graph: while it is away, answers say that they are degraded.
    """

    def __init__(
        self, engine: Engine, published: Path, *, opener: Executor, pool: Executor, outbox: Outbox | None = None
    ) -> None:
        self._engine, self._published = engine, published
        self._opener, self._pool, self._outbox = opener, pool, outbox
        self.past = PastViews(engine, pool)
        self._view: View | None = None
        self._mark: Mark | None = None
        self._look_at = float("-inf")
        self._opening: asyncio.Task[None] | None = None
        self._failure: str | None = None

    async def get(self) -> View:
        """The view in use; while a newer one is opened, still the one before.

        Raises
        ------
        NotReadyError
            If there is no run yet.
        DamagedError
            If there is one that cannot be used, and none before it.
        """
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + LOOK_EVERY_S
            mark = _mark_of(self._published)
            if mark is not None and mark != self._mark and self._opening is None:
                self._opening = asyncio.create_task(self._open(mark))
        if self._view is None and self._opening is not None:
            await asyncio.shield(self._opening)
        if self._view is None and self._failure:
            raise DamagedError(self._failure)
        if self._view is None:
            raise NotReadyError("there is no run yet; `guanxi snapshot` and `guanxi score` make one")
        if self._outbox is not None and self._outbox.degraded:
            return replace(self._view, degraded=True)
        return self._view

    async def answer(self, compute: Callable[[View], T], *, as_of: str | None = None) -> T:
        """Compute an answer in a thread, all of it from one view: the one in use, or one as of a past moment."""
        if as_of is not None:
            return await self.past.answer(compute, as_of)
        view, loop = await self.get(), asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, compute, view)
        except FileNotFoundError:  # two runs were published since, and the files of this one are gone
            self._look_at = float("-inf")
            await self.get()
            if self._opening is not None:
                await asyncio.shield(self._opening)
            return await loop.run_in_executor(self._pool, compute, await self.get())

    async def close(self) -> None:
        """Wait for a view that is being opened, and for one of the past that is being computed."""
        await self.past.close()
        if self._opening is not None:
            await self._opening

    async def _open(self, mark: Mark) -> None:
        try:
            self._view = await asyncio.get_running_loop().run_in_executor(self._opener, self._opened)
            self._mark, self._failure = mark, None
        except NotReadyError:  # a snapshot without a run; there is nothing to open until more is published
            self._mark = mark
        except Exception as exc:  # noqa: BLE001 - whatever it is, the view in use stays
            self._look_at, self._failure = time.monotonic() + RETRY_AFTER_S, str(exc)
            log.error("cannot open the published run", error=type(exc).__name__)  # noqa: TRY400
        finally:
            self._opening = None

    def _opened(self) -> View:
        started, view = time.perf_counter(), self._engine.view()
        if view is not self._view:
            warm(view)
            seconds = round(time.perf_counter() - started, 3)
            log.info("view", run=view.run.id, snapshot=view.snapshot.id, seconds=seconds)
        return view


def warm(view: View) -> None:
    """Answer once, so that kernels are compiled and arrays mapped before the first caller asks."""
    view.items("", limit=1)
    view.ranking(limit=1)
    if view.snapshot.n_accounts:
        first = view.snapshot.accounts[0]
        view.items(first, limit=1)
        view.accounts(first, limit=1)
        view.trust(first, first)


def _mark_of(path: Path) -> Mark | None:
    """What changes whenever something is published; None before the first time."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
