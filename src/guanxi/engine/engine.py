"""The engine: what every face of Guanxi calls."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from guanxi.engine import doctor, erasure, strategies
from guanxi.engine.erasure import ErasureReport
from guanxi.engine.loads import WAS_ERASED, Limit, LoadReport, Progress, load_files
from guanxi.engine.options import CUSTOM, Strategy
from guanxi.engine.privacy import Privacy
from guanxi.engine.refresh import take_snapshot
from guanxi.engine.scoring import Run, score
from guanxi.engine.view import View
from guanxi.errors import DamagedError, NotReadyError
from guanxi.events import columns_from_rows, event_ids, parse_events
from guanxi.loading import FileMapping
from guanxi.snapshot import Snapshot
from guanxi.stores import EmbeddedStore, Erased, GraphStore, Published, RunRecord, Tombstone

if TYPE_CHECKING:
    from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, Pumped
    from guanxi.stores.neo4j.importing import ImportFiles
    from guanxi.stores.neo4j.writeback import WrittenBack

log = logging.getLogger("guanxi")


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event: created, duplicate, conflict or rejected, and why."""

    outcome: Literal["created", "duplicate", "conflict", "rejected"]
    id: str | None = None
    field: str | None = None
    detail: str | None = None


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


def _now_us() -> int:
    return time.time_ns() // 1000


class Engine:
    """The engine over one store.

    Parameters
    ----------
    home : Path
        Folder of the store.
    create : bool
        Whether to make the store if there is none.
    neo4j : Neo4jTarget, optional
        The database that holds the graph; the folder then takes events in before it, and keeps snapshots and runs.
    privacy : Privacy
        What answers may say about people.
    now_us : callable
        The clock, in microseconds since 1970.

    Examples
    --------
    >>> import tempfile
    >>> engine = Engine(Path(tempfile.mkdtemp()) / "store", create=True)
    >>> outcomes = engine.append([{"relation": "follow", "source": "ann", "target": "bob"},
    ...                           {"relation": "purchase", "source": "bob", "target": "tea"}])
    >>> [o.outcome for o in outcomes]
    ['created', 'created']
    >>> report = engine.snapshot(), engine.score()
    >>> answer, meta = engine.view().items("ann")
    >>> answer["items"][0]["id"]
    'tea'
    >>> engine.close()
    """

    def __init__(
        self,
        home: Path,
        *,
        create: bool = False,
        neo4j: "Neo4jTarget | None" = None,
        privacy: Privacy | None = None,
        now_us: Callable[[], int] = _now_us,
    ) -> None:
        self.store: GraphStore
        if neo4j is None:
            self.store = EmbeddedStore(home, create=create)
        else:
            from guanxi.stores.neo4j import Neo4jStore  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

            self.store = Neo4jStore(home, neo4j, create=create)
        self._privacy = privacy or Privacy()
        self._now_us = now_us
        self._view: View | None = None
        if self.neo4j is None and self.store.erasing("answers"):  # whoever began to erase was killed
            self.finish_erasures()

    def close(self) -> None:
        """Close the store's connections."""
        self.store.close()

    # -- events in ------------------------------------------------------------------------------------------------

    def load(
        self,
        paths: Sequence[str | Path],
        mappings: Sequence[FileMapping] = (),
        *,
        limit: Limit | None = None,
        rejects_file: Path | None = None,
        progress: Progress | None = None,
    ) -> LoadReport:
        """Load files and folders; all of them, or nothing. See ``load_files`` for what it raises."""
        started, now = time.perf_counter(), self._now_us()
        rejects = rejects_file or self.store.home / "rejects" / f"{now}.csv"
        report = load_files(
            self.store,
            paths,
            mappings,
            now_us=now,
            limit=limit or Limit(),
            rejects_file=rejects,
            progress=progress,
        )
        log.info(
            "loaded %d events, %d known, %d refused in %.2f s",
            report.n_created,
            report.n_duplicates,
            report.n_rejects,
            time.perf_counter() - started,
        )
        return report

    def load_graph(
        self,
        source: "Neo4jTarget",
        mapping_file: Path,
        *,
        limit: Limit | None = None,
        rejects_file: Path | None = None,
        progress: Progress | None = None,
    ) -> LoadReport:
        """Load somebody's own graph from Neo4j, as a mapping file explains it; all of it, or nothing.

        Nothing is written there. The report's records are relationships.

        Raises
        ------
        FileFormatError
            If the mapping file cannot be used.
        ParameterError
            If the graph lacks a label, type or property of the mapping, or is the store itself.
        StoreError
            If Neo4j does not answer; nothing is kept.
        """
        now = self._now_us()
        rejects = rejects_file or self.store.home / "rejects" / f"{now}.csv"
        from guanxi.engine import graph_database  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

        return graph_database.load_graph(
            self.store,
            source,
            mapping_file,
            now_us=now,
            limit=limit or Limit(),
            rejects_file=rejects,
            progress=progress,
        )

    def append(self, rows: Sequence[object]) -> list[EventOutcome]:
        """Keep single events, given as mappings with the names in ``guanxi.events.FIELDS``; durable when it returns.

        Returns
        -------
        list of EventOutcome
            One for each row, in order. A bad row is refused with its field and reason; the others are kept.
        """
        columns, positions, wrong = columns_from_rows(rows)
        outcomes: dict[int, EventOutcome] = {
            r.row: EventOutcome("rejected", field=r.field or None, detail=r.reason) for r in wrong
        }
        if positions:
            parsed = parse_events(columns, now_us=self._now_us())
            for reject in parsed.rejects:
                detail = f"{reject.value!r} {reject.reason}" if reject.value else reject.reason
                outcomes[positions[reject.row]] = EventOutcome("rejected", field=reject.field or None, detail=detail)
            appended = self.store.append(parsed.events) if len(parsed.events) else None
            said = appended.outcomes if appended else []
            for row, id_, outcome in zip(parsed.rows.tolist(), event_ids(parsed.events), said, strict=True):
                if outcome == "erased":
                    outcomes[positions[row]] = EventOutcome("rejected", detail=WAS_ERASED)
                else:
                    why = "another event with this id says something else" if outcome == "conflict" else None
                    outcomes[positions[row]] = EventOutcome(outcome, id=id_, detail=why)
        return [outcomes[row] for row in range(len(rows))]

    @property
    def neo4j(self) -> "Neo4jStore | None":
        """The store, where Neo4j holds the graph."""
        if isinstance(self.store, EmbeddedStore):
            return None
        from guanxi.stores.neo4j import Neo4jStore  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

        return self.store if isinstance(self.store, Neo4jStore) else None

    def pump(self, *, progress: Progress | None = None) -> "Pumped | None":
        """Apply to Neo4j what is durable here and not there yet; None where the folder holds the graph.

        Raises
        ------
        StoreError
            If Neo4j does not answer; nothing is lost, and the next call goes on from there.
        """
        if self.neo4j is None:
            return None
        pumped = self.neo4j.pump(progress=progress)
        self.finish_erasures()
        return pumped

    # -- erasing --------------------------------------------------------------------------------------------------

    def erase(self, *accounts: str) -> ErasureReport:
        """Erase accounts from events, graph, snapshots, runs and lists of rejects, and keep them out.

        What cannot be reached now is said in the report; a later opening, ``pump`` or ``finish_erasures`` goes on.

        Raises
        ------
        ParameterError
            If an id is none.
        StoreError
            If the store cannot be written to; nothing is begun, or the next opening goes on.
        """
        return erasure.erase(self.store, accounts, now_us=self._now_us(), publish=self._publish)

    def erase_events(self, *accounts: str) -> Erased:
        """Begin to erase accounts: their events go, at once; ``pump`` and ``finish_erasures`` do the rest."""
        log_ = self.neo4j.log if self.neo4j else self.store
        return log_.erase(*accounts, now_us=self._now_us())

    def replay(self, tombstones: Sequence[Tombstone]) -> ErasureReport:
        """Erase whom a restored copy of the store knows again; raises as ``erase``."""
        return erasure.replay(self.store, tombstones, now_us=self._now_us(), publish=self._publish)

    def finish_erasures(self) -> bool:
        """Free answers of accounts whose events are gone; whether no erasure is left unfinished."""
        return erasure.renew_quietly(self.store, self._publish)

    def _publish(self, strategy: Strategy | None) -> None:
        self.snapshot()
        if strategy is not None:
            self._score(strategy, warm=False, keeps=False)

    # -- snapshots and runs ---------------------------------------------------------------------------------------

    def snapshot(self, *, full: bool = False) -> SnapshotReport:
        """Take a snapshot of all events and put it in use together with its run, once `score` has made one.

        Until then answers are made from the run in use. Where little is new, it is made from the one before, unless
        ``full`` is set; its bytes are the same.

        Raises
        ------
        NotReadyError
            If the store has no events.
        """
        started, erased, seq = time.perf_counter(), self.store.last_erasure(), self.store.last_seq()
        if seq == 0 and self.neo4j is None:
            raise NotReadyError(f"the store at {self.store.home} has no events; load some first")
        taken = take_snapshot(self.store, seq, erasure=erased, full=full)
        snapshot, old = Snapshot.open(taken.folder, verify=False), self.store.published()  # its hash was just computed
        new = old is None or old.newest != snapshot.id
        current = old or Published(snapshot=snapshot.id, run=None, seq=seq)
        self.store.publish(replace(current, newest=snapshot.id, newest_seq=seq, newest_erasure=erased))
        if self.store.last_erasure() != erased:  # of an account that the snapshot may still know
            return self.snapshot()
        seconds = time.perf_counter() - started
        n_items = len(snapshot.ids.get("item", ()))
        how = "refreshed" if taken.refreshed else "built"
        log.info("snapshot %s of %d edges %s in %.2f s", snapshot.id, snapshot.n_edges, how, seconds)
        n_events = self.store.n_events()
        return SnapshotReport(snapshot.id, snapshot.n_accounts, n_items, snapshot.n_edges, n_events, new, seconds)

    def score(self, strategy: Strategy | None = None, *, warm: bool = False) -> RunReport:
        """Compute a run of the newest snapshot and put both in use.

        With ``warm`` it starts from the scores in use, where there are some: fewer steps, the same scores to 1e-9, but
        not to the bit. The strategy is kept, unless it is called ``custom``: a name and version stand for one content.

        Raises
        ------
        NotReadyError
            If there is no snapshot.
        ConflictError
            If the strategy's name and version stand for other parameters.
        """
        strategy = strategy or Strategy()
        keeps = strategy.name != CUSTOM
        if keeps:
            strategies.is_known(strategy, self.store)  # a conflict is said before the work
        return self._score(strategy, warm=warm, keeps=keeps)

    def keep_strategy(self, strategy: Strategy) -> bool:
        """Keep a strategy in the store, on disk when this returns; whether it was new. Raises as ``keep`` does."""
        return strategies.keep(strategy, self.store, now_us=self._now_us())

    def _score(self, strategy: Strategy, *, warm: bool, keeps: bool) -> RunReport:
        """Compute a run of the newest snapshot and put both in use."""
        started = time.perf_counter()
        old = self.store.published()
        if old is None:
            raise NotReadyError("there is no snapshot; `guanxi snapshot` makes one")
        snapshot = Snapshot.open(self.store.snapshots / old.newest)
        earlier = self._earlier_run(old) if warm else None
        run = Run.open(score(snapshot, strategy, self.store.runs, earlier=earlier), snapshot, verify=False)
        named = strategy.label
        if keeps:  # not earlier: one that cannot be scored, for a seed that is no account, takes up no name
            self.keep_strategy(strategy)
        self.store.record_run(RunRecord(run.id, snapshot.id, named, strategy.to_json(), self._now_us()))
        latest = self.store.published() or old  # another process may have taken a snapshot meanwhile
        if old.newest not in latest.snapshots:  # and this one is gone: by an erasure, or for good
            return self._score(strategy, warm=warm, keeps=keeps)
        self.store.publish(latest.with_run(run.id, of=old))
        seconds = time.perf_counter() - started
        log.info("run %s of snapshot %s by %s in %.2f s", run.id, snapshot.id, named, seconds)
        return RunReport(
            run.id,
            snapshot.id,
            named,
            snapshot.n_accounts,
            run.graph.m,
            int((run.discount < 1).sum()),
            seconds,
        )

    def _earlier_run(self, published: Published) -> Run | None:
        """The run in use; None where there is none, or it is damaged."""
        if published.run is None:
            return None
        try:
            return Run.open(self.store.runs / published.run, Snapshot.open(self.store.snapshots / published.snapshot))
        except DamagedError as exc:
            log.warning("%s; starting cold", exc)
            return None

    def write_back(self, *, progress: Progress | None = None) -> "WrittenBack":
        """Put the scores of the run in use on the account nodes in Neo4j.

        Raises
        ------
        ParameterError
            If the store is a folder: it has no nodes.
        NotReadyError
            If there is no run yet, or a schema migration is missing.
        StoreError
            If Neo4j does not answer; the next call completes what was begun.
        """
        from guanxi.engine import graph_database  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

        return graph_database.write_back(self.store, progress=progress)

    def export_import(self, folder: Path, *, gzip: bool = False) -> "ImportFiles":
        """Write every event into files for ``neo4j-admin database import``; see ``neo4j.importing.write_import``."""
        from guanxi.engine import graph_database  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

        return graph_database.export_import(self.store, folder, gzip=gzip)

    def adopt(self, folder: Path) -> "ImportFiles":
        """Take the events in such files as applied to Neo4j; see ``neo4j.importing.adopt_import``."""
        from guanxi.engine import graph_database  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

        return graph_database.adopt(self.store, folder)

    # -- answers --------------------------------------------------------------------------------------------------

    def view(self) -> View:
        """Return what answers are made from now; a newer run is picked up by the next call.

        Raises
        ------
        NotReadyError
            If there is no run yet.
        """
        published = self.store.published()
        if published is None or published.run is None:
            raise NotReadyError("there is no run yet; `guanxi snapshot` and `guanxi score` make one")
        view = self._view
        if view is None or view.degraded or (view.run.id, view.seq) != (published.run, published.seq):
            view = self._view = self._open(published)
        return view

    def _open(self, published: Published) -> View:
        """Open what is published; where that is damaged, what was in use before."""
        try:
            return self._open_run(published.snapshot, published.run, published.seq)
        except DamagedError as exc:
            if self._view is not None:
                log.warning("%s; the previous run stays in use", exc)
                return replace(self._view, degraded=True)
            if published.previous_snapshot is None or published.previous_run is None:
                raise
            log.warning("%s; falling back to the previous run", exc)
            view = self._open_run(published.previous_snapshot, published.previous_run, published.previous_seq)
            return replace(view, degraded=True)

    def _open_run(self, snapshot: str, run: str | None, seq: int) -> View:
        opened = Snapshot.open(self.store.snapshots / snapshot)
        return View(Run.open(self.store.runs / str(run), opened), self.store, seq, self._privacy)

    def doctor(self) -> list[doctor.Finding]:
        """Check versions, integrity and the sanity of the data."""
        return doctor.examine(self.store)
