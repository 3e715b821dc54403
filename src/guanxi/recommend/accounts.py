"""Accounts for a viewer: whom trusted accounts trust, who has the same taste, and who is in standing."""

import math
from dataclasses import dataclass, field

import numpy as np

from guanxi.graph import TrustGraph
from guanxi.recommend.acts import Acts, trusts_in_public
from guanxi.recommend.explanation import PARTS, Count, PartName, Recommendation, Term, composed
from guanxi.recommend.interactions import FloatArray, Interactions
from guanxi.recommend.mixture import mixed
from guanxi.recommend.ranking import best_of, check_limit
from guanxi.recommend.taste import Taste, TasteOptions, account_terms, taste_of
from guanxi.recommend.viewer import Viewer
from guanxi.snapshot import Snapshot
from guanxi.trust import OUTSIDE, Inflow, PersonalTrust, inflow

_COUNTED = ("follow", "trust", "report")
_MARGIN = 5  # candidates beyond the limit, since refined trust may change the order


@dataclass(frozen=True, slots=True)
class AccountOptions:
    """How accounts are scored.

    Attributes
    ----------
    trust_weight, taste_weight, prior_weight : float
        Weights of the parts.
    public : frozenset of str
        Relation types whose actors may be named.
    max_terms : int
        How many terms are listed one by one.
    """

    trust_weight: float = 0.7
    taste_weight: float = 0.25
    prior_weight: float = 0.05
    public: frozenset[str] = frozenset({"follow", "trust", "share"})
    max_terms: int = 5
    taste: TasteOptions = field(default_factory=TasteOptions)

    def weights(self) -> dict[PartName, float]:
        """Weights of trust, taste and prior."""
        return {"trust": self.trust_weight, "taste": self.taste_weight, "prior": self.prior_weight}


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What accounts are judged by.

    Attributes
    ----------
    graph : TrustGraph
    personal : PersonalTrust
        The viewer's, before distrust.
    global_trust : numpy.ndarray, shape (n,)
        Everybody's.
    factor : numpy.ndarray, shape (n,), or None
        By which the viewer's distrust lowers the score of every account; None where nothing speaks against any.
    """

    graph: TrustGraph
    personal: PersonalTrust
    global_trust: FloatArray
    factor: FloatArray | None = None

    def factor_of(self, account: int) -> float:
        """The factor of one account."""
        return 1.0 if self.factor is None else float(self.factor[account])


def recommend_accounts(
    viewer: Viewer,
    standing: Standing,
    interactions: Interactions,
    snapshot: Snapshot,
    *,
    limit: int = 10,
    options: AccountOptions | None = None,
) -> list[Recommendation]:
    """The best ``limit`` accounts to follow, with reasons; ties go to the lower index.

    Raises
    ------
    ParameterError
        If ``limit`` is not in 1..1000.
    """
    check_limit(limit)
    options = options or AccountOptions()
    taste = taste_of(interactions, viewer.items, viewer.weights, viewer=viewer.index, options=options.taste)
    parts: dict[PartName, FloatArray] = {
        "trust": standing.personal.scores.copy(),
        "taste": np.zeros(snapshot.n_accounts),
        "prior": standing.global_trust,
    }
    if viewer.index is not None:
        parts["trust"][viewer.index] = 0.0
    parts["taste"][taste.neighbours] = taste.closeness
    scores, scale = mixed(parts, options.weights(), excluded=viewer.excluded_accounts)
    if standing.factor is not None:
        scores *= standing.factor
    candidates = best_of(scores, limit=limit + limit // 4 + _MARGIN).tolist()
    flows = {a: inflow(standing.graph, standing.personal, a) for a in candidates}
    raw = {a: _refined(parts, flows[a], a) for a in candidates}
    refined = {a: standing.factor_of(a) * sum(raw[a][name] * scale[name] for name in PARTS) for a in candidates}
    ranked = sorted(candidates, key=lambda a: (-refined[a], a))[:limit]
    best = np.array(ranked, dtype=np.int64)
    acts = Acts.of(snapshot, viewer.circle.accounts, best, names=_COUNTED, kind="account")
    explain = _Explainer(viewer, standing, interactions, snapshot, taste, options, scale)
    counts = acts.counts() or [()] * len(ranked)
    return [explain.recommendation(a, raw[a], flows[a], counts[place]) for place, a in enumerate(ranked)]


def _refined(parts: dict[PartName, FloatArray], flow: Inflow, account: int) -> dict[PartName, float]:
    """The raw parts of one account, its trust being what arrives in one more step: so its terms add up to it."""
    raw = {name: float(part[account]) for name, part in parts.items()}
    return raw | {"trust": math.fsum(flow.contributions)}


@dataclass(frozen=True, slots=True, eq=False)
class _Explainer:
    viewer: Viewer
    standing: Standing
    interactions: Interactions
    snapshot: Snapshot
    taste: Taste
    options: AccountOptions
    scale: dict[PartName, float]

    def recommendation(
        self, account: int, raw: dict[PartName, float], flow: Inflow, counts: tuple[Count, ...]
    ) -> Recommendation:
        amounts = {name: raw[name] * self.scale[name] for name in PARTS}
        terms: dict[PartName, list[Term]] = {
            "trust": self._trust_terms(account, flow) if raw["trust"] > 0 else [],
            "taste": self._taste_terms(account) if raw["taste"] > 0 else [],
            "prior": [Term("global_trust", amounts["prior"], account=account)] if amounts["prior"] > 0 else [],
        }
        weights = {name: weight if self.scale[name] else 0.0 for name, weight in self.options.weights().items()}
        factor = self.standing.factor_of(account)
        return composed(account, amounts, weights, terms, counts, at_most=self.options.max_terms, factor=factor)

    def _taste_terms(self, account: int) -> list[Term]:
        scale, at_most = self.scale["taste"], self.options.max_terms
        return account_terms(self.interactions, self.taste, account, scale=scale, at_most=at_most)

    def _trust_terms(self, account: int, flow: Inflow) -> list[Term]:
        """Through whom trust flows to the account; together the whole of its trust."""
        discount = self.standing.personal.discount
        factor = None if discount is None else float(discount[account])
        public = trusts_in_public(self.snapshot, flow.sources, account, public=self.options.public)
        named = public | (flow.sources == OUTSIDE) | (flow.sources == self.viewer.index)
        amounts = flow.contributions * self.scale["trust"]
        order = np.flatnonzero(named)  # a flow has the largest contributions first
        first, rest = order[: self.options.max_terms], order[self.options.max_terms :]
        terms = [
            Term("trusted_account", amount, account=None if source == OUTSIDE else source, authenticity=factor)
            for source, amount in zip(flow.sources[first].tolist(), amounts[first].tolist(), strict=True)
        ]
        if len(rest):
            terms.append(Term("others", float(amounts[rest].sum()), n=len(rest)))
        if len(order) < len(named):
            hidden = float(amounts[~named].sum())
            terms.append(Term("trusted_accounts_unnamed", hidden, n=len(named) - len(order), authenticity=factor))
        return terms
