"""The one loop that every iterative algorithm runs in: it converges, or it raises."""

import math
from collections.abc import Callable

from guanxi.errors import ConvergenceError, ParameterError


def check_stopping(tol: float, max_iter: int) -> None:
    """Refuse a tolerance that cannot be met and a number of iterations that is none."""
    if not (math.isfinite(tol) and tol > 0):
        raise ParameterError(f"tol is {tol}, not a finite number greater than zero")
    if isinstance(max_iter, bool) or not isinstance(max_iter, int) or max_iter < 1:
        raise ParameterError(f"max_iter is {max_iter!r}, not a whole number of at least 1")


def converge(step: Callable[[int], tuple[float, int]], *, method: str, tol: float, max_iter: int) -> int:
    """Call ``step`` until the change that it reports is at most ``tol``; return how many iterations that took.

    ``step`` gets the number of iterations that it may take, at least one, and returns the change and how many it took.

    Raises
    ------
    ConvergenceError
        If ``max_iter`` iterations do not get there, or the change stops being a number.

    Examples
    --------
    >>> changes = iter([0.5, 0.25, 0.125])
    >>> converge(lambda left: (next(changes), 1), method="halving", tol=0.2, max_iter=10)
    3
    """
    change, n_done = math.inf, 0
    while n_done < max_iter:
        change, n_taken = step(max_iter - n_done)
        n_done += n_taken
        if change <= tol:
            return n_done
        if not math.isfinite(change):
            raise ConvergenceError(f"{method} met {change} in iteration {n_done}, not a finite change")
    raise ConvergenceError(f"{method} still changes by {change:.3g} after {max_iter} iterations, more than tol {tol:g}")
