"""SybilSCAR-D as published: labels spread over ties for a fixed number of sweeps."""

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.sybils.checks import Vector, check_prior, check_sweeps, check_ties, neighbours_mean
from guanxi.graph import TrustGraph


def sybilscar(ties: TrustGraph, prior: npt.ArrayLike, *, n_sweeps: int = 20) -> Vector:
    """Score every account by SybilSCAR-D: ``p = q + D^-1 A p``, swept ``n_sweeps`` times from ``p = q``.

    Stopping early is part of the method, not a shortcut: the equation has no solution unless the prior is balanced by
    degree, and where it has one, that is a worse score under few attack edges (see docs/sybils.md). ``bounded_scar``
    has a solution, and finds it.

    Parameters
    ----------
    ties : TrustGraph
        Relations that are all returned with the same weight, from ``mutual_ties`` or ``embedded_ties``.
    prior : array_like, shape (n,)
        Residual prior ``q`` in [-0.5, 0.5], above zero for fake; not all zero. See ``label_prior``.
    n_sweeps : int
        Number of sweeps; at least 1.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        Above zero for accounts that are likelier fake; an order, not a probability, for it has no bounds. An account
        in a part without labels keeps its prior of zero. Empty where ``n`` is 0.

    Raises
    ------
    ParameterError
        If ``ties`` has a relation that is not returned, or ``prior`` or ``n_sweeps`` is out of range.

    Notes
    -----
    Time O(n_sweeps x ties), memory O(ties).

    References
    ----------
    Wang, Zhang, Gong, "SybilSCAR: Sybil detection in online social networks via local rule based propagation",
    INFOCOM 2017. doi:10.1109/INFOCOM.2017.8057066

    Examples
    --------
    A chain, honest at one end and fake at the other.

    >>> ties = TrustGraph.from_edges(4, source=[0, 1, 1, 2, 2, 3], target=[1, 0, 2, 1, 3, 2])
    >>> sybilscar(ties, [-0.4, 0.0, 0.0, 0.4], n_sweeps=2).round(3).tolist()
    [-0.6, -0.1, 0.1, 0.6]
    """
    check_ties(ties)
    known = check_prior(prior, ties.n)
    check_sweeps("n_sweeps", n_sweeps)
    spread, score = neighbours_mean(ties), known
    for _ in range(n_sweeps):
        score = known + spread @ score
    return np.asarray(score, dtype=np.float64)
