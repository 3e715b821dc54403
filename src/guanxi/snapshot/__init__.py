"""Immutable copies of the graph as arrays: built from events, saved with checksums, mapped to be read."""

from guanxi.snapshot.account import relations_of
from guanxi.snapshot.build import build_snapshot
from guanxi.snapshot.graph import NO_INDEX, NO_TIME, Ids, Relation, Snapshot

__all__ = ["NO_INDEX", "NO_TIME", "Ids", "Relation", "Snapshot", "build_snapshot", "relations_of"]
