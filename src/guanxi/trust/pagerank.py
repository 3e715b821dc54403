"""PageRank: EigenTrust with uniform weights and uniform pre-trust, for comparison with other tools."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph
from guanxi.trust.eigentrust import eigentrust
from guanxi.trust.options import Vector
from guanxi.trust.propagation import layout
from guanxi.trust.solving import Precision


def pagerank(
    graph: TrustGraph,
    *,
    pre_trust: npt.ArrayLike | None = None,
    weighted: bool = False,
    discount: npt.ArrayLike | None = None,
    restart: float = 0.15,
    start: npt.ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 1000,
    precision: Precision = "mixed",
) -> Vector:
    """PageRank of every account; accounts that trust nobody follow the pre-trust.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    pre_trust : array_like, shape (n,), optional
        The personalisation; uniform by default.
    weighted : bool
        Whether edges carry trust in proportion to their weights; by default each carries the same.
    discount, restart, start, tol, max_iter, precision
        As in ``eigentrust``.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        Non-negative, sums to one; empty where ``n`` is 0.

    Raises
    ------
    ParameterError
        If an option is out of range or has the wrong shape.
    ConvergenceError
        If ``max_iter`` steps do not reach ``tol``.

    References
    ----------
    Page, Brin, Motwani, Winograd, "The PageRank citation ranking", Stanford InfoLab 1999-66.

    Examples
    --------
    >>> graph = TrustGraph.from_edges(3, source=[0, 1, 2], target=[1, 2, 0], weight=[1.0, 2.0, 3.0])
    >>> pagerank(graph).round(4).tolist()
    [0.3333, 0.3333, 0.3333]
    """
    slices = layout(graph)
    if not weighted:
        slices = slices.unweighted(np.diff(graph.offsets))
        same = np.ones(graph.m, dtype=np.float32)
        graph = replace(graph, weights=same, in_weights=same)
    seeds = np.ones(graph.n) if pre_trust is None else pre_trust
    return eigentrust(
        graph,
        seeds,
        discount=discount,
        restart=restart,
        start=start,
        tol=tol,
        max_iter=max_iter,
        precision=precision,
        slices=slices,
    )
