"""Personal trust with distrust and confidence in it: what a viewer's answers say about accounts and items."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.engine.distrust import Distrusted, Own, factor_of
from guanxi.engine.newer import Present
from guanxi.recommend import Circle, Count, trusted_circle
from guanxi.recommend.interactions import scratch
from guanxi.recommend.items import trust_scores
from guanxi.schema import load_model
from guanxi.trust import (
    PersonalTrust,
    Reports,
    confidence,
    influence,
    personal_voices_for,
    standing,
    voices_against,
    voices_for,
)

if TYPE_CHECKING:
    from guanxi.engine.privacy import Privacy
    from guanxi.engine.scoring import Run

Answer = dict[str, Any]
FloatArray = npt.NDArray[np.float64]
HEARD = 1000
"""How many accounts have a voice in a circle that a push finds; the others have less trust than each of these."""

_LISTED = 5


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """Trust in every account as one viewer has it, after distrust.

    Attributes
    ----------
    personal : PersonalTrust
        What propagation gave: distrust is not in it.
    voices : numpy.ndarray, shape (n,)
        The viewer's trust in reporters; 0 for those whom the viewer blocks.
    distrusted : Distrusted or None
        None: the strategy turns distrust off.
    own : Own or None
        What the viewer said in person.
    factor : numpy.ndarray, shape (n,), or None
        By which every account's trust is lowered; None where nothing speaks against anybody.
    """

    personal: PersonalTrust
    voices: FloatArray
    distrusted: Distrusted | None
    own: Own | None
    factor: FloatArray | None

    @classmethod
    def of(cls, run: "Run", present: Present, personal: PersonalTrust) -> Self:
        """Look at a run's statements with a viewer's eyes."""
        distrusted, voices = run.distrusted, _voices(personal.scores, present)
        if distrusted is None:
            return cls(personal, voices, None, None, None)
        own = _own(distrusted, present)
        if "account" not in distrusted.reports and not len(own.accounts.target):
            return cls(personal, voices, distrusted, own, None)
        against = distrusted.against_accounts(voices, personal.scores, own=own)
        return cls(personal, voices, distrusted, own, factor_of(against))

    @property
    def scores(self) -> FloatArray:
        """Trust in every account, shape (n,)."""
        return self.personal.scores if self.factor is None else self.personal.scores * self.factor

    def circle(self, run: "Run", present: Present, *, size: int) -> Circle:
        """The accounts that the viewer trusts most, after distrust."""
        circle = trusted_circle(self.scores, present.index, run.discount, size=size)
        return circle if self.factor is None else replace(circle, distrust=self.factor[circle.accounts])

    def factors_of(self, accounts: npt.NDArray[np.integer[Any]]) -> FloatArray:
        """Factors of some accounts, shape (k,)."""
        return np.ones(len(accounts)) if self.factor is None else self.factor[accounts]

    def sure_of(self, run: "Run", accounts: npt.NDArray[np.integer[Any]]) -> list[Answer]:
        """How much the trust in each of some accounts rests on, and what that amounts to."""
        heard = influence(self.voices)
        if self.own is not None and self.own.viewer is not None:
            heard[self.own.viewer] = 0.0  # their own statements are counted as they are now
        evidence = personal_voices_for(run.graph, self.personal, accounts)
        if self.distrusted is not None:
            evidence += voices_against(self.distrusted.reports.get("account", _SILENCE), heard, accounts)
        if self.own is not None:
            evidence += np.isin(accounts, self.own.accounts.target)
        return surely(evidence, self.factors_of(accounts))

    def explained(self, index: int, privacy: "Privacy") -> Answer:
        """What speaks against one account: the viewer in person by relation, others by community and as counts.

        Amounts are in multiples of the trust that speaks for the account; they add up to ``1 / factor - 1``. Reporters
        are never named, and fewer than ``k`` of one community are told of together with others.
        """
        factor = 1.0 if self.factor is None else float(self.factor[index])
        before = float(self.personal.scores[index])
        said: Answer = {"factor": factor, "before": before, "own": [], "communities": [], "counts": []}
        if factor == 1.0 or self.distrusted is None or self.own is None:
            return said | {"others": 0.0}
        in_favour, cap = before + 1.0 / len(self.personal.scores), self.distrusted.options.cap
        mine = self.own.accounts.target == index
        own = zip(self.own.accounts.relation[mine], self.own.accounts.amount[mine], strict=True)
        said["own"] = [{"relation": _name(code), "amount": float(amount) / in_favour} for code, amount in own]
        reports, viewer = self.distrusted.reports.get("account", _SILENCE), self.own.viewer
        heard = reports.voices_against(index, self.voices, in_favour, cap=cap, without=viewer)
        told = [of for of in heard if len(of.reporters) >= privacy.k][:_LISTED]
        said["communities"] = [{"n": len(of.reporters), "amount": of.amount, "capped": of.capped} for of in told]
        said["counts"] = [privacy.count(count) for count in self._counts(reports, index)]
        listed = sum(entry["amount"] for entry in (*said["own"], *said["communities"]))
        return said | {"others": 1.0 / factor - 1.0 - listed if len(told) < len(heard) else 0.0}

    def _counts(self, reports: Reports, index: int) -> list[Count]:
        """How many accounts that the viewer trusts spoke against one, by relation type."""
        rows = reports.rows_of(index)
        sources = reports.sources[rows]
        trusted = (self.voices[sources] > 0) & (sources != (-1 if self.own is None else self.own.viewer))
        codes, numbers = np.unique(reports.relations[rows][trusted], return_counts=True)
        return [Count(_name(code), n) for code, n in zip(codes, numbers.tolist(), strict=True)]


_SILENCE = Reports.of([], [], [], [], communities=np.zeros(0, dtype=np.uint32))


def pushed_circle(run: "Run", present: Present, *, size: int) -> Circle:
    """The accounts that a viewer trusts most, by a push; those among the ``HEARD`` most trusted ones have a voice."""
    distrusted = run.distrusted if distrusts(run, present) else None
    top = run.push.top(present.index, row=present.row, size=size if distrusted is None else max(size, HEARD))
    accounts, scores, factor = top.accounts, top.scores, None
    if distrusted is not None:
        factor = _factors_among(distrusted, present, accounts, scores, n=run.graph.n)
        order = np.lexsort((accounts, -scores * factor))[:size]
        accounts, scores, factor = accounts[order], (scores * factor)[order], factor[order]
    total = scores.sum()
    return Circle(accounts, scores / total if total > 0 else scores, run.discount[accounts], factor)


def _factors_among(
    distrusted: Distrusted, present: Present, accounts: npt.NDArray[np.uint32], scores: FloatArray, *, n: int
) -> FloatArray:
    with scratch(n) as voices:
        voices[accounts] = scores
        voices[present.targets("block", "account")] = 0.0
        against = distrusted.against_some(accounts, voices[:n], scores, own=_own(distrusted, present))
        voices[accounts] = 0.0
    return factor_of(against)


def distrusts(run: "Run", present: Present) -> bool:
    """Whether anything speaks against any account, for this viewer or for others."""
    distrusted = run.distrusted
    if distrusted is None:
        return False
    return "account" in distrusted.reports or len(distrusted.own("account", present.actor).target) > 0


def surely(evidence: FloatArray, factors: FloatArray) -> list[Answer]:
    """Confidence, evidence and standing of some accounts, from their voices and factors."""
    sure = zip(confidence(evidence).tolist(), evidence.tolist(), factors.tolist(), strict=True)
    return [{"confidence": c, "evidence": e, "standing": standing(c, factor)} for c, e, factor in sure]


def global_factors(run: "Run", accounts: npt.NDArray[np.integer[Any]]) -> FloatArray:
    """By which distrust lowered the global trust of some accounts, shape (k,)."""
    before, after = run.propagated[accounts], run.global_trust[accounts]
    factors: FloatArray = np.divide(after, before, out=np.ones(len(accounts)), where=before > 0)
    return factors


def globally_sure_of(run: "Run", accounts: npt.NDArray[np.integer[Any]]) -> list[Answer]:
    """The same as ``Judged.sure_of``, for global trust."""
    evidence = voices_for(run.graph, run.heard, accounts)
    if run.distrusted_by_all is not None:
        evidence += voices_against(run.distrusted_by_all.reports.get("account", _SILENCE), run.heard, accounts)
    return surely(evidence, global_factors(run, accounts))


def item_factor(run: "Run", present: Present, circle: Circle) -> FloatArray | None:
    """By which a viewer's scores of every item are lowered, shape (n_items,); None where nothing speaks against any.

    Reporters are the accounts of the circle, each by its share of the circle's trust; the viewer counts as much as the
    whole circle. For an item speaks the trust of those who hold it, and as much as one of the circle has on average.
    """
    distrusted = run.distrusted
    if distrusted is None or not run.interactions.n_items:
        return None
    own = _own(distrusted, present)
    if not {"item", "merchant"} & set(distrusted.reports) and not len(own.items.target) + len(own.merchants.target):
        return None
    voices = np.zeros(run.interactions.n_accounts)
    voices[circle.accounts] = circle.trust
    in_favour = trust_scores(run.interactions, circle, spread=0.0) + 1.0 / max(len(circle), 1)
    return factor_of(distrusted.against_items(voices, in_favour, own=own))


def _voices(scores: FloatArray, present: Present) -> FloatArray:
    blocked = present.targets("block", "account")
    if not len(blocked):
        return scores
    voices = scores.copy()
    voices[blocked] = 0.0
    return voices


def _own(distrusted: Distrusted, present: Present) -> Own:
    said = (distrusted.own(kind, present.actor) for kind in ("account", "item", "merchant"))
    return Own(present.index, *said)


def _name(code: int) -> str:
    return load_model().relation_name(int(code))
