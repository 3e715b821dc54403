"""GANG: guilt by association where relations have a direction."""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.sybils.checks import BOUND, Vector, check_prior, settle
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph

if TYPE_CHECKING:
    from scipy.sparse import csr_array


def gang(
    graph: TrustGraph, prior: npt.ArrayLike, *, weight: float | None = None, tol: float = 1e-6, max_iter: int = 5000
) -> Vector:
    """Score every account by GANG, over directed relations.

    A fake that follows somebody says nothing about them, and an honest account that somebody follows says nothing
    about them either: both come for free. What remains is

        p = clip(q + 2 w (A_b p + A_i min(p, 0) + A_o max(p, 0)), -0.5, 0.5)

    with ``A_b`` the relations that are returned, ``A_i`` those that only come in and ``A_o`` those that only go out.
    The bounds are not in the paper, which needs ``w`` so small that the sum converges by itself. Each step goes half
    of the way, for two accounts that copy each other would swap their scores for ever.

    Parameters
    ----------
    graph : TrustGraph
        Relations of ``n`` accounts; weights do not matter.
    prior : array_like, shape (n,)
        Residual prior ``q`` in [-0.5, 0.5], above zero for fake; not all zero. See ``label_prior``.
    weight : float, optional
        ``w``, homophily of a relation; finite, greater than zero. ``1 / (2 * mean degree)`` by default, where a
        returned relation counts once for either end.
    tol : float
        Stops when no score changes by more; greater than zero.
    max_iter : int
        Greatest number of steps; at least 1.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        In [-0.5, 0.5], above zero for accounts that are likelier fake. Empty where ``n`` is 0.

    Raises
    ------
    ParameterError
        If an option is out of range.
    ConvergenceError
        If ``max_iter`` steps do not reach ``tol``.

    Notes
    -----
    Time O(steps x relations), memory O(relations). Where ``weight`` is large there can be several solutions; this is
    the one that the steps from the prior lead to.

    References
    ----------
    Wang, Gong, Fu, "GANG: Detecting fraudulent users in online social networks via guilt-by-association on directed
    graphs", ICDM 2017. doi:10.1109/ICDM.2017.56

    Examples
    --------
    An honest account 0 follows 1; a fake 2 follows 3. Only 1 gains by it, and whoever follows the fake, 4, loses.

    >>> graph = TrustGraph.from_edges(5, source=[0, 2, 4], target=[1, 3, 2])
    >>> gang(graph, [-0.4, 0.0, 0.4, 0.0, 0.0]).round(3).tolist()
    [-0.4, -0.333, 0.4, 0.0, 0.333]
    """
    known = check_prior(prior, graph.n)
    returned, one_way = _relations(graph)
    homophily = 2 * _weight(weight, returned, one_way)
    both, inward, outward = homophily * returned, homophily * one_way.T.tocsr(), homophily * one_way

    def halfway(score: Vector) -> Vector:
        heard = both @ score + inward @ np.minimum(score, 0.0) + outward @ np.maximum(score, 0.0)
        return np.asarray((score + np.clip(known + heard, -BOUND, BOUND)) / 2, dtype=np.float64)

    return settle(halfway, known, method="gang", tol=tol, max_iter=max_iter)


def _relations(graph: TrustGraph) -> tuple["csr_array", "csr_array"]:
    """Matrices of relations that are returned and that are not; entry (a, b) is one where ``a`` follows ``b``."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - start-up does not pay for it

    ones = np.ones(graph.m)
    follows = csr_array((ones, graph.targets.astype(np.int64), graph.offsets), shape=(graph.n, graph.n))
    returned = follows.multiply(follows.T).tocsr()
    one_way = (follows - returned).tocsr()
    one_way.eliminate_zeros()
    return returned, one_way


def _weight(weight: float | None, returned: "csr_array", one_way: "csr_array") -> float:
    if weight is None:
        n_ends = returned.nnz + 2 * one_way.nnz
        return returned.shape[0] / (2 * n_ends) if n_ends else 1.0
    if not (np.isfinite(weight) and weight > 0):
        raise ParameterError(f"weight is {weight}, not a finite number greater than zero")
    return float(weight)
