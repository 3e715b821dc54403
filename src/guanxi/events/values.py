"""Text to numbers and times, a column at a time, with a reason for every value that cannot be read."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events.scanning import plain_times, whole_numbers

BoolArray = npt.NDArray[np.bool_]

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_000_000
DAY_US = 86_400 * MICROSECONDS

_UNIT_US = {"ns": 1, "us": 1, "ms": 1000, "s": MICROSECONDS, "D": DAY_US}
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$"
_ZONE = r"(Z|[+-]\d\d:?\d\d)$"


def as_mask(column: pa.Array | pa.ChunkedArray) -> BoolArray:
    """A boolean column as numpy, with null as False."""
    return np.asarray(pc.fill_null(column, pa.scalar(value=False)).to_numpy(zero_copy_only=False), dtype=bool)


def trimmed(column: pa.Array) -> pa.Array:
    """A text column without white space around its values, and null where nothing is left."""
    text = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.equal(pc.binary_length(text), 0), None, text)


def numbers(column: pa.Array) -> tuple[pa.Array, BoolArray]:
    """Read a column as float64; the mask says where a value is there but is no finite number."""
    if pa.types.is_boolean(column.type):
        return pa.nulls(len(column), pa.float64()), as_mask(column.is_valid())
    if pa.types.is_string(column.type):
        whole = whole_numbers(column)
        if whole is not None:
            return pa.array(whole.astype(np.float64)), np.zeros(len(column), dtype=bool)
        text = trimmed(column)
        readable = as_mask(pc.match_substring_regex(text, _NUMBER))
        value = pc.if_else(pa.array(readable), text, None).cast(pa.float64())
    else:
        text, value = column, column.cast(pa.float64(), safe=False)  # beyond 2^53 the nearest float will do
    finite = as_mask(pc.is_finite(value))
    plain = pc.add(pc.if_else(pa.array(finite), value, None), 0.0)  # + 0.0 turns -0.0 into 0.0
    return plain, as_mask(text.is_valid()) & ~finite


def times(column: pa.Array, *, time_format: str | None = None) -> tuple[pa.Array, BoolArray]:
    """Read a column as microseconds since 1970 UTC; the mask says where a value is there but is no time.

    Whole numbers are seconds, milliseconds or microseconds by their size (below 10^11, 10^14, above); text is
    ISO 8601, taken as UTC when it names no zone, or follows ``time_format`` (as in ``strptime``).
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _moments(column), np.zeros(len(column), dtype=bool)
    if pa.types.is_boolean(column.type):
        return pa.nulls(len(column), pa.int64()), as_mask(column.is_valid())
    if pa.types.is_integer(column.type) and time_format is not None:
        column = column.cast(pa.string())  # 20231114 as %Y%m%d
    if not pa.types.is_string(column.type):
        value, bad = numbers(column)
        return _epochs(value), bad
    if time_format is None:
        return _written(column)
    read = partial(_strptime, time_format=time_format)
    return _each(trimmed(column), read)


def _strptime(text: str, *, time_format: str) -> datetime:
    return datetime.strptime(text, time_format)  # noqa: DTZ007 - UTC is added by whoever asked


def _written(column: pa.Array) -> tuple[pa.Array, BoolArray]:
    """Times as text: ISO 8601, or whole numbers."""
    plain = plain_times(column)
    if plain is not None:
        return pa.array(plain), np.zeros(len(column), dtype=bool)
    text = trimmed(column)
    value, not_number = numbers(text)
    if not not_number.any():
        return _epochs(value), not_number
    written = pc.if_else(pa.array(not_number), text, None)
    dated, bad = _iso(written)
    return pc.coalesce(_epochs(value), dated), bad


def _moments(column: pa.Array) -> pa.Array:
    """Timestamps and dates to microseconds: finer ones are cut off, and what lies too far away stays far away."""
    unit = column.type.unit if pa.types.is_timestamp(column.type) else "D" if pa.types.is_date32(column.type) else "ms"
    width = pa.int32() if unit == "D" else pa.int64()
    count = pc.fill_null(column.cast(width), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    scale = _UNIT_US[unit]
    far = np.iinfo(np.int64).max // scale
    micros = count // 1000 if unit == "ns" else np.clip(count, -far, far) * scale
    return pc.if_else(column.is_valid(), pa.array(micros), None)


def _epochs(value: pa.Array) -> pa.Array:
    """Numbers to microseconds, by their size."""
    size = np.abs(np.nan_to_num(value.to_numpy(zero_copy_only=False).astype(np.float64)))
    scale = np.where(size < 1e11, 1e6, np.where(size < 1e14, 1e3, 1.0))
    scaled = np.clip(
        np.round(np.nan_to_num(value.to_numpy(zero_copy_only=False).astype(np.float64)) * scale), -9e18, 9e18
    )
    return pc.if_else(value.is_valid(), pa.array(scaled.astype(np.int64)), None)


def _iso(text: pa.Array) -> tuple[pa.Array, BoolArray]:
    zoned = pc.match_substring_regex(text, _ZONE)
    with contextlib.suppress(pa.ArrowInvalid):
        local = pc.if_else(zoned, None, text).cast(pa.timestamp("us")).cast(pa.int64())
        world = pc.if_else(zoned, text, None).cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        return pc.coalesce(local, world), np.zeros(len(text), dtype=bool)
    return _each(text, datetime.fromisoformat)


def _each(text: pa.Array, read: Callable[[str], datetime]) -> tuple[pa.Array, BoolArray]:
    """Read every distinct text on its own: slower, and one bad value does not spoil the column."""
    coded = text.dictionary_encode()
    meanings: list[int | None] = []
    for value in coded.dictionary.to_pylist():
        meaning: int | None = None
        with contextlib.suppress(ValueError, OverflowError):
            moment = read(value)
            meaning = microseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        meanings.append(meaning)
    result = pa.array(meanings, pa.int64()).take(coded.indices)
    return result, as_mask(text.is_valid()) & as_mask(result.is_null())


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970 UTC, exactly."""
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * MICROSECONDS + since.microseconds


def isoformat(time_us: int) -> str:
    """Microseconds since 1970 as ISO 8601 text in UTC.

    >>> isoformat(1_700_000_000_000_000)
    '2023-11-14T22:13:20Z'
    """
    return str(np.datetime_as_string(np.datetime64(time_us, "us").astype("datetime64[s]"), timezone="UTC"))
