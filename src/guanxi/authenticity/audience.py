"""Who follows whom: the edges that every witness reads."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import IndexArray, offsets_of

NO_TIME = int(np.iinfo(np.int64).min)
"""Time of a relation of which nobody knows when it began."""


@dataclass(frozen=True, slots=True, eq=False)
class Audience:
    """Relations follower -> followee between ``n`` accounts, in compressed sparse rows, both ways.

    Attributes
    ----------
    offsets : numpy.ndarray, shape (n + 1,), int64
        The accounts that ``a`` follows are ``targets[offsets[a]:offsets[a + 1]]``, in increasing order.
    targets : numpy.ndarray, shape (m,), uint32
        Followees.
    times : numpy.ndarray, shape (m,), int64
        Since when, in microseconds since 1970 UTC; ``NO_TIME`` where unknown.
    in_offsets, sources, in_times : numpy.ndarray
        The same relations by followee: the followers of ``b`` are ``sources[in_offsets[b]:in_offsets[b + 1]]``.

    Examples
    --------
    >>> audience = Audience.from_edges(3, source=[0, 1, 1], target=[1, 0, 2])
    >>> audience.following(1).tolist(), audience.followers(2).tolist()
    ([0, 2], [1])
    >>> audience.returned().tolist()  # 0 -> 1, 1 -> 0, 1 -> 2
    [True, True, False]
    """

    offsets: npt.NDArray[np.int64]
    targets: npt.NDArray[np.uint32]
    times: npt.NDArray[np.int64]
    in_offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint32]
    in_times: npt.NDArray[np.int64]

    @property
    def n(self) -> int:
        """Number of accounts."""
        return len(self.offsets) - 1

    @property
    def m(self) -> int:
        """Number of relations."""
        return len(self.targets)

    @property
    def n_following(self) -> npt.NDArray[np.int64]:
        """How many accounts each account follows, shape (n,)."""
        return np.diff(self.offsets)

    @property
    def n_followers(self) -> npt.NDArray[np.int64]:
        """How many accounts follow each account, shape (n,)."""
        return np.diff(self.in_offsets)

    def following(self, index: int) -> npt.NDArray[np.uint32]:
        """Whom account ``index`` follows."""
        return self.targets[self.offsets[index] : self.offsets[index + 1]]

    def followers(self, index: int) -> npt.NDArray[np.uint32]:
        """Who follows account ``index``."""
        return self.sources[self.in_offsets[index] : self.in_offsets[index + 1]]

    def since(self, follower: int, followee: int) -> int:
        """Since when ``follower`` has followed ``followee``; ``NO_TIME`` where unknown or not followed."""
        row = self.following(follower)
        place = int(np.searchsorted(row, followee))
        if place == len(row) or row[place] != followee:
            return NO_TIME
        return int(self.times[self.offsets[follower] + place])

    def edge_sources(self) -> npt.NDArray[np.uint32]:
        """Follower of every relation in the order of ``targets``, shape (m,)."""
        return np.repeat(np.arange(self.n, dtype=np.uint32), self.n_following)

    def edge_targets(self) -> npt.NDArray[np.uint32]:
        """Followee of every relation in the order of ``sources``, shape (m,)."""
        return np.repeat(np.arange(self.n, dtype=np.uint32), self.n_followers)

    def returned(self) -> npt.NDArray[np.bool_]:
        """Whether the followee follows back, in the order of ``targets``, shape (m,)."""
        return _found(self.edge_sources(), self.targets, self.edge_targets(), self.sources, self.n)

    def in_returned(self) -> npt.NDArray[np.bool_]:
        """Whether the followee follows back, in the order of ``sources``, shape (m,)."""
        return _found(self.edge_targets(), self.sources, self.edge_sources(), self.targets, self.n)

    @classmethod
    def from_edges(
        cls, n: int, *, source: npt.ArrayLike, target: npt.ArrayLike, time: npt.ArrayLike | None = None
    ) -> Self:
        """Build from parallel arrays of relations, in any order.

        A pair that comes twice counts once, with the earliest time that is known; nobody follows themselves.

        Raises
        ------
        ParameterError
            If ``n`` is negative, an index is outside ``range(n)``, or the lengths differ.
        """
        src, dst = np.asarray(source, dtype=np.int64).ravel(), np.asarray(target, dtype=np.int64).ravel()
        when = np.full(len(src), NO_TIME) if time is None else np.asarray(time, dtype=np.int64).ravel()
        _check(n, src, dst, when)
        kept = src != dst
        pair, since = _earliest(src[kept] * n + dst[kept], when[kept])
        src, dst = (pair // n, pair % n) if n else (pair, pair)
        by_target = np.argsort(dst, kind="stable")
        return cls(
            offsets=offsets_of(src, n),
            targets=dst.astype(np.uint32),
            times=since,
            in_offsets=offsets_of(dst[by_target], n),
            sources=src[by_target].astype(np.uint32),
            in_times=since[by_target],
        )


def _check(n: int, src: IndexArray, dst: IndexArray, when: npt.NDArray[np.int64]) -> None:
    if n < 0:
        raise ParameterError(f"n is {n}, not 0 or more")
    if not len(src) == len(dst) == len(when):
        raise ParameterError(
            f"source, target and time have {len(src)}, {len(dst)} and {len(when)} entries, not the same"
        )
    for name, index in (("source", src), ("target", dst)):
        if len(index) and not (index.min() >= 0 and index.max() < n):
            raise ParameterError(f"{name} has index {index.min()} or {index.max()}, not in 0..{n - 1}")


def _earliest(
    pair: npt.NDArray[np.int64], when: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Distinct pairs in increasing order, and the earliest known time of each."""
    latest = np.iinfo(np.int64).max
    order = np.argsort(pair, kind="stable")
    pair, when = pair[order], np.where(when == NO_TIME, latest, when)[order]
    first = np.flatnonzero(np.concatenate([np.ones(min(1, len(pair)), dtype=bool), pair[1:] != pair[:-1]]))
    since = np.minimum.reduceat(when, first) if len(first) else when
    return pair[first], np.where(since == latest, NO_TIME, since)


def _found(
    major: IndexArray, minor: IndexArray, in_major: IndexArray, in_minor: IndexArray, n: int
) -> npt.NDArray[np.bool_]:
    """Whether each (major, minor) is among (in_major, in_minor); both lists are sorted, so the search is local."""
    if not len(major):
        return np.zeros(0, dtype=bool)
    wanted = major.astype(np.int64) * n + minor
    there = in_major.astype(np.int64) * n + in_minor
    place = np.minimum(np.searchsorted(there, wanted), len(there) - 1)
    return np.asarray(there[place] == wanted, dtype=bool)
