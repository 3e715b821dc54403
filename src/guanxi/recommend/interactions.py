"""What accounts hold of items: one weight per pair, from purchases and shares."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit
from guanxi.graph import offsets_of, sum_by_key
from guanxi.local_trust import Actions, decay
from guanxi.schema import load_model
from guanxi.trust.prefetch import prefetch

FloatArray = npt.NDArray[np.float64]
IndexArray = npt.NDArray[np.uint32]
OffsetArray = npt.NDArray[np.int64]
_AHEAD = 4


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
    _damping: dict[tuple[str, float], FloatArray] = field(default_factory=dict, init=False, repr=False)

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

    def n_items_of(self, accounts: IndexArray) -> npt.NDArray[np.int64]:
        """Number of items of each of some accounts."""
        at = accounts.astype(np.int64)
        return self.offsets[at + 1] - self.offsets[at]

    def n_holders_of(self, items: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
        """Number of accounts that have each of some items."""
        at = items.astype(np.int64)
        return self.in_offsets[at + 1] - self.in_offsets[at]

    def holders(self, item: int) -> IndexArray:
        """Accounts that have one item."""
        return self.accounts[int(self.in_offsets[item]) : int(self.in_offsets[item + 1])]

    def item_counts(self, *, power: float) -> FloatArray:
        """Number of items of every account, but at least one, to a power, shape (n_accounts,); kept once computed."""
        return self._raised("account", self.offsets, power)

    def holder_counts(self, *, power: float) -> FloatArray:
        """Number of holders of every item, but at least one, to a power, shape (n_items,); kept once computed."""
        return self._raised("item", self.in_offsets, power)

    def _raised(self, kind: str, offsets: OffsetArray, power: float) -> FloatArray:
        found = self._damping.get((kind, power))
        if found is None:
            found = self._damping[kind, power] = np.maximum(np.diff(offsets), 1) ** power
        return found

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


def given_items(interactions: Interactions, accounts: IndexArray, given: FloatArray) -> tuple[IndexArray, FloatArray]:
    """What some accounts have, each giving so much to each of its items times the item's weight.

    Returns
    -------
    items : numpy.ndarray, shape (k,), uint32
        In the order in which they are first met; each once.
    amounts : numpy.ndarray, shape (k,), float64
        Added in the order of ``accounts``.

    Notes
    -----
    Time O(interactions of ``accounts``), whatever the number of items.
    """
    most = _n_edges(interactions.offsets, accounts)
    items, found = np.empty(most + 1, dtype=np.uint32), np.empty(most)
    with scratch(interactions.n_items) as amounts:
        n_met = _gather_given(
            interactions.offsets, interactions.items, interactions.weights, accounts, given, amounts, items, found
        )
    return items[:n_met], found[:n_met]


def given_by_each(
    interactions: Interactions, accounts: IndexArray, given: FloatArray, items: npt.NDArray[np.int64]
) -> FloatArray:
    """What each of some accounts gives to each of some distinct items, shape (n_items, n_accounts)."""
    amounts = np.zeros((len(items), len(accounts)))
    with scratch(interactions.n_items) as places:
        places[items] = np.arange(1, len(items) + 1)
        _spread_given(interactions.offsets, interactions.items, interactions.weights, accounts, given, places, amounts)
        places[items] = 0.0
    return amounts


_free: list[FloatArray] = []


@contextmanager
def scratch(n: int) -> Iterator[FloatArray]:
    """An array of at least ``n`` zeros that is used again and again; its user leaves zeros behind."""
    try:
        zeros = _free.pop()
    except IndexError:
        zeros = np.zeros(n)
    zeros = zeros if len(zeros) >= n else np.zeros(n)
    yield zeros  # what raised inside is not put back: it may hold something
    _free.append(zeros)


@njit()
def _n_edges(offsets, rows):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    total = 0
    for i in range(len(rows)):
        if i + 8 < len(rows):
            prefetch(offsets, rows[i + 8])
        total += offsets[rows[i] + 1] - offsets[rows[i]]
    return total


@njit(inline="always")
def _look_ahead(offsets, items, weights, rows, i):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Fetch the beginning of a later row: rows lie anywhere, and are too short for the processor to guess ahead."""
    if i + _AHEAD < len(rows):
        first = np.uint64(offsets[rows[i + _AHEAD]])
        last = np.uint64(offsets[rows[i + _AHEAD] + 1])
        for at in range(first, min(last, first + np.uint64(48)), np.uint64(8)):
            prefetch(weights, at)
            prefetch(items, at)


@njit()
def _gather_given(offsets, items, weights, accounts, given, amounts, met, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add up in ``amounts``, zero before and after, and list what was met; ``met`` has one entry to spare."""
    n_met = np.uint64(0)
    for i in range(len(accounts)):
        _look_ahead(offsets, items, weights, accounts, i)
        share = given[i]
        for at in range(np.uint64(offsets[accounts[i]]), np.uint64(offsets[accounts[i] + 1])):
            item = items[at]
            before = amounts[item]
            after = before + share * weights[at]
            amounts[item] = after
            met[n_met] = item
            n_met += np.uint64((before == 0.0) & (after > 0.0))
    for k in range(n_met):
        item = met[k]
        found[k] = amounts[item]
        amounts[item] = 0.0
    return np.int64(n_met)


@njit()
def _spread_given(offsets, items, weights, accounts, given, places, amounts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write what each account gives to each item; ``places`` holds each item's place plus one, else zero."""
    for i in range(len(accounts)):
        for at in range(np.uint64(offsets[accounts[i]]), np.uint64(offsets[accounts[i] + 1])):
            place = places[items[at]]
            if place > 0:
                amounts[np.uint64(place) - np.uint64(1), i] = given[i] * weights[at]


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
