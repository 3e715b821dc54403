"""Personal trust: the viewer is the only seed. This is the exact solver, against which faster ones are measured."""

from dataclasses import dataclass

import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.iteration import check_stopping
from guanxi.trust.options import Vector, check_account, check_discount, check_restart
from guanxi.trust.propagation import Propagation, Row, layout
from guanxi.trust.row import TrustRow
from guanxi.trust.solving import Precision, settle


@dataclass(frozen=True, slots=True, eq=False)
class PersonalTrust:
    """Trust of every account from one viewer, and the inputs that it was computed from.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n,), float64
        Trust of every account of the graph. Sums to one; with ``viewer_mass`` where the graph does not know the viewer.
    viewer : int or None
        Index of the viewer; None where the graph does not know it.
    viewer_mass : float
        Trust that rests on the viewer itself; ``scores[viewer]`` where there is one.
    returned : float
        Trust that no edge passes on in one step, all of which comes back to the viewer.
    row : TrustRow or None
        What replaced the viewer's own edges.
    restart : float
        Probability of returning to the viewer at each step.
    discount : numpy.ndarray, shape (n,), or None
        Authenticity per account.
    """

    scores: Vector
    viewer: int | None
    viewer_mass: float
    returned: float
    row: TrustRow | None
    restart: float
    discount: Vector | None


def personal_trust(
    graph: TrustGraph,
    viewer: int | None,
    *,
    row: TrustRow | None = None,
    discount: npt.ArrayLike | None = None,
    restart: float = 0.15,
    tol: float = 1e-12,
    max_iter: int = 2000,
    precision: Precision = "mixed",
) -> PersonalTrust:
    """Trust of every account as one viewer sees it: personalised PageRank over local trust.

    Solves the equation of ``eigentrust`` with the viewer as the only seed: the restart, the trust of accounts that
    trust nobody and what discounts take away all return to the viewer.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    viewer : int or None
        Index of the viewer; None for an account that the graph does not know, whom nobody trusts yet.
    row : TrustRow, optional
        Replaces the viewer's own edges (events newer than the snapshot), as if the graph had been built with it.
        Required where ``viewer`` is None.
    discount, restart, tol, max_iter, precision
        As in ``eigentrust``.

    Returns
    -------
    PersonalTrust
        All trust together is one; the same bits with any number of threads.

    Raises
    ------
    ParameterError
        If an option is out of range, or ``viewer`` is None and there is no row.
    ConvergenceError
        If ``max_iter`` steps do not reach ``tol``.

    Notes
    -----
    Time O(sweeps x edges), memory O(edges).

    References
    ----------
    Jeh, Widom, "Scaling personalized web search", WWW 2003. doi:10.1145/775152.775191

    Examples
    --------
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> personal_trust(graph, 0, restart=0.5).scores.round(4).tolist()
    [0.6154, 0.1538, 0.2308]
    >>> stranger = personal_trust(graph, None, row=TrustRow([1], [1.0]), restart=0.5)
    >>> stranger.scores.round(4).tolist(), round(stranger.viewer_mass, 4)
    ([0.0, 0.2857, 0.1429], 0.5714)
    """
    viewer = None if viewer is None else check_account("viewer", viewer, graph.n)
    if row is not None:
        row.check(graph.n, viewer)
    elif viewer is None:
        raise ParameterError("viewer is None, so row must say whom the viewer trusts; it may be empty")
    authenticity, restart = check_discount(discount, graph.n), check_restart(restart)
    check_stopping(tol, max_iter)
    flow = Propagation.of(graph, layout(graph), discount=authenticity, restart=restart)
    slot = flow.spare_slot if viewer is None else int(flow.slices.slots[viewer])
    _begin(flow, slot, row)
    settle(flow, method="personal_trust", tol=tol, max_iter=max_iter, precision=precision)
    total = flow.trust.sum()
    return PersonalTrust(
        scores=flow.by_account() / total,
        viewer=viewer,
        viewer_mass=float(flow.trust[slot] / total),
        returned=float(flow.keeps / total),
        row=row,
        restart=restart,
        discount=authenticity,
    )


def _begin(flow: Propagation, viewer: int, row: TrustRow | None) -> None:
    """Let all trust rest on the slot ``viewer``, whose own edges are ``row`` where there is one."""
    if row is not None:
        targets = flow.slices.slots[row.targets]
        flow.row = Row(viewer, targets, flow.share[targets] * row.shares)
        flow.inverse[viewer] = 0.0  # the old edges carry nothing
        flow.kept[viewer] = max(1 - flow.row.passed.sum(), 0.0)
    flow.seeds[viewer] = flow.trust[viewer] = 1.0
