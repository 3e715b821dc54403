"""The one loop that every iterative trust algorithm runs in: it converges, or it raises."""

import math
from collections.abc import Callable

from guanxi.errors import ConvergenceError


def converge(step: Callable[[], float], *, method: str, tol: float, max_iter: int) -> int:
    """Call ``step`` until the change that it reports is at most ``tol``; return how many calls it took.

    Raises
    ------
    ConvergenceError
        If ``max_iter`` calls do not get there, or the change stops being a number.

    Examples
    --------
    >>> changes = iter([0.5, 0.25, 0.125])
    >>> converge(lambda: next(changes), method="halving", tol=0.2, max_iter=10)
    3
    """
    change = math.inf
    for n_steps in range(1, max_iter + 1):
        change = step()
        if change <= tol:
            return n_steps
        if not math.isfinite(change):
            raise ConvergenceError(f"{method} met {change} in iteration {n_steps}, not a finite change")
    raise ConvergenceError(f"{method} still changes by {change:.3g} after {max_iter} iterations, more than tol {tol:g}")
