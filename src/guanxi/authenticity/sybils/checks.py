"""Checks of what every algorithm here takes, and the loop that those with a fixed point run in."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.iteration import check_stopping, converge

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Vector = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

BOUND = 0.5
"""A residual probability lies within this distance of zero."""


def numbers(name: str, values: npt.ArrayLike) -> Vector:
    """Return a copy of ``values`` as float64."""
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ParameterError(f"{name} is not an array of numbers: {exc}") from exc


def check_prior(prior: npt.ArrayLike, n: int) -> Vector:
    """Return ``prior`` as float64 in [-0.5, 0.5], shape (n,), not all zero; empty where ``n`` is 0."""
    values = numbers("prior", prior)
    if values.shape != (n,):
        raise ParameterError(f"prior has shape {values.shape}, not ({n},)")
    wrong = ~(np.abs(values) <= BOUND)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ParameterError(f"prior of account {at} is {values[at]}, not in [-{BOUND}, {BOUND}]")
    if n and not values.any():
        raise ParameterError("prior is zero for every account: no labels, and no classifier that tells any apart")
    return values


def check_labels(name: str, indices: npt.ArrayLike, n: int) -> Indices:
    """Return distinct indices in ``range(n)``, in increasing order; at least one."""
    array = np.asarray(indices).ravel()
    if not len(array):
        raise ParameterError(f"{name} holds no account: there are no labels of this side, and both are needed")
    if array.dtype.kind not in "iu":
        raise ParameterError(f"{name} holds {array.dtype} values, not indices")
    outside = (array < 0) | (array >= n)
    if outside.any():
        raise ParameterError(f"{name} holds {array[outside][0]}, not one of the {n} accounts of the graph")
    return np.unique(array.astype(np.int64))


def check_ties(ties: TrustGraph) -> None:
    """Refuse a graph in which a relation is not returned with the same weight."""
    same = np.array_equal(ties.offsets, ties.in_offsets) and np.array_equal(ties.targets, ties.sources)
    if not (same and np.array_equal(ties.weights, ties.in_weights)):
        raise ParameterError("ties has a relation that is not returned with the same weight; see mutual_ties")


def check_sweeps(name: str, n_sweeps: int) -> None:
    """Refuse what is no number of sweeps."""
    if isinstance(n_sweeps, bool) or not isinstance(n_sweeps, int) or n_sweeps < 1:
        raise ParameterError(f"{name} is {n_sweeps!r}, not a whole number of at least 1")


def neighbours_mean(ties: TrustGraph) -> "csr_array":
    """Return the matrix that turns scores into the weighted mean over each account's ties; zero where there are none.

    ``D^-1 A`` of the papers.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415 - start-up does not pay for it

    sums = ties.out_sums
    # A row that is not empty has a sum greater than zero, for weights are.
    scale = np.divide(1.0, sums, out=np.zeros_like(sums), where=sums > 0)
    weights = ties.weights.astype(np.float64) * np.repeat(scale, np.diff(ties.offsets))
    return csr_array((weights, ties.targets.astype(np.int64), ties.offsets), shape=(ties.n, ties.n))


def settle(step: Callable[[Vector], Vector], start: Vector, *, method: str, tol: float, max_iter: int) -> Vector:
    """Repeat ``step`` until no score changes by more than ``tol``.

    Raises
    ------
    ParameterError
        If ``tol`` or ``max_iter`` cannot be met.
    ConvergenceError
        If ``max_iter`` steps do not get there.
    """
    check_stopping(tol, max_iter)
    score = start

    def once(_left: int) -> tuple[float, int]:
        nonlocal score
        before, score = score, step(score)
        return float(np.abs(score - before).max(initial=0.0)), 1

    converge(once, method=method, tol=tol, max_iter=max_iter)
    return score
