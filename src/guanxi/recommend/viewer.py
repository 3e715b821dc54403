"""The viewer of a recommendation: whom they trust, what they have, what must not be shown."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.recommend.interactions import FloatArray, IndexArray
from guanxi.recommend.ranking import best_of


@dataclass(frozen=True, slots=True, eq=False)
class Circle:
    """The accounts that a viewer trusts most, by decreasing trust.

    Attributes
    ----------
    accounts : numpy.ndarray, shape (k,), uint32
    trust : numpy.ndarray, shape (k,)
        Share of the circle's trust; sums to one.
    authenticity : numpy.ndarray, shape (k,)
        The discount that is already in ``trust``; 1 where nothing was discounted.
    distrust : numpy.ndarray, shape (k,), or None
        The factor of distrust that is already in ``trust``; None where nothing speaks against any account.
    """

    accounts: IndexArray
    trust: FloatArray
    authenticity: FloatArray
    distrust: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.accounts)

    def without(self, accounts: IndexArray) -> "Circle":
        """The same circle without some accounts."""
        kept = ~np.isin(self.accounts, accounts)
        total = self.trust[kept].sum()
        shares = self.trust[kept] / (total if total > 0 else 1.0)
        distrust = None if self.distrust is None else self.distrust[kept]
        return Circle(self.accounts[kept], shares, self.authenticity[kept], distrust)


@dataclass(frozen=True, slots=True, eq=False)
class Viewer:
    """Who asks.

    Attributes
    ----------
    index : int or None
        None: an account that the snapshot does not know.
    circle : Circle
    items, weights : numpy.ndarray
        What the viewer has, and how much it says.
    excluded_items, excluded_accounts : numpy.ndarray of indices
        What the answer must not contain: owned, followed, blocked, the viewer.
    item_factor : numpy.ndarray, shape (n_items,), or None
        By which distrust lowers the score of every item; None where nothing speaks against any.
    """

    index: int | None
    circle: Circle
    items: IndexArray
    weights: FloatArray
    excluded_items: npt.NDArray[np.integer]
    excluded_accounts: npt.NDArray[np.integer]
    item_factor: FloatArray | None = None


def trusted_circle(scores: FloatArray, viewer: int | None, discount: FloatArray, *, size: int = 200) -> Circle:
    """Pick the ``size`` accounts with the most personal trust, the viewer apart; ties go to the lower index."""
    best = best_of(scores, limit=size + 1)
    best = best[best != viewer][:size] if viewer is not None else best[:size]
    total = scores[best].sum()
    return Circle(best.astype(np.uint32), scores[best] / total if total > 0 else scores[best], discount[best])
