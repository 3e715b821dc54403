"""SybilRank, to measure the other methods against: a short random walk from honest seeds."""

import math

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.sybils.checks import Vector, check_labels, check_sweeps, check_ties, neighbours_mean
from guanxi.graph import TrustGraph


def sybilrank(ties: TrustGraph, honest: npt.ArrayLike, *, n_sweeps: int | None = None) -> Vector:
    """Score every account by SybilRank: what a short random walk from the honest seeds leaves, per tie.

    A named baseline and nothing else: the method is covered by a patent application (US 2014/0317736), and no part of
    Guanxi calls it on the way to an answer.

    Parameters
    ----------
    ties : TrustGraph
        Relations that are all returned with the same weight, from ``mutual_ties``.
    honest : array_like of int
        Indices of the seeds, at least one.
    n_sweeps : int, optional
        Length of the walk; at least 1. ``ceil(log2(n))`` by default, as published.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        Minus the trust per tie, so that here, too, more is likelier fake; zero for an account without ties. Empty
        where ``n`` is 0.

    Raises
    ------
    ParameterError
        If ``ties`` has a relation that is not returned, there is no seed, or an option is out of range.

    References
    ----------
    Cao, Sirivianos, Yang, Pregueiro, "Aiding the detection of fake accounts in large scale social online services",
    NSDI 2012.

    Examples
    --------
    >>> ties = TrustGraph.from_edges(3, source=[0, 1, 1, 2], target=[1, 0, 2, 1])
    >>> sybilrank(ties, [0], n_sweeps=2).tolist()
    [-0.5, 0.0, -0.5]
    """
    check_ties(ties)
    if ties.n == 0:
        return np.zeros(0)
    seeds = check_labels("honest", honest, ties.n)
    if n_sweeps is None:
        n_sweeps = max(1, math.ceil(math.log2(ties.n)))
    check_sweeps("n_sweeps", n_sweeps)
    walk = neighbours_mean(ties).T.tocsr()
    trust = np.zeros(ties.n)
    trust[seeds] = 1.0 / len(seeds)
    for _ in range(n_sweeps):
        trust = walk @ trust
    degrees = ties.out_sums
    return 0.0 - np.divide(trust, degrees, out=np.zeros_like(trust), where=degrees > 0)
