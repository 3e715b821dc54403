"""What would be if: scores, ranks and recommendations on an edited graph, beside those of the run in use.

Everything is computed anew on the edited graph by the same code that scores a snapshot, authenticity included.
Nothing is stored, and nothing of it is put in use.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi.engine.changes import Changes, edits_of, ids_of, strategy_without
from guanxi.engine.identity import of_every_account
from guanxi.engine.moments import NothingNewer
from guanxi.engine.unsaved import unsaved_run
from guanxi.engine.view import View
from guanxi.errors import FieldError
from guanxi.recommend.ranking import check_limit
from guanxi.snapshot import edited

Answer = dict[str, Any]
FloatArray = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]
_N_STEPS = 3


def counterfactual(
    view: View,
    changes: Changes,
    *,
    viewer: str | None = None,
    targets: tuple[str, ...] = (),
    limit: int = 10,
    seed_secret: bytes | None = None,
    progress: Progress | None = None,
) -> tuple[Answer, Answer]:
    """Scores, ranks and recommendations before and after some changes: data and meta.

    Both sides are as of the snapshot: what a viewer did after it counts on neither.

    Parameters
    ----------
    viewer : str, optional
        Whose personal trust and recommended items are compared, too.
    targets : tuple of str
        Accounts to compare whether or not they are among the biggest movers.
    limit : int
        How many movers and items, in 1..1000.
    seed_secret : bytes, optional
        As the run in use was computed with.
    progress : callable, optional
        Told how many steps are done, of how many.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know an account; an unknown viewer is a newcomer, not an error.
    FieldError
        If a change is none, or the viewer or a target would not exist.
    """
    check_limit(limit)
    say = progress or (lambda _done, _of: None)
    say(0, _N_STEPS)
    edits = edits_of(changes, view.run)
    removed = ids_of(view.snapshot, edits.accounts)
    for name, of in (("viewer", [] if viewer is None else [viewer]), ("targets", targets)):
        for id_ in of:
            if id_ in set(removed):
                raise FieldError(f"{id_!r} is removed, so nothing can be compared for it", name)
    strategy, snapshot = strategy_without(view.run.strategy, removed), edited(view.snapshot, edits)
    say(1, _N_STEPS)
    after = View(unsaved_run(snapshot, strategy, seed_secret=seed_secret), NothingNewer(), view.seq, view.privacy)
    say(2, _N_STEPS)
    both = _Both(
        replace(view, store=NothingNewer()), after, np.delete(np.arange(view.snapshot.n_accounts), edits.accounts)
    )
    data = both.answer(changes, viewer, targets, limit=limit)
    say(_N_STEPS, _N_STEPS)
    return data, view.meta(personalised=viewer is not None, solver="exact" if viewer is not None else None)


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """The world as it is, and as it would be.

    Attributes
    ----------
    before, after : View
    staying : numpy.ndarray of indices
        The accounts that are in both, by their indices before; their order is that of the indices after.
    """

    before: View
    after: View
    staying: npt.NDArray[np.int64]

    def answer(self, changes: Changes, viewer: str | None, targets: tuple[str, ...], *, limit: int) -> Answer:
        scores = self._globally()
        personal = None if viewer is None else self._personally(viewer)
        data: Answer = {
            "removed": self._removed(changes),
            "added": [{"source": a, "target": b, "level": level} for a, b, level in changes.added],
            "graph": self._graph(),
            "movers": self._rows(scores, scores.movers(limit)),
            "targets": [self._target(id_, scores, personal) for id_ in targets],
            "viewer": viewer,
        }
        if viewer is not None and personal is not None:
            own = self.after.present(viewer).index
            data |= {
                "personal_movers": self._rows(personal, personal.movers(limit, but=own)),
                "items": {
                    when: self._items(view, viewer, limit)
                    for when, view in (("before", self.before), ("after", self.after))
                },
            }
        return data

    def _removed(self, changes: Changes) -> Answer:
        n = self.before.snapshot.n_accounts - len(self.staying)
        return {
            "n_accounts": n,
            "accounts": list(changes.accounts),
            "communities": list(changes.communities),
            "communities_of": list(changes.communities_of),
            "relations": sorted(set(changes.relations)),
            "edges": [{"source": a, "target": b} for a, b in changes.edges],
        }

    def _graph(self) -> Answer:
        return {
            when: {
                "n_accounts": view.snapshot.n_accounts,
                "n_trust_edges": view.run.graph.m,
                "n_discounted": int((view.run.discount < 1).sum()),
            }
            for when, view in (("before", self.before), ("after", self.after))
        }

    def _globally(self) -> "_Compared":
        return self._compared(self.before.run.global_trust, self.after.run.global_trust)

    def _personally(self, viewer: str) -> "_Compared":
        before, after = (view.judged(view.present(viewer)).scores for view in (self.before, self.after))
        return self._compared(before, after)

    def _compared(self, before: FloatArray, after: FloatArray) -> "_Compared":
        sides = [
            _Scores(scores, of_every_account(view.run, scores))
            for view, scores in ((self.before, before), (self.after, after))
        ]
        return _Compared(sides[0], sides[1], self.staying)

    def _rows(self, compared: "_Compared", places: npt.NDArray[np.int64]) -> list[Answer]:
        ids = ids_of(self.after.snapshot, places)
        return [{"id": id_, **compared.row(place)} for id_, place in zip(ids, places.tolist(), strict=True)]

    def _target(self, id_: str, scores: "_Compared", personal: "_Compared | None") -> Answer:
        self.before.snapshot.accounts.index(id_)
        place = self.after.snapshot.accounts.index(id_)
        said = None if personal is None else personal.row(place)
        factors = {
            when: float(view.run.discount[view.snapshot.accounts.index(id_)])
            for when, view in (("before", self.before), ("after", self.after))
        }
        return {"id": id_, "global": scores.row(place), "personal": said, "authenticity_factor": factors}

    def _items(self, view: View, viewer: str, limit: int) -> list[Answer]:
        found, _ = view.items(viewer, limit=limit, exact=True)
        return [{name: item[name] for name in ("rank", "id", "score")} for item in found["items"]]


@dataclass(frozen=True, slots=True, eq=False)
class _Scores:
    """Scores of actors, and of every account as the actor that it is."""

    of_actors: FloatArray
    of_accounts: FloatArray

    def at(self, account: int) -> Answer:
        """Score and rank of one account."""
        score = self.of_accounts[account]
        return {"score": float(score), "rank": 1 + int((self.of_actors > score).sum())}


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Scores before and after; places are indices after."""

    before: _Scores
    after: _Scores
    staying: npt.NDArray[np.int64]

    @property
    def change(self) -> FloatArray:
        """By how much the score of each account that stays changes."""
        return self.after.of_accounts - self.before.of_accounts[self.staying]

    def movers(self, limit: int, *, but: int | None = None) -> npt.NDArray[np.int64]:
        """Places of the actors whose scores change most; none that does not change by more than rounding."""
        change = np.abs(self.change)
        change[self.after.of_actors != self.after.of_accounts] = 0.0
        if but is not None:
            change[but] = 0.0
        order = np.lexsort((np.arange(len(change)), -change))[:limit]
        return order[change[order] > _ROUNDING]

    def row(self, place: int) -> Answer:
        """The score and rank of one account before and after."""
        before, after = self.before.at(int(self.staying[place])), self.after.at(place)
        return {"before": before, "after": after, "change": after["score"] - before["score"]}


_ROUNDING = 1e-10
"""Scores are computed to this tolerance: less is no change."""
