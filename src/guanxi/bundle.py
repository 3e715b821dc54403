"""A folder of arrays and columns that is written once, checksummed, and mapped into memory to be read.

Snapshots, runs and bulk segments are bundles. A bundle is built beside its final place and renamed, so it is there
whole or not at all. Its id is a hash of what it holds: the same content has the same id wherever it was built.
"""

import errno
import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.errors import DamagedError, StoreError, StoreFullError

MANIFEST = "manifest.json"
_FORMAT = 1
_HASH_THREADS = 2
_NOTE = "user.guanxi.sha256"
_TIME_STEP_NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bundle:
    """An open bundle. Arrays are mapped read-only: opening costs nothing, and processes share the pages."""

    id: str
    folder: Path
    meta: Mapping[str, Any]
    files: Mapping[str, Mapping[str, Any]]

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return the array called ``name``."""
        mapped: npt.NDArray[Any] = np.load(self.folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        return mapped.view(np.ndarray)

    def has(self, name: str) -> bool:
        """Whether the bundle holds an array or table called ``name``."""
        return f"{name}.npy" in self.files or f"{name}.arrow" in self.files

    def table(self, name: str) -> pa.Table:
        """Return the Arrow table called ``name``."""
        with pa.memory_map(str(self.folder / f"{name}.arrow")) as source:
            return pa.ipc.open_file(source).read_all()

    @property
    def n_bytes(self) -> int:
        """Size of all files."""
        return sum(entry["bytes"] for entry in self.files.values())

    @classmethod
    def open(cls, folder: Path, *, verify: bool = True, thorough: bool = False) -> Self:
        """Open the bundle in ``folder``.

        Sizes and the manifest's own hash are always checked. With ``verify`` checksums are, too, of every file that
        has changed since they were last found right: its inode, size and time of change say so, and are noted in an
        extended attribute of the file. Where the file system keeps none, and with ``thorough``, every file is read.

        Raises
        ------
        DamagedError
            If the manifest cannot be read, or a file is missing or not as it was written.
        """
        try:
            manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            files, meta = manifest["files"], manifest["meta"]
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise DamagedError(f"{folder.name}: its {MANIFEST} cannot be read ({exc})") from exc
        if _bundle_id(meta, files) != manifest.get("id"):
            raise DamagedError(f"{folder.name}: its {MANIFEST} was changed after it was written")
        for name, entry in files.items():
            _check_size(folder / name, entry)
        if verify:
            with ThreadPoolExecutor(_HASH_THREADS) as pool:
                list(pool.map(lambda name: _check_content(folder / name, files[name], thorough=thorough), files))
        return cls(manifest["id"], folder, meta, files)


def _check_size(path: Path, entry: Mapping[str, Any]) -> None:
    size = path.stat().st_size if path.is_file() else None
    if size != entry["bytes"]:
        found = "is missing" if size is None else f"has {size} bytes"
        raise DamagedError(f"{path.parent.name}: {path.name} {found}, not {entry['bytes']} bytes")


def _check_content(path: Path, entry: Mapping[str, Any], *, thorough: bool) -> None:
    if not thorough and _is_noted(path, entry["sha256"]):
        return
    before = path.stat()
    if _file_hash(path) != entry["sha256"]:
        raise DamagedError(f"{path.parent.name}: the checksum of {path.name} is wrong")
    _note(path, before, entry["sha256"])


def _is_noted(path: Path, sha256: str) -> bool:
    """Whether this checksum was found right and nothing was written to the file since.

    A note counts only if it was made (which changes ``ctime``) clearly after the last writing: file systems count
    time in steps, and what is written in the same step as the note would go unseen.
    """
    found = path.stat()
    try:
        note = os.getxattr(path, _NOTE).decode()
    except (OSError, AttributeError, UnicodeDecodeError):
        return False
    return note == _note_of(found, sha256) and found.st_ctime_ns - found.st_mtime_ns >= _TIME_STEP_NS


def _note(path: Path, before: os.stat_result, sha256: str) -> None:
    """Note that a checksum was right; where that cannot be done, it is computed again the next time."""
    with suppress(OSError, AttributeError):
        os.setxattr(path, _NOTE, _note_of(before, sha256).encode())


def _note_of(found: os.stat_result, sha256: str) -> str:
    return f"{sha256} {found.st_ino} {found.st_size} {found.st_mtime_ns}"


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _bundle_id(meta: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]) -> str:
    body = json.dumps([_FORMAT, meta, files], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def write_bundle(
    parent: Path,
    *,
    meta: Mapping[str, Any],
    arrays: Mapping[str, npt.NDArray[Any]],
    tables: Mapping[str, pa.Table] | None = None,
) -> Path:
    """Write a bundle below ``parent`` under its id and return its folder; durable when this returns.

    Raises
    ------
    StoreFullError
        If the device is full; nothing is left behind.
    StoreError
        If the folder cannot be written for another reason.
    """
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".draft-", dir=parent, ignore_cleanup_errors=True) as folder:
            draft = Path(folder) / "bundle"
            draft.mkdir()
            final = parent / _fill(draft, meta, arrays, tables or {})
            _publish(draft, final)
    except OSError as exc:
        raise store_error(exc, parent) from exc
    return final


def _publish(draft: Path, final: Path) -> None:
    """Give a draft its final name, unless the same content has it already; a damaged bundle makes way."""
    try:
        Bundle.open(final)
    except DamagedError:
        if final.exists():
            final.rename(draft.with_name("damaged"))
        try:
            draft.rename(final)
        except OSError:
            if not final.exists():  # otherwise another process was first
                raise
        sync_folder(final.parent)


def store_error(exc: OSError, path: Path) -> StoreError:
    """Say which of the store's errors an operating system error is."""
    if exc.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreFullError(f"no space is left on the device that holds {path}; nothing was kept")
    return StoreError(f"cannot write below {path}: {exc.strerror or exc}")


def _fill(
    draft: Path, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]], tables: Mapping[str, pa.Table]
) -> str:
    files: dict[str, dict[str, Any]] = {}

    def fill(name: str) -> None:
        path = draft / name
        if path.suffix == ".npy":
            with path.open("wb") as file:
                np.save(file, np.ascontiguousarray(arrays[path.stem]), allow_pickle=False)
        else:
            _write_table(path, tables[path.stem])
        files[name] = {"bytes": path.stat().st_size, "sha256": _file_hash(path)}
        _sync(path)

    names = [*(f"{name}.npy" for name in arrays), *(f"{name}.arrow" for name in tables)]
    with ThreadPoolExecutor(_HASH_THREADS) as pool:  # checksums of one file while another goes to the disk
        list(pool.map(fill, names))
    bundle_id = _bundle_id(meta, files)
    manifest = {"id": bundle_id, "format": _FORMAT, "meta": meta, "files": files}
    (draft / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    _sync(draft / MANIFEST)
    sync_folder(draft)
    return bundle_id


def _write_table(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
