"""How much was gained, viewer by viewer, with an interval."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
CONFIDENCE = 0.95
N_RESAMPLES = 10_000
_AT_ONCE = 2**22


@dataclass(frozen=True, slots=True)
class Gain:
    """Mean difference per viewer, and its interval by paired bootstrap over viewers (percentiles, 95 %)."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> Literal["gain", "loss", "none"]:
        """What the interval says; one that holds 0 says that nothing was shown."""
        return "gain" if self.low > 0 else "loss" if self.high < 0 else "none"

    @classmethod
    def of(cls, differences: FloatArray, rng: np.random.Generator) -> Self:
        """The gain of some viewers' differences, shape (k,), not empty."""
        means = np.concatenate(list(_means(differences, rng)))
        low, high = np.quantile(means, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
        return cls(float(differences.mean()), low, high)


def _means(differences: FloatArray, rng: np.random.Generator) -> Iterator[FloatArray]:
    """Means of resamples, so many at once as fit into little memory."""
    n, left = len(differences), N_RESAMPLES
    while left:
        some = min(left, max(_AT_ONCE // n, 1))
        yield differences[rng.integers(0, n, (some, n))].mean(axis=1)
        left -= some
