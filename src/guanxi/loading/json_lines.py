"""Files of JSON objects, one a line, to raw columns."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import orjson

from guanxi.errors import FileFormatError
from guanxi.events import FIELDS, columns_from_rows
from guanxi.loading.batches import TOO_LONG, LineReject, RawBatch, ReadOptions, as_objects, shown
from guanxi.loading.encodings import as_utf8
from guanxi.loading.files import InputFile, opened
from guanxi.loading.lines import MAX_LINE_BYTES, line_chunks
from guanxi.loading.mapping import REQUIRED, Layout, lay_out

_HEAD_BYTES = 1 << 20


def read_jsonl(file: InputFile, options: ReadOptions) -> Iterator[RawBatch]:
    """Read a file of JSON lines in chunks.

    Raises
    ------
    FileFormatError
        If the file is empty, is no intact gzip data, or its first objects lack a required field.
    """
    layout = _layout(file)
    line = 1
    with opened(file.path) as source:
        text = as_utf8(source.stream, file.mapping.encoding)
        for chunk in line_chunks(text, chunk_bytes=options.chunk_bytes):
            texts = chunk.split(b"\n")[:-1]
            yield _batch(layout, texts, line, source.position())
            line += len(texts)


def _layout(file: InputFile) -> Layout:
    """Where the fields stand, by the keys of the objects at the beginning of the file."""
    with opened(file.path) as source:
        text = as_utf8(source.stream, file.mapping.encoding)
        head = next(line_chunks(text, chunk_bytes=_HEAD_BYTES), None)
    if head is None:
        raise FileFormatError(f"{file.path}: is empty")
    found: dict[str, None] = {}
    for line in head.split(b"\n"):
        row, _ = _parsed(line)
        found |= dict.fromkeys(row if isinstance(row, Mapping) else ())
    # Where nothing can be read, every line will be refused; a missing field is not what is wrong.
    layout = lay_out(f"{file.path}", file.mapping, list(found or REQUIRED))
    return Layout(_with_own_names(layout), file.mapping)


def _with_own_names(layout: Layout) -> dict[str, str]:
    """Fields that no object at the beginning had may still come later, under their own names."""
    mapping = layout.mapping
    taken = {*layout.columns, *mapping.constants, *mapping.left_out}
    return {**layout.columns, **{name: name for name in FIELDS if name not in taken}}


def _batch(layout: Layout, texts: list[bytes], first_line: int, bytes_read: int) -> RawBatch:
    rows: list[Any] = []
    lines: list[int] = []
    rejects: list[LineReject] = []
    for line, text in enumerate(texts, first_line):
        row, reason = _parsed(text)
        if reason:
            rejects.append(LineReject(line, reason, shown(text)))
        elif row is not None:
            rows.append(row)
            lines.append(line)
    columns, positions, refused = columns_from_rows(rows, keys=layout.columns)
    rejects += [LineReject(lines[r.row], r.reason, r.value, layout.column_of(r.field)) for r in refused]
    together = layout.mapping.properties
    if together:
        kept = [rows[position] for position in positions]
        columns["properties"] = as_objects(together, [[row.get(name) for row in kept] for name in together])
    return RawBatch(layout, columns, np.array(lines, dtype=np.int64)[positions], bytes_read, rejects)


def _parsed(text: bytes) -> tuple[Any, str]:
    """The value in a line, or why there is none; neither for a blank line."""
    if len(text) >= MAX_LINE_BYTES:
        return None, TOO_LONG
    if not text or text.isspace():
        return None, ""
    try:
        row = orjson.loads(text)
    except orjson.JSONDecodeError as exc:
        return None, f"is not JSON: {exc.msg}"
    return row, "" if isinstance(row, dict) else "is not a JSON object"
