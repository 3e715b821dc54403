"""One account's own trust row, where it is newer than the snapshot."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.trust.options import Vector


@dataclass(frozen=True, slots=True, eq=False)
class TrustRow:
    """Whom one account trusts, and how much, instead of what the graph says.

    Parameters
    ----------
    targets : array_like, shape (k,)
        Indices of accounts, increasing, each once; kept as uint32. May be empty: then the account trusts nobody.
    weights : array_like, shape (k,)
        Local trust, finite and greater than zero; kept as float64.

    Raises
    ------
    ParameterError
        If the lengths differ, or targets or weights are out of range or order.

    Examples
    --------
    >>> TrustRow([1, 4], [1.0, 0.5]).targets.tolist()
    [1, 4]
    """

    targets: npt.NDArray[np.uint32]
    weights: Vector

    def __post_init__(self) -> None:
        """Check the row, and keep its arrays in the types that the kernels read."""
        targets, weights = np.asarray(self.targets), np.array(self.weights, dtype=np.float64)
        if targets.ndim != 1 or targets.shape != weights.shape:
            raise ParameterError(f"row has targets of shape {targets.shape} and weights of shape {weights.shape}")
        if targets.size and targets.dtype.kind not in "iu":
            raise ParameterError(f"row has targets of type {targets.dtype}, not indices")
        if targets.size and not (targets[0] >= 0 and targets[-1] < 2**32 and (targets[1:] > targets[:-1]).all()):
            raise ParameterError("row has targets that are negative or not in increasing order, each once")
        if not (np.isfinite(weights).all() and (weights > 0).all()):
            raise ParameterError("row has a weight that is not finite and greater than zero")
        object.__setattr__(self, "targets", targets.astype(np.uint32))
        object.__setattr__(self, "weights", weights)

    @property
    def shares(self) -> Vector:
        """Weights scaled to sum to one, shape (k,); no sum overflows or vanishes on the way."""
        if not len(self.weights):
            return self.weights
        scaled = self.weights / self.weights.max()
        return np.asarray(scaled / scaled.sum(), dtype=np.float64)

    def check(self, n: int, viewer: int | None) -> None:
        """Refuse a row that leaves a graph of ``n`` accounts, or that comes back to ``viewer``."""
        if len(self.targets) and self.targets[-1] >= n:
            raise ParameterError(f"row trusts account {self.targets[-1]}, but the graph has {n} accounts")
        if viewer is not None and (self.targets == viewer).any():
            raise ParameterError(f"row trusts the viewer itself, account {viewer}")
