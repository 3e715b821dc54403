"""What one process of the service works with."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self, cast

from fastapi import Request

from guanxi.engine import Engine
from guanxi.service.access import KeyRing
from guanxi.service.current import CurrentView
from guanxi.service.erasures import Erasures
from guanxi.service.ingest import Ingest
from guanxi.service.outbox import LOCK_WAIT_S, Outbox
from guanxi.service.refreshing import Refresher
from guanxi.settings import Settings
from guanxi.stores import GraphStore
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget

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
    erasures: Erasures
    keys: KeyRing
    pool: ThreadPoolExecutor
    writer: ThreadPoolExecutor
    others: tuple[ThreadPoolExecutor, ...]
    outbox: Outbox | None
    refresher: Refresher | None
    past_runs: int

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open the store, which is made where there is none."""
        target = settings.neo4j()
        secret = settings.secret_of_seeds()
        engine = Engine(
            settings.store,
            create=True,
            neo4j=target,
            privacy=settings.privacy,
            past_kept=settings.past_runs,
            seed_secret=secret,
        )
        outbox = _outbox(settings.store, target, migrates=settings.neo4j_migrate) if target else None
        pool = ThreadPoolExecutor(ANSWERING_THREADS, "answer")
        opener, writer = ThreadPoolExecutor(1, "open"), ThreadPoolExecutor(1, "write")
        current = CurrentView(engine, engine.store.home / "current.json", opener=opener, pool=pool, outbox=outbox)
        keys = KeyRing(engine.store, settings.secret_key(), pool)
        ingest = Ingest(engine, writer, stored=outbox.wake if outbox else None)
        erasures = Erasures(engine, writer, begun=outbox.wake if outbox else None)
        refresher = Refresher(engine, every_s=settings.refresh_every) if settings.refresh_every else None
        kept = settings.past_runs
        return cls(engine, current, ingest, erasures, keys, pool, writer, (opener,), outbox, refresher, kept)

    @property
    def log(self) -> GraphStore:
        """The folder that events become durable in; the only store that a request may wait for."""
        return self.engine.neo4j.log if self.engine.neo4j else self.engine.store

    async def close(self) -> None:
        """Finish what was begun."""
        await self.ingest.close()
        if self.refresher is not None:
            await self.refresher.close()
        await self.current.close()
        self.erasures.stop()
        if self.outbox is not None:
            self.outbox.close()
        for threads in (*self.others, self.writer, self.pool):
            threads.shutdown()
        self.engine.close()
        self.erasures.close()


def _outbox(home: Path, target: Neo4jTarget, *, migrates: bool) -> Outbox:
    """An outbox that has begun. Its store is its own, so that its connections can be cut.

    Its driver repeats nothing: the outbox does that, and a driver that repeats after it was cut would connect anew and
    leave that connection open.
    """
    once = replace(target, deadlines=replace(target.deadlines, retry_s=0.0))
    outbox = Outbox(lambda heard: Neo4jStore(home, once, lock_timeout_s=LOCK_WAIT_S, heard=heard), migrates=migrates)
    outbox.start()
    return outbox


def service_of(request: Request) -> Service:
    """The service behind a request."""
    return cast("Service", request.app.state.service)
