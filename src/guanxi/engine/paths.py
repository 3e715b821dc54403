"""By which paths one account's trust in another comes: contributions that add up to it, and what each hop rests on."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np

from guanxi.engine.identity_answers import known_as
from guanxi.engine.judging import Judged
from guanxi.engine.newer import Present
from guanxi.engine.public_ties import ties_to_tell
from guanxi.engine.trust_answers import distrust_adjustments, placed
from guanxi.engine.view import View
from guanxi.events.values import DAY_US, isoformat
from guanxi.local_trust import Actions, trust_row
from guanxi.snapshot import NO_TIME, Relation
from guanxi.trust import OUTSIDE, PersonalTrust, Walk, walks

Answer = dict[str, Any]
Relations = Mapping[tuple[str, str], Relation]


def paths(view: View, viewer: str, target: str, *, limit: int = 10, max_hops: int = 6) -> tuple[Answer, Answer]:
    """The paths by which one account trusts another: data and meta.

    Personal trust is a sum over walks from the viewer that do not come back to it. The heaviest ``limit`` of at most
    ``max_hops`` hops are listed with what each hop rests on; they, the others by their number of hops, the longer ones
    and the remainder, which is rounding, add up to the personal trust. Only ties that others may see are listed, and
    the viewer's own; accounts with other ties on such paths are counted from ``k`` up. Distrust is never passed on, so
    what it takes away is an adjustment beside the sum.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the target. An unknown viewer is a newcomer, not an error.
    ParameterError
        If ``limit`` is not in 1..1000 or ``max_hops`` not in 1..20.
    """
    asked, present = view.snapshot.accounts.index(target), view.present(viewer)
    index, judged = view.run.actor(asked), view.judged(present)
    personal, shown = judged.personal, ties_to_tell(view, asked, present)
    found = walks(view.run.graph, personal, index, limit=limit, max_hops=max_hops, open_edges=shown)
    others, carried = found.others(), float(personal.scores[index])
    hops = _Hops(view, present, judged, index, asked)
    listed = [hops.path(rank, walk, carried) for rank, walk in enumerate(found.listed, start=1)]
    covered = sum(walk.contribution for walk in found.listed) + float(others.sum()) + found.longer
    data = {
        "viewer": viewer,
        "target": target,
        "personal": placed(float(judged.scores[index]), np.sort(judged.scores)),
        "viewer_mass": personal.viewer_mass,
        "restart": personal.restart,
        "max_hops": max_hops,
        "paths": listed,
        "others": [
            {"hops": k, "amount": float(others[k]), "total": float(found.totals[k])}
            for k in range(max_hops + 1)
            if found.totals[k] > 0
        ],
        "longer": found.longer,
        "adjustments": distrust_adjustments(judged, index),
        "remainder": carried - covered,
        "not_public": _not_public(view, len(found.shut), float(found.totals.sum()) - found.open_total),
    }
    return data, view.meta(n_newer=present.n_newer, solver="exact")


def _not_public(view: View, n: int, amount: float) -> Answer:
    """Accounts with ties that may not be told, and what comes by them, from ``k`` accounts up."""
    number = view.privacy.number(n, public=False)
    return {**number, "amount": amount if "n" in number else None}


@dataclass(slots=True, eq=False)
class _Hops:
    """What is said of the hops of walks from one viewer to one account.

    Attributes
    ----------
    target, asked : int
        The account that trust is passed on to, and the one that was asked for; two where they are one actor.
    """

    view: View
    present: Present
    judged: Judged
    target: int
    asked: int
    _evidence: dict[tuple[int, int], list[Answer]] = field(default_factory=dict)

    def path(self, rank: int, walk: Walk, carried: float) -> Answer:
        ends = list(pairwise(walk.accounts))
        names = [self._known_as(a, first=place == 1) for place, a in enumerate(walk.accounts)]
        hops = [self._hop(a, b, *of) for (a, b), of in zip(ends, pairwise(names), strict=True)]
        return {"rank": rank, "contribution": walk.contribution, "part": walk.contribution / carried, "hops": hops}

    @property
    def personal(self) -> PersonalTrust:
        return self.judged.personal

    def _known_as(self, account: int, *, first: bool) -> int:
        """The account that is named: what was asked for, or whom the viewer trusts, not who stands for it."""
        if account == self.target:
            return self.asked
        return known_as(self.present, account) if first else account

    def _hop(self, a: int, b: int, known_a: int, known_b: int) -> Answer:
        share, authenticity = self._share(a, b), float(self.view.run.discount[b])
        ids, own = self.view.snapshot.accounts, self._is_viewer(a)
        return {
            "from": self.present.id if own else ids[known_a],
            "to": ids[known_b],
            "share": share,
            "authenticity": authenticity,
            "passes": (1 - self.personal.restart) * share * authenticity,
            "evidence": self._evidence_of(OUTSIDE if own else a, known_b),
        }

    def _is_viewer(self, account: int) -> bool:
        return account in (OUTSIDE, self.personal.viewer)

    def _share(self, a: int, b: int) -> float:
        """The part of the trust that ``a`` gives which goes to ``b``."""
        own = self.personal.row if self._is_viewer(a) else None
        targets, weights = (own.targets, own.shares) if own else self.view.run.graph.row(a)
        given = weights.astype(np.float64)
        return float(given[np.searchsorted(targets, b)] / given.sum())

    def _evidence_of(self, a: int, b: int) -> list[Answer]:
        if (a, b) not in self._evidence:
            self._evidence[a, b] = self._found(a, b)
        return self._evidence[a, b]

    def _found(self, a: int, b: int) -> list[Answer]:
        """Relation types by which ``a`` shows trust in ``b``, as far as they may be told; the heaviest first."""
        run, setting = self.view.run, self.view.run.setting
        if a == OUTSIDE:
            relations, told = self.present.relations, set(setting.weights)
        else:
            deeds = run.snapshot.deeds
            relations = {key: relation.take(relation.rows_of(a)) for key, relation in deeds.items()}
            told = set(setting.weights) & self.view.privacy.public
        actions = Actions(np.array([run.snapshot.n_accounts], dtype=np.uint32), relations)
        found = []
        for name in sorted(told):
            targets, weights = trust_row(actions, replace(setting, weights={name: setting.weights[name]}))
            weight = weights[targets == b]
            if len(weight):
                found.append({"relation": name, "weight": float(weight[0]), **self._age(relations, name, b)})
        return sorted(found, key=lambda said: (-said["weight"], said["relation"]))

    def _age(self, relations: Relations, name: str, b: int) -> Answer:
        """Time and age of the newest event of one type for ``b``; None where none that names it is dated."""
        times = [
            int(relation.times[at].max())
            for (of, kind), relation in relations.items()
            if of == name and (at := _speaking_of(relation, kind, b)).any()
        ]
        newest, as_of = max(times, default=NO_TIME), self.view.snapshot.as_of
        if newest == NO_TIME or as_of is None:
            return {"newest": None, "age_days": None}
        return {"newest": isoformat(newest), "age_days": max(as_of - newest, 0) / DAY_US}


def _speaking_of(relation: Relation, kind: str, account: int) -> Any:  # noqa: ANN401 - a boolean array
    """Which edges are to an account, or came about through it."""
    if kind == "account":
        return relation.targets == account
    return np.zeros(len(relation), dtype=np.bool_) if relation.via is None else relation.via == account
