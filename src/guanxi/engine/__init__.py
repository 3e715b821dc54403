"""Joins stores and algorithms: load events, take snapshots, compute runs, answer."""

from guanxi.engine.appending import EventOutcome
from guanxi.engine.doctor import Finding
from guanxi.engine.engine import Engine
from guanxi.engine.erasure import ErasureReport
from guanxi.engine.loads import Limit, LoadReport
from guanxi.engine.options import Strategy
from guanxi.engine.privacy import Privacy
from guanxi.engine.publishing import RunReport, SnapshotReport
from guanxi.engine.scoring import Run
from guanxi.engine.view import View
from guanxi.loading import FileMapping, FileReject, parse_pairs, read_mapping_file

__all__ = [
    "Engine",
    "ErasureReport",
    "EventOutcome",
    "FileMapping",
    "FileReject",
    "Finding",
    "Limit",
    "LoadReport",
    "Privacy",
    "Run",
    "RunReport",
    "SnapshotReport",
    "Strategy",
    "View",
    "parse_pairs",
    "read_mapping_file",
]
