"""Telling a new event from a duplicate and from a conflict."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi import compiled as nb
from guanxi.stores.protocol import OUTCOMES, Appended
from guanxi.stores.segments import KeyArray, Keys

_AHEAD = 256
_CREATED, _DUPLICATE, _CONFLICT = map(OUTCOMES.index, OUTCOMES[:3])


def recognise(events: pa.Table, known: Iterable[Keys]) -> Appended:
    """Say of every event whether it is new, known with the same body, or known with another one.

    Within ``events`` the first one with a key counts, and the later ones are compared with it.
    """
    high, low, body = (events[name].to_numpy() for name in ("key_hi", "key_lo", "body"))
    codes = _recognised(high, low, body, known)
    repeated = _repeated(np.flatnonzero(codes == _CREATED), high, low)
    for rows in repeated:
        codes[rows[1:]] = np.where(body[rows[1:]] == body[rows[0]], _DUPLICATE, _CONFLICT)
    return Appended(codes)


def _recognised(high: KeyArray, low: KeyArray, body: KeyArray, known: Iterable[Keys]) -> npt.NDArray[np.int8]:
    codes = np.full(len(high), _CREATED, dtype=np.int8)
    for keys in known:
        at = keys.find(high, low)
        found = np.flatnonzero(at >= 0)
        codes[found] = np.where(keys.body[at[found]] == body[found], _DUPLICATE, _CONFLICT)
    return codes


class Recognition:
    """Tells events apart over a whole load, whose own events are known as they come.

    Parameters
    ----------
    known : list of Keys
        The keys that were there before.

    Notes
    -----
    A hash table of the keys in memory: 8 to 16 bytes per event, and 12 per slot, of which a third to two thirds are
    taken.
    """

    def __init__(self, known: list[Keys]) -> None:
        self._known = [keys for keys in known if len(keys.high)]
        self._n = 0
        self._high = np.zeros(_LEAST, dtype=np.uint64)
        self._number = np.zeros(_LEAST, dtype=np.uint32)
        self._low = np.empty(_LEAST, dtype=np.uint64)
        self._body: KeyArray | None = None

    def recognise(self, events: pa.Table) -> Appended:
        """Say what each event is; new ones are known from now on."""
        high, low, body = (events[name].to_numpy() for name in ("key_hi", "key_lo", "body"))
        codes = _recognised(high, low, body, self._known)
        self._make_room(len(high), bodies=bool((body != low).any()))
        known = self._low if self._body is None else self._body
        table = (self._high, self._number, self._low, known)
        self._n = _claim(high, low, body, codes, *table, self._n)
        return Appended(codes)

    def _make_room(self, n: int, *, bodies: bool) -> None:
        if self._n + n > len(self._low):
            self._low = _longer(self._low, self._n + n)
            self._body = None if self._body is None else _longer(self._body, self._n + n)
        if bodies and self._body is None:
            self._body = self._low.copy()
        while 3 * (self._n + n) > 2 * len(self._high):
            high = np.zeros(2 * len(self._high), dtype=np.uint64)
            number = np.zeros(2 * len(self._high), dtype=np.uint32)
            _spread(self._high, self._number, high, number)
            self._high, self._number = high, number


_LEAST = 1 << 12


def _longer(array: KeyArray, at_least: int) -> KeyArray:
    longer = np.empty(max(at_least, len(array) * 3 // 2), dtype=array.dtype)
    longer[: len(array)] = array
    return longer


@nb.njit(cache=True, nogil=True)
def _claim(high, low, body, codes, slots, numbers, known_low, known_body, n):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Look keys up and add those that are not there; a slot holds the first half and the number + 1.

    The first bits of a key say where it goes, so that a wider table is filled in order.
    """
    mask, shift = np.uint64(len(slots) - 1), _first_bits(len(slots))
    touched = np.uint64(0)
    for i in range(len(high)):
        if i % _AHEAD == 0:  # the misses of many rows overlap
            for j in range(i, min(i + _AHEAD, len(high))):
                touched ^= slots[high[j] >> shift] ^ numbers[high[j] >> shift]
        if codes[i] != _CREATED:
            continue
        at = high[i] >> shift
        while True:
            number = np.int64(numbers[at])
            if number == 0:
                slots[at], numbers[at] = high[i], n + 1
                known_low[n], known_body[n] = low[i], body[i]
                n += 1
                break
            if slots[at] == high[i] and known_low[number - 1] == low[i]:
                codes[i] = _DUPLICATE if known_body[number - 1] == body[i] else _CONFLICT
                break
            at = (at + np.uint64(1)) & mask
    return n + np.int64(touched & np.uint64(0))  # so that what was touched counts as used


@nb.njit(cache=True, nogil=True)
def _spread(slots, numbers, wider, wider_numbers):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    mask, shift = np.uint64(len(wider) - 1), _first_bits(len(wider))
    for i in range(len(slots)):
        if numbers[i] != 0:
            at = slots[i] >> shift
            while wider_numbers[at] != 0:
                at = (at + np.uint64(1)) & mask
            wider[at], wider_numbers[at] = slots[i], numbers[i]


@nb.njit(cache=True, inline="always")
def _first_bits(n_slots):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """By how much a word is shifted to leave a position among so many, which are a power of two."""
    n_bits = 0
    while 1 << n_bits < n_slots:
        n_bits += 1
    return np.uint64(64 - n_bits)


def _repeated(
    rows: npt.NDArray[np.int64], high: npt.NDArray[np.uint64], low: npt.NDArray[np.uint64]
) -> list[npt.NDArray[np.int64]]:
    """Groups of rows that share a key, each in increasing order."""
    order = rows[np.lexsort((rows, low[rows], high[rows]))]
    same = (high[order][1:] == high[order][:-1]) & (low[order][1:] == low[order][:-1])
    if not same.any():
        return []
    groups = np.split(order, np.flatnonzero(~same) + 1)
    return [group for group in groups if len(group) > 1]
