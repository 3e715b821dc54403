"""MurmurHash3 (x64, 128 bits) of every string in an Arrow column.

Event ids and bodies are recognised by these hashes. 128 bits leave no room for accidents (one in 10^22 at
100 million events); they are no defence against somebody who constructs a collision, so whoever may append
events may at worst hide an event of their own.

References
----------
Austin Appleby, MurmurHash3, public domain; the tests compare with the package mmh3.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi import compiled as nb

UIntArray = npt.NDArray[np.uint64]

_C1 = np.uint64(0x87C37B91114253D5)
_C2 = np.uint64(0x4CF5AD432745937F)
_FIVE = np.uint64(5)
_BLOCK = 16
_MOST_DIGITS = 20
_POWERS = np.array([10**i for i in range(_MOST_DIGITS)], dtype=np.uint64)
_ROWS = 4096

Column = tuple[npt.NDArray[Any], npt.NDArray[Any]]
"""Bytes and offsets of texts; or numbers, and which of them are given."""


def murmur3(strings: pa.Array | pa.ChunkedArray) -> tuple[UIntArray, UIntArray]:
    """Hash every value of a string or binary column.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,), uint64
        First and second half of the 128-bit hash. A null hashes like an empty string.

    Examples
    --------
    >>> high, low = murmur3(pa.array(["hello"]))
    >>> hex(high[0]), hex(low[0])
    ('0xcbd8a7b341bd9b02', '0x5b1e906a48ae1d19')
    """
    column = strings.combine_chunks() if isinstance(strings, pa.ChunkedArray) else strings
    column = column.cast(pa.large_binary())
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int64)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    octets = np.frombuffer(data, dtype=np.uint8) if data is not None else np.zeros(0, dtype=np.uint8)
    high, low = np.empty(len(column), dtype=np.uint64), np.empty(len(column), dtype=np.uint64)
    _hash_all(octets, offsets, high, low)
    return high, low


def murmur3_bodies(fields: Sequence[pa.Array], separator: int) -> tuple[UIntArray, UIntArray]:
    """Hash the fields of every row as one text, with a separator between them.

    The same as joining the columns first, without writing the texts down.

    Parameters
    ----------
    fields : sequence of pyarrow.Array
        String, binary or integer columns of equal length. A null says the empty text; a number its decimal digits.
    separator : int
        The byte between fields.

    Returns
    -------
    tuple of numpy.ndarray, shape (n,), uint64
        First and second half of the 128-bit hash.
    """
    n = len(fields[0])
    high, low = np.empty(n, dtype=np.uint64), np.empty(n, dtype=np.uint64)
    columns = [_numbers(field) if pa.types.is_integer(field.type) else _octets(field) for field in fields]
    for first in range(0, n, _ROWS):  # few rows at a time: they stay in the cache from field to field
        _hash_part(columns, first, min(first + _ROWS, n), np.uint8(separator), high, low)
    return high, low


def _hash_part(
    columns: Sequence[Column], first: int, last: int, separator: np.uint8, high: UIntArray, low: UIntArray
) -> None:
    """Write the rows ``first`` to ``last`` down, field by field, and hash them."""
    room = np.full(last - first, (_MOST_DIGITS + 1) * len(columns), dtype=np.int64)
    for values, rest in columns:
        if values.dtype == np.uint8:
            room += np.diff(rest[first : last + 1])
    start = np.zeros(len(room) + 1, dtype=np.int64)
    np.cumsum((room // _BLOCK + 1) * _BLOCK, out=start[1:])  # room behind each row for a block of zeros
    joined, stop = np.zeros(start[-1], dtype=np.uint8), start[:-1].copy()
    for values, rest in columns:
        if values.dtype == np.uint8:
            _append_texts(values, rest[first : last + 1], separator, joined, stop)
        else:
            _append_numbers(values[first:last], rest[first:last], separator, joined, stop)
    words = joined.view("<u8").astype(np.uint64, copy=False)
    _hash_rows(words, start, stop, high[first:last], low[first:last])


def _numbers(column: pa.Array) -> Column:
    """Whole numbers, and which of them are given."""
    values = pc.fill_null(column.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return values, column.is_valid().to_numpy(zero_copy_only=False)


def _octets(column: pa.Array) -> Column:
    """Bytes and offsets of a text column; a null has none."""
    if column.null_count == len(column):
        return np.zeros(0, dtype=np.uint8), np.zeros(len(column) + 1, dtype=np.int64)
    if column.null_count:
        column = pc.fill_null(column, "" if pa.types.is_string(column.type) else b"")
    width = np.int64 if pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type) else np.int32
    offsets = np.frombuffer(column.buffers()[1], dtype=width)[column.offset : column.offset + len(column) + 1]
    data = column.buffers()[2]
    octets = np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)
    return octets, offsets.astype(np.int64)


@nb.njit(cache=True, inline="always")
def _rotate(x, r):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    return (x << np.uint64(r)) | (x >> np.uint64(64 - r))


@nb.njit(cache=True, inline="always")
def _finish(k):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    k = (k ^ (k >> np.uint64(33))) * np.uint64(0xFF51AFD7ED558CCD)
    k = (k ^ (k >> np.uint64(33))) * np.uint64(0xC4CEB9FE1A85EC53)
    return k ^ (k >> np.uint64(33))


@nb.njit(cache=True, inline="always")
def _mixed(h1, h2, first, second):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Both halves of the hash after one more block of sixteen bytes."""
    h1 = (_rotate(h1 ^ _rotate(first * _C1, 31) * _C2, 27) + h2) * _FIVE + np.uint64(0x52DCE729)
    h2 = (_rotate(h2 ^ _rotate(second * _C2, 33) * _C1, 31) + h1) * _FIVE + np.uint64(0x38495AB5)
    return h1, h2


@nb.njit(cache=True, inline="always")
def _ended(h1, h2, length):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Both halves of the hash of a text of ``length`` bytes."""
    h1, h2 = h1 ^ length, h2 ^ length
    h1 = h1 + h2
    h1, h2 = _finish(h1), _finish(h2 + h1)
    h1 = h1 + h2
    return h1, h2 + h1


@nb.njit(cache=True, inline="always")
def _word(octets, start, length):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Up to eight bytes as a little-endian number."""
    word = np.uint64(0)
    for i in range(length):
        word |= np.uint64(octets[start + i]) << np.uint64(8 * i)
    return word


@nb.njit(cache=True, nogil=True)
def _hash_all(octets, offsets, high, low):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(high)):
        start, stop = offsets[row], offsets[row + 1]
        length = stop - start
        h1 = h2 = np.uint64(0)
        for block in range(start, start + length // 16 * 16, 16):
            h1, h2 = _mixed(h1, h2, _word(octets, block, 8), _word(octets, block + 8, 8))
        tail, left = start + length // 16 * 16, length % 16
        if left > 8:
            h2 ^= _rotate(_word(octets, tail + 8, left - 8) * _C2, 33) * _C1
        if left > 0:
            h1 ^= _rotate(_word(octets, tail, min(left, 8)) * _C1, 31) * _C2
        high[row], low[row] = _ended(h1, h2, np.uint64(length))


@nb.njit(cache=True)
def _hash_words(words, length):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Hash the first ``length`` bytes of little-endian words; the bytes behind them must be zero."""
    h1 = h2 = np.uint64(0)
    n_blocks = length // 16
    for block in range(n_blocks):
        h1, h2 = _mixed(h1, h2, words[2 * block], words[2 * block + 1])
    left = length % 16
    if left > 8:
        h2 ^= _rotate(words[2 * n_blocks + 1] * _C2, 33) * _C1
    if left > 0:
        h1 ^= _rotate(words[2 * n_blocks] * _C1, 31) * _C2
    return _ended(h1, h2, np.uint64(length))


@nb.njit(cache=True, nogil=True)
def _hash_rows(words, start, stop, high, low):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Hash each row without the separator that ends it."""
    for row in range(len(high)):
        last = stop[row] - 1  # the separator that ends it, and must be zero like all behind it
        words[last // 8] &= ~(np.uint64(0xFF) << np.uint64(8 * (last % 8)))
        high[row], low[row] = _hash_words(words[start[row] // 8 :], last - start[row])


@nb.njit(cache=True, nogil=True)
def _append_texts(octets, offsets, separator, joined, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write each text and a separator behind what its row holds so far."""
    for row in range(len(stop)):
        first, length, at = np.uint64(offsets[row]), np.uint64(offsets[row + 1] - offsets[row]), np.uint64(stop[row])
        for i in range(length):  # unsigned: no index counts from the end
            joined[at + i] = octets[first + i]
        joined[at + length] = separator
        stop[row] += np.int64(length) + 1


@nb.njit(cache=True, nogil=True)
def _append_numbers(values, given, separator, joined, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write the decimal digits of each number and a separator behind what its row holds so far."""
    ten = np.uint64(10)
    for row in range(len(stop)):
        at = stop[row]
        if given[row]:
            left = np.uint64(values[row])
            if values[row] < 0:
                joined[at] = 45
                at += 1
                left = np.uint64(0) - left
            n_digits = 1
            while n_digits < _MOST_DIGITS and left >= _POWERS[n_digits]:
                n_digits += 1
            for i in range(n_digits - 1, -1, -1):
                shorter = left // ten
                joined[at + i] = 48 + (left - shorter * ten)
                left = shorter
            at += n_digits
        joined[at] = separator
        stop[row] = at + 1
