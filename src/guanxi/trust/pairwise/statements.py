"""What accounts said about each other: one signed value per ordered pair, in both orders of sorting."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import offsets_of
from guanxi.trust.options import Vector

Indices = npt.NDArray[np.int64]
LARGEST_N = 2**31


@dataclass(frozen=True, slots=True, eq=False)
class Statements:
    """Signed statements between ``n`` accounts, at most one from each to each; made by ``Statements.of``.

    Attributes
    ----------
    n : int
        Number of accounts.
    source, target : numpy.ndarray, shape (m,), int64
        Who says it, and about whom; sorted by source, then target.
    value : numpy.ndarray, shape (m,), float64
        What is said: -1 full distrust, 0 neutral, 1 full trust.
    offsets : numpy.ndarray, shape (n + 1,), int64
        Where the statements of each source begin.
    in_order : numpy.ndarray, shape (m,), int64
        Positions of the statements sorted by target, then source.
    in_offsets : numpy.ndarray, shape (n + 1,), int64
        Where the statements about each target begin in ``in_order``.
    """

    n: int
    source: Indices
    target: Indices
    value: Vector
    offsets: Indices
    in_order: Indices
    in_offsets: Indices

    @classmethod
    def of(
        cls,
        n: int,
        *,
        source: npt.ArrayLike,
        target: npt.ArrayLike,
        value: npt.ArrayLike,
        time: npt.ArrayLike | None = None,
    ) -> Self:
        """Sort statements; what somebody says later about the same account replaces what was said before.

        Parameters
        ----------
        n : int
            Number of accounts, in 0..2**31.
        source, target : array_like, shape (k,)
            Indices of accounts below ``n``. What accounts say about themselves is left out.
        value : array_like, shape (k,)
            Statements in [-1, 1].
        time : array_like, shape (k,), optional
            When each was made, in any unit; by default they were made in the order given, which also decides ties.

        Raises
        ------
        ParameterError
            If lengths differ, or an index, value or time is out of range.

        Examples
        --------
        >>> said = Statements.of(3, source=[2, 0, 0], target=[1, 1, 1], value=[0.5, -1.0, 1.0], time=[1, 3, 2])
        >>> said.source.tolist(), said.target.tolist(), said.value.tolist()
        ([0, 2], [1, 1], [-1.0, 0.5])
        """
        if not 0 <= n <= LARGEST_N:
            raise ParameterError(f"n is {n}, not in 0..{LARGEST_N}")
        src, dst = check_indices("source", source, n), check_indices("target", target, n)
        said = _values(value)
        when = np.arange(len(src), dtype=np.float64) if time is None else _times(time)
        if not len(src) == len(dst) == len(said) == len(when):
            lengths = f"{len(src)}, {len(dst)}, {len(said)} and {len(when)}"
            raise ParameterError(f"source, target, value and time have {lengths} entries, not the same")
        kept = _latest(src, dst, when)
        src, dst, said = src[kept], dst[kept], said[kept]
        in_order = np.lexsort((src, dst)).astype(np.int64)
        return cls(n, src, dst, said, offsets_of(src, n), in_order, offsets_of(dst[in_order], n))

    @property
    def m(self) -> int:
        """Number of statements."""
        return len(self.source)

    def find(self, sources: Indices, targets: Indices) -> Indices:
        """Position of the statement of each pair, shape (k,); -1 where there is none."""
        keys, wanted = self.source * self.n + self.target, sources * self.n + targets
        at = np.searchsorted(keys, wanted)
        found = np.append(keys, -1)[at] == wanted
        return np.where(found, at, -1).astype(np.int64)


def check_indices(name: str, values: npt.ArrayLike, n: int) -> Indices:
    """Return ``values`` as int64, shape (k,), each an index below ``n``."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}, not one dimension")
    if array.size and array.dtype.kind not in "iu":
        raise ParameterError(f"{name} holds {array.dtype} values, not indices")
    outside = (array < 0) | (array >= n)
    if outside.any():
        raise ParameterError(f"{name} holds {array[outside][0]}, not an index below n = {n}")
    return array.astype(np.int64)


def _values(values: npt.ArrayLike) -> Vector:
    array = _numbers("value", values)
    wrong = ~(np.abs(array) <= 1)
    if wrong.any():
        raise ParameterError(f"value holds {array[wrong][0]}, not only numbers in [-1, 1]")
    return array


def _times(values: npt.ArrayLike) -> Vector:
    array = _numbers("time", values)
    if not np.isfinite(array).all():
        raise ParameterError(f"time holds {array[~np.isfinite(array)][0]}, not only finite numbers")
    return array


def _numbers(name: str, values: npt.ArrayLike) -> Vector:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as exc:
        raise ParameterError(f"{name} is not an array of numbers: {exc}") from exc
    if array.ndim != 1:
        raise ParameterError(f"{name} has shape {array.shape}, not one dimension")
    return array


def _latest(src: Indices, dst: Indices, when: Vector) -> Indices:
    """Positions of the latest statement of every pair, by source and target; the last given of equal times."""
    order = np.lexsort((when, dst, src))
    order = order[src[order] != dst[order]]
    last = np.ones(len(order), dtype=bool)
    last[:-1] = (src[order][1:] != src[order][:-1]) | (dst[order][1:] != dst[order][:-1])
    return np.asarray(order[last], dtype=np.int64)
