"""Answers from one snapshot and one run. A view never changes; a newer run makes another view."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from guanxi.engine.newer import Present
from guanxi.engine.privacy import Privacy
from guanxi.engine.scoring import Run
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
    trusted_circle,
    trusts_in_public,
)
from guanxi.recommend.accounts import Standing
from guanxi.recommend.ranking import check_limit
from guanxi.snapshot import Snapshot
from guanxi.stores import GraphStore
from guanxi.trust import OUTSIDE, PersonalTrust, inflow, personal_trust
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
    """

    run: Run
    store: GraphStore
    seq: int
    privacy: Privacy = field(default_factory=Privacy)
    degraded: bool = False
    _cache: "OrderedDict[tuple[str, int], PersonalTrust]" = field(default_factory=OrderedDict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that answers are made from."""
        return self.run.snapshot

    def meta(self, *, personalised: bool = True, n_newer: int = 0, solver: Solver | None = None) -> Answer:
        """What every answer says about itself; a personal one also by which solver it was found."""
        as_of = self.snapshot.as_of
        said: Answer = {} if solver is None else {"solver": solver}
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
        present = self._present(account)
        known = present.items[present.items < self.run.interactions.n_items]  # others are newer than the snapshot
        owned = known if exclude_seen else _NOTHING
        circle = self._circle(present, size=CIRCLE_SIZE, exact=exact)
        viewer = self._viewer(present, circle, excluded_items=owned)
        options = ItemOptions(public=self.privacy.public)
        found = recommend_items(
            viewer, self.run.interactions, self.run.prior, self.snapshot, limit=limit, options=options
        )
        return self._recommended("items", present, viewer, found, language, _solver(exact=exact))

    def accounts(
        self, account: str, *, limit: int = 10, language: Language = "en", exact: bool = False
    ) -> tuple[Answer, Answer]:
        """Accounts to follow for an account: data and meta; ``exact`` as in ``items``."""
        present = self._present(account)
        personal = self._personal(present) if exact else self.run.push.scores(present.index, row=present.row)
        viewer = self._viewer(
            present, trusted_circle(personal.scores, present.index, self.run.discount), excluded_items=_NOTHING
        )
        standing = Standing(self.run.graph, personal, self.run.global_trust)
        options = AccountOptions(public=self.privacy.public)
        found = recommend_accounts(viewer, standing, self.run.interactions, self.snapshot, limit=limit, options=options)
        return self._recommended("accounts", present, viewer, found, language, _solver(exact=exact))

    def _present(self, account: str) -> Present:
        return Present.of(account, self.run, self.store, seq=self.seq)

    def _circle(self, present: Present, *, size: int, exact: bool) -> Circle:
        """The accounts that a viewer trusts most."""
        if exact:
            return trusted_circle(self._personal(present).scores, present.index, self.run.discount, size=size)
        top = self.run.push.top(present.index, row=present.row, size=size)
        total = top.scores.sum()
        shares = top.scores / total if total > 0 else top.scores
        return Circle(top.accounts, shares, self.run.discount[top.accounts])

    def _personal(self, present: Present) -> PersonalTrust:
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

    def _viewer(self, present: Present, circle: Circle, *, excluded_items: npt.NDArray[np.uint32]) -> Viewer:
        own = [present.targets(name, "account") for name in ("follow", "trust", "block")]
        me = [] if present.index is None else [np.array([present.index], dtype=np.uint32)]
        circle = circle.without(present.targets("block", "account"))
        excluded = np.unique(np.concatenate([*own, *me])) if own or me else _NOTHING
        return Viewer(present.index, circle, present.items, present.weights, excluded_items, excluded)

    def _recommended(
        self,
        kind: str,
        present: Present,
        viewer: Viewer,
        found: list[Recommendation],
        language: Language,
        solver: Solver,
    ) -> tuple[Answer, Answer]:
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
            "explanation": self.privacy.explanation(found, self.snapshot),
        }

    # -- trust ----------------------------------------------------------------------------------------------------

    def trust(self, viewer: str, target: str, *, at_most: int = 10) -> tuple[Answer, Answer]:
        """How far one account trusts another: data and meta.

        Raises
        ------
        UnknownIdError
            If the snapshot does not know the target. An unknown viewer is a newcomer, not an error.
        """
        index = self.snapshot.accounts.index(target)
        present = self._present(viewer)
        personal = self._personal(present)
        score = float(personal.scores[index])
        data = {
            "viewer": viewer,
            "target": target,
            "personal": _placed(score, np.sort(personal.scores)),
            "global": _placed(float(self.run.global_trust[index]), self.run.sorted_trust),
            "pagerank": float(self.run.pagerank[index]),
            "direct": self._direct(present, index),
            "authenticity_factor": float(self.run.discount[index]),
            **self._terms(viewer, personal, index, at_most=at_most),
            "counts": self._trust_counts(present, index),
        }
        return data, self.meta(n_newer=present.n_newer, solver="exact")

    def _terms(self, viewer: str, personal: PersonalTrust, index: int, *, at_most: int) -> Answer:
        """Who passes trust on to an account: the largest terms by name where that is public, the rest together.

        Accounts that may not be named are in the number of the others only where they are ``k`` or more.
        """
        flow = inflow(self.run.graph, personal, index)
        own = (flow.sources == OUTSIDE) | (flow.sources == personal.viewer)
        named = own | trusts_in_public(self.snapshot, flow.sources, index, public=self.privacy.public)
        first = np.flatnonzero(named)[:at_most]
        n_hidden, shown = int((~named).sum()), float(flow.contributions[first].sum())
        n_others = len(flow.sources) - len(first) - (n_hidden if n_hidden < self.privacy.k else 0)
        others = float(np.delete(flow.contributions, first).sum())
        return {
            "terms": [
                {"account": viewer if own[at] else self.snapshot.accounts[flow.sources[at]], "amount": amount}
                for at, amount in zip(first.tolist(), flow.contributions[first].tolist(), strict=True)
            ],
            "others": {"n": n_others, "amount": others},
            "remainder": float(personal.scores[index]) - shown - others,
        }

    def _direct(self, present: Present, index: int) -> float:
        """Local trust that the viewer's own events give."""
        if present.row is None and present.index is None:
            return 0.0
        own = present.row
        targets, weights = (own.targets, own.weights) if own else self.run.graph.row(present.index or 0)
        found = np.flatnonzero(targets == index)
        return float(weights[found[0]]) if len(found) else 0.0

    def _trust_counts(self, present: Present, index: int) -> Answer:
        mine = np.union1d(present.targets("follow", "account"), present.targets("trust", "account"))
        theirs, _ = self.run.graph.in_row(index)
        return {"n_trusting": len(theirs), "n_trusting_whom_the_viewer_follows": len(np.intersect1d(mine, theirs))}

    def trusted_by(self, viewer: str, *, limit: int = 10) -> tuple[Answer, Answer]:
        """Whom an account trusts most, by the exact solver: data and meta."""
        check_limit(limit)
        present = self._present(viewer)
        personal = self._personal(present)
        circle = trusted_circle(personal.scores, present.index, self.run.discount, size=limit)
        rows = [
            {"rank": rank, "id": self.snapshot.accounts[int(a)], "trust": float(personal.scores[a])}
            for rank, a in enumerate(circle.accounts, start=1)
        ]
        return {"viewer": viewer, "accounts": rows}, self.meta(n_newer=present.n_newer, solver="exact")

    def ranking(self, *, limit: int = 10) -> tuple[Answer, Answer]:
        """The most trusted accounts: data and meta."""
        check_limit(limit)
        trust = self.run.global_trust
        best = np.lexsort((np.arange(len(trust)), -trust))[:limit]
        rows = [
            {
                "rank": rank,
                "id": self.snapshot.accounts[int(a)],
                "trust": float(trust[a]),
                "n_trusting": int(self.run.graph.in_degrees[a]),
                "authenticity_factor": float(self.run.discount[a]),
            }
            for rank, a in enumerate(best, start=1)
        ]
        return {"accounts": rows, "n_accounts": len(trust)}, self.meta(personalised=False)

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
        standing = _placed(float(self.run.global_trust[index]), self.run.sorted_trust)
        return dossier | {
            "standing": standing | {"n_trusting": int(self.run.graph.in_degrees[index])},
            "factor": float(self.run.discount[index]),
        }, self.meta(personalised=False)

    def _heard(self) -> Heard:
        return Heard(self.run.witnesses, self.run.authenticity, self.run.unsuspicious)


def _placed(score: float, ordered: npt.NDArray[np.float64]) -> Answer:
    """A score with its rank among all accounts, equal scores sharing the best one."""
    above = len(ordered) - int(np.searchsorted(ordered, score, side="right"))
    below = int(np.searchsorted(ordered, score, side="left"))
    return {
        "score": score,
        "rank": above + 1,
        "percentile": 100.0 * below / max(len(ordered) - 1, 1),
        "n_accounts": len(ordered),
    }


def _solver(*, exact: bool) -> Solver:
    return "exact" if exact else "push"


def _confidence(viewer: Viewer) -> str:
    """How much a personal answer rests on: own items and trusted accounts."""
    if len(viewer.items) >= 10 or len(viewer.circle) >= 20:
        return "high"
    return "medium" if len(viewer.items) + len(viewer.circle) >= 3 else "low"
