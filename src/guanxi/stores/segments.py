"""Bulk events as immutable Arrow columns, with an index by which a known event is found again."""

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb
from guanxi.bundle import Bundle, write_bundle
from guanxi.events.coded import Coded
from guanxi.events.dictionary import positions

KeyArray = npt.NDArray[np.uint64]
ListedSegment = tuple[int, int, int, str]
"""A segment as the store lists it: first_seq, n_events, n_erased and the bundle's name."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Event keys sorted by their first half, and the body hash of each: what is needed to recognise an event.

    Attributes
    ----------
    high : numpy.ndarray, shape (n,)
        First halves, sorted.
    low, body : numpy.ndarray, shape (n,)
        Second halves and body hashes, in the same order or in that of the events.
    rows : numpy.ndarray, shape (n,), optional
        The event of each first half; without it ``low`` and ``body`` are in the order of ``high``.
    """

    high: KeyArray
    low: KeyArray
    body: KeyArray
    rows: npt.NDArray[np.uint32] | None = None

    @classmethod
    def sorted(cls, high: KeyArray, low: KeyArray, body: KeyArray) -> Self:
        """Sort keys that come in any order."""
        order = np.argsort(high, kind="stable")
        return cls(high[order], low[order], body[order])

    @classmethod
    def of(cls, events: pa.Table) -> Self:
        """Sort the keys of some events."""
        return cls.sorted(*(events[name].to_numpy() for name in ("key_hi", "key_lo", "body")))

    def find(self, high: KeyArray, low: KeyArray) -> npt.NDArray[np.int64]:
        """Position of each key in ``low`` and ``body``, or -1."""
        found = np.full(len(high), -1, dtype=np.int64)
        rows = _NO_ROWS if self.rows is None else self.rows
        _find(self.high, self.low, rows, high, low, found)
        return found


_NO_ROWS = np.zeros(0, dtype=np.uint32)


@nb.njit(cache=True, nogil=True)
def _find(sorted_high, known_low, rows, high, low, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Look each key up: hashes are spread evenly, so that one knows about where to look."""
    n = len(sorted_high)
    for i in range(len(high)):
        at = int(np.float64(high[i]) / 2.0**64 * n)
        start, stop, step = np.int64(at), np.int64(at), 1
        while start > 0 and sorted_high[start - 1] >= high[i]:
            start = start - step if start > step else np.int64(0)
            step *= 2
        step = 1
        while stop < n and sorted_high[stop] < high[i]:
            stop = stop + step if stop + step < n else np.int64(n)
            step *= 2
        while start < stop:
            middle = (start + stop) // 2
            if sorted_high[middle] < high[i]:
                start = middle + 1
            else:
                stop = middle
        while start < n and sorted_high[start] == high[i]:  # as often as keys share their first half: almost never
            row = np.int64(rows[start]) if len(rows) else start
            if known_low[row] == low[i]:
                found[i] = row
                break
            start += 1


@dataclass(frozen=True, slots=True)
class Segment:
    """One bulk load's events as they lie on disk.

    Attributes
    ----------
    first_seq : int
        Seq of the first event that was loaded.
    n_events, n_erased : int
        Events that are there, and that were once; where some were erased, the bundle says which seqs are left.
    """

    first_seq: int
    n_events: int
    n_erased: int
    bundle: Bundle

    @property
    def last_seq(self) -> int:
        """Seq of the last event that was loaded."""
        return self.first_seq + self.n_events + self.n_erased - 1

    @property
    def seqs(self) -> npt.NDArray[np.int64]:
        """Seq of every event."""
        if self.n_erased:
            return self.bundle.array("seqs")
        return np.arange(self.first_seq, self.first_seq + self.n_events, dtype=np.int64)

    @property
    def keys(self) -> Keys:
        """The sorted keys, mapped from disk."""
        if self._is_plain:
            return Keys(*(self.bundle.array(f"keys.{name}") for name in ("high", "low", "body")))
        coded = self.coded
        return Keys(self.bundle.array("found.high"), coded.key_lo, coded.bodies, self.bundle.array("found.rows"))

    @property
    def _is_plain(self) -> bool:
        """Whether it was written by version 0.1, with its ids in full."""
        return self.bundle.has("events")

    @property
    def coded(self) -> Coded:
        """All events, mapped from disk."""
        if self._is_plain:
            return Coded.of([self.bundle.table("events")])
        there = self.bundle
        arrays: dict[str, Any] = {name: there.array(name) if there.has(name) else None for name in _CODED}
        texts = self.bundle.table("texts") if self.bundle.has("texts") else pa.table({})
        ids = self.bundle.table("ids").column(0)
        return Coded(ids=ids.chunk(0) if ids.num_chunks == 1 else ids.combine_chunks(), texts=texts, **arrays)

    def coded_between(self, after: int, upto: int) -> Coded:
        """Events with a seq in ``after + 1 .. upto``, mapped from disk where these are all."""
        start, stop, coded = self._position(after + 1), self._position(upto + 1), self.coded
        return coded if (start, stop) == (0, len(coded)) else coded.take(np.arange(start, max(start, stop)))

    def events(self, *, after: int = 0, upto: int | None = None) -> pa.Table:
        """Events with a seq in ``after + 1 .. upto``."""
        upto = self.last_seq if upto is None else upto
        start, stop = self._position(after + 1), self._position(upto + 1)
        if self._is_plain:
            return self.bundle.table("events").slice(start, max(0, stop - start))
        return self.coded.table(start, max(start, stop))

    def _position(self, seq: int) -> int:
        """How many events have a seq below ``seq``."""
        if self.n_erased:
            return int(np.searchsorted(self.seqs, seq))
        return min(max(seq - self.first_seq, 0), self.n_events)

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""
        coded = self.coded
        code = int(positions(pa.array([source], pa.string()), coded.ids)[0])
        start = self._position(after + 1)
        rows = np.flatnonzero(coded.source[start:] == code) + start if code >= 0 else np.zeros(0, dtype=np.int64)
        return coded.take(rows).table()


_CODED = tuple(field.name for field in fields(Coded) if field.name not in ("ids", "texts"))


def write_segment(parent: Path, events: pa.Table, *, seqs: npt.NDArray[np.int64] | None = None) -> Path:
    """Save events with their key index below ``parent``; return the folder. ``seqs`` where they leave gaps."""
    return write_coded(parent, Coded.of([events]), seqs=seqs)


def write_coded(parent: Path, coded: Coded, *, seqs: npt.NDArray[np.int64] | None = None) -> Path:
    """Save coded events; see ``write_segment``."""
    rows = np.argsort(coded.key_hi)
    arrays = coded.arrays() | {"found.high": coded.key_hi[rows], "found.rows": rows.astype(np.uint32)}
    if seqs is not None:
        arrays["seqs"] = seqs
    tables = {"ids": pa.table({"id": coded.ids})}
    if coded.texts.num_columns:
        tables["texts"] = coded.texts
    return write_bundle(parent, meta={"holds": "segment", "n_events": len(coded)}, arrays=arrays, tables=tables)


def listed_segments(db: sqlite3.Connection, *, after: int = 0) -> list[ListedSegment]:
    """What the store lists, in the order of the seqs: segments that reach beyond ``after``."""
    query = """
        SELECT first_seq, n_events, n_erased, bundle FROM segments
        WHERE first_seq + n_events + n_erased - 1 > ? ORDER BY first_seq
    """
    return db.execute(query, (after,)).fetchall()


def drop_orphans(parent: Path, listed: list[ListedSegment]) -> None:
    """Remove segments that are not listed: of loads that were killed, and what erasures have replaced."""
    kept = {bundle for *_, bundle in listed}
    for path in parent.iterdir() if parent.is_dir() else ():
        if path.name not in kept:
            shutil.rmtree(path)


def open_segments(parent: Path, rows: list[ListedSegment]) -> Iterator[Segment]:
    """Open the segments that the store lists."""
    for first_seq, n_events, n_erased, bundle in rows:
        yield Segment(first_seq, n_events, n_erased, Bundle.open(parent / bundle, verify=False))
