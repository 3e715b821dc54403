"""One step of trust along every edge, on slots; what EigenTrust, PageRank and personal trust have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Self

import numba as nb
import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust.iteration import converge
from guanxi.trust.options import Vector
from guanxi.trust.slices import Slices

PARALLEL_CELLS = 2**21
"""Graphs with fewer cells run on one thread: a step takes a millisecond, and where another process holds the second
core, waiting for a thread at the end of each step costs several. The bits are the same either way."""

_ONE_AT_A_TIME = Lock()  # numba's fallback threads ("workqueue") abort the process when two callers meet


@dataclass(frozen=True, slots=True, eq=False)
class Propagation:
    """Trust in motion: the state is changed in place by ``step``.

    Attributes
    ----------
    slices : Slices
        The edges.
    share : numpy.ndarray, shape (n_slots,)
        ``(1 - restart) * discount`` of the account: how much of what is sent arrives.
    inverse : numpy.ndarray, shape (n_slots,)
        1 / out-sum of the account; 0 where it trusts nobody.
    kept : numpy.ndarray, shape (n_slots,)
        The part of the account's trust that no edge passes on (restart, dangling, discounted), in [0, 1].
    trust : numpy.ndarray, shape (n_slots,)
        The state.
    """

    slices: Slices
    share: Vector
    inverse: Vector
    kept: Vector
    trust: Vector

    @classmethod
    def of(cls, graph: TrustGraph, *, discount: Vector | None, restart: float) -> Self:
        """Prepare for ``graph``; the state is all zero."""
        slices = Slices.of(graph)
        totals, arriving = out_totals(graph, discount)
        if not np.isfinite(totals).all():
            at = int(np.argmin(np.isfinite(totals)))
            raise ParameterError(f"account {at} gives weights that sum to {totals[at]}, not a finite number")
        inverse = np.divide(1.0, totals, out=np.zeros(graph.n), where=totals > 0)
        arrives = np.ones(graph.n) if discount is None else discount
        kept = np.maximum(1 - (1 - restart) * (arriving * inverse), 0)
        return cls(
            slices=slices,
            share=_by_slot(slices, (1 - restart) * arrives),
            inverse=_by_slot(slices, inverse),
            kept=_by_slot(slices, kept, rest=1.0),
            trust=np.zeros(slices.n_slots),
        )

    @property
    def spare_slot(self) -> int:
        """A slot for an account that the graph does not know: nobody trusts it."""
        return self.slices.n_slots - 1

    def on_slots(self, values: Vector) -> Vector:
        """Spread ``values``, shape (n,), over the slots."""
        return _by_slot(self.slices, values)

    def by_account(self) -> Vector:
        """Trust of every account of the graph, shape (n,)."""
        return self.trust[self.slices.slots]

    def step(self, sent: Vector, sending: Vector, given: Vector, scale: float) -> tuple[float, float]:
        """Replace the state by ``share * (edges @ sent) + scale * given``, and ``sending`` by what it sends next.

        Returns
        -------
        tuple of float
            L1 change of the state, and how much of the new state is kept.
        """
        part = self.slices
        edges = (part.offsets, part.sources, part.weights, part.n_wide, part.blocks)
        accounts = (self.share, self.inverse, self.kept, given)
        changes, keeps = np.zeros(len(part.blocks)), np.zeros(len(part.blocks))
        arguments = (edges, accounts, scale, sent, sending, self.trust, changes, keeps)
        if len(part.sources) < PARALLEL_CELLS:
            _sweep(*arguments)
        else:
            with _ONE_AT_A_TIME:
                _sweep_in_parallel(*arguments)
        return float(changes.sum()), float(keeps.sum())


def settle(
    flow: Propagation, aim: Callable[[float], tuple[Vector, float]], *, method: str, tol: float, max_iter: int
) -> float:
    """Step ``flow`` until it converges; return how much of the last state is kept.

    ``aim`` says where what was kept goes: given the amount, the vector ``given`` and its ``scale`` for the next step.
    """
    sent, sending = flow.trust * flow.inverse, np.empty_like(flow.trust)
    keeps = float((flow.kept * flow.trust).sum())

    def step() -> float:
        nonlocal sent, sending, keeps
        change, keeps = flow.step(sent, sending, *aim(keeps))
        sent, sending = sending, sent
        return change

    converge(step, method=method, tol=tol, max_iter=max_iter)
    return keeps


def out_sums_of(graph: TrustGraph, accounts: npt.NDArray[np.uint32]) -> Vector:
    """Out-sum of each of ``accounts``, in O(their edges)."""
    return _out_sums_of(graph.offsets, graph.weights, accounts)  # type: ignore[no-any-return]


def out_totals(graph: TrustGraph, discount: Vector | None) -> tuple[Vector, Vector]:
    """Out-sum of every account, and the same with each weight times the discount of its target; shape (n,)."""
    if discount is None:
        totals = out_sums_of(graph, np.arange(graph.n, dtype=np.uint32))
        return totals, totals
    return _discounted_totals(graph.offsets, graph.targets, graph.weights, discount)  # type: ignore[no-any-return]


def _by_slot(slices: Slices, values: npt.NDArray[np.float64], rest: float = 0.0) -> Vector:
    spread = np.full(slices.n_slots, rest)
    spread[slices.slots] = values
    return spread


@nb.njit(cache=True, nogil=True)
def _out_sums_of(offsets, weights, accounts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    sums = np.empty(len(accounts))
    for i in range(len(accounts)):
        total = 0.0
        for edge in range(offsets[accounts[i]], offsets[accounts[i] + 1]):
            total += np.float64(weights[edge])
        sums[i] = total
    return sums


@nb.njit(cache=True, nogil=True)
def _discounted_totals(offsets, targets, weights, discount):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    totals, arriving = np.zeros(len(offsets) - 1), np.zeros(len(offsets) - 1)
    for account in range(len(totals)):
        total = arrives = 0.0
        for edge in range(offsets[account], offsets[account + 1]):
            weight = np.float64(weights[edge])
            total += weight
            arrives += weight * discount[targets[edge]]
        totals[account], arriving[account] = total, arrives
    return totals, arriving


@nb.njit(cache=True, nogil=True)
def _sweep(edges, accounts, scale, sent, sending, trust, changes, keeps):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in range(len(edges[4]) - 1):
        changes[block], keeps[block] = _sweep_block(block, edges, accounts, scale, sent, sending, trust)


@nb.njit(cache=True, nogil=True, parallel=True)
def _sweep_in_parallel(edges, accounts, scale, sent, sending, trust, changes, keeps):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in nb.prange(len(edges[4]) - 1):
        changes[block], keeps[block] = _sweep_block(block, edges, accounts, scale, sent, sending, trust)


@nb.njit(cache=True, nogil=True)
def _sweep_block(block, edges, accounts, scale, sent, sending, trust):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    _, _, _, n_wide, blocks = edges
    first, last = blocks[block], blocks[block + 1]
    _gather(edges, first, last, sent, sending)
    return _settle(accounts, scale, _first_slot(first, n_wide), _first_slot(last, n_wide), sending, trust)


@nb.njit(cache=True, inline="always")
def _first_slot(i, n_wide):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """First slot of slice ``i``."""
    return i if i < n_wide else n_wide + (i - n_wide) * 8


@nb.njit(cache=True, nogil=True)
def _gather(edges, first, last, sent, arrived):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum what arrives in every slot of the slices ``first`` to ``last``. Unsigned positions skip a sign check."""
    offsets, sources, weights, n_wide, _ = edges
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    five, six, seven, eight = np.uint64(5), np.uint64(6), np.uint64(7), np.uint64(8)
    for i in range(first, last):
        c, end = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        while c < end:
            s0 += weights[c] * sent[sources[c]]
            s1 += weights[c + one] * sent[sources[c + one]]
            s2 += weights[c + two] * sent[sources[c + two]]
            s3 += weights[c + three] * sent[sources[c + three]]
            s4 += weights[c + four] * sent[sources[c + four]]
            s5 += weights[c + five] * sent[sources[c + five]]
            s6 += weights[c + six] * sent[sources[c + six]]
            s7 += weights[c + seven] * sent[sources[c + seven]]
            c += eight
        slot = _first_slot(i, n_wide)
        if i < n_wide:
            arrived[slot] = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
        else:
            arrived[slot], arrived[slot + 1], arrived[slot + 2], arrived[slot + 3] = s0, s1, s2, s3
            arrived[slot + 4], arrived[slot + 5], arrived[slot + 6], arrived[slot + 7] = s4, s5, s6, s7


@nb.njit(cache=True, nogil=True)
def _settle(accounts, scale, first, last, arrived, trust):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn what arrived into new trust and into what is sent next; return the L1 change and what is kept."""
    c0 = c1 = c2 = c3 = k0 = k1 = k2 = k3 = 0.0  # four sums each, so that one addition need not wait for the last
    whole = last - (last - first) % 4
    for slot in range(first, whole, 4):
        d0, e0 = _settle_one(accounts, scale, np.uint64(slot), arrived, trust)
        d1, e1 = _settle_one(accounts, scale, np.uint64(slot + 1), arrived, trust)
        d2, e2 = _settle_one(accounts, scale, np.uint64(slot + 2), arrived, trust)
        d3, e3 = _settle_one(accounts, scale, np.uint64(slot + 3), arrived, trust)
        c0, c1, c2, c3 = c0 + d0, c1 + d1, c2 + d2, c3 + d3
        k0, k1, k2, k3 = k0 + e0, k1 + e1, k2 + e2, k3 + e3
    for slot in range(whole, last):
        d0, e0 = _settle_one(accounts, scale, np.uint64(slot), arrived, trust)
        c0, k0 = c0 + d0, k0 + e0
    return (c0 + c1) + (c2 + c3), (k0 + k1) + (k2 + k3)


@nb.njit(cache=True, inline="always")
def _settle_one(accounts, scale, slot, arrived, trust):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    share, inverse, kept, given = accounts
    new = share[slot] * arrived[slot] + scale * given[slot]
    change = abs(new - trust[slot])
    trust[slot] = new
    arrived[slot] = new * inverse[slot]
    return change, kept[slot] * new
