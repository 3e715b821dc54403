"""An edge table with the edges of some pairs replaced, all others copied."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.events.declared import nothing_said
from guanxi.schema import Model, RelationType
from guanxi.snapshot.graph import NO_INDEX, IndexArray, Relation
from guanxi.snapshot.numbering import Part
from guanxi.snapshot.standing import Rows, of_type

PairArray = npt.NDArray[np.uint64]
"""Source in the upper half, target in the lower one."""
Ends = tuple[IndexArray, IndexArray, IndexArray]
"""Present index of every old source, target and account."""
_PositionArray = npt.NDArray[np.int64]
_HALF = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFFFFFF)


def packed(source: IndexArray, target: IndexArray) -> PairArray:
    """Pairs of indices in one word each, which sort as source and target do."""
    pairs: PairArray = source.astype(np.uint64) << _HALF | target.astype(np.uint64)
    return pairs


def pairs_of(parts: Sequence[Part], relation: RelationType, kind: str, model: Model) -> PairArray:
    """Every pair that some event of one relation type and target kind is about, sorted."""
    found = [np.zeros(0, dtype=np.uint64)]
    for part in parts:
        rows = of_type(part, relation.code, model.kinds[kind].code)
        source, target = part.events.source[rows], part.events.target[rows]
        found.append(packed(part.indices[relation.source][source], part.indices[kind][target]))
    return np.unique(np.concatenate(found))


def spliced(
    relation: RelationType,
    old: Relation | None,
    fresh: Rows | None,
    pairs: PairArray,
    now_at: Ends,
    *,
    n_sources: int,
) -> Rows | None:
    """The old edges, with those of ``pairs`` taken from ``fresh``; None where there are none.

    Parameters
    ----------
    relation : RelationType
    old : Relation or None
    fresh : Rows or None
        Edges of ``pairs`` only, in present indices.
    pairs : numpy.ndarray of uint64
        Sorted, in present indices.
    now_at : tuple of numpy.ndarray
    n_sources : int
        How many sources there are now.
    """
    if old is None:
        return fresh
    fresh = _nothing(n_sources) if fresh is None else fresh
    cuts = _cuts(old, fresh, pairs, now_at)
    result = Rows(
        _offsets(old, pairs, cuts, now_at[0], n_sources),
        cuts.joined(_moved(old.targets, now_at[1]), fresh.targets),
        cuts.joined(old.times, fresh.times),
        np.zeros(0, dtype=np.uint32),
    )
    m = len(old), len(fresh.targets)
    if old.values is not None or fresh.values is not None:
        values = [_or(given, n, np.nan, np.float64) for given, n in zip((old.values, fresh.values), m, strict=True)]
        result.values = cuts.joined(*values)
    if old.via is not None or fresh.via is not None:
        via = [_or(given, n, NO_INDEX, np.uint32) for given, n in zip((old.via, fresh.via), m, strict=True)]
        result.via = cuts.joined(_moved(via[0], now_at[2]), via[1])
    for spec in relation.properties:
        columns = [
            given.get(spec.name, nothing_said(spec, n))
            for given, n in zip((old.properties, fresh.properties), m, strict=True)
        ]
        result.properties[spec.name] = cuts.joined(*columns)
    return result


@dataclass(frozen=True, slots=True, eq=False)
class _Cuts:
    """For every pair, in order: where its edges begin and end in the old table and in the fresh one."""

    old_start: _PositionArray
    old_stop: _PositionArray
    fresh_start: _PositionArray
    fresh_stop: _PositionArray

    @property
    def more(self) -> _PositionArray:
        """How many more edges each pair has than before."""
        return (self.fresh_stop - self.fresh_start) - (self.old_stop - self.old_start)

    def joined(self, old: npt.NDArray[Any], fresh: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """A column of the new table from those of both."""
        into = np.empty(len(old) + int(self.more.sum()), dtype=old.dtype)
        _join(old, fresh, self.old_start, self.old_stop, self.fresh_start, self.fresh_stop, into)
        return into


def _cuts(old: Relation, fresh: Rows, pairs: PairArray, now_at: Ends) -> _Cuts:
    row, row_known = _formerly(pairs >> _HALF, now_at[0])
    target, target_known = _formerly(pairs & _LOW_HALF, now_at[1])
    start, stop = np.empty(len(pairs), dtype=np.int64), np.empty(len(pairs), dtype=np.int64)
    _find(old.offsets, old.targets, row, row_known, target, target_known, start, stop)
    sources = np.repeat(np.arange(len(fresh.offsets) - 1, dtype=np.uint32), np.diff(fresh.offsets))
    at = packed(sources, fresh.targets)
    return _Cuts(start, stop, np.searchsorted(at, pairs), np.searchsorted(at, pairs, side="right"))


def _formerly(index: npt.NDArray[np.uint64], now_at: IndexArray) -> tuple[_PositionArray, npt.NDArray[np.bool_]]:
    """Old index of each present one, or that of the next which was there; and whether it was there itself."""
    before = np.searchsorted(now_at, index.astype(np.uint32))
    known = before < len(now_at)
    known[known] = now_at[before[known]] == index[known]
    return before, known


def _offsets(old: Relation, pairs: PairArray, cuts: _Cuts, now_at: IndexArray, n: int) -> _PositionArray:
    sizes = np.zeros(n + 1, dtype=np.int64)
    sizes[now_at.astype(np.int64) + 1] = np.diff(old.offsets)
    np.add.at(sizes, (pairs >> _HALF).astype(np.int64) + 1, cuts.more)
    return np.cumsum(sizes)


def _nothing(n_sources: int) -> Rows:
    targets = np.zeros(0, dtype=np.uint32)
    return Rows(np.zeros(n_sources + 1, dtype=np.int64), targets, np.zeros(0, dtype=np.int64), targets)


def _moved(index: IndexArray, now_at: IndexArray) -> IndexArray:
    """Old indices as present ones; ``NO_INDEX`` stays."""
    if not len(now_at) or now_at[-1] == len(now_at) - 1:  # nothing new came between
        return index
    longer = np.append(now_at, np.uint32(NO_INDEX))
    moved: IndexArray = longer[np.minimum(index, np.uint32(len(now_at)))]
    return moved


def _or(column: npt.NDArray[Any] | None, length: int, stand_in: float, dtype: type[np.generic]) -> npt.NDArray[Any]:
    """A column, or one that says nothing."""
    return np.full(length, stand_in, dtype=dtype) if column is None else column


@nb.njit(cache=True, nogil=True)
def _find(offsets, targets, row, row_known, target, target_known, start, stop):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Where the edges of each pair are, or would be."""
    for i in range(len(row)):
        low = offsets[row[i]]
        high = offsets[row[i] + 1] if row_known[i] else low
        last = high
        while low < high:
            middle = (low + high) // 2
            if targets[middle] < target[i]:
                low = middle + 1
            else:
                high = middle
        start[i] = stop[i] = low
        while target_known[i] and stop[i] < last and targets[stop[i]] == target[i]:
            stop[i] += 1


@nb.njit(cache=True, nogil=True)
def _join(old, fresh, old_start, old_stop, fresh_start, fresh_stop, into):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    at = done = 0
    for i in range(len(old_start)):
        at = _copy(old, done, old_start[i], into, at)
        at = _copy(fresh, fresh_start[i], fresh_stop[i], into, at)
        done = old_stop[i]
    _copy(old, done, len(old), into, at)


@nb.njit(cache=True, nogil=True)
def _copy(column, start, stop, into, at):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for i in range(start, stop):
        into[at + i - start] = column[i]
    return at + stop - start
