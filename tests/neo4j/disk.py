"""A small disk that a test can fill, for a server to write to."""

import subprocess
from pathlib import Path

from tests.neo4j.server import ends_with_parent

_MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$0" && echo mounted && exec sleep infinity'
_CHUNK = b"\0" * 1_000_000


class DiskUnavailableError(Exception):
    """No disk can be mounted here; says why."""


class SmallDisk:
    """A file system in memory that only the programs started behind ``prefix`` see; a context manager.

    It lies in a mount namespace, which a process of ours keeps: nothing is left behind, however the tests end.

    Parameters
    ----------
    folder : Path
        Where the programs find it; made if missing.
    size : str
        As ``mount`` takes it.

    Attributes
    ----------
    folder : Path
        As given.

    Raises
    ------
    DiskUnavailableError
        Where mounting is not allowed: it takes root, and a container may forbid it even then.
    """

    def __init__(self, folder: Path, *, size: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        try:
            self._keeper = subprocess.Popen(
                [*ends_with_parent(), "unshare", "--mount", "sh", "-c", _MOUNT, folder, size],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        except FileNotFoundError as exc:
            raise DiskUnavailableError(f"there is no {exc.filename}") from exc
        if self._keeper.stdout.readline() != "mounted\n":
            raise DiskUnavailableError(self._keeper.communicate()[1].strip())

    @property
    def prefix(self) -> list[str]:
        """What goes before the command of a program that is to see the disk."""
        return ["nsenter", f"--mount=/proc/{self._keeper.pid}/ns/mnt"]

    def fill(self) -> None:
        """Leave no room for a single byte."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(_CHUNK)
            except OSError:  # it is full
                return

    def free(self) -> None:
        """Make room again."""
        self._filler.unlink()

    def close(self) -> None:
        """Give it up, with all that is on it."""
        self._keeper.kill()
        self._keeper.communicate()

    @property
    def _filler(self) -> Path:
        return Path("/proc", str(self._keeper.pid), "root", *self.folder.parts[1:], "filler")
