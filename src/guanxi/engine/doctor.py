"""What is wrong with an installation, a store or its data, and what to do about it."""

import importlib.metadata
import platform
import shutil
import sqlite3
from dataclasses import dataclass
from typing import Literal

import numpy as np

from guanxi.engine.identity_answers import counts, links_of
from guanxi.engine.scoring import Run
from guanxi.errors import DamagedError
from guanxi.snapshot import NO_TIME, Ids, Snapshot
from guanxi.stores import GraphStore

Severity = Literal["ok", "note", "warning", "error"]
_SAFE_SQLITE = (3, 51, 3)
_LEAST_FREE = 1 << 30
_PACKAGES = ("guanxi", "numpy", "scipy", "numba", "pyarrow", "fastapi", "networkx", "igraph")


@dataclass(frozen=True, slots=True)
class Finding:
    """One result of the examination: what was looked at, how it is, and what to do."""

    check: str
    severity: Severity
    detail: str


def examine(store: GraphStore) -> list[Finding]:
    """Check versions, integrity and the sanity of the data."""
    findings = [*_versions(), _free_space(store), *_integrity(store)]
    try:
        published = store.published()
        if published is None:
            return [*findings, Finding("snapshot", "note", "there is none yet; `guanxi snapshot` makes one")]
        snapshot = Snapshot.open(store.snapshots / published.newest, thorough=True)
        findings.append(Finding("snapshot", "ok", f"{snapshot.id}: {snapshot.n_edges:,} edges, checksums right"))
        findings += data_findings(snapshot)
    except DamagedError as exc:
        return [*findings, Finding("snapshot", "error", f"{exc}; `guanxi snapshot` builds it again")]
    return [*findings, *_run(store), *_freshness(store)]


def _versions() -> list[Finding]:
    named = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in _PACKAGES)
    findings = [Finding("versions", "ok", f"Python {platform.python_version()}, {named}")]
    found = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < _SAFE_SQLITE:
        detail = f"{found} is older than 3.51.3; Guanxi opens one writing connection at a time, do not open a second"
        return [*findings, Finding("sqlite", "note", detail)]
    return [*findings, Finding("sqlite", "ok", found)]


def _free_space(store: GraphStore) -> Finding:
    free = shutil.disk_usage(store.home).free
    severity: Severity = "warning" if free < _LEAST_FREE else "ok"
    return Finding("disk", severity, f"{free / 2**30:,.1f} GiB free at {store.home}")


def _integrity(store: GraphStore) -> list[Finding]:
    problems = store.damage()
    if problems:
        return [Finding("store", "error", problem) for problem in problems]
    return [Finding("store", "ok", f"{store.n_events():,} events, checksums right")]


def _run(store: GraphStore) -> list[Finding]:
    published = store.published()
    if published is None or published.run is None:
        return [Finding("run", "note", "there is none yet; `guanxi score` makes one")]
    try:
        snapshot = Snapshot.open(store.snapshots / published.snapshot)
        run = Run.open(store.runs / published.run, snapshot, thorough=True)
    except DamagedError as exc:
        return [Finding("run", "error", f"{exc}; `guanxi score` computes it again")]
    mass = float(run.global_trust.sum())
    if run.graph.n and not np.isclose(mass, 1.0, atol=1e-9):
        return [
            Finding("run", "error", f"{run.id}: global trust sums to {mass}, not 1; `guanxi score` computes it again")
        ]
    found = [Finding("run", "ok", f"{run.id}: {run.graph.m:,} trust edges, checksums right")]
    return [*found, *identity_findings(run)]


def identity_findings(run: Run) -> list[Finding]:
    """Check whether identity links ran out, or found no room in their identity."""
    numbers = counts(run, links_of(run))
    if not numbers:
        return []
    told = ", ".join(f"{n:,} {word}" for word, n in numbers.items())
    advice = [what for word, what in _ADVICE.items() if word in numbers]
    severity: Severity = "warning" if advice else "ok"
    detail = "; ".join([told, *advice, "`guanxi identities` lists them"])
    return [Finding("identity links", severity, detail)]


_ADVICE = {
    "expired": "renew or unlink what has expired",
    "full": "where an identity is full, unlink an account, or raise most_accounts in the strategy",
}


def _freshness(store: GraphStore) -> list[Finding]:
    published = store.published()
    waiting = store.last_seq() - (published.seq if published else 0)
    if not waiting:
        return [Finding("freshness", "ok", "every event is in the snapshot in use")]
    detail = f"{waiting:,} events are newer than the snapshot in use; `guanxi snapshot` and `guanxi score` take them in"
    return [Finding("freshness", "note", detail)]


def data_findings(snapshot: Snapshot) -> list[Finding]:
    """Check what often goes wrong with data: ids that do not meet, relations without dates or structure."""
    checks = (_overlap(snapshot), _case(snapshot.accounts), _dates(snapshot), _mutual(snapshot))
    return [finding for finding in checks if finding is not None]


def _overlap(snapshot: Snapshot) -> Finding | None:
    """Buyers and sharers should be among those who follow and are followed."""
    ties = [snapshot.relation(name, "account") for name in ("follow", "trust")]
    tied = np.unique(np.concatenate([part for tie in ties for part in (tie.sources(), tie.targets)]))
    acting = [snapshot.relation(name, "item") for name in ("purchase", "share")]
    actors = np.unique(np.concatenate([relation.sources() for relation in acting]))
    if not len(tied) or not len(actors):
        missing = "follow or trust anybody" if not len(tied) else "buy or share anything"
        return Finding("ids", "warning", f"no accounts {missing}; is a file missing?")
    common = len(np.intersect1d(tied, actors))
    if common == 0:
        detail = "no purchase or share matched any follow: do the ids differ in case, spaces or prefix?"
        return Finding("ids", "error", f"{detail} For example {snapshot.accounts[tied[0]]!r} follows or is followed, "
                       f"{snapshot.accounts[actors[0]]!r} buys or shares")  # fmt: skip
    part = common / len(actors)
    severity: Severity = "warning" if part < 0.1 else "ok"
    return Finding("ids", severity, f"{part:.0%} of the accounts that buy or share follow or are followed")


def _case(accounts: Ids) -> Finding | None:
    folded: dict[str, str] = {}
    for id_ in accounts.values.to_pylist():
        other = folded.setdefault(id_.casefold(), id_)
        if other != id_:
            return Finding(
                "case", "warning", f"ids differ in case only, for example {other!r} and {id_!r}: one account or two?"
            )
    return None


def _dates(snapshot: Snapshot) -> Finding | None:
    total = snapshot.n_edges
    undated = sum(int((relation.times == NO_TIME).sum()) for relation in snapshot.relations.values())
    if not undated:
        return None
    detail = (
        f"{undated / total:.0%} of the relations have no time: they do not fade, and shares before purchases go unseen"
    )
    return Finding("dates", "note", detail)


def _mutual(snapshot: Snapshot) -> Finding | None:
    follow = snapshot.relation("follow", "account")
    if len(follow) < 100:
        return None
    pairs = follow.sources().astype(np.int64) * snapshot.n_accounts + follow.targets
    back = follow.targets.astype(np.int64) * snapshot.n_accounts + follow.sources()
    if np.isin(pairs, back).all():
        return Finding("reciprocity", "note", "every follow is returned: witnesses that read reciprocity will abstain")
    return None
