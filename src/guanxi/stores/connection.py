"""SQLite connections: many that read, and one at a time, over all processes, that writes.

SQLite before 3.51.3 can corrupt a write-ahead log that two connections checkpoint at once. Here a file lock is held
while a writing connection is open, and all other connections are read-only, so there is never a second one.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from guanxi.bundle import store_error
from guanxi.errors import StoreBusyError, StoreError, StoreFullError
from guanxi.stores.migrations import check_version, migrate

DATABASE = "guanxi.sqlite"
_BUSY_MS = 10_000
_FULL = ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")  # the latter: no space for the index of the write-ahead log


class Connections:
    """Connections to the database of one store."""

    def __init__(self, home: Path, *, lock_timeout_s: float = 30.0) -> None:
        self.path = home / DATABASE
        self._lock_path = home / "lock"
        self._lock_timeout_s = lock_timeout_s
        self._thread_lock = threading.RLock()
        self._readers = threading.local()
        self._open: list[sqlite3.Connection] = []

    def reader(self) -> sqlite3.Connection:
        """Return this thread's read-only connection."""
        found: sqlite3.Connection | None = getattr(self._readers, "db", None)
        if found is None:
            uri = f"file:{quote(str(self.path))}?mode=ro"
            with translated(self.path):
                found = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
                found.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
                check_version(found, self.path)
            self._readers.db = found
            self._open.append(found)
        return found

    def version(self) -> int:
        """Return the version of the schema; 0 for an empty database."""
        with translated(self.path):
            return check_version(self.reader(), self.path)

    def query(self, sql: str, parameters: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """Every row that a reading query finds."""
        with translated(self.path):
            return self.reader().execute(sql, parameters).fetchall()

    @contextmanager
    def writer(self) -> Iterator[sqlite3.Connection]:
        """Open the only writing connection, in a transaction that commits when the block ends without an error.

        Raises
        ------
        StoreBusyError
            If another process keeps the store locked.
        StoreFullError
            If the device is full; nothing of the transaction is kept.
        """
        with self.exclusive() as db:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")

    @contextmanager
    def exclusive(self, *, lock_timeout_s: float | None = None) -> Iterator[sqlite3.Connection]:
        """Open the only writing connection, outside a transaction; raises as ``writer``."""
        wait_s = self._lock_timeout_s if lock_timeout_s is None else lock_timeout_s
        with self._thread_lock, self._file_lock(wait_s), translated(self.path):
            db = sqlite3.connect(self.path, isolation_level=None)
            try:
                db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
                db.execute("PRAGMA journal_mode = WAL")
                db.execute("PRAGMA synchronous = FULL")
                db.execute("PRAGMA secure_delete = ON")
                migrate(db, self.path)
                yield db
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                db.close()

    def close(self) -> None:
        """Close every reading connection."""
        while self._open:
            self._open.pop().close()
        self._readers = threading.local()

    @contextmanager
    def _file_lock(self, wait_s: float) -> Iterator[None]:
        try:
            file = self._lock_path.open("a+", encoding="ascii")
        except OSError as exc:
            raise store_error(exc, self._lock_path) from exc
        with file:
            self._acquire(file, wait_s)
            _sign(file)
            yield

    def _acquire(self, file: IO[str], wait_s: float) -> None:
        give_up = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > give_up:
                    file.seek(0)
                    holder = file.read().strip() or "unknown"
                    raise StoreBusyError(
                        f"process {holder} has been writing to {self.path.parent} for {wait_s:g} s; "
                        "try again when it is done"
                    ) from None
                time.sleep(0.005)
            else:
                return


def _sign(file: IO[str]) -> None:
    """Say in the lock file who holds the lock; on a full disk it stays unsaid."""
    file.truncate(0)
    with suppress(OSError):
        os.write(file.fileno(), f"{os.getpid()}\n".encode())


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into the store's."""
    try:
        yield
    except sqlite3.Error as exc:
        name = getattr(exc, "sqlite_errorname", "")
        if name in _FULL:
            raise StoreFullError(f"no space is left for {path}; nothing was kept") from exc
        if name == "SQLITE_NOTADB":
            raise StoreError(f"{path} is not a Guanxi store: {exc}") from exc
        raise StoreError(f"{path}: {exc}") from exc
