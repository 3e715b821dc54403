"""The outbox of one process: applies to Neo4j what is durable in the folder, and knows how Neo4j is doing.

No request waits for Neo4j: answers come from the run in use, events go into the log, and this module's threads do the
rest. One applies; the other, which never talks to anybody, cuts connections that have been silent for too long, however
long the work is that they do. The driver has no deadline for that by itself: a server that stalls, or whose bytes
arrive garbled, would hold it for minutes.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import structlog

from guanxi.errors import (
    GuanxiError,
    NotReadyError,
    StoreBusyError,
    StoreCredentialsError,
    StoreDatabaseError,
    StoreFullError,
    StoreHaltedError,
    StoreUnreachableError,
)
from guanxi.stores.neo4j import Neo4jStore

log = structlog.stdlib.get_logger("guanxi.service")

EVERY_S = 0.5
"""How often Neo4j is asked for its position when nothing happens."""
LIMIT = 2_000
"""Events of one round: small, so that the position moves at least once a second."""
LOCK_WAIT_S = 0.05
"""How long to wait for another process that applies; it does the work, this one only reads how far it got."""
DEGRADED_AFTER_S = 2.0
CUT_AFTER_S = 6.0
"""Silence after which connections are cut; doubled by each cut until a round goes well, lest work that takes long is
never done."""
MAX_DOUBLINGS = 4
BACKOFF_S = (0.5, 1.0, 2.0)
LOCKED_OUT_S = 20.0
"""Pause after a refused password: Neo4j lets nobody of that name in for 5 s after three of them."""
_GRACE_S = 0.5
"""What a round that runs when the outbox is closed gets, before its connections are cut."""
_CLOSE_S = 4.0
_NEVER = float("inf")

_SAID: tuple[tuple[type[GuanxiError], str], ...] = (
    (StoreUnreachableError, "no answer"),
    (StoreCredentialsError, "user or password refused"),
    (StoreDatabaseError, "no such database"),
    (StoreFullError, "it cannot write, its disk or memory is full"),
    (StoreHaltedError, "it cannot write and wants a restart, often for a full disk"),
    (NotReadyError, "schema migrations missing"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How Neo4j is doing; times are of ``time.monotonic``.

    Attributes
    ----------
    well_at : float
        When a round last went well; at first when the outbox was made.
    applied : int or None
        Every event up to here is in Neo4j, as last heard; None: never heard of.
    failure : str or None
        What is wrong, in words that a stranger may read; None after a round that went well.
    n_failures : int
        Rounds that failed since one went well.
    """

    well_at: float
    applied: int | None = None
    failure: str | None = None
    n_failures: int = 0


class Outbox:
    """Applies the log to Neo4j in two threads of its own, which end with the process.

    Parameters
    ----------
    open_store : callable
        Opens the store, given what it shall call whenever Neo4j is asked and has answered; again after its connections
        were cut. It must not wait long for the lock of those who apply, and its driver must repeat nothing: one that
        was cut would connect anew and leave that connection open.
    migrates : bool
        Whether to bring the schema up to date before anything is applied.
    """

    def __init__(self, open_store: Callable[[Callable[[int], None]], Neo4jStore], *, migrates: bool = False) -> None:
        self._open_store, self._migrates = open_store, migrates
        self._store: Neo4jStore | None = None
        self._standing = Standing(time.monotonic())
        self._heard_at = _NEVER
        self._n_cuts = 0
        self._pause_s = 0.0
        self._checked = False
        self._wake, self._stop = threading.Event(), threading.Event()
        self._applier = threading.Thread(target=self._apply_on, name="outbox", daemon=True)
        self._watcher = threading.Thread(target=self._watch_on, name="outbox-watch", daemon=True)

    def start(self) -> None:
        """Begin to apply."""
        self._applier.start()
        self._watcher.start()

    def wake(self) -> None:
        """Tell that there are new events."""
        self._wake.set()

    def close(self) -> None:
        """Stop within a few seconds, also where Neo4j hangs; what is not applied stays in the log."""
        self._stop.set()
        self._wake.set()
        for thread in (self._applier, self._watcher):
            if thread.is_alive():
                thread.join(_CLOSE_S)

    # -- how it is doing --------------------------------------------------------------------------------------------

    @property
    def applied(self) -> int | None:
        """Every event up to here is in Neo4j, as last heard; None: never heard of."""
        return self._standing.applied

    @property
    def degraded(self) -> bool:
        """Whether nothing has gone well for too long; work of ours between two questions is no fault of Neo4j."""
        waits = self._heard_at != _NEVER or self._standing.failure is not None or self._standing.applied is None
        return waits and time.monotonic() - self._standing.well_at > DEGRADED_AFTER_S

    @property
    def problem(self) -> str | None:
        """What is wrong and for how long, in words that a stranger may read; None where nothing is."""
        now = self._standing
        if now.failure is None and now.applied is None:
            return "no answer yet"
        if now.failure is None and not self.degraded:
            return None
        return f"{now.failure or 'no answer'} for {time.monotonic() - now.well_at:.0f} s"

    # -- applying ---------------------------------------------------------------------------------------------------

    def round(self) -> None:
        """Ask for the position and apply what is missing; what goes wrong is remembered, not raised."""
        self._heard_at = time.monotonic()
        try:
            behind = self._apply()
        except Exception as exc:  # noqa: BLE001 - whatever it is, the next round tries again
            self._let_go()
            self._failed(exc)
        else:
            self._well()
            if behind:
                self._wake.set()
        finally:
            self._heard_at = _NEVER

    def _apply(self) -> bool:
        """One round; whether there is more to apply at once."""
        store = self._store = self._store or self._open_store(self._heard)
        lag = store.lag()
        self._standing = replace(self._standing, applied=lag.applied)
        if self._checked and not lag.n_events and not lag.n_erasures:
            return False
        try:
            if self._migrates and not self._checked:
                self._migrate(store)
            pumped = store.pump(limit=LIMIT, progress=self._advanced)
        except StoreBusyError:  # another process applies, or exports
            self._stop.wait(EVERY_S)
            return False
        self._checked = True
        self._standing = replace(self._standing, applied=pumped.seq)
        return pumped.seq < lag.logged

    def _migrate(self, store: Neo4jStore) -> None:
        steps = [step.name for step in store.migrate()]
        if steps:
            log.info("neo4j schema", applied=steps)

    def _heard(self, n_open: int) -> None:
        """Neo4j was asked or has answered, maybe in the middle of long work; between questions nobody waits for it."""
        now = time.monotonic()
        self._heard_at = now if n_open else _NEVER
        if self._standing.failure is None:  # one that can be read but not written is not well
            self._standing = replace(self._standing, well_at=now)

    def _advanced(self, _done: int, _total: int) -> None:
        """A batch was written: a window of a load that was killed has many of them."""
        self._well()

    def _well(self) -> None:
        if self._standing.failure is not None:
            seconds = round(time.monotonic() - self._standing.well_at, 1)
            log.info("neo4j answers again", seconds=seconds, applied=self._standing.applied)
        self._standing, self._n_cuts = Standing(time.monotonic(), self._standing.applied), 0

    def _failed(self, exc: Exception) -> None:
        said = next((text for kind, text in _SAID if isinstance(exc, kind)), "events cannot be applied")
        if said != self._standing.failure and not self._stop.is_set():
            log.warning("neo4j", problem=said, error=type(exc).__name__, detail=str(exc))
        n_failures = self._standing.n_failures + 1
        backoff_s = BACKOFF_S[min(n_failures, len(BACKOFF_S)) - 1]
        self._pause_s = LOCKED_OUT_S if isinstance(exc, StoreCredentialsError) else backoff_s
        self._standing = replace(self._standing, failure=said, n_failures=n_failures)

    def _let_go(self) -> None:
        """Close every connection: after an error none of them is worth keeping, and a cut one may have come back."""
        store, self._store = self._store, None
        if store is not None:
            with suppress(Exception):  # it is broken already, or was closed under us
                store.close()

    # -- the threads ------------------------------------------------------------------------------------------------

    def _apply_on(self) -> None:
        while not self._stop.is_set():
            self.round()
            if self._standing.failure is not None:
                self._stop.wait(self._pause_s)
            else:
                self._wake.wait(EVERY_S)
                self._wake.clear()
        self._let_go()

    def _watch_on(self) -> None:
        while not self._stop.wait(EVERY_S):
            if time.monotonic() - self._heard_at > CUT_AFTER_S * 2**self._n_cuts:
                self._cut()
        self._applier.join(_GRACE_S)
        if self._applier.is_alive():
            self._cut()

    def _cut(self) -> None:
        """Close the connections under the thread that waits for them; it gets an error and goes on with new ones."""
        self._n_cuts = min(self._n_cuts + 1, MAX_DOUBLINGS)
        self._heard_at = time.monotonic()
        store = self._store
        if store is not None:
            with suppress(Exception):
                store.close()
