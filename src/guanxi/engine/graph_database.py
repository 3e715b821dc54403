"""What has to do with Neo4j only: nodes that carry scores, the import tool, somebody's own graph."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from guanxi.engine.identity import of_every_account
from guanxi.engine.loads import Limit, LoadReport, load_batches
from guanxi.engine.scoring import Run
from guanxi.errors import NotReadyError, ParameterError
from guanxi.events import columns_from_rows, parse_events
from guanxi.loading import EventBatch, FileReject
from guanxi.schema import load_model
from guanxi.snapshot import Snapshot
from guanxi.stores import EmbeddedStore, GraphStore, RunRecord
from guanxi.stores.neo4j import Neo4jClient, Neo4jStore, Neo4jTarget, foreign, writeback
from guanxi.stores.neo4j.foreign import GraphRows, ReadOnlyClient
from guanxi.stores.neo4j.importing import ImportFiles, adopt_import, write_import
from guanxi.stores.neo4j.writeback import Progress, ScoredRun, WrittenBack

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_back(store: GraphStore, *, progress: Progress | None = None) -> WrittenBack:
    """Put the scores of the run in use on the account nodes; see ``Engine.write_back``."""
    database = _in_neo4j(store)
    published = store.published()
    if published is None or published.run is None:
        raise NotReadyError("there is no run yet; `guanxi snapshot` and `guanxi score` make one")
    snapshot = Snapshot.open(store.snapshots / published.snapshot)
    run = Run.open(store.runs / published.run, snapshot)
    record = next(record for record in store.recorded_runs() if record.id == run.id)
    client = Neo4jClient(database.target.patient())
    try:
        return writeback.write_back(
            client, load_model(), _scored(record), ids=snapshot.accounts.values, scores=_scores(run), progress=progress
        )
    finally:
        client.close()


def export_import(store: GraphStore, folder: Path, *, gzip: bool = False) -> ImportFiles:
    """Write the files for the import tool; see ``Engine.export_import``."""
    log = store.log if isinstance(store, Neo4jStore) else store
    if not isinstance(log, EmbeddedStore):
        raise ParameterError(f"the store at {store.home} keeps no log of events")
    return write_import(log, folder, load_model(), gzip=gzip)


def adopt(store: GraphStore, folder: Path) -> ImportFiles:
    """Take what the import tool has put into the database as applied; see ``Engine.adopt``."""
    return adopt_import(_in_neo4j(store), folder, load_model())


def load_graph(
    store: GraphStore,
    target: Neo4jTarget,
    mapping_file: Path,
    *,
    now_us: int,
    limit: Limit,
    rejects_file: Path,
    progress: Progress | None = None,
) -> LoadReport:
    """Load somebody's own graph; see ``Engine.load_graph``."""
    mappings = foreign.read_graph_mapping(mapping_file, load_model())
    if isinstance(store, Neo4jStore) and str(store.target) == str(target):
        raise ParameterError(f"{target} is the store itself; a graph of its own stays as it is, so use another store")
    client = ReadOnlyClient(target.patient())
    try:
        total = foreign.n_relationships(client, mappings)
        batches = (_checked(rows, str(target), now_us, total) for rows in foreign.read_graph(client, mappings))
        empty = LoadReport(0)
        return load_batches(store, batches, empty, limit=limit, rejects_file=rejects_file, progress=progress)
    finally:
        client.close()


def _checked(found: GraphRows, graph: str, now_us: int, total: int) -> EventBatch:
    """Rows of a graph as events; a row's number among those of its type stands for the line."""
    columns, positions, wrong = columns_from_rows(found.rows)
    parsed = parse_events(columns, now_us=now_us)
    where = f"{graph} {found.type}"
    rejects = [FileReject(where, found.first + r.row, r.field, r.reason, r.value) for r in wrong]
    rejects += [FileReject(where, found.first + positions[r.row], r.field, r.reason, r.value) for r in parsed.rejects]
    lines = found.first + np.array(positions, dtype=np.int64)[parsed.rows]
    rejects.sort(key=lambda reject: reject.line)
    return EventBatch(where, parsed.events, lines, rejects, found.first + len(found.rows) - 1, total)


def _in_neo4j(store: GraphStore) -> Neo4jStore:
    if not isinstance(store, Neo4jStore):
        raise ParameterError(f"the store {store.home} is a folder; name a database: --store neo4j://HOST")
    return store


def _scored(record: RunRecord) -> ScoredRun:
    scored = _EPOCH + timedelta(microseconds=record.created_us)
    return ScoredRun(record.id, record.snapshot, record.strategy, scored)


def _scores(run: Run) -> dict[str, writeback.Column]:
    trust, rank = run.global_trust, writeback.ranks(run.global_trust)
    return {
        "guanxi_trust": of_every_account(run, trust),
        "guanxi_trust_rank": of_every_account(run, rank),
        "guanxi_pagerank": of_every_account(run, run.pagerank),
        "guanxi_discount": run.discount,
    }
