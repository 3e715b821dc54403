"""What a pairwise prediction is made of: one column per term, for any pair, without the pair's own statement.

Averages are shrunk towards 0, neutral, by ``prior`` statements of that value, so that a term without evidence is 0.
A statement of x about w is compared with what others say about w, and x is judged by its other statements when its
word about w is weighed ("cavity" sums). So nothing that a term is made of depends on the statement that is left out,
except through sums from which it can be subtracted; the twin in the tests removes it and computes everything anew.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from guanxi.trust.options import Vector
from guanxi.trust.pairwise.paths import PATH_SUMS, path_sums
from guanxi.trust.pairwise.statements import Indices, Statements

TERMS = (
    "base",  # the same for every pair
    "source gives",  # mean of what the source says
    "source deviates",  # mean of how much more it says than others do of the same accounts
    "source is unfair",  # mean of how far it is from the others, 0..1: 1 - fairness
    "source is trusted",  # mean of what is said about the source
    "source is new",  # 1 where it has said nothing, towards 0 with every statement
    "source is active",  # log of 1 + number of its statements
    "source is known",  # log of 1 + number of statements about it
    "target receives",  # mean of what others say about the target
    "target's goodness",  # the same, each weighed by its author's fairness
    "fairness x goodness",
    "target receives, corrected",  # the same, each corrected by how its author deviates
    "target is distrusted",  # share of negative statements
    "target is new",
    "target is known",
    "target gives",
    "target is active",
    "reciprocity",  # what the target says about the source
    "answered",  # 1 where it says anything
    "trusted say",
    "judges say",
    "trusting say",
    "agreement",
    "like-minded say",
    "like-minded found",  # log of 1 + their summed weights
    "kindred deviate",
)


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Terms of some pairs before they are weighed, and the evidence about each.

    Attributes
    ----------
    columns : numpy.ndarray, shape (k, t), float64
        One column for each of ``TERMS``.
    evidence : numpy.ndarray, shape (k,), float64
        Statements that speak of the pair: others' about the target, the target's about the source, and one for every
        account that both have judged.
    """

    columns: Vector
    evidence: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """One number per statement, and its sum per account; the sum without a statement is a subtraction away."""

    each: Vector
    total: Vector

    @classmethod
    def by(cls, ends: Indices, each: Vector, n: int) -> Self:
        """Sum ``each`` by the accounts ``ends``."""
        return cls(each, np.bincount(ends, weights=each, minlength=n).astype(np.float64))

    def without(self, accounts: Indices, own: Indices) -> Vector:
        """Sums of ``accounts`` without the statements ``own``; -1 leaves everything in."""
        return self.total[accounts] - np.where(own >= 0, np.append(self.each, 0.0)[own], 0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Opinions:
    """Sums over what every account says (``by_``) and over what is said about it (``about_``)."""

    statements: Statements
    prior: float
    n_by: Sums
    n_about: Sums
    by_value: Sums
    by_deviation: Sums
    by_distance: Sums
    about_value: Sums
    about_weighed: Sums
    about_corrected: Sums
    about_negative: Sums

    @classmethod
    def of(cls, statements: Statements, prior: float) -> Self:
        """Gather all sums, in time O(m + n)."""
        n, said, by, about = statements.n, statements.value, statements.source, statements.target
        n_by, n_about = Sums.by(by, np.ones(statements.m), n), Sums.by(about, np.ones(statements.m), n)
        own = np.arange(statements.m)
        about_value = Sums.by(about, said, n)
        deviation = said - about_value.without(about, own) / (n_about.without(about, own) + prior)
        by_deviation, by_distance = Sums.by(by, deviation, n), Sums.by(by, np.abs(deviation) / 2, n)
        n_others = n_by.without(by, own) + prior
        fairness = 1 - by_distance.without(by, own) / n_others
        bias = by_deviation.without(by, own) / n_others
        return cls(
            statements=statements,
            prior=prior,
            n_by=n_by,
            n_about=n_about,
            by_value=Sums.by(by, said, n),
            by_deviation=by_deviation,
            by_distance=by_distance,
            about_value=about_value,
            about_weighed=Sums.by(about, fairness * said, n),
            about_corrected=Sums.by(about, said - bias, n),
            about_negative=Sums.by(about, (said < 0).astype(np.float64), n),
        )

    def features(self, sources: Indices, targets: Indices) -> Features:
        """Every term of every pair, each without the pair's own statement."""
        own = self.statements.find(sources, targets)
        sums = dict(zip(PATH_SUMS, self._paths(sources, targets).T, strict=True))
        found = self._of_sources(sources, own) | self._of_targets(targets, own) | self._of_paths(sums)
        found["base"] = np.ones(len(sources))
        found["fairness x goodness"] = (1 - found["source is unfair"]) * found["target's goodness"]
        n_about = self.n_about.without(targets, own)
        columns = np.column_stack([found[term] for term in TERMS])
        return Features(columns, n_about + sums["n_returned"] + sums["n_agreement"])

    def _paths(self, sources: Indices, targets: Indices) -> Vector:
        return path_sums(self.statements, self.by_deviation.each, sources, targets, prior=self.prior)

    def _of_sources(self, sources: Indices, own: Indices) -> dict[str, Vector]:
        n_by, n_about = self.n_by.without(sources, own), self.n_about.total[sources]
        weight = n_by + self.prior
        return {
            "source gives": self.by_value.without(sources, own) / weight,
            "source deviates": self.by_deviation.without(sources, own) / weight,
            "source is unfair": self.by_distance.without(sources, own) / weight,
            "source is trusted": self.about_value.total[sources] / (n_about + self.prior),
            "source is new": self.prior / weight,
            "source is active": np.log1p(n_by),
            "source is known": np.log1p(n_about),
        }

    def _of_targets(self, targets: Indices, own: Indices) -> dict[str, Vector]:
        n_about, n_by = self.n_about.without(targets, own), self.n_by.total[targets]
        weight = n_about + self.prior
        return {
            "target receives": self.about_value.without(targets, own) / weight,
            "target's goodness": self.about_weighed.without(targets, own) / weight,
            "target receives, corrected": self.about_corrected.without(targets, own) / weight,
            "target is distrusted": self.about_negative.without(targets, own) / weight,
            "target is new": self.prior / weight,
            "target is known": np.log1p(n_about),
            "target gives": self.by_value.total[targets] / (n_by + self.prior),
            "target is active": np.log1p(n_by),
        }

    def _of_paths(self, sums: dict[str, Vector]) -> dict[str, Vector]:
        prior = self.prior
        return {
            "reciprocity": sums["returned"],
            "answered": sums["n_returned"],
            "trusted say": sums["trusted_say"] / (sums["trusted_most"] + prior),
            "judges say": sums["judges_say"] / (sums["judges_most"] + prior),
            "trusting say": sums["trusting_say"] / (sums["trusting_most"] + prior),
            "agreement": sums["agreement"] / (sums["n_agreement"] + prior),
            "like-minded say": sums["like_minded_say"] / (sums["like_minded_most"] + prior),
            "like-minded found": np.log1p(sums["like_minded_most"]),
            "kindred deviate": sums["kindred_deviate"] / (sums["kindred_most"] + prior),
        }
