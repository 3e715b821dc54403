"""What a pile of events amounts to: the edges that stand, in one canonical order.

The result depends on the events alone, not on the order in which they came.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from guanxi.events.coded import NO_TIME

BoolArray = npt.NDArray[np.bool_]
KeyArray = npt.NDArray[np.uint64]
PositionArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Edges:
    """Events of one relation type and target kind as parallel arrays, shape (m,) each."""

    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    time: npt.NDArray[np.int64]
    retract: BoolArray
    key_hi: npt.NDArray[np.uint64]
    key_lo: npt.NDArray[np.uint64]
    undoes_hi: npt.NDArray[np.uint64]  # key of the fact that is taken back, where `names` is set
    undoes_lo: npt.NDArray[np.uint64]
    names: BoolArray
    row: PositionArray  # which edge it is, for whoever asked

    def take(self, rows: PositionArray | BoolArray) -> "Edges":
        """Return the edges at ``rows``."""
        return Edges(*(getattr(self, field.name)[rows] for field in fields(self)))


def standing_states(edges: Edges) -> Edges:
    """State relations: the last event of each pair by time, unless it is a retraction.

    At the same time a retraction is last; an unknown time is before all others.
    """
    ordered = edges.take(_order(edges, edges.time))
    last = np.ones(len(ordered.source), dtype=bool)
    last[:-1] = ~_same_pair(ordered)
    return ordered.take(last & ~ordered.retract)


def standing_facts(edges: Edges) -> Edges:
    """Fact relations: every fact that no retraction takes back.

    A retraction that names an event takes back that one, if source and target agree; one that names none takes back
    the latest fact of its pair, at or before its own time, that is still standing.
    """
    no_later = np.where(edges.retract & (edges.time == NO_TIME), np.iinfo(np.int64).max, edges.time)
    ordered = edges.take(_order(edges, no_later))
    ordered = ordered.take(_first_of_key(ordered))
    undone = np.zeros(len(ordered.source), dtype=bool)
    if ordered.retract.any():
        undone[_named(ordered)] = True
        for rows in _pairs_with_retractions(ordered, undone):
            undone[rows] = True
    return ordered.take(~ordered.retract & ~undone)


def _order(edges: Edges, time: npt.NDArray[np.int64]) -> PositionArray:
    """Positions sorted by source, target, time, retraction and key. Single events of a pair need one sort only."""
    n_targets = np.uint64(int(edges.target.max()) + 1 if len(edges.target) else 1)
    pair = edges.source.astype(np.uint64) * n_targets + edges.target.astype(np.uint64)
    order = np.argsort(pair, kind="stable")
    sorted_pair = pair[order]
    repeated = np.zeros(len(order), dtype=bool)
    repeated[1:] = sorted_pair[1:] == sorted_pair[:-1]
    repeated[:-1] |= repeated[1:]
    some = order[repeated]
    inner = np.lexsort((edges.key_lo[some], edges.key_hi[some], edges.retract[some], time[some], pair[some]))
    order[repeated] = some[inner]
    return order


def _same_pair(ordered: Edges) -> BoolArray:
    """Whether each edge but the last has the same source and target as the next."""
    same: BoolArray = (ordered.source[1:] == ordered.source[:-1]) & (ordered.target[1:] == ordered.target[:-1])
    return same


def _first_of_key(ordered: Edges) -> BoolArray:
    """Stores hold every key once; a pile of files may not. The same key is the same event, so it comes next to it."""
    first = np.ones(len(ordered.source), dtype=bool)
    same_key = (ordered.key_hi[1:] == ordered.key_hi[:-1]) & (ordered.key_lo[1:] == ordered.key_lo[:-1])
    first[1:] = ~(same_key & _same_pair(ordered))
    return first


def _named(ordered: Edges) -> PositionArray:
    """Facts that a retraction names, where source and target agree."""
    naming = ordered.take(ordered.retract & ordered.names)
    if not len(naming.source):
        return np.zeros(0, dtype=np.int64)
    wanted = set(_pairs_and_keys(naming, naming.undoes_hi, naming.undoes_lo))
    likely = np.flatnonzero(np.isin(ordered.key_hi, naming.undoes_hi) & ~ordered.retract)
    facts = ordered.take(likely)
    agrees = (fact in wanted for fact in _pairs_and_keys(facts, facts.key_hi, facts.key_lo))
    named: PositionArray = likely[np.fromiter(agrees, dtype=bool, count=len(likely))]
    return named


def _pairs_and_keys(edges: Edges, high: KeyArray, low: KeyArray) -> Iterator[tuple[int, ...]]:
    """Source, target and key of every edge."""
    return zip(*(column.tolist() for column in (edges.source, edges.target, high, low)), strict=True)


def _pairs_with_retractions(ordered: Edges, undone: BoolArray) -> Iterator[list[int]]:
    """For every pair with a retraction that names no event: the facts that are taken back."""
    starts = np.flatnonzero(np.concatenate([[True], ~_same_pair(ordered)]))
    stops = np.append(starts[1:], len(ordered.source))
    open_ended = np.flatnonzero(ordered.retract & ~ordered.names)
    for group in np.unique(np.searchsorted(starts, open_ended, side="right") - 1):
        standing: list[int] = []
        taken: list[int] = []
        for row in range(starts[group], stops[group]):
            if not ordered.retract[row]:
                if not undone[row]:
                    standing.append(row)
            elif not ordered.names[row] and standing:
                taken.append(standing.pop())
        yield taken
