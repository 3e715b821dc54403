"""Witness: ties with accounts that are fake, as labels and the other witnesses spread over the graph.

Honest accounts seldom return the follow of a fake, and the friends of one hardly ever all do. So what is known of some
accounts tells something of those that they have ties with. Two methods spread it, and each has its graph:

- *embedded ties*: where friends of a friend are often friends (a quarter of them or more), ties inside a circle share
  acquaintances that those of an attacker do not; then ``bounded_scar`` over ties that are weighed by them is by far the
  best, for accounts that have ties.
- *guilt*: everywhere else ``gang`` over follows with their direction. Attackers who befriend whole circles mislead the
  first on graphs with few triangles, but not this one.

The tables are in docs/sybils.md. What is known: labels of both sides, and accounts that the other witnesses accuse.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.audience import NO_TIME, Audience
from guanxi.authenticity.sybils import bounded_scar, classifier_prior, embedded_ties, gang, label_prior, transitivity
from guanxi.authenticity.witness import MIN_SAMPLE, EvidenceRow, FloatVector, IntVector, Subject, Witness
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph

MIN_LABELS = 10
"""Fewest labels of each side: with fewer the standing of everybody would hang on a handful of accounts."""

MIN_TRANSITIVITY = 0.25
"""Part of the friends of a friend that must be friends for shared acquaintances to tell circles from attackers."""

_ACCUSED = 0.5
_NOTHING = 1e-4  # both methods settle to less than this of their solution
_INNOCENT = ("far_from_labels", "wrong_label", "courtesy")


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """Accounts of which somebody said what they are; no account is on both sides.

    Attributes
    ----------
    honest, fake : numpy.ndarray of int64
        Indices in increasing order.
    """

    honest: IntVector
    fake: IntVector

    @property
    def enough(self) -> bool:
        """Whether there are enough of both sides to spread."""
        return min(len(self.honest), len(self.fake)) >= MIN_LABELS

    @property
    def shortage(self) -> str:
        """What is there, and what would be needed."""
        there = f"accounts labelled honest: {len(self.honest)}, fake: {len(self.fake)}"
        return f"{there}; at least {MIN_LABELS} of each are needed, and no other witness accuses anybody"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """What was known of some accounts, spread over the graph.

    Attributes
    ----------
    audience : Audience
        Who follows whom.
    score : numpy.ndarray, shape (n,), float64
        Residual probability of being fake in [-0.5, 0.5]; 0 where nothing is known.
    sample_size : numpy.ndarray, shape (n,), int64
        Relations that the score comes over.
    labelled : bool
        Whether there were labels, or only what other witnesses say.
    note : str or None
        Why nothing was spread.
    """

    audience: Audience
    score: FloatVector
    sample_size: IntVector
    labelled: bool
    note: str | None = None

    @classmethod
    def nothing(cls, audience: Audience, note: str) -> "Spread":
        """Nothing is known of anybody, for the reason in ``note``."""
        return cls(audience, np.zeros(audience.n), np.zeros(audience.n, dtype=np.int64), labelled=False, note=note)


def spread(audience: Audience, labels: Labels, authenticity: npt.ArrayLike) -> Spread:
    """Spread labels, and what the other witnesses say, over the graph.

    Parameters
    ----------
    audience : Audience
        Who follows whom.
    labels : Labels
        Used where there are ``MIN_LABELS`` of each side.
    authenticity : array_like, shape (n,)
        Own conduct as the other witnesses see it, fused; NaN where they abstain. Those below one half are taken for
        fake with the probability that is left; all others, about whom nothing special is known, count alike.

    Raises
    ------
    ParameterError
        If ``authenticity`` has another shape, or a label is no account.

    Notes
    -----
    Time O(sweeps x relations), and O(relations^1.5) for the triangles; nothing where nothing is known.
    """
    conduct = np.asarray(authenticity, dtype=np.float64)
    if conduct.shape != (audience.n,):
        raise ParameterError(f"authenticity has shape {conduct.shape}, not ({audience.n},)")
    accused = conduct < _ACCUSED
    if not (labels.enough or accused.any()):
        return Spread.nothing(audience, labels.shortage)
    prior = _prior(audience.n, labels, np.where(accused, 1.0 - conduct, 0.0) if accused.any() else None)
    return _spread(audience, prior, labelled=labels.enough)


def _prior(n: int, labels: Labels, fake_probability: FloatVector | None) -> FloatVector:
    if fake_probability is None:
        return label_prior(n, honest=labels.honest, fake=labels.fake)
    if not labels.enough:
        return classifier_prior(fake_probability)
    return classifier_prior(fake_probability, honest=labels.honest, fake=labels.fake)


def _spread(audience: Audience, prior: FloatVector, *, labelled: bool) -> Spread:
    graph = TrustGraph.from_edges(audience.n, source=audience.edge_sources(), target=audience.targets)
    score, size = gang(graph, prior), audience.n_following + audience.n_followers
    if transitivity(graph) >= MIN_TRANSITIVITY:
        n_ties = np.bincount(audience.edge_sources()[audience.returned()], minlength=audience.n)
        tied = n_ties >= MIN_SAMPLE
        score = np.where(tied, bounded_scar(embedded_ties(graph), prior), score)
        size = np.where(tied, n_ties, size)
    return Spread(audience, score, size, labelled=labelled)


def propagation(found: Spread, *, min_sample: int = MIN_SAMPLE) -> Witness:
    """What is known over an account's ties, from 0 (of honest accounts only) over one half (nothing) to 1 (of fakes).

    Parameters
    ----------
    found : Spread
        From ``spread``.
    min_sample : int
        Fewest relations to speak about, 1 or more.

    Returns
    -------
    Witness
        Abstains about accounts that nothing reaches, and about everybody where nothing is known.

    Raises
    ------
    ParameterError
        If ``min_sample`` is out of range.
    """
    if min_sample < 1:
        raise ParameterError(f"min_sample is {min_sample}, not 1 or more")
    silent = (np.abs(found.score) < _NOTHING) | (found.sample_size < min_sample)
    return Witness(
        name="propagation",
        subject=Subject.CONDUCT,
        share=np.where(silent, np.nan, 0.5 + found.score),
        sample_size=found.sample_size,
        typical=np.full(len(silent), 0.5),
        weight=0.9 if found.labelled else 0.4,  # without labels it repeats what the other witnesses said
        sensitivity=0.7,  # hijacked accounts have honest ties, and so have fakes that whole circles befriended
        innocent=_INNOCENT,
        note=found.note,
        explain=partial(_rows, found),
    )


def _rows(found: Spread, index: int, limit: int) -> list[EvidenceRow]:
    """Whom an account follows that is likelier fake than not, the likeliest first.

    Nothing about the likelier honest: that would show where the labels lie, and whom to befriend.
    """
    following = found.audience.following(index)
    suspicious = following[found.score[following] > _NOTHING]
    ordered = suspicious[np.argsort(-found.score[suspicious], kind="stable")][:limit]
    return [_row(found, index, int(other)) for other in ordered]


def _row(found: Spread, index: int, other: int) -> EvidenceRow:
    back = np.isin(index, found.audience.following(other))
    numbers = {"suspicious": 0.5 + float(found.score[other]), "returned": float(back)}
    since = found.audience.since(index, other)
    if since != NO_TIME:
        numbers["since_us"] = float(since)
    return EvidenceRow("follows_suspicious", index, other, numbers)
