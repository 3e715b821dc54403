"""Personal trust by forward push: from the viewer outward, only as far as it matters, then one global correction.

Trust before scaling is ``y = sum_k M^k e``, where ``M`` passes trust on and ``e`` is one at the viewer. A push settles
what rests on an account (its residual ``r``) and hands on its shares, so that ``y = p + sum_k M^k r`` holds at any
time; it stops when no residual is above ``eps`` times the account's number of edges. What is left is small but
everywhere, so its further way is taken to be that of the average viewer: ``y`` is about ``p + r + R h``, where ``R`` is
the sum of ``r`` and ``h = sum_(k>0) M^k q``, solved once per graph for the mean residual ``q`` of a sample of viewers.

The correction has no guarantee for a single account; ``personal_trust`` is exact. All other error is below
``TopTrust.error_bound``.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import push_kernels as kernels
from guanxi.trust.eigentrust import eigentrust
from guanxi.trust.options import Vector, check_account, check_discount, check_restart
from guanxi.trust.personal import PersonalTrust
from guanxi.trust.row import TrustRow

EPS = 1e-5
"""Default threshold on large graphs; chosen on graphs and viewers of another seed than the published ones."""

_CHEAP_EDGES = 60_000  # walked in a fraction of a millisecond, several times over; smaller graphs are pushed further
_MAX_EDGES = 2**22  # stops a push that a tiny restart would make endless
_N_SAMPLED = 256
_ROUNDING = 1e-5  # shares and residuals are float32; their relative errors add up over steps
Numbers = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """A graph as a push walks it.

    Attributes
    ----------
    offsets : numpy.ndarray, shape (n + 1,), int64
        Rows of edges.
    edges : numpy.ndarray, shape (m, 2), uint32
        Target, and the bits of a float32: the share of its source's trust that arrives there.
    correction : numpy.ndarray, shape (n,), float32
        Where one unit of residual goes on to, on average.
    discount : numpy.ndarray, shape (n,), or None
        Authenticity per account; it is in the shares already.
    restart : float
        Probability of returning to the viewer at each step.
    """

    offsets: npt.NDArray[np.int64]
    edges: Numbers
    correction: npt.NDArray[np.float32]
    discount: Vector | None
    restart: float

    @property
    def n(self) -> int:
        """Number of accounts."""
        return len(self.offsets) - 1

    @property
    def is_small(self) -> bool:
        """Whether the whole graph could be walked several times in the time of a push on a large one."""
        return 0 < len(self.edges) < _CHEAP_EDGES

    @property
    def eps(self) -> float:
        """Threshold by default: ``EPS``, and less where the whole graph is so small that going on costs little."""
        m = len(self.edges)
        if not self.is_small:
            return EPS
        left = math.exp(-2 * self.restart * _CHEAP_EDGES / m)
        return min(EPS, max(left, 1e-7) / m)

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What a run has to keep to open these routes again, beside its graph's offsets and its discount."""
        return {"push.edges": self.edges, "push.correction": self.correction}

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, npt.NDArray[Any]], *, offsets: npt.NDArray[np.int64], discount: Vector, restart: float
    ) -> Self:
        """Put together again what ``arrays`` gave."""
        return cls(offsets, arrays["push.edges"], arrays["push.correction"], discount, restart)

    @classmethod
    def of(cls, graph: TrustGraph, *, discount: npt.ArrayLike | None = None, restart: float = 0.15) -> Self:
        """Prepare ``graph``: lay out its edges, and solve for the correction.

        Raises
        ------
        ParameterError
            If ``discount`` or ``restart`` is out of range.

        Notes
        -----
        Time O(sweeps x edges) for one whole-graph solution, memory 8 bytes per edge and 4 per account.
        """
        authenticity, restart = check_discount(discount, graph.n), check_restart(restart)
        arrives = np.ones(graph.n) if authenticity is None else authenticity
        edges = np.zeros((graph.m, 2), dtype=np.uint32)
        passed = kernels.pack(
            graph.offsets, graph.targets, graph.weights, arrives, restart, edges, edges.view(np.float32)
        )
        bare = cls(graph.offsets, edges, np.zeros(graph.n, dtype=np.float32), authenticity, restart)
        correction = _correction(graph, bare, passed)
        return cls(graph.offsets, edges, correction, authenticity, restart)


def _correction(graph: TrustGraph, bare: Routes, passed: Vector) -> npt.NDArray[np.float32]:
    """Solve ``h`` for the mean residual of accounts spread evenly over those who trust somebody."""
    active = np.flatnonzero(np.diff(graph.offsets))
    residual, push = np.zeros(graph.n), Push(bare)
    for place in np.unique(np.linspace(0, len(active) - 1, min(_N_SAMPLED, len(active))).astype(np.int64)):
        with push.pushed(int(active[place])) as (work, n_touched):
            kernels.add_residuals(work.state, work.touched, n_touched, residual)
    if not residual.any():
        return np.zeros(graph.n, dtype=np.float32)
    residual /= residual.sum()
    trust = eigentrust(graph, residual, discount=bare.discount, restart=bare.restart, tol=1e-8)
    rest = 1 - float((trust * passed).sum())  # trust = M trust + rest * residual
    return np.maximum(trust / rest - residual, 0).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Workspace:
    """What one push writes to; used again by the next, and cleaned in time for what was touched only."""

    state: npt.NDArray[np.float32]
    touched: Numbers
    queue: Numbers
    values: npt.NDArray[np.float32]
    buckets: npt.NDArray[np.int64]

    @classmethod
    def of(cls, routes: Routes) -> Self:
        """A clean workspace: 24 to 32 bytes per account."""
        state = np.zeros((routes.n, 4), dtype=np.float32)
        state[:, kernels.DEGREE] = np.maximum(np.diff(routes.offsets), 1)
        state[:, kernels.CORRECTION] = routes.correction
        room = routes.n + 1  # one entry past the end is written before it is known whether it counts
        queue = np.zeros(1 << room.bit_length(), dtype=np.uint32)
        values = np.zeros(room, dtype=np.float32)
        return cls(state, np.zeros(room, dtype=np.uint32), queue, values, np.zeros(2048, dtype=np.int64))

    @property
    def fields(self) -> tuple[Any, ...]:
        """What the push kernel writes to."""
        return self.state, self.touched, self.queue

    @property
    def keys(self) -> tuple[npt.NDArray[np.float32], Numbers]:
        """Scores, and the same memory as bits: positive floats are in the order of their bits."""
        return self.values, self.values.view(np.uint32)


@dataclass(frozen=True, slots=True, eq=False)
class TopTrust:
    """The accounts that one viewer trusts most.

    Attributes
    ----------
    accounts : numpy.ndarray, shape (k,), uint32
        By falling trust, equal ones by index, the viewer apart; only accounts that trust reached.
    scores : numpy.ndarray, shape (k,), float64
        Shares of all trust, as in ``personal_trust``.
    viewer_mass : float
        Trust that rests on the viewer itself.
    error_bound : float
        The L1 distance of all scores to the exact ones is below this; in practice far below.
    """

    accounts: Numbers
    scores: Vector
    viewer_mass: float
    error_bound: float


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    """Personal trust over one graph's routes; threads may share it. Answers are the same to the bit.

    Examples
    --------
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> top = Push(Routes.of(graph, restart=0.5)).top(0, size=2)
    >>> top.accounts.tolist(), top.scores.round(4).tolist()
    ([2, 1], [0.2308, 0.1538])

    References
    ----------
    Andersen, Chung, Lang, "Local graph partitioning using PageRank vectors", FOCS 2006. doi:10.1109/FOCS.2006.44
    """

    routes: Routes
    _free: list[Workspace] = field(default_factory=list, repr=False)
    _correction_sum: float = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Add the correction up once, not in every call."""
        object.__setattr__(self, "_correction_sum", float(self.routes.correction.sum(dtype=np.float64)))

    def top(
        self, viewer: int | None, *, row: TrustRow | None = None, size: int = 100, eps: float | None = None
    ) -> TopTrust:
        """The ``size`` accounts that ``viewer`` trusts most; for the arguments see ``personal_trust``.

        Parameters
        ----------
        eps : float, optional
            Threshold of residual per edge, greater than zero; less is more exact and slower. ``Routes.eps`` by default.

        Raises
        ------
        ParameterError
            If an option is out of range, or ``viewer`` is None and there is no row.
        """
        if size < 1:
            raise ParameterError(f"size is {size}, not at least 1")
        accounts, scores = np.empty(size, dtype=np.uint32), np.empty(size)
        with self.pushed(viewer, row=row, eps=eps) as (work, n_touched):
            residual, total = self._totals(work, n_touched, viewer)
            place = self.routes.n if viewer is None else viewer
            n_found = kernels.best(
                work.state, work.touched, n_touched, place, residual, work.keys, work.buckets, accounts, scores
            )
            own = 1.0 if viewer is None else _estimated(work, viewer, residual)
        bound = self._bound(residual, total)
        return TopTrust(accounts[:n_found].copy(), scores[:n_found] / total, own / total, bound)

    def scores(self, viewer: int | None, *, row: TrustRow | None = None, eps: float | None = None) -> PersonalTrust:
        """Trust of every account that the push reached, 0 elsewhere; arguments and errors as in ``top``."""
        scores = np.zeros(self.routes.n)
        with self.pushed(viewer, row=row, eps=eps) as (work, n_touched):
            residual, total = self._totals(work, n_touched, viewer)
            kernels.estimates(work.state, work.touched, n_touched, residual, scores)
        scores /= total
        return PersonalTrust(
            scores=scores,
            viewer=viewer,
            viewer_mass=1.0 / total if viewer is None else float(scores[viewer]),
            returned=1.0 / total,
            row=row,
            restart=self.routes.restart,
            discount=self.routes.discount,
        )

    def top_of_each(
        self, viewers: Numbers, *, size: int = 50, eps: float | None = None
    ) -> tuple[npt.NDArray[np.int64], Numbers, Vector]:
        """Top accounts of many viewers, as ``top`` gives them; runs without the interpreter's lock.

        Returns
        -------
        counts : numpy.ndarray, shape (k,)
            How many were found for each.
        accounts, scores : numpy.ndarray, shape (k, size)
            The first ``counts[i]`` of row ``i`` count.
        """
        counts = np.zeros(len(viewers), dtype=np.int64)
        accounts, scores = np.zeros((len(viewers), size), dtype=np.uint32), np.zeros((len(viewers), size))
        with self._workspace() as work:
            kernels.best_of_each(
                self._fields, work.fields, viewers, _checked(eps, self.routes), _MAX_EDGES, self._correction_sum,
                work.keys, work.buckets, counts, accounts, scores,
            )  # fmt: skip
        return counts, accounts, scores

    @contextmanager
    def pushed(
        self, viewer: int | None, *, row: TrustRow | None = None, eps: float | None = None
    ) -> Iterator[tuple[Workspace, int]]:
        """A workspace after the push, and how many accounts it touched; cleaned on leaving."""
        place = self.routes.n if viewer is None else check_account("viewer", viewer, self.routes.n)
        threshold, own = _checked(eps, self.routes), self._row(viewer, row)
        with self._workspace() as work:
            n_touched, _ = kernels.push(self._fields, work.fields, place, own, threshold, _MAX_EDGES)
            try:
                yield work, n_touched
            finally:
                kernels.clean(work.state, work.touched, n_touched)

    @contextmanager
    def _workspace(self) -> Iterator[Workspace]:
        try:
            work = self._free.pop()
        except IndexError:
            work = Workspace.of(self.routes)
        yield work  # what raised inside is not put back: it may not be clean
        self._free.append(work)

    def _row(self, viewer: int | None, row: TrustRow | None) -> tuple[bool, Numbers, npt.NDArray[np.float32]]:
        if row is None:
            if viewer is None:
                raise ParameterError("viewer is None, so row must say whom the viewer trusts; it may be empty")
            return False, np.zeros(0, dtype=np.uint32), np.zeros(0, dtype=np.float32)
        row.check(self.routes.n, viewer)
        arrives = 1.0 if self.routes.discount is None else self.routes.discount[row.targets]
        return True, row.targets, ((1 - self.routes.restart) * arrives * row.shares).astype(np.float32)

    @property
    def _fields(self) -> tuple[Any, ...]:
        return self.routes.offsets, self.routes.edges, self.routes.edges.view(np.float32)

    def _totals(self, work: Workspace, n_touched: int, viewer: int | None) -> tuple[float, float]:
        """The residual, and all trust before scaling."""
        settled, residual = kernels.sums(work.state, work.touched, n_touched)
        outside = 1.0 if viewer is None else 0.0
        return residual, outside + settled + residual + residual * self._correction_sum

    def _bound(self, residual: float, total: float) -> float:
        further = (1 - self.routes.restart) / self.routes.restart  # of one unit, at most, on either side
        return (2 * residual * (further + self._correction_sum) + _ROUNDING) / total


def _checked(eps: float | None, routes: Routes) -> np.float32:
    if eps is not None and not 0 < eps < math.inf:
        raise ParameterError(f"eps is {eps}, not a finite number greater than zero")
    return np.float32(routes.eps if eps is None else eps)


def _estimated(work: Workspace, account: int, residual: float) -> float:
    settled, own, _, correction = work.state[account].tolist()
    return float(settled + own + residual * correction)
