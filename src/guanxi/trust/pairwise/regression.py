"""Ridge regression in closed form, with what it would have been without each of its examples."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from guanxi.trust.options import Vector
from guanxi.trust.pairwise.features import TERMS


@dataclass(frozen=True, slots=True, eq=False)
class Ridge:
    """Weights that were fitted to examples.

    Attributes
    ----------
    penalty : float
        What a weight costs, squared; the base term is held to 0 by one neutral example only, whatever the penalty.
    inverse : numpy.ndarray, shape (t, t), float64
        What tells how far one example bends the weights.
    weights : numpy.ndarray, shape (t,), float64
        Weight of each of ``TERMS``.
    """

    penalty: float
    inverse: Vector
    weights: Vector

    @classmethod
    def fit(cls, columns: Vector, wanted: Vector, *, penalty: float) -> Self:
        """Fit to ``columns``, shape (k, t), and what they should add up to, shape (k,)."""
        held = np.full(columns.shape[1], penalty)
        held[TERMS.index("base")] = 1.0
        inverse: Vector = np.linalg.inv(columns.T @ columns + np.diag(held)).astype(np.float64)
        return cls(penalty, inverse, inverse @ (columns.T @ wanted))

    def errors_without(self, columns: Vector, wanted: Vector) -> Vector:
        """Error of each example under weights that were fitted without it (Sherman and Morrison), shape (k,)."""
        leverage = ((columns @ self.inverse) * columns).sum(axis=1)
        return np.asarray((wanted - columns @ self.weights) / (1 - leverage), dtype=np.float64)

    def weights_without(self, columns: Vector, wanted: Vector) -> Vector:
        """Weights as fitted without each example, shape (k, t)."""
        bent = (columns @ self.inverse) * self.errors_without(columns, wanted)[:, None]
        return np.asarray(self.weights - bent, dtype=np.float64)
