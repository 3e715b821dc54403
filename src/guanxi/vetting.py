"""The vetting report on one account: a few numbers with intervals, the facts behind them, and innocent explanations.

Never one verdict. Low quality of an audience says nothing about who bought it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from guanxi.authenticity import INNOCENT, Authenticity, EvidenceRow, Subject, Unsuspicious, Witness
from guanxi.events.values import isoformat
from guanxi.snapshot import NO_TIME, Snapshot

Dossier = dict[str, Any]

GRADES = (("A", 200), ("B", 50), ("C", 10), ("D", 0))
"""Data confidence: the grade that so many relations behind the witnesses give."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What one run knows about authenticity: the witnesses, each subject fused, and what is left of the audience."""

    witnesses: list[Witness]
    fused: Mapping[Subject, Authenticity]
    unsuspicious: Unsuspicious


def authenticity_of(index: int, id_: str, heard: Heard) -> dict[str, Any]:
    """Authenticity of one account's audience and of its own conduct, with what each witness says."""
    witnesses, fused, left = heard.witnesses, heard.fused, heard.unsuspicious
    return {
        "account": id_,
        "audience": _fused(fused[Subject.AUDIENCE], index),
        "unsuspicious_followers": _interval(left.value[index], left.low[index], left.high[index]),
        "conduct": _fused(fused[Subject.CONDUCT], index),
        "data_confidence": data_confidence(index, witnesses),
        "witnesses": [_heard(witness, fused[witness.subject], index) for witness in witnesses],
    }


def vet(
    index: int,
    snapshot: Snapshot,
    heard: Heard,
    *,
    evidence: int = 10,
) -> Dossier:
    """Build the dossier on one account.

    Parameters
    ----------
    index : int
        The account.
    heard : Heard
        From one run.
    evidence : int
        How many facts to list per witness; at least 0.
    """
    dossier = authenticity_of(index, snapshot.accounts[index], heard)
    for said, witness in zip(dossier["witnesses"], heard.witnesses, strict=True):
        rows = witness.evidence(index, limit=evidence)
        said["evidence"] = [_fact(row, snapshot) for row in rows]
        said["innocent_explanations"] = [{"code": code, "text": INNOCENT[code]} for code in witness.innocent]
    offsets, _ = snapshot.followers
    dossier["figures"] = {
        "n_followers": int(offsets[index + 1] - offsets[index]),
        "n_following": _n_edges(snapshot, "follow", "account", index),
        "n_shares": sum(_n_edges(snapshot, "share", kind, index) for kind in ("item", "post")),
        "n_purchases": _n_edges(snapshot, "purchase", "item", index),
    }
    return dossier


def data_confidence(index: int, witnesses: list[Witness]) -> str:
    """A to D, by the largest sample that a witness who speaks rests on."""
    sizes = [int(w.sample_size[index]) for w in witnesses if not np.isnan(w.share[index])]
    return next(grade for grade, least in GRADES if max(sizes, default=0) >= least)


def _fused(about: Authenticity, index: int) -> dict[str, Any]:
    numbers = _interval(about.value[index], about.low[index], about.high[index])
    return numbers | {"n_witnesses": int(about.n_witnesses[index])}


def _interval(value: float, low: float, high: float) -> dict[str, Any]:
    """A number with its interval; nothing where it is unknown."""
    if np.isnan(value):
        return {"value": None, "low": None, "high": None}
    return {"value": float(value), "low": float(low), "high": float(high)}


def _heard(witness: Witness, about: Authenticity, index: int) -> dict[str, Any]:
    abstains = bool(np.isnan(witness.share[index]))
    return {
        "name": witness.name,
        "subject": witness.subject.value,
        "value": None if abstains else float(witness.share[index]),
        "typical": None if abstains else float(witness.typical[index]),
        "percentile": None if abstains else float(witness.percentile[index]),
        "sample_size": int(witness.sample_size[index]),
        "log_likelihood_ratio": None if abstains else float(about.contributions[witness.name][index]),
        "note": witness.note or ("nothing to compare with" if abstains else None),
    }


def _fact(row: EvidenceRow, snapshot: Snapshot) -> dict[str, Any]:
    numbers: dict[str, Any] = dict(row.numbers)
    since = numbers.pop("since_us", float(NO_TIME))
    if "returned_since_us" in numbers:
        numbers["returned_since"] = isoformat(int(numbers.pop("returned_since_us")))
    return {
        "code": row.code,
        "follower": snapshot.accounts[row.follower],
        "followee": snapshot.accounts[row.followee],
        "since": None if since <= float(NO_TIME) or np.isnan(since) else isoformat(int(since)),
        **numbers,
    }


def _n_edges(snapshot: Snapshot, name: str, kind: str, index: int) -> int:
    relation = snapshot.relations.get((name, kind))
    return 0 if relation is None else int(relation.offsets[index + 1] - relation.offsets[index])
