"""Parquet files to raw columns."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from guanxi.errors import FileFormatError
from guanxi.events.plain import is_plain
from guanxi.loading.batches import RawBatch, ReadOptions, as_objects, object_text
from guanxi.loading.files import InputFile
from guanxi.loading.mapping import Layout, lay_out


def read_parquet(file: InputFile, options: ReadOptions) -> Iterator[RawBatch]:
    """Read a Parquet file some rows at a time; a row's number stands for its line.

    Raises
    ------
    FileFormatError
        If the file is empty, damaged or cut off, or has columns that cannot be used.
    """
    with _readable(file), pq.ParquetFile(file.path) as parquet:
        schema = parquet.schema_arrow
        layout = lay_out(str(file.path), file.mapping, _names(file, schema))
        _check_types(file, layout, schema)
        n_rows, done = parquet.metadata.num_rows, 0
        for batch in parquet.iter_batches(batch_size=options.batch_rows, columns=layout.wanted):
            lines = np.arange(done + 1, done + len(batch) + 1, dtype=np.int64)
            done += len(batch)
            yield RawBatch(layout, _columns(layout, batch), lines, file.size * done // n_rows)


@contextmanager
def _readable(file: InputFile) -> Iterator[None]:
    if file.size == 0:
        raise FileFormatError(f"{file.path}: is empty")
    try:
        yield
    except (pa.ArrowInvalid, OSError) as exc:
        raise FileFormatError(f"{file.path}: is not an intact Parquet file: {exc}") from exc


def _names(file: InputFile, schema: pa.Schema) -> list[str]:
    names: list[str] = schema.names
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FileFormatError(f"{file.path}: has the column {twice[0]!r} more than once")
    return names


def _check_types(file: InputFile, layout: Layout, schema: pa.Schema) -> None:
    for field, name in layout.columns.items():
        kind = schema.field(name).type
        if not is_plain(kind) and not (field == "properties" and pa.types.is_struct(kind)):
            raise FileFormatError(f"{file.path}: column {name!r} is {kind}, not text, numbers or times")


def _columns(layout: Layout, batch: pa.RecordBatch) -> dict[str, pa.Array]:
    columns = {field: batch.column(name) for field, name in layout.columns.items()}
    together = layout.mapping.properties
    if together:
        columns["properties"] = as_objects(together, [batch.column(name).to_pylist() for name in together])
    elif "properties" in columns and pa.types.is_struct(columns["properties"].type):
        columns["properties"] = _struct_texts(columns["properties"])
    return columns


def _struct_texts(column: pa.Array) -> pa.Array:
    """Structs as JSON objects, without the fields that are null."""
    rows = column.to_pylist()
    objects = [row and {name: value for name, value in row.items() if value is not None} for row in rows]
    return pa.array([object_text(object_) if object_ else None for object_ in objects], pa.binary())
