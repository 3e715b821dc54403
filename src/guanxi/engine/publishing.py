"""Snapshots and runs: taken, computed, and put in use."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from guanxi.bundle import Bundle
from guanxi.engine.options import Strategy
from guanxi.engine.refresh import take_snapshot
from guanxi.engine.scoring import Run, score
from guanxi.errors import DamagedError, NotReadyError
from guanxi.snapshot import Snapshot
from guanxi.stores import EmbeddedStore, GraphStore, Published, RunRecord

log = logging.getLogger("guanxi")

Keep = Callable[[Strategy], object]
"""Keeps a strategy under its name and version."""


@dataclass(frozen=True, slots=True)
class SnapshotReport:
    """A published snapshot."""

    id: str
    n_accounts: int
    n_items: int
    n_edges: int
    n_events: int
    new: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """A published run."""

    id: str
    snapshot: str
    strategy: str
    n_accounts: int
    n_trust_edges: int
    n_discounted: int
    seconds: float


def publish_snapshot(store: GraphStore, *, full: bool = False) -> SnapshotReport:
    """Take a snapshot of all events and make it the newest; see ``Engine.snapshot``."""
    started, erased, seq = time.perf_counter(), store.last_erasure(), store.last_seq()
    if seq == 0 and isinstance(store, EmbeddedStore):
        raise NotReadyError(f"the store at {store.home} has no events; load some first")
    taken = take_snapshot(store, seq, erasure=erased, full=full)
    snapshot, old = Snapshot.open(taken.folder, verify=False), store.published()  # its hash was just computed
    new = old is None or old.newest != snapshot.id
    current = old or Published(snapshot=snapshot.id, run=None, seq=seq)
    store.publish(replace(current, newest=snapshot.id, newest_seq=seq, newest_erasure=erased))
    if store.last_erasure() != erased:  # of an account that the snapshot may still know
        return publish_snapshot(store)
    seconds = time.perf_counter() - started
    how = "refreshed" if taken.refreshed else "built"
    log.info("snapshot %s of %d edges %s in %.2f s", snapshot.id, snapshot.n_edges, how, seconds)
    n_items, n_events = len(snapshot.ids.get("item", ())), store.n_events()
    return SnapshotReport(snapshot.id, snapshot.n_accounts, n_items, snapshot.n_edges, n_events, new, seconds)


def publish_run(
    store: GraphStore,
    strategy: Strategy,
    *,
    now_us: int,
    earlier: Run | None = None,
    keep: Keep | None = None,
    seed_secret: bytes | None = None,
    instead_of: str | None = None,
) -> RunReport:
    """Compute a run of the newest snapshot and put both in use.

    Parameters
    ----------
    earlier : Run, optional
        Whose scores to start from.
    keep : callable, optional
        Called with the strategy once the run is there, and not before: one that cannot be scored, for a seed that is
        no account, takes up no name.
    seed_secret : bytes, optional
        What draws the labels of each week; see ``labels_of``.
    instead_of : str, optional
        The run that this one shall take the place of; if another is in use by then, that one stays.
    """
    started, old = time.perf_counter(), store.published()
    if old is None:
        raise NotReadyError("there is no snapshot; `guanxi snapshot` makes one")
    snapshot = Snapshot.open(store.snapshots / old.newest)
    folder = score(snapshot, strategy, store.runs, earlier=earlier, seed_secret=seed_secret)
    run = Run.open(folder, snapshot, verify=False)
    n_discounted = int((run.discount < 1).sum())  # now: once another run is in use, this one's files may be gone
    if keep is not None:
        keep(strategy)
    store.record_run(RunRecord(run.id, snapshot.id, strategy.label, strategy.to_json(), now_us))
    latest = store.published() or old  # another process may have taken a snapshot meanwhile
    if old.newest not in latest.snapshots:  # and this one is gone: by an erasure, or for good
        again = partial(publish_run, store, strategy, now_us=now_us, keep=keep, seed_secret=seed_secret)
        return again(earlier=run_in_use(store) if earlier else None, instead_of=instead_of)
    if instead_of in (None, latest.run):
        store.publish(latest.with_run(run.id, of=old))
    seconds = time.perf_counter() - started
    log.info("run %s of snapshot %s by %s in %.2f s", run.id, snapshot.id, strategy.label, seconds)
    return RunReport(run.id, snapshot.id, strategy.label, snapshot.n_accounts, run.graph.m, n_discounted, seconds)


def refresh(store: GraphStore, *, now_us: int, seed_secret: bytes | None = None) -> RunReport | None:
    """Take new events into a run by the strategy in use, warm; None where nothing is new. See ``Engine.refresh``."""
    published, last = store.published(), store.last_seq()
    if last == 0 or (published is not None and published.run is not None and published.seq >= last):
        return None
    publish_snapshot(store)
    earlier = run_in_use(store)
    strategy = strategy_in_use(store)
    instead_of = published.run if published else None
    return publish_run(store, strategy, now_us=now_us, earlier=earlier, seed_secret=seed_secret, instead_of=instead_of)


def strategy_in_use(store: GraphStore) -> Strategy:
    """The strategy of the run in use; the default one where there is none, or nobody can tell any more."""
    published = store.published()
    if published is None or published.run is None:
        return Strategy()
    try:
        return Strategy.from_json(Bundle.open(store.runs / published.run, verify=False).meta["strategy"])
    except DamagedError:
        return Strategy()


def run_in_use(store: GraphStore) -> Run | None:
    """The run in use; None where there is none, or it is damaged."""
    published = store.published()
    if published is None or published.run is None:
        return None
    try:
        return Run.open(store.runs / published.run, Snapshot.open(store.snapshots / published.snapshot))
    except DamagedError as exc:
        log.warning("%s; starting cold", exc)
        return None
