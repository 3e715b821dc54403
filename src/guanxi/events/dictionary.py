"""Ids as small numbers: a dictionary that grows, and the order that ids have as UTF-8."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb

NO_CODE = int(np.iinfo(np.uint32).max)
"""Stands for no id."""

CodeArray = npt.NDArray[np.uint32]
Octets = npt.NDArray[np.uint8]
OffsetArray = npt.NDArray[np.int64]

_LEAST = 1 << 10
_PRIME = np.uint64(0x9E3779B97F4A7C15)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_EIGHT = 8
_AHEAD = 256


class Dictionary:
    """Gives every distinct text the next number, in the order in which they come.

    Open addressing over 32 bits of a hash of the text; a text is known only if all its bytes agree.

    Examples
    --------
    >>> dictionary = Dictionary()
    >>> dictionary.codes(pa.array(["bob", "ann", None, "bob"])).tolist()
    [0, 1, 4294967295, 0]
    >>> dictionary.values().to_pylist()
    ['bob', 'ann']
    """

    def __init__(self) -> None:
        self._n = 0
        self._slots = np.zeros(2 * _LEAST, dtype=np.uint64)
        self._octets: Octets = np.empty(16 * _LEAST, dtype=np.uint8)
        self._offsets: OffsetArray = np.zeros(_LEAST + 1, dtype=np.int64)

    def __len__(self) -> int:
        return self._n

    def codes(self, column: pa.Array | pa.ChunkedArray) -> CodeArray:
        """Number of every text in a string column, shape (n,); ``NO_CODE`` for null."""
        if isinstance(column, pa.ChunkedArray):
            parts = [self.codes(chunk) for chunk in column.chunks]
            return np.concatenate(parts) if parts else np.zeros(0, dtype=np.uint32)
        codes = np.full(len(column), NO_CODE, dtype=np.uint32)
        if column.null_count == len(column):
            return codes
        given = column.is_valid().to_numpy(zero_copy_only=False)
        for first in range(0, len(column), _BATCH):
            part = slice(first, first + _BATCH)
            octets, offsets = text_parts(column[part])
            self._make_room(len(offsets) - 1, int(offsets[-1] - offsets[0]))
            store = (self._slots, self._octets, self._offsets)
            self._n = _intern(octets, offsets, given[part], *store, self._n, codes[part])
        return codes

    def values(self) -> pa.Array:
        """Every text, in the order of the numbers."""
        offsets = self._offsets[: self._n + 1]
        return as_strings(self._octets[: offsets[-1]], offsets)

    def _make_room(self, n: int, n_bytes: int) -> None:
        """Room for so many new texts, should they all be new."""
        if self._n + n >= len(self._offsets):
            self._offsets = _longer(self._offsets, self._n + n + 1)
        used = int(self._offsets[self._n])
        if used + n_bytes > len(self._octets):
            self._octets = _longer(self._octets, used + n_bytes)
        while 2 * (self._n + n) > len(self._slots):
            wider = np.zeros(2 * len(self._slots), dtype=np.uint64)
            _spread(self._slots, wider)
            self._slots = wider


_BATCH = 1 << 16
"""Texts between two looks at the room that is left."""


def text_parts(column: pa.Array) -> tuple[Octets, OffsetArray]:
    """Bytes and offsets of a column of text."""
    wide = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    _, offsets, octets = column.buffers()
    part = slice(column.offset, column.offset + len(column) + 1)
    bounds = np.frombuffer(offsets, dtype=np.int64 if wide else np.int32)[part] if offsets else np.zeros(1)
    data = np.zeros(0, dtype=np.uint8) if octets is None else np.frombuffer(octets, dtype=np.uint8)
    return data, bounds.astype(np.int64)


def as_strings(octets: Octets, offsets: OffsetArray) -> pa.Array:
    """A column of text around bytes and offsets."""
    buffers = [None, pa.py_buffer(np.ascontiguousarray(offsets)), pa.py_buffer(np.ascontiguousarray(octets))]
    return pa.Array.from_buffers(pa.large_string(), len(offsets) - 1, buffers)


def sort_order(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Positions of distinct texts in the order of their bytes, which is that of their code points.

    Eight bytes are compared at a time, and further ones only of texts that agree so far.

    >>> sort_order(pa.array(["bob", "ann", "an"])).tolist()
    [2, 1, 0]
    """
    octets, offsets = text_parts(texts)
    if len(offsets) < 3:
        return np.arange(len(offsets) - 1)
    at = int(_common_prefix(octets, offsets))
    words = _words(octets, offsets, at, np.arange(len(offsets) - 1))
    order: npt.NDArray[np.int64] = np.argsort(words)
    starts = np.append(True, words[order[1:]] != words[order[:-1]])
    while not starts.all():
        at += _EIGHT
        alone = starts & np.append(starts[1:], True)
        open_ = np.flatnonzero(~alone)
        group = np.cumsum(starts[open_])
        words = _words(octets, offsets, at, order[open_])
        inner = np.lexsort((words, group))
        order[open_], words, group = order[open_[inner]], words[inner], group[inner]
        starts[open_[1:]] |= (words[1:] != words[:-1]) | (group[1:] != group[:-1])
    return order


def positions(needles: pa.Array, sorted_texts: pa.Array) -> npt.NDArray[np.int64]:
    """Position of each text in a sorted column, or -1."""
    found = np.empty(len(needles), dtype=np.int64)
    _find(*text_parts(needles), *text_parts(sorted_texts), found)
    return np.maximum(found, -1)


def n_below(needles: pa.Array, sorted_texts: pa.Array) -> npt.NDArray[np.int64]:
    """How many texts of a sorted column come before each of some that are not in it.

    >>> n_below(pa.array(["bo", "zoe"]), pa.array(["ann", "bob"])).tolist()
    [1, 2]
    """
    found = np.empty(len(needles), dtype=np.int64)
    _find(*text_parts(needles), *text_parts(sorted_texts), found)
    return -1 - found


def _longer(array: npt.NDArray[Any], at_least: int) -> npt.NDArray[Any]:
    longer = np.empty(max(at_least, len(array) * 3 // 2), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


@nb.njit(cache=True, nogil=True)
def _hash(octets, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """A quick hash; 32 bits of it are used."""
    found = np.uint64(stop - start) * _PRIME
    for first in range(start, stop, _EIGHT):
        word = np.uint64(0)
        for i in range(min(_EIGHT, stop - first)):
            word |= np.uint64(octets[first + i]) << np.uint64(8 * i)
        found = (found ^ word) * _PRIME
        found ^= found >> _HALF
    return found & _LOW_HALF


@nb.njit(cache=True, nogil=True)
def _same(some, start, others, other_start, length):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for i in range(length):  # noqa: SIM110 - a loop is what is compiled best
        if some[start + i] != others[other_start + i]:
            return False
    return True


@nb.njit(cache=True, nogil=True)
def _intern(octets, offsets, given, slots, known, known_offsets, n, codes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Look texts up and add those that are not there; a slot holds the hash and the number + 1."""
    mask, shift = np.uint64(len(slots) - 1), _first_bits(len(slots))
    marks = np.empty(_AHEAD, dtype=np.uint64)
    for row in range(len(codes)):
        if row % _AHEAD == 0:
            _fetch(octets, offsets, row, min(row + _AHEAD, len(codes)), slots, known, known_offsets, marks)
        if not given[row]:
            continue
        start, stop = offsets[row], offsets[row + 1]
        mark = marks[row % _AHEAD]
        at = mark >> shift
        while True:
            slot = slots[at]
            if slot == 0:
                begin = known_offsets[n]
                for i in range(stop - start):
                    known[begin + i] = octets[start + i]
                known_offsets[n + 1] = begin + stop - start
                slots[at] = mark << _HALF | np.uint64(n + 1)
                codes[row] = n
                n += 1
                break
            if slot >> _HALF == mark:
                code = np.int64(slot & _LOW_HALF) - 1
                begin, length = known_offsets[code], known_offsets[code + 1] - known_offsets[code]
                if length == stop - start and _same(known, begin, octets, start, length):
                    codes[row] = code
                    break
            at = (at + np.uint64(1)) & mask
    return n


@nb.njit(cache=True, nogil=True)
def _fetch(octets, offsets, first, last, slots, known, known_offsets, marks):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Hash some rows, and read what they will be compared with: the misses of many rows overlap."""
    shift = _first_bits(len(slots))
    for row in range(first, last):
        marks[row - first] = _hash(octets, offsets[row], offsets[row + 1])
    starts = np.zeros(_AHEAD, dtype=np.int64)
    for i in range(last - first):
        starts[i] = np.int64(slots[marks[i] >> shift] & _LOW_HALF) - 1
    for i in range(last - first):
        starts[i] = known_offsets[max(starts[i], 0)]
    touched = 0
    for i in range(last - first):
        touched += known[starts[i]]
    return touched


@nb.njit(cache=True, nogil=True)
def _spread(slots, wider):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    mask, shift = np.uint64(len(wider) - 1), _first_bits(len(wider))
    for slot in slots:
        if slot != 0:
            at = slot >> _HALF >> shift
            while wider[at] != 0:
                at = (at + np.uint64(1)) & mask
            wider[at] = slot


@nb.njit(cache=True, inline="always")
def _first_bits(n_slots):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """By how much a hash is shifted to leave a position: its first bits, so that a wider table is filled in order."""
    n_bits = 0
    while 1 << n_bits < n_slots:
        n_bits += 1
    return np.uint64(32 - n_bits)


@nb.njit(cache=True, nogil=True)
def _common_prefix(octets, offsets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Number of bytes with which all texts begin."""
    first, length = offsets[0], offsets[1] - offsets[0]
    for row in range(1, len(offsets) - 1):
        length = min(length, offsets[row + 1] - offsets[row])
        for i in range(length):
            if octets[offsets[row] + i] != octets[first + i]:
                length = i
                break
    return length


@nb.njit(cache=True, nogil=True)
def _words(octets, offsets, at, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Eight bytes of each text as a big-endian number, with zeros behind its end."""
    words = np.zeros(len(rows), dtype=np.uint64)
    for i, row in enumerate(rows):
        start, stop = offsets[row] + at, offsets[row + 1]
        for k in range(min(8, stop - start)):
            words[i] |= np.uint64(octets[start + k]) << np.uint64(8 * (7 - k))
    return words


@nb.njit(cache=True, nogil=True)
def _compare(some, start, stop, others, other_start, other_stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    length = min(stop - start, other_stop - other_start)
    for i in range(length):
        if some[start + i] != others[other_start + i]:
            return -1 if some[start + i] < others[other_start + i] else 1
    return (stop - start) - (other_stop - other_start)


@nb.njit(cache=True, nogil=True)
def _find(octets, offsets, sorted_octets, sorted_offsets, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Position of each text, or -1 less the number of texts before it."""
    for row in range(len(found)):
        low, high = 0, len(sorted_offsets) - 1
        found[row] = -1
        while low < high:
            middle = (low + high) // 2
            order = _compare(
                octets, offsets[row], offsets[row + 1],
                sorted_octets, sorted_offsets[middle], sorted_offsets[middle + 1],
            )  # fmt: skip
            if order == 0:
                found[row] = middle
                break
            if order < 0:
                high = middle
            else:
                low = middle + 1
                found[row] = -1 - low
