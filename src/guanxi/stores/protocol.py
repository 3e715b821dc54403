"""What the engine expects of a store."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.events.coded import Coded

Outcome = Literal["created", "duplicate", "conflict", "erased"]
OUTCOMES: tuple[Outcome, ...] = ("created", "duplicate", "conflict", "erased")

Place = Literal["log", "graph", "answers"]
PLACES: tuple[Place, ...] = ("log", "graph", "answers")
"""Where an account may be found: events; Neo4j; snapshots, runs and lists of rejects. Erasing goes in this order."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch of events, in their order.

    ``duplicate`` is the same event again; ``conflict`` the same id with another body, which is refused; ``erased`` an
    event from or to an account that was erased, which is refused, too.
    """

    codes: npt.NDArray[np.int8]  # positions in OUTCOMES

    @property
    def outcomes(self) -> list[Outcome]:
        """The outcome of every event."""
        return [OUTCOMES[code] for code in self.codes]

    def where(self, outcome: Outcome) -> npt.NDArray[np.bool_]:
        """Which events had this outcome."""
        found: npt.NDArray[np.bool_] = self.codes == OUTCOMES.index(outcome)
        return found

    def count(self, outcome: Outcome) -> int:
        """How many events had this outcome."""
        return int(self.where(outcome).sum())


@dataclass(frozen=True, slots=True)
class Erased:
    """What erasing accounts did.

    Attributes
    ----------
    n_events : int
        Events from or to them, which are gone.
    n_unnamed : int
        Events of others that came about through them: these stay, without the name.
    waits_for : tuple of Place
        Where they may still be found.
    """

    n_events: int = 0
    n_unnamed: int = 0
    waits_for: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Erasing:
    """An erasure that has begun and is not finished; ``number`` grows with each."""

    number: int
    account: str


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What is left of an erased account: a hash under a key that only the store has, and when it was erased."""

    digest: str
    erased_us: int


@dataclass(frozen=True, slots=True)
class Published:
    """What answers are made from, and the newest snapshot.

    Attributes
    ----------
    snapshot, run : str
        In use; without a run nothing is yet.
    seq : int
        The last event that the snapshot in use knows.
    newest, newest_seq : str, int
        The newest snapshot, which the next run is computed from.
    previous_snapshot, previous_run, previous_seq
        What was in use before.
    newest_erasure : int
        The last erasure that the newest snapshot knows of.
    """

    snapshot: str
    run: str | None
    seq: int
    newest: str = ""
    newest_seq: int = 0
    previous_snapshot: str | None = None
    previous_run: str | None = None
    previous_seq: int = 0
    newest_erasure: int = 0

    def with_run(self, run: str, *, of: "Published") -> "Published":
        """Put a run of the snapshot that was the newest in ``of`` in use; the same one again changes nothing."""
        if (run, of.newest, of.newest_seq) == (self.run, self.snapshot, self.seq):
            return self
        before = (self.previous_snapshot, self.previous_run, self.previous_seq)
        if self.run is not None and self.run != run:
            before = (self.snapshot, self.run, self.seq)
        return Published(of.newest, run, of.newest_seq, self.newest, self.newest_seq, *before, self.newest_erasure)

    @property
    def snapshots(self) -> set[str | None]:
        """Every snapshot that must be kept."""
        return {self.snapshot, self.newest, self.previous_snapshot}

    @property
    def runs(self) -> set[str | None]:
        """Every run that must be kept."""
        return {self.run, self.previous_run}


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Scores computed from one snapshot with one set of parameters."""

    id: str
    snapshot: str
    strategy: str
    parameters: str
    created_us: int


@dataclass(frozen=True, slots=True)
class StrategyRecord:
    """One version of a named parameter set; ``parameters`` as in ``RunRecord``."""

    name: str
    version: int
    description: str
    parameters: str
    created_us: int


@dataclass(frozen=True, slots=True)
class ApiKey:
    """Who may call the API; ``sha256`` of the secret is kept, not the secret."""

    prefix: str
    sha256: bytes
    scopes: tuple[str, ...]
    label: str
    created_us: int
    revoked_us: int | None = None


class Loading(Protocol):
    """A bulk load in progress: all of it is kept, or nothing."""

    def add(self, events: pa.Table) -> Appended:
        """Take events into the load and say what each of them is."""


class GraphStore(Protocol):
    """Keeps events durably, hands them on in order, and remembers snapshots, runs and keys."""

    @property
    def home(self) -> Path:
        """The folder on this machine: of the events, or of what goes before the database that holds them."""

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots."""

    @property
    def runs(self) -> Path:
        """Folder of the runs' arrays."""

    def append(self, events: pa.Table) -> Appended:
        """Keep events (in ``EVENT_SCHEMA``); they are on disk when this returns."""

    def loading(self) -> AbstractContextManager[Loading]:
        """Open a bulk load; it is kept when the block ends without an error."""

    def events(self, *, after: int = 0, upto: int | None = None) -> Iterator[pa.Table]:
        """Events with a seq in ``after + 1 .. upto``, in the order of their seqs where the store knows it."""

    def coded_events(self, *, after: int = 0, upto: int) -> Iterator[pa.Table | Coded]:
        """The same as ``events``; what is kept with numbers for ids comes as such."""

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""

    def erase(self, *accounts: str, now_us: int) -> Erased:
        """Erase accounts: every event from or to them goes, and others' events do not name them any more.

        They cannot come back by an old file. Once begun, an erasure is finished, if need be by the next opening.
        """

    def erasing(self, place: Place) -> list[Erasing]:
        """Return the erasures that have this place before them, and none before it."""

    def erased_from(self, place: Place, erasures: Sequence[Erasing]) -> None:
        """Note that these accounts are gone from a place; after the last one their ids are forgotten."""

    def sweep(self) -> bool:
        """Overwrite what erased accounts left in files; return whether no erasure is unfinished."""

    def last_erasure(self) -> int:
        """Return the number of the erasure that was begun last; 0 where there was none."""

    def tombstones(self) -> list[Tombstone]:
        """Return what is left of the erased accounts."""

    def replay(self, tombstones: Sequence[Tombstone], *, now_us: int) -> Erased:
        """Erase anew whom a copy of this store, made before, knows again."""

    def allow_return(self, account: str) -> bool:
        """Let an erased account come back by new events; return whether it was erased."""

    def last_seq(self) -> int:
        """Return the seq of the newest event; 0 for an empty store."""

    def n_events(self) -> int:
        """Return the number of events."""

    def published(self) -> Published | None:
        """Return what answers are made from now; None before the first snapshot."""

    def publish(self, published: Published) -> None:
        """Put a snapshot, or a snapshot and its run, in use."""

    def record_run(self, run: RunRecord) -> None:
        """Remember a run; the same run again changes nothing."""

    def recorded_runs(self) -> list[RunRecord]:
        """Return every run, oldest first."""

    def add_strategy(self, record: StrategyRecord) -> bool:
        """Keep a strategy; False where there is one of its name and version, which stays as it is."""

    def strategies(self) -> list[StrategyRecord]:
        """Return every version of every strategy, by name and version."""

    def add_key(self, key: ApiKey) -> None:
        """Keep an API key."""

    def keys(self) -> list[ApiKey]:
        """Return every API key, revoked ones included."""

    def revoke_key(self, prefix: str, *, now_us: int) -> bool:
        """Revoke a key; return whether there was one to revoke."""

    def ping(self) -> None:
        """Raise StoreError if the store does not answer."""

    def damage(self) -> list[str]:
        """Check everything that is kept here, and say what is wrong; slow."""

    def close(self) -> None:
        """Close the connections of this process."""
