"""Personal trust by push against the exact solver and other tools: time per viewer, recall, and everyone at once.

Run from the repository root: ``python benchmarks/personal.py``. ``--write docs/performance.md`` puts the tables between
that page's lines. Viewers are drawn at random among those who trust somebody. A returned account counts for recall
where its exact score is at least 0.99 times the exact 100th score. Milliseconds are processor time, of the one thread
that works or, for the exact solver and other tools, of all of them; other processes on the machine disturb it less than
the clock on the wall. Rates are by the wall.
"""

import argparse
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from scipy import sparse

import tables
from graphs import GENERATORS, trust_graph
from guanxi.engine.everyone import BATCH_EPS
from guanxi.recommend.interactions import Interactions, given_items
from guanxi.trust import personal_trust
from guanxi.trust.push import Push, Routes

RESTART, SIZE = 0.15, 100


def seconds(call, *, clock=time.thread_time):
    started = clock()
    found = call()
    return clock() - started, found


def igraph_call(graph):
    peer = graph.to_igraph()
    return lambda viewer: np.array(
        peer.personalized_pagerank(damping=1 - RESTART, weights="weight", reset_vertices=[viewer])
    )


def networkx_call(graph):
    import networkx as nx

    peer = graph.to_networkx()
    return lambda viewer: np.array(list(nx.pagerank(peer, personalization={viewer: 1}).values()))


def matrix_of(graph):
    return sparse.csr_matrix((graph.weights, graph.targets.astype(np.int32), graph.offsets), shape=(graph.n, graph.n))


def fast_pagerank_call(graph):
    from fast_pagerank import pagerank_power

    matrix = matrix_of(graph)
    return lambda viewer: pagerank_power(matrix, p=1 - RESTART, personalize=np.eye(1, graph.n, viewer)[0], tol=1e-8)


def scikit_network_call(graph):
    from sknetwork.ranking import PageRank

    matrix = matrix_of(graph)
    return lambda viewer: PageRank(1 - RESTART, solver="diteration", n_iter=1000, tol=1e-8).fit_predict(
        matrix, weights={viewer: 1}
    )


PEERS = {
    "igraph": ("igraph (PRPACK)", igraph_call),
    "scikit-network": ("scikit-network (diteration)", scikit_network_call),
    "fast-pagerank": ("fast-pagerank", fast_pagerank_call),
    "networkx": ("networkx", networkx_call),
}


def recall_of(top, exact, viewer):
    others = exact.copy()
    others[viewer] = 0
    last = np.partition(others, len(others) - SIZE)[len(others) - SIZE]
    reached = min(SIZE, int((others > 0).sum()))
    return float((others[top.accounts] >= 0.99 * last).sum()) / max(reached, 1)


def push_rows(push, viewers, exact, graph):
    """Time and recall of a push by default, and of one as coarse as for everyone, turn and turn about."""
    kinds = {"guanxi, push": None, "guanxi, push as for everyone": BATCH_EPS}
    taken, recalls = {tool: [] for tool in kinds}, {tool: [] for tool in kinds}
    for viewer in viewers:
        for tool, eps in kinds.items():
            took, top = seconds(lambda v=viewer, e=eps: push.top(v, size=SIZE, eps=e))
            taken[tool].append(1e3 * took)
            if viewer in exact:
                recalls[tool].append(recall_of(top, exact[viewer], viewer))
    base = np.array(taken["guanxi, push"])
    for tool, times in taken.items():
        p50, p99 = np.percentile(times, [50, 99])
        found = f"{np.mean(recalls[tool]):.4f} (least {min(recalls[tool]):.2f}, {len(recalls[tool])} viewers)"
        yield [tool, f"{graph.m:,}", f"{p50:.2f}", f"{p99:.2f}", f"{np.median(times / base):.2f}", found]


def viewers_of(graph, count, rng):
    """Distinct viewers at random among those who trust somebody."""
    active = np.flatnonzero(np.diff(graph.offsets))
    return rng.choice(active, min(count, len(active)), replace=False).tolist()


def large_part(name, options):
    """Push against the exact solver on a large graph."""
    rng = np.random.default_rng(options.seed)
    graph = trust_graph(GENERATORS[name], options.edges, rng)
    built, push = seconds(lambda: Push(Routes.of(graph, restart=RESTART)))
    viewers = viewers_of(graph, options.viewers, rng)
    push.top(viewers[0], size=SIZE)
    exact, times = {}, []
    for viewer in viewers[: options.exact_viewers]:
        took, found = seconds(lambda v=viewer: personal_trust(graph, v, tol=1e-8).scores, clock=time.process_time)
        exact[viewer] = found.astype(np.float32)
        times.append(1e3 * took)
    rows = list(push_rows(push, viewers, exact, graph))
    ratio = f"{np.median(times) / float(rows[0][2]):,.0f}"
    rows.append(["guanxi, exact", f"{graph.m:,}", f"{np.median(times):.0f}", f"{max(times):.0f}", ratio, "1"])
    rows.append(["prepare, once per run", f"{graph.m:,}", f"{1e3 * built:.0f}", "", "", ""])
    said = (
        f"{name}, seed {options.seed}, {len(viewers):,} viewers, one thread; {graph.n:,} accounts. {tables.machine()}."
    )
    return "\n\n".join([
        said,
        tables.markdown(["tool", "edges", "p50 ms", "p99 ms", "÷ push", "recall@100"], rows),
    ])  # fmt: skip


def peers_part(options):
    """Every tool on small graphs, interleaved by viewer."""
    rows, rng = [], np.random.default_rng(options.seed)
    for name, generate in GENERATORS.items():
        graph = trust_graph(generate, options.peer_edges, rng)
        push = Push(Routes.of(graph, restart=RESTART))
        calls = {"guanxi, push": lambda v, p=push: p.top(v, size=SIZE)}
        calls["guanxi, exact"] = lambda v, g=graph: personal_trust(g, v, tol=1e-8).scores
        calls |= {tool: make(graph) for package, (tool, make) in PEERS.items() if tables.installed(package)}
        viewers = viewers_of(graph, options.peer_viewers + 1, rng)
        taken = {tool: [] for tool in calls}
        for viewer in viewers:
            for tool, call in calls.items():
                taken[tool].append(1e3 * seconds(lambda c=call, v=viewer: c(v), clock=time.process_time)[0])
        ours = np.array(taken["guanxi, push"][1:])  # the first round compiles, and lays out the graph
        for tool, times in taken.items():
            rows.append([
                name, f"{graph.m:,}", tool, f"{np.median(times[1:]):.2f}", f"{np.median(times[1:] / ours):,.0f}"
            ])  # fmt: skip
    said = (
        f"Seed {options.seed}, {options.peer_viewers} viewers per graph. {tables.machine()}; "
        f"{tables.versions('numba', 'numpy', 'scipy', *PEERS)}."
    )
    return "\n\n".join([said, tables.markdown(["graph", "edges", "tool", "median ms", "÷ push"], rows, n_left=3)])


def everyone_row(name, graph, options, rng):
    """Viewers per second, top 50: of one thread's processor time, and by the clock with all threads."""
    push, n_threads = Push(Routes.of(graph, restart=RESTART)), os.cpu_count() or 1
    viewers = rng.permutation(graph.n)[: options.everyone].astype(np.uint32)
    parts = np.array_split(viewers, 8 * n_threads)

    def work(part):
        return push.top_of_each(part, size=50, eps=BATCH_EPS)

    with ThreadPoolExecutor(n_threads) as pool:
        list(pool.map(work, parts[:n_threads]))  # compiles, and makes the workspaces
        alone = sum(seconds(lambda p=part: work(p))[0] for part in parts)
        together, _ = seconds(lambda: list(pool.map(work, parts)), clock=time.perf_counter)
    rates = f"{len(viewers) / alone:,.0f}", f"{len(viewers) / together:,.0f} ({n_threads} threads)"
    return [name, f"{graph.m:,}", *rates]


def everyone_part(options):
    rng = np.random.default_rng(options.seed)
    rows = [
        everyone_row(name, trust_graph(generate, options.everyone_edges, rng), options, rng)
        for name, generate in GENERATORS.items()
    ]
    said = f"Seed {options.seed}, {options.everyone:,} viewers. {tables.machine()}."
    head = ["everyone's top 50", "edges", "accounts per CPU second, 1 thread", "accounts/s by the clock, all threads"]
    return "\n\n".join([said, tables.markdown(head, rows)])


def items_rows(rng):
    """Items of the 200 accounts at the top: about 6,000 interactions, among 100,000 accounts and 200,000 items."""
    n_accounts, n_items, per = 100_000, 200_000, 30
    account = np.repeat(np.arange(n_accounts), rng.poisson(per, n_accounts))
    item = (n_items * rng.random(len(account)) ** 3).astype(np.int64)
    matrix = sparse.csr_matrix((np.full(len(item), 0.5), (account, item)), shape=(n_accounts, n_items))
    by_item = matrix.tocsc()
    held = Interactions(
        matrix.indptr.astype(np.int64), matrix.indices.astype(np.uint32), matrix.data,
        by_item.indptr.astype(np.int64), by_item.indices.astype(np.uint32), by_item.data,
    )  # fmt: skip
    ours, theirs = [], []
    for _ in range(500):
        circle, trust = rng.choice(n_accounts, 200, replace=False).astype(np.uint32), rng.random(200)
        row = sparse.csr_matrix((trust, (np.zeros(200, dtype=int), circle)), shape=(1, n_accounts))
        ours.append(seconds(lambda c=circle, t=trust: given_items(held, c, t))[0])
        theirs.append(seconds(lambda r=row: r @ matrix)[0])
    ratio = np.median(np.divide(theirs, ours))
    yield ["guanxi", f"{1e3 * np.median(ours):.3f}", f"{1e3 * np.percentile(ours, 99):.3f}", "1"]
    yield [
        "scipy, row times CSR",
        f"{1e3 * np.median(theirs):.3f}",
        f"{1e3 * np.percentile(theirs, 99):.3f}",
        f"{ratio:.1f}",
    ]


def items_part(options):
    rows = list(items_rows(np.random.default_rng(options.seed)))
    said = f"Seed {options.seed}. {tables.machine()}; {tables.versions('numba', 'numpy', 'scipy')}."
    return "\n\n".join([said, tables.markdown(["items of the top 200", "p50 ms", "p99 ms", "÷ guanxi"], rows)])


PARTS = {name: partial(large_part, name) for name in GENERATORS} | {
    "everyone": everyone_part,
    "peers": peers_part,
    "items": items_part,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured; all of it")
    parser.add_argument("--edges", type=int, default=16_000_000, help="edges to draw per large graph")
    parser.add_argument("--viewers", type=int, default=1000)
    parser.add_argument("--exact-viewers", type=int, default=50, help="how many of them the exact solver answers, too")
    parser.add_argument("--peer-edges", type=int, default=500_000, help="edges to draw per graph for other tools")
    parser.add_argument("--peer-viewers", type=int, default=5)
    parser.add_argument("--everyone-edges", type=int, default=4_000_000, help="edges to draw per graph for the batch")
    parser.add_argument("--everyone", type=int, default=20_000, help="viewers of the batch")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--quick", action="store_true", help="100,000 edges: does it run?")
    parser.add_argument("--write", type=Path, help="page whose lines take the tables")
    options = parser.parse_args()
    if options.quick:
        options.edges, options.viewers, options.exact_viewers, options.everyone = 100_000, 100, 3, 2000
        options.peer_edges, options.peer_viewers, options.everyone_edges = 20_000, 2, 100_000
    for name in options.parts:
        text = PARTS[name](options)
        print(text, flush=True)
        if options.write:
            tables.write(options.write, f"personal {name}", text)


if __name__ == "__main__":
    main()
