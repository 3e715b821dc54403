"""The embedded store: SQLite and a folder, no server.

SQLite holds the log of single events, the list of bulk segments, the runs and the API keys; bulk events lie in Arrow
segments beside it. A bulk load writes its segments first and then lists them all in one transaction, so it is there
whole or not at all.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa

from guanxi.bundle import Bundle, store_error, sync_folder
from guanxi.errors import DamagedError, NotReadyError, ParameterError, StoreError
from guanxi.events import EVENT_SCHEMA
from guanxi.stores import log
from guanxi.stores.bulk import BulkLoad
from guanxi.stores.connection import DATABASE, Connections, translated
from guanxi.stores.protocol import ApiKey, Appended, Published, RunRecord
from guanxi.stores.recognition import recognise
from guanxi.stores.segments import Segment, open_segments

_CURRENT = "current.json"
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
        self._db.reader()

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
        with self._db.writer():
            pass

    def close(self) -> None:
        """Close the connections of this process."""
        self._db.close()

    # -- events ---------------------------------------------------------------------------------------------------

    def append(self, events: pa.Table) -> Appended:
        """Keep events (in ``EVENT_SCHEMA``); they are on disk when this returns."""
        with self._db.writer() as db:
            known = [segment.keys for segment in self._segments()]
            appended = recognise(events, [*known, log.known_keys(db, events)])
            log.insert(db, events.filter(pa.array(appended.where("created"))))
        return appended

    @contextmanager
    def loading(self) -> Iterator["BulkLoad"]:
        """Open a bulk load; it is kept when the block ends without an error.

        Otherwise none of it is. What a killed load had written is removed when the next one begins.
        """
        with self._db.writer() as db:
            self._drop_orphans()
            known = [segment.keys for segment in self._segments()]
            load = BulkLoad(self.home / "segments", [*known, log.all_keys(db)])
            try:
                yield load
                load.finish(db)
            except BaseException:
                self._drop_orphans()
                raise

    def events(self, *, after: int = 0, upto: int | None = None) -> Iterator[pa.Table]:
        """Events with a seq in ``after + 1 .. upto``, in the order of their seqs; ``upto`` is now by default."""
        upto, done = self.last_seq() if upto is None else upto, after
        for segment in self._segments():
            if after < segment.last_seq and segment.first_seq <= upto:
                yield from self._logged("seq > ? AND seq < ?", done, segment.first_seq)
                yield segment.events(after=after, upto=upto)
                done = segment.last_seq
        yield from self._logged("seq > ? AND seq <= ?", done, upto)

    def _logged(self, where: str, *parameters: object) -> Iterator[pa.Table]:
        with translated(self._db.path):
            yield from log.select(self._db.reader(), where, parameters)

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""
        parts = [s.events_of(source, after=after) for s in self._segments() if s.last_seq > after]
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

    def _segments(self) -> list[Segment]:
        return list(open_segments(self.home / "segments", self._listed()))

    def _listed(self) -> list[tuple[int, int, str]]:
        return self._db.query("SELECT first_seq, n_events, bundle FROM segments ORDER BY first_seq")

    def _drop_orphans(self) -> None:
        """Remove segments of loads that were killed before they were listed."""
        folder = self.home / "segments"
        listed = {bundle for _, _, bundle in self._listed()}
        for path in folder.iterdir() if folder.is_dir() else ():
            if path.name not in listed:
                shutil.rmtree(path)

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
        for _, _, bundle in listed:
            try:
                Bundle.open(self.home / "segments" / bundle)
            except DamagedError as exc:
                problems.append(f"segment {exc}")
        return problems


def _keep_only(folder: Path, names: set[str | None]) -> None:
    """Remove all other bundles, and drafts so old that whoever wrote them must have been killed."""
    for path in folder.iterdir() if folder.is_dir() else ():
        abandoned = path.name.startswith(".") and time.time() - path.stat().st_mtime > _ABANDONED_S
        if abandoned or not (path.name.startswith(".") or path.name in names):
            shutil.rmtree(path, ignore_errors=True)
