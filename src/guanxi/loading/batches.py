"""What a reader hands on: raw columns with line numbers, and the lines that gave no row."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.loading.mapping import Layout

LineArray = npt.NDArray[np.int64]

SHOWN = 80
TOO_LONG = "is longer than 1 MB"


@dataclass(frozen=True, slots=True)
class LineReject:
    """Why a line gave no row."""

    line: int
    reason: str
    value: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class RawBatch:
    """Part of a file, read but not checked.

    Attributes
    ----------
    layout : Layout
        Which column of the file each field stands in.
    columns : dict of field name to pyarrow.Array
        Raw values, each column of length ``n``.
    lines : numpy.ndarray of int64, shape (n,)
        Line of the file that each row began in, from 1; the row's number in a Parquet file.
    rejects : list of LineReject
        Lines that gave no row.
    bytes_read : int
        How far the file has been read.
    """

    layout: Layout
    columns: dict[str, pa.Array]
    lines: LineArray
    bytes_read: int
    rejects: list[LineReject] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How much to read at once: bytes of text, rows of Parquet."""

    chunk_bytes: int = 4 << 20  # larger ones would be given back to the system, and asked for anew, each time
    batch_rows: int = 1 << 18


def shown(line: bytes) -> str:
    """Return the beginning of a line, for a reject."""
    text = line[: SHOWN * 4].decode("utf-8", "backslashreplace").rstrip("\r\n")
    return text if len(text) <= SHOWN and len(line) <= SHOWN * 4 else text[:SHOWN] + "…"


def as_objects(names: Sequence[str], columns: Sequence[Sequence[object]]) -> pa.Array:
    """Several columns as one column of JSON objects, without the empty values; null where all are empty."""
    rows = zip(*columns, strict=True)
    objects = [
        {name: value for name, value in zip(names, row, strict=True) if value not in (None, b"", "")} for row in rows
    ]
    return pa.array([object_text(object_) if object_ else None for object_ in objects], pa.binary())


def object_text(values: Mapping[str, object]) -> bytes:
    """A JSON object; bytes that are no UTF-8 stay as they are, so that the check of the field refuses them."""
    plain = {
        name: value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        for name, value in values.items()
    }
    return json.dumps(plain, ensure_ascii=False, default=str).encode("utf-8", "surrogateescape")
