"""The embedded store: SQLite and a folder, no server.

SQLite holds the log of single events, the list of bulk segments, the runs and the API keys; bulk events lie in Arrow
segments beside it. A bulk load writes its segments first and then lists them all in one transaction, so it is there
whole or not at all.
"""

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

import pyarrow as pa

from guanxi.bundle import Bundle, store_error, sync_folder
from guanxi.errors import DamagedError, NotReadyError, ParameterError, StoreError
from guanxi.events import EVENT_SCHEMA
from guanxi.events.coded import Coded
from guanxi.stores import log, strategies
from guanxi.stores.admission import Admitting, Graveyard, with_refused
from guanxi.stores.bulk import BulkLoad
from guanxi.stores.connection import DATABASE, Connections, translated
from guanxi.stores.erasing import Eraser
from guanxi.stores.migrations import newest_version
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
from guanxi.stores.recognition import recognise
from guanxi.stores.segments import ListedSegment, Segment, drop_orphans, listed_segments, open_segments

_CURRENT = "current.json"
_TABLE_EVENTS = 1_000_000
_ABANDONED_S = 24 * 3600.0


class EmbeddedStore:
    """A graph store in one folder.

    Parameters
    ----------
    home : Path
        The folder; made when ``create`` is set.
    create : bool
        Whether to make the store if there is none.

    Raises
    ------
    NotReadyError
        If there is no store and ``create`` is not set.
    StoreVersionError
        If a newer version of Guanxi wrote it.
    """

    def __init__(self, home: Path, *, create: bool = False, lock_timeout_s: float = 30.0) -> None:
        self.home = home
        self._db = Connections(home, lock_timeout_s=lock_timeout_s)
        if not self._is_there():
            if not create:
                raise NotReadyError(f"there is no store at {home}; `guanxi load` makes one")
            self._create()
        if self._db.version() < newest_version():
            self._upgrade()
        self._eraser = Eraser(home, self._db)
        self._graveyard: Graveyard | None = None
        self._eraser.resume()

    def _is_there(self) -> bool:
        """Whether there is a store; one that was killed while it was made is not."""
        return (self.home / DATABASE).exists() and self._db.version() > 0

    def _create(self) -> None:
        if self.home.exists() and not self.home.is_dir():
            raise ParameterError(f"the store {self.home} is a file, not a folder")
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise store_error(exc, self.home) from exc
        self._upgrade()

    def _upgrade(self) -> None:
        with self._db.exclusive():
            pass

    def close(self) -> None:
        """Close the connections of this process."""
        self._db.close()

    # -- events ---------------------------------------------------------------------------------------------------

    def append(self, events: pa.Table) -> Appended:
        """Keep events (in ``EVENT_SCHEMA``); they are on disk when this returns."""
        with self._db.writer() as db:
            admitted, refused = self._tombstones(db).admit(events)
            known = [segment.keys for segment in self._segments()]
            appended = recognise(admitted, [*known, log.known_keys(db, admitted)])
            log.insert(db, admitted.filter(pa.array(appended.where("created"))))
        return with_refused(appended, refused)

    @contextmanager
    def loading(self) -> Iterator[Loading]:
        """Open a bulk load; it is kept when the block ends without an error.

        Otherwise none of it is. What a killed load had written is removed when the next one begins.
        """
        folder = self.home / "segments"
        with self._db.writer() as db:
            drop_orphans(folder, self._listed())
            known = [segment.keys for segment in self._segments()]
            load = BulkLoad(folder, [*known, log.all_keys(db)])
            try:
                yield Admitting(load, self._tombstones(db))
                load.finish(db)
            except BaseException:
                load.close()
                drop_orphans(folder, self._listed())
                raise

    def _tombstones(self, db: sqlite3.Connection) -> Graveyard:
        self._graveyard = Graveyard.of(db, self._graveyard)
        return self._graveyard

    def events(self, *, after: int = 0, upto: int | None = None) -> Iterator[pa.Table]:
        """Events with a seq in ``after + 1 .. upto``, in the order of their seqs; ``upto`` is now by default."""
        upto, done = self.last_seq() if upto is None else upto, after
        for segment in self._segments(after=after):
            if segment.first_seq <= upto:
                yield from self._logged("seq > ? AND seq < ?", done, segment.first_seq)
                last = min(upto, segment.last_seq)
                for start in range(max(after, segment.first_seq - 1), last, _TABLE_EVENTS):
                    some = partial(Segment.events, after=start, upto=min(start + _TABLE_EVENTS, last))
                    yield self._read(segment, some)
                done = segment.last_seq
        yield from self._logged("seq > ? AND seq <= ?", done, upto)

    def _logged(self, where: str, *parameters: object) -> Iterator[pa.Table]:
        with translated(self._db.path):
            yield from log.select(self._db.reader(), where, parameters)

    def coded_events(self, *, after: int = 0, upto: int) -> Iterator[pa.Table | Coded]:
        """The same as ``events``, with segments as they lie on disk, their ids as numbers."""
        done = after
        for segment in self._segments(after=after):
            if segment.first_seq <= upto:
                yield from self._logged("seq > ? AND seq < ?", done, segment.first_seq)
                yield self._read(segment, partial(Segment.coded_between, after=after, upto=upto))
                done = segment.last_seq
        yield from self._logged("seq > ? AND seq <= ?", done, upto)

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""
        own = partial(Segment.events_of, source=source, after=after)
        parts = [self._read(segment, own) for segment in self._segments(after=after)]
        parts += self._logged("source = ? AND seq > ?", source, after)
        return pa.concat_tables([EVENT_SCHEMA.empty_table(), *parts])

    def last_seq(self) -> int:
        """Return the seq of the newest event; 0 for an empty store."""
        rows = self._db.query("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
        return int(rows[0][0]) if rows else 0

    def n_events(self) -> int:
        """Return the number of events."""
        query = "SELECT (SELECT count(*) FROM events) + (SELECT coalesce(sum(n_events), 0) FROM segments)"
        return int(self._db.query(query)[0][0])

    def _segments(self, *, after: int = 0) -> list[Segment]:
        """Segments with a seq greater than ``after``; the others are not even opened: most answers need none."""
        while True:
            listed = self._listed(after=after)
            try:
                return list(open_segments(self.home / "segments", listed))
            except DamagedError:
                if listed == self._listed(after=after):  # otherwise an erasure has replaced some meanwhile
                    raise

    def _read(self, segment: Segment, read: Callable[[Segment], pa.Table]) -> pa.Table:
        """Read a segment; one that an erasure has replaced since it was listed is read as it is now."""
        try:
            return read(segment)
        except (DamagedError, FileNotFoundError):
            now = next((other for other in self._segments() if other.first_seq == segment.first_seq), None)
            if now is not None and now.bundle.id == segment.bundle.id:
                raise
            return EVENT_SCHEMA.empty_table() if now is None else self._read(now, read)

    def _listed(self, *, after: int = 0) -> list[ListedSegment]:
        with translated(self._db.path):
            return listed_segments(self._db.reader(), after=after)

    # -- erasing --------------------------------------------------------------------------------------------------

    def erase(self, *accounts: str, now_us: int) -> Erased:
        """Erase accounts; gone from the log when this returns, and from the files unless somebody reads them."""
        return self._eraser.erase(accounts, now_us=now_us)

    def erasing(self, place: Place) -> list[Erasing]:
        """Erasures that have this place before them, and none before it."""
        return self._eraser.erasing(place)

    def waits_for(self, accounts: Collection[str]) -> tuple[Place, ...]:
        """Where some of these accounts may still be found."""
        return self._eraser.waits_for(accounts)

    def erased_from(self, place: Place, erasures: Sequence[Erasing]) -> None:
        """Note that accounts are gone from a place."""
        self._eraser.erased_from(place, erasures)

    def sweep(self) -> bool:
        """Overwrite what erased accounts left in files; whether no erasure is unfinished."""
        return self._eraser.sweep()

    def last_erasure(self) -> int:
        """Number of the erasure that was begun last; 0 where there was none."""
        return self._eraser.last_erasure()

    def tombstones(self) -> list[Tombstone]:
        """What is left of the erased accounts, oldest first."""
        return self._eraser.tombstones()

    def replay(self, tombstones: Sequence[Tombstone], *, now_us: int) -> Erased:
        """Erase anew whom a copy of this store, made before, knows again."""
        return self._eraser.replay(tombstones, now_us=now_us)

    def allow_return(self, account: str) -> bool:
        """Let an erased account come back by new events; whether it was erased."""
        return self._eraser.allow_return(account)

    # -- runs, and what is published ------------------------------------------------------------------------------

    @property
    def snapshots(self) -> Path:
        """Folder of the snapshots."""
        return self.home / "snapshots"

    @property
    def runs(self) -> Path:
        """Folder of the runs' arrays."""
        return self.home / "runs"

    def published(self) -> Published | None:
        """What answers are made from now; None before the first snapshot.

        Raises
        ------
        DamagedError
            If the file that says so cannot be read.
        """
        try:
            return Published(**json.loads((self.home / _CURRENT).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as exc:
            raise DamagedError(f"{self.home / _CURRENT} cannot be read ({exc}); remove it and take a snapshot") from exc

    def publish(self, published: Published) -> None:
        """Put a snapshot, or a snapshot and its run, in use; what is neither current nor previous is removed."""
        draft = self.home / f".{_CURRENT}.{os.getpid()}"
        try:
            with draft.open("w", encoding="utf-8") as file:
                json.dump(asdict(published), file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.home / _CURRENT)
            sync_folder(self.home)
        except OSError as exc:
            draft.unlink(missing_ok=True)
            raise store_error(exc, self.home) from exc
        _keep_only(self.snapshots, published.snapshots)
        _keep_only(self.runs, published.runs)

    def record_run(self, run: RunRecord) -> None:
        """Remember a run; the same run again changes nothing."""
        with self._db.writer() as db:
            row = (run.id, run.snapshot, run.strategy, run.parameters, run.created_us)
            db.execute(
                "INSERT OR IGNORE INTO runs (id, snapshot, strategy, parameters, created) VALUES (?,?,?,?,?)", row
            )

    def recorded_runs(self) -> list[RunRecord]:
        """Every run, oldest first."""
        query = "SELECT id, snapshot, strategy, parameters, created FROM runs ORDER BY created, id"
        return [RunRecord(*row) for row in self._db.query(query)]

    # -- strategies -----------------------------------------------------------------------------------------------

    def add_strategy(self, record: StrategyRecord) -> bool:
        """Keep a strategy; False where there is one of its name and version, which stays as it is.

        Raises
        ------
        ParameterError
            If its seeds name an account that was erased.
        """
        with self._db.writer() as db:
            return strategies.insert(db, record)

    def strategies(self) -> list[StrategyRecord]:
        """Every version of every strategy, by name and version."""
        return [StrategyRecord(*row) for row in self._db.query(strategies.SELECT)]

    # -- API keys -------------------------------------------------------------------------------------------------

    def add_key(self, key: ApiKey) -> None:
        """Keep an API key."""
        row = (key.prefix, key.sha256, " ".join(key.scopes), key.label, key.created_us)
        with self._db.writer() as db:
            db.execute("INSERT INTO api_keys (prefix, sha256, scopes, label, created) VALUES (?, ?, ?, ?, ?)", row)

    def keys(self) -> list[ApiKey]:
        """Every API key, revoked ones included."""
        query = "SELECT prefix, sha256, scopes, label, created, revoked FROM api_keys ORDER BY created, prefix"
        return [
            ApiKey(prefix, sha256, tuple(scopes.split()), label, created, revoked)
            for prefix, sha256, scopes, label, created, revoked in self._db.query(query)
        ]

    def revoke_key(self, prefix: str, *, now_us: int) -> bool:
        """Revoke a key; return whether there was one to revoke."""
        with self._db.writer() as db:
            done = db.execute("UPDATE api_keys SET revoked = ? WHERE prefix = ? AND revoked IS NULL", (now_us, prefix))
            return done.rowcount > 0

    # -- health ---------------------------------------------------------------------------------------------------

    def ping(self) -> None:
        """Raise StoreError if the database does not answer."""
        self.last_seq()

    def damage(self) -> list[str]:
        """Check everything that is kept, and say what is wrong; slow."""
        try:
            found = [str(row[0]) for row in self._db.query("PRAGMA integrity_check")]
            listed = self._listed()
        except StoreError as exc:
            return [str(exc)]
        problems = [] if found == ["ok"] else [f"{DATABASE}: {problem}" for problem in found]
        for *_, bundle in listed:
            try:
                Bundle.open(self.home / "segments" / bundle, thorough=True)
            except DamagedError as exc:
                problems.append(f"segment {exc}")
        return problems


def _keep_only(folder: Path, names: set[str | None]) -> None:
    """Remove all other bundles, and drafts so old that whoever wrote them must have been killed."""
    for path in folder.iterdir() if folder.is_dir() else ():
        abandoned = path.name.startswith(".") and time.time() - path.stat().st_mtime > _ABANDONED_S
        if abandoned or not (path.name.startswith(".") or path.name in names):
            shutil.rmtree(path, ignore_errors=True)
