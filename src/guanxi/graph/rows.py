"""Edges by rows: counted into place and sorted within each row, so that memory grows with the edges and no faster."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb

FloatArray = npt.NDArray[np.floating[Any]]
IndexArray = npt.NDArray[np.integer[Any]]
OffsetArray = npt.NDArray[np.int64]

_BLOCK_EDGES = 1 << 21
"""Edges that are sorted at a time: what a block needs beside them is a few times this many words."""
_SHORT = 24


def offsets_of(rows: IndexArray, n: int) -> OffsetArray:
    """Row offsets, shape (n + 1,), of edges whose rows these are."""
    counts = np.bincount(rows, minlength=n) if len(rows) else np.zeros(n, dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def row_sums(offsets: OffsetArray, weights: FloatArray) -> npt.NDArray[np.float64]:
    """Sum of ``weights`` in every row, shape (n,), in float64 and in row order."""
    sums = np.zeros(len(offsets) - 1)
    _sum_rows(offsets, weights, sums)
    return sums


def sum_by_key(key: npt.NDArray[np.int64], value: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Sum ``value`` for each distinct ``key``; return keys in increasing order and their sums.

    Values of one key are added in increasing order, so that the order of the input leaves no trace in the bits.
    """
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    groups = np.cumsum(first) - 1
    return key[first], np.bincount(groups, weights=value, minlength=int(first.sum())).astype(np.float64)


def spread(
    rows: IndexArray, columns: list[npt.NDArray[Any]], cursor: OffsetArray, into: list[npt.NDArray[Any]]
) -> None:
    """Write each edge's ``columns`` to where its row goes on in the arrays ``into``; ``cursor`` moves behind them."""
    at = np.empty(len(rows), dtype=np.int64)
    _claim_places(rows, cursor, at)
    for column, target in zip(columns, into, strict=True):
        target[at] = column


def sort_rows(offsets: OffsetArray, targets: npt.NDArray[np.uint32], *payloads: npt.NDArray[Any]) -> None:
    """Sort each row by target, in place, and its ``payloads`` with it; equal targets stay in their order."""

    def sort(first: int, last: int) -> None:
        start, stop = int(offsets[first]), int(offsets[last])
        order = np.empty(stop - start, dtype=np.int64)
        _sort_block(offsets[first : last + 1] - start, targets[start:stop], order)
        for payload in payloads:
            payload[start:stop] = payload[start:stop][order]

    with ThreadPoolExecutor(nb.get_num_threads()) as pool:
        list(pool.map(lambda block: sort(*block), _blocks(offsets)))


def transposed(
    offsets: OffsetArray, targets: npt.NDArray[np.uint32], weights: npt.NDArray[np.float32] | None = None
) -> tuple[OffsetArray, npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
    """The same edges by target: offsets, sources in increasing order, and weights (none without ``weights``)."""
    n = len(offsets) - 1
    back = offsets_of(targets, n)
    sources = np.empty(len(targets), dtype=np.uint32)
    given = np.zeros(0, dtype=np.float32) if weights is None else weights
    in_weights = np.empty(len(given), dtype=np.float32)
    _transpose(offsets, targets, given, back[:-1].copy(), sources, in_weights)
    return back, sources, in_weights


def _blocks(offsets: OffsetArray) -> Iterator[tuple[int, int]]:
    """Ranges of rows with about ``_BLOCK_EDGES`` edges each; a longer row is a range of its own."""
    first, n = 0, len(offsets) - 1
    while first < n:
        last = int(np.searchsorted(offsets, offsets[first] + _BLOCK_EDGES, side="right")) - 1
        last = min(max(last, first + 1), n)
        yield first, last
        first = last


@nb.njit(cache=True, nogil=True)
def _sum_rows(offsets, weights, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(sums)):
        total = 0.0
        for edge in range(offsets[row], offsets[row + 1]):
            total += np.float64(weights[edge])  # as plain Python, a float and a float32 make a float32
        sums[row] = total


@nb.njit(cache=True, nogil=True)
def _claim_places(rows, cursor, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for i in range(len(rows)):
        at[i] = cursor[rows[i]]
        cursor[rows[i]] += 1


@nb.njit(cache=True, nogil=True)
def _sort_block(offsets, targets, order):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sort rows by target and position in one word; short ones by insertion."""
    half = np.uint64(32)
    longest = 0
    for row in range(len(offsets) - 1):
        longest = max(longest, offsets[row + 1] - offsets[row])
    keys = np.empty(longest, dtype=np.uint64)
    for row in range(len(offsets) - 1):
        start, length = offsets[row], offsets[row + 1] - offsets[row]
        for i in range(length):
            keys[i] = np.uint64(targets[start + i]) << half | np.uint64(i)
        if length <= _SHORT:
            for i in range(1, length):
                key, j = keys[i], i
                while j > 0 and keys[j - 1] > key:
                    keys[j] = keys[j - 1]
                    j -= 1
                keys[j] = key
        else:
            keys[:length].sort()
        for i in range(length):
            targets[start + i] = keys[i] >> half
            order[start + i] = start + np.int64(keys[i] & np.uint64(0xFFFFFFFF))


@nb.njit(cache=True, nogil=True)
def _transpose(offsets, targets, weights, cursor, sources, in_weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for row in range(len(offsets) - 1):
        for edge in range(offsets[row], offsets[row + 1]):
            at = cursor[targets[edge]]
            cursor[targets[edge]] += 1
            sources[at] = row
            if len(weights):
                in_weights[at] = weights[edge]
