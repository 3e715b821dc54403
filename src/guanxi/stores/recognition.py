"""Telling a new event from a duplicate and from a conflict."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.stores.protocol import OUTCOMES, Appended
from guanxi.stores.segments import Keys

_CREATED, _DUPLICATE, _CONFLICT = range(len(OUTCOMES))


def recognise(events: pa.Table, known: Iterable[Keys]) -> Appended:
    """Say of every event whether it is new, known with the same body, or known with another one.

    Within ``events`` the first one with a key counts, and the later ones are compared with it.
    """
    high, low, body = (events[name].to_numpy() for name in ("key_hi", "key_lo", "body"))
    codes = np.zeros(len(events), dtype=np.int8)
    new = np.ones(len(events), dtype=bool)
    for keys in known:
        at = keys.find(high, low)
        found = at >= 0
        codes[found] = np.where(keys.body[at[found]] == body[found], _DUPLICATE, _CONFLICT)
        new &= ~found
    repeated = _repeated(np.flatnonzero(new), high, low)
    for rows in repeated:
        codes[rows[1:]] = np.where(body[rows[1:]] == body[rows[0]], _DUPLICATE, _CONFLICT)
    return Appended(codes)


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
