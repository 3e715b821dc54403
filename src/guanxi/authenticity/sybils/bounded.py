"""SybilSCAR-D with residual probabilities that stay residual probabilities, so that it has one solution."""

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.sybils.checks import BOUND, Vector, check_prior, check_ties, neighbours_mean, settle
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph


def bounded_scar(
    ties: TrustGraph, prior: npt.ArrayLike, *, restart: float = 0.005, tol: float = 1e-6, max_iter: int = 5000
) -> Vector:
    """Score every account by SybilSCAR-D within bounds, swept until it stands still.

    Solves ``p = clip(q + (1 - restart) * D^-1 A p, -0.5, 0.5)``. SybilSCAR-D lets labels add up without end; here a
    residual probability stays one. So a labelled account speaks with the full voice of its label however often it
    hears itself back, and no flood of ties drowns it: that is what attacks aimed at the seeds try. The map shrinks
    distances by ``1 - restart``, so the solution exists, is the only one, and is reached from everywhere.

    Parameters
    ----------
    ties : TrustGraph
        Relations that are all returned with the same weight; best from ``embedded_ties``.
    prior : array_like, shape (n,)
        Residual prior ``q`` in [-0.5, 0.5], above zero for fake; not all zero. See ``label_prior``.
    restart : float
        Part of what neighbours say that is lost at each step, in (0, 1]: news from ``1 / restart`` steps away hardly
        counts. The default was set on pokec_10k, LastFM and Ciao.
    tol : float
        Stops when no score changes by more; greater than zero. The distance to the solution is then at most
        ``tol * (1 - restart) / restart``.
    max_iter : int
        Greatest number of sweeps; at least 1. About ``log(tol) / log(1 - restart)`` always suffice.

    Returns
    -------
    numpy.ndarray, shape (n,), float64
        In [-0.5, 0.5], above zero for accounts that are likelier fake. An account in a part without labels keeps its
        prior of zero. Empty where ``n`` is 0.

    Raises
    ------
    ParameterError
        If ``ties`` has a relation that is not returned, or an option is out of range.
    ConvergenceError
        If ``max_iter`` sweeps do not reach ``tol``.

    Notes
    -----
    Time O(sweeps x ties), memory O(ties).

    References
    ----------
    Wang, Zhang, Gong, "SybilSCAR: Sybil detection in online social networks via local rule based propagation",
    INFOCOM 2017. doi:10.1109/INFOCOM.2017.8057066. The bounds and the restart are ours.

    Examples
    --------
    A chain, honest at one end and fake at the other.

    >>> ties = TrustGraph.from_edges(4, source=[0, 1, 1, 2, 2, 3], target=[1, 0, 2, 1, 3, 2])
    >>> bounded_scar(ties, [-0.4, 0.0, 0.0, 0.4]).round(3).tolist()
    [-0.5, -0.166, 0.166, 0.5]
    """
    check_ties(ties)
    known = check_prior(prior, ties.n)
    if not 0 < restart <= 1:
        raise ParameterError(f"restart is {restart}, not in (0, 1]")
    spread = (1 - restart) * neighbours_mean(ties)
    return settle(
        lambda score: np.clip(known + spread @ score, -BOUND, BOUND),
        known,
        method="bounded_scar",
        tol=tol,
        max_iter=max_iter,
    )
