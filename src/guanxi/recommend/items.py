"""Items for a viewer: what trusted accounts have and share, what suits the viewer's taste, and what is in standing.

``score = trust part + taste part + prior``. The weight of the trust part falls with the number of items that the
viewer has: mixed in naively, trust helps newcomers and harms everybody else.
"""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.recommend.acts import Acts
from guanxi.recommend.explanation import PARTS, PartName, Recommendation, Term, composed
from guanxi.recommend.interactions import FloatArray, Interactions
from guanxi.recommend.mixture import mixed
from guanxi.recommend.taste import Taste, TasteOptions, item_terms, taste_of, taste_scores
from guanxi.recommend.viewer import Circle, Viewer
from guanxi.snapshot import Snapshot

MAX_LIMIT = 1000
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
    best = best_of(scores, limit=limit)
    acts = Acts.of(snapshot, viewer.circle.accounts, best, names=_COUNTED, kind="item")
    explain = _Explainer(viewer, interactions, acts, taste, options, scale)
    return [
        explain.recommendation(int(item), {name: float(part[item]) for name, part in parts.items()}) for item in best
    ]


def check_limit(limit: int) -> None:
    """Raise ParameterError unless an answer may have so many rows."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ParameterError(f"limit is {limit}, not in 1..{MAX_LIMIT}")


def trust_scores(interactions: Interactions, circle: Circle, *, spread: float) -> FloatArray:
    """What the circle's accounts have, each by its trust, shape (n_items,); not scaled."""
    counts = np.diff(interactions.offsets)[circle.accounts]
    rows = [interactions.items_of(account) for account in circle.accounts.tolist()]
    items = np.concatenate([np.zeros(0, dtype=np.uint32), *(row[0] for row in rows)])
    weights = np.concatenate([np.zeros(0), *(row[1] for row in rows)])
    given = np.repeat(circle.trust / np.maximum(counts, 1) ** spread, counts) * weights
    return np.bincount(items, weights=given, minlength=interactions.n_items).astype(np.float64)


def best_of(scores: FloatArray, *, limit: int) -> npt.NDArray[np.int64]:
    """Indices of the largest positive scores, in decreasing order; ties go to the lower index."""
    found = np.flatnonzero(scores > 0)
    if len(found) > limit:
        threshold = np.partition(scores[found], len(found) - limit)[len(found) - limit]
        found = found[scores[found] >= threshold]
    return found[np.lexsort((found, -scores[found]))][:limit]


@dataclass(frozen=True, slots=True, eq=False)
class _Explainer:
    """Says what a viewer's scores are made of."""

    viewer: Viewer
    interactions: Interactions
    acts: Acts
    taste: Taste
    options: ItemOptions
    scale: dict[PartName, float]

    def recommendation(self, item: int, raw: dict[PartName, float]) -> Recommendation:
        amounts = {name: raw[name] * self.scale[name] for name in PARTS}
        terms: dict[PartName, list[Term]] = {
            "trust": self._trust_terms(item),
            "taste": item_terms(self.interactions, self.taste, item, scale=self.scale["taste"]),
            "prior": [Term("popularity", amounts["prior"], item=item)] if amounts["prior"] > 0 else [],
        }
        gated = self.options.weights(len(self.viewer.items))
        weights = {name: weight if self.scale[name] else 0.0 for name, weight in gated.items()}
        return composed(item, amounts, weights, terms, self.acts.counts(item), at_most=self.options.max_terms)

    def _trust_terms(self, item: int) -> list[Term]:
        circle = self.viewer.circle
        rows = slice(int(self.interactions.in_offsets[item]), int(self.interactions.in_offsets[item + 1]))
        holders, weights = self.interactions.accounts[rows], self.interactions.in_weights[rows]
        place = np.minimum(np.searchsorted(holders, circle.accounts), max(len(holders) - 1, 0))
        members = np.flatnonzero(holders[place] == circle.accounts) if len(holders) else np.zeros(0, dtype=np.int64)
        accounts = circle.accounts[members]
        n_items = np.diff(self.interactions.offsets)[accounts]
        given = circle.trust[members] * weights[place[members]] / n_items**self.options.spread * self.scale["trust"]
        shown = np.isin(accounts, list(self._acted_in_public(item)))
        named = zip(
            accounts[shown].tolist(), given[shown].tolist(), circle.authenticity[members][shown].tolist(), strict=True
        )
        terms = [
            Term("trusted_account", amount, account=a, item=item, authenticity=factor) for a, amount, factor in named
        ]
        if not shown.all():
            unnamed = given[~shown]
            terms.append(Term("trusted_accounts_unnamed", float(unnamed.sum()), item=item, n=len(unnamed)))
        return terms

    def _acted_in_public(self, item: int) -> frozenset[int]:
        names = [name for name in ("purchase", "share") if name in self.options.public]
        return frozenset().union(*(self.acts.who(name, item) for name in names))
