"""Runs as of past moments: computed once, kept in a folder of their own, never put in use.

Each lies in a folder that is named by its moment, strategy and the last erasure, and says up to which event (``seq``)
the store was looked through. When more events come, a run is kept as it is unless one of them belongs before its
moment.
"""

import hashlib
import importlib.metadata
import json
import logging
import os
import shutil
import threading
import time
from collections import OrderedDict
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from guanxi.bundle import store_error
from guanxi.engine.heard import HeardOfAll
from guanxi.engine.locks import held
from guanxi.engine.moments import NothingNewer, Past, known_at
from guanxi.engine.options import Strategy
from guanxi.engine.privacy import Privacy
from guanxi.engine.scoring import Run, score
from guanxi.engine.view import View
from guanxi.errors import DamagedError, StoreBusyError, UnknownIdError
from guanxi.events.values import isoformat
from guanxi.snapshot import Snapshot, build_snapshot
from guanxi.snapshot.numbering import parts_of
from guanxi.stores import EmbeddedStore, GraphStore

log = logging.getLogger("guanxi")

KEPT = 24
"""Runs on disk: two years by months."""
_OPEN = 6
_ATTEMPTS = 3
_RECORD = "past.json"
_WAIT_S = 600.0
_ERASE_WAIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Record:
    """What a kept run is.

    Attributes
    ----------
    seq : int
        The last event of the store that was looked at.
    erasure : int
        The last erasure that had begun.
    """

    moment: int
    seq: int
    erasure: int
    snapshot: str
    run: str
    n_events: int
    n_undated: int


class PastRuns:
    """Past runs of one store.

    Parameters
    ----------
    kept : int
        How many stay on disk; those that nobody asked for for the longest time go first.
    seed_secret : bytes, optional
        As for a run that is put in use; see ``labels_of``.
    """

    def __init__(
        self, store: GraphStore, privacy: Privacy, *, kept: int = KEPT, seed_secret: bytes | None = None
    ) -> None:
        self._store, self._privacy, self._n_kept, self._seed_secret = store, privacy, kept, seed_secret
        self._folder = store.home / "past"
        self._views: OrderedDict[tuple[str, Record], View] = OrderedDict()
        self._guard = threading.Lock()

    def has(self, moment: int, strategy: Strategy, *, seq: int) -> bool:
        """Whether a run is there already."""
        record = _record(self._folder / self._name(moment, strategy, self._store.last_erasure()))
        return record is not None and record.seq >= seq

    def view(self, moment: int, strategy: Strategy, *, seq: int) -> View:
        """View of the events up to ``seq`` that were known at a moment; computed where it is not kept.

        Raises
        ------
        UnknownIdError
            If the strategy has seeds, and none of them was an account then.
        StoreBusyError
            If another process computes one for too long.
        """
        for _ in range(_ATTEMPTS):
            erasure = self._store.last_erasure()
            name = self._name(moment, strategy, erasure)
            record = _record(self._folder / name)
            if record is None or record.seq < seq:
                record = self._made(name, moment, strategy, seq, erasure)
            view = self._opened(name, record)
            if view is not None and self._store.last_erasure() == erasure:  # else it may know an erased account
                return view
        raise StoreBusyError(f"scores as of {isoformat(moment)} were removed whenever they were there; try again")

    def _name(self, moment: int, strategy: Strategy, erasure: int) -> str:
        """Name of a run's folder; another version of Guanxi may compute something else, and so does another secret."""
        said = [importlib.metadata.version("guanxi"), moment, strategy.to_json(), erasure]
        return hashlib.sha256(json.dumps(said).encode() + (self._seed_secret or b"")).hexdigest()[:16]

    def heard(self, view: View) -> HeardOfAll:
        """What the witnesses of a past run say of every account; kept beside it."""
        entry = view.run.bundle.folder.parent.parent
        kept = HeardOfAll.kept(entry / "heard", view.run.id)
        if kept is not None:
            return kept
        heard = HeardOfAll.of(view.run)
        with _alone(self._store.home, timeout_s=_WAIT_S):
            record = _record(entry)
            if record is not None and record.run == view.run.id:  # else it was removed meanwhile
                heard.save(entry / "heard")
        return heard

    def has_heard(self, view: View) -> bool:
        """Whether ``heard`` has nothing to compute."""
        return HeardOfAll.kept(view.run.bundle.folder.parent.parent / "heard", view.run.id) is not None

    # -- opening --------------------------------------------------------------------------------------------------

    def _opened(self, name: str, record: Record) -> View | None:
        """The view of a kept run; None where its files are not right, and now removed."""
        _touch(self._folder / name)
        with self._guard:
            if (name, record) in self._views:
                self._views.move_to_end((name, record))
                return self._views[name, record]
        try:
            snapshot = Snapshot.open(self._folder / name / "snapshots" / record.snapshot)
            run = Run.open(self._folder / name / "runs" / record.run, snapshot)
        except (DamagedError, FileNotFoundError) as exc:
            log.warning("%s; computing it again", exc)
            self._drop(name)
            return None
        past = Past(record.moment, record.n_events, record.n_undated)
        view = View(run, NothingNewer(), record.seq, self._privacy, past=past)
        with self._guard:
            self._views[name, record] = view
            while len(self._views) > _OPEN:
                self._views.popitem(last=False)
        return view

    # -- making ---------------------------------------------------------------------------------------------------

    def _made(self, name: str, moment: int, strategy: Strategy, seq: int, erasure: int) -> Record:
        """The record of a run that is there when this returns; whoever comes first makes it."""
        with _alone(self._store.home, timeout_s=_WAIT_S):
            record = _record(self._folder / name)
            if record is None or record.seq < seq:
                record = self._still_right(record, seq) or self._computed(name, moment, strategy, seq, erasure)
                _write(record, self._folder / name)
            self._tidy(name, record)
            return record

    def _still_right(self, record: Record | None, seq: int) -> Record | None:
        """The record of a run that later events do not change; Neo4j hands out its events in no order."""
        if record is None or not isinstance(self._store, EmbeddedStore):
            return None
        later = parts_of(self._store.coded_events(after=record.seq, upto=seq))
        known, n_undated = known_at(later, record.moment)
        return None if known else replace(record, seq=seq, n_undated=record.n_undated + n_undated)

    def _computed(self, name: str, moment: int, strategy: Strategy, seq: int, erasure: int) -> Record:
        started, folder = time.perf_counter(), self._folder / name
        known, n_undated = known_at(parts_of(self._store.coded_events(upto=seq)), moment)
        n_events = sum(map(len, known))
        snapshot = Snapshot.open(build_snapshot(known, folder / "snapshots"), verify=False)
        strategy = _as_it_was(strategy, snapshot, moment)
        run = score(snapshot, strategy, folder / "runs", seed_secret=self._seed_secret)
        seconds = time.perf_counter() - started
        log.info("run %s as of %s from %d events in %.2f s", run.name, isoformat(moment), n_events, seconds)
        return Record(moment, seq, erasure, snapshot.id, run.name, n_events, n_undated)

    # -- keeping few ----------------------------------------------------------------------------------------------

    def _tidy(self, name: str, record: Record) -> None:
        """Remove what a run replaced, what was left half-done or knows erased accounts, and the oldest of the rest."""
        for folder, kept in (("snapshots", record.snapshot), ("runs", record.run)):
            for path in (self._folder / name / folder).iterdir():
                if path.name != kept:
                    shutil.rmtree(path, ignore_errors=True)
                    shutil.rmtree(self._folder / name / "heard", ignore_errors=True)
        dated = []
        for path in self._folder.iterdir():
            found = _record(path)
            if found is None or found.erasure != record.erasure:
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != name:
                dated.append((path.stat().st_mtime_ns, path))
        for _, path in sorted(dated)[: max(len(dated) - self._n_kept + 1, 0)]:
            shutil.rmtree(path, ignore_errors=True)

    def _drop(self, name: str) -> None:
        with _alone(self._store.home, timeout_s=_WAIT_S):
            shutil.rmtree(self._folder / name, ignore_errors=True)


def remove_past_runs(home: Path) -> None:
    """Remove every past run: an erased account may be in any of them. They are computed anew when they are asked for.

    Raises
    ------
    StoreBusyError
        If one is being computed for too long; it may know the account, so this has to be done again.
    """
    if (home / "past").exists():
        with _alone(home, timeout_s=_ERASE_WAIT_S):
            shutil.rmtree(home / "past", ignore_errors=True)


def _alone(home: Path, *, timeout_s: float) -> AbstractContextManager[None]:
    return held(home / "past.lock", timeout_s=timeout_s, doing="computing scores of the past")


def _as_it_was(strategy: Strategy, snapshot: Snapshot, moment: int) -> Strategy:
    """The strategy with the seeds that were accounts then; without any, where nobody was."""
    seeds = tuple(seed for seed in strategy.seeds if snapshot.accounts.find(seed) is not None)
    if strategy.seeds and not seeds and snapshot.n_accounts:
        raise UnknownIdError(
            f"none of the {len(strategy.seeds)} seeds of {strategy.label} was an account at {isoformat(moment)}, "
            "so trust started nowhere"
        )
    return strategy if seeds == strategy.seeds else replace(strategy, seeds=seeds)


def _record(folder: Path) -> Record | None:
    """What is kept in a folder; None where it is not whole."""
    try:
        return Record(**json.loads((folder / _RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(record: Record, folder: Path) -> None:
    draft = folder / f".{_RECORD}"
    try:
        with draft.open("w", encoding="utf-8") as file:
            json.dump(asdict(record), file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(folder / _RECORD)
    except OSError as exc:
        raise store_error(exc, folder) from exc


def _touch(folder: Path) -> None:
    """Note that somebody asked; one that is gone is found to be so when it is opened."""
    try:
        os.utime(folder)
    except OSError:
        return
