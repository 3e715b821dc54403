"""Neo4j as a store against what one would write oneself: first load, load again, export, the import tool.

Run from the repository root: ``python benchmarks/neo4j_store.py``. It starts a Neo4j server of its own, so Java must be
there. ``--write docs/performance.md`` puts the table there; ``--gds`` compares trust with OpenGDS instead. The peers do
what the driver's manual shows: ``UNWIND ... MERGE`` of 10,000 rows a transaction, and one row per relationship read.
(The file is not called neo4j.py: every benchmark beside it would then import it in place of the driver.)
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa

import neo4j_gds
from guanxi.schema import load_model
from guanxi.stores.neo4j.batches import batches, ends
from guanxi.stores.neo4j.importing import adopt_import, write_import
from guanxi.stores.neo4j.window import LANES
from neo4j_data import KINDS, follows
from neo4j_server import HEAP, PAGE_CACHE, Bench, Neo4jServer, Took, running, version_of
from tables import machine, markdown, versions, write

MODEL = load_model()
PLAIN_ROWS = 10_000
WARM_UP = 20_000
OURS, PLAIN, BARE = "guanxi", "plain", "bare `CREATE`"
FIRST, AGAIN, EXPORT = "first load of %s", "%s again", "export of %s"
NODES = "UNWIND $rows AS row MERGE (a:Account {id: row.source}) MERGE (b:%s {id: row.target})"
PLAIN_LOAD = {
    "follows": f"{NODES % 'Account'} MERGE (a)-[r:FOLLOWS]->(b) SET r.time = row.time",
    "purchases": f"{NODES % 'Item'} MERGE (a)-[r:PURCHASED {{key: row.id}}]->(b) "
    "SET r.time = row.time, r.quantity = row.value",
}
PLAIN_READ = {
    "follows": "MATCH (a:Account)-[r:FOLLOWS]->(b:Account) RETURN a.id AS source, b.id AS target, r.time AS time",
    "purchases": "MATCH (a:Account)-[r:PURCHASED]->(b:Item) RETURN a.id AS source, b.id AS target, r.time AS time, "
    "r.key AS id, r.quantity AS value",
}
BARE_LOAD = """
UNWIND $rows.sources AS id MATCH (n:Account {id: id}) WITH collect(n) AS sources
UNWIND $rows.targets AS id MATCH (n:Account {id: id}) WITH sources, collect(n) AS targets
UNWIND range(0, size($rows.source) - 1) AS row
WITH sources[$rows.source[row]] AS a, targets[$rows.target[row]] AS b CREATE (a)-[:FOLLOWS]->(b)
"""


# -- what is measured ------------------------------------------------------------------------------------------------


def plain_load(bench, kind, events):
    rows = events.select(["source", "target", "time", "id", "value"])
    with bench.driver() as driver, driver.session() as session:
        for first in range(0, len(rows), PLAIN_ROWS):
            some = rows.slice(first, PLAIN_ROWS).to_pylist()
            session.execute_write(lambda tx, some=some: tx.run(PLAIN_LOAD[kind], rows=some).consume())


def plain_read(bench, kind):
    with bench.driver() as driver, driver.session() as session:
        return pa.Table.from_pylist([record.data() for record in session.run(PLAIN_READ[kind])])


def bare_load(bench, events):
    """The same pairs in the same batches, without any property, over as many connections."""
    todo = [ends(part) for batch in batches(events, MODEL) for part in batch]
    with bench.driver() as driver, ThreadPoolExecutor(LANES) as pool:

        def one(rows):
            with driver.session() as session:
                session.execute_write(lambda tx: tx.run(BARE_LOAD, rows=rows).consume())

        list(pool.map(one, todo))


def make_accounts(bench, events):
    ids = pa.chunked_array([*events["source"].chunks, *events["target"].chunks]).unique()
    for first in range(0, len(ids), PLAIN_ROWS):
        some = ids.slice(first, PLAIN_ROWS).to_pylist()
        bench.run("UNWIND $ids AS id CREATE (:Account {id: id})", ids=some)


def load(store, events):
    """From a table of events to Neo4j, through the log."""
    with store.loading() as loading:
        loading.add(events)
    store.pump()


@dataclass
class Results:
    """What every round took, by task and tool."""

    n: int
    took: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    packing: dict = field(default_factory=dict)

    def add(self, task, tool, took):
        self.took.setdefault((task, tool), []).append(took)
        print(f"  {task}, {tool}: {self.n / took.seconds:,.0f}/s", file=sys.stderr, flush=True)

    def rows(self):
        tasks = list(dict.fromkeys(task for task, _ in self.took))
        for (task, tool), rounds in sorted(self.took.items(), key=lambda item: tasks.index(item[0][0])):
            ratio = np.median(
                [of.seconds / own.seconds for of, own in zip(self.took[task, PLAIN], rounds, strict=False)]
            )
            seconds, server, client = np.median([astuple(one) for one in rounds], axis=0)
            per_million = 1e6 / self.n
            shares = ["" if np.isnan(taken) else f"{taken * per_million:.0f}" for taken in (server, client)]
            yield [task, tool, f"{self.n / seconds:,.0f}", f"{ratio:.1f}", *shares]

    def steps_told(self):
        if self.steps:
            steps = ", ".join(f"{step} {np.median(seconds):.1f} s" for step, seconds in self.steps.items())
            yield f"The import tool, step by step: {steps}."


def measure_kind(bench, kind, events, results):
    """One round: plain, then ours, each in an empty database."""
    bench.empty()
    results.add(FIRST % kind, PLAIN, bench.took(lambda: plain_load(bench, kind, events)))
    results.add(AGAIN % kind, PLAIN, bench.took(lambda: plain_load(bench, kind, events)))
    if kind == "follows":
        bench.empty()
        make_accounts(bench, events)
        results.add(FIRST % kind, BARE, bench.took(lambda: bare_load(bench, events)))
    bench.empty()
    with contextlib.closing(bench.store()) as store:
        results.add(FIRST % kind, OURS, bench.took(lambda: load(store, events)))
        results.add(AGAIN % kind, f"{OURS}, same folder", bench.took(lambda: load(store, events)))
        read, took = bench.timed(lambda: plain_read(bench, kind))
        results.add(EXPORT % kind, PLAIN, took)
        ours, took = bench.timed(lambda: pa.concat_tables(store.events()))
        results.add(EXPORT % kind, OURS, took)
        check(len(read) == len(ours) == len(events), "a load left something out")
    with contextlib.closing(bench.store()) as store:
        results.add(AGAIN % kind, f"{OURS}, another folder", bench.took(lambda: load(store, events)))
        check(sum(map(len, store.events())) == len(events), "a load doubled something")


def measure_import(bench, events, results):
    """The first load by the import tool, from events in the log to a database that has adopted them."""
    with contextlib.closing(bench.store()) as store:
        with store.log.loading() as loading:
            loading.add(events)
        folder = bench.folder / f"files-{len(list(bench.folder.iterdir()))}"
        files, writing = bench.timed(lambda: write_import(store.log, folder, MODEL))
        tool = bench.import_files(files.command(folder))
        adopting = bench.took(lambda: (store.migrate(), adopt_import(store, folder, MODEL)))
    for step, seconds in (("files", writing.seconds), ("`neo4j-admin`", tool), ("migrate and adopt", adopting.seconds)):
        results.steps.setdefault(step, []).append(seconds)
    took = writing + adopting + Took(tool, float("nan"), 0.0)
    results.add(FIRST % "follows", f"{OURS}, import tool", took)


def measure_rust(bench, results):
    """Loads and exports in processes of their own, with and without the driver's Rust extension."""
    for before, driver in (([], "with Rust"), ([Path(__file__).with_name("without_rust.py")], "without")):
        bench.empty()
        told = json.dumps([bench.server.uri, bench.server.password])
        command = [sys.executable, *before, __file__, "--child", "--relations", str(results.n)]
        done = subprocess.run(command, input=told, stdout=subprocess.PIPE, text=True, check=True)
        for task, seconds in json.loads(done.stdout).items():
            results.packing.setdefault((task, driver), []).append(seconds)


def child(options):
    """One round on the server that standard input names; seconds by task, as JSON."""
    uri, password = json.load(sys.stdin)
    events = follows(options.relations, np.random.default_rng(options.seed))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Neo4jServer(uri, "neo4j", password), Path(folder))
        with contextlib.closing(bench.store()) as store:
            took = {"guanxi, first load": bench.took(lambda: load(store, events))}
            took["guanxi, export"] = bench.took(lambda: list(store.events()))
        took["plain, export"] = bench.took(lambda: plain_read(bench, "follows"))
        bench.empty()
        took["plain, first load"] = bench.took(lambda: plain_load(bench, "follows", events))
    print(json.dumps({task: one.seconds for task, one in took.items()}))


def check(holds, otherwise):
    if not holds:
        raise SystemExit(f"{otherwise}: nothing is reported")


# -- report ----------------------------------------------------------------------------------------------------------


HEAD = ["task", "tool", "relations/s", "÷ plain", "server CPU s per million", "our CPU s per million"]


def report_kind(bench, kind, options):
    """Loads and exports of one kind of relation, and the import tool for follows."""
    events = KINDS[kind](options.relations, np.random.default_rng(options.seed))
    warm_up(bench, kind, events)
    results = Results(options.relations)
    for _ in range(options.rounds):
        measure_kind(bench, kind, events, results)
    if kind == "follows":
        measure_import(bench, events, results)
    return "\n".join([setting(bench, options), "", markdown(HEAD, results.rows(), n_left=2), "", *results.steps_told()])


def report_rust(bench, options):
    """What the driver's Rust extension brings, on a fifth of the relations."""
    results = Results(max(20_000, options.relations // 5))
    for _ in range(options.rounds):
        measure_rust(bench, results)
    rows = []
    for (task, driver), seconds in results.packing.items():
        if driver == "with Rust":
            without = results.packing[task, "without"]
            both = [f"{np.median(each):.1f} s" for each in (seconds, without)]
            rows.append([task, *both, f"{np.median(np.divide(without, seconds)):.1f}"])
    head = [f"{results.n:,} follows", "with", "without", "÷ with"]
    return markdown(head, rows)


def warm_up(bench, kind, events):
    """Let the server compile: its first statements take several times as long."""
    for _ in range(2):
        measure_kind(bench, kind, events.slice(0, WARM_UP), Results(WARM_UP))


def setting(bench, options):
    size = f"{options.relations:,} relations, {options.rounds} rounds, seed {options.seed}"
    server = f"Neo4j {version_of(bench)}, heap {HEAP}, page cache {PAGE_CACHE}"
    return f"{size}. {server}; {versions('neo4j', 'neo4j-rust-ext', 'pyarrow')}; {machine()}, shared with the server."


def report_gds(bench, options):
    return neo4j_gds.report(bench, options=options, events=follows(options.edges, np.random.default_rng(options.seed)))


PARTS = {
    "follows": partial(report_kind, kind="follows"),
    "purchases": partial(report_kind, kind="purchases"),
    "rust": report_rust,
}


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--relations", type=int, default=1_000_000, help="of each kind")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", nargs="+", choices=list(PARTS))
    parser.add_argument("--gds", action="store_true", help="trust against OpenGDS, instead of the parts")
    parser.add_argument("--edges", type=int, default=16_000_000, help="of the graph for OpenGDS")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--quick", action="store_true", help="20,000 follows and 1 round: does it run?")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.relations, options.edges, options.rounds = 20_000, 100_000, 1
    options.parts = options.parts or (["follows"] if options.quick else list(PARTS))
    return options


def main():
    options = parse()
    if options.child:
        child(options)
        return
    chosen = {"gds": report_gds} if options.gds else {name: PARTS[name] for name in options.parts}
    with running() as bench:
        with contextlib.closing(bench.store()) as store:
            store.migrate()
        for name, report in chosen.items():
            text = report(bench, options=options)
            print(text, flush=True)
            if options.write:
                write(options.write, f"measured neo4j {name}", text)


if __name__ == "__main__":
    main()
