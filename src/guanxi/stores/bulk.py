"""A bulk load: segments are written as events come in, and listed together at the end."""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa

from guanxi.events.coded import Coding
from guanxi.stores import log
from guanxi.stores.protocol import Appended
from guanxi.stores.recognition import Recognition
from guanxi.stores.segments import Keys, write_coded

SEGMENT_EVENTS = 4_000_000
SEGMENT_BYTES = 512 << 20
"""Of the texts in a segment: properties may be long."""
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
        self._recognition = Recognition(known)
        self._few: list[pa.Table] | None = []  # as long as they may still go into the log
        self._coding = Coding()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="segment")
        self._written: list[tuple[int, Future[Path]]] = []

    def add(self, events: pa.Table) -> Appended:
        """Take events into the load and say what each of them is."""
        appended = self._recognition.recognise(events)
        new = appended.where("created")
        self._keep(events if new.all() else events.filter(pa.array(new)))
        return appended

    def _keep(self, new: pa.Table) -> None:
        if not len(new):
            return
        if self._few is not None:
            self._few.append(new)
            if sum(map(len, self._few)) >= min(SMALL_LOAD, SEGMENT_EVENTS):
                new, self._few = pa.concat_tables(self._few), None
        if self._few is None:
            self._coding.add(new)
        if self._coding.n_events >= SEGMENT_EVENTS or self._coding.n_bytes >= SEGMENT_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Hand a segment to the writing thread; no more than one waits there."""
        if len(self._written) > 1:
            self._written[-2][1].result()
        coding, self._coding = self._coding, Coding()
        written = self._writer.submit(lambda: write_coded(self._folder, coding.finish()))
        self._written.append((coding.n_events, written))

    def finish(self, db: sqlite3.Connection) -> None:
        """List what was loaded; part of the store's transaction."""
        if self._coding.n_events:
            self._flush()
        self._writer.shutdown()
        for n_events, written in self._written:
            first_seq = _last_seq(db) + 1
            row = (first_seq, n_events, written.result().name)
            db.execute("INSERT INTO segments (first_seq, n_events, bundle) VALUES (?, ?, ?)", row)
            _set_last_seq(db, first_seq + n_events - 1)
        for events in self._few or ():
            log.insert(db, events)

    def close(self) -> None:
        """Wait until nothing is written any more; after an error, before what was written is removed."""
        self._writer.shutdown(cancel_futures=True)


def _last_seq(db: sqlite3.Connection) -> int:
    row = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def _set_last_seq(db: sqlite3.Connection, seq: int) -> None:
    """Reserve seqs in SQLite's own counter, so that the log never hands them out again."""
    if db.execute("UPDATE sqlite_sequence SET seq = ? WHERE name = 'events'", (seq,)).rowcount == 0:
        db.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)", (seq,))
