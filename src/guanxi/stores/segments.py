"""Bulk events as immutable Arrow columns, with an index by which a known event is found again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.bundle import Bundle, write_bundle

KeyArray = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Keys:
    """Event keys sorted by their first half, with the body hash of each: what is needed to recognise an event."""

    high: KeyArray
    low: KeyArray
    body: KeyArray

    @classmethod
    def sorted(cls, high: KeyArray, low: KeyArray, body: KeyArray) -> Self:
        """Sort keys that come in any order."""
        order = np.argsort(high, kind="stable")
        return cls(high[order], low[order], body[order])

    @classmethod
    def of(cls, events: pa.Table) -> Self:
        """Sort the keys of some events."""
        return cls.sorted(*(events[name].to_numpy() for name in ("key_hi", "key_lo", "body")))

    def merged(self, other: "Keys") -> "Keys":
        """Both together."""
        both = (np.concatenate([getattr(self, n), getattr(other, n)]) for n in ("high", "low", "body"))
        return Keys.sorted(*both)

    def find(self, high: KeyArray, low: KeyArray) -> npt.NDArray[np.int64]:
        """Position of each key here, or -1."""
        if not len(self.high):
            return np.full(len(high), -1, dtype=np.int64)
        at = np.searchsorted(self.high, high)
        found = np.full(len(high), -1, dtype=np.int64)
        open_ = np.flatnonzero(at < len(self.high))
        while len(open_):  # as often as keys share their first half: almost always once
            open_ = open_[self.high[at[open_]] == high[open_]]
            same = self.low[at[open_]] == low[open_]
            found[open_[same]] = at[open_[same]]
            open_ = open_[~same]
            at[open_] += 1
            open_ = open_[at[open_] < len(self.high)]
        return found


@dataclass(frozen=True, slots=True)
class Segment:
    """One bulk load's events as they lie on disk."""

    first_seq: int
    n_events: int
    bundle: Bundle

    @property
    def last_seq(self) -> int:
        """Seq of the last event."""
        return self.first_seq + self.n_events - 1

    @property
    def keys(self) -> Keys:
        """The sorted keys, mapped from disk."""
        return Keys(*(self.bundle.array(f"keys.{name}") for name in ("high", "low", "body")))

    def events(self, *, after: int = 0, upto: int | None = None) -> pa.Table:
        """Events with a seq in ``after + 1 .. upto``, mapped from disk."""
        first = max(after + 1, self.first_seq)
        last = self.last_seq if upto is None else min(upto, self.last_seq)
        return self.bundle.table("events").slice(first - self.first_seq, max(0, last - first + 1))

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""
        events = self.events(after=after)
        return events.filter(pc.equal(events["source"], source))


def write_segment(parent: Path, events: pa.Table) -> Path:
    """Save events with their key index below ``parent``; return the folder."""
    keys = Keys.of(events)
    arrays = {"keys.high": keys.high, "keys.low": keys.low, "keys.body": keys.body}
    return write_bundle(
        parent, meta={"holds": "segment", "n_events": len(events)}, arrays=arrays, tables={"events": events}
    )


def open_segments(parent: Path, rows: list[tuple[int, int, str]]) -> Iterator[Segment]:
    """Open the segments that the store lists as (first_seq, n_events, bundle)."""
    for first_seq, n_events, bundle in rows:
        yield Segment(first_seq, n_events, Bundle.open(parent / bundle, verify=False))
