"""Taste: a walk from the viewer's items to accounts that have them, too, and on to what else those have.

RP3beta (Paudel, Christoffel, Newell, Bernstein, "Updatable, accurate, diverse, and scalable recommendations for
interactive applications", ACM TiiS 2016, doi:10.1145/2955101): ``score(j) = sum over own items i, accounts v of
x_i d_i^-a d_v^-a / d_j^b``. It needs no training, so an answer follows the viewer's own events at once, and it is
linear in the viewer's items, so the share of each of them is exact.
"""

from dataclasses import dataclass

import numpy as np

from guanxi.recommend.explanation import Term
from guanxi.recommend.interactions import FloatArray, IndexArray, Interactions


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
    degrees = np.diff(interactions.in_offsets)[items]
    sent = weights / np.maximum(degrees, 1) ** options.alpha
    holders = [interactions.holders(item) for item in items.tolist()]
    reached = np.concatenate([np.zeros(0, dtype=np.uint32), *holders])
    amounts = np.repeat(sent, [len(h) for h in holders])
    closeness = np.bincount(reached, weights=amounts, minlength=interactions.n_accounts).astype(float)
    if viewer is not None:
        closeness[viewer] = 0.0
    near = np.flatnonzero(closeness > 0)
    near = near[np.lexsort((near, -closeness[near]))][: options.max_neighbours]
    return Taste(items, sent, near.astype(np.uint32), closeness[near], options)


def taste_scores(interactions: Interactions, taste: Taste) -> FloatArray:
    """Score of every item, shape (n_items,); not scaled."""
    counts = np.diff(interactions.offsets)[taste.neighbours]
    rows = [interactions.items_of(account)[0] for account in taste.neighbours.tolist()]
    reached = np.concatenate([np.zeros(0, dtype=np.uint32), *rows])
    spread = taste.closeness / np.maximum(counts, 1) ** taste.options.alpha
    scores = np.bincount(reached, weights=np.repeat(spread, counts), minlength=interactions.n_items)
    degrees = np.maximum(np.diff(interactions.in_offsets), 1)
    scaled: FloatArray = scores / degrees**taste.options.beta
    return scaled


def item_terms(interactions: Interactions, taste: Taste, item: int, *, scale: float) -> list[Term]:
    """What each of the viewer's items adds to the score of ``item``, times ``scale``."""
    spread = np.zeros(interactions.n_accounts)
    with_it = np.intersect1d(interactions.holders(item), taste.neighbours)
    spread[with_it] = 1.0 / np.diff(interactions.offsets)[with_it] ** taste.options.alpha
    scale = scale / max(len(interactions.holders(item)), 1) ** taste.options.beta
    amounts = [
        (own, sent * scale * spread[interactions.holders(own)].sum())
        for own, sent in zip(taste.items.tolist(), taste.weights.tolist(), strict=True)
    ]
    return [Term("own_item", float(amount), item=own) for own, amount in amounts if amount > 0]


def account_terms(interactions: Interactions, taste: Taste, account: int, *, scale: float) -> list[Term]:
    """What each of the viewer's items adds to the closeness of ``account``, times ``scale``."""
    common = np.isin(taste.items, interactions.items_of(account)[0])
    pairs = zip(taste.items[common].tolist(), taste.weights[common].tolist(), strict=True)
    return [Term("own_item", sent * scale, item=own) for own, sent in pairs]
