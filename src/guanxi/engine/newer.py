"""What a viewer did after the snapshot: their own answers follow it at once."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.engine.scoring import Run
from guanxi.local_trust import Actions, trust_row
from guanxi.recommend import ItemWeights, item_rows
from guanxi.snapshot import Relation, relations_of
from guanxi.stores import GraphStore
from guanxi.trust import TrustRow

IndexArray = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """A viewer as of now: the snapshot's account, with what came later on top.

    Attributes
    ----------
    index : int or None
        None: the snapshot does not know the account.
    relations : mapping
        The viewer's own relations, with the single source 0.
    row : TrustRow or None
        Whom the viewer trusts, where that differs from the run.
    items, weights : numpy.ndarray
        What the viewer has.
    n_newer : int
        Events that are newer than the snapshot.
    """

    id: str
    index: int | None
    relations: dict[tuple[str, str], Relation]
    row: TrustRow | None
    items: IndexArray
    weights: npt.NDArray[np.float64]
    n_newer: int

    def targets(self, name: str, kind: str) -> IndexArray:
        """Targets of one of the viewer's relation types."""
        relation = self.relations.get((name, kind))
        return np.zeros(0, dtype=np.uint32) if relation is None else relation.targets

    @classmethod
    def of(cls, id_: str, run: Run, store: GraphStore, *, seq: int) -> Self:
        """Look at an account through a run whose snapshot knows the events up to ``seq``."""
        index = run.snapshot.accounts.find(id_)
        newer = len(store.events_of(id_, after=seq))
        if not newer and index is not None:
            return cls._known(id_, index, run)
        relations = relations_of(run.snapshot, store.events_of(id_, after=0)) if newer else {}
        actions = Actions(np.array([_row_index(index, run)], dtype=np.uint32), relations)
        targets, weights = trust_row(actions, run.setting)
        items, held = item_rows(actions, weights=ItemWeights(), as_of=run.snapshot.as_of)
        return cls(id_, index, relations, TrustRow(targets, weights.astype(np.float64)), items, held, newer)

    @classmethod
    def _known(cls, id_: str, index: int, run: Run) -> Self:
        own = {
            key: relation.take(relation.rows_of(index))
            for key, relation in run.snapshot.relations.items()
            if len(relation.offsets) == run.snapshot.n_accounts + 1 and relation.name not in ("sell", "certify")
        }
        items, weights = run.interactions.items_of(index)
        return cls(id_, index, own, None, items, weights, 0)


def _row_index(index: int | None, run: Run) -> int:
    """Index under which a viewer's row is computed; one that no account has, where the snapshot does not know it."""
    return run.snapshot.n_accounts if index is None else index
