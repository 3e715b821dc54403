"""Where the personal trust of one account comes from: its terms, one step back."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector, check_account
from guanxi.trust.personal import PersonalTrust
from guanxi.trust.propagation import out_sums_of

OUTSIDE = -1
"""Stands among the sources for a viewer whom the graph does not know."""


class Inflow(NamedTuple):
    """The terms of one account's personal trust.

    Attributes
    ----------
    sources : numpy.ndarray, shape (k,), int64
        Who passes trust on; the target itself for what returns to the viewer, ``OUTSIDE`` for an unknown viewer.
    contributions : numpy.ndarray, shape (k,), float64
        How much, greater than zero; the largest first, equal ones by source.
    remainder : float
        What is left of the score: the solver's tolerance. ``math.fsum`` of it and the contributions is the score.
    """

    sources: npt.NDArray[np.int64]
    contributions: Vector
    remainder: float


def inflow(graph: TrustGraph, personal: PersonalTrust, target: int) -> Inflow:
    """Take the personal trust of ``target`` apart, by who passes it on.

    An account ``a`` contributes ``(1 - restart) * x[a] * d[target] * w(a, target) / W(a)``. If the target is the
    viewer, what returns to it is a term of its own.

    Parameters
    ----------
    graph : TrustGraph
        The graph that ``personal`` was computed from.
    personal : PersonalTrust
        Trust from one viewer.
    target : int
        Index of the account to explain.

    Returns
    -------
    Inflow
        ``sources``, ``contributions`` and ``remainder``; together exactly the score.

    Raises
    ------
    ParameterError
        If ``target`` is not an account of the graph.

    Notes
    -----
    Time O(accounts that trust the target + out-degrees of those among them that are trusted themselves).

    Examples
    --------
    >>> from guanxi.trust import personal_trust
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> sources, contributions, _ = inflow(graph, personal_trust(graph, 0, restart=0.5), 2)
    >>> sources.tolist(), contributions.round(4).tolist()
    ([0, 1], [0.1538, 0.0769])
    """
    target = check_account("target", target, graph.n)
    sources, mass, shares = _trusting(graph, personal, target)
    arrives = 1.0 if personal.discount is None else personal.discount[target]
    contributions = (1 - personal.restart) * arrives * (mass * shares)
    if target == personal.viewer:
        sources, contributions = np.append(sources, target), np.append(contributions, personal.returned)
    order = np.lexsort((sources, -contributions))
    order = order[contributions[order] > 0]
    contributions = contributions[order]
    remainder = math.fsum([personal.scores[target], *(-contributions)])
    return Inflow(sources[order], contributions, remainder)


def _trusting(graph: TrustGraph, personal: PersonalTrust, target: int) -> tuple[npt.NDArray[np.int64], Vector, Vector]:
    """Who trusts ``target``, the trust that rests on each, and the part of it that each gives to the target."""
    in_sources, weights = graph.in_row(target)
    there = personal.scores[in_sources] > 0  # few of a famous account's, after a push
    in_sources, weights = in_sources[there], weights[there]
    sources, mass = in_sources.astype(np.int64), personal.scores[in_sources]
    shares = weights / out_sums_of(graph, in_sources)
    if personal.row is None:
        return sources, mass, shares
    viewer = OUTSIDE if personal.viewer is None else personal.viewer
    others = sources != viewer
    own = personal.row.shares[personal.row.targets == target]  # one entry, or none
    return (
        np.append(sources[others], np.full(len(own), viewer)),
        np.append(mass[others], np.full(len(own), personal.viewer_mass)),
        np.append(shares[others], own),
    )
