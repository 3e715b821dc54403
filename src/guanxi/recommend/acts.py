"""Who of a viewer's circle did what to the things that are recommended: for plain counts and for names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.recommend.explanation import Count
from guanxi.recommend.interactions import IndexArray
from guanxi.snapshot import Relation, Snapshot


@dataclass(frozen=True, slots=True)
class Acts:
    """Accounts by relation type and target; each account once."""

    accounts: Mapping[str, Mapping[int, frozenset[int]]]

    @classmethod
    def of(
        cls, snapshot: Snapshot, circle: IndexArray, targets: npt.NDArray[np.int64], *, names: Iterable[str], kind: str
    ) -> Self:
        """Look up what the accounts in ``circle`` did to ``targets``, one relation type at a time."""
        found = {name: snapshot.relations.get((name, kind)) for name in names}
        return cls({name: _by_target(relation, circle, targets) for name, relation in found.items() if relation})

    def who(self, name: str, target: int) -> frozenset[int]:
        """Accounts that have an edge of one relation type to a target."""
        return self.accounts.get(name, {}).get(target, frozenset())

    def counts(self, target: int) -> tuple[Count, ...]:
        """How many accounts did each thing to a target; only what somebody did."""
        numbers = {name: len(by_target.get(target, ())) for name, by_target in self.accounts.items()}
        return tuple(Count(name, n) for name, n in numbers.items() if n)


def trusts_in_public(
    snapshot: Snapshot, sources: npt.NDArray[np.integer], target: int, *, public: frozenset[str]
) -> npt.NDArray[np.bool_]:
    """Which accounts showed that they trust another; a purchase that came by it shows nothing. Shape of ``sources``.

    Time O(relations of ``sources``).
    """
    ties = [snapshot.relation(name, "account") for name in ("follow", "trust") if name in public]
    shares = [snapshot.relation("share", kind) for kind in ("item", "post") if "share" in public]
    ties += [replace(share, targets=share.via) for share in shares if share.via is not None]
    known, wanted = sources[sources >= 0], np.array([target])
    shown = [_by_target(tie, known, wanted).get(target, frozenset()) for tie in ties]
    return np.isin(sources, list(frozenset().union(*shown)))


def _by_target(
    relation: Relation, circle: npt.NDArray[np.integer], targets: npt.NDArray[np.int64]
) -> Mapping[int, frozenset[int]]:
    starts, stops = relation.offsets[circle], relation.offsets[circle.astype(np.int64) + 1]
    rows = np.concatenate([np.zeros(0, dtype=np.int64), *map(np.arange, starts, stops)])
    actors = np.repeat(circle, stops - starts)
    reached = relation.targets[rows]
    wanted = np.isin(reached, targets)
    found: dict[int, set[int]] = {}
    for actor, target in zip(actors[wanted].tolist(), reached[wanted].tolist(), strict=True):
        found.setdefault(target, set()).add(actor)
    return {target: frozenset(actors) for target, actors in found.items()}
