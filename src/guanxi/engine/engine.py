"""The engine: what every face of Guanxi calls."""

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from guanxi.engine import doctor, erasure, opening, publishing, strategies
from guanxi.engine.appending import EventOutcome, append_rows
from guanxi.engine.erasure import ErasureReport
from guanxi.engine.loads import Limit, LoadReport, Progress, load_files
from guanxi.engine.moments import moment_of
from guanxi.engine.on_neo4j import OnNeo4j
from guanxi.engine.options import CUSTOM, Strategy
from guanxi.engine.past import KEPT, PastRuns
from guanxi.engine.privacy import Privacy
from guanxi.engine.publishing import RunReport, SnapshotReport
from guanxi.engine.view import View
from guanxi.loading import FileMapping
from guanxi.stores import EmbeddedStore, Erased, GraphStore, Tombstone

if TYPE_CHECKING:
    from guanxi.stores.neo4j import Neo4jTarget, Pumped

log = logging.getLogger("guanxi")


def _now_us() -> int:
    return time.time_ns() // 1000


class Engine(OnNeo4j):
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
    past_kept : int
        How many runs as of past days stay on disk.
    seed_secret : bytes, optional
        What draws the labels of each week that the search for fake accounts starts from; all are used without it.

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
        past_kept: int = KEPT,
        seed_secret: bytes | None = None,
    ) -> None:
        self.store: GraphStore
        if neo4j is None:
            self.store = EmbeddedStore(home, create=create)
        else:
            from guanxi.stores.neo4j import Neo4jStore  # noqa: PLC0415 - only where there is a Neo4j does anybody pay for its driver

            self.store = Neo4jStore(home, neo4j, create=create)
        self._privacy = privacy or Privacy()
        self._now_us = now_us
        self.seed_secret = seed_secret
        self._view: View | None = None
        self.past = PastRuns(self.store, self._privacy, kept=past_kept, seed_secret=seed_secret)
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

    def append(self, rows: Sequence[object]) -> list[EventOutcome]:
        """Keep single events, given as mappings with the names in ``guanxi.events.FIELDS``; durable when it returns.

        Returns
        -------
        list of EventOutcome
            One for each row, in order. A bad row is refused with its field and reason; the others are kept.
        """
        return append_rows(self.store, rows, now_us=self._now_us())

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
        return publishing.publish_snapshot(self.store, full=full)

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

    def refresh(self) -> RunReport | None:
        """Take new events into a snapshot and a run of the strategy in use; None where there are none.

        The run starts from the scores in use. If somebody puts another run in use meanwhile, that one stays.

        Raises
        ------
        StoreError
            If the store cannot be read or written to; what is in use stays.
        """
        return publishing.refresh(self.store, now_us=self._now_us(), seed_secret=self.seed_secret)

    def keep_strategy(self, strategy: Strategy) -> bool:
        """Keep a strategy in the store, on disk when this returns; whether it was new. Raises as ``keep`` does."""
        return strategies.keep(strategy, self.store, now_us=self._now_us())

    def _score(self, strategy: Strategy, *, warm: bool, keeps: bool) -> RunReport:
        earlier, keep = publishing.run_in_use(self.store) if warm else None, self.keep_strategy if keeps else None
        now_us, secret = self._now_us(), self.seed_secret
        return publishing.publish_run(
            self.store, strategy, now_us=now_us, earlier=earlier, keep=keep, seed_secret=secret
        )

    # -- answers --------------------------------------------------------------------------------------------------

    def view(self, *, as_of: str | None = None) -> View:
        """Return what answers are made from now; a newer run is picked up by the next call.

        With ``as_of``, what they would have been made from then: events up to the end of that day in UTC, or up to that
        time, under the strategy of the run in use. Its scores are computed at the first call, which takes as long as
        a snapshot and a run, and are kept beside the others; they are never put in use. See ``moments.moment_of``.

        Raises
        ------
        NotReadyError
            If there is no run yet.
        ParameterError
            If ``as_of`` is neither a day nor a time, or lies in the future.
        UnknownIdError
            If trust starts at seeds, and none of them was an account then.
        """
        published = opening.in_use(self.store)
        self._view = opening.open_view(self.store, published, self._privacy, before=self._view)
        return self._view if as_of is None else self.past.view(*self._asked(as_of), seq=self._view.seq)

    def keeps(self, as_of: str) -> bool:
        """Whether ``view(as_of=...)`` has nothing to compute; raises as it does."""
        return self.past.has(*self._asked(as_of), seq=self.view().seq)

    def _asked(self, as_of: str) -> tuple[int, Strategy]:
        return moment_of(as_of, now_us=self._now_us()), self.view().run.strategy

    def doctor(self) -> list[doctor.Finding]:
        """Check versions, integrity and the sanity of the data."""
        return doctor.examine(self.store)
