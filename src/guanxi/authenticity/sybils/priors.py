"""What is known before ties are looked at: labels, or what a classifier says, the two sides in balance.

Without balance the scores of all accounts drift towards the side with more labels.
"""

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.sybils.checks import Vector, check_labels, numbers
from guanxi.errors import ParameterError


def label_prior(n: int, *, honest: npt.ArrayLike, fake: npt.ArrayLike, theta: float = 0.9) -> Vector:
    """Residual prior from labels: ``theta - 0.5`` for fake, minus that for honest, zero for everybody else.

    Where one side has more labels, each of its labels counts less, so that both sides weigh the same.

    Parameters
    ----------
    n : int
        Number of accounts.
    honest, fake : array_like of int
        Indices of the labelled accounts; at least one each, none in both.
    theta : float
        Probability that a label is right, in (0.5, 1].

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        In [-0.5, 0.5]; sums to zero.

    Raises
    ------
    ParameterError
        If a side has no label, an account stands on both sides, or an index or ``theta`` is out of range.

    Examples
    --------
    >>> label_prior(4, honest=[0, 1], fake=[3]).round(3).tolist()
    [-0.2, -0.2, 0.0, 0.4]
    """
    strength = _strength(theta)
    good, bad = check_labels("honest", honest, n), check_labels("fake", fake, n)
    both = np.intersect1d(good, bad)
    if len(both):
        raise ParameterError(f"account {both[0]} is labelled both honest and fake")
    prior = np.zeros(n)
    prior[good], prior[bad] = -strength, strength
    return _balanced(prior)


def classifier_prior(
    fake_probability: npt.ArrayLike,
    *,
    honest: npt.ArrayLike | None = None,
    fake: npt.ArrayLike | None = None,
    theta: float = 0.9,
) -> Vector:
    """Residual prior from a classifier's probability that each account is fake, with or without labels beside it.

    What tells accounts apart is how far each stands from the mean of all: that difference is the prior, limited to the
    strength of a label. The two sides of the classifier are balanced, and so are, on their own, the labels, which
    replace what the classifier says about those accounts.

    Parameters
    ----------
    fake_probability : array_like, shape (n,)
        In [0, 1]; NaN where the classifier abstains.
    honest, fake : array_like of int, optional
        As in ``label_prior``; both or neither.
    theta : float
        Probability that a label is right, in (0.5, 1].

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        In [-0.5, 0.5]; zero where nothing is known.

    Raises
    ------
    ParameterError
        If a probability, a label or ``theta`` is out of range, or only one side has labels.

    Examples
    --------
    >>> classifier_prior([0.1, 0.2, 0.9, np.nan]).round(3).tolist()
    [-0.24, -0.16, 0.4, 0.0]
    """
    said = _probabilities(fake_probability)
    if honest is None and fake is None:
        return _against_the_mean(said, _strength(theta))
    sides = [() if side is None else side for side in (honest, fake)]
    labels = label_prior(len(said), honest=sides[0], fake=sides[1], theta=theta)
    said[labels != 0] = np.nan
    return labels + _against_the_mean(said, _strength(theta))


def _probabilities(values: npt.ArrayLike) -> Vector:
    array = numbers("fake_probability", values)
    if array.ndim != 1:
        raise ParameterError(f"fake_probability has shape {array.shape}, not (n,)")
    wrong = ~(np.isnan(array) | ((array >= 0) & (array <= 1)))
    if wrong.any():
        raise ParameterError(f"fake_probability holds {array[wrong][0]}, not only numbers in [0, 1] and NaN")
    return array


def _against_the_mean(said: Vector, strength: float) -> Vector:
    known = ~np.isnan(said)
    prior = np.zeros(len(said))
    if known.any():
        prior[known] = np.clip(said[known] - said[known].mean(), -strength, strength)
    return _balanced(prior)


def _strength(theta: float) -> float:
    if not 0.5 < theta <= 1:
        raise ParameterError(f"theta is {theta}, not in (0.5, 1]")
    return float(theta) - 0.5


def _balanced(prior: Vector) -> Vector:
    """Scale the heavier side down to the weight of the lighter."""
    above, below = prior[prior > 0].sum(), -prior[prior < 0].sum()
    if above == below:
        return prior
    side = prior > 0 if above > below else prior < 0
    return np.where(side, prior * (min(above, below) / max(above, below)), prior)
