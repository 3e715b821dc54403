"""Find the files to load, and open them."""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from guanxi.errors import FileFormatError
from guanxi.loading.mapping import FileMapping

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
STORE_MARK = "guanxi.sqlite"
"""A folder with this file in it is a store."""
_GZIP_MARK = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to be read: where it is, how to read it, and its size in bytes."""

    path: Path
    format: str
    mapping: FileMapping
    size: int


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file in a folder that is not read, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What was found under the given paths."""

    files: tuple[InputFile, ...]
    skipped: tuple[Skipped, ...]


def find_files(paths: Sequence[str | Path], mappings: Sequence[FileMapping] = ()) -> Found:
    """List the files to read: the named ones, and those in named folders at any depth, in the order of their names.

    Parameters
    ----------
    paths : sequence of path
        Files and folders.
    mappings : sequence of FileMapping
        The first whose pattern matches a file's name counts; without any, columns are known by their names.

    Raises
    ------
    FileFormatError
        If a path does not exist, a named file has an unknown extension or no mapping, or there is no file at all.
    """
    files: list[InputFile] = []
    skipped: list[Skipped] = []
    for path in map(Path, paths):
        if path.is_dir():
            for inner in sorted(entry for entry in path.rglob("*") if entry.is_file() and not _in_a_store(entry, path)):
                taken = _taken(inner, mappings)
                (files if isinstance(taken, InputFile) else skipped).append(taken)  # type: ignore[arg-type]
            continue
        taken = _taken(path, mappings)
        if isinstance(taken, Skipped):
            raise FileFormatError(f"{path}: {taken.reason}")
        files.append(taken)
    if not files:
        raise FileFormatError(f"{', '.join(map(str, paths))}: no file to load; known extensions: {_known()}")
    return Found(tuple(files), tuple(skipped))


def _in_a_store(file: Path, folder: Path) -> bool:
    """Whether a file below ``folder`` belongs to a store of ours: its lists of rejects are no input."""
    below = file.relative_to(folder).parents
    return any((folder / parent / STORE_MARK).exists() for parent in below)


def _taken(path: Path, mappings: Sequence[FileMapping]) -> InputFile | Skipped:
    size = _size(path)
    format_ = _format(path)
    if format_ is None:
        return Skipped(path, f"unknown extension {path.suffix!r}; known: {_known()}")
    if not mappings:
        return InputFile(path, format_, FileMapping(), size)
    mapping = next((mapping for mapping in mappings if mapping.matches(path.name)), None)
    if mapping is None:
        return Skipped(path, f"no mapping matches it; patterns: {', '.join(m.match for m in mappings)}")
    return InputFile(path, format_, mapping, size)


def _format(path: Path) -> str | None:
    name = path.name.lower()
    format_ = FORMATS.get(Path(name.removesuffix(".gz")).suffix)
    return None if format_ == "parquet" and name.endswith(".gz") else format_


def _known() -> str:
    texts = [extension for extension, format_ in FORMATS.items() if format_ != "parquet"]
    return ", ".join([*FORMATS, *(f"{extension}.gz" for extension in texts)])


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as exc:
        raise FileFormatError(f"{path}: {exc.strerror}") from exc


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open file: its bytes, unpacked, and how many of them have been taken from the disk."""

    stream: BinaryIO
    raw: BinaryIO

    def position(self) -> int:
        """Return how many bytes of the file itself have been read; 0 where it is a pipe, which does not say."""
        return self.raw.tell() if self.raw.seekable() else 0


@contextmanager
def opened(path: Path) -> Iterator[OpenFile]:
    """Open a file, unpacking gzip; whatever the disk or gzip says against it becomes a FileFormatError."""
    try:
        with path.open("rb") as raw:
            if raw.peek(2)[:2] == _GZIP_MARK or path.suffix.lower() == ".gz":
                with gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                    yield OpenFile(stream, raw)  # type: ignore[arg-type]
            else:
                yield OpenFile(raw, raw)
    except EOFError as exc:
        raise FileFormatError(f"{path}: the gzip data ends too early; the file was cut off") from exc
    except (gzip.BadGzipFile, zlib.error) as exc:
        raise FileFormatError(f"{path}: is not intact gzip data: {exc}") from exc
    except OSError as exc:
        raise FileFormatError(f"{path}: {exc.strerror or exc}") from exc
