"""A search for a few numbers where every look is expensive and nothing has a slope: one coordinate at a time.

A step that helps is kept, and twice as long next time; one that helps in neither direction is halved. The order of the
coordinates is drawn anew in every round.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Point = npt.NDArray[np.float64]
FIRST_STEP, LAST_STEP, LONGEST_STEP = 1.0, 0.1, 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One look: what was looked at, and the best so far."""

    number: int
    point: Point
    value: float
    best: Point
    best_value: float


def climb(
    objective: Callable[[Point], float],
    ranges: Sequence[tuple[float, float]],
    *,
    budget: int,
    margin: float,
    rng: np.random.Generator,
) -> Iterator[Trial]:
    """Climb from the origin; yield every look until no step helps, or ``budget`` looks are made.

    Parameters
    ----------
    objective : callable
        To be made as large as can be.
    ranges : sequence of (float, float)
        Lowest and highest value of each coordinate; 0 is among them.
    margin : float
        A step must raise the objective by more than this, or it does not help.

    Examples
    --------
    >>> looks = climb(lambda x: -((x[0] - 3) ** 2), [(-4, 4)], budget=50, margin=1e-9, rng=np.random.default_rng(1))
    >>> round(float(list(looks)[-1].best[0]), 1)
    3.0
    """
    looks = _Looks(objective, margin)
    yield looks.at(np.zeros(len(ranges)))
    steps, signs = np.full(len(ranges), FIRST_STEP), np.ones(len(ranges))
    while (steps >= LAST_STEP).any():
        for k in rng.permutation(np.flatnonzero(steps >= LAST_STEP)).tolist():
            before = looks.best
            for sign in (signs[k], -signs[k]):
                point = _moved(before, k, sign * steps[k], ranges[k])
                if point[k] == before[k] or looks.best is not before:
                    continue
                if looks.n >= budget:
                    return
                yield looks.at(point)
                signs[k] = signs[k] if looks.best is before else sign
            steps[k] = steps[k] / 2 if looks.best is before else min(2 * steps[k], LONGEST_STEP)


def _moved(point: Point, k: int, step: float, within: tuple[float, float]) -> Point:
    moved = point.copy()
    moved[k] = np.clip(moved[k] + step, *within)
    return moved


class _Looks:
    """Counts looks, and remembers the best."""

    def __init__(self, objective: Callable[[Point], float], margin: float) -> None:
        self.n, self.best, self.best_value = 0, np.zeros(0), -np.inf
        self._objective, self._margin = objective, margin

    def at(self, point: Point) -> Trial:
        value = float(self._objective(point))
        self.n += 1
        if value > self.best_value + self._margin:
            self.best, self.best_value = point, value
        return Trial(self.n, point, value, self.best, self.best_value)
