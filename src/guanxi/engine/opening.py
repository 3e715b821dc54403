"""Opening what is published; where that is damaged, what was in use before."""

import logging
from dataclasses import replace

from guanxi.engine.privacy import Privacy
from guanxi.engine.scoring import Run
from guanxi.engine.view import View
from guanxi.errors import DamagedError, NotReadyError
from guanxi.snapshot import Snapshot
from guanxi.stores import GraphStore, Published

log = logging.getLogger("guanxi")


def in_use(store: GraphStore) -> Published:
    """What is published, with a run.

    Raises
    ------
    NotReadyError
        If there is no run yet.
    """
    published = store.published()
    if published is None or published.run is None:
        raise NotReadyError("there is no run yet; `guanxi snapshot` and `guanxi score` make one")
    return published


def open_view(store: GraphStore, published: Published, privacy: Privacy, *, before: View | None) -> View:
    """Open what is published, unless it is open; ``before`` is the view that was in use last."""
    current = (published.run, published.seq)
    if before is not None and not before.degraded and (before.run.id, before.seq) == current:
        return before
    try:
        return _opened(store, privacy, published.snapshot, published.run, published.seq)
    except DamagedError as exc:
        if before is not None:
            log.warning("%s; the previous run stays in use", exc)
            return replace(before, degraded=True)
        if published.previous_snapshot is None or published.previous_run is None:
            raise
        log.warning("%s; falling back to the previous run", exc)
        earlier = published.previous_snapshot, published.previous_run, published.previous_seq
        return replace(_opened(store, privacy, *earlier), degraded=True)


def _opened(store: GraphStore, privacy: Privacy, snapshot: str, run: str | None, seq: int) -> View:
    opened = Snapshot.open(store.snapshots / snapshot)
    return View(Run.open(store.runs / str(run), opened), store, seq, privacy)
