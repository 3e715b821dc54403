"""Witnesses: relations that are returned too seldom, or too often, for an account of this size.

Two habits show. Who follows many that do not follow back churns (follow, be followed, unfollow) or was made to
follow; that is about conduct. An audience that is followed back almost to the last is the trace of follow-for-follow
pods, where custom is otherwise; that is about the audience. Both are weak: a circle of friends and a reader of
newspapers look alike.

What is usual depends on size, so each account is compared with its peers, those whose number of relations has the same
power of two. Fewer than ``MIN_PEERS`` peers are no measure; then the whole graph is.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.witness import (
    MIN_SAMPLE,
    EvidenceRow,
    FloatVector,
    IntVector,
    Subject,
    Witness,
    shares,
    typical_share,
)

MIN_PEERS = 20

_SYMMETRIC = 0.99
_CUSTOM = 0.5


def unreturned_follows(audience: Audience, *, min_sample: int = MIN_SAMPLE) -> Witness:
    """Share of the accounts which an account follows that do not follow it back.

    Parameters
    ----------
    audience : Audience
        Who follows whom.
    min_sample : int
        Fewest followed accounts to speak about, 1 or more.

    Returns
    -------
    Witness
        Abstains about everybody where all relations, or none, are returned (to one in a hundred).

    Raises
    ------
    ParameterError
        If ``min_sample`` is out of range.

    Examples
    --------
    >>> audience = Audience.from_edges(4, source=[0, 0, 0, 1], target=[1, 2, 3, 0])
    >>> witness = unreturned_follows(audience, min_sample=3)
    >>> round(float(witness.share[0]), 3)
    0.667
    """
    missing = ~audience.returned()
    count = np.bincount(audience.edge_sources()[missing], minlength=audience.n)
    share = shares(count, audience.n_following, min_sample=min_sample)
    note = _no_contrast(missing)
    return Witness(
        name="unreturned_follows",
        subject=Subject.CONDUCT,
        share=np.full_like(share, np.nan) if note else share,
        sample_size=audience.n_following,
        typical=_peers_typical(share, audience.n_following),
        weight=0.4,  # weak: readers do the same
        sensitivity=0.3,
        innocent=("news_reader", "fan_community", "new_account"),
        note=note,
        explain=partial(_unreturned_rows, audience),
    )


def returned_followers(audience: Audience, *, min_sample: int = MIN_SAMPLE) -> Witness:
    """Share of an account's followers whom it follows back.

    Parameters
    ----------
    audience : Audience
        Who follows whom.
    min_sample : int
        Fewest followers to speak about, 1 or more.

    Returns
    -------
    Witness
        Abstains where half or more is usual among the account's peers (following back is the custom), and about
        everybody where all relations, or none, are returned.

    Raises
    ------
    ParameterError
        If ``min_sample`` is out of range.
    """
    back = audience.in_returned()
    count = np.bincount(audience.edge_targets()[back], minlength=audience.n)
    share = shares(count, audience.n_followers, min_sample=min_sample)
    typical = _peers_typical(share, audience.n_followers)
    note = _no_contrast(~back)
    silent = np.ones(audience.n, dtype=bool) if note else typical >= _CUSTOM
    return Witness(
        name="returned_followers",
        subject=Subject.AUDIENCE,
        share=np.where(silent, np.nan, share),
        sample_size=audience.n_followers,
        typical=typical,
        weight=0.4,  # weak: friends do the same
        sensitivity=0.1,  # pods are one of many ways; who is not followed back may have bought
        innocent=("circle_of_friends", "courtesy"),
        note=note,
        explain=partial(_returned_rows, audience),
    )


def _no_contrast(missing: npt.NDArray[np.bool_]) -> str | None:
    """Why reciprocity tells nobody apart on this graph, or None."""
    if not len(missing):
        return "there are no relations"
    returned = 1.0 - float(missing.mean())
    if returned >= _SYMMETRIC:
        return f"{returned:.3f} of all relations are returned: the relation is symmetric here"
    if returned <= 1.0 - _SYMMETRIC:
        return f"{returned:.3f} of all relations are returned: following back is unknown here"
    return None


def _peers_typical(share: FloatVector, size: IntVector) -> FloatVector:
    """Median share of the accounts of like size, or of the graph where there are few of them."""
    group = np.frexp(np.maximum(size, 1).astype(np.float64))[1]
    typical = np.full(len(share), typical_share(share))
    for value in np.unique(group):
        peers = group == value
        if np.count_nonzero(~np.isnan(share[peers])) >= MIN_PEERS:
            typical[peers] = typical_share(share[peers])
    return typical


def _unreturned_rows(audience: Audience, index: int, limit: int) -> list[EvidenceRow]:
    missing = np.setdiff1d(audience.following(index), audience.followers(index), assume_unique=True)
    return [_row(audience, "not_followed_back", index, int(other)) for other in missing[:limit]]


def _returned_rows(audience: Audience, index: int, limit: int) -> list[EvidenceRow]:
    both = np.intersect1d(audience.followers(index), audience.following(index), assume_unique=True)
    return [_row(audience, "followed_back", int(other), index) for other in both[:limit]]


def _row(audience: Audience, code: str, follower: int, followee: int) -> EvidenceRow:
    numbers: dict[str, float] = {}
    for name, since in (
        ("since_us", audience.since(follower, followee)),
        ("returned_since_us", audience.since(followee, follower)),
    ):
        if since != NO_TIME:
            numbers[name] = float(since)
    return EvidenceRow(code, follower, followee, numbers)
