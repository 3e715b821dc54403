"""Whole-graph trust against other tools, and one sweep against what the memory can deliver.

Run from the repository root: ``python benchmarks/trust.py``, or ``make bench`` for all benchmarks and their peers.
Prints two Markdown tables; ``--write docs/performance.md`` puts them between that page's markers. All tools get the
same weighted edges, restart and L1 tolerance. Rounds are interleaved, so that a busy minute of the machine hits every
tool; the ratios are what to read.
"""

import argparse
import os
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before numba: waiting threads sleep, see docs/performance.md

import numba as nb
import numpy as np

import peers
import tables
from graphs import GENERATORS, trust_graph
from guanxi.trust import eigentrust, propagation, solving, sweeps

RESTART = 0.15
PACKAGES = ("guanxi", "numba", "numpy")


@nb.njit(nogil=True, parallel=True)
def plain_pull(offsets, sources, bounds, sent, arrived):
    """The plain loop: no weights, single precision, rows as they are."""
    for block in nb.prange(len(bounds) - 1):
        for row in range(bounds[block], bounds[block + 1]):
            total = np.float32(0)
            for edge in range(np.uint64(offsets[row]), np.uint64(offsets[row + 1])):
                total += sent[sources[edge]]
            arrived[row] = total


@nb.njit(nogil=True, parallel=True, fastmath=True)
def stream(sources, weights, first, second, third, sums):
    """Read every edge once, in order, and read two doubles and write one per account: what no sweep can do without."""
    n_blocks = len(sums)
    for block in nb.prange(n_blocks):
        total = np.float32(0)
        count = np.uint32(0)
        for cell in range(block * len(sources) // n_blocks, (block + 1) * len(sources) // n_blocks):
            total += weights[cell]
            count ^= sources[cell]
        for account in range(block * len(first) // n_blocks, (block + 1) * len(first) // n_blocks):
            third[account] = first[account] + second[account]
        sums[block] = total + count


def with_threads(n_threads, call):
    """Call on so many threads, whatever the size; by itself the package takes one for small graphs."""
    propagation.PARALLEL_CELLS = 2**63 if n_threads == 1 else 0
    nb.set_num_threads(n_threads)
    return call()


def thread_counts():
    return [count for count in (1, 2) if count <= nb.config.NUMBA_NUM_THREADS]


def seconds_of(call):
    started = time.perf_counter()
    result = call()
    return time.perf_counter() - started, result


def prepared(graph):
    """What ``eigentrust`` prepares for uniform seeds."""
    flow = propagation.Propagation.of(graph, propagation.layout(graph), discount=None, restart=RESTART)
    flow.seeds[:] = propagation.by_slot(flow.slices, np.full(graph.n, 1 / graph.n))
    flow.trust[:] = flow.seeds
    return flow


def sweep_calls(graph):
    """One sweep of ours and what it is compared with, each as a call and the number of sweeps in it."""
    flow = prepared(graph)
    flow.step()
    corrector = solving.Corrector.of(flow, np.float32)
    row, sums = flow.row.fields(corrector.accounts[3]), propagation.empty_sums(flow.slices)
    arguments = (flow.slices.cells(), corrector.accounts, corrector.seeds, row, 0.5, corrector.sent, corrector.states)
    bounds = np.searchsorted(graph.in_offsets + np.arange(graph.n + 1), np.linspace(0, graph.m + graph.n, 65))
    bounds[-1] = graph.n
    lengths = graph.in_degrees[np.argsort(flow.slices.slots)]
    ordered = np.concatenate([[0], np.cumsum(lengths)])
    relabelled = reordered_sources(graph, flow.slices.slots, ordered)
    order_bounds = np.searchsorted(ordered + np.arange(graph.n + 1), np.linspace(0, graph.m + graph.n, 65))
    order_bounds[-1] = graph.n
    sent, arrived = np.ones(graph.n, dtype=np.float32), np.empty(graph.n, dtype=np.float32)
    doubles = [np.ones(graph.n) for _ in range(3)]
    matrix, trust = peers.Scipy.build(graph)[0], np.ones(graph.n)
    cells = (graph.sources, graph.in_weights)
    return {
        "streaming floor": (lambda: stream(*cells, *doubles, np.zeros(64)), 1),
        "plain loop, f32, no weights": (lambda: plain_pull(graph.in_offsets, graph.sources, bounds, sent, arrived), 1),
        "the same, accounts in our order": (lambda: plain_pull(ordered, relabelled, order_bounds, sent, arrived), 1),
        "guanxi, sweep": (lambda: sweeps.sweep_round_in_parallel(*arguments, sums), solving.N_SWEEPS),
        "guanxi, exact step (f64)": (flow.step, 1),
        "scipy CSR product, f64, one thread": (lambda: matrix @ trust, 1),
    }


def reordered_sources(graph, slots, ordered):
    """Sources of a CSR whose rows and sources are slots."""
    row_slots = np.repeat(slots, graph.in_degrees)
    within = np.arange(graph.m) - np.repeat(graph.in_offsets[:-1], graph.in_degrees)
    relabelled = np.empty(graph.m, dtype=np.uint32)
    relabelled[ordered[row_slots] + within] = slots[graph.sources]
    return relabelled


def sweep_rows(name, graph, n_rounds):
    """Milliseconds per sweep by threads, and as multiples of the streaming floor."""
    calls, taken = sweep_calls(graph), {}
    for round_ in range(n_rounds + 1):  # the first one warms up
        for count in thread_counts():
            for what, (call, n_sweeps) in calls.items():
                seconds, _ = seconds_of(partial(with_threads, count, call))
                if round_:
                    taken.setdefault((what, count), []).append(1e3 * seconds / n_sweeps)
    for what in calls:
        times = [f"{np.median(taken[what, count]):.1f} ms" for count in thread_counts()]
        ratios = [np.divide(taken[what, count], taken["streaming floor", count]) for count in thread_counts()]
        yield [name, what, *times, *[f"{np.median(ratio):.2f}" for ratio in ratios]]


def ours_label(n_threads):
    return f"guanxi, {n_threads} thread{'s' if n_threads > 1 else ''}"


def left_out(peer, n_edges, only):
    """Why a peer is not measured on a graph of this size; None where it is."""
    if not tables.installed(peer.package):
        return "not installed"
    if only is not None and peer.package not in only:
        return "not asked for"
    if peer.most_edges is not None and n_edges > peer.most_edges:
        return f"only up to {peer.most_edges:,} edges"
    return None


def built_peers(graph, only):
    """The peers that are installed, chosen and fit for a graph of this size."""
    for peer in peers.ALL:
        if left_out(peer, graph.m, only) is None:
            seconds, form = seconds_of(partial(peer.build, graph))
            yield peers.Built(peer, form, seconds)


def solve_rows(name, graph, options):
    """One row per tool: seconds, ratios to ours, error against a solution accurate to about 1e-12."""
    layout_s, _ = seconds_of(partial(propagation.layout, graph))
    built = list(built_peers(graph, options.peers))
    calls = {
        ours_label(count): partial(with_threads, count, lambda: eigentrust(graph, np.ones(graph.n), tol=options.tol))
        for count in thread_counts()
    }
    calls |= {one.peer.name: partial(one.peer.solve, one.form, options.tol) for one in built}
    exact = peers.power_iteration(*peers.Scipy.build(graph), np.full(graph.n, 1 / graph.n), 2e-15 * np.sqrt(graph.n))[0]
    taken, error = {}, {}
    for _ in range(options.rounds):
        for tool, call in calls.items():
            seconds, found = seconds_of(call)
            taken.setdefault(tool, []).append(seconds)
            error[tool] = max(error.get(tool, 0.0), float(np.abs(found - exact).sum()))
    build_s = {one.peer.name: one.seconds for one in built} | {ours_label(count): layout_s for count in thread_counts()}
    for tool in calls:
        ratios = [f"{np.median(np.divide(taken[tool], taken[ours_label(count)])):.2f}" for count in thread_counts()]
        yield [name, tool, f"{np.median(taken[tool]):.2f} s", *ratios, f"{error[tool]:.0e}", f"{build_s[tool]:.1f} s"]


def steps_line(name, graph, tol):
    """How many sweeps ours and a power iteration take."""
    ours = solving.settle(prepared(graph), method="benchmark", tol=tol, max_iter=5000)
    n = peers.power_iteration(*peers.Scipy.build(graph), np.full(graph.n, 1 / graph.n), tol)[1]
    return (
        f"{name}: {graph.n:,} accounts, {graph.m:,} edges after merging; {ours} sweeps and steps, power iteration {n}"
    )


def report(options):
    """The two tables, by name."""
    rng = np.random.default_rng(options.seed)
    warm_up(trust_graph(GENERATORS["communities"], 2000, rng))
    solved, swept, sizes = [], [], []
    for name, generate in GENERATORS.items():
        graph = trust_graph(generate, options.edges, rng)
        solved += solve_rows(name, graph, options)
        swept += sweep_rows(name, graph, max(options.rounds, 5))
        sizes.append(steps_line(name, graph, options.tol))
    counts = thread_counts()
    head = ["graph", "tool", "median", *[f"÷ {ours_label(count)}" for count in counts], "L1 error", "build, once"]
    per_sweep = [
        "graph",
        "what",
        *[f"{count} thr." for count in counts],
        *[f"÷ floor, {count} thr." for count in counts],
    ]
    return {
        "trust": "\n\n".join([setting(options, sizes), tables.markdown(head, solved, n_left=2)]),
        "sweep": tables.markdown(per_sweep, swept, n_left=2),
    }


def warm_up(graph):
    """Compile, so that no round pays for it."""
    for count in thread_counts():
        with_threads(count, partial(eigentrust, graph, np.ones(graph.n)))
    list(sweep_rows("", graph, 1))


def setting(options, sizes):
    reasons = {peer: left_out(peer, options.edges, options.peers) for peer in peers.ALL}
    packages = [peer.package for peer, reason in reasons.items() if reason is None]
    missing = ", ".join(f"{peer.name} ({reason})" for peer, reason in reasons.items() if reason)
    return (
        f"Seed {options.seed}, {options.edges:,} edges drawn, {options.rounds} rounds; restart {RESTART}, L1 tolerance "
        f"{options.tol:g}. {'; '.join(sizes)}. Peers left out: {missing or 'none'}.\n"
        f"{tables.machine()}; {tables.versions(*PACKAGES, *packages)}."
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=16_000_000, help="edges to draw per graph")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tol", type=float, default=1e-8)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--peers", nargs="*", help="only these packages")
    parser.add_argument("--quick", action="store_true", help="200,000 edges and 2 rounds: does it run?")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    options = parser.parse_args()
    if options.quick:
        options.edges, options.rounds = 200_000, 2
    return options


def main() -> None:
    options = parse()
    for name, text in report(options).items():
        print(text, end="\n\n")
        if options.write:
            tables.write(options.write, name, text)


if __name__ == "__main__":
    main()
