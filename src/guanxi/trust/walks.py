"""The walks by which personal trust reaches one account: the heaviest of them, and the totals by length.

Personal trust is the sum over all walks from the viewer that do not come back to it: each carries what rests on the
viewer times, for every hop ``a -> b``, the part that the hop passes on, ``(1 - restart) * w(a, b) / W(a) * d(b)``.
Whatever comes back to the viewer is in what rests on it.
"""

import heapq
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector, check_account
from guanxi.trust.personal import PersonalTrust
from guanxi.trust.steps import ALL_OPEN, Marks, Steps

MOST_WALKS, MOST_HOPS = 1000, 20
_END = -2
_NOBODY = np.zeros(0, dtype=np.uint32)


class Walk(NamedTuple):
    """One walk: the accounts in order, from the viewer (``OUTSIDE`` where the graph does not know it) to the target."""

    accounts: tuple[int, ...]
    contribution: float

    @property
    def n_hops(self) -> int:
        """How many edges it has."""
        return len(self.accounts) - 1


@dataclass(frozen=True, slots=True, eq=False)
class Walks:
    """One account's personal trust as a sum over walks.

    Attributes
    ----------
    listed : tuple of Walk
        The heaviest walks of at most ``max_hops`` hops along open edges; the heaviest first.
    totals : numpy.ndarray, shape (max_hops + 1,)
        What all walks of each length carry together, along whatever edges.
    open_total : float
        What the walks of at most ``max_hops`` hops along open edges carry together.
    shut : numpy.ndarray of indices
        Accounts with an edge that is not open on a walk of at most ``max_hops`` hops; never the viewer.
    longer : float
        What is left of the score for longer walks, up to the solver's tolerance. ``math.fsum`` of it and the totals
        is the score.
    """

    listed: tuple[Walk, ...]
    totals: Vector
    open_total: float
    shut: npt.NDArray[np.integer]
    longer: float

    def others(self) -> Vector:
        """What the walks of each length carry that are not listed, shape (max_hops + 1,)."""
        listed = [[w.contribution for w in self.listed if w.n_hops == k] for k in range(len(self.totals))]
        return np.array([math.fsum([t, *(-c for c in of)]) for t, of in zip(self.totals, listed, strict=True)])


def walks(
    graph: TrustGraph,
    personal: PersonalTrust,
    target: int,
    *,
    limit: int = 10,
    max_hops: int = 6,
    open_edges: Marks | None = None,
) -> Walks:
    """Take the personal trust of ``target`` apart, by the walks that it came by.

    Walks may pass an account several times, the target too; only the viewer stands at the beginning alone. The viewer
    itself is reached by the walk without a hop.

    Parameters
    ----------
    graph : TrustGraph
        The graph that ``personal`` was computed from.
    personal : PersonalTrust
        Trust from one viewer.
    target : int
        Index of the account to explain.
    limit : int
        How many walks are listed at most, in 1..1000.
    max_hops : int
        Length of the longest walks that are looked at, in 1..20.
    open_edges : numpy.ndarray, shape (m,), bool, optional
        Which edges, in forward order, listed walks may take; all by default. The viewer's own are always open. The
        totals are over all edges.

    Returns
    -------
    Walks
        Every listed walk carries at least as much as any that could be listed and is not, to a rounding.

    Raises
    ------
    ParameterError
        If an argument is out of range.

    Notes
    -----
    Totals: one sparse product for each hop. Listing: best-first search whose bound, the most that any walk of the
    hops left can carry to the target, is exact, so that no partial walk is taken up in vain: time
    O(max_hops x edges + limit x max_hops x out-degree), memory O(max_hops x accounts).

    Examples
    --------
    >>> from guanxi.trust import personal_trust
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> found = walks(graph, personal_trust(graph, 0, restart=0.5), 2)
    >>> [(walk.accounts, round(walk.contribution, 4)) for walk in found.listed]
    [((0, 2), 0.1538), ((0, 1, 2), 0.0769)]
    """
    target = check_account("target", target, graph.n)
    for name, value, most in (("limit", limit, MOST_WALKS), ("max_hops", max_hops, MOST_HOPS)):
        if not 1 <= value <= most:
            raise ParameterError(f"{name} is {value}, not in 1..{most}")
    if open_edges is not None and open_edges.shape != (graph.m,):
        raise ParameterError(f"open_edges has shape {open_edges.shape}, not ({graph.m},)")
    if target == personal.viewer:
        return _of_the_viewer(personal, target, max_hops)
    steps = Steps.of(graph, personal)
    totals = steps.totals(target, max_hops, ALL_OPEN)
    longer = math.fsum([personal.scores[target], *(-totals)])
    if open_edges is None:
        open_edges, open_total, shut = ALL_OPEN, float(totals.sum()), _NOBODY
    else:
        open_total = float(steps.totals(target, max_hops, open_edges).sum())
        shut = steps.passing(target, max_hops, ~open_edges)
    listed = _Search(steps, target, max_hops, limit, open_edges).walks()
    return Walks(tuple(listed), totals, open_total, shut, longer)


def _of_the_viewer(personal: PersonalTrust, viewer: int, max_hops: int) -> Walks:
    totals = np.zeros(max_hops + 1)
    totals[0] = personal.viewer_mass
    listed = (Walk((viewer,), personal.viewer_mass),)
    return Walks(listed, totals, personal.viewer_mass, _NOBODY, float(personal.scores[viewer] - personal.viewer_mass))


@dataclass(slots=True, eq=False)
class _Search:
    """Best-first search. A candidate is a walk so far and how often a better way on from its end was taken before."""

    steps: Steps
    target: int
    max_hops: int
    limit: int
    open_edges: Marks
    _best: npt.NDArray[np.float64] = field(init=False)
    _ways: dict[tuple[int, int], list[tuple[float, int, float]]] = field(init=False, default_factory=dict)
    _heap: list[tuple[float, int, tuple[int, ...], float, int]] = field(init=False, default_factory=list)
    _n: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._best = self.steps.best(self.target, self.max_hops, self.open_edges)

    def walks(self) -> list[Walk]:
        found: list[Walk] = []
        self._push((self.steps.viewer,), self.steps.mass, 0)
        while self._heap and len(found) < self.limit:
            _, _, walk, carried, rank = heapq.heappop(self._heap)
            _, account, part = self._ways_on(walk)[rank]
            self._push(walk, carried, rank + 1)
            if account == _END:
                found.append(Walk(walk, carried))
            else:
                self._push((*walk, account), carried * part, 0)
        return sorted(found, key=lambda walk: (-walk.contribution, walk.n_hops, walk.accounts))

    def _push(self, walk: tuple[int, ...], carried: float, rank: int) -> None:
        ways = self._ways_on(walk)
        if rank < len(ways):
            self._n += 1
            heapq.heappush(self._heap, (-carried * ways[rank][0], self._n, walk, carried, rank))

    def _ways_on(self, walk: tuple[int, ...]) -> list[tuple[float, int, float]]:
        """Ways on from the end of a walk, the best first: what the best walk along it carries, where to, its part."""
        left = self.max_hops + 1 - len(walk)
        key = (walk[-1], left)
        if key not in self._ways:
            end = [(1.0, _END, 1.0)] if walk[-1] == self.target else []
            self._ways[key] = end + (self._onward(*key) if left else [])
        return self._ways[key]

    def _onward(self, account: int, left: int) -> list[tuple[float, int, float]]:
        targets, parts = self.steps.row(account)
        bound = parts * self._best[left - 1][targets]
        if len(self.open_edges) and account != self.steps.viewer:
            first, last = self.steps.graph.offsets[account : account + 2]
            bound = np.where(self.open_edges[first:last], bound, 0.0)
        order = np.lexsort((targets, -bound))[: self.limit]
        order = order[bound[order] > 0]
        return list(zip(bound[order].tolist(), targets[order].tolist(), parts[order].tolist(), strict=True))
