"""What one process of the service works with."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self, cast

from fastapi import Request

from guanxi.engine import Engine
from guanxi.service.access import KeyRing
from guanxi.service.current import CurrentView
from guanxi.service.ingest import Ingest
from guanxi.settings import Settings

ANSWERING_THREADS = 2
"""More of them fight over the interpreter lock: four answered half as many requests a second as two."""


@dataclass(frozen=True, slots=True)
class Service:
    """The engine, and the threads that it is called in; none of its calls runs in the event loop.

    The threads live as long as the process, since the store keeps a connection for each.
    """

    engine: Engine
    current: CurrentView
    ingest: Ingest
    keys: KeyRing
    pool: ThreadPoolExecutor
    others: tuple[ThreadPoolExecutor, ...]

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store, which is made where there is none."""
        engine = Engine(settings.store, create=True, privacy=settings.privacy)
        pool = ThreadPoolExecutor(ANSWERING_THREADS, "answer")
        opener, writer = ThreadPoolExecutor(1, "open"), ThreadPoolExecutor(1, "write")
        current = CurrentView(engine, engine.store.home / "current.json", opener=opener, pool=pool)
        keys = KeyRing(engine.store, settings.secret_key(), pool)
        return cls(engine, current, Ingest(engine, writer), keys, pool, (opener, writer))

    async def close(self) -> None:
        """Finish what was begun."""
        await self.ingest.close()
        await self.current.close()
        for threads in (*self.others, self.pool):
            threads.shutdown()
        self.engine.close()


def service_of(request: Request) -> Service:
    """The service behind a request."""
    return cast("Service", request.app.state.service)
