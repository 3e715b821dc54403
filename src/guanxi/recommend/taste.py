"""Taste: a walk from the viewer's items to accounts that have them, too, and on to what else those have.

RP3beta (Paudel, Christoffel, Newell, Bernstein, "Updatable, accurate, diverse, and scalable recommendations for
interactive applications", ACM TiiS 2016, doi:10.1145/2955101): ``score(j) = sum over own items i, accounts v of
x_i d_i^-a d_v^-a / d_j^b``. It needs no training, so an answer follows the viewer's own events at once, and it is
linear in the viewer's items, so the share of each of them is exact.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.compiled import njit
from guanxi.recommend.explanation import Term
from guanxi.recommend.interactions import FloatArray, IndexArray, Interactions, scratch
from guanxi.recommend.ranking import highest


@dataclass(frozen=True, slots=True)
class TasteOptions:
    """Exponents ``alpha`` of the walk and ``beta`` against popularity, chosen on a validation split of LastFM."""

    alpha: float = 0.7
    beta: float = 0.4
    max_neighbours: int = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Taste:
    """The viewer's neighbours in taste.

    Attributes
    ----------
    items, weights : numpy.ndarray
        The viewer's items and what each sends out: ``x_i d_i^-alpha``.
    neighbours, closeness : numpy.ndarray
        Accounts reached in one step, and how strongly.
    """

    items: IndexArray
    weights: FloatArray
    neighbours: IndexArray
    closeness: FloatArray
    options: TasteOptions


def taste_of(
    interactions: Interactions,
    items: IndexArray,
    weights: FloatArray,
    *,
    viewer: int | None,
    options: TasteOptions,
) -> Taste:
    """Walk from the viewer's items to the accounts that share them, keeping the closest ``max_neighbours``."""
    known = items < interactions.n_items
    items, weights = items[known], weights[known]
    sent = weights / interactions.holder_counts(power=options.alpha)[items]
    closeness = np.zeros(interactions.n_accounts)
    _carry(interactions.in_offsets, interactions.accounts, items, sent, closeness)
    if viewer is not None:
        closeness[viewer] = 0.0
    near = highest(closeness, limit=options.max_neighbours)
    return Taste(items, sent, near.astype(np.uint32), closeness[near], options)


def taste_scores(interactions: Interactions, taste: Taste) -> FloatArray:
    """Score of every item, shape (n_items,); not scaled."""
    scores = np.zeros(interactions.n_items)
    spread = taste.closeness / interactions.item_counts(power=taste.options.alpha)[taste.neighbours]
    _carry(interactions.offsets, interactions.items, taste.neighbours, spread, scores)
    scores /= interactions.holder_counts(power=taste.options.beta)
    return scores


def in_common(interactions: Interactions, taste: Taste, items: npt.NDArray[np.int64]) -> FloatArray:
    """What each of the viewer's items adds to the score of each of ``items``, shape (n_items, n_own); not scaled."""
    common = np.zeros((len(items), len(taste.items)))
    with scratch(interactions.n_accounts) as sends, scratch(interactions.n_accounts) as marks:
        sends[taste.neighbours] = 1.0 / interactions.item_counts(power=taste.options.alpha)[taste.neighbours]
        _walk_back(interactions.in_offsets, interactions.accounts, items, taste.items, sends, marks, common)
        sends[taste.neighbours] = 0.0
    common *= taste.weights
    common /= interactions.holder_counts(power=taste.options.beta)[items][:, None]
    return common


def own_item_terms(items: IndexArray, amounts: FloatArray, *, at_most: int) -> list[Term]:
    """What the viewer's items, in increasing order, add to a score: the most one by one, the rest together."""
    order = np.argsort(-amounts, kind="stable")[: np.count_nonzero(amounts > 0)]
    first, rest = order[:at_most], order[at_most:]
    pairs = zip(items[first].tolist(), amounts[first].tolist(), strict=True)
    terms = [Term("own_item", amount, item=own) for own, amount in pairs]
    return [*terms, Term("others", float(amounts[rest].sum()), n=len(rest))] if len(rest) else terms


def account_terms(interactions: Interactions, taste: Taste, account: int, *, scale: float, at_most: int) -> list[Term]:
    """What the viewer's items add to the closeness of ``account``, times ``scale``, as in ``own_item_terms``."""
    theirs, _ = interactions.items_of(account)
    place = np.minimum(np.searchsorted(theirs, taste.items), max(len(theirs) - 1, 0))
    common = theirs[place] == taste.items if len(theirs) else np.zeros(len(taste.items), dtype=np.bool_)
    return own_item_terms(taste.items[common], taste.weights[common] * scale, at_most=at_most)


@njit()
def _carry(offsets, targets, rows, given, amounts):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add what each of ``rows`` gives to all its targets, in the order of ``rows``."""
    for i in range(len(rows)):
        for at in range(np.uint64(offsets[rows[i]]), np.uint64(offsets[rows[i] + 1])):
            amounts[targets[at]] += given[i]


@njit()
def _walk_back(in_offsets, accounts, items, own_items, sends, marks, common):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add up what the holders of both send, for each item and each own item; ``marks`` are zero before and after."""
    for i in range(len(items)):
        first, last = np.uint64(in_offsets[items[i]]), np.uint64(in_offsets[items[i] + 1])
        for at in range(first, last):
            marks[accounts[at]] = sends[accounts[at]]
        for k in range(len(own_items)):
            total = 0.0
            for at in range(np.uint64(in_offsets[own_items[k]]), np.uint64(in_offsets[own_items[k] + 1])):
                total += marks[accounts[at]]
            common[i, k] = total
        for at in range(first, last):
            marks[accounts[at]] = 0.0
