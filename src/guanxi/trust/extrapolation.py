"""From the states of a round of sweeps to a better one than the last: reduced rank extrapolation.

Sweeps are linear, so a weighted mean of states moves by the same weighted mean of their moves. The weights that make
that move smallest are taken (least squares); they sum to one and may be negative. This saves every second sweep on
graphs that mix slowly. Sums are made in fixed blocks, so the bits are the same with any number of threads.

References
----------
Sidi, "Extrapolation vs. projection methods for linear systems of equations", J. Comput. Appl. Math. 22 (1988).
doi:10.1016/0377-0427(88)90289-0
"""

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit, prange
from guanxi.trust.options import Floats
from guanxi.trust.propagation import ONE_AT_A_TIME, PARALLEL_SLOTS

_RIDGE = 1e-12  # of the mean square: keeps weights finite where two moves are the same
_BLOCK = 16_384


def extrapolate(states: Floats, inverse: Floats, kept: Floats, sent: Floats) -> tuple[float, float]:
    """Put the extrapolated state into ``states[0]``, and what it sends into ``sent``.

    Parameters
    ----------
    states : numpy.ndarray, shape (5, n_slots)
        A state and those after each of four sweeps.
    inverse, kept, sent : numpy.ndarray, shape (n_slots,)
        As in ``sweeps.py``.

    Returns
    -------
    tuple of float
        About how far the next sweep would move it (L1), and how much of it is kept.
    """
    n_blocks = -(-states.shape[1] // _BLOCK)
    products, sums = np.zeros((n_blocks, 4, 4)), np.zeros((n_blocks, 2))
    if states.shape[1] >= PARALLEL_SLOTS:
        with ONE_AT_A_TIME:
            _products_in_parallel(states, products)
            _combine_in_parallel(states, _weights(products, states.dtype), inverse, kept, sent, sums)
    else:
        _products(states, products)
        _combine(states, _weights(products, states.dtype), inverse, kept, sent, sums)
    moved, keeps = sums.sum(axis=0).tolist()
    return moved, keeps


def _weights(products: npt.NDArray[np.float64], dtype: npt.DTypeLike) -> Floats:
    """Weights, shape (4,), that sum to one and make the combined move smallest, from the products of every block."""
    return _least_squares(products.sum(axis=0)).astype(dtype)


def _least_squares(products: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    full = products + np.triu(products, 1).T
    mean = np.trace(full) / 4
    last = np.array([0.0, 0.0, 0.0, 1.0])
    if not (np.isfinite(mean) and mean > 0):
        return last
    found = np.linalg.solve(full / mean + _RIDGE * np.eye(4), np.ones(4))
    return found / found.sum() if np.isfinite(found).all() and found.sum() > 0 else last


def _products_plainly(states, products):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_products``, for numpy."""
    moves = np.diff(states, axis=0).astype(np.float64)
    products[0] = np.triu(moves @ moves.T)


def _combine_plainly(states, weights, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """The twin of ``_combine``, for numpy."""
    before, after = weights @ states[:-1], weights @ states[1:]
    sums[0] = np.abs(after - before).sum(dtype=np.float64), (kept * after).sum(dtype=np.float64)
    states[0], sent[:] = after, inverse * after


@njit(reorder=True)
def _products_of(states, block, products):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Products of the moves of one block of slots, upper half."""
    first, last = block * _BLOCK, min((block + 1) * _BLOCK, states.shape[1])
    s0, s1, s2, s3, s4 = states[0], states[1], states[2], states[3], states[4]
    p00 = p01 = p02 = p03 = p11 = p12 = p13 = p22 = p23 = p33 = 0.0
    for slot in range(first, last):
        a, b, c, d = s1[slot] - s0[slot], s2[slot] - s1[slot], s3[slot] - s2[slot], s4[slot] - s3[slot]
        p00, p01, p02, p03 = p00 + a * a, p01 + a * b, p02 + a * c, p03 + a * d
        p11, p12, p13, p22 = p11 + b * b, p12 + b * c, p13 + b * d, p22 + c * c
        p23, p33 = p23 + c * d, p33 + d * d
    products[0, 0], products[0, 1], products[0, 2], products[0, 3] = p00, p01, p02, p03
    products[1, 1], products[1, 2], products[1, 3] = p11, p12, p13
    products[2, 2], products[2, 3], products[3, 3] = p22, p23, p33


@njit(reorder=True)
def _combine_of(states, weights, inverse, kept, sent, block):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Combine one block of slots; return how far it would move and what is kept of it."""
    first, last = block * _BLOCK, min((block + 1) * _BLOCK, states.shape[1])
    s0, s1, s2, s3, s4 = states[0], states[1], states[2], states[3], states[4]
    a, b, c, d = weights[0], weights[1], weights[2], weights[3]
    moved = keeps = 0.0
    for slot in range(first, last):
        before = a * s0[slot] + b * s1[slot] + c * s2[slot] + d * s3[slot]
        after = a * s1[slot] + b * s2[slot] + c * s3[slot] + d * s4[slot]
        moved += abs(after - before)
        keeps += kept[slot] * after
        s0[slot] = after
        sent[slot] = inverse[slot] * after
    return moved, keeps


@njit(twin=_products_plainly)
def _products(states, products):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in range(len(products)):
        _products_of(states, block, products[block])


@njit(parallel=True, twin=_products_plainly)
def _products_in_parallel(states, products):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in prange(len(products)):
        _products_of(states, block, products[block])


@njit(twin=_combine_plainly)
def _combine(states, weights, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in range(len(sums)):
        sums[block, 0], sums[block, 1] = _combine_of(states, weights, inverse, kept, sent, block)


@njit(parallel=True, twin=_combine_plainly)
def _combine_in_parallel(states, weights, inverse, kept, sent, sums):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for block in prange(len(sums)):
        sums[block, 0], sums[block, 1] = _combine_of(states, weights, inverse, kept, sent, block)
