"""What a viewer did after the snapshot: their own answers follow it at once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.engine.identity import Relations, others_of, row_of_actor, targets_of_actor
from guanxi.engine.scoring import Run
from guanxi.local_trust import Actions, Identities, speaks_for
from guanxi.recommend import ItemWeights, item_rows
from guanxi.schema import load_model
from guanxi.snapshot import Relation, relations_of
from guanxi.trust import TrustRow

IndexArray = npt.NDArray[np.uint32]


class OwnEvents(Protocol):
    """Where an account's own events are found: a store, or what stands for it in a view of the past."""

    def events_of(self, source: str, *, after: int) -> pa.Table:
        """Events of one source with a seq greater than ``after``."""


@dataclass(frozen=True, slots=True, eq=False)
class Present:
    """A viewer as of now: the snapshot's account, with what came later on top.

    Attributes
    ----------
    index : int or None
        Of the account that stands for it in the run: its own, unless it is linked. None: the snapshot does not know it.
    relations : mapping
        The viewer's own relations, with the single source 0.
    row : TrustRow or None
        Whom the viewer trusts, where that differs from the run.
    items, weights : numpy.ndarray
        What the viewer has.
    n_newer : int
        Events that are newer than the snapshot. Links among them wait for the next one.
    identities : Identities or None
        Which accounts the run takes for one actor.
    others : mapping of index to relations
        Of the accounts that are one actor with the viewer, as the snapshot knows them.
    """

    id: str
    index: int | None
    relations: dict[tuple[str, str], Relation]
    row: TrustRow | None
    items: IndexArray
    weights: npt.NDArray[np.float64]
    n_newer: int
    identities: Identities | None = None
    others: Mapping[int, Relations] = field(default_factory=dict)

    @property
    def actor(self) -> list[Relations]:
        """Relations of the viewer, and of the accounts that are one actor with it."""
        return [self.relations, *self.others.values()]

    def targets(self, name: str, kind: str) -> IndexArray:
        """Targets of one relation type of the viewer as an actor; of accounts those that stand for them in the run."""
        return targets_of_actor(self.identities, self.actor, name, kind)

    def trusted(self) -> IndexArray:
        """Accounts of which the viewer says that they trust them: not those with a level below 0."""
        return targets_of_actor(self.identities, self.actor, "trust", "account", only=speaks_for)

    @classmethod
    def of(cls, id_: str, run: Run, store: OwnEvents, *, seq: int) -> Self:
        """Look at an account through a run whose snapshot knows the events up to ``seq``."""
        index = run.snapshot.accounts.find(id_)
        newer = _n_deeds(store.events_of(id_, after=seq))
        if not newer and index is not None:
            return cls._known(id_, index, run)
        relations = relations_of(run.snapshot, store.events_of(id_, after=0)) if newer else {}
        others = others_of(run, index)
        row = row_of_actor(run, index, relations, others)
        at = None if index is None else run.actor(index)
        return cls(id_, at, relations, row, *_items(relations, run), newer, run.identities, others)

    @classmethod
    def _known(cls, id_: str, index: int, run: Run) -> Self:
        own = {key: relation.take(relation.rows_of(index)) for key, relation in run.snapshot.deeds.items()}
        others = others_of(run, index)  # what they hold stays theirs: accounts are one for trust, not for taste
        items, weights = _items(own, run) if others else run.interactions.items_of(index)
        return cls(id_, run.actor(index), own, None, items, weights, 0, run.identities, others)


def _n_deeds(events: pa.Table) -> int:
    """How many events are an account's: an item or a merchant may have its id."""
    model = load_model()
    return sum(model.relation(model.relation_name(code)).source == "account" for code in events["relation"].to_pylist())


def _items(relations: Relations, run: Run) -> tuple[IndexArray, npt.NDArray[np.float64]]:
    actions = Actions(np.zeros(1, dtype=np.uint32), relations)
    return item_rows(actions, weights=ItemWeights(), as_of=run.snapshot.as_of)
