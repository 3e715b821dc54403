"""Answers as of a past moment: their scores are computed aside, one moment at a time, and kept by the engine."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

import structlog

from guanxi.engine import Engine, View
from guanxi.service.problems import Problem

log = structlog.stdlib.get_logger("guanxi.service")

WAIT_S = 20.0
"""How long a request waits for scores that are being computed; asked again, it finds them."""
MOST_WAITING = 4
"""Moments whose scores are being computed or wait for it; whoever asks for more is sent away."""

T = TypeVar("T")
Wanted = tuple[str, bool]
"""A moment, and whether what the witnesses say is wanted with its scores."""


class PastViews:
    """Views of the past in one process.

    Parameters
    ----------
    engine : Engine
    pool : Executor
        The threads in which answers are computed.
    """

    def __init__(self, engine: Engine, pool: Executor) -> None:
        self._engine, self._pool = engine, pool
        self._worker = ThreadPoolExecutor(1, "past")
        self._tasks: dict[Wanted, asyncio.Future[View]] = {}

    async def answer(
        self, compute: Callable[[View], T], as_of: str, *, heard: bool = False, wait_s: float | None = None
    ) -> T:
        """Compute an answer in a thread, all of it from the view as of one moment.

        Parameters
        ----------
        heard : bool
            Whether the answer needs what the witnesses say of every account.
        wait_s : float, optional
            How long to wait for what nobody has computed yet; it goes on behind.

        Raises
        ------
        Problem
            If that takes longer, or too much is being computed.
        """
        loop, wanted = asyncio.get_running_loop(), (as_of, heard)
        try:
            return await loop.run_in_executor(self._pool, compute, await self._get(wanted, wait_s))
        except FileNotFoundError:  # others were asked for meanwhile, and the files of this one are gone
            return await loop.run_in_executor(self._pool, compute, await self._get(wanted, wait_s))

    async def close(self) -> None:
        """Begin nothing more, and wait for what is being computed."""
        await asyncio.get_running_loop().run_in_executor(None, lambda: self._worker.shutdown(cancel_futures=True))

    async def _get(self, wanted: Wanted, wait_s: float | None) -> View:
        view = await asyncio.get_running_loop().run_in_executor(self._pool, self._kept, *wanted)
        return view if view is not None else await self._waited_for(wanted, WAIT_S if wait_s is None else wait_s)

    def _kept(self, as_of: str, heard: bool) -> View | None:  # noqa: FBT001 - an executor passes no names
        """The view, if nothing has to be computed for it."""
        if not self._engine.keeps(as_of):
            return None
        view = self._engine.view(as_of=as_of)
        return view if not heard or self._engine.past.has_heard(view) else None

    def _computed(self, as_of: str, heard: bool) -> View:  # noqa: FBT001 - an executor passes no names
        view = self._engine.view(as_of=as_of)
        if heard:
            self._engine.past.heard(view)
        return view

    async def _waited_for(self, wanted: Wanted, wait_s: float) -> View:
        """A view that is being computed; whoever else asks for it waits for the same."""
        task = self._tasks.get(wanted) or self._begin(wanted)
        done, _ = await asyncio.wait({task}, timeout=wait_s)
        if not done:
            raise Problem(503, "past_not_ready", f"scores as of {wanted[0]} are being computed; ask again in a while")
        return task.result()

    def _begin(self, wanted: Wanted) -> "asyncio.Future[View]":
        if len(self._tasks) >= MOST_WAITING:
            raise Problem(503, "past_busy", f"scores of {MOST_WAITING} other dates are being computed; ask again later")
        task = asyncio.get_running_loop().run_in_executor(self._worker, self._computed, *wanted)
        self._tasks[wanted] = task
        task.add_done_callback(lambda done: self._finished(wanted, done))
        return task

    def _finished(self, wanted: Wanted, done: "asyncio.Future[View]") -> None:
        del self._tasks[wanted]
        if not done.cancelled() and done.exception() is not None:  # whoever waits gets it, too
            log.warning("no scores of the past", error=type(done.exception()).__name__)
