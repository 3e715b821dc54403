"""What accounts of about the same size have: to tell much from more than one would expect."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.trust.options import Vector

N_PEERS = 200
FEWEST_PEERS = 40
_CHUNK = 4096
_TAIL = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """What peers let one expect, for every account; NaN for accounts that have too few of them.

    Attributes
    ----------
    value, low, high : numpy.ndarray, shape (n,), float64
        On the line through the peers, and at it the ends between which nine in ten of them lie.
    """

    value: Vector
    low: Vector
    high: Vector


def expected(size: npt.ArrayLike, value: npt.ArrayLike, *, at_least: int = 5, n_peers: int = N_PEERS) -> Expected:
    """Compare every account's value with those of the accounts nearest in size.

    The line is fitted by least squares to ``log(1 + value)`` over ``log(size)`` of the peers, the account itself apart:
    also the largest has peers then, all of them smaller. The ends are the quantiles .05 and .95 of their distances from
    it.

    Parameters
    ----------
    size : array-like of int, shape (n,)
        Number of followers, say.
    value : array-like of float, shape (n,)
        At least 0.
    at_least : int
        Accounts below this size are left out: they are nobody's peers.
    n_peers : int
        How many peers each has, half of them on either side where there are so many.

    Returns
    -------
    Expected
        NaN throughout where fewer than ``FEWEST_PEERS`` accounts could be peers.

    Examples
    --------
    >>> found = expected(np.arange(10, 110), 2.0 * np.arange(10, 110) - 1)
    >>> bool(np.allclose(found.value, 2.0 * np.arange(10, 110) - 1))
    True
    """
    size, value = np.asarray(size, dtype=np.float64), np.asarray(value, dtype=np.float64)
    unknown = Expected(*(np.full(len(size), np.nan) for _ in range(3)))
    eligible = np.flatnonzero(size >= max(at_least, 1))
    if len(eligible) <= FEWEST_PEERS:
        return unknown
    order = eligible[np.argsort(size[eligible], kind="stable")]
    x, y = np.log(size[order]), np.log1p(value[order])
    width = min(n_peers, len(order) - 1) + 1
    for start in range(0, len(order), _CHUNK):
        at = np.arange(start, min(start + _CHUNK, len(order)))
        fit, low, high = _lines(x, y, at, width)
        for column, logs in zip((unknown.value, unknown.low, unknown.high), (fit, low, high), strict=True):
            column[order[at]] = np.maximum(np.expm1(logs), 0.0)
    return unknown


def _lines(x: Vector, y: Vector, at: npt.NDArray[np.int64], width: int) -> tuple[Vector, Vector, Vector]:
    """Line through the peers at some places, and its ends; ``width`` accounts around each place, itself apart."""
    first = np.clip(at - width // 2, 0, len(x) - width)
    window = first[:, None] + np.arange(width - 1)[None, :]
    window += window >= at[:, None]
    xs, ys = x[window] - x[at, None], y[window]  # differences of equal sizes are zero, whatever their mean is
    mean_x, mean_y = xs.mean(axis=1), ys.mean(axis=1)
    from_x = xs - mean_x[:, None]
    spread = (from_x**2).sum(axis=1)
    slope = (from_x * ys).sum(axis=1) / np.where(spread > 0, spread, 1.0)
    fit = mean_y - slope * mean_x
    apart = ys - mean_y[:, None] - slope[:, None] * from_x
    low, high = np.quantile(apart, (_TAIL, 1 - _TAIL), axis=1)
    return fit, fit + low, fit + high
