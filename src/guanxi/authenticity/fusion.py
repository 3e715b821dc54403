"""Several witnesses to one number per account, with an interval, and a discount for trust."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from guanxi.authenticity.witness import BoolVector, FloatVector, IntVector, Subject, Witness
from guanxi.errors import ParameterError

_TAIL = 0.05
_POINTS_AT_RELATIONS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class FusionOptions:
    """How shares become one number.

    Attributes
    ----------
    prior : float
        Authenticity of an account whose every share is typical, in (0, 1).
    prior_strength : float
        How many relations' worth of doubt each share is shrunk with towards the typical, 1 or more.
    cap : float
        Largest log-likelihood ratio that one witness may give, greater than 0.
    """

    prior: float = 0.9
    prior_strength: float = 10.0
    cap: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.prior < 1:
            raise ParameterError(f"prior is {self.prior}, not in (0, 1)")
        if not (np.isfinite(self.prior_strength) and self.prior_strength >= 1):
            raise ParameterError(f"prior_strength is {self.prior_strength}, not a finite number of 1 or more")
        if not (np.isfinite(self.cap) and self.cap > 0):
            raise ParameterError(f"cap is {self.cap}, not a finite number greater than 0")


DEFAULT_OPTIONS = FusionOptions()


@dataclass(frozen=True, slots=True, eq=False)
class Authenticity:
    """Fused authenticity of every account, about one subject.

    Attributes
    ----------
    subject : Subject
        What it is about.
    value, low, high : numpy.ndarray, shape (n,), float64
        Authenticity and its interval, each in (0, 1); NaN where every witness abstains.
    n_witnesses : numpy.ndarray, shape (n,), int64
        How many witnesses spoke.
    contributions : mapping of str to numpy.ndarray, shape (n,), float64
        What each witness added to the logit of ``value``, negative where it accuses; NaN where it abstains.
    prior : float
        Authenticity without evidence for or against.
    """

    subject: Subject
    value: FloatVector
    low: FloatVector
    high: FloatVector
    n_witnesses: IntVector
    contributions: Mapping[str, FloatVector]
    prior: float

    @property
    def abstained(self) -> BoolVector:
        """Where too little is known to say anything, shape (n,)."""
        return np.asarray(self.n_witnesses == 0, dtype=bool)


def fuse(witnesses: Sequence[Witness], *, options: FusionOptions = DEFAULT_OPTIONS) -> Authenticity:
    """Add up what the witnesses of one subject say.

    A share ``k / n`` has the posterior ``Beta(m t + k, m (1 - t) + n - k)``, where ``t`` is its typical share and
    ``m`` the prior strength. At mean ``s`` the odds of a suspicious relation are ``r = odds(s) / odds(t)`` times the
    usual. A witness that sees a part ``v`` of those who cheat then gives the log-likelihood ratio
    ``-log(1 - v + v r)``, capped, times its weight; so not being seen exculpates by ``-log(1 - v)`` at most. The value
    is ``expit(logit(prior) + sum)``. The interval adds up the 5 % and the 95 % quantiles of every posterior in the same
    way: it is wider than 90 % if the witnesses are independent, about that if they move together.

    Parameters
    ----------
    witnesses : sequence of Witness
        One or more, of distinct names, about the same subject and the same accounts.
    options : FusionOptions
        Prior, shrinkage, cap.

    Returns
    -------
    Authenticity
        ``low <= value <= high`` for every account about which a witness speaks.

    Raises
    ------
    ParameterError
        If there is no witness, or names repeat, or subjects or numbers of accounts differ.

    Notes
    -----
    The constants are set by reason, not fitted: read the value as an order and a rough odds, not as a calibrated
    probability. Naive Bayes with a dependence discount; see docs/authenticity.md.
    """
    _check(witnesses)
    scores = [_scores(witness, options) for witness in witnesses]
    spoke = np.array([~np.isnan(score[0]) for score in scores])
    n_witnesses = spoke.sum(axis=0, dtype=np.int64)
    value, low, high = (_total([score[part] for score in scores], n_witnesses, options.prior) for part in range(3))
    return Authenticity(
        subject=witnesses[0].subject,
        value=value,
        low=np.minimum(low, value),  # the mean of a very skewed posterior can lie outside its quantiles
        high=np.maximum(high, value),
        n_witnesses=n_witnesses,
        contributions={witness.name: score[0] for witness, score in zip(witnesses, scores, strict=True)},
        prior=options.prior,
    )


def discount(authenticity: Authenticity) -> FloatVector:
    """Factor in [0, 1] for every relation into each account, shape (n,).

    The upper end of the interval over the prior, at most 1: in doubt for the account, so that little data means little
    discount, and none at all where nothing is known. For conduct; an audience is what others may have done, so it is
    better discounted by ``unsuspicious``.

    Parameters
    ----------
    authenticity : Authenticity
        From ``fuse``.
    """
    factor = np.minimum(authenticity.high / authenticity.prior, 1.0)
    return np.where(authenticity.abstained, 1.0, factor)


@dataclass(frozen=True, slots=True, eq=False)
class Unsuspicious:
    """Part of each account's relations that no witness speaks against, beyond what is typical on this graph.

    Attributes
    ----------
    value, low, high : numpy.ndarray, shape (n,), float64
        The part and its 90 % interval, in [0, 1]; NaN where every witness abstains.
    """

    value: FloatVector
    low: FloatVector
    high: FloatVector


def unsuspicious(witnesses: Sequence[Witness], *, options: FusionOptions = DEFAULT_OPTIONS) -> Unsuspicious:
    """What is left of each account's relations without those that the severest witness suspects.

    Witnesses suspect much the same relations, so their counts are not added. A share ``s`` where ``t`` is typical
    leaves ``1 - (s - t) / (1 - t)``: Rogan and Gladen's correction for a witness that is wrong about a part ``t``
    of honest relations and sees all others. What no witness sees is not taken off, so the part is an upper bound.
    Witnesses of a weight below one half are left out: they say that something is odd (all followers are followed
    back), not which relations are false.

    Parameters
    ----------
    witnesses : sequence of Witness
        One or more, about the same subject and the same accounts.

    References
    ----------
    Rogan, Gladen, "Estimating prevalence from the results of a screening test", Am. J. Epidemiol. 1978.
    doi:10.1093/oxfordjournals.aje.a112510
    """
    _check(witnesses)
    nobody = np.full(witnesses[0].n, np.nan)
    left = [_left(witness, options) for witness in witnesses if witness.weight >= _POINTS_AT_RELATIONS]
    value, high, low = (np.fmin.reduce([nobody, *(parts[i] for parts in left)]) for i in range(3))
    return Unsuspicious(value, low, high)


def _left(witness: Witness, options: FusionOptions) -> list[FloatVector]:
    """What a witness leaves at the posterior mean, the 5 % and the 95 % quantile of its share."""
    known, points = _points(witness, options)
    typical = witness.typical[known]
    order = (points[0], points[2], points[1])
    return [_spread(known, 1.0 - np.clip((point - typical) / (1.0 - typical), 0.0, 1.0)) for point in order]


def _check(witnesses: Sequence[Witness]) -> None:
    if not witnesses:
        raise ParameterError("there are no witnesses, not even one that abstains")
    names = [witness.name for witness in witnesses]
    if len(set(names)) < len(names):
        raise ParameterError(f"witnesses are {', '.join(names)}: each name may come once")
    subjects = sorted({witness.subject.value for witness in witnesses})
    if len(subjects) > 1:
        raise ParameterError(f"witnesses speak about {' and '.join(subjects)}, not about one subject")
    sizes = sorted({witness.n for witness in witnesses})
    if len(sizes) > 1:
        raise ParameterError(f"witnesses speak about {sizes} accounts, not about the same")


def _scores(witness: Witness, options: FusionOptions) -> tuple[FloatVector, FloatVector, FloatVector]:
    """Contribution at the posterior mean, at its 95 % quantile (which accuses most), and at its 5 % quantile."""
    known, points = _points(witness, options)
    typical = witness.typical[known]
    mean, accusing, clearing = (_spread(known, _contribution(point, typical, witness, options)) for point in points)
    return mean, accusing, clearing


def _points(
    witness: Witness, options: FusionOptions
) -> tuple[BoolVector, tuple[FloatVector, FloatVector, FloatVector]]:
    """Where a witness speaks, and there the mean, the 95 % and the 5 % quantile of the posterior of its share."""
    from scipy.special import betaincinv  # noqa: PLC0415 - commands that need no scores do not pay for it

    known: BoolVector = ~np.isnan(witness.share)
    typical, size = witness.typical[known], witness.sample_size[known]
    n_suspicious = witness.share[known] * size
    a = options.prior_strength * typical + n_suspicious
    b = options.prior_strength * (1.0 - typical) + size - n_suspicious
    return known, (a / (a + b), betaincinv(a, b, 1.0 - _TAIL), betaincinv(a, b, _TAIL))


def _contribution(share: FloatVector, typical: FloatVector, witness: Witness, options: FusionOptions) -> FloatVector:
    from scipy.special import logit  # noqa: PLC0415 - commands that need no scores do not pay for it

    # The quantile of a posterior close to 0 or 1 can round to it; its logit would be infinite.
    within = np.clip(share, 1e-12, 1.0 - 1e-12)
    odds_ratio = np.exp(logit(within) - logit(typical))
    ratio = -np.log1p(witness.sensitivity * (odds_ratio - 1.0))
    return np.asarray(witness.weight * np.clip(ratio, -options.cap, options.cap), dtype=np.float64)


def _spread(known: BoolVector, part: FloatVector) -> FloatVector:
    full = np.full(len(known), np.nan)
    full[known] = part
    return full


def _total(parts: Sequence[FloatVector], n_witnesses: IntVector, prior: float) -> FloatVector:
    """Sum in the order of the witnesses, so that the same input gives the same bits."""
    from scipy.special import expit, logit  # noqa: PLC0415 - commands that need no scores do not pay for it

    total = np.full(len(n_witnesses), float(logit(prior)))
    for part in parts:
        total += np.nan_to_num(part, nan=0.0)
    return np.where(n_witnesses > 0, expit(total), np.nan)
