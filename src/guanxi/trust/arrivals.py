"""Where walks go that avoid some accounts: how often they visit each, and what part of them arrives at one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np

from guanxi.compiled import njit
from guanxi.errors import ConvergenceError
from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector, check_restart
from guanxi.trust.steps import Marks, inverse_sums

_TOL, _MAX_SWEEPS = 1e-14, 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Arrivals:
    """Walks from ``start`` until they first arrive at ``target``.

    Attributes
    ----------
    inverse, discount : numpy.ndarray, shape (n,)
        ``w(a, b) * inverse[a] * discount[b]`` is what a hop passes on; ``inverse`` is 0 at the target, where walks end.
    """

    graph: TrustGraph
    start: Vector
    target: int
    inverse: Vector
    discount: Vector

    @classmethod
    def of(cls, graph: TrustGraph, start: Vector, target: int, discount: Vector | None, restart: float) -> Self:
        """Walks in ``graph``; options as in ``carriers``."""
        inverse = inverse_sums(graph, restart=check_restart(restart))
        inverse[target] = 0.0
        return cls(graph, start, target, inverse, np.ones(graph.n) if discount is None else discount)

    def visits(self, without: Marks) -> Vector:
        """How often walks that avoid some accounts visit each, shape (n,)."""
        graph, visits, sent = self.graph, np.zeros(self.graph.n), np.zeros(self.graph.n)
        base, share = np.where(without, 0.0, self.start), np.where(without, 0.0, self.discount)
        cells = graph.in_offsets, graph.sources, graph.in_weights, self.inverse, share
        return _settled(lambda: _visit(*cells, base, visits, sent), visits)

    def chances(self, without: Marks) -> Vector:
        """What part of a unit at each account arrives by walks that avoid some accounts, shape (n,)."""
        graph, chances, reached = self.graph, np.zeros(self.graph.n), np.zeros(self.graph.n)
        chances[self.target], reached[self.target] = 1.0, self.discount[self.target]
        inverse = np.where(without, 0.0, self.inverse)
        cells = graph.offsets, graph.targets, graph.weights, inverse, self.discount
        return _settled(lambda: _arrive(*cells, self.target, chances, reached), chances)

    def arriving(self, without: Marks) -> float:
        """What arrives by walks that avoid some accounts."""
        return float(self.visits(without)[self.target])


def _settled(sweep: Callable[[], float], state: Vector) -> Vector:
    """Sweep until nothing changes; every sweep only adds."""
    for _ in range(_MAX_SWEEPS):
        if sweep() <= _TOL * state.sum():
            return state
    raise ConvergenceError(f"carriers still change after {_MAX_SWEEPS} sweeps")


@njit()
def _visit(in_offsets, sources, weights, inverse, share, base, visits, sent):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """One sweep in place; return by how much visits grew. ``sent`` is ``inverse * visits``."""
    change = 0.0
    for account in range(len(visits)):
        arrived = 0.0
        if share[account] > 0:
            for edge in range(in_offsets[account], in_offsets[account + 1]):
                arrived += np.float64(weights[edge]) * sent[sources[edge]]
        now = base[account] + share[account] * arrived
        change += abs(now - visits[account])
        visits[account], sent[account] = now, inverse[account] * now
    return change


@njit()
def _arrive(offsets, targets, weights, inverse, discount, target, chances, reached):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """One sweep in place, from the last account to the first; return by how much chances grew.

    ``reached`` is ``discount * chances``.
    """
    change = 0.0
    for i in range(len(chances)):
        account = len(chances) - 1 - i
        if account != target and inverse[account] > 0:
            onward = 0.0
            for edge in range(offsets[account], offsets[account + 1]):
                onward += np.float64(weights[edge]) * reached[targets[edge]]
            now = inverse[account] * onward
            change += abs(now - chances[account])
            chances[account], reached[account] = now, discount[account] * now
    return change
