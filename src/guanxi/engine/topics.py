"""Answers about topics, as functions over a view: whom to trust on one, what to recommend, which there are.

Trust on a topic is a sum: ``(1 - w)`` times personal trust over the topic's graph and ``w`` times general personal
trust, where ``w`` grows as evidence thins; see ``guanxi.trust.topic_trust``.
"""

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from guanxi.engine.identity import row_of_actor
from guanxi.engine.judging import Judged
from guanxi.engine.newer import Present
from guanxi.engine.trust_answers import distrust_adjustments, placed
from guanxi.engine.view import CIRCLE_SIZE, Answer, View
from guanxi.engine.wording import Language
from guanxi.graph import TrustGraph
from guanxi.local_trust import TopicEvidence
from guanxi.recommend import ItemOptions, Viewer, recommend_items, trusts_in_public
from guanxi.recommend.ranking import check_limit
from guanxi.snapshot import Relation, Snapshot
from guanxi.trust import OUTSIDE, PersonalTrust, TopicTrust, TrustRow, inflow, topic_trust

Part = Literal["topic", "general"]
_TIES = frozenset({"follow", "trust"})


def topics(view: View, *, limit: int = 10) -> tuple[Answer, Answer]:
    """The topics with the most items: data and meta.

    Accounts that shared or bought items of a topic are counted each once; buyers, who are not public, from ``k`` up.

    Raises
    ------
    ParameterError
        If ``limit`` is not in 1..1000.

    Notes
    -----
    Time O(topics shown x (shares + purchases)).
    """
    check_limit(limit)
    known = view.run.topics.topics
    sizes = np.diff(known.offsets)
    best = np.lexsort((np.arange(len(sizes)), -sizes))[:limit]
    data = {
        "topics": [
            {"rank": rank, "id": known.ids[topic], "n_items": int(sizes[topic]), **_actors(view, known.items_of(topic))}
            for rank, topic in enumerate(best.tolist(), start=1)
        ],
        "n_topics": len(sizes),
        "n_items": known.n_items,
        "n_items_with_topic": len(np.unique(known.items)),
    }
    return data, view.meta(personalised=False)


def _actors(view: View, items: npt.NDArray[np.uint32]) -> Answer:
    """How many accounts shared and bought some items, as far as that may be said."""
    among = np.zeros(view.run.topics.topics.n_items, dtype=np.bool_)
    among[items] = True
    return {
        name: view.privacy.number(_n_sources(view.snapshot.relation(relation, "item"), among), public=public)
        for name, relation in (("sharers", "share"), ("buyers", "purchase"))
        for public in [relation in view.privacy.public]
    }


def _n_sources(relation: Relation, among: npt.NDArray[np.bool_]) -> int:
    """How many sources have an edge to some targets."""
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(among[relation.targets])])
    return int((np.diff(before[relation.offsets]) > 0).sum())


# -- trust ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _OnTopic:
    """A viewer and whom it trusts on a topic."""

    id: str
    n_items: int
    evidence: TopicEvidence
    present: Present
    row: TrustRow | None
    trust: TopicTrust
    judged: Judged  # with the trust on the topic; distrust counts as in general
    half: float

    @classmethod
    def of(cls, view: View, viewer: str, topic: str) -> "_OnTopic":
        known = view.run.topics.topics
        index = known.index(topic)
        evidence, present = view.run.topics.evidence(index), view.present(viewer)
        row, half = _own_row(view, evidence, present), view.run.strategy.topic_half
        general = view.judged(present)
        trust = topic_trust(evidence.graph, general.personal, row=row, half=half)
        judged = replace(general, personal=replace(general.personal, scores=trust.scores))
        return cls(topic, len(known.items_of(index)), evidence, present, row, trust, judged, half)

    def said(self, view: View) -> Answer:
        """The topic, and how much of its trust is general trust, and why."""
        giving = view.privacy.number(self.trust.n_giving, public=False)
        fallback = {"weight": self.trust.fallback, "half": self.half, "own_evidence": self.trust.own_evidence}
        return {"topic": {"id": self.id, "n_items": self.n_items}, "fallback": {**fallback, "giving": giving}}

    def direct(self, index: int) -> float:
        """Local trust that the viewer's own events on the topic give."""
        if self.row is None and self.present.index is None:
            return 0.0
        row = self.row
        targets, weights = (row.targets, row.weights) if row else self.evidence.graph.row(self.present.index or 0)
        return float(weights[targets == index].sum())


def _own_row(view: View, evidence: TopicEvidence, present: Present) -> TrustRow | None:
    """Whom a viewer trusts on a topic, where that may differ from the run."""
    if present.row is None:
        return None
    index, own = view.snapshot.accounts.find(present.id), evidence.about(present.relations)
    others = {at: evidence.about(relations) for at, relations in present.others.items()}
    return row_of_actor(view.run, index, own, others, setting=evidence.setting)


def pair(view: View, viewer: str, target: str, topic: str, *, at_most: int = 10) -> tuple[Answer, Answer]:
    """How far one account trusts another on a topic: data and meta.

    Parts and adjustments add up to the score, and so do terms, others, adjustments and remainder.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the target or the topic.
    """
    asked = view.snapshot.accounts.index(target)
    index = view.run.actor(asked)
    found = _OnTopic.of(view, viewer, topic)
    trust, w = found.trust, found.trust.fallback
    own, general = float(trust.on_topic.scores[index]), float(trust.general.scores[index])
    parts = (("topic", 1 - w, own), ("general", w, general))
    data = {
        "viewer": viewer,
        "target": target,
        **found.said(view),
        "trust": placed(float(found.judged.scores[index]), np.sort(found.judged.scores)),
        "parts": [{"name": name, "weight": of, "score": score, "amount": of * score} for name, of, score in parts],
        "direct": found.direct(index),
        "authenticity_factor": float(view.run.discount[index]),
        **_terms(view, found, index, asked=asked, at_most=at_most),
        "adjustments": distrust_adjustments(found.judged, index),
    }
    return data, view.meta(n_newer=found.present.n_newer, solver="exact")


class _Term(NamedTuple):
    """What one account passes on in one part of a score; ``OUTSIDE`` stands for the viewer."""

    part: Part
    source: int
    amount: float


@dataclass(frozen=True, slots=True, eq=False)
class _Flow:
    """What one part of a score flows through, and which relations may show who passes it on."""

    part: Part
    weight: float
    graph: TrustGraph
    personal: PersonalTrust
    snapshot: Snapshot
    public: frozenset[str]

    def terms(self, index: int, asked: int) -> tuple[list[_Term], list[_Term]]:
        """The terms of one account's score: those of accounts that may be named, and the others.

        Who trusts ``asked`` in public may be named, but not whoever trusts another account of the same actor.
        """
        if self.weight == 0:
            return [], []
        found = inflow(self.graph, self.personal, index)
        own = found.sources == self.personal.viewer
        sources = np.where(own, OUTSIDE, found.sources)
        named = (sources == OUTSIDE) | trusts_in_public(self.snapshot, sources, asked, public=self.public)
        amounts = found.contributions * self.weight
        both: tuple[list[_Term], list[_Term]] = [], []
        for source, amount, is_named in zip(sources.tolist(), amounts.tolist(), named.tolist(), strict=True):
            both[0 if is_named else 1].append(_Term(self.part, source, amount))
        return both


def _terms(view: View, found: _OnTopic, index: int, *, asked: int, at_most: int) -> Answer:
    """Who passes trust on, over both parts: the largest by name where that is public, the rest together.

    On the topic only a share of one of its items may show it: whoever follows in public may have bought in private.
    Accounts that may not be named are in the number of the others only where they are ``k`` or more.
    """
    trust, w, public = found.trust, found.trust.fallback, view.privacy.public
    on_topic, evidence = trust.on_topic, found.evidence
    parts = [
        _Flow("topic", 1 - w, evidence.graph, on_topic, evidence.snapshot, public - _TIES).terms(index, asked),
        _Flow("general", w, view.run.graph, trust.general, view.snapshot, public).terms(index, asked),
    ]
    named = sorted((term for of_part, _ in parts for term in of_part), key=lambda term: -term.amount)
    hidden = [term for _, of_part in parts for term in of_part]
    shown, rest = named[:at_most], named[at_most:]
    unnamed = {term.source for term in hidden}
    accounts = {term.source for term in rest} | (unnamed if len(unnamed) >= view.privacy.k else set())
    others = math.fsum(term.amount for term in (*rest, *hidden))
    ids = [found.present.id if term.source == OUTSIDE else view.snapshot.accounts[term.source] for term in shown]
    terms = [{"part": term.part, "account": id_, "amount": term.amount} for term, id_ in zip(shown, ids, strict=True)]
    left = float(trust.scores[index]) - math.fsum(term.amount for term in shown) - others
    return {"terms": terms, "others": {"n": len(accounts), "amount": others}, "remainder": left}


def trusted_by(view: View, viewer: str, topic: str, *, limit: int = 10) -> tuple[Answer, Answer]:
    """Whom an account trusts most on a topic, by the exact solver: data and meta.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the topic. An unknown viewer is a newcomer, not an error.
    ParameterError
        If ``limit`` is not in 1..1000.
    """
    check_limit(limit)
    found = _OnTopic.of(view, viewer, topic)
    trust, judged, w = found.trust, found.judged, found.trust.fallback
    circle = judged.circle(view.run, found.present, size=limit)
    factors = zip(circle.accounts.tolist(), judged.factors_of(circle.accounts).tolist(), strict=True)
    rows = [
        {
            "rank": rank,
            "id": view.snapshot.accounts[a],
            "trust": float(judged.scores[a]),
            "topic": float((1 - w) * trust.on_topic.scores[a] * factor),
            "general": float(w * trust.general.scores[a] * factor),
            "distrust_factor": factor,
        }
        for rank, (a, factor) in enumerate(factors, start=1)
    ]
    data: dict[str, Any] = {"viewer": viewer, **found.said(view), "accounts": rows}
    return data, view.meta(n_newer=found.present.n_newer, solver="exact")


# -- recommendations --------------------------------------------------------------------------------------------------


def items(
    view: View,
    account: str,
    topic: str,
    *,
    limit: int = 10,
    exclude_seen: bool = True,
    language: Language = "en",
) -> tuple[Answer, Answer]:
    """Items of a topic for an account: data and meta.

    As ``View.items``, but of the topic only: its items alone are candidates and make up the viewer's taste, and the
    accounts that the viewer trusts are those that it trusts on the topic, found by the exact solver.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the topic. An unknown account is a newcomer, not an error.
    ParameterError
        If ``limit`` is not in 1..1000.
    """
    check_limit(limit)
    found = _OnTopic.of(view, account, topic)
    viewer = _viewer(view, found, exclude_seen=exclude_seen)
    options = ItemOptions(public=view.privacy.public)
    run = view.run
    best = recommend_items(viewer, run.interactions, run.prior, view.snapshot, limit=limit, options=options)
    data, meta = view.recommended("items", found.present, viewer, best, language, "exact")
    for entry in data["items"]:  # another list than that of all items
        mark = f"{entry['recommendation_id']}|{topic}"
        entry["recommendation_id"] = hashlib.blake2b(mark.encode(), digest_size=12).hexdigest()
    return data | found.said(view), meta


def _viewer(view: View, found: _OnTopic, *, exclude_seen: bool) -> Viewer:
    """Who asks, with what it has of the topic."""
    present, among = found.present, found.evidence.items
    known = present.items < len(among)  # others are newer than the snapshot, which knows no topic of theirs
    own = known.copy()
    own[known] = among[present.items[known]]
    others = np.flatnonzero(~among).astype(np.uint32)
    excluded = np.union1d(others, present.items[own]) if exclude_seen else others
    circle = found.judged.circle(view.run, present, size=CIRCLE_SIZE)
    viewer = view.asking(present, circle, excluded_items=excluded)
    return replace(viewer, items=present.items[own], weights=present.weights[own])
