"""Trust from our snapshot against OpenGDS in the server, on the same graph: part of ``neo4j_store.py --gds``.

Both follow unweighted edges with a restart of .15. OpenGDS stops when no score changes by more than the tolerance, its
scores being one on average; we when all changes together do not, the scores being one together.
"""

import contextlib
import os
from functools import partial

import numpy as np

from guanxi.graph import TrustGraph
from guanxi.schema import load_model
from guanxi.snapshot import Snapshot, build_snapshot
from guanxi.stores.neo4j.importing import adopt_import, write_import
from guanxi.trust import eigentrust
from guanxi.trust.push import Push, Routes
from neo4j_server import HEAP, PAGE_CACHE, version_of
from tables import machine, markdown, versions

RESTART, TOL, TOP, VIEWERS, ROUNDS = 0.15, 1e-7, 100, 5, 3
PROJECT = "CALL gds.graph.project('follows', 'Account', 'FOLLOWS') YIELD relationshipCount AS n RETURN n"
OPTIONS = "dampingFactor: 0.85, maxIterations: 1000, tolerance: $tol, concurrency: $cores"
WHOLE = f"CALL gds.pageRank.stats('follows', {{{OPTIONS}}}) YIELD ranIterations, didConverge RETURN *"
PERSONAL = (
    f"MATCH (v:Account {{id: $viewer}}) CALL gds.pageRank.stream('follows', {{{OPTIONS}, sourceNodes: [v]}}) "
    f"YIELD nodeId, score WITH nodeId, score ORDER BY score DESC LIMIT {TOP + 1} "
    "RETURN gds.util.asNode(nodeId).id AS id"
)


def report(bench, *, options, events):
    """Import, project and snapshot the graph, then run both; a table."""
    if not bench.server.has_gds:
        raise SystemExit("the server has no OpenGDS; it comes with Neo4j 5.26")
    with contextlib.closing(bench.store()) as store:
        n, loading = load_by_import(bench, store, events)
        projecting = bench.took(lambda: bench.run(PROJECT)).seconds
        folder, snapshotting = bench.timed(lambda: build_snapshot(store.events(), bench.folder / "snapshots"))
    snapshot = Snapshot.open(folder)
    graph = follows_of(snapshot)
    routes, preparing = bench.timed(lambda: Routes.of(graph, restart=RESTART))
    viewers = np.random.default_rng(options.seed).choice(np.flatnonzero(np.diff(graph.offsets)), VIEWERS, replace=False)
    rows = [
        [
            "into memory (once)",
            "snapshot from Neo4j",
            f"{snapshotting.seconds:.1f} s",
            "projection",
            f"{projecting:.1f} s",
        ],
        ["personal, preparing (once)", "routes", f"{preparing.seconds:.1f} s", "", ""],
    ]
    rows.append(["whole graph", *whole(bench, graph)])
    found, recall = personal(bench, snapshot, Push(routes), viewers.tolist())
    rows.append([f"personal, top {TOP}", *found])
    head = ["task", "guanxi", "took", "OpenGDS", "took", "OpenGDS ÷ guanxi"]
    told = f"Of OpenGDS's top {TOP} of {VIEWERS} viewers, {recall:.3f} are in ours."
    size = f"{graph.n:,} accounts and {graph.m:,} follows, put into Neo4j by the import tool at {n / loading:,.0f}/s"
    server = f"Neo4j {version_of(bench)}, heap {HEAP}, page cache {PAGE_CACHE}"
    rows = [row + [""] * (len(head) - len(row)) for row in rows]
    line = f"{size}. {server}; {versions('neo4j', 'numba', 'numpy')}; {machine()}."
    return "\n".join([line, "", markdown(head, rows), "", told])


def load_by_import(bench, store, events):
    """From a table of events to a database that has adopted them; their number and the seconds."""
    model, folder = load_model(), bench.folder / "gds-files"
    with store.log.loading() as loading:
        loading.add(events)
    files, writing = bench.timed(lambda: write_import(store.log, folder, model))
    tool = bench.import_files(files.command(folder))
    adopting = bench.took(lambda: (store.migrate(), adopt_import(store, folder, model)))
    return len(events), writing.seconds + tool + adopting.seconds


def follows_of(snapshot):
    """Its follows as a graph without weights, as the projection has none."""
    relation = snapshot.relation("follow", "account")
    return TrustGraph.from_edges(snapshot.n_accounts, source=relation.sources(), target=relation.targets)


def whole(bench, graph):
    seeds, cores = np.ones(graph.n), os.cpu_count()
    eigentrust(graph, seeds, restart=RESTART, tol=TOL)  # compiles
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(bench.took(lambda: eigentrust(graph, seeds, restart=RESTART, tol=TOL)).seconds)
        [told], took = bench.timed(lambda: bench.run(WHOLE, tol=TOL, cores=cores))
        theirs.append(took.seconds)
        if not told["didConverge"]:
            raise SystemExit(f"OpenGDS has not converged: {told}")
    sweeps = f"{told['ranIterations']} sweeps"
    ratio = np.median(np.divide(theirs, ours))
    return (
        "`eigentrust`",
        f"{np.median(ours):.2f} s",
        f"`gds.pageRank`, {sweeps}",
        f"{np.median(theirs):.1f} s",
        f"{ratio:.0f}",
    )


def personal(bench, snapshot, push, viewers):
    ids = snapshot.accounts.values.to_pylist()
    push.top(viewers[0], size=TOP)  # compiles
    ours, theirs, recalls = [], [], []
    for viewer in viewers:
        top, took = bench.timed(partial(push.top, viewer, size=TOP))
        ours.append(took.seconds)
        asked = {"viewer": ids[viewer], "tol": TOL, "cores": os.cpu_count()}
        found, took = bench.timed(partial(bench.run, PERSONAL, **asked))
        theirs.append(took.seconds)
        others = [row["id"] for row in found if row["id"] != ids[viewer]][:TOP]
        recalls.append(len({ids[at] for at in top.accounts.tolist()} & set(others)) / len(others))
    ratio = np.median(np.divide(theirs, ours))
    figures = (
        "`Push.top`",
        f"{1e3 * np.median(ours):.2f} ms",
        "`gds.pageRank`, `sourceNodes`",
        f"{np.median(theirs):.1f} s",
    )
    return (*figures, f"{ratio:,.0f}"), float(np.mean(recalls))
