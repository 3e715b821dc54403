"""Freeing answers of erased accounts: snapshots, runs and lists of rejects are made anew without them."""

import csv
import fcntl
import logging
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from guanxi.bundle import store_error
from guanxi.engine.options import Strategy
from guanxi.engine.past import remove_past_runs
from guanxi.engine.publishing import strategy_in_use
from guanxi.errors import DamagedError, GuanxiError
from guanxi.snapshot import Snapshot
from guanxi.stores import Erased, GraphStore, Place, Published, Tombstone
from guanxi.stores.protocol import PLACES, Erasing

log = logging.getLogger("guanxi")

Publish = Callable[[Strategy | None], object]
"""Takes a snapshot and, where a strategy is given, computes a run of it and puts both in use."""

_ERASED = "(erased)"
_CUT = "…"  # ends a value that was too long to be listed whole


@dataclass(frozen=True, slots=True)
class ErasureReport:
    """What became of an erasure.

    Attributes
    ----------
    n_events : int
        Events from or to the accounts, which are gone.
    n_unnamed : int
        Events of others that came about through them: these stay, without the name.
    waits_for : tuple of str
        Where the accounts may still be found: ``graph`` (Neo4j does not answer), ``answers`` (snapshot and run).
    snapshot, run : str or None
        What is in use now.
    """

    n_events: int
    n_unnamed: int
    waits_for: tuple[Place, ...]
    snapshot: str | None
    run: str | None
    seconds: float


def erase(store: GraphStore, accounts: Collection[str], *, now_us: int, publish: Publish) -> ErasureReport:
    """Erase accounts everywhere; what cannot be reached now is freed of them later, see ``renew``."""
    started = time.perf_counter()
    return _report(store, store.erase(*accounts, now_us=now_us), publish, started)


def replay(store: GraphStore, tombstones: Sequence[Tombstone], *, now_us: int, publish: Publish) -> ErasureReport:
    """Erase whom a restored copy of the store knows again."""
    started = time.perf_counter()
    return _report(store, store.replay(tombstones, now_us=now_us), publish, started)


def _report(store: GraphStore, erased: Erased, publish: Publish, started: float) -> ErasureReport:
    renew_quietly(store, publish)
    waits_for = tuple(place for place in PLACES if store.erasing(place)) if erased.waits_for else ()
    now = store.published()
    log.info("erased accounts: %d events gone, %d without a name", erased.n_events, erased.n_unnamed)
    return ErasureReport(
        erased.n_events,
        erased.n_unnamed,
        waits_for,
        now.newest if now else None,
        now.run if now else None,
        time.perf_counter() - started,
    )


def renew_quietly(store: GraphStore, publish: Publish) -> bool:
    """Make answers anew; where that is not possible now, say so, and leave it to the next time."""
    try:
        return renew(store, publish)
    except GuanxiError as exc:
        log.warning("an erasure is not finished: %s", exc)
        return False


def renew(store: GraphStore, publish: Publish) -> bool:
    """Make anew whatever answers hold of accounts that were erased; whether nothing is left to do.

    An account is still waited for where the graph could not be freed of it: the answers come from there.
    """
    with _alone(store.home) as is_alone:
        waiting = store.erasing("answers") if is_alone else []
        _renew(store, waiting, publish)
    return store.sweep()


def _renew(store: GraphStore, waiting: Sequence[Erasing], publish: Publish) -> None:
    if waiting:
        accounts = {erasure.account for erasure in waiting}
        _remove_drafts(store)
        remove_past_runs(store.home)
        _replace(store, accounts, publish)
        for path in sorted((store.home / "rejects").glob("*.csv")):
            blank_rejects(path, accounts)
        store.erased_from("answers", waiting)


@contextmanager
def _alone(home: Path) -> Iterator[bool]:
    """Whether nobody else makes answers anew: the processes of a service need not all do it."""
    with (home / "erasing.lock").open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _remove_drafts(store: GraphStore) -> None:
    """Snapshots and runs in the making may hold an erased account; whoever makes one has to begin again."""
    for folder in (store.snapshots, store.runs):
        for draft in folder.glob(".draft-*"):
            shutil.rmtree(draft, ignore_errors=True)


def _replace(store: GraphStore, accounts: Collection[str], publish: Publish) -> None:
    """Put a snapshot and a run without the accounts in use, and remove those before them."""
    published = store.published()
    if published is None:
        return
    if any(_holds(store.snapshots / str(name), accounts) for name in published.snapshots - {None}):
        publish(_strategy(store, published, accounts))
        now = store.published() or published
        if published.run is None:
            now = Published(now.newest, None, now.newest_seq, now.newest, now.newest_seq)
        store.publish(replace(now, previous_snapshot=None, previous_run=None, previous_seq=0))


def _holds(folder: Path, accounts: Collection[str]) -> bool:
    """Whether a snapshot knows one of some accounts; one that cannot be read may."""
    try:
        known = Snapshot.open(folder).accounts
    except DamagedError:
        return True
    return any(known.find(account) is not None for account in accounts)


def _strategy(store: GraphStore, published: Published, accounts: Collection[str]) -> Strategy | None:
    """The strategy of the run in use, without erased seeds; None where there is no run."""
    if published.run is None:
        return None
    strategy = strategy_in_use(store)
    return replace(strategy, seeds=tuple(seed for seed in strategy.seeds if seed not in accounts))


def blank_rejects(path: Path, accounts: Collection[str]) -> None:
    """Take out what a list of rejects quotes of records that name accounts; file, line and field stay.

    A short id may stand in a value by accident; then that is taken out, too.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    named = [_named(row[3:], accounts) for row in rows]
    if not any(named):
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            written = csv.writer(file)
            for row, is_named in zip(rows, named, strict=True):
                written.writerow([*row[:3], _ERASED, _ERASED] if is_named else row)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as exc:
        draft.unlink(missing_ok=True)
        raise store_error(exc, path) from exc


def _named(cells: Collection[str], accounts: Collection[str]) -> bool:
    """Whether cells name one of some accounts, the last word of a value that was cut being the beginning of a name."""
    for cell in cells:
        if any(re.search(rf"(?<!\w){re.escape(account)}(?!\w)", cell) for account in accounts):
            return True
        if cell.endswith(_CUT):
            last = re.split(r"[,;\t|\"]", cell[: -len(_CUT)])[-1]
            if last and any(account.startswith(last) for account in accounts):
                return True
    return False
