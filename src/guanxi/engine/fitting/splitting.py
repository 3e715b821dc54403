"""Dated events in three parts by time: what was known, what came next, and what came last.

Nothing of a later part is in a snapshot of an earlier one: it is built from the events up to its end, with retractions,
ids and ages as of then. Events without a time are taken as known from the beginning.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from guanxi.errors import DataError
from guanxi.events.coded import NO_TIME, Coded
from guanxi.events.dictionary import positions
from guanxi.schema import load_model
from guanxi.snapshot import Ids, Snapshot, build_snapshot

Target = Literal["items", "accounts"]
ACTS: Mapping[Target, tuple[str, ...]] = {"items": ("purchase", "share"), "accounts": ("follow", "trust")}
"""What is held out: what viewers later buy and share, or whom they later follow and trust."""

KIND: Mapping[Target, str] = {"items": "item", "accounts": "account"}
VALIDATION_FROM, TEST_FROM = 0.7, 0.85
"""Shares of the dated acts before validation and before the test."""

MIN_VIEWERS = 50
"""In validation and in the test; below this an interval would say nothing."""

IndexArray = npt.NDArray[np.uint32]
TimeArray = npt.NDArray[np.int64]
PairArray = npt.NDArray[np.uint64]
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFFFFFF)


@dataclass(frozen=True, slots=True)
class Cuts:
    """Ends of the training and of the validation part, in microseconds since 1970; an event of that moment is before.

    Attributes
    ----------
    n_dated, n_undated : int
        Acts of the target's relation types with and without a time.
    """

    train_end: int
    validation_end: int
    n_dated: int
    n_undated: int


def cuts_of(events: Sequence[Coded], target: Target) -> Cuts:
    """Where to cut, so that 70 % of the dated acts come before validation and 85 % before the test.

    Raises
    ------
    DataError
        If there are no dated acts, too few for ``MIN_VIEWERS`` viewers in each part, or too few different times.
    """
    times = np.concatenate([np.zeros(0, dtype=np.int64), *(_times(some, target) for some in events)])
    dated = np.sort(times[times != NO_TIME])
    said = " and ".join(f"{name}s" if name != "trust" else "statements of trust" for name in ACTS[target])
    if not len(dated):
        raise DataError(f"none of the {len(times):,} {said} has a time; fitting needs to know what came later")
    least = math.ceil(MIN_VIEWERS / (1 - TEST_FROM))
    if len(dated) < least:
        raise DataError(
            f"{len(dated):,} dated {said} are too few: validation and the test need {MIN_VIEWERS} viewers each, which "
            f"takes {least} at least"
        )
    train, validation = (int(dated[int(share * (len(dated) - 1))]) for share in (VALIDATION_FROM, TEST_FROM))
    if not train < validation < dated[-1]:
        n = len(np.unique(dated))
        raise DataError(f"the {len(dated):,} dated {said} have {n:,} different times, too coarse to cut in three parts")
    return Cuts(train, validation, len(dated), len(times) - len(dated))


def _times(events: Coded, target: Target) -> TimeArray:
    """Times of the acts that a target is about; those taken back later count, too."""
    model = load_model()
    codes = [model.relation(name).code for name in ACTS[target]]
    acts = np.isin(events.relation, codes) & (events.target_kind == model.kinds[KIND[target]].code) & ~events.retract
    times: TimeArray = events.time[acts]
    return times


def snapshot_until(events: Sequence[Coded], end: int | None, parent: Path) -> Snapshot:
    """The snapshot of everything that had happened by ``end``, that moment included; of all without an end."""
    known = events if end is None else [some.take(np.flatnonzero(some.time <= end)) for some in events]
    return Snapshot.open(build_snapshot(known, parent), verify=False)


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What some viewers did after a snapshot was taken, in its indices.

    Attributes
    ----------
    viewers : numpy.ndarray, shape (k,), uint32
        In increasing order; each did something.
    offsets : numpy.ndarray, shape (k + 1,), int64
    targets : numpy.ndarray, uint32
        What viewer ``i`` did it to is ``targets[offsets[i]:offsets[i + 1]]``, each once, in increasing order.
    n_unknown : int
        Pairs with an account, item or viewer that the snapshot does not know: nobody could have ranked them.
    """

    viewers: IndexArray
    offsets: npt.NDArray[np.int64]
    targets: IndexArray
    n_unknown: int = 0

    def __len__(self) -> int:
        return len(self.viewers)

    def of(self, place: int) -> IndexArray:
        """Targets of the viewer at ``place``."""
        return self.targets[self.offsets[place] : self.offsets[place + 1]]

    def take(self, places: npt.NDArray[np.integer]) -> "HeldOut":
        """Only the viewers at some places, in increasing order."""
        chosen = np.sort(places)
        parts = [np.zeros(0, dtype=np.uint32), *(self.of(int(place)) for place in chosen)]
        sizes = np.diff(self.offsets)[chosen]
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
        return HeldOut(self.viewers[chosen], offsets, np.concatenate(parts), self.n_unknown)


def held_out(now: Snapshot, later: Snapshot, end: int, target: Target, actors: IndexArray) -> HeldOut:
    """What viewers of ``now`` did after ``end`` for the first time, and had not taken back by ``later``.

    ``actors``, shape (n,), holds the account that stands for each account of ``now``: linked accounts are one viewer.
    """
    kind = KIND[target]
    source, at = (_translated(now, later, of) for of in ("account", kind))
    new, n_unknown = [np.zeros(0, dtype=np.uint64)], 0
    for name in ACTS[target]:
        relation = later.relation(name, kind)
        after = relation.times > end  # NO_TIME is before everything
        rows, targets = source[relation.sources()[after]], at[relation.targets[after]]
        there = (rows >= 0) & (targets >= 0)
        n_unknown += int((~there).sum())
        new.append(_acted(rows[there], targets[there], kind, actors))
    pairs = np.setdiff1d(np.concatenate(new), acts_of(now, ACTS[target], kind, actors))
    if kind == "account":
        pairs = pairs[(pairs >> _HALF) != (pairs & _LOW)]
    return _by_viewer(pairs, n_unknown)


def acts_of(snapshot: Snapshot, names: Sequence[str], kind: str, actors: IndexArray) -> PairArray:
    """Who did it to what, in relations of some types: pairs, each once, in order."""
    relations = [snapshot.relation(name, kind) for name in names]
    found = [_acted(relation.sources(), relation.targets, kind, actors) for relation in relations]
    return np.unique(np.concatenate(found))


def targets_of(pairs: PairArray, viewer: int) -> IndexArray:
    """What the pairs of one viewer lead to, in increasing order."""
    first, last = np.searchsorted(pairs, np.array([viewer, viewer + 1], dtype=np.uint64) << _HALF)
    return pairs[first:last].astype(np.uint32)


def _acted(
    sources: npt.NDArray[np.integer], targets: npt.NDArray[np.integer], kind: str, actors: IndexArray
) -> PairArray:
    """Pairs of actors and what they did it to as one number each, ordered by actor, then target."""
    to = actors[targets] if kind == "account" else targets
    pairs: PairArray = actors[sources].astype(np.uint64) << _HALF | to.astype(np.uint64)
    return pairs


def _translated(now: Snapshot, later: Snapshot, kind: str) -> npt.NDArray[np.int64]:
    """Index in ``now`` of everything that ``later`` knows of a kind, -1 where there is none."""
    nobody = Ids(kind, now.accounts.values[:0])
    return positions(later.ids.get(kind, nobody).values, now.ids.get(kind, nobody).values)


def _by_viewer(pairs: PairArray, n_unknown: int) -> HeldOut:
    viewers, counts = np.unique((pairs >> _HALF).astype(np.uint32), return_counts=True)
    offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts)])
    return HeldOut(viewers, offsets, pairs.astype(np.uint32), n_unknown)


def n_undated(events: Sequence[Coded], names: Sequence[str]) -> dict[str, int]:
    """How many events of some relation types have no time, by type; types without such are left out."""
    model, found = load_model(), dict.fromkeys(names, 0)
    for some in events:
        for name in names:
            found[name] += int(((some.relation == model.relation(name).code) & (some.time == NO_TIME)).sum())
    return {name: n for name, n in found.items() if n}
