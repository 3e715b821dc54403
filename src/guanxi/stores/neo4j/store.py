"""Neo4j as the graph, with a local folder before it that takes events in."""

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from guanxi.errors import NotReadyError, StoreError
from guanxi.events.coded import Coded
from guanxi.schema import Model, load_model
from guanxi.stores.embedded import EmbeddedStore
from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.erasing import erase_pending
from guanxi.stores.neo4j.exporting import exported
from guanxi.stores.neo4j.home import PumpLock, log_name
from guanxi.stores.neo4j.migrations import Migration, migrate, require_current
from guanxi.stores.neo4j.pump import Progress, Pump, Pumped
from guanxi.stores.neo4j.target import Neo4jTarget
from guanxi.stores.protocol import (
    ApiKey,
    Appended,
    Erased,
    Erasing,
    Loading,
    Place,
    Published,
    RunRecord,
    StrategyRecord,
    Tombstone,
)

log = logging.getLogger("guanxi")


@dataclass(frozen=True, slots=True)
class Lag:
    """How far Neo4j is behind the log; ``n_erasures`` accounts are erased here and not there yet."""

    applied: int
    logged: int

    n_erasures: int = 0

    @property
    def n_events(self) -> int:
        """Events that are durable here and not in Neo4j yet."""
        return max(0, self.logged - self.applied)


class Neo4jStore:
    """A graph store in Neo4j.

    Events become durable in the log of an embedded store, which says what is new; ``pump`` applies them to Neo4j in
    their order, and a snapshot is taken from there. Runs, snapshots and API keys stay in the folder.

    Parameters
    ----------
    home : Path
        Folder of the embedded store; made when ``create`` is set.
    target : Neo4jTarget
        The database. Nothing is connected before the first call that needs it.

    heard : callable, optional
        Called whenever the database is asked and has answered (during long work: with each of its batches), with how
        many questions are open.

    Raises
    ------
    NotReadyError
        If there is no folder and ``create`` is not set.
    """

    def __init__(
        self, home: Path, target: Neo4jTarget, *, create: bool = False, lock_timeout_s: float = 30.0,
        model: Model | None = None, heard: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        self.log = EmbeddedStore(home, create=create, lock_timeout_s=lock_timeout_s)
        self.target = target
        self._model = model or load_model()
        self._client = Neo4jClient(target, heard=heard)
        self._lock = PumpLock(home, timeout_s=lock_timeout_s)
        self._pump = Pump(self.log, log_name(home), self._client, self._model)
        self._is_current = False

    def close(self) -> None:
        """Close the connections of this process."""
        self._client.close()
        self.log.close()

    # -- events ---------------------------------------------------------------------------------------------------

    def append(self, events: pa.Table) -> Appended:
        """Keep events (in ``EVENT_SCHEMA``); they are on disk here when this returns, and in Neo4j after ``pump``."""
        return self.log.append(events)

    def loading(self) -> AbstractContextManager[Loading]:
        """Open a bulk load; it is kept here when the block ends without an error, and in Neo4j after ``pump``."""
        return self.log.loading()

    def pump(self, *, limit: int | None = None, progress: Progress | None = None) -> Pumped:
        """Apply what is not applied yet, in order; whatever is interrupted goes on where it stopped.

        Parameters
        ----------
        limit : int, optional
            At most so many events, or a window that was begun.
        progress : callable, optional
            Called with events applied and events to apply after every window.

        Raises
        ------
        StoreError
            If Neo4j does not answer or refuses; what was applied before stays applied.
        NotReadyError
            If a schema migration is missing.
        StoreBusyError
            If another process applies or exports for too long.
        """
        self._require_current()
        with self._lock.held():
            last = self.last_seq()
            upto = last if limit is None else min(last, self._pump.position().seq + limit)
            return self._catch_up(upto, progress)

    def _catch_up(self, upto: int, progress: Progress | None = None) -> Pumped:
        """Erase, then apply: who was erased may have come back by events that are not applied yet."""
        erase_pending(self._pump)
        return self._pump.run(upto, progress=progress)

    def lag(self) -> Lag:
        """How far Neo4j is behind."""
        return Lag(self._pump.position().seq, self.last_seq(), len(self.log.erasing("graph")))

    def adopt(self, seq: int) -> None:
        """Take every event up to ``seq`` as applied: the import tool has put them there."""
        self._require_current()
        with self._lock.held():
            self._pump.adopt(seq)

    def events(self, *, after: int = 0, upto: int | None = None) -> Iterator[pa.Table]:
        """Events as they stand in Neo4j, once everything up to ``upto`` is applied; in no order that means anything.

        With ``after``, the log's events behind it: only the log knows what came when.
        """
        if after:
            yield from self.log.events(after=after, upto=upto)
            return
        self._require_current()
        with self._lock.held():
            self._catch_up(self.last_seq() if upto is None else upto)
            yield from exported(self._client, self._model)

    def coded_events(self, *, after: int = 0, upto: int) -> Iterator[pa.Table | Coded]:
        """The same as ``events``: Neo4j holds no numbers for ids."""
        yield from self.events(after=after, upto=upto)

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``, from the log: own events count at once."""
        return self.log.events_of(source, after=after)

    def last_seq(self) -> int:
        """Return the seq of the newest event of the log; 0 for an empty one."""
        return self.log.last_seq()

    def n_events(self) -> int:
        """Return the number of events in the log."""
        return self.log.n_events()

    # -- erasing --------------------------------------------------------------------------------------------------

    def erase(self, *accounts: str, now_us: int) -> Erased:
        """Erase accounts: here at once; in Neo4j, too, or with the next ``pump`` after it answers again."""
        erased = self.log.erase(*accounts, now_us=now_us)
        return replace(erased, waits_for=self._erase_there(accounts))

    def replay(self, tombstones: Sequence[Tombstone], *, now_us: int) -> Erased:
        """Erase anew whom a copy of this store, made before, knows again."""
        erased = self.log.replay(tombstones, now_us=now_us)
        return replace(erased, waits_for=self._erase_there([e.account for e in self.log.erasing("graph")]))

    def _erase_there(self, accounts: Collection[str]) -> tuple[Place, ...]:
        try:
            self._require_current()
            with self._lock.held():
                erase_pending(self._pump)
        except (StoreError, NotReadyError) as exc:
            log.warning("%s; the erasure goes on when it answers", exc)
        return self.log.waits_for(accounts)

    def erasing(self, place: Place) -> list[Erasing]:
        """Erasures that have this place before them, and none before it."""
        return self.log.erasing(place)

    def erased_from(self, place: Place, erasures: Sequence[Erasing]) -> None:
        """Note that accounts are gone from a place."""
        self.log.erased_from(place, erasures)

    def sweep(self) -> bool:
        """Overwrite what erased accounts left in files; return whether no erasure is unfinished."""
        return self.log.sweep()

    def last_erasure(self) -> int:
        """Return the number of the erasure that was begun last; 0 where there was none."""
        return self.log.last_erasure()

    def tombstones(self) -> list[Tombstone]:
        """Return what is left of the erased accounts."""
        return self.log.tombstones()

    def allow_return(self, account: str) -> bool:
        """Let an erased account come back by new events; return whether it was erased."""
        return self.log.allow_return(account)

    # -- schema and health ----------------------------------------------------------------------------------------

    def migrate(self) -> list[Migration]:
        """Bring the database's schema up to date; return what was applied."""
        with self._lock.held():
            return migrate(self._client)

    def n_entities(self, kind: str) -> int:
        """Return how many entities of one kind Neo4j holds."""
        label = self._model.kinds[kind].neo4j_label
        return int(self._client.read(f"MATCH (n:{label}) RETURN count(n) AS n")[0]["n"])

    def ping(self) -> None:
        """Raise StoreError if the folder or Neo4j does not answer."""
        self.log.ping()
        self._client.read("RETURN 1 AS one")

    def damage(self) -> list[str]:
        """Check what is kept in the folder, and say what is wrong; slow."""
        return self.log.damage()

    def _require_current(self) -> None:
        if not self._is_current:
            require_current(self._client)
            self._is_current = True

    # -- runs, and what is published: as in the embedded store ------------------------------------------------------

    @property
    def home(self) -> Path:
        """The folder."""
        return self.log.home

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots."""
        return self.log.snapshots

    @property
    def runs(self) -> Path:
        """Folder of the runs' arrays."""
        return self.log.runs

    def published(self) -> Published | None:
        """What answers are made from now."""
        return self.log.published()

    def publish(self, published: Published) -> None:
        """Put a snapshot, or a snapshot and its run, in use."""
        self.log.publish(published)

    def record_run(self, run: RunRecord) -> None:
        """Remember a run."""
        self.log.record_run(run)

    def recorded_runs(self) -> list[RunRecord]:
        """Every run, oldest first."""
        return self.log.recorded_runs()

    def add_strategy(self, record: StrategyRecord) -> bool:
        """Keep a strategy in the folder; False where there is one of its name and version."""
        return self.log.add_strategy(record)

    def strategies(self) -> list[StrategyRecord]:
        """Every version of every strategy."""
        return self.log.strategies()

    def add_key(self, key: ApiKey) -> None:
        """Keep an API key."""
        self.log.add_key(key)

    def keys(self) -> list[ApiKey]:
        """Every API key, revoked ones included."""
        return self.log.keys()

    def revoke_key(self, prefix: str, *, now_us: int) -> bool:
        """Revoke a key; return whether there was one to revoke."""
        return self.log.revoke_key(prefix, now_us=now_us)
