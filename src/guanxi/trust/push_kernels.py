"""Forward push on arrays: see ``push.py`` for what it means.

The state of an account is one row of four float32, so that one cache line holds all that an edge touches: trust that
is settled, trust that is still to be passed on (its residual), its number of edges, and its correction. An account is
in the queue exactly while its residual is above ``eps`` times its number of edges; no mark is needed.
"""

import numpy as np

from guanxi.compiled import njit
from guanxi.trust.prefetch import prefetch

SETTLED, RESIDUAL, DEGREE, CORRECTION = 0, 1, 2, 3
_N_BUCKETS = 2048  # exponent and three more bits of a float32
_BUCKET_SHIFT = 20
_N_NEAR = 2**15  # the state of so many accounts stays in the second-level cache, and fetching ahead only costs


@njit()
def pack(offsets, targets, weights, arrives, restart, edges, shares):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fill target and share of every edge; return the part of its trust that each account passes on, shape (n,)."""
    passed = np.zeros(len(offsets) - 1)
    for account in range(len(passed)):
        total = 0.0
        for edge in range(offsets[account], offsets[account + 1]):
            total += np.float64(weights[edge])
        for edge in range(offsets[account], offsets[account + 1]):
            share = (1 - restart) * arrives[targets[edge]] * (np.float64(weights[edge]) / total)
            edges[edge, 0], shares[edge, 1] = targets[edge], share
            passed[account] += np.float64(shares[edge, 1])
    return passed


@njit(inline="always")
def _receive(state, touched, queue, mask, eps, counts, target, amount):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add to a residual; list and queue the account if that is its first, without a branch to mispredict."""
    n_touched, tail = counts
    zero = np.float32(0)
    before = state[target, 1]
    after = before + amount
    state[target, 1] = after
    limit = eps * state[target, 2]
    touched[n_touched] = target
    queue[tail & mask] = target
    first = (before == zero) & (after > zero) & (state[target, 0] == zero)
    return n_touched + np.uint64(first), tail + np.uint64((before <= limit) & (after > limit))


@njit(inline="always")
def _look_ahead(offsets, edges, state, queue, mask, head, tail):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fetch, in three stages, what the next accounts of the queue need."""
    if head + np.uint64(12) < tail:
        prefetch(offsets, queue[(head + np.uint64(12)) & mask])
    if head + np.uint64(6) < tail:
        later = queue[(head + np.uint64(6)) & mask]
        prefetch(edges, offsets[later])
        prefetch(state, later)
    if head + np.uint64(3) < tail:
        soon = queue[(head + np.uint64(3)) & mask]
        first = np.uint64(offsets[soon])
        for edge in range(first, min(np.uint64(offsets[soon + np.uint64(1)]), first + np.uint64(16))):
            prefetch(state, edges[edge, 0])


@njit()
def push(routes, work, viewer, row, eps, max_edges):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Push from ``viewer`` (n: outside the graph) until no residual is above its limit; first come, first served.

    ``row`` is whether the viewer's edges are replaced, by which targets, and what each of them gets.
    Returns how many accounts were touched and how many edges walked.
    """
    offsets, edges, shares = routes
    state, touched, queue = work
    replaced, row_targets, row_shares = row
    mask, one = np.uint64(len(queue) - 1), np.uint64(1)
    head, counts, n_edges = np.uint64(0), (np.uint64(0), np.uint64(0)), 0
    n = np.uint64(len(offsets) - 1)
    is_far = n > _N_NEAR
    viewer = np.uint64(viewer)
    if viewer < n:
        state[viewer, 1], touched[0], queue[0] = np.float32(1), viewer, viewer
        counts = (one, one)
    else:
        for i in range(len(row_targets)):
            counts = _receive(state, touched, queue, mask, eps, counts, np.uint64(row_targets[i]), row_shares[i])
    while head < counts[1] and n_edges < max_edges:
        if is_far:
            _look_ahead(offsets, edges, state, queue, mask, head, counts[1])
        account = np.uint64(queue[head & mask])
        head += one
        amount = state[account, 1]
        state[account, 1] = np.float32(0)
        state[account, 0] += amount
        if replaced and account == viewer:
            for i in range(len(row_targets)):
                target = np.uint64(row_targets[i])
                counts = _receive(state, touched, queue, mask, eps, counts, target, amount * row_shares[i])
            n_edges += len(row_targets)
        else:
            for edge in range(np.uint64(offsets[account]), np.uint64(offsets[account + one])):
                target = np.uint64(edges[edge, 0])
                counts = _receive(state, touched, queue, mask, eps, counts, target, amount * shares[edge, 1])
            n_edges += offsets[account + one] - offsets[account]
    return np.int64(counts[0]), np.int64(n_edges)


@njit()
def sums(state, touched, n_touched):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Settled trust and residual of all touched accounts together."""
    settled = residual = 0.0
    for i in range(n_touched):
        account = np.uint64(touched[i])
        settled += np.float64(state[account, 0])
        residual += np.float64(state[account, 1])
    return settled, residual


@njit(inline="always")
def _estimate(state, account, residual):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    settled, own = np.float64(state[account, 0]), np.float64(state[account, 1])
    return settled + own + residual * np.float64(state[account, 3])


@njit()
def estimates(state, touched, n_touched, residual, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Put the corrected trust of every touched account into ``scores``, shape (n,)."""
    for i in range(n_touched):
        account = np.uint64(touched[i])
        scores[account] = _estimate(state, account, residual)


@njit()
def best(state, touched, n_touched, viewer, residual, keys, buckets, accounts, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Put the highest of the touched accounts, the viewer apart, into ``accounts`` and ``scores``; return how many.

    A histogram over the leading bits of the scores says which few need sorting. Equal scores go by index.
    """
    values, bits = keys
    buckets[:] = 0
    for i in range(n_touched):
        account = np.uint64(touched[i])
        values[i] = _estimate(state, account, residual)
        if account == np.uint64(viewer):
            values[i] = 0
        buckets[bits[i] >> _BUCKET_SHIFT] += 1
    bucket, above = len(buckets) - 1, buckets[len(buckets) - 1]
    while bucket > 0 and above < len(accounts):
        bucket -= 1
        above += buckets[bucket]
    chosen, n_chosen = np.empty(above, dtype=np.uint64), 0
    for i in range(n_touched):
        if bits[i] >> _BUCKET_SHIFT >= bucket and values[i] > 0:
            chosen[n_chosen] = (np.uint64(bits[i]) << np.uint64(32)) | np.uint64(np.uint32(0xFFFFFFFF) - touched[i])
            n_chosen += 1
    ordered = np.sort(chosen[:n_chosen])
    n_found = min(n_chosen, len(accounts))
    for i in range(n_found):
        account = np.uint64(0xFFFFFFFF) - (ordered[n_chosen - 1 - i] & np.uint64(0xFFFFFFFF))
        accounts[i], scores[i] = account, _estimate(state, account, residual)
    return n_found


@njit()
def clean(state, touched, n_touched):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Forget settled trust and residuals, in time for the touched accounts only."""
    for i in range(n_touched):
        account = np.uint64(touched[i])
        state[account, 0] = np.float32(0)
        state[account, 1] = np.float32(0)


@njit()
def add_residuals(state, touched, n_touched, total):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Add the residuals to ``total``, shape (n,)."""
    for i in range(n_touched):
        account = np.uint64(touched[i])
        total[account] += np.float64(state[account, 1])


@njit()
def best_of_each(routes, work, viewers, eps, max_edges, correction_sum, keys, buckets, counts, accounts, scores):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN201
    """Fill row ``i`` of ``accounts`` and ``scores`` with the most trusted of viewer ``i``, in shares of all trust."""
    state, touched, _ = work
    row = (False, np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32))
    for i in range(len(viewers)):
        n_touched, _ = push(routes, work, viewers[i], row, eps, max_edges)
        settled, residual = sums(state, touched, n_touched)
        counts[i] = best(state, touched, n_touched, viewers[i], residual, keys, buckets, accounts[i], scores[i])
        scores[i] /= settled + residual + residual * correction_sum
        clean(state, touched, n_touched)
