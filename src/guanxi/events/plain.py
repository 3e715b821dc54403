"""Columns of any Arrow type to the few types that the checks know."""

import pyarrow as pa
import pyarrow.types as pt

from guanxi.errors import DataError


def plain_column(name: str, column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of strings, bytes, numbers, booleans, dates or timestamps.

    Raises
    ------
    DataError
        If the column has a type that holds none of these.

    Examples
    --------
    >>> plain_column("source", pa.array(["ann", "ann"]).dictionary_encode()).type
    DataType(string)
    """
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if pt.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pt.is_large_string(kind) or pt.is_string_view(kind) or pt.is_null(kind):
        return column.cast(pa.string())
    if pt.is_large_binary(kind) or pt.is_binary_view(kind) or pt.is_fixed_size_binary(kind):
        return column.cast(pa.binary())
    if not is_plain(kind):
        raise DataError(f"column {name} is {kind}, not text, numbers or times")
    return column


def is_plain(kind: pa.DataType) -> bool:
    """Whether values of this type are text, bytes, numbers, booleans, dates or timestamps."""
    textual = pt.is_string(kind) or pt.is_binary(kind) or pt.is_large_string(kind) or pt.is_large_binary(kind)
    views = pt.is_string_view(kind) or pt.is_binary_view(kind) or pt.is_fixed_size_binary(kind)
    numeric = pt.is_integer(kind) or pt.is_floating(kind) or pt.is_decimal(kind) or pt.is_boolean(kind)
    inner = pt.is_dictionary(kind) and is_plain(kind.value_type)
    return textual or views or numeric or inner or pt.is_date(kind) or pt.is_timestamp(kind) or pt.is_null(kind)
