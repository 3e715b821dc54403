"""Trust in motion on slots; what EigenTrust, PageRank and personal trust have in common."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit, prange
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import sweeps
from guanxi.trust.options import Floats, Vector
from guanxi.trust.slices import Slices

PARALLEL_CELLS = 2**21
"""Graphs with fewer cells run on one thread: a sweep takes a millisecond, and where another process holds the second
core, waiting for a thread at the end of each phase costs several. The bits are the same either way."""

PARALLEL_SLOTS = 2**20
"""Fewer slots are passed over on one thread."""

_PART = 2**15
_BLOCK = 2**14

ONE_AT_A_TIME = Lock()  # numba's fallback threads ("workqueue") abort the process when two callers meet

_layouts: dict[int, tuple[weakref.ref[npt.NDArray[np.uint32]], Slices]] = {}
_layouts_lock = Lock()


@dataclass(slots=True)
class Row:
    """The viewer's own row, where it replaces what the graph says.

    Attributes
    ----------
    viewer : int
        Slot of the viewer.
    targets : numpy.ndarray, shape (k,), uint32
        Slots of those whom it trusts.
    passed : numpy.ndarray, shape (k,)
        The part of the viewer's trust that arrives at each.
    """

    viewer: int
    targets: npt.NDArray[np.uint32]
    passed: Vector

    def fields(self, base: npt.NDArray[Any]) -> tuple[Any, ...]:
        """What the kernels read, for accounts that get ``base`` besides."""
        return self.viewer, self.targets, base[self.targets].copy(), self.passed.astype(base.dtype)


@dataclass(slots=True, eq=False)
class Propagation:
    """Trust in motion: the state is changed in place by ``step``.

    Attributes
    ----------
    slices : Slices
        The edges.
    share : numpy.ndarray, shape (n_slots,)
        ``(1 - restart) * discount`` of the account: how much of what is sent arrives.
    inverse : numpy.ndarray, shape (n_slots,)
        1 / scaled out-sum of the account; 0 where it trusts nobody.
    kept : numpy.ndarray, shape (n_slots,)
        The part of the account's trust that no edge passes on (restart, dangling, discounted), in [0, 1].
    seeds : numpy.ndarray, shape (n_slots,)
        Where what is kept goes; sums to one.
    trust : numpy.ndarray, shape (n_slots,)
        The state.
    change : numpy.ndarray, shape (n_slots,)
        By how much the last step changed it.
    sent, base : numpy.ndarray, shape (n_slots,)
        Room for what every account sends, and for what it gets besides.
    row : Row
        The viewer's own row; an empty one by default.
    """

    slices: Slices
    share: Vector
    inverse: Vector
    kept: Vector
    seeds: Vector
    trust: Vector
    change: Vector
    sent: Vector
    base: Vector
    row: Row

    @classmethod
    def of(cls, graph: TrustGraph, slices: Slices, *, discount: Vector | None, restart: float) -> Self:
        """Prepare for ``graph``, laid out as ``slices``; seeds and state are all zero."""
        if discount is None:
            share = np.full(slices.n_slots, 1 - restart)
            passing = (slices.inverse > 0).astype(np.float64)
        else:
            share = by_slot(slices, (1 - restart) * discount)
            passing = by_slot(slices, _passing(graph, discount))
        return cls(
            slices=slices,
            share=share,
            inverse=slices.inverse.copy(),
            kept=np.maximum(1 - (1 - restart) * passing, 0),
            seeds=np.zeros(slices.n_slots),
            trust=np.zeros(slices.n_slots),
            change=np.zeros(slices.n_slots),
            sent=np.zeros(slices.n_slots),
            base=np.zeros(slices.n_slots),
            row=Row(0, np.zeros(0, dtype=np.uint32), np.zeros(0)),
        )

    @property
    def spare_slot(self) -> int:
        """A slot for an account that the graph does not know: nobody trusts it."""
        return self.slices.n_slots - 1

    @property
    def threaded(self) -> bool:
        """Whether sweeps are shared among threads."""
        return len(self.slices.sources) >= PARALLEL_CELLS

    @property
    def keeps(self) -> float:
        """How much of the state is kept."""
        return float((self.kept * self.trust).sum())

    def by_account(self) -> Vector:
        """Trust of every account of the graph, shape (n,)."""
        return self.trust[self.slices.slots]

    def step(self) -> float:
        """Replace the state by what arrives, and by what returns to the seeds; return the L1 change."""
        self.base[self.row.targets] = 0
        sweeps.bring(self.row.fields(self.base), self.base, self.trust)
        keeps, sums = self._send(), empty_sums(self.slices)
        accounts = (self.share, self.inverse, self.kept, self.base)
        arguments = (accounts, self.seeds, keeps, self.sent, self.trust, self.change, sums)
        if self.threaded:
            with ONE_AT_A_TIME:
                sweeps.step_in_parallel(self.slices.cells(), *arguments)
        else:
            sweeps.step(self.slices.cells(), *arguments)
        return float(sums[:, :, 0].sum())

    def _send(self) -> float:
        """Fill ``sent``; return how much of the state is kept."""
        return send(self.trust, self.inverse, self.kept, self.sent)


def layout(graph: TrustGraph) -> Slices:
    """The edges of ``graph`` laid out; kept as long as the graph's arrays live, since it costs some fifteen sweeps.

    Raises
    ------
    ParameterError
        If the weights that an account gives do not have a finite sum.
    """
    with _layouts_lock:
        sources, found = _layouts.get(id(graph.in_weights), (None, None))
    if found is not None and sources is not None and sources() is graph.sources:
        return found
    found = Slices.of(graph, _finite_out_sums(graph))
    with _layouts_lock:
        _layouts[id(graph.in_weights)] = weakref.ref(graph.sources), found
    weakref.finalize(graph.in_weights, _layouts.pop, id(graph.in_weights), None)
    return found


def by_slot(slices: Slices, values: Vector, rest: float = 0.0) -> Vector:
    """Spread ``values``, shape (n,), over the slots."""
    spread = np.full(slices.n_slots, rest)
    spread[slices.slots] = values
    return spread


def send(state: Floats, inverse: Floats, kept: Floats, sent: Floats) -> float:
    """Put ``inverse * state`` into ``sent``; return the sum of ``kept * state``, of the same bits with any threads."""
    sums = np.zeros(-(-len(state) // _BLOCK))
    if len(state) >= PARALLEL_SLOTS:
        with ONE_AT_A_TIME:
            _send_in_parallel(state, inverse, kept, sent, sums)
    else:
        _send(state, inverse, kept, sent, sums)
    return float(sums.sum())


def parts(n: int) -> Iterator[slice]:
    """Pieces of an array of ``n`` numbers that fit the cache, so that numpy's intermediate results stay there."""
    return (slice(start, start + _PART) for start in range(0, n, _PART))


def empty_sums(slices: Slices) -> Vector:
    """Where the blocks of a sweep put what they add up."""
    n_phases, n_bounds = slices.blocks.shape
    return np.zeros((n_phases, n_bounds - 1, 2))


def out_sums_of(graph: TrustGraph, accounts: npt.NDArray[np.uint32]) -> Vector:
    """Out-sum of each of ``accounts``, in O(their edges)."""
    return _out_sums_of(graph.offsets, graph.weights, accounts)  # type: ignore[no-any-return]


def _finite_out_sums(graph: TrustGraph) -> Vector:
    totals = out_sums_of(graph, np.arange(graph.n, dtype=np.uint32))
    if not np.isfinite(totals).all():
        at = int(np.argmin(np.isfinite(totals)))
        raise ParameterError(f"account {at} gives weights that sum to {totals[at]}, not a finite number")
    return totals


def _passing(graph: TrustGraph, discount: Vector) -> Vector:
    """The part of every account's trust that discounts let through, shape (n,); 0 where it trusts nobody."""
    return _discounted_parts(graph.offsets, graph.targets, graph.weights, discount)  # type: ignore[no-any-return]


def _out_sums_plainly(offsets, weights, accounts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_out_sums_of``, for numpy; it adds in the same order."""
    lengths = offsets[accounts + np.int64(1)] - offsets[accounts]
    rows = np.repeat(np.arange(len(accounts)), lengths)
    within = np.arange(len(rows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    edges = np.repeat(offsets[accounts], lengths) + within
    return np.bincount(rows, weights[edges].astype(np.float64), minlength=len(accounts))


def _discounted_plainly(offsets, targets, weights, discount):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_discounted_parts``, for numpy; it adds in the same order."""
    n = len(offsets) - 1
    rows = np.repeat(np.arange(n), np.diff(offsets))
    totals = np.bincount(rows, weights.astype(np.float64), minlength=n)
    arriving = np.bincount(rows, weights * discount[targets], minlength=n)
    return np.divide(arriving, totals, out=np.zeros(n), where=totals > 0)


def _send_plainly(state, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_send``, for numpy."""
    np.multiply(inverse, state, out=sent)
    sums[:1] = (kept * state).sum(dtype=np.float64)


@njit(reorder=True)
def _send_block(state, inverse, kept, sent, block):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    first, last = block * _BLOCK, min((block + 1) * _BLOCK, len(state))
    for slot in range(first, last):
        sent[slot] = inverse[slot] * state[slot]
    keeping = 0.0
    for slot in range(first, last):  # nothing is written here: else the order would depend on where arrays lie
        keeping += kept[slot] * state[slot]
    return keeping


@njit(twin=_send_plainly)
def _send(state, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in range(len(sums)):
        sums[block] = _send_block(state, inverse, kept, sent, block)


@njit(parallel=True, twin=_send_plainly)
def _send_in_parallel(state, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in prange(len(sums)):
        sums[block] = _send_block(state, inverse, kept, sent, block)


@njit(twin=_out_sums_plainly)
def _out_sums_of(offsets, weights, accounts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    sums = np.empty(len(accounts))
    for i in range(len(accounts)):
        total = 0.0
        for edge in range(offsets[accounts[i]], offsets[accounts[i] + 1]):
            total += np.float64(weights[edge])
        sums[i] = total
    return sums


@njit(twin=_discounted_plainly)
def _discounted_parts(offsets, targets, weights, discount):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    parts = np.zeros(len(offsets) - 1)
    for account in range(len(parts)):
        total = arrives = 0.0
        for edge in range(offsets[account], offsets[account + 1]):
            weight = np.float64(weights[edge])
            total += weight
            arrives += weight * discount[targets[edge]]
        if total > 0:
            parts[account] = arrives / total
    return parts
