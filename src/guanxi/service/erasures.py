"""Erasing accounts: the events go before the request is answered, everything else behind it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor

from guanxi.engine import Engine
from guanxi.stores import Erased

AGAIN_S = 1.0
"""How long to wait for Neo4j, or for those who read old files."""


class Erasures:
    """Erases accounts in one process of the service.

    Parameters
    ----------
    engine : Engine
    writer : Executor
        The single thread that writes to the store.
    begun : callable, optional
        Called when the events of an account are gone.
    """

    def __init__(self, engine: Engine, writer: Executor, *, begun: Callable[[], None] | None = None) -> None:
        self._engine, self._writer, self._begun = engine, writer, begun
        self._worker = ThreadPoolExecutor(1, "erase")
        self._task: asyncio.Task[None] | None = None

    async def erase(self, account: str) -> Erased:
        """Erase an account's events; they are gone when this returns, and answers are made anew soon after."""
        erased = await asyncio.get_running_loop().run_in_executor(self._writer, self._engine.erase_events, account)
        if erased.waits_for:
            if self._begun is not None:
                self._begun()
            self.resume()
        return erased

    def resume(self) -> None:
        """Go on with what is not finished, also by those before us."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._finish())

    async def _finish(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if await loop.run_in_executor(self._worker, self._engine.finish_erasures):
                return
            await asyncio.sleep(AGAIN_S)

    def stop(self) -> None:
        """Begin nothing more; what is not finished is gone on with by the next start."""
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """Wait for the thread, once the store's connections are closed under it."""
        self._worker.shutdown()
