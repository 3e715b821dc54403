"""What a witness says: a share per account, how much it rests on, and the rows behind it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError

FloatVector = npt.NDArray[np.float64]
IntVector = npt.NDArray[np.int64]
BoolVector = npt.NDArray[np.bool_]

MIN_SAMPLE = 5
"""Fewest followers (or followed accounts) from which a share is taken at all."""

TYPICAL_FLOOR = 0.02
"""Least share called typical: a graph without a trace of fraud is still not known to better than one in fifty."""

INNOCENT: Mapping[str, str] = {
    "advertising": "An advertising campaign reached many people at once who follow nobody else here.",
    "bought_by_someone_else": "Somebody else bought these followers: a rival, a fan, or a seller covering its tracks.",
    "circle_of_friends": "A club, a class or a village: everybody knows everybody.",
    "courtesy": "Following back is good manners here.",
    "far_from_labels": "It belongs to a community in which nobody was vetted; what is known came from afar.",
    "fan_community": "Fans of one scene follow the same few stars.",
    "giveaway": "A giveaway asked its participants to follow a list of accounts.",
    "new_account": "The account is new and not yet known to those it follows.",
    "newcomers": "The followers joined lately; nobody knows them yet.",
    "news_reader": "The account reads more than it writes: stars and newspapers do not follow back.",
    "quiet_readers": "Readers who write nothing are followed by nobody.",
    "shout_out": "Somebody with a large audience recommended these accounts together.",
    "wrong_label": "An account near it was labelled by mistake, or was hijacked when it was labelled.",
}
"""Innocent explanations by their stable codes."""


class Subject(StrEnum):
    """What a witness speaks about: the two are never mixed, since anybody can buy followers for anybody."""

    AUDIENCE = "audience"
    CONDUCT = "conduct"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One concrete fact.

    Attributes
    ----------
    code : str
        What kind of fact; stable.
    follower, followee : int
        The relation that it is about, which exists in the graph.
    numbers : mapping
        The figures behind it, by name.
    """

    code: str
    follower: int
    followee: int
    numbers: Mapping[str, float]


Explain = Callable[[int, int], list[EvidenceRow]]


@dataclass(frozen=True, slots=True, eq=False)
class Witness:
    """One signal about every account.

    Attributes
    ----------
    name : str
        Stable name.
    subject : Subject
        Whether it speaks about the account's audience or about its own conduct.
    share : numpy.ndarray, shape (n,), float64
        Suspicious part of the account's relations, 0 to 1; NaN where the witness abstains.
    sample_size : numpy.ndarray, shape (n,), int64
        Relations that the share is taken from, there also where it abstains.
    typical : numpy.ndarray, shape (n,), float64
        Share that is nothing special for such an account on this graph, within (0, 1).
    weight : float
        Part of its log-likelihood ratio that counts when it is added to others (they are not independent).
    sensitivity : float
        How many of those who cheat it is expected to see; what it does not see exculpates only so much.
    innocent : tuple of str
        Codes of the innocent explanations, see ``INNOCENT``.
    note : str or None
        Why it abstains about everybody.
    """

    name: str
    subject: Subject
    share: FloatVector
    sample_size: IntVector
    typical: FloatVector
    weight: float
    sensitivity: float
    innocent: tuple[str, ...]
    note: str | None = None
    explain: Explain = field(repr=False, default=lambda _index, _limit: [])

    @property
    def n(self) -> int:
        """Number of accounts."""
        return len(self.share)

    @property
    def percentile(self) -> FloatVector:
        """Place of each share among the accounts that the witness speaks about, 0 to 100; equals share a place."""
        spoken = np.sort(self.share[~np.isnan(self.share)])
        below, upto = np.searchsorted(spoken, self.share), np.searchsorted(spoken, self.share, side="right")
        place = 50.0 * (below + upto) / max(len(spoken), 1)
        return np.where(np.isnan(self.share), np.nan, place)

    def evidence(self, index: int, *, limit: int = 20) -> list[EvidenceRow]:
        """The facts behind the share of account ``index``, at most ``limit``; none where the witness abstains.

        Raises
        ------
        ParameterError
            If ``index`` is not an account or ``limit`` is negative.
        """
        if not 0 <= index < self.n:
            raise ParameterError(f"index is {index}, not in 0..{self.n - 1}")
        if limit < 0:
            raise ParameterError(f"limit is {limit}, not 0 or more")
        return [] if np.isnan(self.share[index]) else self.explain(index, limit)


def shares(n_suspicious: IntVector, sample_size: IntVector, *, min_sample: int) -> FloatVector:
    """Suspicious share of each sample; NaN below ``min_sample``.

    Raises
    ------
    ParameterError
        If ``min_sample`` is below 1.
    """
    if min_sample < 1:
        raise ParameterError(f"min_sample is {min_sample}, not 1 or more")
    share = n_suspicious / np.maximum(sample_size, 1)
    return np.where(sample_size >= min_sample, share, np.nan)


def typical_share(share: FloatVector) -> float:
    """Median share of the accounts that are spoken about, within ``TYPICAL_FLOOR`` and one minus it.

    The median holds as long as fewer than half of the accounts cheat.
    """
    spoken = share[~np.isnan(share)]
    median = float(np.median(spoken)) if len(spoken) else TYPICAL_FLOOR
    return min(max(median, TYPICAL_FLOOR), 1.0 - TYPICAL_FLOOR)
