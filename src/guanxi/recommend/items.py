"""Items for a viewer: what trusted accounts have and share, what suits the viewer's taste, and what is in standing.

``score = trust part + taste part + prior``. The weight of the trust part falls with the number of items that the
viewer has: mixed in naively, trust helps newcomers and harms everybody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.recommend.acts import Acts
from guanxi.recommend.explanation import PARTS, Count, PartName, Recommendation, Term, composed
from guanxi.recommend.interactions import FloatArray, Interactions, given_by_each, given_items
from guanxi.recommend.mixture import mixed
from guanxi.recommend.ranking import best_of, check_limit
from guanxi.recommend.taste import Taste, TasteOptions, in_common, own_item_terms, taste_of, taste_scores
from guanxi.recommend.viewer import Circle, Viewer
from guanxi.snapshot import Snapshot

_COUNTED = ("purchase", "share", "review", "report")


@dataclass(frozen=True, slots=True)
class ItemOptions:
    """How items are scored.

    Attributes
    ----------
    gate_items : float
        At this number of own items, trust and taste weigh the same.
    gate_power : float
        How sharply the weight moves from trust to taste.
    prior_weight : float
        Weight of the prior, in 0..1.
    spread : float
        A trusted account's weights are divided by the number of its items to this power.
    public : frozenset of str
        Relation types whose actors may be named.
    max_terms : int
        How many terms are listed one by one.
    """

    gate_items: float = 3.0
    gate_power: float = 2.0
    prior_weight: float = 0.02
    spread: float = 0.5
    public: frozenset[str] = frozenset({"share", "review"})
    max_terms: int = 5
    taste: TasteOptions = field(default_factory=TasteOptions)

    def weights(self, n_own: int) -> dict[PartName, float]:
        """Weights of trust, taste and prior for a viewer with ``n_own`` items.

        >>> ItemOptions(prior_weight=0.0).weights(3)
        {'trust': 0.5, 'taste': 0.5, 'prior': 0.0}
        """
        gate = 1.0 / (1.0 + (n_own / self.gate_items) ** self.gate_power)
        rest = 1.0 - self.prior_weight
        return {"trust": rest * gate, "taste": rest * (1.0 - gate), "prior": self.prior_weight}


def recommend_items(
    viewer: Viewer,
    interactions: Interactions,
    prior: FloatArray,
    snapshot: Snapshot,
    *,
    limit: int = 10,
    options: ItemOptions | None = None,
) -> list[Recommendation]:
    """The best ``limit`` items for a viewer, with reasons; ties go to the lower index.

    Parameters
    ----------
    prior : numpy.ndarray, shape (n_items,)
        See ``item_prior``.
    snapshot : Snapshot
        For the counts beside each score.

    Raises
    ------
    ParameterError
        If ``limit`` is not in 1..1000.
    """
    check_limit(limit)
    options = options or ItemOptions()
    taste = taste_of(interactions, viewer.items, viewer.weights, viewer=viewer.index, options=options.taste)
    parts: dict[PartName, FloatArray] = {
        "trust": trust_scores(interactions, viewer.circle, spread=options.spread),
        "taste": taste_scores(interactions, taste),
        "prior": prior,
    }
    scores, scale = mixed(parts, options.weights(len(viewer.items)), excluded=viewer.excluded_items)
    if viewer.item_factor is not None:
        scores *= viewer.item_factor
    best = best_of(scores, limit=limit)
    return _Explainer.of(viewer, interactions, snapshot, taste, best, options, scale).recommendations(parts)


def trust_scores(interactions: Interactions, circle: Circle, *, spread: float) -> FloatArray:
    """What the circle's accounts have, each by its trust, shape (n_items,); not scaled."""
    items, amounts = given_items(interactions, circle.accounts, _shares(interactions, circle, spread=spread))
    scores = np.zeros(interactions.n_items)
    scores[items] = amounts
    return scores


def _shares(interactions: Interactions, circle: Circle, *, spread: float) -> FloatArray:
    """What each account of the circle gives to each of its items, times the item's weight."""
    return circle.trust / interactions.item_counts(power=spread)[circle.accounts]


@dataclass(frozen=True, slots=True, eq=False)
class _Explainer:
    """Says what a viewer's scores are made of.

    Attributes
    ----------
    items : numpy.ndarray, shape (k,)
        Which ones are explained; the arrays below are in their order.
    given : numpy.ndarray, shape (k, n_circle)
        What each account of the circle adds.
    common : numpy.ndarray, shape (k, n_own)
        What each of the viewer's items adds.
    """

    viewer: Viewer
    taste: Taste
    acts: Acts
    items: npt.NDArray[np.int64]
    given: FloatArray
    common: FloatArray
    options: ItemOptions
    scale: dict[PartName, float]

    @classmethod
    def of(
        cls,
        viewer: Viewer,
        interactions: Interactions,
        snapshot: Snapshot,
        taste: Taste,
        items: npt.NDArray[np.int64],
        options: ItemOptions,
        scale: dict[PartName, float],
    ) -> Self:
        circle = viewer.circle
        acts = Acts.of(snapshot, circle.accounts, items, names=_COUNTED, kind="item")
        shares = _shares(interactions, circle, spread=options.spread) * scale["trust"]
        given = given_by_each(interactions, circle.accounts, shares, items)
        common = in_common(interactions, taste, items) * scale["taste"]
        return cls(viewer, taste, acts, items, given, common, options, scale)

    def recommendations(self, parts: Mapping[PartName, FloatArray]) -> list[Recommendation]:
        raised = {name: (parts[name][self.items] * self.scale[name]).tolist() for name in PARTS}
        gated = self.options.weights(len(self.viewer.items))
        weights = {name: weight if self.scale[name] else 0.0 for name, weight in gated.items()}
        counts = self.acts.counts() or [()] * len(self.items)
        return [
            self._recommendation(place, item, {name: raised[name][place] for name in PARTS}, weights, counts[place])
            for place, item in enumerate(self.items.tolist())
        ]

    def _recommendation(
        self,
        place: int,
        item: int,
        amounts: dict[PartName, float],
        weights: dict[PartName, float],
        counts: tuple[Count, ...],
    ) -> Recommendation:
        at_most = self.options.max_terms
        terms: dict[PartName, list[Term]] = {
            "trust": self._trust_terms(place, item),
            "taste": own_item_terms(self.taste.items, self.common[place], at_most=at_most),
            "prior": [Term("popularity", amounts["prior"], item=item)] if amounts["prior"] > 0 else [],
        }
        factor = 1.0 if self.viewer.item_factor is None else float(self.viewer.item_factor[item])
        return composed(item, amounts, weights, terms, counts, at_most=at_most, factor=factor)

    def _trust_terms(self, place: int, item: int) -> list[Term]:
        given, gives = self.given[place], self.given[place] > 0
        acted = self.acts.who([name for name in ("purchase", "share") if name in self.options.public], place)
        named = gives & acted if acted is not None else np.zeros_like(gives)
        unnamed = given[gives & ~named]
        terms = self._named_terms(np.flatnonzero(named), given, item)
        if len(unnamed):
            terms.append(Term("trusted_accounts_unnamed", float(unnamed.sum()), item=item, n=len(unnamed)))
        return terms

    def _named_terms(self, named: npt.NDArray[np.int64], given: FloatArray, item: int) -> list[Term]:
        """What each account adds that may be named: the most one by one, the rest together."""
        circle = self.viewer.circle
        order = named[np.lexsort((circle.accounts[named], -given[named]))]
        first, rest = order[: self.options.max_terms], order[self.options.max_terms :]
        left = [None] * len(first) if circle.distrust is None else circle.distrust[first].tolist()
        columns = (circle.accounts[first].tolist(), given[first].tolist(), circle.authenticity[first].tolist(), left)
        terms = [
            Term("trusted_account", amount, account=account, item=item, authenticity=real, distrust=kept)
            for account, amount, real, kept in zip(*columns, strict=True)
        ]
        return [*terms, Term("others", float(given[rest].sum()), n=len(rest))] if len(rest) else terms
