"""Densest blocks of followers and followees, by FRAUDAR's greedy peeling, one after the other.

Returns the prefix of the peeling order with the highest mean suspiciousness, as in the paper (Algorithm 1 with column
weights ``1 / log(d + 5)``). Weights are whole numbers of 2^-30, so that sums are exact, ties are real ties (the lowest
index goes first, followers before followees), and the same graph gives the same blocks whatever the order of addition.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.authenticity.audience import Audience
from guanxi.errors import ParameterError
from guanxi.graph import IndexArray, offsets_of

SCALE = 2**30
_GONE = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Followers and followees with more relations between them than anywhere else in the graph.

    Attributes
    ----------
    followers, followees : numpy.ndarray, int64
        Indices of the accounts, in increasing order. An account can be on both sides.
    n_edges : int
        Relations from a follower to a followee of the block.
    objective : float
        FRAUDAR's g: summed weight of these relations, divided by the number of members.
    """

    followers: npt.NDArray[np.int64]
    followees: npt.NDArray[np.int64]
    n_edges: int
    objective: float

    @property
    def density(self) -> float:
        """Relations there are, divided by relations that there could be."""
        return self.n_edges / (len(self.followers) * len(self.followees))

    @property
    def overlap(self) -> float:
        """Share of the smaller side that is on the other side as well."""
        both = len(np.intersect1d(self.followers, self.followees, assume_unique=True))
        return both / min(len(self.followers), len(self.followees))


class Edges(NamedTuple):
    """Relations as parallel arrays in both orders: by follower, then followee; by followee, then follower."""

    source: IndexArray
    target: IndexArray
    in_source: IndexArray
    in_target: IndexArray

    @classmethod
    def of(cls, audience: Audience) -> "Edges":
        """Every relation of ``audience``."""
        return cls(audience.edge_sources(), audience.targets, audience.sources, audience.edge_targets())

    @classmethod
    def one_way(cls, audience: Audience) -> "Edges":
        """Relations of ``audience`` that are not returned."""
        out, into = ~audience.returned(), ~audience.in_returned()
        every = cls.of(audience)
        return cls(every.source[out], every.target[out], every.in_source[into], every.in_target[into])

    def rewired(self, rng: np.random.Generator, *, pool: IndexArray | None = None) -> "Edges":
        """As many relations per followee, between partners drawn at random.

        Followers have as many relations as before; or they are drawn from ``pool``, the followers of as many relations
        or more. A pair that is drawn twice counts twice: dropping it would make chance look sparser than it is.
        """
        drawn = self.source if pool is None else rng.choice(pool, size=len(self.source), replace=False)
        source, target = np.sort(drawn), rng.permutation(self.target)
        order = np.argsort(target, kind="stable")
        return Edges(source, target, source[order], target[order])

    def without(self, block: Block, n: int) -> "Edges":
        """All relations but those from a follower to a followee of ``block``."""
        out = ~inside(block, self.source, self.target, n)
        into = ~inside(block, self.in_source, self.in_target, n)
        return Edges(self.source[out], self.target[out], self.in_source[into], self.in_target[into])


def inside(block: Block, source: IndexArray, target: IndexArray, n: int) -> npt.NDArray[np.bool_]:
    """Which relations run from a follower to a followee of ``block``."""
    follows, followed = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    follows[block.followers], followed[block.followees] = True, True
    return np.asarray(follows[source] & followed[target], dtype=bool)


def column_weights(n_followers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Suspiciousness of one relation into each followee, ``1 / log(followers + 5)``, in units of ``1 / SCALE``."""
    weights: npt.NDArray[np.int64] = np.rint(SCALE / np.log(n_followers + 5.0)).astype(np.int64)
    return weights


def fraudar(edges: Edges, n: int, *, max_blocks: int = 10) -> list[Block]:
    """Densest blocks, in the order found; the relations of each are taken out before the next is sought.

    Parameters
    ----------
    edges : Edges
        Relations between ``n`` accounts.
    n : int
        Number of accounts.
    max_blocks : int
        How many blocks to look for, 1 or more.

    Raises
    ------
    ParameterError
        If ``max_blocks`` is out of range.

    Notes
    -----
    Time O(blocks x E log n), memory O(E + n).

    References
    ----------
    Hooi, Song, Beutel, Shah, Shin, Faloutsos, "FRAUDAR: Bounding Graph Fraud in the Face of Camouflage", KDD 2016.
    doi:10.1145/2939672.2939747

    Examples
    --------
    Three accounts that follow the same two, and one stray relation:

    >>> audience = Audience.from_edges(7, source=[0, 0, 1, 1, 2, 2, 5], target=[3, 4, 3, 4, 3, 4, 6])
    >>> block = fraudar(Edges.of(audience), audience.n, max_blocks=1)[0]
    >>> block.followers.tolist(), block.followees.tolist(), block.density
    ([0, 1, 2], [3, 4], 1.0)
    """
    return [block for _, block in rounds(edges, n, max_blocks=max_blocks)]


def rounds(edges: Edges, n: int, *, max_blocks: int) -> Iterator[tuple[Edges, Block]]:
    """The relations that were left when each block was sought, and the block."""
    if max_blocks < 1:
        raise ParameterError(f"max_blocks is {max_blocks}, not 1 or more")
    for _ in range(max_blocks):
        if not len(edges.source):
            return
        block = densest(edges, n)
        yield edges, block
        edges = edges.without(block, n)


def densest(edges: Edges, n: int) -> Block:
    """The one densest block of ``edges``, of which there is at least one."""
    offsets, in_offsets = offsets_of(edges.source, n), offsets_of(edges.in_target, n)
    weights = column_weights(np.diff(in_offsets))
    order, n_removed = _peel(offsets, edges.target, in_offsets, edges.in_source, weights)
    members = np.sort(order[n_removed:])
    block = Block(members[members < n], members[members >= n] - n, 0, 0.0)
    kept = inside(block, edges.source, edges.target, n)
    total = int(weights[edges.target[kept]].sum())
    return Block(block.followers, block.followees, int(kept.sum()), total / len(members) / SCALE)


@nb.njit(cache=True, nogil=True)
def _lower(tree, leaf, value):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Lower one leaf of a tournament tree; stops where the parent is as low already."""
    tree[leaf] = value
    leaf >>= 1
    while leaf and tree[leaf] > value:
        tree[leaf] = value
        leaf >>= 1


@nb.njit(cache=True, nogil=True)
def _remove(tree, leaf):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    tree[leaf] = _GONE
    leaf >>= 1
    while leaf:
        tree[leaf] = min(tree[2 * leaf], tree[2 * leaf + 1])
        leaf >>= 1


@nb.njit(cache=True, nogil=True)
def _lowest(tree, size):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Leaf of the least value, the leftmost of equals."""
    leaf = 1
    while leaf < size:
        leaf = 2 * leaf if tree[2 * leaf] == tree[1] else 2 * leaf + 1
    return leaf


@nb.njit(cache=True, nogil=True)
def _priorities(offsets, targets, in_offsets, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Tournament tree over followers, then followees, of the weight that each would take away; and its size."""
    n = len(offsets) - 1
    size = 1
    while size < 2 * n:
        size *= 2
    tree = np.full(2 * size, _GONE, dtype=np.int64)
    for a in range(n):
        if offsets[a + 1] > offsets[a]:
            total = 0
            for e in range(offsets[a], offsets[a + 1]):
                total += weights[targets[e]]
            tree[size + a] = total
        if in_offsets[a + 1] > in_offsets[a]:
            tree[size + n + a] = weights[a] * (in_offsets[a + 1] - in_offsets[a])
    for place in range(size - 1, 0, -1):
        tree[place] = min(tree[2 * place], tree[2 * place + 1])
    return tree, size


@nb.njit(cache=True, nogil=True)
def _peel(offsets, targets, in_offsets, sources, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Members in the order of removal, and how many to remove for the highest mean weight (the fewest of equals)."""
    n = len(offsets) - 1
    tree, size = _priorities(offsets, targets, in_offsets, weights)
    total, left = 0, 0
    for a in range(n):
        total += weights[a] * (in_offsets[a + 1] - in_offsets[a])
    for leaf in range(size, 2 * size):
        left += tree[leaf] != _GONE
    order = np.empty(left, dtype=np.int64)
    best, best_step = total / left, 0
    for step in range(len(order)):
        leaf = _lowest(tree, size)
        member = leaf - size
        order[step] = member
        total -= tree[leaf]
        _remove(tree, leaf)
        if member < n:
            for e in range(offsets[member], offsets[member + 1]):
                other = size + n + targets[e]
                if tree[other] != _GONE:
                    _lower(tree, other, tree[other] - weights[targets[e]])
        else:
            for e in range(in_offsets[member - n], in_offsets[member - n + 1]):
                other = size + sources[e]
                if tree[other] != _GONE:
                    _lower(tree, other, tree[other] - weights[member - n])
        left -= 1
        if left and total / left > best:
            best, best_step = total / left, step + 1
    return order, best_step
