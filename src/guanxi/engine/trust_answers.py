"""Answers about trust, as functions over a view: how far one account trusts another, whom it trusts, who is trusted."""

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from guanxi.engine.identity_answers import known_as, linked_with
from guanxi.engine.judging import Judged, global_factors, globally_sure_of
from guanxi.engine.newer import Present
from guanxi.engine.pairwise import pairwise
from guanxi.recommend import trusted_circle, trusts_in_public
from guanxi.recommend.ranking import check_limit
from guanxi.trust import OUTSIDE, inflow

if TYPE_CHECKING:
    from guanxi.engine.view import View

Answer = dict[str, Any]


def pair(view: "View", viewer: str, target: str, *, at_most: int = 10) -> tuple[Answer, Answer]:
    """How far one account trusts another: data and meta.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the target. An unknown viewer is a newcomer, not an error.
    """
    asked = view.snapshot.accounts.index(target)
    index, present = view.run.actor(asked), view.present(viewer)
    judged, at = view.judged(present), np.array([index])
    scores, known = judged.scores, globally_sure_of(view.run, at)[0]
    data = {
        "viewer": viewer,
        "target": target,
        "personal": placed(float(scores[index]), np.sort(scores)) | judged.sure_of(view.run, at)[0],
        "global": placed(float(view.run.global_trust[index]), view.run.sorted_trust) | known,
        "pairwise": pairwise(view, viewer, target),
        "pagerank": float(view.run.pagerank[index]),
        "direct": _direct(view, present, index),
        "authenticity_factor": float(view.run.discount[index]),
        "distrust": judged.explained(index, view.privacy),
        "global_distrust_factor": float(global_factors(view.run, at)[0]),
        **_terms(view, viewer, judged, index, asked=asked, at_most=at_most),
        "counts": _counts(view, present, index),
        "identity": linked_with(view.run, view.privacy, viewer, asked),
    }
    return data, view.meta(n_newer=present.n_newer, solver="exact")


def _terms(view: "View", viewer: str, judged: Judged, index: int, *, asked: int, at_most: int) -> Answer:
    """Who passes trust on to an account: the largest terms by name where that is public, the rest together.

    Accounts that may not be named are in the number of the others only where they are ``k`` or more. What distrust
    takes away is an adjustment: with it, terms, others and remainder add up to the score.
    """
    personal, adjustments = judged.personal, distrust_adjustments(judged, index)
    flow = inflow(view.run.graph, personal, index)
    own = (flow.sources == OUTSIDE) | (flow.sources == personal.viewer)
    named = own | trusts_in_public(view.snapshot, flow.sources, asked, public=view.privacy.public)
    first = np.flatnonzero(named)[:at_most]
    n_hidden, shown = int((~named).sum()), float(flow.contributions[first].sum())
    n_others = len(flow.sources) - len(first) - (n_hidden if n_hidden < view.privacy.k else 0)
    others = float(np.delete(flow.contributions, first).sum())
    return {
        "terms": [
            {"account": viewer if own[at] else view.snapshot.accounts[flow.sources[at]], "amount": amount}
            for at, amount in zip(first.tolist(), flow.contributions[first].tolist(), strict=True)
        ],
        "others": {"n": n_others, "amount": others},
        "adjustments": adjustments,
        "remainder": float(personal.scores[index]) - shown - others,
    }


def distrust_adjustments(judged: Judged, index: int) -> list[Answer]:
    """What distrust takes from the personal trust of an account, as a term below 0; none where it takes nothing."""
    factor = float(judged.factors_of(np.array([index]))[0])
    if factor == 1.0:
        return []
    before = float(judged.personal.scores[index])
    return [{"code": "distrust", "factor": factor, "amount": before * factor - before}]


def _direct(view: "View", present: Present, index: int) -> float:
    """Local trust that the viewer's own events give."""
    if present.row is None and present.index is None:
        return 0.0
    own = present.row
    targets, weights = (own.targets, own.weights) if own else view.run.graph.row(present.index or 0)
    found = np.flatnonzero(targets == index)
    return float(weights[found[0]]) if len(found) else 0.0


def _counts(view: "View", present: Present, index: int) -> Answer:
    mine = np.union1d(present.targets("follow", "account"), present.trusted())
    theirs, _ = view.run.graph.in_row(index)
    return {"n_trusting": len(theirs), "n_trusting_whom_the_viewer_follows": len(np.intersect1d(mine, theirs))}


def trusted_by(view: "View", viewer: str, *, limit: int = 10) -> tuple[Answer, Answer]:
    """Whom an account trusts most, by the exact solver: data and meta."""
    check_limit(limit)
    present = view.present(viewer)
    judged = view.judged(present)
    scores = judged.scores
    best = trusted_circle(scores, present.index, view.run.discount, size=limit).accounts
    sure = zip(best, judged.factors_of(best).tolist(), judged.sure_of(view.run, best), strict=True)
    rows = [
        {
            "rank": rank,
            "id": view.snapshot.accounts[known_as(present, int(a))],
            "trust": float(scores[a]),
            "distrust_factor": factor,
            **said,
        }
        for rank, (a, factor, said) in enumerate(sure, start=1)
    ]
    return {"viewer": viewer, "accounts": rows}, view.meta(n_newer=present.n_newer, solver="exact")


def ranking(view: "View", *, limit: int = 10) -> tuple[Answer, Answer]:
    """The most trusted accounts: data and meta."""
    check_limit(limit)
    trust = view.run.global_trust
    best = np.lexsort((np.arange(len(trust)), -trust))[:limit]
    sure = zip(best, global_factors(view.run, best).tolist(), globally_sure_of(view.run, best), strict=True)
    rows = [
        {
            "rank": rank,
            "id": view.snapshot.accounts[int(a)],
            "trust": float(trust[a]),
            "n_trusting": int(view.run.graph.in_degrees[a]),
            "authenticity_factor": float(view.run.discount[a]),
            "distrust_factor": factor,
            **said,
        }
        for rank, (a, factor, said) in enumerate(sure, start=1)
    ]
    return {"accounts": rows, "n_accounts": len(trust)}, view.meta(personalised=False)


def placed(score: float, ordered: npt.NDArray[np.float64]) -> Answer:
    """A score with its rank among all accounts, equal scores sharing the best one."""
    above = len(ordered) - int(np.searchsorted(ordered, score, side="right"))
    below = int(np.searchsorted(ordered, score, side="left"))
    return {
        "score": score,
        "rank": above + 1,
        "percentile": 100.0 * below / max(len(ordered) - 1, 1),
        "n_accounts": len(ordered),
    }
