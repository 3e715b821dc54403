"""The edges by target, laid out so that eight rows are summed at once.

A row-by-row product over CSR spends its time on the end of each short row (a mispredicted branch) and on waiting for
the previous addition. Here rows of like length lie side by side in slices of eight lanes (SELL-C-sigma with C = 8 and
sigma = n), about twice as fast. A row of at least ``WIDE`` edges is dealt out over the eight lanes of its own slice,
so that one famous account does not pad seven others.

Accounts have another position here, their *slot*: wide rows first, then by falling in-degree. Each row is added in one
fixed order, whatever the number of threads.

References
----------
Kreutzer, Hager, Wellein, Fehske, Bishop, "A unified sparse matrix data format for efficient general sparse
matrix-vector multiplication on modern processors with wide SIMD units", SIAM J. Sci. Comput. 36 (2014).
doi:10.1137/130930352
"""

from dataclasses import dataclass
from typing import Self

import numba as nb
import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph

LANES = 8
WIDE = 256
N_BLOCKS = 64  # of about equal work; more than cores, so that threads finish together
BLOCK_CELLS = 4096  # a block worth less than this costs more to start than to do


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
        0 in a padding cell.
    blocks : numpy.ndarray, shape (n_blocks + 1,), int64
        Slice ranges of about equal work.
    """

    slots: npt.NDArray[np.uint32]
    n_slots: int
    n_wide: int
    offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    blocks: npt.NDArray[np.int64]

    @classmethod
    def of(cls, graph: TrustGraph) -> Self:
        """Lay out the in-edges of ``graph``, in O(n + m)."""
        slots, order, n_wide = _slots(graph.in_offsets, WIDE)
        n_slices = n_wide + (graph.n + 1 - n_wide + LANES - 1) // LANES
        offsets = _slice_offsets(graph.in_offsets, order, n_wide, n_slices)
        sources = np.zeros(offsets[-1], dtype=np.uint32)
        weights = np.zeros(offsets[-1], dtype=np.float32)
        edges = (graph.in_offsets, graph.sources, graph.in_weights)
        _fill(edges, order, slots, n_wide, offsets, sources, weights)
        return cls(
            slots=slots,
            n_slots=n_wide + LANES * (n_slices - n_wide),
            n_wide=n_wide,
            offsets=offsets,
            sources=sources,
            weights=weights,
            blocks=_blocks(offsets),
        )


def _blocks(offsets: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    work = offsets + LANES * np.arange(len(offsets), dtype=np.int64)  # closing a slice costs about a row of cells
    n_blocks = min(N_BLOCKS, int(work[-1]) // BLOCK_CELLS + 1)
    shares = np.linspace(0, work[-1], n_blocks + 1)
    blocks: npt.NDArray[np.int64] = np.searchsorted(work, shares).astype(np.int64)
    blocks[-1] = len(offsets) - 1
    return blocks


@nb.njit(cache=True, nogil=True)
def _slots(in_offsets, wide):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Slot of every account, account of every slot, number of wide rows: a counting sort by falling in-degree."""
    n = len(in_offsets) - 1
    starts = np.zeros(wide + 2, dtype=np.int64)
    for account in range(n):
        degree = min(in_offsets[account + 1] - in_offsets[account], wide)
        starts[wide - degree + 1] += 1
    n_wide = starts[1]
    starts = np.cumsum(starts)
    slots, order = np.empty(n, dtype=np.uint32), np.empty(n, dtype=np.uint32)
    for account in range(n):
        degree = min(in_offsets[account + 1] - in_offsets[account], wide)
        slot = starts[wide - degree]
        starts[wide - degree] += 1
        slots[account], order[slot] = slot, account
    return slots, order, n_wide


@nb.njit(cache=True, nogil=True)
def _slice_offsets(in_offsets, order, n_wide, n_slices):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    offsets = np.zeros(n_slices + 1, dtype=np.int64)
    for i in range(n_slices):
        first = i if i < n_wide else n_wide + (i - n_wide) * LANES
        width = 0
        if first < len(order):  # its first row is its longest; the last slice may hold no account
            width = in_offsets[order[first] + 1] - in_offsets[order[first]]
        offsets[i + 1] = offsets[i] + ((width + LANES - 1) // LANES * LANES if i < n_wide else width * LANES)
    return offsets


@nb.njit(cache=True, nogil=True)
def _fill(edges, order, slots, n_wide, offsets, sources, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    in_offsets, in_sources, in_weights = edges
    for slot in range(len(order)):
        account = order[slot]
        if slot < n_wide:
            cell, stride = offsets[slot], 1
        else:
            cell, stride = offsets[n_wide + (slot - n_wide) // LANES] + (slot - n_wide) % LANES, LANES
        for edge in range(in_offsets[account], in_offsets[account + 1]):
            sources[cell], weights[cell] = slots[in_sources[edge]], in_weights[edge]
            cell += stride
