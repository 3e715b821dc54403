"""Kernels that carry trust along the edges: a step that is exact, and rounds of sweeps that come close quickly.

``step`` is one Jacobi step in double precision: it says how far a state is from the solution.

``sweep_round`` sweeps over the accounts several times. In a sweep, accounts settle in phases, one after the other
in the order of the slots, and each phase reads what the ones before it have settled (a block Gauss-Seidel method). The
phases depend on the graph alone and the accounts of one phase settle from the same values, so the bits are the same
with any number of threads. What no edge passes on goes back to the seeds once per sweep; that this is the right amount
is what makes the method faster than Jacobi steps, and not slower. The states of a round are kept: ``extrapolation.py``
extrapolates from them.

Arguments that the kernels share, all arrays of accounts by slot (``slices.py``):

- ``cells``: the fields of ``slices.Cells``.
- ``accounts``: four arrays. How much of what is sent arrives at the account; 1 / its out-sum; the part of its trust
  that no edge passes on; what it gets besides.
- ``seeds`` and ``keeps``: the account gets so much of all that the state before keeps.
- ``row``: the viewer, the targets of its own row, what these get besides, and the part of its trust that each gets.
- ``sent``: trust / out-sum of every account.
- ``sums``, shape (phases, blocks, 2): where blocks put what they add up, each in one fixed order.
"""

from itertools import pairwise

import numpy as np

from guanxi.compiled import njit, prange


def _matrix(cells, n_slots):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The cells as a scipy matrix, for the twins."""
    from scipy import sparse  # noqa: PLC0415 - only where nothing can be compiled

    offsets, sources, weights, n_wide, _ = cells
    n_cells = np.diff(offsets)
    starts = np.append(np.arange(n_wide), n_wide + 8 * np.arange(len(n_cells) - n_wide))
    lanes = np.where(np.repeat(np.arange(len(n_cells)), n_cells) < n_wide, 0, np.arange(len(sources)) % 8)
    rows = np.repeat(starts, n_cells) + lanes
    entries = (weights.astype(np.float64), (rows, sources.astype(np.int64)))
    return sparse.csr_matrix(entries, shape=(n_slots, n_slots))


def _step_plainly(cells, accounts, seeds, keeps, sent, trust, change, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``step``, for numpy and scipy."""
    share, _, kept, base = accounts
    arrived = _matrix(cells, len(trust)) @ sent  # type: ignore[no-untyped-call]
    new = share * arrived + base + keeps * seeds
    change[:] = new - trust
    trust[:] = new
    sums[:] = 0
    sums[0, 0] = np.abs(change).sum(), (kept * new).sum()


def _sweep_round_plainly(cells, accounts, seeds, row, keeps, sent, states, _sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``sweep_round``, for numpy and scipy."""
    share, inverse, kept, base = accounts
    matrix = _matrix(cells, len(base)).astype(sent.dtype)  # type: ignore[no-untyped-call]
    slices = [*cells[4][:, 0], cells[4][-1, -1]]
    bounds = [int(i) if i < cells[3] else int(cells[3] + (i - cells[3]) * 8) for i in slices]
    for k in range(len(states) - 1):
        bring(row, base, states[k])
        given = base + sent.dtype.type(keeps) * seeds
        for first, last in pairwise(bounds):
            states[k + 1, first:last] = share[first:last] * (matrix[first:last] @ sent) + given[first:last]
            sent[first:last] = inverse[first:last] * states[k + 1, first:last]
        keeps = float((kept * states[k + 1]).sum(dtype=np.float64))
    return keeps


@njit(inline="always")
def _first_slot(i, n_wide):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """First slot of slice ``i``."""
    return i if i < n_wide else n_wide + (i - n_wide) * 8


@njit(reorder=True)
def _settle(accounts, seeds, returned, new, slot, n_lanes):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Turn what arrived in ``new`` into new trust, from ``slot`` on; return what is kept of it."""
    share, _, kept, base = accounts
    keeping = new.dtype.type(0)
    for lane in range(n_lanes):
        at = slot + np.uint64(lane)
        new[at] = share[at] * new[at] + (base[at] + returned * seeds[at])
        keeping += kept[at] * new[at]
    return keeping


@njit(reorder=True)
def _sweep_block(cells, accounts, seeds, keeps, sent, new, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Put new trust of the slices ``first`` to ``last`` into ``new``; return what is kept of it.

    Unsigned positions skip a sign check.
    """
    offsets, sources, weights, n_wide, _ = cells
    one, two, three, four = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
    five, six, seven, eight = np.uint64(5), np.uint64(6), np.uint64(7), np.uint64(8)
    returned, keeping = seeds.dtype.type(keeps), 0.0
    for i in range(first, last):
        c, end = np.uint64(offsets[i]), np.uint64(offsets[i + 1])
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = sent.dtype.type(0)
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
        slot = np.uint64(_first_slot(i, n_wide))
        if i < n_wide:
            new[slot] = ((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7))
            keeping += _settle(accounts, seeds, returned, new, slot, 1)
        else:
            new[slot], new[slot + one], new[slot + two], new[slot + three] = s0, s1, s2, s3
            new[slot + four], new[slot + five], new[slot + six], new[slot + seven] = s4, s5, s6, s7
            keeping += _settle(accounts, seeds, returned, new, slot, 8)
    return keeping


@njit(reorder=True)
def _step_block(cells, accounts, seeds, keeps, sent, trust, change, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    keeps = _sweep_block(cells, accounts, seeds, keeps, sent, change, first, last)
    moved = 0.0
    for slot in range(_first_slot(first, cells[3]), _first_slot(last, cells[3])):
        new = change[slot]
        change[slot] = new - trust[slot]
        trust[slot] = new
        moved += abs(change[slot])
    return moved, keeps


@njit(reorder=True)
def _send(cells, inverse, new, sent, first, last):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for slot in range(_first_slot(first, cells[3]), _first_slot(last, cells[3])):
        sent[slot] = inverse[slot] * new[slot]


@njit()
def _total(sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    total = 0.0
    for phase in range(sums.shape[0]):
        for block in range(sums.shape[1]):
            total += sums[phase, block, 1]
    return total


@njit()
def bring(row, base, state):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Set in ``base`` what the viewer's own row brings to its targets."""
    viewer, targets, rest, passed = row
    for i in range(len(targets)):
        base[targets[i]] = rest[i] + passed[i] * state[viewer]


@njit(twin=_step_plainly)
def step(cells, accounts, seeds, keeps, sent, trust, change, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """One exact step: changes ``trust`` in place and puts the change into ``change``."""
    blocks = cells[4]
    for phase in range(len(blocks)):
        for b in range(blocks.shape[1] - 1):
            first, last = blocks[phase, b], blocks[phase, b + 1]
            sums[phase, b] = _step_block(cells, accounts, seeds, keeps, sent, trust, change, first, last)


@njit(parallel=True, twin=_step_plainly)
def step_in_parallel(cells, accounts, seeds, keeps, sent, trust, change, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """``step`` on several threads; the same bits."""
    blocks = cells[4]
    n_blocks = blocks.shape[1] - 1
    for i in prange(len(blocks) * n_blocks):
        phase, b = i // n_blocks, i % n_blocks
        first, last = blocks[phase, b], blocks[phase, b + 1]
        moved, keeping = _step_block(cells, accounts, seeds, keeps, sent, trust, change, first, last)
        sums[phase, b, 0], sums[phase, b, 1] = moved, keeping


@njit(twin=_sweep_round_plainly)
def sweep_round(cells, accounts, seeds, row, keeps, sent, states, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Sweep from ``states[0]`` to the last of ``states``; return what the last one keeps."""
    blocks, inverse, base = cells[4], accounts[1], accounts[3]
    for k in range(len(states) - 1):
        bring(row, base, states[k])
        new = states[k + 1]
        for phase in range(len(blocks)):
            for b in range(blocks.shape[1] - 1):
                first, last = blocks[phase, b], blocks[phase, b + 1]
                sums[phase, b, 1] = _sweep_block(cells, accounts, seeds, keeps, sent, new, first, last)
            _send(cells, inverse, new, sent, blocks[phase, 0], blocks[phase, -1])
        keeps = _total(sums)
    return keeps


@njit(parallel=True, twin=_sweep_round_plainly)
def sweep_round_in_parallel(cells, accounts, seeds, row, keeps, sent, states, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """``sweep_round`` on several threads; the same bits."""
    blocks, inverse, base = cells[4], accounts[1], accounts[3]
    for k in range(len(states) - 1):
        bring(row, base, states[k])
        new = states[k + 1]
        for phase in range(len(blocks)):
            for b in prange(blocks.shape[1] - 1):
                first, last = blocks[phase, b], blocks[phase, b + 1]
                sums[phase, b, 1] = _sweep_block(cells, accounts, seeds, keeps, sent, new, first, last)
            for b in prange(blocks.shape[1] - 1):
                _send(cells, inverse, new, sent, blocks[phase, b], blocks[phase, b + 1])
        keeps = _total(sums)
    return keeps
