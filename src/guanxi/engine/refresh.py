"""Which way a snapshot is taken: from the one before where little is new, else from all events."""

import logging
from dataclasses import dataclass
from pathlib import Path

from guanxi.errors import DamagedError
from guanxi.snapshot import Snapshot, build_snapshot, refresh_snapshot
from guanxi.stores import EmbeddedStore, GraphStore, Published

log = logging.getLogger("guanxi")

SMALL_PART = 0.25
"""Of the events may be new; where more are, building anew costs no more than it saves."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A snapshot's folder, and whether it was made from the one before."""

    folder: Path
    refreshed: bool


def take_snapshot(store: GraphStore, seq: int, *, erasure: int, full: bool = False) -> Taken:
    """Take a snapshot of the events up to ``seq``; the same bytes either way.

    Parameters
    ----------
    store : GraphStore
    seq : int
        The newest event that counts.
    erasure : int
        The last erasure that was begun: a snapshot of before it is not built upon.
    full : bool
        Whether to build from all events even where little is new.
    """
    published = None if full else store.published()
    if published is not None and _can_be_built_upon(store, published, seq, erasure):
        try:
            return Taken(_refreshed(store, published, seq), refreshed=True)
        except DamagedError as exc:
            log.warning("%s; building from all events", exc)
    return Taken(build_snapshot(store.coded_events(upto=seq), store.snapshots), refreshed=False)


def _can_be_built_upon(store: GraphStore, published: Published, seq: int, erasure: int) -> bool:
    """Neo4j hands out its events in no order, so that what is new there cannot be told."""
    n_new = seq - published.newest_seq
    kept = isinstance(store, EmbeddedStore) and published.newest_erasure == erasure
    return kept and published.newest_seq > 0 and 0 <= n_new <= SMALL_PART * published.newest_seq


def _refreshed(store: GraphStore, published: Published, seq: int) -> Path:
    folder = store.snapshots / published.newest
    old = Snapshot.open(folder)
    if seq == published.newest_seq:
        return folder
    earlier = store.coded_events(upto=published.newest_seq)
    return refresh_snapshot(old, earlier, store.coded_events(after=published.newest_seq, upto=seq), store.snapshots)
