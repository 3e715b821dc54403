"""Erasing accounts from the embedded store, down to the bytes.

An erasure is written down before it is begun, and stays written down until no file holds the account any more; what a
kill interrupts is finished by the next opening. Its steps:

1. A tombstone is set, so that the account's events are refused from now on.
2. In one transaction the log loses the account's events, segments that hold some are replaced by ones that do not, and
   strategies lose it as a seed.
3. The graph and the answers are freed of it by those who keep them; they note it here.
4. The id is forgotten, and what SQLite left of it in unused parts of its files is overwritten.
"""

import json
import mmap
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from guanxi.errors import ParameterError, StoreBusyError
from guanxi.events import parsing
from guanxi.events.dictionary import positions
from guanxi.stores import log, strategies
from guanxi.stores.admission import Graveyard, is_about, names, unnamed
from guanxi.stores.connection import Connections
from guanxi.stores.protocol import PLACES, Erased, Erasing, Place, Tombstone
from guanxi.stores.segments import Segment, drop_orphans, listed_segments, open_segments, write_segment

_GRAPH_MARK = "neo4j.json"  # the folder stands before a Neo4j database
_AT_OPENING_S = 0.05
Counts = tuple[int, int]


class Eraser:
    """Erases accounts from the log and the segments of one store, and keeps account of what is still to do."""

    def __init__(self, home: Path, db: Connections) -> None:
        self._home, self._db = home, db
        self._segments = home / "segments"

    def erase(self, accounts: Collection[str], *, now_us: int) -> Erased:
        """Erase accounts; see ``GraphStore.erase``."""
        for account in accounts:
            if not 0 < len(account.encode()) <= parsing.MAX_ID_BYTES:
                n_bytes = len(account.encode())
                raise ParameterError(f"{account!r} is no id: it has {n_bytes} bytes, not 1 to {parsing.MAX_ID_BYTES}")
        with self._db.writer() as db:
            graveyard = Graveyard.of(db)
            for account in accounts:
                if _bury(db, graveyard.digest(account), now_us):
                    self._begin(db, account)
        return self._go_on(accounts)

    def replay(self, tombstones: Sequence[Tombstone], *, now_us: int) -> Erased:
        """Erase anew those whose tombstones these are; see ``GraphStore.replay``."""
        with self._db.writer() as db:
            digests = {bytes.fromhex(tombstone.digest) for tombstone in tombstones}
            new = frozenset(digest for digest in digests if _bury(db, digest, now_us))
            known = Graveyard(Graveyard.of(db).secret, new).erased_among(self._ids(db))
            for account in known:
                self._begin(db, account)
        return self._go_on(known)

    def _ids(self, db: sqlite3.Connection) -> list[pa.ChunkedArray]:
        """Every id that may be an account's."""
        parts = [*(segment.events() for segment in self._open(db)), *log.select(db, "TRUE", ())]
        return [part[name] for part in parts for name in ("source", "target", "via")]

    def _begin(self, db: sqlite3.Connection, account: str) -> None:
        in_graph = (self._home / _GRAPH_MARK).exists()
        db.execute(
            "INSERT INTO erasing (account, in_log, in_graph, in_answers) VALUES (?, 1, ?, 1)", (account, in_graph)
        )

    def _go_on(self, accounts: Collection[str]) -> Erased:
        n_events, n_unnamed = self._erase_events()
        self.sweep()
        return Erased(n_events, n_unnamed, self.waits_for(accounts))

    def resume(self) -> None:
        """Finish here what was begun and interrupted, unless somebody is at it."""
        if not self._unfinished():
            return
        with suppress(StoreBusyError):
            with self._db.exclusive(lock_timeout_s=_AT_OPENING_S):
                pass
            self._erase_events()
            self.sweep()

    # -- what is still to do --------------------------------------------------------------------------------------

    def erasing(self, place: Place) -> list[Erasing]:
        """Erasures that have this place before them, and none before it."""
        here = PLACES.index(place)
        flags = [f"in_{name} = {int(name == place)}" for name in PLACES[: here + 1]]
        query = f"SELECT number, account FROM erasing WHERE {' AND '.join(flags)} ORDER BY number"  # noqa: S608 - ours
        return [Erasing(*row) for row in self._db.query(query)]

    def waits_for(self, accounts: Collection[str]) -> tuple[Place, ...]:
        """Where some of these accounts may still be found."""
        rows = self._db.query("SELECT account, in_log, in_graph, in_answers FROM erasing")
        flags = [row[1:] for row in rows if row[0] in accounts]
        return tuple(place for at, place in enumerate(PLACES) if any(row[at] for row in flags))

    def erased_from(self, place: Place, erasures: Sequence[Erasing]) -> None:
        """Note that accounts are gone from a place."""
        with self._db.writer() as db:
            update = f"UPDATE erasing SET in_{place} = 0 WHERE number = ?"  # noqa: S608 - the name is ours
            db.executemany(update, [(erasure.number,) for erasure in erasures])
            if place == "answers":
                _forget_runs(db, {erasure.account for erasure in erasures})
        self.sweep()

    def last_erasure(self) -> int:
        """Number of the erasure that was begun last."""
        rows = self._db.query("SELECT seq FROM sqlite_sequence WHERE name = 'erasing'")
        return int(rows[0][0]) if rows else 0

    def tombstones(self) -> list[Tombstone]:
        """Every tombstone, oldest first."""
        rows = self._db.query("SELECT digest, erased FROM tombstones ORDER BY erased, digest")
        return [Tombstone(bytes(digest).hex(), erased) for digest, erased in rows]

    def allow_return(self, account: str) -> bool:
        """Take the tombstone away, once the old events are gone."""
        self._erase_events()
        with self._db.writer() as db:
            digest = Graveyard.of(db).digest(account)
            return db.execute("DELETE FROM tombstones WHERE digest = ?", (digest,)).rowcount > 0

    # -- events ---------------------------------------------------------------------------------------------------

    def _erase_events(self) -> Counts:
        """Take every event of the accounts that wait for it out of the log and the segments, in one transaction."""
        with self._db.writer() as db:
            accounts = [row[0] for row in db.execute("SELECT account FROM erasing WHERE in_log = 1")]
            if not accounts:
                return 0, 0
            counts = [log.erase(db, accounts)]
            counts += [self._rewrite(db, segment, accounts) for segment in self._open(db)]
            strategies.forget(db, accounts)
            db.execute("UPDATE erasing SET in_log = 0")
        return sum(n for n, _ in counts), sum(n for _, n in counts)

    def _rewrite(self, db: sqlite3.Connection, segment: Segment, accounts: Collection[str]) -> Counts:
        """Replace a segment by one without some accounts; its seqs are not given to other events."""
        if (positions(pa.array(sorted(accounts), pa.string()), segment.coded.ids) < 0).all():
            return 0, 0
        events = segment.events()
        gone = is_about(events, accounts)
        named = names(events, accounts) & ~gone
        n_gone = int(gone.sum())
        if gone.all():
            db.execute("DELETE FROM segments WHERE first_seq = ?", (segment.first_seq,))
        elif gone.any() or named.any():
            kept = unnamed(events, named).filter(pa.array(~gone))
            folder = write_segment(self._segments, kept, seqs=segment.seqs[~gone])
            row = (len(kept), n_gone, folder.name, segment.first_seq)
            db.execute("UPDATE segments SET n_events = ?, n_erased = n_erased + ?, bundle = ? WHERE first_seq = ?", row)
        return n_gone, int(named.sum())

    def _open(self, db: sqlite3.Connection) -> list[Segment]:
        return list(open_segments(self._segments, listed_segments(db)))

    # -- bytes ----------------------------------------------------------------------------------------------------

    def sweep(self) -> bool:
        """Remove replaced segments; forget the ids of accounts that are nowhere else, and overwrite their bytes.

        What cannot be done while others read is left for the next time. Returns whether no erasure is unfinished.
        """
        if not self._unfinished():
            return True
        with self._db.exclusive() as db:
            drop_orphans(self._segments, listed_segments(db))
            rows = db.execute(
                "SELECT number, account FROM erasing WHERE in_log = 0 AND in_graph = 0 AND in_answers = 0"
            ).fetchall()
            db.executemany("UPDATE erasing SET account = NULL WHERE number = ?", [(number,) for number, _ in rows])
            clean = _checkpointed(db)
            if clean and any(account is None or _holds(self._db.path, account) for _, account in rows):
                db.execute("VACUUM")
                clean = _checkpointed(db)
            if clean:
                db.executemany("DELETE FROM erasing WHERE number = ?", [(number,) for number, _ in rows])
        return not self._unfinished()

    def _unfinished(self) -> bool:
        return bool(self._db.query("SELECT 1 FROM erasing LIMIT 1"))


def _bury(db: sqlite3.Connection, digest: bytes, now_us: int) -> bool:
    """Set a tombstone; whether there was none."""
    insert = "INSERT OR IGNORE INTO tombstones (digest, erased) VALUES (?, ?)"
    return db.execute(insert, (digest, now_us)).rowcount > 0


def _forget_runs(db: sqlite3.Connection, accounts: set[str]) -> None:
    """Remove the records of runs whose parameters name accounts, as seeds."""
    naming = [
        (id_,)
        for id_, parameters in db.execute("SELECT id, parameters FROM runs").fetchall()
        if not accounts.isdisjoint(_texts(json.loads(parameters)))
    ]
    db.executemany("DELETE FROM runs WHERE id = ?", naming)


def _texts(value: object) -> Iterator[str]:
    """Every text in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _texts(inner)


def _checkpointed(db: sqlite3.Connection) -> bool:
    """Empty the write-ahead log; False while somebody reads what it holds."""
    busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


def _holds(path: Path, text: str) -> bool:
    """Whether a file has these bytes anywhere."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        return mapped.find(text.encode()) >= 0
