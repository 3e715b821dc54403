"""Pairwise trust: the statement that one account would make about another, as a sum of terms with a confidence.

The weights of the terms come from ridge regression on the statements themselves, each seen as if it had not been made.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.trust.options import Vector
from guanxi.trust.pairwise.features import TERMS, Features, Opinions, Sums
from guanxi.trust.pairwise.measures import best_cut, errors_of_the_mean, in_standard_errors, root_mean_square
from guanxi.trust.pairwise.regression import Ridge
from guanxi.trust.pairwise.statements import Indices, Statements, check_indices

Outcome = Literal["value", "sign"]
PENALTIES = (0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)
LIMIT = "limit"


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseTrust:
    """Predicted statements, what each is made of, and how much evidence it rests on.

    Attributes
    ----------
    values : numpy.ndarray, shape (k,), float64
        Predicted statement in [-1, 1]; NaN, unknown, where there is no evidence.
    terms : numpy.ndarray, shape (k, t), float64
        What each of ``names`` adds; every row sums to its value. NaN where the value is unknown.
    names : tuple of str
        Names of the terms. The last, "limit", is what keeping the value within [-1, 1] takes away.
    evidence : numpy.ndarray, shape (k,), float64
        Statements that speak of the pair: others' about the target, the target's about the source, and one for every
        account that both have judged.
    confidence : numpy.ndarray, shape (k,), float64
        ``1 - rigor ** evidence``, in [0, 1]; 0 where the value is unknown.
    habits : numpy.ndarray, shape (k,), float64
        What the source says of anybody, on average, shrunk towards what everybody says: for those who must have a
        number where the value is unknown. It knows nothing of the target.
    """

    values: Vector
    terms: Vector
    names: tuple[str, ...]
    evidence: Vector
    confidence: Vector
    habits: Vector

    @property
    def known(self) -> npt.NDArray[np.bool_]:
        """Which pairs there is any evidence about, shape (k,)."""
        return self.evidence > 0

    def explain(self, position: int) -> list[tuple[str, float]]:
        """Terms of one prediction, the largest first; empty where it is unknown."""
        if not self.known[position]:
            return []
        pairs = [(name, float(term)) for name, term in zip(self.names, self.terms[position], strict=True) if term]
        return sorted(pairs, key=lambda pair: -abs(pair[1]))


@dataclass(frozen=True, slots=True, eq=False)
class PairwiseModel:
    """Weights of the terms, and the statements that they were learned from.

    Attributes
    ----------
    opinions : Opinions
        The statements, and sums over them.
    outcome : {"value", "sign"}
        What is predicted.
    ridge : Ridge
        Weights of the terms; its penalty predicted the statements best, each left out in turn.
    stride : int
        Every so many-th statement is an example.
    cut : float
        Values above it are best called positive: it gives the highest macro-F1 on the statements, each left out.
    rigor : float
        What one statement leaves of the doubt.
    error, usual_error : float
        Root mean square error of what is predicted, and of the mean of all others, over the examples, each left out in
        turn; NaN where there are fewer than two.
    evidence_of_gain : float
        By how much the squared errors are smaller than those of the mean, in standard errors of that difference; above
        2 it is hardly chance. NaN as ``error``.
    """

    opinions: Opinions
    outcome: Outcome
    ridge: Ridge
    stride: int
    cut: float
    rigor: float
    error: float
    usual_error: float
    evidence_of_gain: float

    def predict(self, sources: npt.ArrayLike, targets: npt.ArrayLike) -> PairwiseTrust:
        """What each source would say about its target, apart from what it has said.

        A statement of the pair has no part in its terms, nor in the weights as an example.

        Parameters
        ----------
        sources, targets : array_like, shape (k,)
            Indices of accounts; nobody is asked about itself.

        Raises
        ------
        ParameterError
            If lengths differ, an index is out of range, or a source is its own target.

        Notes
        -----
        Time as for ``path_sums``. Weights without one example follow in closed form from those with it (Sherman and
        Morrison). The terms of other examples still know the statement, as a neighbour's; benchmarks/pairwise.py
        measures what that is worth.
        """
        n = self.opinions.statements.n
        src, dst = check_indices("sources", sources, n), check_indices("targets", targets, n)
        if len(src) != len(dst):
            raise ParameterError(f"sources and targets have {len(src)} and {len(dst)} entries, not the same")
        if (src == dst).any():
            raise ParameterError(f"account {src[src == dst][0]} is asked about itself")
        found = self.opinions.features(src, dst)
        return self._trust(found, self._weights_without(found, src, dst), src, dst)

    def left_out(self) -> PairwiseTrust:
        """Predict every statement, in order, as if it had not been made; see ``predict``."""
        said = self.opinions.statements
        return self.predict(said.source, said.target)

    @property
    def weights(self) -> Vector:
        """Weight of each of ``TERMS``, shape (t,)."""
        return self.ridge.weights

    @property
    def penalty(self) -> float:
        """What a weight costs, squared."""
        return self.ridge.penalty

    def _weights_without(self, found: Features, sources: Indices, targets: Indices) -> Vector:
        """Weights as fitted without the pair's own statement, shape (k, t); the same for all where there is none."""
        own = self.opinions.statements.find(sources, targets)
        taught = (own >= 0) & (own % self.stride == 0) & (found.evidence > 0)
        if not taught.any():
            return self.weights
        wanted = _wanted(self.opinions.statements, self.outcome)[own[taught]]
        weights = np.tile(self.weights, (len(own), 1))
        weights[taught] = self.ridge.weights_without(found.columns[taught], wanted)
        return weights

    def _trust(self, found: Features, weights: Vector, sources: Indices, targets: Indices) -> PairwiseTrust:
        """Weigh the terms, with the same weights for every pair or with a row for each."""
        terms = found.columns * weights
        raw = terms.sum(axis=1)
        terms = np.column_stack([terms, np.clip(raw, -1, 1) - raw])
        terms[found.evidence <= 0] = np.nan
        return PairwiseTrust(
            values=np.clip(terms.sum(axis=1), -1, 1),
            terms=terms,
            names=(*TERMS, LIMIT),
            evidence=found.evidence,
            confidence=-np.expm1(found.evidence * math.log(self.rigor)),
            habits=self._habits(sources, targets),
        )

    def _habits(self, sources: Indices, targets: Indices) -> Vector:
        said, prior = self.opinions.statements, self.opinions.prior
        own, each = said.find(sources, targets), _wanted(said, self.outcome)
        alike = Sums.by(np.zeros(said.m, dtype=np.int64), each, 1)
        n_others = np.maximum(said.m - (own >= 0), 1)
        usual = alike.without(np.zeros(len(own), dtype=np.int64), own) / n_others
        given = Sums.by(said.source, each, said.n).without(sources, own)
        return np.asarray(
            (given + prior * usual) / (self.opinions.n_by.without(sources, own) + prior), dtype=np.float64
        )


def fit_pairwise(
    statements: Statements,
    *,
    outcome: Outcome = "value",
    prior: float = 1.0,
    rigor: float = 0.5,
    penalties: Sequence[float] = PENALTIES,
    max_examples: int | None = None,
) -> PairwiseModel:
    """Learn to predict what one account would say about another from what has been said.

    The prediction is a sum over biases of both ends with shrinkage, fairness and goodness, reciprocity, and paths of
    two and three steps (``TERMS``). Every term of a pair is computed without the pair's own statement.

    Parameters
    ----------
    statements : Statements
        What has been said.
    outcome : {"value", "sign"}
        Whether to predict the value of a statement or only its sign, -1 or 1; the terms are the same.
    prior : float
        Neutral statements that every average starts with; greater than zero.
    rigor : float
        What one statement leaves of the doubt, in (0, 1); see ``PairwiseTrust.confidence``.
    penalties : sequence of float
        Ridge penalties to choose from, by leaving out each statement in turn; finite and greater than zero.
    max_examples : int, optional
        How many statements to learn the weights from at most, evenly chosen; at least 1. All by default. What the
        terms are made of is all statements, whatever this is.

    Raises
    ------
    ParameterError
        If an option is out of range.

    Notes
    -----
    Deterministic. Time O(m t^2) for the weights, plus ``path_sums`` of the examples; memory O(m t). The weights
    assume that unknown pairs resemble stated ones. Whoever can make accounts can make statements: discount by
    authenticity first.

    References
    ----------
    Kumar, Spezzano, Subrahmanian, Faloutsos, "Edge weight prediction in weighted signed networks", ICDM 2016.
    doi:10.1109/ICDM.2016.0033

    Examples
    --------
    >>> said = Statements.of(5, source=[0, 1, 0, 1, 2], target=[2, 2, 3, 3, 0], value=[1, 1, -1, -1, 0.5])
    >>> found = fit_pairwise(said, penalties=[1.0]).predict([2, 2], [3, 4])  # nobody has spoken of 4
    >>> found.values.round(2).tolist(), found.confidence.tolist()
    ([-0.91, nan], [0.75, 0.0])
    >>> found.explain(0)[0][0]
    'target receives, corrected'
    """
    if outcome not in {"value", "sign"}:
        raise ParameterError(f"outcome is {outcome!r}, not 'value' or 'sign'")
    if not (math.isfinite(prior) and prior > 0):
        raise ParameterError(f"prior is {prior}, not a finite number greater than zero")
    if not 0 < rigor < 1:
        raise ParameterError(f"rigor is {rigor}, not in (0, 1)")
    if not penalties or not all(math.isfinite(penalty) and penalty > 0 for penalty in penalties):
        raise ParameterError(f"penalties is {penalties!r}, not finite numbers greater than zero")
    if max_examples is not None and max_examples < 1:
        raise ParameterError(f"max_examples is {max_examples}, not 1 or more")
    opinions = Opinions.of(statements, float(prior))
    stride = 1 if max_examples is None else max(1, -(-statements.m // max_examples))
    columns, wanted = _examples(opinions, outcome, stride)
    fits = [Ridge.fit(columns, wanted, penalty=float(penalty)) for penalty in penalties]
    best, errors = min(
        ((fit, fit.errors_without(columns, wanted)) for fit in fits), key=lambda pair: float(pair[1] @ pair[1])
    )
    predicted = wanted - errors
    error, usual = np.clip(predicted, -1, 1) - wanted, errors_of_the_mean(wanted)
    return PairwiseModel(
        opinions=opinions,
        outcome=outcome,
        ridge=best,
        stride=stride,
        cut=best_cut(predicted, wanted > 0),
        rigor=float(rigor),
        error=root_mean_square(error),
        usual_error=root_mean_square(usual),
        evidence_of_gain=in_standard_errors(usual**2 - error**2),
    )


def _examples(opinions: Opinions, outcome: Outcome, stride: int) -> tuple[Vector, Vector]:
    """Terms of the statements to learn from, and what was said.

    Those without evidence about the pair teach nothing that will be asked.
    """
    said = opinions.statements
    found = opinions.features(said.source[::stride], said.target[::stride])
    used = found.evidence > 0
    return found.columns[used], _wanted(said, outcome)[::stride][used]


def _wanted(statements: Statements, outcome: Outcome) -> Vector:
    return np.sign(statements.value) if outcome == "sign" else statements.value
