"""Accounts for a viewer: whom trusted accounts trust, who has the same taste, and who is in standing."""

from dataclasses import dataclass, field

import numpy as np

from guanxi.graph import TrustGraph
from guanxi.recommend.acts import Acts, trusts_in_public
from guanxi.recommend.explanation import PARTS, PartName, Recommendation, Term, composed
from guanxi.recommend.interactions import FloatArray, Interactions
from guanxi.recommend.items import best_of, check_limit
from guanxi.recommend.mixture import mixed
from guanxi.recommend.taste import Taste, TasteOptions, account_terms, taste_of
from guanxi.recommend.viewer import Viewer
from guanxi.snapshot import Snapshot
from guanxi.trust import OUTSIDE, PersonalTrust, inflow

_COUNTED = ("follow", "trust", "report")


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
    """What accounts are judged by: the trust graph, the viewer's personal trust and everybody's global trust."""

    graph: TrustGraph
    personal: PersonalTrust
    global_trust: FloatArray


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
    best = best_of(scores, limit=limit)
    acts = Acts.of(snapshot, viewer.circle.accounts, best, names=_COUNTED, kind="account")
    explain = _Explainer(viewer, standing, interactions, snapshot, acts, taste, options, scale)
    return [explain.recommendation(int(a), {name: float(part[a]) for name, part in parts.items()}) for a in best]


@dataclass(frozen=True, slots=True, eq=False)
class _Explainer:
    viewer: Viewer
    standing: Standing
    interactions: Interactions
    snapshot: Snapshot
    acts: Acts
    taste: Taste
    options: AccountOptions
    scale: dict[PartName, float]

    def recommendation(self, account: int, raw: dict[PartName, float]) -> Recommendation:
        amounts = {name: raw[name] * self.scale[name] for name in PARTS}
        terms: dict[PartName, list[Term]] = {
            "trust": self._trust_terms(account) if raw["trust"] > 0 else [],
            "taste": self._taste_terms(account) if raw["taste"] > 0 else [],
            "prior": [Term("global_trust", amounts["prior"], account=account)] if amounts["prior"] > 0 else [],
        }
        weights = {name: weight if self.scale[name] else 0.0 for name, weight in self.options.weights().items()}
        counts = self.acts.counts(account)
        return composed(account, amounts, weights, terms, counts, at_most=self.options.max_terms)

    def _taste_terms(self, account: int) -> list[Term]:
        return account_terms(self.interactions, self.taste, account, scale=self.scale["taste"])

    def _trust_terms(self, account: int) -> list[Term]:
        """Through whom trust flows to the account: exact, up to the solver's tolerance."""
        discount = self.standing.personal.discount
        factor = None if discount is None else float(discount[account])
        flow = inflow(self.standing.graph, self.standing.personal, account)
        public = trusts_in_public(self.snapshot, flow.sources, account, public=self.options.public)
        named = public | (flow.sources == OUTSIDE) | (flow.sources == self.viewer.index)
        amounts = flow.contributions * self.scale["trust"]
        terms = [
            Term("trusted_account", amount, account=None if source == OUTSIDE else source, authenticity=factor)
            for source, amount in zip(flow.sources[named].tolist(), amounts[named].tolist(), strict=True)
        ]
        if not named.all():
            hidden = float(amounts[~named].sum())
            terms.append(Term("trusted_accounts_unnamed", hidden, n=int((~named).sum()), authenticity=factor))
        return terms
