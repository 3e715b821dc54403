"""What one account would say about another, as an answer: the value expected, and the terms that it is the sum of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from guanxi.engine.privacy import Privacy
from guanxi.engine.statements import MIN_STATEMENTS, RELATION, Spoken
from guanxi.trust import PairwiseTrust

if TYPE_CHECKING:
    from guanxi.engine.view import View

Answer = dict[str, Any]

REASONS = {
    "too_few_statements": f"fewer than {MIN_STATEMENTS} statements of trust are known here",
    "all_say_the_same": "all statements of trust say the same here: there is nothing to predict",
    "nothing_to_learn": "what people say here is predicted no better than by its mean",
    "own_account": "an account says nothing about itself",
    "unknown_viewer": "the viewer is not known yet, so nothing can be said about what it would say",
    "no_evidence": "nobody has said anything that bears on this pair",
    "too_few_people": "so few have spoken that the value would give away who said what",
}
"""Why there is no value, by stable codes."""


def pairwise(view: "View", viewer: str, target: str) -> Answer:
    """The statement of trust that one account would make about another; see ``pairwise_each``."""
    return pairwise_each(view, viewer, [target])[0]


def pairwise_each(view: "View", viewer: str, targets: Sequence[str]) -> list[Answer]:
    """The statements of trust that an account would make about others, from -1 to 1, apart from what it said.

    The terms add up to the value. What the viewer really said stands beside it, and has no part in it. Where statements
    are not public, there is a value only from ``k`` statements up, and no terms: one of them is what a single person
    said.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know a target.
    """
    accounts, spoken = view.snapshot.accounts, view.run.spoken
    source, about = accounts.find(viewer), [accounts.index(target) for target in targets]
    said = [None] * len(about) if source is None else spoken.said(source, about)
    if source is None or spoken.model is None:
        why_not = "unknown_viewer" if spoken.model else spoken.why_not
        codes = ["own_account" if index == source else why_not for index in about]
        return [_unknown(code, spoken, value) for code, value in zip(codes, said, strict=True)]
    others = [place for place, index in enumerate(about) if index != source]
    found = spoken.model.predict([source] * len(others), [about[place] for place in others])
    answers = [_unknown("own_account", spoken) for _ in about]
    for at, place in enumerate(others):
        answers[place] = _found(found, at, spoken, said[place], view.privacy)
    return answers


def _found(found: PairwiseTrust, at: int, spoken: Spoken, said: float | None, privacy: Privacy) -> Answer:
    if not found.known[at]:
        return _unknown("no_evidence", spoken, said)
    public = RELATION in privacy.public
    if not public and found.evidence[at] < privacy.k:
        return _unknown("too_few_people", spoken, said)
    answer: Answer = {
        "value": float(found.values[at]),
        "reason": None,
        "terms": [{"name": name, "amount": amount} for name, amount in found.explain(at)] if public else [],
        "evidence": int(found.evidence[at]),
        "confidence": float(found.confidence[at]),
    }
    return answer | _of_every_pair(spoken, said)


def _unknown(code: str, spoken: Spoken, said: float | None = None) -> Answer:
    reason = {"code": code, "text": REASONS[code]}
    nothing: Answer = {"value": None, "reason": reason, "terms": [], "evidence": None, "confidence": 0.0}
    return nothing | _of_every_pair(spoken, said)


def _of_every_pair(spoken: Spoken, said: float | None) -> Answer:
    """What holds for every pair: how many statements there are, and how far predictions are off on average."""
    model = spoken.model
    return {"said": said, "n_statements": spoken.n_heard, "error": None if model is None else model.error}
