"""What walks carry hop by hop: how much each hop passes on, and sums and maxima over all walks."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit
from guanxi.graph import TrustGraph
from guanxi.trust.inflow import OUTSIDE
from guanxi.trust.options import Vector
from guanxi.trust.personal import PersonalTrust
from guanxi.trust.propagation import out_sums_of

Marks = npt.NDArray[np.bool_]
ALL_OPEN = np.zeros(0, dtype=np.bool_)
"""Stands for marks of edges that are all set."""


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """What every hop of a walk from one viewer passes on.

    Attributes
    ----------
    viewer : int
        ``OUTSIDE`` where the graph does not know it. No walk comes back to it.
    mass : float
        The trust that rests on it.
    first : (targets, parts)
        Whom the viewer trusts, and what its hops pass on.
    inverse, discount : numpy.ndarray, shape (n,)
        ``w(a, b) * inverse[a] * discount[b]`` is what other hops pass on.
    """

    graph: TrustGraph
    viewer: int
    mass: float
    first: tuple[npt.NDArray[np.uint32], Vector]
    inverse: Vector
    discount: Vector

    @classmethod
    def of(cls, graph: TrustGraph, personal: PersonalTrust) -> Self:
        """Steps of the walks that ``personal``, computed from ``graph``, is the sum of."""
        inverse = inverse_sums(graph, restart=personal.restart)
        discount = np.ones(graph.n) if personal.discount is None else personal.discount
        if personal.row is not None:
            targets, parts = personal.row.targets, (1 - personal.restart) * personal.row.shares
        else:
            viewer = personal.viewer or 0
            targets, weights = graph.row(viewer)
            parts = weights * inverse[viewer]
        viewer = OUTSIDE if personal.viewer is None else personal.viewer
        return cls(graph, viewer, personal.viewer_mass, (targets, parts * discount[targets]), inverse, discount)

    def totals(self, target: int, max_hops: int, open_edges: Marks) -> Vector:
        """What all walks of each length bring to the target, shape (max_hops + 1,)."""
        found, mass = np.zeros(max_hops + 1), np.zeros(self.graph.n)
        mass[self.first[0]] = self.first[1]
        for hops in range(1, max_hops + 1):
            found[hops] = mass[target]
            arrived = np.zeros(self.graph.n)
            if hops < max_hops:
                _spread(*self._cells(open_edges), mass, arrived)
                if self.viewer != OUTSIDE:
                    arrived[self.viewer] = 0.0
            mass = arrived
        return self.mass * found

    def best(self, target: int, max_hops: int, open_edges: Marks) -> npt.NDArray[np.float64]:
        """The most that a walk of at most ``h`` hops carries from each account to the target, shape (max_hops, n)."""
        best = np.zeros((max_hops, self.graph.n))
        best[:, target] = 1.0
        for hops in range(1, max_hops):
            _strongest(*self._cells(open_edges), best[hops - 1], best[hops])
            if self.viewer != OUTSIDE:
                best[hops, self.viewer] = 0.0
        return best

    def row(self, account: int) -> tuple[npt.NDArray[np.uint32], Vector]:
        """Whom an account trusts, and what its hops pass on."""
        if account == self.viewer:
            return self.first
        targets, weights = self.graph.row(account)
        return targets, weights * self.inverse[account] * self.discount[targets]

    def passing(self, target: int, max_hops: int, edges: Marks) -> npt.NDArray[np.uint32]:
        """Accounts, but the viewer, with one of some edges on a walk of at most ``max_hops`` hops to the target."""
        forward = np.full(self.graph.n, max_hops, dtype=np.int64)
        forward[self.first[0][self.first[1] > 0]] = 1
        back = np.full(self.graph.n, max_hops, dtype=np.int64)
        back[target] = 0
        for hops in range(1, max_hops):
            _hop(self.graph.offsets, self.graph.targets, self.inverse, self.discount, hops, forward, back)
            if self.viewer != OUTSIDE:
                forward[self.viewer] = back[self.viewer] = max_hops
        sources = self.graph.edge_sources()
        lies_on = edges & (forward[sources] + 1 + back[self.graph.targets] <= max_hops)
        lies_on &= self.discount[self.graph.targets] > 0
        return np.unique(sources[lies_on])

    def _cells(self, open_edges: Marks) -> tuple[object, ...]:
        return self.graph.offsets, self.graph.targets, self.graph.weights, self.inverse, self.discount, open_edges


def inverse_sums(graph: TrustGraph, *, restart: float) -> Vector:
    """``(1 - restart) / W(a)`` of every account, shape (n,); 0 where it trusts nobody."""
    sums = out_sums_of(graph, np.arange(graph.n, dtype=np.uint32))
    return np.divide(1 - restart, sums, out=np.zeros(graph.n), where=sums > 0)


@njit()
def _spread(offsets, targets, weights, inverse, discount, open_edges, mass, arrived):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Pass on the mass of every account along its edges."""
    for account in range(len(mass)):
        given = mass[account] * inverse[account]
        if given > 0:
            for edge in range(offsets[account], offsets[account + 1]):
                if len(open_edges) == 0 or open_edges[edge]:
                    arrived[targets[edge]] += given * np.float64(weights[edge]) * discount[targets[edge]]


@njit()
def _strongest(offsets, targets, weights, inverse, discount, open_edges, before, best):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The most that one hop more carries, at least what is in ``best`` already."""
    for account in range(len(best)):
        most = 0.0
        for edge in range(offsets[account], offsets[account + 1]):
            if len(open_edges) == 0 or open_edges[edge]:
                most = max(most, np.float64(weights[edge]) * discount[targets[edge]] * before[targets[edge]])
        best[account] = max(best[account], most * inverse[account])


@njit()
def _hop(offsets, targets, inverse, discount, hops, forward, back):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Mark who is ``hops`` hops before the target, and who comes one hop after those at ``hops`` from the viewer."""
    for account in range(len(forward)):
        if inverse[account] > 0:
            for edge in range(offsets[account], offsets[account + 1]):
                if discount[targets[edge]] > 0:
                    if forward[account] == hops:
                        forward[targets[edge]] = min(forward[targets[edge]], hops + 1)
                    if back[targets[edge]] == hops - 1:
                        back[account] = min(back[account], hops)
