"""What accounts hold of items: one weight per pair, from purchases and shares."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.graph import offsets_of, sum_by_key
from guanxi.local_trust import Actions, decay
from guanxi.schema import load_model

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.uint32]
OffsetArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ItemWeights:
    """How likely one action alone makes it that an account likes an item, before it fades with the half-life.

    Several actions on one item add up as independent witnesses do (noisy-or): a pair's weight stays below 1, so ten
    posts about one item do not outvote ten items.
    """

    purchase: float = 0.9
    share: float = 0.5
    half_life_days: Mapping[str, float | None] = field(
        default_factory=lambda: {r.name: r.half_life_days for r in load_model().relations.values()}
    )
    floor: float = 0.1
    """An old purchase fades down to this part of its weight, not to nothing: taste outlives the receipt."""


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Accounts x items in compressed sparse rows, both ways; within a row in increasing order of index."""

    offsets: OffsetArray
    items: IndexArray
    weights: FloatArray
    in_offsets: OffsetArray
    accounts: IndexArray
    in_weights: FloatArray

    @property
    def n_accounts(self) -> int:
        """Number of accounts."""
        return len(self.offsets) - 1

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.in_offsets) - 1

    def items_of(self, account: int) -> tuple[IndexArray, FloatArray]:
        """Items of one account and their weights."""
        rows = slice(int(self.offsets[account]), int(self.offsets[account + 1]))
        return self.items[rows], self.weights[rows]

    def holders(self, item: int) -> IndexArray:
        """Accounts that have one item."""
        return self.accounts[int(self.in_offsets[item]) : int(self.in_offsets[item + 1])]

    @classmethod
    def of(cls, actions: Actions, n_items: int, *, weights: ItemWeights, as_of: int | None) -> Self:
        """Add up what every account did to every item."""
        row, items, weight = item_weights(actions, weights=weights, as_of=as_of)
        pair, total = sum_by_key(row.astype(np.int64) * max(n_items, 1) + items, weight)
        account, item = pair // max(n_items, 1), (pair % max(n_items, 1)).astype(np.uint32)
        held, by_item = -np.expm1(-total), np.argsort(item, kind="stable")
        return cls(
            offsets_of(account, len(actions.accounts)),
            item,
            held,
            offsets_of(item[by_item], n_items),
            account[by_item].astype(np.uint32),
            held[by_item],
        )


def item_weights(
    actions: Actions, *, weights: ItemWeights, as_of: int | None
) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Row, item and weight of evidence, ``-log(1 - likelihood)``, of every action on an item; pairs may repeat."""
    rows: list[IndexArray] = [np.zeros(0, dtype=np.uint32)]
    items: list[IndexArray] = [np.zeros(0, dtype=np.uint32)]
    worth: list[FloatArray] = [np.zeros(0)]
    for name, weight in (("purchase", weights.purchase), ("share", weights.share)):
        found = actions.edges(name, "item")
        if found is None or weight == 0:
            continue
        row, relation = found
        left = decay(relation.times, half_life_days=weights.half_life_days[name], as_of=as_of)
        rows.append(row)
        items.append(relation.targets)
        worth.append(-np.log1p(-weight * (weights.floor + (1 - weights.floor) * left)))
    return np.concatenate(rows), np.concatenate(items), np.concatenate(worth)


def item_rows(actions: Actions, *, weights: ItemWeights, as_of: int | None) -> tuple[IndexArray, FloatArray]:
    """Items and weights of a single account from its actions: the same bits as its row of ``Interactions``."""
    _, items, weight = item_weights(actions, weights=weights, as_of=as_of)
    index, total = sum_by_key(items.astype(np.int64), weight)
    return index.astype(np.uint32), -np.expm1(-total)


def item_prior(interactions: Interactions, standing: FloatArray, *, spread: float = 0.5) -> FloatArray:
    """Every item's standing with all accounts: their global trust times their weight, shape (n_items,), sums to one.

    Parameters
    ----------
    standing : numpy.ndarray, shape (n_accounts,)
        Global trust. Counting trust and not heads keeps bought holders from making an item popular.
    spread : float
        An account's weights are divided by the number of its items to this power, in 0..1.
    """
    counts = np.diff(interactions.offsets)
    per_account = standing / np.maximum(counts, 1) ** spread
    amounts = np.repeat(per_account, counts) * interactions.weights
    prior = np.bincount(interactions.items, weights=amounts, minlength=interactions.n_items).astype(np.float64)
    total = prior.sum()
    return prior / total if total > 0 else prior
