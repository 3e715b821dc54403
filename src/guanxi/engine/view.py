"""Answers from one snapshot and one run. A view never changes; a newer run makes another view."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from guanxi.engine import trust_answers
from guanxi.engine.identity_answers import discreet
from guanxi.engine.judging import Judged, item_factor, pushed_circle
from guanxi.engine.moments import Past
from guanxi.engine.newer import OwnEvents, Present
from guanxi.engine.privacy import Privacy
from guanxi.engine.scoring import Run
from guanxi.engine.trust_answers import placed
from guanxi.engine.wording import Language, rests_on, summary
from guanxi.events.values import isoformat
from guanxi.recommend import (
    AccountOptions,
    Circle,
    ItemOptions,
    Recommendation,
    Viewer,
    recommend_accounts,
    recommend_items,
)
from guanxi.recommend.accounts import Standing
from guanxi.snapshot import Snapshot
from guanxi.trust import PersonalTrust, personal_trust
from guanxi.vetting import Dossier, Heard, authenticity_of, vet

Answer = dict[str, Any]
Solver = Literal["exact", "push"]
CIRCLE_SIZE = 200
_CACHED = 256
_NOTHING = np.zeros(0, dtype=np.uint32)


@dataclass(frozen=True)
class View:
    """What the engine knows at one moment.

    Attributes
    ----------
    seq : int
        The last event that the snapshot knows.
    privacy : Privacy
        What answers may say about people.
    degraded : bool
        Whether something better was there but could not be used.
    past : Past, optional
        The moment as of which it answers; None: now.
    """

    run: Run
    store: OwnEvents
    seq: int
    privacy: Privacy = field(default_factory=Privacy)
    degraded: bool = False
    past: Past | None = None
    _cache: "OrderedDict[tuple[str, int], PersonalTrust]" = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that answers are made from."""
        return self.run.snapshot

    def meta(self, *, personalised: bool = True, n_newer: int = 0, solver: Solver | None = None) -> Answer:
        """What every answer says about itself; a personal one also by which solver it was found."""
        newest = self.snapshot.as_of
        as_of = newest if self.past is None else self.past.moment
        said: Answer = {} if solver is None else {"solver": solver}
        said |= {} if self.past is None else {"past": self.past.meta(newest)}
        return said | {
            "run": self.run.id,
            "snapshot": self.snapshot.id,
            "as_of": None if as_of is None else isoformat(as_of),
            "strategy": self.run.strategy.label,
            "degraded": self.degraded,
            "personalised": personalised,
            "n_newer_events": n_newer,
        }

    # -- recommendations ------------------------------------------------------------------------------------------

    def items(
        self,
        account: str,
        *,
        limit: int = 10,
        exclude_seen: bool = True,
        language: Language = "en",
        exact: bool = False,
    ) -> tuple[Answer, Answer]:
        """Items for an account: data and meta. An account that nothing is known of gets an answer that says so.

        The accounts that it trusts are found by a push, or by the ``exact`` solver, which takes longer.
        """
        present = self.present(account)
        known = present.items[present.items < self.run.interactions.n_items]  # others are newer than the snapshot
        owned = known if exclude_seen else _NOTHING
        circle = self._circle(present, size=CIRCLE_SIZE, exact=exact)
        viewer = self.asking(present, circle, excluded_items=owned)
        options = ItemOptions(public=self.privacy.public)
        found = recommend_items(
            viewer, self.run.interactions, self.run.prior, self.snapshot, limit=limit, options=options
        )
        return self.recommended("items", present, viewer, found, language, _solver(exact=exact))

    def accounts(
        self, account: str, *, limit: int = 10, language: Language = "en", exact: bool = False
    ) -> tuple[Answer, Answer]:
        """Accounts to follow for an account: data and meta; ``exact`` as in ``items``."""
        present = self.present(account)
        judged = self.judged(present, exact=exact)
        viewer = self.asking(present, judged.circle(self.run, present, size=CIRCLE_SIZE), excluded_items=_NOTHING)
        standing = Standing(self.run.graph, judged.personal, self.run.global_trust, judged.factor)
        options = AccountOptions(public=self.privacy.public)
        found = recommend_accounts(viewer, standing, self.run.interactions, self.snapshot, limit=limit, options=options)
        data, meta = self.recommended("accounts", present, viewer, found, language, _solver(exact=exact))
        sure = judged.sure_of(self.run, np.array([entry.index for entry in found], dtype=np.int64))
        rows = [row | said for row, said in zip(data["accounts"], sure, strict=True)]
        return data | {"accounts": rows}, meta

    def present(self, account: str) -> Present:
        """An account as of now: the snapshot's, with what it did later on top."""
        return Present.of(account, self.run, self.store, seq=self.seq)

    def judged(self, present: Present, *, exact: bool = True) -> Judged:
        """Personal trust after distrust, by the exact solver or by a push."""
        personal = self.personal(present) if exact else self.run.push.scores(present.index, row=present.row)
        return Judged.of(self.run, present, personal)

    def _circle(self, present: Present, *, size: int, exact: bool) -> Circle:
        """The accounts that a viewer trusts most."""
        if exact:
            return self.judged(present).circle(self.run, present, size=size)
        return pushed_circle(self.run, present, size=size)

    def personal(self, present: Present) -> PersonalTrust:
        """Personal trust by the exact solver; that of the last few viewers is kept."""
        key = (present.id, present.n_newer)
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
        personal = personal_trust(
            self.run.graph,
            present.index,
            row=present.row,
            discount=self.run.discount,
            restart=self.run.strategy.restart,
        )
        with self._lock:
            self._cache[key] = personal
            while len(self._cache) > _CACHED:
                self._cache.popitem(last=False)
        return personal

    def asking(self, present: Present, circle: Circle, *, excluded_items: npt.NDArray[np.uint32]) -> Viewer:
        """An account as recommendations see it, with whom it trusts."""
        own = [present.targets(name, "account") for name in ("follow", "trust", "block")]
        me = [] if present.index is None else [np.array([present.index], dtype=np.uint32)]
        circle = circle.without(present.targets("block", "account"))
        excluded = np.unique(np.concatenate([*own, *me])) if own or me else _NOTHING
        factor = item_factor(self.run, present, circle)
        return Viewer(present.index, circle, present.items, present.weights, excluded_items, excluded, factor)

    def recommended(
        self,
        kind: str,
        present: Present,
        viewer: Viewer,
        found: list[Recommendation],
        language: Language,
        solver: Solver,
    ) -> tuple[Answer, Answer]:
        """What was found for an account, as it may be shown: data and meta."""
        parts = [
            name
            for name, there in (("trust", len(viewer.circle)), ("taste", len(viewer.items)), ("prior", found))
            if there
        ]
        parts = [part for part in parts if part != "prior"] or parts
        data = {
            "account": present.id,
            "known": present.index is not None or present.n_newer > 0,
            "rests_on": {
                "parts": parts,
                "text": rests_on(parts, language),
                "n_trusted_accounts": len(viewer.circle),
                "n_own_items": len(viewer.items),
            },
            kind: [self._shown(kind, present, rank, entry, language) for rank, entry in enumerate(found, start=1)],
        }
        return data, self.meta(n_newer=present.n_newer, solver=solver) | {"confidence": _confidence(viewer)}

    def _shown(self, kind: str, present: Present, rank: int, found: Recommendation, language: Language) -> Answer:
        ids = self.snapshot.ids["item" if kind == "items" else "account"]
        counts = [self.privacy.count(count) for count in found.counts]
        leading = max(found.components, key=lambda component: component.amount).name
        mark = f"{self.run.id}|{kind}|{present.id}|{present.n_newer}|{ids[found.index]}"
        return {
            "rank": rank,
            "id": ids[found.index],
            "score": found.score,
            "recommendation_id": hashlib.blake2b(mark.encode(), digest_size=12).hexdigest(),
            "summary": {"text": summary(counts, leading, language), "counts": counts, "leading": leading},
            "explanation": self.privacy.explanation(discreet(found, present), self.snapshot),
        }

    # -- trust ----------------------------------------------------------------------------------------------------

    def trust(self, viewer: str, target: str, *, at_most: int = 10) -> tuple[Answer, Answer]:
        """How far one account trusts another: see ``trust_answers.pair``."""
        return trust_answers.pair(self, viewer, target, at_most=at_most)

    def trusted_by(self, viewer: str, *, limit: int = 10) -> tuple[Answer, Answer]:
        """Whom an account trusts most: see ``trust_answers.trusted_by``."""
        return trust_answers.trusted_by(self, viewer, limit=limit)

    def ranking(self, *, limit: int = 10) -> tuple[Answer, Answer]:
        """The most trusted accounts: see ``trust_answers.ranking``."""
        return trust_answers.ranking(self, limit=limit)

    # -- authenticity ---------------------------------------------------------------------------------------------

    def authenticity(self, account: str) -> tuple[Answer, Answer]:
        """How much of what an account shows is real: data and meta."""
        index = self.snapshot.accounts.index(account)
        data = authenticity_of(index, account, self._heard())
        return data | {"factor": float(self.run.discount[index])}, self.meta(personalised=False)

    def dossier(self, account: str, *, evidence: int = 10) -> tuple[Dossier, Answer]:
        """The vetting report on one account, and meta."""
        index = self.snapshot.accounts.index(account)
        dossier = vet(index, self.snapshot, self._heard(), evidence=evidence)
        actor = self.run.actor(index)
        standing = placed(float(self.run.global_trust[actor]), self.run.sorted_trust)
        return dossier | {
            "standing": standing | {"n_trusting": int(self.run.graph.in_degrees[actor])},
            "factor": float(self.run.discount[index]),
        }, self.meta(personalised=False)

    def _heard(self) -> Heard:
        return Heard(self.run.witnesses, self.run.authenticity, self.run.unsuspicious)


def _solver(*, exact: bool) -> Solver:
    return "exact" if exact else "push"


def _confidence(viewer: Viewer) -> str:
    """How much a personal answer rests on: own items and trusted accounts."""
    if len(viewer.items) >= 10 or len(viewer.circle) >= 20:
        return "high"
    return "medium" if len(viewer.items) + len(viewer.circle) >= 3 else "low"
