"""How far one account trusts each of many others: the figures of ``trust_answers.pair`` without its explanations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from guanxi.engine.judging import globally_sure_of
from guanxi.engine.newer import Present
from guanxi.engine.pairwise import pairwise_each
from guanxi.engine.trust_answers import placed
from guanxi.errors import ParameterError

if TYPE_CHECKING:
    from guanxi.engine.view import View

Answer = dict[str, Any]
MAX_TARGETS = 1000


def trust_in_each(view: "View", viewer: str, targets: Sequence[str]) -> tuple[Answer, Answer]:
    """Personal, global and pairwise trust of an account in others, in the order given: data and meta.

    A target that the snapshot does not know is said to be unknown and does not stop the others.

    Raises
    ------
    ParameterError
        If there are more than ``MAX_TARGETS`` targets.
    """
    if len(targets) > MAX_TARGETS:
        raise ParameterError(f"targets has {len(targets)} entries, more than {MAX_TARGETS}")
    accounts, present = view.snapshot.accounts, view.present(viewer)
    index = {target: accounts.find(target) for target in targets}
    known = [target for target, at in index.items() if at is not None]
    found = dict(zip(known, _each(view, viewer, known, present), strict=True))
    rows = [{"target": target, "known": target in found, **found.get(target, _STRANGER)} for target in targets]
    return {"viewer": viewer, "targets": rows}, view.meta(n_newer=present.n_newer, solver="exact")


_STRANGER: Answer = {"personal": None, "global": None, "pairwise": None}


def _each(view: "View", viewer: str, targets: Sequence[str], present: Present) -> list[Answer]:
    judged, run = view.judged(present), view.run
    at = np.array([run.actor(view.snapshot.accounts.index(target)) for target in targets], dtype=np.int64)
    ordered, scores = np.sort(judged.scores), judged.scores
    personal = zip(at.tolist(), judged.sure_of(run, at), strict=True)
    overall = zip(at.tolist(), globally_sure_of(run, at), strict=True)
    columns = (
        [placed(float(scores[index]), ordered) | sure for index, sure in personal],
        [placed(float(run.global_trust[index]), run.sorted_trust) | sure for index, sure in overall],
        [_short(entry) for entry in pairwise_each(view, viewer, targets)],
    )
    return [{"personal": p, "global": g, "pairwise": w} for p, g, w in zip(*columns, strict=True)]


def _short(pairwise: Answer) -> Answer:
    """Without the terms, of which there would be thousands."""
    return {name: value for name, value in pairwise.items() if name != "terms"}
