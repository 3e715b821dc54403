"""Global trust: one number per account, from seeds that everyone shares."""

import numpy as np
import numpy.typing as npt

from guanxi.graph import TrustGraph
from guanxi.iteration import check_stopping
from guanxi.trust.options import Vector, check_discount, check_pre_trust, check_restart, check_start
from guanxi.trust.propagation import Propagation, by_slot, layout
from guanxi.trust.slices import Slices
from guanxi.trust.solving import Precision, settle


def eigentrust(
    graph: TrustGraph,
    pre_trust: npt.ArrayLike,
    *,
    discount: npt.ArrayLike | None = None,
    restart: float = 0.15,
    start: npt.ArrayLike | None = None,
    tol: float = 1e-10,
    max_iter: int = 1000,
    precision: Precision = "mixed",
    slices: Slices | None = None,
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
    start : array_like, shape (n,), optional
        Trust to begin with, such as the scores before new events; finite, non-negative, not all zero. Scaled to sum to
        one; ``pre_trust`` by default. The result is the same within ``tol`` wherever it began, but a close start
        takes fewer sweeps.
    tol : float
        Stops when a step in double precision changes trust by at most this much (L1); greater than zero. The distance
        to the solution is then at most ``tol * (1 - restart) / restart``.
    max_iter : int
        Greatest number of sweeps and steps together; at least 1.
    precision : {"mixed", "double"}
        Arithmetic of the sweeps between those steps. Single precision, the default, is faster, and the same promise
        holds.
    slices : Slices, optional
        The edges as they were laid out before.

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
    Time O(sweeps x edges), memory O(edges). The first call lays the edges out, which costs about as much as
    fifteen sweeps; that is kept as long as the graph. For the method see ``solving.py``.

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
    seeds = check_pre_trust(pre_trust, graph.n)
    share, restart = check_discount(discount, graph.n), check_restart(restart)
    begin = seeds if start is None else check_start(start, graph.n)
    check_stopping(tol, max_iter)
    if graph.n == 0:
        return seeds
    flow = Propagation.of(graph, layout(graph) if slices is None else slices, discount=share, restart=restart)
    flow.seeds[:] = by_slot(flow.slices, seeds)
    flow.trust[:] = flow.seeds if begin is seeds else by_slot(flow.slices, begin)
    settle(flow, method="eigentrust", tol=tol, max_iter=max_iter, precision=precision)
    trust = flow.by_account()
    return np.asarray(trust / trust.sum(), dtype=np.float64)
