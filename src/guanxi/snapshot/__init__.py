"""Immutable copies of the graph as arrays: built from events, saved with checksums, mapped to be read."""

from guanxi.events.coded import NO_TIME
from guanxi.snapshot.account import relations_of
from guanxi.snapshot.build import build_snapshot
from guanxi.snapshot.editing import Edits, edited
from guanxi.snapshot.graph import NO_INDEX, Ids, Relation, Snapshot
from guanxi.snapshot.refresh import refresh_snapshot

__all__ = [
    "NO_INDEX",
    "NO_TIME",
    "Edits",
    "Ids",
    "Relation",
    "Snapshot",
    "build_snapshot",
    "edited",
    "refresh_snapshot",
    "relations_of",
]
