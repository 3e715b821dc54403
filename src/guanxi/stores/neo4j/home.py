"""What the local folder of a Neo4j store keeps about the database: the log's name there, and a lock."""

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from guanxi.bundle import store_error, sync_folder
from guanxi.errors import DamagedError, StoreBusyError

_FILE = "neo4j.json"


def log_name(home: Path) -> str:
    """Name under which the log in this folder is known to databases; made at the first call.

    Raises
    ------
    DamagedError
        If the file that holds it cannot be read.
    """
    path = home / _FILE
    with suppress(FileNotFoundError):
        return _read(path)
    draft = home / f".{_FILE}.{os.getpid()}.{threading.get_ident()}"
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump({"log": secrets.token_hex(16)}, file)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process was first, and its name counts
            os.link(draft, path)
        sync_folder(home)
    except OSError as exc:
        raise store_error(exc, home) from exc
    finally:
        draft.unlink(missing_ok=True)
    return _read(path)


def _read(path: Path) -> str:
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["log"])
    except (ValueError, KeyError, TypeError) as exc:
        raise DamagedError(
            f"{path} cannot be read ({exc}); remove it, and every event is compared with the database once more"
        ) from exc


class PumpLock:
    """Held by whoever applies or exports, over all threads and processes on one folder."""

    def __init__(self, home: Path, *, timeout_s: float) -> None:
        self._path = home / "neo4j.lock"
        self._thread_lock = threading.Lock()
        self._timeout_s = timeout_s

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock and keep it while the block runs.

        Raises
        ------
        StoreBusyError
            If somebody keeps it for longer than the timeout.
        """
        give_up = time.monotonic() + self._timeout_s
        if not self._thread_lock.acquire(timeout=self._timeout_s):
            raise self._busy()
        try:
            with self._path.open("a+", encoding="ascii") as file:
                while not _locked(file.fileno()):
                    if time.monotonic() > give_up:
                        raise self._busy()
                    time.sleep(0.01)
                yield
        finally:
            self._thread_lock.release()

    def _busy(self) -> StoreBusyError:
        return StoreBusyError(
            f"another load or snapshot has been using Neo4j from {self._path.parent} for {self._timeout_s:g} s; "
            "try again when it is done"
        )


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
