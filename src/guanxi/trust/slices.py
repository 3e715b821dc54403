"""The edges by target, laid out so that eight rows are summed at once and the busiest accounts lie side by side.

A row-by-row product over CSR spends its time on the end of each short row (a mispredicted branch) and on waiting for
the previous addition. Here rows of like length lie side by side in slices of eight lanes (SELL-C-sigma with C = 8 and
sigma = n). A row of at least ``WIDE`` edges is dealt out over the eight lanes of its own slice, so that one famous
account does not pad seven others.

Accounts have another position here, their *slot*: by falling in-degree, and by falling out-degree among equal ones, so
that the accounts whose trust is read most often share cache lines. Each row is added in one fixed order, whatever the
number of threads.

References
----------
Kreutzer, Hager, Wellein, Fehske, Bishop, "A unified sparse matrix data format for efficient general sparse
matrix-vector multiplication on modern processors with wide SIMD units", SIAM J. Sci. Comput. 36 (2014).
doi:10.1137/130930352
"""

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit
from guanxi.graph import TrustGraph

LANES = 8
WIDE = 256
N_PHASES = 12  # of about equal work; what they are for stands in sweeps.py
N_BLOCKS = 32  # per phase; more than cores, so that threads finish together
_MOST = 2**16 - 1
_TINY = 2.0**-149  # the smallest number of single precision above zero, which stands for padding
BLOCK_CELLS = 4096  # a block worth less than this costs more to start than to do

Indices = npt.NDArray[np.uint32]
Offsets = npt.NDArray[np.int64]


class Cells(NamedTuple):
    """What the kernels read of ``Slices``; the same fields."""

    offsets: Offsets
    sources: Indices
    weights: npt.NDArray[np.float32]
    n_wide: int
    blocks: Offsets


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """In-edges of a graph by slot.

    Attributes
    ----------
    slots : numpy.ndarray, shape (n,), uint32
        Slot of every account.
    n_slots : int
        At least ``n + 1``: the last slot never belongs to an account of the graph.
    n_wide : int
        So many slices, and slots, come first and hold one row each; every other slice holds ``LANES`` slots.
    offsets : numpy.ndarray, shape (n_slices + 1,), int64
        Cell ranges of the slices.
    sources : numpy.ndarray, shape (n_cells,), uint32
        Slot of the source; 0 in a padding cell.
    weights : numpy.ndarray, shape (n_cells,), float32
        Times a power of two that brings the source's out-sum into [1/2, 1), so that no product of single precision
        overflows or vanishes; 0 in a padding cell.
    inverse : numpy.ndarray, shape (n_slots,), float64
        1 / out-sum of the account, divided by the same power of two; 0 where it trusts nobody.
    blocks : numpy.ndarray, shape (N_PHASES, n_blocks + 1), int64
        Slice ranges of about equal work; each phase begins where the one before it ends.
    """

    slots: Indices
    n_slots: int
    n_wide: int
    offsets: Offsets
    sources: Indices
    weights: npt.NDArray[np.float32]
    inverse: npt.NDArray[np.float64]
    blocks: Offsets

    @classmethod
    def of(cls, graph: TrustGraph, out_sums: npt.NDArray[np.float64]) -> Self:
        """Lay out the in-edges of ``graph``, whose out-sums are given and finite, in O(n + m)."""
        lengths = graph.in_degrees
        order = _order(lengths, np.diff(graph.offsets))
        slots = np.empty(graph.n, dtype=np.uint32)
        slots[order] = np.arange(graph.n, dtype=np.uint32)
        n_wide = int(np.count_nonzero(lengths >= WIDE))
        n_slices = n_wide + (graph.n + 1 - n_wide + LANES - 1) // LANES
        offsets = _slice_offsets(lengths[order], n_wide, n_slices)
        totals, exponents = np.frexp(out_sums)
        sources = np.zeros(offsets[-1], dtype=np.uint32)
        weights = np.zeros(offsets[-1], dtype=np.float32)
        edges = (graph.in_offsets, graph.sources, graph.in_weights)
        _fill(edges, np.ldexp(1.0, -exponents), order, slots, n_wide, offsets, sources, weights)
        n_slots = n_wide + LANES * (n_slices - n_wide)
        inverse = np.zeros(n_slots)
        inverse[slots] = _inverse(totals)
        return cls(
            slots=slots,
            n_slots=n_slots,
            n_wide=n_wide,
            offsets=offsets,
            sources=sources,
            weights=weights,
            inverse=inverse,
            blocks=_blocks(offsets),
        )

    def unweighted(self, out_degrees: Offsets) -> Self:
        """The same edges, each of the same weight."""
        totals, exponents = np.frexp(out_degrees.astype(np.float64))
        factors, inverse = np.zeros(self.n_slots, dtype=np.float32), np.zeros(self.n_slots)
        factors[self.slots] = np.ldexp(1.0, -exponents)
        inverse[self.slots] = _inverse(totals)
        weights = factors[self.sources]
        weights[self.weights == 0] = 0
        return replace(self, weights=weights, inverse=inverse)

    def cells(self) -> Cells:
        """What the kernels read."""
        return Cells(self.offsets, self.sources, self.weights, self.n_wide, self.blocks)


def _inverse(totals: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.divide(1.0, totals, out=np.zeros_like(totals), where=totals > 0)


def _blocks(offsets: Offsets) -> Offsets:
    work = offsets + LANES * np.arange(len(offsets), dtype=np.int64)  # closing a slice costs about a row of cells
    n_blocks = min(N_BLOCKS, int(work[-1]) // (BLOCK_CELLS * N_PHASES) + 1)
    bounds = np.searchsorted(work, np.linspace(0, work[-1], N_PHASES * n_blocks + 1)).astype(np.int64)
    bounds[-1] = len(offsets) - 1
    last = bounds[n_blocks::n_blocks]
    return np.column_stack([bounds[:-1].reshape(N_PHASES, n_blocks), last])


def _order(in_degrees: Offsets, out_degrees: Offsets) -> Indices:
    """Account of every slot: stable sorts of small numbers, which numpy does by radix, in O(n)."""
    busiest = np.argsort(_MOST - np.minimum(out_degrees, _MOST).astype(np.uint16), kind="stable")
    shortness = (WIDE - np.minimum(in_degrees, WIDE)).astype(np.uint16)
    order: Indices = busiest[np.argsort(shortness[busiest], kind="stable")].astype(np.uint32)
    return order


def _slice_offsets(lengths: Offsets, n_wide: int, n_slices: int) -> Offsets:
    """Cell ranges of the slices, of rows whose ``lengths`` are given by slot."""
    firsts = np.append(np.arange(n_wide), np.arange(n_wide, n_wide + LANES * (n_slices - n_wide), LANES))
    widths = np.append(lengths, 0)[np.minimum(firsts, len(lengths))]  # a slice's first row is its longest
    widths[:n_wide] = -(-widths[:n_wide] // LANES)
    return np.append(0, np.cumsum(widths * LANES)).astype(np.int64)


def _fill_plainly(edges, factors, _order, slots, n_wide, offsets, sources, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_fill``, for numpy."""
    in_offsets, in_sources, in_weights = edges
    lengths = np.diff(in_offsets)
    slot = slots.astype(np.int64)
    narrow = slot - n_wide
    first = np.where(
        narrow < 0,
        offsets[np.minimum(slot, n_wide)],
        offsets[n_wide + narrow // LANES * (narrow >= 0)] + narrow % LANES,
    )
    cells = np.arange(len(in_sources)) - np.repeat(in_offsets[:-1], lengths)
    cells *= np.repeat(np.where(narrow < 0, 1, LANES), lengths)
    cells += np.repeat(first, lengths)
    sources[cells], weights[cells] = slots[in_sources], np.maximum(in_weights * factors[in_sources], _TINY)


@njit(twin=_fill_plainly)
def _fill(edges, factors, order, slots, n_wide, offsets, sources, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    in_offsets, in_sources, in_weights = edges
    for slot in range(len(order)):
        account = order[slot]
        if slot < n_wide:
            cell, stride = offsets[slot], 1
        else:
            cell, stride = offsets[n_wide + (slot - n_wide) // 8] + (slot - n_wide) % 8, 8
        for edge in range(in_offsets[account], in_offsets[account + 1]):
            source = in_sources[edge]
            sources[cell], weights[cell] = slots[source], max(in_weights[edge] * factors[source], _TINY)
            cell += stride
