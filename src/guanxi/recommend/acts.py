"""Who of a viewer's circle did what to the things that are recommended: for plain counts and for names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit
from guanxi.recommend.explanation import Count
from guanxi.recommend.interactions import IndexArray, scratch
from guanxi.snapshot import Relation, Snapshot

Marks = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Acts:
    """What the accounts of a circle did to some targets.

    Attributes
    ----------
    did : mapping of relation type to numpy.ndarray, shape (n_targets, n_circle), bool
        Whether an account has an edge of this type to a target, both by their place in what was asked for.
    """

    did: Mapping[str, Marks]

    @classmethod
    def of(
        cls, snapshot: Snapshot, circle: IndexArray, targets: npt.NDArray[np.int64], *, names: Iterable[str], kind: str
    ) -> Self:
        """Look up what the accounts in ``circle`` did to distinct ``targets``, one relation type at a time."""
        found = {name: snapshot.relations.get((name, kind)) for name in names}
        n = len(snapshot.ids[kind]) if kind in snapshot.ids else 0
        return cls({name: _did(relation, circle, targets, n) for name, relation in found.items() if relation})

    def who(self, names: Iterable[str], place: int) -> Marks | None:
        """Which accounts did at least one of some things to a target; None where nobody did any anywhere."""
        rows = [self.did[name][place] for name in names if name in self.did]
        return np.logical_or.reduce(rows) if rows else None

    def counts(self) -> list[tuple[Count, ...]]:
        """How many accounts did each thing to each target; only what somebody did."""
        names = list(self.did)
        numbers = [self.did[name].sum(axis=1).tolist() for name in names]
        by_target = zip(*numbers, strict=True)
        return [tuple(Count(name, n) for name, n in zip(names, of, strict=True) if n) for of in by_target]


def trusts_in_public(
    snapshot: Snapshot, sources: npt.NDArray[np.integer], target: int, *, public: frozenset[str]
) -> Marks:
    """Which accounts showed that they trust another; a purchase that came by it shows nothing. Shape of ``sources``.

    Time O(log of the ties + number of shares) of each of ``sources``; those below 0 are nobody of the snapshot.
    """
    ties = [snapshot.relations.get((name, "account")) for name in ("follow", "trust") if name in public]
    shares = [snapshot.relations.get(("share", kind)) for kind in ("item", "post") if "share" in public]
    shown = np.zeros(len(sources), dtype=np.bool_)
    for tie in ties:
        if tie is not None:
            _mark_tied(tie.offsets, tie.targets, _numbers(tie), sources, target, shown)
    for share in shares:
        if share is not None and share.via is not None:
            _mark_naming(share.offsets, share.via, sources, target, shown)
    return shown


def _did(relation: Relation, circle: IndexArray, targets: npt.NDArray[np.int64], n: int) -> Marks:
    did = np.zeros((len(targets), len(circle)), dtype=np.bool_)
    with scratch(n) as places:
        places[targets] = np.arange(1, len(targets) + 1)
        _mark_done(relation.offsets, relation.targets, _numbers(relation), circle, places, did)
        places[targets] = 0.0
    return did


def _numbers(relation: Relation) -> npt.NDArray[np.float64]:
    """Numbers of a relation whose edges speak against their target where they are below 0; else none."""
    signed = relation.name == "trust" and relation.values is not None
    return relation.values if signed and relation.values is not None else np.zeros(0)


@njit()
def _mark_done(offsets, reached, numbers, circle, places, did):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Mark every edge from the circle to a target; ``places`` holds each target's place plus one, else zero."""
    for i in range(len(circle)):
        for edge in range(np.uint64(offsets[circle[i]]), np.uint64(offsets[circle[i] + 1])):
            place = places[reached[edge]]
            if place > 0 and not (len(numbers) and numbers[edge] < 0):
                did[np.uint64(place) - np.uint64(1), i] = True


@njit()
def _mark_tied(offsets, reached, numbers, sources, target, shown):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Mark the sources with an edge to the target; within a row, targets are in increasing order."""
    for i in range(len(sources)):
        if sources[i] < 0:
            continue
        low, high = offsets[sources[i]], offsets[sources[i] + 1]
        end = high
        while low < high:
            middle = (low + high) // 2
            if reached[middle] < target:
                low = middle + 1
            else:
                high = middle
        if low < end and reached[low] == target:
            shown[i] = not (len(numbers) and numbers[low] < 0) or shown[i]


@njit()
def _mark_naming(offsets, via, sources, target, shown):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Mark the sources with an edge that came by the target, in any place of their row."""
    for i in range(len(sources)):
        if sources[i] < 0 or shown[i]:
            continue
        for edge in range(offsets[sources[i]], offsets[sources[i] + 1]):
            if via[edge] == target:
                shown[i] = True
                break
