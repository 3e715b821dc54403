"""Which trust may be told of its giver: edges of the trust graph with some public evidence behind them."""

import weakref
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from guanxi.engine.identity_answers import known_as
from guanxi.engine.newer import Present
from guanxi.engine.scoring import Run
from guanxi.engine.view import View
from guanxi.graph import TrustGraph
from guanxi.local_trust import local_trust
from guanxi.recommend import trusts_in_public

Marks = npt.NDArray[np.bool_]
_known: dict[tuple[int, frozenset[str]], Marks] = {}


def public_ties(run: Run, public: frozenset[str]) -> Marks:
    """Which edges of a run's trust graph rest on public relation types, if not alone; shape (m,), in forward order.

    A public relation that weighs nothing in the run's strategy shows no trust. Kept as long as the run is open: it
    costs as much as local trust.
    """
    key = id(run), public
    marks = _known.get(key)
    if marks is None:
        marks = _known[key] = _marks(run, public)
        weakref.finalize(run, _known.pop, key, None)
    return marks


def ties_to_tell(view: View, asked: int, present: Present | None = None) -> Marks:
    """``public_ties`` that may be told to a viewer of one account, whoever stands for either in the run.

    Identity links are not public. So ties into the account that was asked for are those into itself, not into who
    stands for it; and nothing is told of the ties of who stands for an account that the viewer trusts.
    """
    run, marks = view.run, public_ties(view.run, view.privacy.public)
    if run.identities is None:
        return marks
    marks, home = marks.copy(), run.actor(asked)
    if home != asked:
        into = np.flatnonzero(run.graph.targets == home)
        sources = run.graph.edge_sources()[into].astype(np.int64)
        marks[into] = trusts_in_public(run.snapshot, sources, asked, public=view.privacy.public)
        _shut(run, home, marks)
    if present is not None:
        targets = run.graph.row(present.index or 0)[0] if present.row is None else present.row.targets
        for account in targets.tolist():
            if known_as(present, account) != account:
                _shut(run, account, marks)
    return marks


def _shut(run: Run, account: int, marks: Marks) -> None:
    """Tell nothing of the ties that an account gives."""
    marks[run.graph.offsets[account] : run.graph.offsets[account + 1]] = False


def _marks(run: Run, public: frozenset[str]) -> Marks:
    weights = {name: weight for name, weight in run.setting.weights.items() if name in public}
    shown = local_trust(run.snapshot, replace(run.setting, weights=weights))
    marks, edges, found = np.zeros(run.graph.m, dtype=np.bool_), _pairs(run.graph), _pairs(shown)
    at = np.searchsorted(edges, found)
    there = at < len(edges)
    there[there] = edges[at[there]] == found[there]
    marks[at[there]] = True
    return marks


def _pairs(graph: TrustGraph) -> npt.NDArray[np.uint64]:
    """Both ends of every edge in one word, increasing."""
    return graph.edge_sources().astype(np.uint64) << np.uint64(32) | graph.targets.astype(np.uint64)
