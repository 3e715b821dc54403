"""Global trust: one number per account, from seeds that everyone shares."""

import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector, check_discount, check_pre_trust, check_restart, check_stopping
from guanxi.trust.propagation import Propagation, settle


def eigentrust(
    graph: TrustGraph,
    pre_trust: npt.ArrayLike,
    *,
    discount: npt.ArrayLike | None = None,
    restart: float = 0.15,
    tol: float = 1e-10,
    max_iter: int = 1000,
) -> Vector:
    """Global trust of every account, by EigenTrust.

    Solves ``t[b] = (1 - restart) * d[b] * sum_a t[a] * w(a, b) / W(a) + rest * p[b]``, where ``W(a)`` is all the
    local trust that ``a`` gives, ``d`` the discount and ``p`` the pre-trust. ``rest`` is everything that no edge
    passes on: the restart, the trust of accounts that trust nobody, and what discounts took away. So an edge into an
    inauthentic account carries less, and the remainder goes back to the seeds, not to the account's rivals.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    pre_trust : array_like, shape (n,)
        Prior trust per account; finite, non-negative, not all zero. Scaled to sum to one.
    discount : array_like, shape (n,), optional
        Authenticity per account, in [0, 1]; 1 everywhere by default.
    restart : float
        Probability of returning to the seeds at each step, in (0, 1].
    tol : float
        Stops when a step changes trust by at most this much (L1); greater than zero. The distance to the solution
        is then at most ``tol * (1 - restart) / restart``.
    max_iter : int
        Greatest number of steps; at least 1.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        Non-negative, sums to one; the same bits with any number of threads. Empty where ``n`` is 0.

    Raises
    ------
    ParameterError
        If an option is out of range or has the wrong shape.
    ConvergenceError
        If ``max_iter`` steps do not reach ``tol``.

    Notes
    -----
    Time O(steps x edges), memory O(edges).

    References
    ----------
    Kamvar, Schlosser, Garcia-Molina, "The EigenTrust algorithm for reputation management in P2P networks", WWW 2003.
    doi:10.1145/775152.775242

    Examples
    --------
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> eigentrust(graph, [1.0, 0.0, 0.0], restart=0.5).round(4).tolist()
    [0.6154, 0.1538, 0.2308]
    >>> eigentrust(graph, [1.0, 0.0, 0.0], restart=0.5, discount=[1.0, 1.0, 0.0]).round(4).tolist()
    [0.8, 0.2, 0.0]
    """
    seeds, share = check_pre_trust(pre_trust, graph.n), check_discount(discount, graph.n)
    restart = check_restart(restart)
    check_stopping(tol, max_iter)
    if graph.n == 0:
        return seeds
    flow = Propagation.of(graph, discount=share, restart=restart)
    given = flow.on_slots(seeds)
    flow.trust[:] = given
    settle(flow, lambda rest: (given, rest), method="eigentrust", tol=tol, max_iter=max_iter)
    trust = flow.by_account()
    return np.asarray(trust / trust.sum(), dtype=np.float64)
