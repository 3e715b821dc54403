"""Explanations: how much of personal trust ten paths tell, how few accounts carry global trust, and what both cost.

Run from the repository root: ``python benchmarks/explanations.py [folder of the data] --write docs/explanations.md``.
Prints Markdown tables; ``--write`` puts them between that page's markers. ``--small`` leaves out the large graph.
Pairs of viewer and target, and accounts, are drawn at random among those whom trust reaches.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np

import graphs
import tables
from guanxi.graph import TrustGraph
from guanxi.trust import carriers, personal_trust, walks

SEED = 1
N_PAIRS, N_ACCOUNTS, N_LARGE = 100, 30, 3
N_PAIRS_QUICK, N_ACCOUNTS_QUICK = 10, 2
EFFORT = 100


def edges_of(path):
    """A graph of the first two columns of a file of edges; every edge weighs one."""
    with gzip.open(path, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64, usecols=(0, 1))
    ids, ends = np.unique(rows, return_inverse=True)
    ends = ends.reshape(rows.shape)
    return TrustGraph.from_edges(len(ids), source=ends[:, 0], target=ends[:, 1])


def pairs(graph, rng, n):
    """Viewers who trust somebody, and accounts that somebody trusts."""
    viewers, targets = np.flatnonzero(np.diff(graph.offsets)), np.flatnonzero(graph.in_degrees)
    return zip(rng.choice(viewers, n).tolist(), rng.choice(targets, n).tolist(), strict=True)


def paths_row(name, graph, rng, n):
    listed, within, solving, searching = [], [], [], []
    for viewer, target in pairs(graph, rng, n):
        begun = time.perf_counter()
        personal = personal_trust(graph, viewer)
        solved = time.perf_counter()
        score = personal.scores[target]
        if viewer == target or score == 0:
            continue
        found = walks(graph, personal, target)
        searching.append(time.perf_counter() - solved)
        solving.append(solved - begun)
        listed.append(sum(walk.contribution for walk in found.listed) / score)
        within.append(1 - found.longer / score)
    share, covered = (f"{np.median(part):.0%}" for part in (listed, within))
    times = (f"{1000 * np.median(times):,.0f} ms" for times in (solving, searching))
    return [name, f"{graph.n:,}", f"{graph.m:,}", len(listed), share, covered, *times]


def carriers_row(name, graph, rng, n, effort):
    sizes, proven, ratios, times, tried = [], [], [], [], []
    for account in rng.choice(np.flatnonzero(graph.in_degrees), n).tolist():
        begun = time.perf_counter()
        found = carriers(graph, np.ones(graph.n), account, effort=effort)
        times.append(time.perf_counter() - begun)
        sizes.append(len(found.accounts))
        proven.append(found.proven)
        ratios.append(len(found.accounts) / max(found.at_least, 1))
        tried.append(found.n_tried)
    sizes = f"{np.median(sizes):,.0f} ({min(sizes):,} to {max(sizes):,})"
    cost = f"{np.median(times):,.2f} s", f"{max(times):,.1f} s"
    return [name, n, effort, sizes, f"{np.mean(proven):.0%}", f"{max(ratios):.2f}", f"{np.median(tried):,.0f}", *cost]


FILES = {"Epinions, trust": "epinions/trust.csv.gz", "Pokec, 10,000 accounts": "pokec_10k/follows.csv.gz"}


def report(folder, *, quick, small):
    rng = np.random.default_rng(SEED)
    n_pairs, n_accounts = (N_PAIRS_QUICK, N_ACCOUNTS_QUICK) if quick else (N_PAIRS, N_ACCOUNTS)
    made = {name: edges_of(folder / file) for name, file in FILES.items() if not quick or "pokec" in file}
    large = {} if quick or small else {"communities, drawn": graphs.trust_graph(graphs.community_edges, 4_000_000, rng)}
    personal_trust(graphs.trust_graph(graphs.community_edges, 1000, rng), 0)  # compiles
    told = [paths_row(name, graph, rng, n_pairs) for name, graph in made.items()]
    told += [paths_row(name, graph, rng, 20) for name, graph in large.items()]
    carried = [carriers_row(name, graph, rng, n_accounts, EFFORT) for name, graph in made.items()]
    carried += [carriers_row(name, graph, rng, N_LARGE, 0) for name, graph in large.items()]
    paths_head = ["graph", "accounts", "edges", "pairs", "ten paths tell", "paths to 6 hops", "personal trust", "paths"]
    carried_head = ["graph", "accounts asked", "effort", "set: median (least to most)", "proven smallest"]
    carried_head += ["most of size / bound", "sets tried, median", "time, median", "time, most"]
    return "\n\n".join(
        (
            f"{tables.versions('numpy', 'scipy', 'numba')}; {tables.machine()}; one thread. Medians over the pairs.",
            tables.markdown(paths_head, told),
            "80 % of what others carry of global trust:",
            tables.markdown(carried_head, carried),
        )
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--quick", action="store_true", help="one graph, a few pairs and accounts: does it run?")
    parser.add_argument("--small", action="store_true", help="without the graph of four million edges")
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    missing = [file for file in FILES.values() if not (arguments.folder / file).is_file()]
    if missing:
        print(f"skipped: no {missing[0]} in {arguments.folder}")
        return
    text = report(arguments.folder, quick=arguments.quick, small=arguments.small)
    print(text)
    if arguments.write:
        tables.write(arguments.write, "measured explanations", text)


if __name__ == "__main__":
    main()
