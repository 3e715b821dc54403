"""What the bytes of a text column look like, in one pass: most columns are plain, and need no further check.

The slow ways in ``parsing`` and ``values`` decide what is right; here stands only what lets them be left out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb

OffsetArray = npt.NDArray[np.int32]
Octets = npt.NDArray[np.uint8]

_EXACT = 2**53  # a float holds every whole number up to here
_MONTH_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int64)
_ZERO, _NINE, _DASH, _COLON, _DOT, _BLANK, _T, _Z = (ord(c) for c in "09-:. TZ")


@dataclass(frozen=True, slots=True)
class Look:
    """What is to be checked further in a text column.

    Attributes
    ----------
    longest : int
        Bytes of the longest value.
    empty : bool
        Whether a value is empty.
    edges : bool
        Whether a value begins or ends with what may be white space.
    control : bool
        Whether there is an ASCII control character.
    """

    longest: int
    empty: bool
    edges: bool
    control: bool


def octets_of(column: pa.Array) -> tuple[Octets, OffsetArray]:
    """Bytes and offsets of a column of type string or binary."""
    data, stop = column.buffers()[2], column.offset + len(column) + 1
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)[column.offset : stop]
    return (np.zeros(0, dtype=np.uint8) if data is None else np.frombuffer(data, dtype=np.uint8)), offsets


def look(column: pa.Array) -> Look:
    """Look at a column of type string or binary.

    >>> look(pa.array(["ann", "bob "]))
    Look(longest=4, empty=False, edges=True, control=False)
    """
    if not len(column):
        return Look(0, empty=False, edges=False, control=False)
    octets, offsets = octets_of(column)
    lengths = np.diff(offsets)
    control = _has_control(octets[offsets[0] : offsets[-1]])
    empty = bool((lengths == 0).any())
    return Look(int(lengths.max()), empty=empty, edges=bool(_has_edges(octets, offsets)), control=bool(control))


def whole_numbers(column: pa.Array) -> npt.NDArray[np.int64] | None:
    """Read a string column of digits as numbers up to 2^53; None where a value is anything else, or missing."""
    if column.null_count or not len(column):
        return None
    values = np.empty(len(column), dtype=np.int64)
    return values if _read_numbers(*octets_of(column), values) else None


def plain_times(column: pa.Array) -> npt.NDArray[np.int64] | None:
    """Read a string column of ISO 8601 dates and UTC times as microseconds; None where a value is anything else."""
    if column.null_count or not len(column):
        return None
    values = np.empty(len(column), dtype=np.int64)
    return values if _read_times(*octets_of(column), values) else None


@nb.njit(cache=True, nogil=True)
def _has_control(octets: Octets) -> bool:
    found = False
    for byte in octets:
        found |= (byte < 32) | (byte == 127)
    return found


@nb.njit(cache=True, nogil=True)
def _has_edges(octets: Octets, offsets: OffsetArray) -> bool:
    """Whether a value begins or ends with a blank, a control character or a character beyond ASCII."""
    found = False
    for row in range(len(offsets) - 1):
        if offsets[row + 1] > offsets[row]:
            first, last = octets[offsets[row]], octets[offsets[row + 1] - 1]
            found |= (first <= 32) | (first >= 127) | (last <= 32) | (last >= 127)
    return found


@nb.njit(cache=True, nogil=True)
def _digits(octets: Octets, start: int, stop: int) -> int:
    """The number that decimal digits say, or -1."""
    value = 0
    for at in range(start, stop):
        if octets[at] < _ZERO or octets[at] > _NINE:
            return -1
        value = 10 * value + int(octets[at]) - _ZERO
    return value


@nb.njit(cache=True, nogil=True)
def _read_numbers(octets: Octets, offsets: OffsetArray, values: npt.NDArray[np.int64]) -> bool:
    for row in range(len(values)):
        start, stop = offsets[row], offsets[row + 1]
        value = _digits(octets, start, stop) if 0 < stop - start <= 16 else -1
        if value < 0 or value > _EXACT:
            return False
        values[row] = value
    return True


@nb.njit(cache=True, nogil=True)
def _read_times(octets: Octets, offsets: OffsetArray, values: npt.NDArray[np.int64]) -> bool:
    for row in range(len(values)):
        start, stop = offsets[row], offsets[row + 1]
        if stop - start > 10 and octets[stop - 1] == _Z:
            stop -= 1
        day = _day(octets, start) if stop - start >= 10 else -1
        within = _within_day(octets, start + 10, stop) if day >= 0 else -1
        if within < 0:
            return False
        values[row] = 1_000_000 * (86_400 * (day - 719_468)) + within
    return True


@nb.njit(cache=True, nogil=True)
def _day(octets: Octets, at: int) -> int:
    """Days since 0000-03-01 of the date YYYY-MM-DD, or -1; years 1900 to 2199."""
    year, month, day = _digits(octets, at, at + 4), _digits(octets, at + 5, at + 7), _digits(octets, at + 8, at + 10)
    if octets[at + 4] != _DASH or octets[at + 7] != _DASH or not (1900 <= year < 2200 and 1 <= month <= 12):
        return -1
    leap = month == 2 and (year % 4 == 0 and (year % 100 != 0 or year % 400 == 0))
    if day < 1 or day > int(_MONTH_DAYS[month - 1]) + int(leap):
        return -1
    year, shifted = (year, month - 3) if month > 2 else (year - 1, month + 9)
    days: int = 365 * year + year // 4 - year // 100 + year // 400 + (153 * shifted + 2) // 5 + day - 1
    return days


@nb.njit(cache=True, nogil=True)
def _within_day(octets: Octets, at: int, stop: int) -> int:
    """Microseconds of THH:MM:SS or THH:MM:SS.ffffff, zero for nothing, or -1."""
    if at == stop:
        return 0
    if stop - at < 9 or not (octets[at] == _T or octets[at] == _BLANK):
        return -1
    hour, minute = _digits(octets, at + 1, at + 3), _digits(octets, at + 4, at + 6)
    second = _digits(octets, at + 7, at + 9)
    if octets[at + 3] != _COLON or octets[at + 6] != _COLON or min(hour, minute, second) < 0:
        return -1
    if hour > 23 or minute > 59 or second > 59:
        return -1
    micros, n_digits = 0, stop - at - 10
    if stop - at > 9:
        micros = _digits(octets, at + 10, stop) if octets[at + 9] == _DOT and 1 <= n_digits <= 6 else -1
        if micros < 0:
            return -1
        micros *= 10 ** (6 - n_digits)
    within: int = 1_000_000 * (3600 * hour + 60 * minute + second) + micros
    return within
