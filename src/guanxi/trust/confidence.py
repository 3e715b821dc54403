"""How much a trust value rests on. Little evidence is *unknown*, which is not the same as bad.

Evidence is counted in voices. Whoever trusts, or distrusts, an account has one voice about it at most, less where
what they said has faded, and their voice counts by how far they are trusted themselves: ``v / (v + 1/n)``, so that an
account with average trust counts half and one that nobody trusts does not count.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust.distrust import Reports
from guanxi.trust.options import Vector
from guanxi.trust.personal import PersonalTrust

RIGOR = 0.5
"""Doubt that one full voice leaves; the same as in pairwise trust."""

UNKNOWN_BELOW = 0.25
"""With less confidence than this, an account is unknown: under .42 voices, such as a follow of 2.5 years ago."""

TRUSTED_ABOVE = 0.8
"""Above this factor of distrust an account is trusted: less than a quarter of its trust speaks against it."""

DISTRUSTED_UPTO = 0.5
"""The factor up to which it is distrusted: at least as much trust speaks against it as for it."""

Standing = Literal["trusted", "mixed", "distrusted", "unknown"]


def influence(voices: Vector) -> Vector:
    """How far each account is heard, in [0, 1), shape (n,): ``v / (v + 1/n)`` for trust ``v`` that sums to about one.

    >>> influence(np.array([0.0, 0.25, 0.75, 0.0])).tolist()
    [0.0, 0.5, 0.75, 0.0]
    """
    return np.asarray(voices / (voices + 1.0 / max(len(voices), 1)), dtype=np.float64)


def confidence(evidence: npt.ArrayLike, *, rigor: float = RIGOR) -> Vector:
    """Certainty from evidence, in [0, 1]: ``1 - exp(-evidence * (-ln rigor)) = 1 - rigor ** evidence``.

    Parameters
    ----------
    evidence : array_like
        Voices, for and against together; not negative.
    rigor : float
        Doubt that one voice leaves, in (0, 1); the more rigorous, the closer to 1.

    Raises
    ------
    ParameterError
        If ``rigor`` or ``evidence`` is out of range.

    References
    ----------
    The form is that of GrapeRank (D. Strayhorn, 2024), in which ratings by trusted accounts add up to certainty.

    Examples
    --------
    >>> confidence([0.0, 1.0, 2.0]).tolist()
    [0.0, 0.5, 0.75]
    """
    if not 0 < rigor < 1:
        raise ParameterError(f"rigor is {rigor}, not in (0, 1)")
    voices = np.asarray(evidence, dtype=np.float64)
    if voices.size and not voices.min() >= 0:
        raise ParameterError(f"evidence holds {voices.min()}, not only numbers of at least 0")
    return np.asarray(-np.expm1(voices * np.log(rigor)), dtype=np.float64)


def standing(confident: float, factor: float) -> Standing:
    """Say in a word what a confidence and a factor of distrust amount to.

    >>> standing(0.9, 1.0), standing(0.9, 0.6), standing(0.9, 0.2), standing(0.1, 0.2)
    ('trusted', 'mixed', 'distrusted', 'unknown')
    """
    if confident < UNKNOWN_BELOW:
        return "unknown"
    if factor <= DISTRUSTED_UPTO:
        return "distrusted"
    return "trusted" if factor > TRUSTED_ABOVE else "mixed"


def voices_for(graph: TrustGraph, heard: Vector, targets: npt.ArrayLike) -> Vector:
    """Voices for some accounts, shape (k,): the influence of everyone who trusts them, each at most once.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts; below 1 (a follow that has faded) it makes the voice weaker.
    heard : numpy.ndarray, shape (n,)
        See ``influence``.
    targets : array_like of int, shape (k,)

    Notes
    -----
    Time O(accounts that trust the targets).
    """
    accounts = np.asarray(targets, dtype=np.int64)
    found = np.zeros(len(accounts))
    _add_voices(graph.in_offsets, graph.sources, graph.in_weights, heard, accounts, found)
    return found


def personal_voices_for(graph: TrustGraph, personal: PersonalTrust, targets: npt.ArrayLike) -> Vector:
    """The same as one viewer hears them, shape (k,); the viewer's own row counts as it is now."""
    accounts = np.asarray(targets, dtype=np.int64)
    heard = influence(personal.scores)
    if personal.row is None:
        return voices_for(graph, heard, accounts)
    if personal.viewer is not None:
        heard[personal.viewer] = 0.0  # the row replaces the old edges
    found = voices_for(graph, heard, accounts)
    own = personal.viewer_mass / (personal.viewer_mass + 1.0 / max(graph.n, 1))
    at = np.searchsorted(personal.row.targets, accounts)
    there = at < len(personal.row.targets)
    there[there] = personal.row.targets[at[there]] == accounts[there]
    found[there] += own * np.minimum(personal.row.weights[at[there]], 1.0)
    return found


def voices_against(reports: Reports, heard: Vector, targets: npt.ArrayLike) -> Vector:
    """Voices against some accounts, shape (k,): the influence of everyone who reported them, each at most once."""
    found = np.zeros(len(np.asarray(targets)))
    for place, target in enumerate(np.asarray(targets).tolist()):
        rows = reports.rows_of(target)
        reporters, which = np.unique(reports.sources[rows], return_inverse=True)
        amounts = np.bincount(which, weights=reports.amounts[rows], minlength=len(reporters))
        found[place] = np.sum(heard[reporters] * np.minimum(amounts, 1.0))
    return found


@nb.njit(cache=True, nogil=True)
def _add_voices(in_offsets, sources, in_weights, heard, accounts, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for place in range(len(accounts)):
        total = 0.0
        for edge in range(in_offsets[accounts[place]], in_offsets[accounts[place] + 1]):
            total += heard[sources[edge]] * min(np.float64(in_weights[edge]), 1.0)
        found[place] = total
