"""A bulk load: segments are written as events come in, and listed together at the end."""

import sqlite3
from pathlib import Path

import pyarrow as pa

from guanxi.stores import log
from guanxi.stores.protocol import Appended
from guanxi.stores.recognition import recognise
from guanxi.stores.segments import Keys, write_segment

SEGMENT_EVENTS = 1_000_000
SMALL_LOAD = 10_000
"""A load of fewer events goes into the log: a segment of its own would cost more than it saves."""


class BulkLoad:
    """A load in progress; ``EmbeddedStore.loading`` opens and ends it.

    Parameters
    ----------
    folder : Path
        Where segments are written.
    known : list of Keys
        The keys of all events that the store has.
    """

    def __init__(self, folder: Path, known: list[Keys]) -> None:
        self._folder = folder
        self._known = known
        self._mine: list[Keys] = []
        self._pending: list[pa.Table] = []
        self._n_pending = 0
        self._written: list[tuple[int, str]] = []

    def add(self, events: pa.Table) -> Appended:
        """Take events into the load and say what each of them is."""
        appended = recognise(events, [*self._known, *self._mine])
        new = events.filter(pa.array(appended.where("created")))
        if len(new):
            self._remember(Keys.of(new))
            self._pending.append(new)
            self._n_pending += len(new)
        if self._n_pending >= SEGMENT_EVENTS:
            self._flush()
        return appended

    def _remember(self, keys: Keys) -> None:
        """Keep few sorted lists, each at least twice as long as the next, so that look-ups stay cheap."""
        self._mine.append(keys)
        while len(self._mine) > 1 and len(self._mine[-2].high) < 2 * len(self._mine[-1].high):
            last = self._mine.pop()
            self._mine[-1] = self._mine[-1].merged(last)

    def _flush(self) -> None:
        segment = write_segment(self._folder, pa.concat_tables(self._pending))
        self._written.append((self._n_pending, segment.name))
        self._pending, self._n_pending = [], 0

    def finish(self, db: sqlite3.Connection) -> None:
        """List what was loaded; part of the store's transaction."""
        if self._n_pending >= SMALL_LOAD or (self._written and self._pending):
            self._flush()
        for n_events, bundle in self._written:
            first_seq = _last_seq(db) + 1
            row = (first_seq, n_events, bundle)
            db.execute("INSERT INTO segments (first_seq, n_events, bundle) VALUES (?, ?, ?)", row)
            _set_last_seq(db, first_seq + n_events - 1)
        for events in self._pending:
            log.insert(db, events)


def _last_seq(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def _set_last_seq(db: sqlite3.Connection, seq: int) -> None:
    """Reserve seqs in SQLite's own counter, so that the log never hands them out again."""
    if db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", (seq,)).rowcount == 0:
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (seq,))
