"""What identities hold of items: accounts that are one actor hold an item once."""

import numpy as np
import numpy.typing as npt

from guanxi.graph import offsets_of
from guanxi.recommend.interactions import IndexArray, Interactions


def of_actors(interactions: Interactions, representative: IndexArray) -> Interactions:
    """Give the items of every account to whoever stands for it; of one item the largest weight counts.

    Parameters
    ----------
    representative : numpy.ndarray, shape (n_accounts,), uint32
        The account that stands for each account; the others are left with no items.
    """
    n, n_items = interactions.n_accounts, max(interactions.n_items, 1)
    account = representative[np.repeat(np.arange(n), np.diff(interactions.offsets))].astype(np.int64)
    pair, at = np.unique(account * n_items + interactions.items, return_inverse=True)
    held: npt.NDArray[np.float64] = np.zeros(len(pair))
    np.maximum.at(held, at, interactions.weights)
    account, item = pair // n_items, (pair % n_items).astype(np.uint32)
    by_item = np.argsort(item, kind="stable")
    return Interactions(
        offsets_of(account, n),
        item,
        held,
        offsets_of(item[by_item], interactions.n_items),
        account[by_item].astype(np.uint32),
        held[by_item],
    )
