"""What an answer may say about people: names only for public actions, else counts, and those from ``k`` up."""

from dataclasses import dataclass, field
from typing import Any

from guanxi.recommend import Component, Count, Recommendation, Term
from guanxi.schema import load_model
from guanxi.snapshot import Snapshot


def public_relations() -> frozenset[str]:
    """Relation types that ``model.toml`` calls public."""
    return frozenset(r.name for r in load_model().relations.values() if r.public)


@dataclass(frozen=True, slots=True)
class Privacy:
    """The rules.

    Attributes
    ----------
    public : frozenset of str
        Relation types whose actors may be named and counted exactly.
    k : int
        Fewest people that a count of other actions may stand for.
    """

    public: frozenset[str] = field(default_factory=public_relations)
    k: int = 5

    def count(self, count: Count) -> dict[str, int | str]:
        """A count as it may be shown."""
        return {"relation": count.relation, **self.number(count.n, public=count.relation in self.public)}

    def number(self, n: int, *, public: bool) -> dict[str, int]:
        """A number of people as it may be shown."""
        return {"n": n} if public or n >= self.k else {"fewer_than": self.k}

    def term(self, term: Term, snapshot: Snapshot) -> dict[str, Any]:
        """A term of a score as it may be shown, with ids."""
        shown: dict[str, Any] = {"code": term.code, "amount": term.amount}
        if term.account is not None:
            shown["account"] = snapshot.accounts[term.account]
        if term.code == "own_item" and term.item is not None:
            shown["item"] = snapshot.ids["item"][term.item]
        if term.n is not None:
            shown |= self.number(term.n, public=term.code != "trusted_accounts_unnamed")
        if term.authenticity is not None:
            shown["authenticity"] = term.authenticity
        if term.distrust is not None and term.distrust != 1.0:
            shown["distrust"] = term.distrust
        return shown

    def component(self, component: Component, snapshot: Snapshot) -> dict[str, Any]:
        """A part of a score as it may be shown."""
        return {
            "name": component.name,
            "weight": component.weight,
            "amount": component.amount,
            "terms": [self.term(term, snapshot) for term in component.terms],
            "remainder": component.remainder,
        }

    def explanation(self, found: Recommendation, snapshot: Snapshot) -> dict[str, Any]:
        """All parts of a score; amounts, adjustments and remainder add up to it."""
        components = [self.component(component, snapshot) for component in found.components]
        before = sum(c["amount"] for c in components)
        taken = found.score - before if found.factor != 1.0 else 0.0
        adjustments = [{"code": "distrust", "factor": found.factor, "amount": taken}] if found.factor != 1.0 else []
        return {"components": components, "adjustments": adjustments, "remainder": found.score - before - taken}
