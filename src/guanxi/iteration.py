"""The one loop that every iterative trust algorithm runs in: it converges, or it raises."""

import math
from collections.abc import Callable

from guanxi.errors import ConvergenceError


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
