"""How well trust ranks what viewers did later, over the whole catalogue: no sampled negatives anywhere.

Two measures. The likelihood steers the search: it is smooth, and every held-out target counts. Recall and NDCG at 10
are what a person would notice; they are reported, and decide whether anything was gained.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.engine.fitting.splitting import ACTS, KIND, HeldOut, IndexArray, Target, acts_of, targets_of
from guanxi.engine.identity import between_actors
from guanxi.engine.options import Strategy
from guanxi.engine.scoring import Run
from guanxi.graph import TrustGraph
from guanxi.local_trust import Identities, Setting, local_trust
from guanxi.recommend import Interactions, ItemOptions
from guanxi.recommend.interactions import given_items
from guanxi.snapshot import Snapshot
from guanxi.trust import Push, Routes

CIRCLE = 200
"""Accounts whose items count, as in a recommendation."""

REACH = 1000
"""Accounts that are ranked for a viewer; those beyond count as not found."""

POPULARITY = 0.1
"""Part of popularity in the likelihood, so that a target that trust does not reach is unlikely and not impossible."""

LOOK_EPS = 3e-5
"""Threshold of the push on large graphs while the search looks, coarser than for the test."""

TOP = 10
FloatArray = npt.NDArray[np.float64]
Scored = tuple[FloatArray, IndexArray]
"""Scores of the whole catalogue for one viewer, and the candidates, among which all that are above 0 stand."""


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """What trust is computed from: a run, or what a run of another strategy would be.

    Attributes
    ----------
    identities : Identities or None
        Which accounts are one actor; only representatives have trust and items.
    """

    push: Push
    interactions: Interactions
    identities: Identities | None

    @classmethod
    def of(cls, run: Run) -> Self:
        """Rank as a run does."""
        return cls(run.push, run.interactions, run.identities)

    @classmethod
    def tried(cls, run: Run, strategy: Strategy) -> Self:
        """Rank by another strategy than a run's; authenticity and representatives stay as they are there."""
        routes = Routes.of(graph_of(run, strategy), discount=run.discount, restart=strategy.restart)
        return cls(Push(routes), run.interactions, run.identities)


def graph_of(run: Run, strategy: Strategy) -> TrustGraph:
    """Local trust in the snapshot of a run under another strategy."""
    setting = Setting.of(run.snapshot, strategy.weights, attribution_days=strategy.attribution_days)
    return between_actors(local_trust(run.snapshot, setting), run.snapshot, run.identities)


def actors_of(run: Run) -> IndexArray:
    """The account that stands for each account, shape (n,): of linked ones the first, whichever the run represents."""
    accounts = np.arange(run.snapshot.n_accounts, dtype=np.uint32)
    if run.identities is None:
        return accounts
    first = np.full_like(accounts, len(accounts))
    np.minimum.at(first, run.identities.representative, accounts)
    actors: IndexArray = first[run.identities.representative]
    return actors


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """What viewers did after a snapshot, and what they are not to be shown again.

    Attributes
    ----------
    excluded, blocked : tuple of numpy.ndarray
        What each viewer has; or follows, trusts, blocks and is. Whom each viewer blocks.
    actors : numpy.ndarray, shape (n,)
        See ``actors_of``.
    popularity : numpy.ndarray, shape (n_candidates,)
        Accounts that have or follow each, and one more.
    """

    target: Target
    held_out: HeldOut
    excluded: tuple[IndexArray, ...]
    blocked: tuple[IndexArray, ...]
    actors: IndexArray
    popularity: FloatArray

    @classmethod
    def of(cls, snapshot: Snapshot, target: Target, held_out: HeldOut, actors: IndexArray) -> Self:
        """Ask what a snapshot would have said of ``held_out``."""
        known = acts_of(snapshot, ACTS[target], KIND[target], actors)
        blocks = acts_of(snapshot, ("block",), "account", actors)
        viewers = held_out.viewers.tolist()
        popularity = np.ones(len(snapshot.ids[KIND[target]]))
        popularity += np.bincount(known.astype(np.uint32), minlength=len(popularity))
        excluded, blocked = ([targets_of(pairs, viewer) for viewer in viewers] for pairs in (known, blocks))
        if target == "accounts":
            me = held_out.viewers[:, np.newaxis]
            excluded = [np.unique(np.concatenate(own)) for own in zip(excluded, blocked, me, strict=True)]
        return cls(target, held_out, tuple(excluded), tuple(blocked), actors, popularity)

    def scored(self, ranker: Ranker, *, eps: float | None = None) -> Iterator[Scored]:
        """What trust gives to every candidate, viewer by viewer; the arrays count until the next is asked for."""
        size = CIRCLE if self.target == "items" else min(REACH, ranker.push.routes.n)
        viewers, scores = self.held_out.viewers, np.zeros(len(self.popularity))
        if ranker.identities is not None:
            viewers = ranker.identities.representative[viewers].astype(np.uint32)
        counts, accounts, trust = ranker.push.top_of_each(viewers, size=size, eps=eps)
        for place, n_found in enumerate(counts.tolist()):
            circle = accounts[place, :n_found], trust[place, :n_found]
            candidates, amounts = self._candidates(ranker.interactions, place, *circle)
            scores[candidates] = amounts
            scores[self.excluded[place]] = 0.0
            yield scores, candidates
            scores[candidates] = 0.0

    def _candidates(
        self, interactions: Interactions, place: int, circle: IndexArray, trust: FloatArray
    ) -> tuple[IndexArray, FloatArray]:
        """What one viewer's circle has; the trust part of a recommendation, but for its scale."""
        if self.target == "accounts":
            return self.actors[circle], trust
        if len(self.blocked[place]):
            kept = ~np.isin(self.actors[circle], self.blocked[place])
            circle, trust = circle[kept], trust[kept]
        share = trust / interactions.item_counts(power=ItemOptions().spread)[circle]
        return given_items(interactions, circle, share)

    def by_popularity(self) -> Iterator[Scored]:
        """The most popular candidates for each viewer, enough of them to judge the first ten."""
        best = np.argsort(-self.popularity, kind="stable").astype(np.uint32)
        scores = self.popularity.copy()
        for excluded in self.excluded:
            scores[excluded] = 0.0
            yield scores, best[: TOP + len(excluded)]
            scores[excluded] = self.popularity[excluded]


def log_likelihoods(question: Question, ranker: Ranker, *, eps: float | None = None) -> FloatArray:
    """Mean logarithm of the probability of each viewer's held-out targets, shape (k,).

    A candidate's probability is its share of what trust gives to all candidates, mixed with ``POPULARITY`` parts of its
    share of popularity; a viewer for whom trust finds nothing has popularity alone.
    """
    found = np.empty(len(question.held_out))
    everything = question.popularity.sum()
    for place, (scores, candidates) in enumerate(question.scored(ranker, eps=eps)):
        targets = question.held_out.of(place)
        popular = question.popularity[targets] / (everything - question.popularity[question.excluded[place]].sum())
        total = scores[candidates].sum()
        part, scale = (POPULARITY, (1 - POPULARITY) / total) if total > 0 else (1.0, 0.0)
        found[place] = np.log(scale * scores[targets] + part * popular).mean()
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Quality:
    """Recall and NDCG at 10 of each viewer, shape (k,)."""

    recall: FloatArray
    ndcg: FloatArray


def quality(held_out: HeldOut, scored: Iterator[Scored]) -> Quality:
    """Judge the ten best candidates of each viewer; ties go to the lower index."""
    gains = 1 / np.log2(np.arange(2, TOP + 2))
    recall, ndcg = np.zeros(len(held_out)), np.zeros(len(held_out))
    for place, (scores, candidates) in enumerate(scored):
        targets = held_out.of(place)
        hits = np.isin(_best(candidates, scores[candidates]), targets)
        recall[place] = hits.sum() / len(targets)
        ndcg[place] = gains[: len(hits)][hits].sum() / gains[: len(targets)].sum()
    return Quality(recall, ndcg)


def _best(candidates: IndexArray, amounts: FloatArray) -> IndexArray:
    positive = amounts > 0
    candidates, amounts = candidates[positive], amounts[positive]
    if len(amounts) > TOP:
        least = np.partition(amounts, len(amounts) - TOP)[len(amounts) - TOP]
        candidates, amounts = candidates[amounts >= least], amounts[amounts >= least]
    return candidates[np.lexsort((candidates, -amounts))][:TOP]
