"""Accounts that are one actor: verified links contract them to one representative, which speaks and is trusted for all.

Contraction, and not rows that members share: shared rows would let trust in one actor arrive several times over, and
its own members would vote several times. So every array keeps the order of the snapshot's accounts, the members of an
identity but its representative have no edges, and whoever asks about a member is answered about the representative.

An identity ``I`` trusts an identity ``J`` by its strongest statement, ``max f(a) * w(a, b)`` over members ``a`` and
``b``: three accounts that follow the same actor count once. Two factors bound what a forged link can do:

- ``f(a) = q(a) * min(1, W(lead) / W(a))``, where ``q(a)`` is the confidence that ``a`` belongs to the representative,
  ``W(a)`` all the trust that ``a`` gives, and the lead is the most trusted member that trusts anybody. So a member says
  at most as much as the lead, however many it follows: at most ``Q / (1 + Q)`` of what the identity says comes from
  members other than the lead, ``Q`` being the sum of their confidences.
- The discount of an identity is the mean of its members', each weighed by the trust that it had before any link
  counted, and at most that of the representative: as much trust arrives as arrived at the members, so that nobody
  launders bought followers by a clean account, or ruins another's name by more than the trust they have themselves.

What a member says of another member is dropped, and so is trust between two identities one of which blocks the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph, as_weights
from guanxi.local_trust.identity_links import BoolArray, IndexArray, Links
from guanxi.local_trust.weights import FloatArray
from guanxi.snapshot import Relation

PairArray = npt.NDArray[np.uint64]
_HALF = np.uint64(32)
_LOW_HALF = np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Identities:
    """Which accounts are one actor.

    Attributes
    ----------
    representative : numpy.ndarray, shape (n,), uint32
        The account that stands for each account: itself, or the most trusted one that it is linked with.
    confidence : numpy.ndarray, shape (n,), float64
        That the two are one: the product along the best path of links; 1 for a representative.
    standing : numpy.ndarray, shape (n,), float64
        Trust by which members are ordered: global trust before any link counts.
    """

    representative: IndexArray
    confidence: FloatArray
    standing: FloatArray

    @classmethod
    def of(cls, links: Links, standing: FloatArray) -> "Identities":
        """Put accounts together along the links that merge."""
        n = len(standing)
        first, second = links.first[links.linked].astype(np.int64), links.second[links.linked].astype(np.int64)
        label = np.arange(n)
        _spread(first, second, label)
        representative = _most_trusted(label, standing)
        confidence = (representative == np.arange(n)).astype(np.float64)
        q = links.confidence[links.linked]
        while True:
            before = confidence.copy()
            np.maximum.at(confidence, second, q * before[first])
            np.maximum.at(confidence, first, q * before[second])
            if np.array_equal(before, confidence):
                return cls(representative.astype(np.uint32), confidence, standing)

    def __len__(self) -> int:
        """Number of identities with several accounts."""
        return len(np.unique(self.representative[self.joined]))

    @cached_property
    def joined(self) -> BoolArray:
        """Which accounts share an identity with another, shape (n,)."""
        size = np.bincount(self.representative, minlength=len(self.representative))
        return np.asarray(size[self.representative] > 1)

    @cached_property
    def _by_representative(self) -> tuple[npt.NDArray[np.int64], IndexArray]:
        members = np.flatnonzero(self.joined)
        order = members[np.argsort(self.representative[members], kind="stable")]
        return order, self.representative[order]

    def members(self, account: int) -> npt.NDArray[np.int64]:
        """The accounts of an identity in the order of their indices; the account alone where it is not linked."""
        order, keys = self._by_representative
        home = self.representative[account]
        found = order[np.searchsorted(keys, home) : np.searchsorted(keys, home, side="right")]
        return found if len(found) else np.array([account], dtype=np.int64)

    def gathered(self, values: FloatArray) -> FloatArray:
        """Values of accounts at their representatives, added up; 0 at the other members."""
        total = np.bincount(self.representative, weights=values, minlength=len(values))
        return np.where(self.joined, total, values)

    def only(self, values: FloatArray) -> FloatArray:
        """Values of representatives; 0 at the other members."""
        return np.where(self.representative == np.arange(len(values)), values, 0.0)

    def shared(self, discount: FloatArray) -> FloatArray:
        """Discount of every account, given what it would be of each alone, shape (n,); members share theirs."""
        total, amount = self.gathered(self.standing), self.gathered(self.standing * discount)
        home = discount[self.representative]
        mean = np.divide(amount, total, out=discount.copy(), where=total > 0)[self.representative]
        return np.where(self.joined, np.minimum(home, mean), discount)

    def voices(self, members: npt.NDArray[np.int64], said: FloatArray) -> FloatArray:
        """Factor ``f`` on all that some accounts say, given how much each says; they are all of their identities."""
        home = self.representative[members]
        order = np.lexsort((members, -self.standing[members], said == 0, home))  # the lead of each comes first
        starts = np.flatnonzero(np.append(True, np.diff(home[order]) != 0)) if len(order) else order
        lead = np.empty(len(order))
        lead[order] = np.repeat(said[order[starts]], np.diff(np.append(starts, len(order))))
        return self.confidence[members] * np.divide(lead, said, out=np.ones(len(said)), where=said > lead)


def _most_trusted(label: npt.NDArray[np.int64], standing: FloatArray) -> npt.NDArray[np.int64]:
    """For every account the most trusted one with its label, of equals that of the lowest index."""
    order = np.lexsort((np.arange(len(label)), -standing, label))
    first = np.append(True, label[order[1:]] != label[order[:-1]]) if len(order) else np.zeros(0, dtype=bool)
    best = np.empty(len(label), dtype=np.int64)
    best[order] = order[first][np.cumsum(first) - 1]
    return best


def _spread(first: npt.NDArray[np.int64], second: npt.NDArray[np.int64], label: npt.NDArray[np.int64]) -> None:
    """Give all accounts that links join the least index among them; few steps, since identities are small."""
    moved = len(first) > 0
    while moved:
        before = label.copy()
        np.minimum.at(label, second, before[first])
        np.minimum.at(label, first, before[second])
        moved = not np.array_equal(before, label)


def contracted(graph: TrustGraph, identities: Identities, *, block: Relation) -> TrustGraph:
    """The trust graph in which identities are one actor; the other members are left without edges.

    Edges between accounts that are not linked keep their bits. Applied again, it changes nothing.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    identities : Identities
    block : Relation
        Who blocks whom.

    Notes
    -----
    Time O(edges + k log k) for k edges from or to members.
    """
    source, target, weight = graph.edge_sources(), graph.targets, graph.weights.astype(np.float64)
    touched = identities.joined[source] | identities.joined[target]
    members, voices = np.flatnonzero(identities.joined), np.ones(graph.n)
    voices[members] = identities.voices(members, graph.out_sums[members])
    said, home = weight[touched] * voices[source[touched]], identities.representative
    pairs, strongest = _strongest(home[source[touched]], home[target[touched]], said)
    free = ~np.isin(pairs, _pairs_of(block.sources(), block.targets, identities))
    return TrustGraph.from_edges(
        graph.n,
        source=np.concatenate([source[~touched], (pairs[free] >> _HALF).astype(np.uint32)]),
        target=np.concatenate([target[~touched], (pairs[free] & _LOW_HALF).astype(np.uint32)]),
        weight=np.concatenate([weight[~touched], strongest[free]]),
    )


def contracted_row(
    rows: Sequence[tuple[int, IndexArray, FloatArray]],
    home: int,
    identities: Identities,
    *,
    blocked: IndexArray,
) -> tuple[IndexArray, FloatArray]:
    """Whom one identity trusts, from the rows of its members: the same bits as its row of ``contracted``.

    Parameters
    ----------
    rows : sequence of (account, targets, weights)
        One for each member, in the order of their indices; one row for whoever the identities do not know.
    home : int
        The representative.
    blocked : numpy.ndarray of indices
        Whom any of them blocks.
    """
    members = np.array([account for account, _, _ in rows], dtype=np.int64)
    said = np.array([weights.cumsum()[-1] if len(weights) else 0.0 for _, _, weights in rows])
    known = members[-1] < len(identities.representative)
    voices = identities.voices(members, said) if known else np.ones(1)
    parts = [(targets, weights * voice) for (_, targets, weights), voice in zip(rows, voices, strict=True)]
    target = identities.representative[np.concatenate([targets for targets, _ in parts])]
    source = np.full(len(target), home, dtype=np.uint32)
    pairs, strongest = _strongest(source, target, np.concatenate([weights for _, weights in parts]))
    targets = (pairs & _LOW_HALF).astype(np.uint32)
    free = ~np.isin(targets, identities.representative[blocked])
    return targets[free], as_weights(strongest[free]).astype(np.float64)


def _strongest(source: IndexArray, target: IndexArray, weight: FloatArray) -> tuple[PairArray, FloatArray]:
    """Largest weight of every pair of different ends, in the order of the pairs."""
    some = (source != target) & (weight > 0)
    pair = source[some].astype(np.uint64) << _HALF | target[some].astype(np.uint64)
    pairs, at = np.unique(pair, return_inverse=True)
    strongest = np.zeros(len(pairs))
    np.maximum.at(strongest, at, weight[some])
    return pairs, strongest


def _pairs_of(source: IndexArray, target: IndexArray, identities: Identities) -> PairArray:
    """Pairs of representatives."""
    home = identities.representative
    pairs: PairArray = home[source].astype(np.uint64) << _HALF | home[target].astype(np.uint64)
    return pairs
