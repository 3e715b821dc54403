"""How far the trust in an account reaches: what it gets from accounts that have no relation to it.

Summed over all viewers, personal trust in an account is its PageRank, to which its own followers give the most, and a
few who trust nobody else give more than many. Reach leaves the followers out and counts the others by the square root:
``reach(a) = sum of w(v) * sqrt(personal trust of v in a)`` over the viewers ``v`` whose own events say nothing for
``a``, so that their trust came through others. Every viewer has trust of one to give, so one that trusts nobody but
``a`` counts one; a hundred that give it a hundredth each count ten.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.errors import ParameterError
from guanxi.trust.options import Vector
from guanxi.trust.push import Push, Routes

N_VIEWERS = 20_000
EPS = 3e-5
"""Threshold of the push on large graphs, as for everyone's trust: errors of single viewers even out in the sums."""

_KNOWN, _TRUST, _SQUARES, _ROOTS, _ROOT_SQUARES, _HERE, _BY_COMMUNITY, _HOME = range(8)
Labels = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Trust in every account from those who have no relation to it; estimates, where viewers are a sample.

    Attributes
    ----------
    scores : numpy.ndarray, shape (n,), float64
        Reach; one for every account whose trust goes to this one alone.
    errors : numpy.ndarray, shape (n,), float64
        Standard error of ``scores`` from sampling viewers; 0 where all were asked.
    trust, known : numpy.ndarray, shape (n,), float64
        Personal trust of those who have no relation to the account, and of those who have one, each added up.
    effective : numpy.ndarray, shape (n,), float64
        From how many accounts ``trust`` comes: so many that give alike have the same sum and sum of squares. Rough
        where viewers are a sample: it may miss the few who give most.
    n_communities : numpy.ndarray, shape (n,), float64
        From how many communities reach comes, counted in the same way.
    home : numpy.ndarray, shape (n,), float64
        Part of reach that comes from the account's own community, in 0..1; 0 where there is no reach.
    n_asked, n_viewers : int
        How many viewers were asked, and of how many: the accounts that trust somebody.
    """

    scores: Vector
    errors: Vector
    trust: Vector
    known: Vector
    effective: Vector
    n_communities: Vector
    home: Vector
    n_asked: int
    n_viewers: int


def reach(
    push: Push,
    labels: Labels,
    *,
    rng: np.random.Generator,
    weights: npt.ArrayLike | None = None,
    n_viewers: int = N_VIEWERS,
    eps: float | None = None,
) -> Reach:
    """Add up the trust that strangers have in every account.

    Parameters
    ----------
    push : Push
        Fast personal trust over a graph.
    labels : numpy.ndarray, shape (n,), uint32
        Community of every account.
    rng : numpy.random.Generator
        Draws the viewers where there are more than ``n_viewers``; not used otherwise.
    weights : array-like, shape (n,), optional
        What the trust of every viewer counts, at least 0; 1 by default.
    n_viewers : int
        How many viewers are asked at most. Of more, so many are drawn without repetition, and the sums scaled up.
    eps : float, optional
        Threshold of the push, see ``Push.top``; ``EPS`` by default, and less on small graphs.

    Raises
    ------
    ParameterError
        If an option is out of range, or an array has another shape.

    Notes
    -----
    Time O(viewers): a fraction of a millisecond to a few each. Memory 80 bytes per account.

    Examples
    --------
    >>> from guanxi.graph import TrustGraph
    >>> graph = TrustGraph.from_edges(3, source=[0, 1], target=[1, 2])
    >>> found = reach(Push(Routes.of(graph, restart=0.5)), np.zeros(3, dtype=np.uint32), rng=np.random.default_rng(0))
    >>> found.trust.round(3).tolist(), found.scores.round(3).tolist()  # 0 trusts 2 through 1
    ([0.0, 0.0, 0.143], [0.0, 0.0, 0.378])
    """
    worth = _weights(weights, push.routes.n)
    if n_viewers < 1:
        raise ParameterError(f"n_viewers is {n_viewers}, not at least 1")
    if len(labels) != push.routes.n:
        raise ParameterError(f"labels has {len(labels)} entries, not {push.routes.n}")
    viewers = trusting = np.flatnonzero(np.diff(push.routes.offsets))
    if len(trusting) > n_viewers:
        viewers = rng.choice(trusting, n_viewers, replace=False)
    viewers = viewers[np.lexsort((viewers, labels[viewers]))]  # one community after the other
    sums = _sums(push, viewers, labels, worth, _threshold(push.routes, eps))
    return _reach(sums, len(viewers), len(trusting))


def _weights(weights: npt.ArrayLike | None, n: int) -> Vector:
    worth = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    if worth.shape != (n,):
        raise ParameterError(f"weights has shape {worth.shape}, not ({n},)")
    if not (np.isfinite(worth).all() and (worth >= 0).all()):
        raise ParameterError("weights holds a value that is not a finite number of at least 0")
    return worth


def _threshold(routes: Routes, eps: float | None) -> float:
    if eps is not None:
        return eps
    return min(EPS, routes.eps) if routes.is_small else EPS


def _sums(push: Push, viewers: npt.NDArray[np.int64], labels: Labels, worth: Vector, eps: float) -> Vector:
    """What the viewers add up to for every account, shape (n, 8)."""
    routes = push.routes
    sums, marks = np.zeros((routes.n, 8)), np.full((routes.n, 2), -1)
    correction = float(routes.correction.sum(dtype=np.float64))
    for viewer in viewers.tolist():
        with push.pushed(viewer, eps=eps) as (work, n_touched):
            own = routes.edges[routes.offsets[viewer] : routes.offsets[viewer + 1], 0]
            _add(work.state, work.touched, n_touched, viewer, own, labels, worth[viewer], correction, sums, marks)
    sums[:, _BY_COMMUNITY] += sums[:, _HERE] ** 2
    return sums


@nb.njit()
def _add(state, touched, n_touched, viewer, own, labels, worth, correction, sums, marks):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add one viewer's trust; ``marks`` holds who last knew each account, and whose community ``_HERE`` is about."""
    settled = residual = 0.0
    for i in range(n_touched):
        settled += np.float64(state[touched[i], 0])
        residual += np.float64(state[touched[i], 1])
    unit = worth / (settled + residual + residual * correction)
    for i in range(len(own)):
        marks[own[i], 0] = viewer
    community = labels[viewer]
    for i in range(n_touched):
        account = touched[i]
        of = state[account]
        amount = unit * (np.float64(of[0]) + np.float64(of[1]) + residual * np.float64(of[3]))
        if account == viewer:
            continue
        if marks[account, 0] == viewer:
            sums[account, 0] += amount
            continue
        root = np.sqrt(worth * amount)  # w sqrt(x), where the amount is w x
        sums[account, 1] += amount
        sums[account, 2] += amount * amount
        sums[account, 3] += root
        sums[account, 4] += root * root
        if marks[account, 1] != community:
            sums[account, 6] += sums[account, 5] ** 2
            sums[account, 5] = 0.0
            marks[account, 1] = community
        sums[account, 5] += root
        if labels[account] == community:
            sums[account, 7] += root


def _reach(sums: Vector, n_asked: int, n_viewers: int) -> Reach:
    trust, roots, root_squares = sums[:, _TRUST], sums[:, _ROOTS], sums[:, _ROOT_SQUARES]
    squares, scale = sums[:, _SQUARES], n_viewers / max(n_asked, 1)
    square_of_sum = (scale * trust) ** 2 - _variance(trust, squares, n_asked, n_viewers)  # without bias
    return Reach(
        scores=scale * roots,
        errors=np.sqrt(_variance(roots, root_squares, n_asked, n_viewers)),
        trust=scale * trust,
        known=scale * sums[:, _KNOWN],
        effective=_over(np.maximum(square_of_sum, 0.0), scale * squares),
        n_communities=_over(roots**2, sums[:, _BY_COMMUNITY]),
        home=_over(sums[:, _HOME], roots),
        n_asked=n_asked,
        n_viewers=n_viewers,
    )


def _variance(total: Vector, squares: Vector, n_asked: int, n_viewers: int) -> Vector:
    """Variance of a total that is scaled up from viewers drawn without repetition."""
    if not 1 < n_asked < n_viewers:
        return np.zeros(len(total))
    spread = np.maximum(squares - total**2 / n_asked, 0.0) / (n_asked - 1)
    return np.asarray(n_viewers * (n_viewers - n_asked) / n_asked * spread)


def _over(above: Vector, below: Vector) -> Vector:
    return np.divide(above, below, out=np.zeros(len(above)), where=below > 0)
