"""How good predictions are, and where to cut them."""

import math

import numpy as np
import numpy.typing as npt

from guanxi.trust.options import Vector


def errors_of_the_mean(wanted: Vector) -> Vector:
    """How far each is from the mean of the others; NaN where there are none."""
    if len(wanted) < 2:
        return np.full_like(wanted, np.nan)
    return np.asarray((wanted - wanted.mean()) * len(wanted) / (len(wanted) - 1), dtype=np.float64)


def in_standard_errors(gains: Vector) -> float:
    """Mean over its standard error; 0 where nothing is gained or lost."""
    if len(gains) < 2:
        return math.nan
    spread = float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return float(gains.mean()) / spread if spread > 0 else 0.0


def root_mean_square(errors: Vector) -> float:
    """Square root of the mean square; NaN where there is nothing."""
    return math.sqrt(float(np.mean(errors**2))) if len(errors) else math.nan


def best_cut(values: Vector, positive: npt.NDArray[np.bool_]) -> float:
    """Cut between two values, all above it called positive, that gives the highest macro-F1; the lowest of equals."""
    if not 0 < positive.sum() < len(positive):
        return 0.0
    order = np.argsort(values, kind="stable")
    ranked, truth = values[order], positive[order].astype(np.float64)
    below = np.arange(1, len(ranked))  # so many are called negative
    false_negative = np.cumsum(truth)[:-1]
    n_positive, n_negative = truth.sum(), len(truth) - truth.sum()
    f1_positive = 2 * (n_positive - false_negative) / (len(truth) - below + n_positive)
    f1_negative = 2 * (below - false_negative) / (below + n_negative)
    split = ranked[1:] > ranked[:-1]
    if not split.any():
        return 0.0
    best = int(np.argmax(np.where(split, f1_positive + f1_negative, -1.0)))
    return float((ranked[best] + ranked[best + 1]) / 2)
