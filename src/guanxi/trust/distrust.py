"""Distrust: what reporters say against a target, each by its own trust, as one factor in (0, 1].

``factor = 1 / (1 + sum over communities of min(cap, sum over reporters of v[r] * a / f))``, where ``v[r]`` is the trust
that the viewer (or everybody) has in the reporter, ``a`` the weight of the statement after fading, and ``f`` the trust
that speaks for the target. Without caps that is ``f / (f + sum of v[r] * a)``: the target keeps the part of its trust
that it has among all that is said about it. The factor is applied to the finished trust value and nothing flows on from
it: distrust of distrust would not be trust.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector


class Voices(NamedTuple):
    """What one community says against one target.

    Attributes
    ----------
    amount : float
        What counts of it, in multiples of the trust that speaks for the target.
    capped : bool
        Whether it said more than that.
    reporters : numpy.ndarray, shape (k,), uint32
        Who has a voice, each once.
    """

    amount: float
    capped: bool
    reporters: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Reports:
    """Statements against targets of one kind, by target; within a target by community, reporter and relation type.

    Attributes
    ----------
    targets : numpy.ndarray, shape (k,), uint32
        Against whom there are any, in increasing order.
    offsets : numpy.ndarray, shape (k + 1,), int64
        The statements against ``targets[i]`` are ``slice(offsets[i], offsets[i + 1])``.
    sources, communities : numpy.ndarray, shape (m,), uint32
        Account of each reporter, and its community.
    amounts : numpy.ndarray, shape (m,), float64
        Weight of each statement after fading; not negative.
    relations : numpy.ndarray, shape (m,), uint8
        Code of each statement's relation type.

    Examples
    --------
    Two accounts of one community and one of another report account 0, which has as much trust as each of them:

    >>> communities = np.array([0, 0, 0, 0, 1, 1, 2])
    >>> reports = Reports.of([4, 5, 6], [0, 0, 0], [1.0, 1.0, 0.5], [7, 7, 7], communities=communities)
    >>> reports.against(np.full(7, 0.1), np.array([0.1]), cap=1.0).tolist()  # 1 of the first at most, and .5
    [1.5]
    >>> reports.against(np.array([0.1, 0, 0, 0, 0, 0, 0]), np.array([0.1]), cap=1.0).tolist()  # nobody trusts them
    [0.0]
    """

    targets: npt.NDArray[np.uint32]
    offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint32]
    communities: npt.NDArray[np.uint32]
    amounts: Vector
    relations: npt.NDArray[np.uint8]

    @classmethod
    def of(
        cls,
        source: npt.ArrayLike,
        target: npt.ArrayLike,
        amount: npt.ArrayLike,
        relation: npt.ArrayLike,
        *,
        communities: npt.NDArray[np.unsignedinteger[Any]],
    ) -> Self:
        """Sort statements by target; ``communities`` holds the number of every account's."""
        sources, about = np.asarray(source, dtype=np.uint32), np.asarray(target, dtype=np.uint32)
        amounts, codes = np.asarray(amount, dtype=np.float64), np.asarray(relation, dtype=np.uint8)
        group = communities[sources].astype(np.uint32)
        order = np.lexsort((codes, sources, group, about))
        targets, counts = np.unique(about, return_counts=True)
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])
        return cls(targets, offsets, sources[order], group[order], amounts[order], codes[order])

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[Any]]:
        """What a run keeps."""
        return {f"{prefix}.{of.name}": getattr(self, of.name) for of in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Put together again what ``arrays`` gave, by the names of the attributes."""
        return cls(*(arrays[of.name] for of in fields(cls)))

    def against(self, voices: Vector, in_favour: Vector, *, cap: float, without: int | None = None) -> Vector:
        """What counts against every target, in multiples of what speaks for it, shape (k,).

        Parameters
        ----------
        voices : numpy.ndarray, shape (n,)
            Trust in every account; not negative.
        in_favour : numpy.ndarray, shape (k,)
            Trust that speaks for every target; greater than 0.
        cap : float
            What one community may add at most.
        without : int, optional
            A reporter who is left out: the viewer, who counts apart.

        Notes
        -----
        Time O(statements).
        """
        return self._against(self.offsets[:-1], self.offsets[1:], voices, in_favour, cap, without)

    def against_some(
        self, some: npt.ArrayLike, voices: Vector, in_favour: Vector, *, cap: float, without: int | None = None
    ) -> Vector:
        """The same for some accounts or items, whether there is anything against them or not, shape (k,)."""
        return self._against(*self._rows(some), voices, in_favour, cap, without)

    def _against(
        self,
        starts: npt.NDArray[np.int64],
        stops: npt.NDArray[np.int64],
        voices: Vector,
        in_favour: Vector,
        cap: float,
        without: int | None,
    ) -> Vector:
        found, left_out = np.zeros(len(starts)), -1 if without is None else without
        statements = (self.communities, self.sources, self.amounts)
        _add_up(starts, stops, *statements, voices, in_favour, cap, left_out, found)
        return found

    def unvouched(self, graph: TrustGraph, trust: Vector) -> Self:
        """The same statements, each weakened by the part of its reporter's trust that fellow reporters gave.

        Those who say the same of a target cannot vouch for each other: a ring that reports as one has no voice, unless
        others trust it.

        Parameters
        ----------
        graph : TrustGraph
            Local trust between ``n`` accounts.
        trust : numpy.ndarray, shape (n,)
            Global trust, from which reporters have their voices.

        Notes
        -----
        Time O(accounts + edges into the reporters, for each statement).
        """
        sums = graph.out_sums
        per_weight = np.divide(trust, sums, out=np.zeros(graph.n), where=sums > 0)
        left, seen = np.zeros(len(self.sources)), np.full(graph.n, -1, dtype=np.int64)
        edges = (graph.in_offsets, graph.sources, graph.in_weights)
        _leave_out_fellows(self.offsets, self.sources, *edges, per_weight, seen, left)
        return replace(self, amounts=self.amounts * left)

    def rows_of(self, target: int) -> slice:
        """Where the statements against one target are; empty where there are none."""
        starts, stops = self._rows([target])
        return slice(int(starts[0]), int(stops[0]))

    def _rows(self, some: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        about = np.asarray(some)
        if not len(self.targets):
            return np.zeros(len(about), dtype=np.int64), np.zeros(len(about), dtype=np.int64)
        at = np.minimum(np.searchsorted(self.targets, about), len(self.targets) - 1)
        there = self.targets[at] == about
        return np.where(there, self.offsets[at], 0), np.where(there, self.offsets[at + 1], 0)

    def voices_against(
        self, target: int, voices: Vector, in_favour: float, *, cap: float, without: int | None = None
    ) -> list[Voices]:
        """What ``against`` adds up for one target, by community: the most first, equal ones by number."""
        rows = self.rows_of(target)
        sources, group = self.sources[rows], self.communities[rows]
        said = voices[sources] * self.amounts[rows] / in_favour
        heard = (said > 0) & (sources != (-1 if without is None else without))
        found = []
        for number in np.unique(group[heard]):
            mine = heard & (group == number)
            total = float(np.add.accumulate(said[mine])[-1])
            found.append(Voices(min(total, cap), total > cap, np.unique(sources[mine])))
        return sorted(found, key=lambda of: -of.amount)


@nb.njit(cache=True, nogil=True)
def _leave_out_fellows(offsets, reporters, in_offsets, sources, in_weights, per_weight, seen, left):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Part of what each reporter earned that did not come from the others of the same target."""
    for at in range(len(offsets) - 1):
        for statement in range(offsets[at], offsets[at + 1]):
            seen[reporters[statement]] = at
        for statement in range(offsets[at], offsets[at + 1]):
            account, every, others = reporters[statement], 0.0, 0.0
            for edge in range(in_offsets[account], in_offsets[account + 1]):
                given = per_weight[sources[edge]] * np.float64(in_weights[edge])
                every += given
                if seen[sources[edge]] != at:
                    others += given
            left[statement] = others / every if every > 0 else 0.0


@nb.njit(cache=True, nogil=True)
def _add_up(starts, stops, communities, sources, amounts, voices, in_favour, cap, without, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Sum over each target's communities; statements of one community lie together."""
    for at in range(len(found)):
        total, edge, stop = 0.0, starts[at], stops[at]
        while edge < stop:
            community, said = communities[edge], 0.0
            while edge < stop and communities[edge] == community:
                if np.int64(sources[edge]) != without:
                    said += voices[sources[edge]] * amounts[edge] / in_favour[at]
                edge += 1
            total += min(said, cap)
        found[at] = total
