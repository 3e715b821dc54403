"""A lock that is held over all threads and processes on one store, by a file in its folder."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from guanxi.bundle import store_error
from guanxi.errors import StoreBusyError

_LOOK_EVERY_S = 0.02


@contextmanager
def held(path: Path, *, timeout_s: float, doing: str) -> Iterator[None]:
    """Wait for a lock and keep it while the block runs; a process that dies lets go of it.

    Raises
    ------
    StoreBusyError
        If somebody keeps it for longer than the timeout; ``doing`` says what with.
    StoreError
        If the file cannot be made.
    """
    give_up = time.monotonic() + timeout_s
    with _opened(path) as file:
        while not taken(file):
            if time.monotonic() > give_up:
                raise StoreBusyError(
                    f"another process has been {doing} in {path.parent} for {timeout_s:g} s; try again when it is done"
                )
            time.sleep(_LOOK_EVERY_S)
        yield


def taken(file: IO[str]) -> bool:
    """Take the lock of an open file, if nobody has it; it is kept until the file is closed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a", encoding="ascii")
    except OSError as exc:
        raise store_error(exc, path) from exc
