"""Who carries the trust of one account: the smallest set of others that most of it comes through.

A unit of trust walks from where trust starts until it first arrives at the account, or is lost on the way. What a set
of accounts carries is the part that passes through at least one of them: what would not arrive if they passed nothing
on, everything else staying as it is. That is a weighted coverage, so it is monotone and submodular: the greedy set
is near the smallest one, and what single accounts would add bounds how small any set can be.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust.arrivals import Arrivals
from guanxi.trust.options import Vector, check_account, check_discount, check_pre_trust
from guanxi.trust.steps import Marks

Progress = Callable[[int, int], None]
LARGEST_SET, MOST_TRIED = 1000, 1_000_000
_SLACK = 1e-12
"""A share that is short by a rounding is reached."""


@dataclass(frozen=True, slots=True)
class Carriers:
    """The accounts that carry somebody's trust.

    Attributes
    ----------
    accounts : tuple of int
        The set; whoever adds most to those before comes first.
    shares : tuple of float
        What the accounts up to each carry together, of all that others carry.
    own : float
        The part of the account's trust that no candidate carries: what starts at itself, or comes straight from where
        trust starts. In [0, 1]; ``shares`` are of the rest.
    reached : bool
        Whether the set carries the share that was asked for.
    at_least : int
        No set of fewer accounts carries it.
    n_tried : int
        Sets whose share was computed.
    """

    accounts: tuple[int, ...]
    shares: tuple[float, ...]
    own: float
    reached: bool
    at_least: int
    n_tried: int

    @property
    def proven(self) -> bool:
        """Whether the set carries the share, and no smaller one does."""
        return self.reached and len(self.accounts) == self.at_least


def carriers(
    graph: TrustGraph,
    start: npt.ArrayLike,
    target: int,
    *,
    share: float = 0.8,
    barred: Marks | None = None,
    silent: int | None = None,
    discount: npt.ArrayLike | None = None,
    restart: float = 0.15,
    limit: int = 100,
    effort: int = 1000,
    progress: Progress | None = None,
) -> Carriers:
    """Find a small set of accounts that carry most of the trust of ``target``, and how small it could be.

    Greedy first; then, as far as ``effort`` goes, every smaller set that could carry the share, by branch and bound.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    start : array_like, shape (n,)
        Where trust starts: pre-trust, or for personal trust what the viewer's own hops bring to each account. Finite
        and non-negative; nothing is carried where it is all zero.
    target : int
        Whose trust.
    share : float
        Of what others carry, in (0, 1].
    barred : numpy.ndarray, shape (n,), bool, optional
        Accounts that may not be in the set, such as seeds; the target never is.
    silent : int, optional
        The viewer, for personal trust: no walk comes back to it, and it is not in the set.
    discount, restart
        As in ``eigentrust``.
    limit : int
        Accounts in the set at most, in 1..1000.
    effort : int
        Sets tried at most after the greedy one, in 0..1,000,000.
    progress : callable, optional
        Told how many sets were tried, of how many at most.

    Returns
    -------
    Carriers
        The same for the same input.

    Raises
    ------
    ParameterError
        If an argument is out of range.

    Notes
    -----
    A set is tried by solving for where walks go that avoid it, in time O(sweeps x edges). Where ``r`` of the share was
    still missing before its last account, the greedy set has at most ``1 + ln(share / r)`` times as many accounts as
    the smallest (Wolsey 1982); ``at_least`` is mostly closer.

    References
    ----------
    Wolsey, "An analysis of the greedy algorithm for the submodular set covering problem", Combinatorica 2, 1982.
    doi:10.1007/BF02579435

    Examples
    --------
    >>> fan_in = TrustGraph.from_edges(5, source=[0, 0, 1, 2, 3], target=[1, 2, 3, 3, 4])
    >>> found = carriers(fan_in, [1, 0, 0, 0, 0], 4, barred=np.arange(5) == 0)
    >>> found.accounts, found.shares, found.proven
    ((3,), (1.0,), True)
    """
    target = check_account("target", target, graph.n)
    for name, value, least, most in (("limit", limit, 1, LARGEST_SET), ("effort", effort, 0, MOST_TRIED)):
        if not least <= value <= most:
            raise ParameterError(f"{name} is {value}, not in {least}..{most}")
    if not 0 < share <= 1:
        raise ParameterError(f"share is {share}, not in (0, 1]")
    out = np.zeros(graph.n, dtype=np.bool_) if barred is None else barred.copy()
    if out.shape != (graph.n,):
        raise ParameterError(f"barred has shape {out.shape}, not ({graph.n},)")
    out[target] = True
    given = np.asarray(start, dtype=np.float64)
    given = check_pre_trust(given, graph.n) if given.any() else given
    flow = Arrivals.of(graph, given, target, check_discount(discount, graph.n), restart)
    if silent is not None:
        out[check_account("silent", silent, graph.n)] = True
        flow.inverse[silent] = 0.0
    return _Cover.of(flow, out, share=share, effort=effort, progress=progress).solved(limit)


@dataclass(slots=True, eq=False)
class _Cover:
    """The search for a small set.

    Attributes
    ----------
    out : numpy.ndarray, shape (n,), bool
        Accounts that may not be in it.
    whole, own : float
        What arrives in all, and what arrives past every candidate.
    need : float
        How much a set must carry.
    """

    flow: Arrivals
    out: Marks
    whole: float
    own: float
    need: float
    effort: int
    say: Progress
    n_tried: int = 0
    at_least: int = 0
    _exhausted: bool = False

    @classmethod
    def of(cls, flow: Arrivals, out: Marks, *, share: float, effort: int, progress: Progress | None) -> "_Cover":
        whole, own = flow.arriving(np.zeros_like(out)), flow.arriving(~out)
        if whole - own <= _SLACK * whole:  # nobody carries anything
            own = whole
        need = (share - _SLACK) * (whole - own)
        return cls(flow, out, whole, own, need, effort, progress or (lambda _done, _of: None))

    def solved(self, limit: int) -> Carriers:
        chosen, carried = self._greedy(limit)
        reached = bool(chosen) and carried[-1] >= self.need
        self.effort += self.n_tried
        while reached and len(chosen) > self.at_least:
            smaller = self._search([], self.out.copy(), len(chosen) - 1)
            if smaller is None:
                self.at_least = self.at_least if self._exhausted else len(chosen)
                break
            chosen = sorted(smaller, key=lambda account: -self.carried([account]))
            carried = [self.carried(chosen[:k]) for k in range(1, len(chosen) + 1)]
        own = self.own / self.whole if self.whole else 1.0
        shares = tuple(amount / (self.whole - self.own) for amount in carried)
        return Carriers(tuple(chosen), shares, own, reached, self.at_least, self.n_tried)

    def carried(self, chosen: list[int]) -> float:
        """What a set carries."""
        self.n_tried += 1
        return self.whole - self.flow.arriving(self._marks(chosen))

    def _marks(self, chosen: list[int]) -> Marks:
        marks = np.zeros_like(self.out)
        marks[chosen] = True
        return marks

    def _greedy(self, limit: int) -> tuple[list[int], list[float]]:
        """Whoever adds most, one after the other, until enough is carried; and what is carried up to each."""
        chosen: list[int] = []
        carried = [0.0]
        while len(chosen) < limit and carried[-1] < self.need:
            most = self._at_most(chosen, self.out)
            self.at_least = max(self.at_least, _fewest(most, self.need - carried[-1]))
            best, together = self._best(chosen, carried[-1], most)
            if best is None:
                break
            chosen.append(best)
            carried.append(together)
            self.say(len(chosen), limit)
        return chosen, carried[1:]

    def _at_most(self, chosen: list[int], out: Marks) -> Vector:
        """The most that each account could add to a set, shape (n,): walks that pass it twice count twice."""
        without = self._marks(chosen)
        self.n_tried += 1
        most = self.flow.visits(without) * self.flow.chances(without)
        most[out | without] = 0.0
        return most

    def _best(self, chosen: list[int], carried: float, most: Vector) -> tuple[int | None, float]:
        """Who adds most, and what the set then carries; nobody is tried who cannot add more than the best so far."""
        best, together = None, carried
        for account in _falling(most):
            if carried + most[account] <= together:
                break
            tried = self.carried([*chosen, account])
            if tried > together:
                best, together = account, tried
        return best, together

    def _search(self, chosen: list[int], out: Marks, left: int) -> list[int] | None:
        """A set of ``left`` more accounts that carries enough; None where there is none, or effort is exhausted."""
        if self.n_tried > self.effort:
            self._exhausted = True
            return None
        carried = self.carried(chosen)
        if carried >= self.need:
            return chosen
        most = self._at_most(chosen, out)
        if not left or _fewest(most, self.need - carried) > left:
            return None
        out = out.copy()
        for account in _falling(most):
            if _fewest(np.where(out, 0.0, most), self.need - carried) > left:
                break
            found = self._search([*chosen, account], out, left - 1)
            if found is not None or self._exhausted:
                return found
            out[account] = True
            self.say(min(self.n_tried, self.effort), self.effort)
        return None


def _falling(most: Vector) -> Iterator[int]:
    """Accounts that could add something, those that could add most first."""
    order = np.lexsort((np.arange(len(most)), -most))
    return (int(account) for account in order[: int((most > 0).sum())])


def _fewest(most: Vector, need: float) -> int:
    """How many accounts it takes at least to carry so much more; one more than there are, where all do not do."""
    together = np.cumsum(np.sort(most[most > 0])[::-1])
    return int(np.searchsorted(together, need * (1 - _SLACK))) + 1
