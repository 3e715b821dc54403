"""What a graph costs as it grows: seconds and peak memory of each step from a CSV file to served scores.

Run from the repository root: ``python benchmarks/scale.py``, or ``make bench-scale``. ``--quick`` stops at 4 M edges,
``--upto N`` at N million; ``--write docs/performance.md`` puts the tables between that page's markers. Every step runs
in a process of its own, whose peak resident memory is counted with all that it imports and maps. The peer is what one
would write with pyarrow and scipy to get from the same file to a matrix, without any of the checks.
"""

import argparse
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

import tables
from graphs import rmat_edges

MILLION = 1_000_000
SIZES = (1, 4, 10, 16, 64, 100)
CHUNK = 4 * MILLION
NEW_EVENTS = 100_000
PEER_UPTO = 16
SCORE_UPTO = 16


# -- the file ---------------------------------------------------------------------------------------------------------


def accounts_of(n_edges):
    return 2 ** max(2, round(np.log2(n_edges / 8)))


def rmat_part(n, n_edges, rng):
    """Edges of an R-MAT graph of ``n`` accounts: those of a smaller one, with the first draws added on top."""
    small, source, target = rmat_edges(n_edges, rng)
    while small < n:
        draw = rng.random(n_edges)
        down, right = draw >= 0.76, ((draw >= 0.57) & (draw < 0.76)) | (draw >= 0.95)
        source, target, small = source + small * down, target + small * right, 2 * small
    return source % n, target % n


def ids_of(prefix, numbers):
    """Ids of 17 characters, in no order that the numbers have."""
    import pyarrow as pa
    import pyarrow.compute as pc

    digits = pc.utf8_lpad(pa.array(numbers.astype(np.int64) * 387_420_489 % 10**12).cast(pa.string()), 12, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), digits, "")


def write_csv(path, n_edges, *, seed=1, n_accounts=None):
    """Eight in ten follows, one share, one purchase, each with its time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    n, rng = n_accounts or accounts_of(n_edges), np.random.default_rng(seed)
    with path.open("wb") as file:
        file.write(b"relation,source,target,time\n")
        for done in range(0, n_edges, CHUNK):
            m = min(CHUNK, n_edges - done)
            source, target = rmat_part(n, m, rng)
            target = np.where(source == target, (target + 1) % n, target)
            kind = np.searchsorted([0.8, 0.9], rng.random(m), side="right")
            names = np.array(["follow", "share", "purchase"])[kind]
            to = pc.if_else(pa.array(kind == 0), ids_of("acct-", target), ids_of("item-", target % max(n // 10, 1)))
            times = rng.integers(1_600_000_000, 1_760_000_000, m)
            rows = pa.table([pa.array(names), ids_of("acct-", source), to, pa.array(times)], names=list("abcd"))
            csv.write_csv(rows, file, csv.WriteOptions(include_header=False, quoting_style="none"))


# -- the steps, each in a process of its own --------------------------------------------------------------------------


def step_load(folder):
    return {"refused": opened(folder).load([folder / "events.csv"]).n_rejects}


def step_snapshot(folder):
    report = opened(folder).snapshot(full=True)
    return {"edges": report.n_edges, "accounts": report.n_accounts, "id": report.id}


def step_open(folder):
    from guanxi.snapshot import Snapshot

    store = opened(folder).store
    newest, started = store.published().newest, time.perf_counter()
    snapshot = Snapshot.open(store.snapshots / newest)
    return {"first": snapshot.accounts[0], "seconds": time.perf_counter() - started}


def step_trust(folder):
    """Local trust and global trust, without the witnesses of authenticity."""
    from guanxi.engine.options import Strategy
    from guanxi.local_trust import Setting, local_trust
    from guanxi.snapshot import Snapshot
    from guanxi.trust import eigentrust

    store = opened(folder).store
    snapshot = Snapshot.open(store.snapshots / store.published().newest, verify=False)
    graph = local_trust(snapshot, Setting.of(snapshot, Strategy().weights))
    mass = float(eigentrust(graph, np.ones(graph.n)).sum())
    return {"trust_edges": graph.m, "mass": mass}


def step_score(folder, *, warm=False):
    sweeps = counted_sweeps()
    return {"run": opened(folder).score(warm=warm).id, "sweeps": sweeps}


def step_warm(folder):
    return step_score(folder, warm=True)


def step_cold(folder):
    """The same run from the beginning, and how far the warm one was from it."""
    from guanxi.bundle import Bundle

    runs = opened(folder).store.runs
    warm = Bundle.open(runs / opened(folder).store.published().run, verify=False)
    names = "global_trust", "pagerank"
    scores = {name: warm.array(name).copy() for name in names}
    found = step_score(folder)
    cold = Bundle.open(runs / found["run"], verify=False)
    return {**found, "apart": [float(abs(scores[name] - cold.array(name)).sum()) for name in names]}


def step_add(folder):
    return {"refused": opened(folder).load([folder / "new.csv"]).n_rejects}


def step_refresh(folder):
    return {"id": opened(folder).snapshot().id}


def step_rebuild(folder):
    return {"id": opened(folder).snapshot(full=True).id}


def step_peer(folder):
    import pyarrow as pa
    from pyarrow import csv
    from scipy import sparse

    table = csv.read_csv(folder / "events.csv").combine_chunks()
    both = pa.chunked_array([*table["source"].chunks, *table["target"].chunks]).combine_chunks().dictionary_encode()
    codes = both.indices.to_numpy()
    n, m = len(both.dictionary), len(table)
    matrix = sparse.coo_matrix((np.ones(m, dtype=np.float32), (codes[:m], codes[m:])), shape=(n, n)).tocsr()
    return {"edges": int(matrix.nnz)}


STEPS = {name.removeprefix("step_"): call for name, call in list(globals().items()) if name.startswith("step_")}


def counted_sweeps():
    """A list that grows by the sweeps and steps of every solution: first trust, global trust, PageRank."""
    module, sweeps = importlib.import_module("guanxi.trust.eigentrust"), []
    settle = module.settle
    module.settle = lambda *given, **options: sweeps.append(settle(*given, **options))
    return sweeps


def opened(folder):
    from guanxi.engine import Engine

    return Engine(folder / "store", create=True)


def child(step, folder):
    started = time.perf_counter()
    found = STEPS[step](folder)
    seconds = found.get("seconds", time.perf_counter() - started)
    print(json.dumps({**found, "seconds": seconds, "cpu": time.process_time(), "peak": peak_memory()}))


def peak_memory():
    """Of this program only: getrusage would count the process that started it, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")))


def measured(step, folder):
    """Run a step in its own process; what it says, with seconds and peak memory."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


# -- the tables -------------------------------------------------------------------------------------------------------


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def measure(millions, parent, say):
    """All steps on one graph; {step: what it said}, with the sizes on the disk."""
    folder, n_edges = Path(tempfile.mkdtemp(prefix=f"scale-{millions}-", dir=parent)), millions * MILLION
    try:
        write_csv(folder / "events.csv", n_edges)
        write_csv(folder / "new.csv", NEW_EVENTS, seed=2, n_accounts=accounts_of(n_edges))
        found = {"sizes": {"file": size_of(folder)}}
        steps = ["load", "snapshot", "open", "open", "trust"]
        steps += ["peer"] if millions <= PEER_UPTO else []
        steps += ["score"] if millions <= SCORE_UPTO else []
        steps += ["add", "refresh", "rebuild"]
        steps += ["warm", "cold"] if millions <= SCORE_UPTO else []
        for step in steps:
            found[step] = measured(step, folder)
            say(f"{millions} M {step}: {found[step]}")
            if step == "snapshot":
                store = folder / "store"
                found["sizes"] |= {"store": size_of(store / "segments"), "snapshot": size_of(store / "snapshots")}
            if step == "peer" or (step == "trust" and millions > PEER_UPTO):
                (folder / "events.csv").unlink()
        if found["refresh"]["id"] != found["rebuild"]["id"]:
            raise SystemExit(f"at {millions} M edges the refreshed snapshot is not the rebuilt one")
        return found
    finally:
        shutil.rmtree(folder, ignore_errors=True)


SHOWN = {
    "load": "load",
    "snapshot": "snapshot",
    "open": "open",
    "trust": "trust",
    "score": "score",
    "add": "load 100,000 more",
    "refresh": "refresh",
    "rebuild": "rebuild",
    "warm": "score, warm",
    "cold": "score, cold",
    "peer": "pyarrow + scipy",
}


def seconds_table(found):
    rows = []
    for millions, steps in found.items():
        cells = [_seconds(steps[step]["seconds"]) if step in steps else "" for step in SHOWN]
        rows.append([f"{millions} M", *cells])
    return tables.markdown(["edges", *SHOWN.values()], rows)


def cpu_table(found):
    rows = []
    for millions, steps in found.items():
        cells = [f"{steps[step]['cpu']:.1f}" if step in steps else "" for step in SHOWN]
        rows.append([f"{millions} M", *cells])
    return tables.markdown(["edges", *SHOWN.values()], rows)


def memory_table(found):
    rows = []
    for millions, steps in found.items():
        cells = [f"{steps[step]['peak'] / 2**30:.2f}" if step in steps else "" for step in SHOWN]
        sizes = [f"{steps['sizes'][name] / millions / MILLION:.0f}" for name in ("file", "store", "snapshot")]
        rows.append([f"{millions} M", *cells, *sizes])
    return tables.markdown(["edges", *SHOWN.values(), "file", "store", "snapshot"], rows)


def sweeps_table(found):
    """Sweeps of global trust and PageRank; what the witnesses read starts cold either way."""
    rows = []
    for millions, steps in found.items():
        if "cold" in steps:
            warm, cold = (steps[step]["sweeps"][1:] for step in ("warm", "cold"))
            apart = [f"{value:.1e}" for value in steps["cold"]["apart"]]
            rows.append([f"{millions} M", *(str(n) for n in (warm[0], cold[0], warm[1], cold[1])), *apart])
    head = ["global trust, warm", "cold", "PageRank, warm", "cold", "global trust, apart", "PageRank, apart"]
    return tables.markdown(["edges", *head], rows)


def _seconds(value):
    return f"{1e3 * value:.0f} ms" if value < 1 else f"{value:.1f} s"


def report(found):
    versions = tables.versions("pyarrow", "scipy", "numba", "numpy")
    said = [f"{versions}; {tables.machine()}. R-MAT, ids of 17 characters, one run of each step.", ""]
    said += ["Seconds:", "", seconds_table(found), ""]
    said += [
        "Seconds of CPU, with the start of the process (which a busy machine changes less):",
        "",
        cpu_table(found),
        "",
    ]
    said += ["Peak resident memory in GiB, and bytes per edge on the disk:", "", memory_table(found), ""]
    if any("cold" in steps for steps in found.values()):
        title = "Sweeps after 100,000 more events, and how far warm and cold scores are apart (L1):"
        said += [title, "", sweeps_table(found)]
    return "\n".join(said)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="1 and 4 M edges")
    parser.add_argument("--upto", type=int, default=max(SIZES), help="largest size, in millions of edges")
    parser.add_argument("--only", type=int, nargs="*", help="these sizes, in millions")
    parser.add_argument("--folder", type=Path, help="where files are made; about 200 bytes per edge")
    parser.add_argument("--results", type=Path, help="JSON file that keeps what was measured, size by size")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    options = parse()
    if options.step:
        child(options.step, options.folder)
        return
    sizes = (
        options.only if options.only is not None else [s for s in SIZES if s <= (4 if options.quick else options.upto)]
    )
    kept = options.results and options.results.exists() and json.loads(options.results.read_text())
    found = {int(millions): steps for millions, steps in (kept or {}).items()}
    for millions in sizes:
        found[millions] = measure(millions, options.folder, lambda line: print(line, file=sys.stderr, flush=True))
        if options.results:
            options.results.write_text(json.dumps(found))
    text = report(dict(sorted(found.items())))
    print(text)
    if options.write:
        tables.write(options.write, "scale", text)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    main()
