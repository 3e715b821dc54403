"""What the engine expects of a store."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Outcome = Literal["created", "duplicate", "conflict"]
OUTCOMES: tuple[Outcome, ...] = ("created", "duplicate", "conflict")


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of a batch of events, in their order.

    ``duplicate`` is the same event again; ``conflict`` the same id with another body, which is refused.
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
    """

    snapshot: str
    run: str | None
    seq: int
    newest: str = ""
    newest_seq: int = 0
    previous_snapshot: str | None = None
    previous_run: str | None = None
    previous_seq: int = 0

    def with_run(self, run: str, *, of: "Published") -> "Published":
        """Put a run of the snapshot that was the newest in ``of`` in use; the same one again changes nothing."""
        if (run, of.newest, of.newest_seq) == (self.run, self.snapshot, self.seq):
            return self
        before = (self.previous_snapshot, self.previous_run, self.previous_seq)
        if self.run is not None and self.run != run:
            before = (self.snapshot, self.run, self.seq)
        return Published(of.newest, run, of.newest_seq, self.newest, self.newest_seq, *before)

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

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""

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
