"""Why something is recommended: a sum of terms, and plain counts beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

TermCode = Literal["trusted_account", "trusted_accounts_unnamed", "own_item", "popularity", "global_trust", "others"]

PartName = Literal["trust", "taste", "prior"]
PARTS: tuple[PartName, ...] = ("trust", "taste", "prior")


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of a score.

    Attributes
    ----------
    code : str
        ``trusted_account``: what one named account adds. ``trusted_accounts_unnamed``: what accounts add whose actions
        are not public, together. ``own_item``: what one of the viewer's own items adds. ``popularity``: the item's
        standing with all accounts, by their global trust. ``global_trust``: the account's own. ``others``: all terms
        that are not listed one by one.
    amount : float
        What it adds to the score.
    account, item : int or None
        The index of whom or what it is about.
    n : int or None
        For terms that stand for several: how many.
    authenticity : float or None
        The factor by which the account's influence was discounted; None or 1: not at all.
    distrust : float or None
        The same for distrust in the account.
    """

    code: TermCode
    amount: float
    account: int | None = None
    item: int | None = None
    n: int | None = None
    authenticity: float | None = None
    distrust: float | None = None


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a score: its weight in the mixture, its amount, and the terms that add up to it."""

    name: PartName
    weight: float
    amount: float
    terms: tuple[Term, ...]

    @property
    def remainder(self) -> float:
        """What the terms leave unexplained: rounding and solver tolerance, nothing else."""
        return self.amount - sum(term.amount for term in self.terms)


@dataclass(frozen=True, slots=True)
class Count:
    """A plain count beside a score: how many accounts that the viewer trusts did something to it."""

    relation: str
    n: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommended item or account; ``score`` is the sum of its components' amounts, times ``factor``: distrust."""

    index: int
    score: float
    components: tuple[Component, ...]
    counts: tuple[Count, ...]
    factor: float = 1.0


def composed(
    index: int,
    amounts: Mapping[PartName, float],
    weights: Mapping[PartName, float],
    terms: Mapping[PartName, list[Term]],
    counts: tuple[Count, ...],
    *,
    at_most: int,
    factor: float = 1.0,
) -> Recommendation:
    """Put a score together from the amounts, weights and terms of its parts."""
    components = tuple(
        Component(name, weights[name], amounts[name], listed(terms[name], at_most=at_most)) for name in PARTS
    )
    score = factor * sum(component.amount for component in components)
    return Recommendation(index, score, components, counts, factor)


def listed(terms: list[Term], *, at_most: int) -> tuple[Term, ...]:
    """The largest terms one by one, the rest as one term; the sum stays the same."""
    single = [term for term in terms if term.code != "others"]
    ordered = sorted(single, key=lambda term: (-term.amount, term.account or 0, term.item or 0))
    together = [term for term in terms if term.code == "others"]
    rest = [*ordered[at_most:], *together]
    if not rest:
        return tuple(ordered)
    n = len(rest) - len(together) + sum(term.n or 0 for term in together)
    return (*ordered[:at_most], Term("others", sum(term.amount for term in rest), n=n))
