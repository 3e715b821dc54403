"""On whom somebody's trust rests: the smallest set of others that most of it comes through."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from guanxi.engine.public_ties import ties_to_tell
from guanxi.engine.scoring import pre_trust_of
from guanxi.engine.view import View
from guanxi.errors import ParameterError
from guanxi.trust import Carriers, carriers
from guanxi.trust.carriers import Progress
from guanxi.trust.steps import Steps

Answer = dict[str, Any]
FloatArray = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]
_EDGES_TRIED = 60_000_000


def fragility(
    view: View,
    account: str,
    *,
    viewer: str | None = None,
    share: float = 0.8,
    limit: int = 100,
    effort: int | None = None,
    progress: Progress | None = None,
) -> tuple[Answer, Answer]:
    """The smallest set found that carries ``share`` of an account's trust: data and meta.

    Of its global trust; with a ``viewer``, of that account's personal trust. An account of the set is named if ties
    that others may see lead from it to the account; the others are counted from ``k`` up. See ``carriers`` for what
    it is to carry, and for the other options; without an ``effort``, it is chosen by the size of the graph.

    Raises
    ------
    UnknownIdError
        If the snapshot does not know the account. An unknown viewer is a newcomer, not an error.
    ParameterError
        If an option is out of range, or the viewer is the account.
    """
    known = view.snapshot.accounts.index(account)
    index = view.run.actor(known)
    asked = _globally(view) if viewer is None else _personally(view, viewer)
    if asked.silent == index:
        raise ParameterError(f"the viewer, {viewer!r}, is the account; its trust in itself is carried by nobody else")
    found = carriers(
        view.run.graph,
        asked.start,
        index,
        share=share,
        barred=asked.barred,
        silent=asked.silent,
        discount=view.run.discount,
        restart=view.run.strategy.restart,
        limit=limit,
        effort=_effort(view.run.graph.m) if effort is None else effort,
        progress=progress,
    )
    told = {"account": account, "viewer": viewer, "score": float(asked.scores[index]), "share": share}
    meta = view.meta(personalised=viewer is not None, n_newer=asked.n_newer, solver=None if viewer is None else "exact")
    return told | _told(view, known, found), meta


def _effort(n_edges: int) -> int:
    """So many sets that trying them takes about a minute at most."""
    return min(1000, _EDGES_TRIED // max(n_edges, 1))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Which trust is asked about: the scores, where it starts, and who cannot be in the set."""

    scores: FloatArray
    start: FloatArray
    barred: Marks
    silent: int | None = None
    n_newer: int = field(default=0)


def _globally(view: View) -> _Asked:
    run = view.run
    start = pre_trust_of(run.snapshot, run.strategy, run.discount, run.identities)
    barred = np.zeros(run.graph.n, dtype=np.bool_)
    if run.strategy.seeds:  # trust starts there by decree, whoever else there is
        barred = start > 0
    return _Asked(run.global_trust, start, barred)


def _personally(view: View, viewer: str) -> _Asked:
    present = view.present(viewer)
    personal = view.personal(present)
    targets, parts = Steps.of(view.run.graph, personal).first
    start = np.zeros(view.run.graph.n)
    start[targets] = parts
    return _Asked(
        view.judged(present).scores, start, np.zeros(len(start), dtype=np.bool_), personal.viewer, present.n_newer
    )


def _told(view: View, known: int, found: Carriers) -> Answer:
    leads, adds = _leading(view, known), np.diff(np.array([0.0, *found.shares]))
    named = [
        {"id": view.snapshot.accounts[account], "adds": float(added)}
        for account, added in zip(found.accounts, adds, strict=True)
        if leads[account]
    ]
    n_hidden = len(found.accounts) - len(named)
    hidden = view.privacy.number(n_hidden, public=n_hidden == 0)
    counted = "n" in hidden  # else the size of the set would give away how many may not be named
    return {
        "own_share": found.own,
        "carried": found.shares[-1] if found.shares else 0.0,
        "reached": found.reached,
        "n_accounts": len(found.accounts) if counted else None,
        "accounts": named,
        "not_public": hidden,
        "at_least": found.at_least if counted else None,
        "proven_smallest": found.proven,
    }


def _leading(view: View, known: int) -> Marks:
    """From which accounts public ties lead to one."""
    from scipy.sparse import csr_array  # noqa: PLC0415 - start-up does not pay for it
    from scipy.sparse.csgraph import breadth_first_order  # noqa: PLC0415 - as above

    graph, shown, index = view.run.graph, ties_to_tell(view, known), view.run.actor(known)
    ends = graph.targets[shown], graph.edge_sources()[shown]
    backward = csr_array((np.ones(len(ends[0]), dtype=np.int8), ends), shape=(graph.n, graph.n))
    leads = np.zeros(graph.n, dtype=np.bool_)
    leads[breadth_first_order(backward, index, return_predecessors=False)] = True
    return leads
