"""Planted purchases of followers, to measure the witnesses with: never called on the way to an answer."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.authenticity.audience import Audience
from guanxi.errors import ParameterError
from guanxi.graph import IndexArray

Pairs = tuple[IndexArray, IndexArray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """How followers are bought.

    Attributes
    ----------
    n_fakes, n_customers : int
        Sold accounts, which are new, and buyers, drawn among the accounts there are.
    n_follows : int
        Customers that each sold account follows, all different.
    camouflage : int
        Other accounts that it follows for each customer it follows, drawn by popularity.
    follow_back : float
        Probability that a customer follows such a follower back.
    n_links : int
        Other sold accounts that each sold account follows.
    """

    n_fakes: int
    n_customers: int
    n_follows: int
    camouflage: int = 0
    follow_back: float = 0.0
    n_links: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.n_follows <= self.n_customers:
            raise ParameterError(f"n_follows is {self.n_follows}, not in 1..{self.n_customers} (n_customers)")
        if not 0 <= self.n_links < self.n_fakes:
            raise ParameterError(f"n_links is {self.n_links}, not in 0..{self.n_fakes - 1} (n_fakes - 1)")
        if self.camouflage < 0:
            raise ParameterError(f"camouflage is {self.camouflage}, not 0 or more")
        if not 0 <= self.follow_back <= 1:
            raise ParameterError(f"follow_back is {self.follow_back}, not in [0, 1]")


@dataclass(frozen=True, slots=True, eq=False)
class Planted:
    """A graph after the purchase, with what is known about it.

    Attributes
    ----------
    audience : Audience
        The accounts there were, then the fakes.
    fakes, customers : numpy.ndarray, shape (n,), bool
        Who was sold, who bought.
    """

    audience: Audience
    fakes: npt.NDArray[np.bool_]
    customers: npt.NDArray[np.bool_]


def plant(audience: Audience, purchase: Purchase, *, rng: np.random.Generator) -> Planted:
    """Sell followers to random accounts of ``audience``.

    Raises
    ------
    ParameterError
        If there are fewer accounts than customers.
    """
    if audience.n < purchase.n_customers:
        raise ParameterError(f"n_customers is {purchase.n_customers}, not at most {audience.n} (accounts)")
    n = audience.n + purchase.n_fakes
    customers = rng.choice(audience.n, purchase.n_customers, replace=False)
    edges: list[Pairs] = [(audience.edge_sources(), audience.targets)]
    for fake in range(audience.n, n):
        edges += _follows_of(fake, customers, audience, purchase, rng)
    source, target = (np.concatenate([edge[side] for edge in edges]) for side in range(2))
    accounts = np.arange(n)
    return Planted(
        Audience.from_edges(n, source=source, target=target),
        fakes=accounts >= audience.n,
        customers=np.isin(accounts, customers),
    )


def _follows_of(
    fake: int, customers: npt.NDArray[np.int64], audience: Audience, purchase: Purchase, rng: np.random.Generator
) -> list[Pairs]:
    """What one fake follows, and who follows it back."""
    bought = rng.choice(customers, purchase.n_follows, replace=False)
    # A random relation leads to an account with a chance in proportion to its followers.
    n_popular = purchase.n_follows * purchase.camouflage if audience.m else 0
    popular = audience.targets[rng.integers(0, max(audience.m, 1), n_popular)]
    links = audience.n + rng.choice(purchase.n_fakes, purchase.n_links, replace=False)
    back = bought[rng.random(purchase.n_follows) < purchase.follow_back]
    followed = np.concatenate([bought, popular.astype(np.int64), links])
    return [(np.full(len(followed), fake), followed), (back, np.full(len(back), fake))]
