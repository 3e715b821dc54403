"""Witness: followers whom hardly anybody trusts, the account itself included.

Bought followers are made to follow, not to be followed: nobody whom the seeds trust trusts them, and their customer
seldom follows back. The witness counts followers whose global trust is at most ``factor`` times the floor and whom the
account does not follow back (a village that the seeds do not know is a village of friends). The floor is what an
account gets that nobody trusts: for EigenTrust and PageRank ``(restart + (1 - restart) * d) * pre_trust``, with ``d``
the trust of those who trust nobody. With few seeds most floors are zero; then pass the mean floor, ``restart / n``, as
a number.

The factor is 2: all others together have given the follower no more than chance did.
"""

from functools import partial

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.witness import (
    MIN_SAMPLE,
    BoolVector,
    EvidenceRow,
    FloatVector,
    Subject,
    Witness,
    shares,
    typical_share,
)
from guanxi.errors import ParameterError

_INNOCENT = ("newcomers", "quiet_readers", "advertising", "giveaway", "bought_by_someone_else")
_TOO_COMMON = 0.5


def low_trust_followers(
    audience: Audience,
    trust: npt.ArrayLike,
    *,
    floor: npt.ArrayLike,
    factor: float = 2.0,
    min_sample: int = MIN_SAMPLE,
) -> Witness:
    """Share of an account's followers who have little global trust and are not followed back.

    Parameters
    ----------
    audience : Audience
        Who follows whom.
    trust : array_like, shape (n,)
        Global trust, before any discount; finite, not negative.
    floor : array_like, shape (n,) or a number
        Trust of an account that nobody trusts; finite, not negative.
    factor : float
        Little is up to this many times the floor, 1 or more.
    min_sample : int
        Fewest followers to speak about, 1 or more.

    Returns
    -------
    Witness
        Abstains about everybody where such followers are more than half of the median account's, for then having
        them says nothing; and where every relation is returned.

    Raises
    ------
    ParameterError
        If ``trust`` or ``floor`` has another shape or an impossible value, or an option is out of range.

    Examples
    --------
    Of the followers of 3, two are hardly trusted; those of 4 and 5 are well known.

    >>> audience = Audience.from_edges(6, source=[0, 1, 2, 0, 3, 5, 0, 3, 4], target=[3, 3, 3, 4, 4, 4, 5, 5, 5])
    >>> witness = low_trust_followers(audience, [0.3, 0.1, 0.1, 0.3, 0.3, 0.3], floor=0.1, min_sample=3)
    >>> round(float(witness.share[3]), 3)
    0.667
    """
    if not factor >= 1 or not np.isfinite(factor):
        raise ParameterError(f"factor is {factor}, not a finite number of 1 or more")
    given = _per_account("trust", trust, audience.n)
    threshold = factor * _per_account("floor", floor, audience.n)
    # A sum of many small numbers may end a few bits above the floor.
    low = given <= threshold * (1 + 1e-9)
    one_way = ~audience.in_returned()
    count = np.bincount(audience.edge_targets()[low[audience.sources] & one_way], minlength=audience.n)
    share = shares(count, audience.n_followers, min_sample=min_sample)
    typical = typical_share(share)
    note = _no_contrast(one_way, typical)
    return Witness(
        name="low_trust_followers",
        subject=Subject.AUDIENCE,
        share=np.full_like(share, np.nan) if note else share,
        sample_size=audience.n_followers,
        typical=np.full(audience.n, typical),
        weight=0.9,  # newcomers are untrusted, too, so it shares some of its errors with every other witness
        sensitivity=0.5,  # followers that are followed back, or follow each other, pass
        innocent=_INNOCENT,
        note=note,
        explain=partial(_rows, audience, given, threshold),
    )


def _no_contrast(one_way: BoolVector, typical: float) -> str | None:
    """Why little trust tells nobody apart on this graph, or None."""
    if not one_way.any():
        return "every relation is returned"
    if typical > _TOO_COMMON:
        return f"the median share of low-trust followers is {typical:.2f}, more than {_TOO_COMMON}"
    return None


def _per_account(name: str, value: npt.ArrayLike, n: int) -> FloatVector:
    array = np.asarray(value, dtype=np.float64)
    if array.shape not in ((), (n,)) or (name == "trust" and array.ndim == 0):
        raise ParameterError(f"{name} has shape {array.shape}, not ({n},)")
    if not (np.isfinite(array).all() and (array >= 0).all()):
        raise ParameterError(f"{name} has values that are negative or not finite")
    return np.array(np.broadcast_to(array, (n,)))


def _rows(audience: Audience, trust: FloatVector, threshold: FloatVector, index: int, limit: int) -> list[EvidenceRow]:
    """Followers of ``index`` with little trust and not followed back, the least trusted first."""
    followers = np.setdiff1d(audience.followers(index), audience.following(index), assume_unique=True)
    low = followers[trust[followers] <= threshold[followers] * (1 + 1e-9)]
    ordered = low[np.argsort(trust[low], kind="stable")][:limit]
    return [_row(audience, trust, threshold, int(follower), index) for follower in ordered]


def _row(audience: Audience, trust: FloatVector, threshold: FloatVector, follower: int, followee: int) -> EvidenceRow:
    numbers = {"trust": float(trust[follower]), "threshold": float(threshold[follower])}
    since = audience.since(follower, followee)
    if since != NO_TIME:
        numbers["since_us"] = float(since)
    return EvidenceRow("follower_with_little_trust", follower, followee, numbers)
