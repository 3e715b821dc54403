"""Files to checked events, a batch at a time."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from guanxi.events import Reject, parse_events
from guanxi.events.parsing import NOT_UTF8
from guanxi.loading.ahead import ahead
from guanxi.loading.batches import LineArray, RawBatch, ReadOptions
from guanxi.loading.csv_text import read_csv
from guanxi.loading.files import InputFile, find_files
from guanxi.loading.json_lines import read_jsonl
from guanxi.loading.mapping import FileMapping
from guanxi.loading.parquet import read_parquet
from guanxi.loading.rejects import FileReject
from guanxi.schema import Model

_READERS = {"csv": read_csv, "jsonl": read_jsonl, "parquet": read_parquet}
_MIRRORED = {"source": "target", "target": "source"}


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Checked events of one part of a file.

    Attributes
    ----------
    file : str
        The file they come from.
    events : pyarrow.Table
        In ``EVENT_SCHEMA``.
    lines : numpy.ndarray of int64, shape (n,)
        The line of each event.
    rejects : list of FileReject
        What was refused in this part, in the order of lines.
    bytes_read, bytes_total : int
        How much of all files has been read, for a progress bar.
    """

    file: str
    events: pa.Table
    lines: LineArray
    rejects: list[FileReject]
    bytes_read: int
    bytes_total: int


def read_events(
    paths: Sequence[str | Path],
    mapping: FileMapping | Sequence[FileMapping] = (),
    *,
    now_us: int,
    options: ReadOptions | None = None,
    model: Model | None = None,
) -> Iterator[EventBatch]:
    """Read every event in files and folders, in the order of ``find_files``.

    Parameters
    ----------
    paths : sequence of path
        Files and folders.
    mapping : FileMapping or sequence of FileMapping
        How to read them; by their column names unless given.
    now_us : int
        The present, in microseconds since 1970.
    options : ReadOptions, optional
        How much to read at once.
    model : Model, optional
        The model of the graph; the shipped one unless given.

    Raises
    ------
    FileFormatError
        If a file cannot be read at all. Events of earlier batches have been handed out by then, so whoever keeps
        them must be able to give them up.

    Notes
    -----
    Memory is bounded by a few times ``options.chunk_bytes``, whatever the size of a file or line.
    """
    mappings = [mapping] if isinstance(mapping, FileMapping) else mapping
    files = find_files(paths, mappings).files
    total, before = sum(file.size for file in files), 0
    for file in files:
        for batch in read_file(file, now_us=now_us, options=options, model=model):
            yield EventBatch(
                batch.file, batch.events, batch.lines, batch.rejects, before + batch.bytes_read, max(total, 1)
            )
        before += file.size


def read_file(
    file: InputFile, *, now_us: int, options: ReadOptions | None = None, model: Model | None = None
) -> Iterator[EventBatch]:
    """Read the events of one file; see ``read_events``."""
    with closing(ahead(_READERS[file.format](file, options or ReadOptions()), depth=1)) as batches:
        for raw in batches:  # the next one is split while this one is checked
            yield _checked(file, raw, now_us, model)


def _checked(file: InputFile, raw: RawBatch, now_us: int, model: Model | None) -> EventBatch:
    columns, lines = _completed(raw, file.mapping)
    parsed = parse_events(columns, now_us=now_us, time_format=file.mapping.time_format, model=model)
    rejects = [FileReject(str(file.path), r.line, r.column, r.reason, r.value) for r in raw.rejects]
    for reject in _once(parsed.rejects, symmetric=file.mapping.symmetric):
        name = raw.layout.column_of(reject.field)
        reason = _reason(reject.reason, file.mapping.encoding)
        rejects.append(FileReject(str(file.path), int(lines[reject.row]), name, reason, reject.value))
    rejects.sort(key=lambda reject: reject.line)
    return EventBatch(str(file.path), parsed.events, lines[parsed.rows], rejects, raw.bytes_read, file.size)


def _completed(raw: RawBatch, mapping: FileMapping) -> tuple[dict[str, pa.Array], LineArray]:
    """Add what is the same in every row; a symmetric row is followed by its mirror image."""
    n = len(raw.lines)
    columns = raw.columns | {name: pa.repeat(pa.scalar(value), n) for name, value in mapping.constants.items()}
    if not mapping.symmetric:
        return columns, raw.lines
    twice = {name: columns[name].take(pa.array(np.repeat(np.arange(n), 2))) for name in columns}
    ends = pa.chunked_array([_texts(columns["source"]), _texts(columns["target"])]).combine_chunks()
    there = np.column_stack([np.arange(n), np.arange(n) + n])
    twice["source"] = ends.take(pa.array(there.ravel()))
    twice["target"] = ends.take(pa.array(there[:, ::-1].ravel()))
    return twice, np.repeat(raw.lines, 2)


def _texts(column: pa.Array) -> pa.Array:
    """Both ends in one type, so that they can change places."""
    return column.cast(pa.binary() if pa.types.is_binary(column.type) else pa.string()).cast(pa.binary())


def _once(rejects: list[Reject], *, symmetric: bool) -> list[Reject]:
    """One reject per row of the file: a mirror image counts only if its original was accepted."""
    if not symmetric:
        return rejects
    refused = {reject.row for reject in rejects}
    return [
        reject if reject.row % 2 == 0 else _mirrored(reject)
        for reject in rejects
        if reject.row % 2 == 0 or reject.row - 1 not in refused
    ]


def _mirrored(reject: Reject) -> Reject:
    return Reject(reject.row, _MIRRORED.get(reject.field, reject.field), reject.reason, reject.value)


def _reason(reason: str, encoding: str | None) -> str:
    return f"is not {encoding} text" if encoding is not None and reason == NOT_UTF8 else reason
