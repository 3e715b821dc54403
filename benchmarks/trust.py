"""Whole-graph and personal trust against networkx, igraph and a scipy power iteration, side by side.

Run from the repository root: ``python benchmarks/trust.py``. Prints a Markdown table; ``--write docs/performance.md``
puts it between that page's markers. All tools get the same weighted edges, restart and L1 tolerance. Rounds are
interleaved, so that a busy minute of the machine hits every tool; the ratios are what to read.
"""

import argparse
import os
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # before numba: waiting threads sleep, see docs/performance.md

import networkx as nx
import numba as nb
import numpy as np
from scipy import sparse

from guanxi.graph import TrustGraph
from guanxi.trust import eigentrust, personal_trust, propagation

RESTART = 0.15
TOL = 1e-10
OURS = "guanxi, 1 thread"
MARKERS = re.compile(r"(?<=<!-- measured: begin -->\n).*(?=<!-- measured: end -->)", re.DOTALL)


def rmat_edges(n_edges, rng):
    """Skewed, without communities: R-MAT with the Graph500 parameters, about eight edges per account."""
    scale = max(2, round(np.log2(n_edges / 8)))
    source, target = np.zeros(n_edges, dtype=np.int64), np.zeros(n_edges, dtype=np.int64)
    for _ in range(scale):
        draw = rng.random(n_edges)
        down = draw >= 0.76
        right = ((draw >= 0.57) & (draw < 0.76)) | (draw >= 0.95)
        source, target = 2 * source + down, 2 * target + right
    return 2**scale, source, target


def community_edges(n_edges, rng, *, inside=0.7):
    """Power-law communities, seven in ten edges inside, lognormal out-degree; ids in random order."""
    n = max(10, n_edges // 10)
    ends = np.cumsum(np.minimum(10 * (rng.pareto(1.5, n) + 1), max(10, n // 20)).astype(np.int64))
    bounds = np.append(np.append(0, ends[ends < n]), n)
    activity = rng.lognormal(0, 1, n)
    source = rng.choice(n, n_edges, p=activity / activity.sum())
    home = np.searchsorted(bounds, source, "right") - 1
    stays = rng.random(n_edges) < inside
    low, high = np.where(stays, bounds[home], 0), np.where(stays, bounds[home + 1], n)
    fame = np.append(0, np.cumsum(rng.pareto(1.5, n) + 1))
    target = np.searchsorted(fame, fame[low] + rng.random(n_edges) * (fame[high] - fame[low]), "right") - 1
    names = rng.permutation(n)
    return n, names[source], names[np.minimum(target, n - 1)]


def power_iteration(matrix, dangling, seeds, tol, max_iter=5000):
    """What one would write with scipy: CSR product, dangling mass to the seeds, L1 stop."""
    trust = seeds.copy()
    for _ in range(max_iter):
        new = (1 - RESTART) * (matrix @ trust)
        new += ((1 - RESTART) * trust[dangling].sum() + RESTART) * seeds
        change = np.abs(new - trust).sum()
        trust = new
        if change <= tol:
            return trust
    raise RuntimeError(f"no convergence to {tol} in {max_iter} iterations")


@dataclass
class Built:
    """One graph in the form that each tool wants, and the seconds that each took to build."""

    name: str
    edges: tuple
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self):
        n, source, target, weight = self.edges
        self.graph = self._timed(
            "guanxi", lambda: TrustGraph.from_edges(n, source=source, target=target, weight=weight)
        )
        self.networkx = self._timed("networkx", self.graph.to_networkx)
        self.igraph = self._timed("igraph", self.graph.to_igraph)
        self.matrix, self.dangling = self._timed("scipy", self._scipy)

    def _timed(self, tool, build):
        started = time.perf_counter()
        built = build()
        self.seconds[tool] = time.perf_counter() - started
        return built

    def _scipy(self):
        graph = self.graph
        sums = graph.out_sums
        values = graph.in_weights / sums[graph.sources]
        indices, offsets = graph.sources.astype(np.int32), graph.in_offsets.astype(np.int32)
        return sparse.csr_matrix((values, indices, offsets), shape=(graph.n, graph.n)), np.flatnonzero(sums == 0)

    def exact(self, seeds):
        return power_iteration(self.matrix, self.dangling, seeds, 2e-15 * np.sqrt(self.graph.n))


def with_threads(n_threads, call):
    """Call on so many threads, whatever the size; by itself the package takes one for graphs of this size."""
    propagation.PARALLEL_CELLS = 2**63 if n_threads == 1 else 0
    nb.set_num_threads(n_threads)
    return call()


def thread_counts():
    return [count for count in (1, 2) if count <= nb.config.NUMBA_NUM_THREADS]


def ours_label(n_threads):
    return OURS if n_threads == 1 else f"guanxi, {n_threads} threads"


def whole_graph_calls(built: Built) -> dict[str, Callable]:
    n = built.graph.n
    calls = {
        ours_label(count): partial(with_threads, count, lambda: eigentrust(built.graph, np.ones(n), tol=TOL))
        for count in thread_counts()
    }
    calls["scipy power iteration"] = lambda: power_iteration(built.matrix, built.dangling, np.full(n, 1 / n), TOL)
    calls["igraph (PRPACK)"] = lambda: np.array(built.igraph.pagerank(damping=1 - RESTART, weights="weight"))
    calls["networkx"] = lambda: values_of(nx.pagerank(built.networkx, alpha=1 - RESTART, tol=TOL / n, max_iter=5000))
    return calls


def personal_calls(built: Built, viewer: int) -> dict[str, Callable]:
    n = built.graph.n
    seeds = np.eye(1, n, viewer)[0]
    calls = {
        ours_label(count): partial(with_threads, count, lambda: personal_trust(built.graph, viewer, tol=TOL).scores)
        for count in thread_counts()
    }
    calls["scipy power iteration"] = lambda: power_iteration(built.matrix, built.dangling, seeds, TOL)
    calls["igraph (PRPACK)"] = lambda: np.array(
        built.igraph.personalized_pagerank(damping=1 - RESTART, weights="weight", reset_vertices=[viewer])
    )
    calls["networkx"] = lambda: values_of(
        nx.pagerank(built.networkx, alpha=1 - RESTART, personalization={viewer: 1}, tol=TOL / n, max_iter=5000)
    )
    return calls


def values_of(ranks):
    return np.fromiter(ranks.values(), dtype=np.float64)


@dataclass
class Measured:
    """Milliseconds of every round, and the greatest L1 distance to the accurate solution, by tool."""

    milliseconds: dict[str, list[float]] = field(default_factory=dict)
    error: dict[str, float] = field(default_factory=dict)

    def add(self, calls, exact):
        for tool, call in calls.items():
            started = time.perf_counter()
            found = call()
            self.milliseconds.setdefault(tool, []).append(1e3 * (time.perf_counter() - started))
            self.error[tool] = max(self.error.get(tool, 0.0), float(np.abs(found - exact).sum()))

    def rows(self, graph, task):
        ours = {ours_label(count): self.milliseconds[ours_label(count)] for count in thread_counts()}
        for tool, taken in self.milliseconds.items():
            ratios = [f"{np.median(np.divide(taken, base)):.2f}" for base in ours.values()]
            yield [graph, task, tool, f"{np.median(taken):.0f} ms", *ratios, f"{self.error[tool]:.0e}"]


def measure(built: Built, n_rounds, viewers):
    """Rows for the table: whole-graph trust, then personal trust of ``viewers``."""
    whole, personal, n = Measured(), Measured(), built.graph.n
    exact = built.exact(np.full(n, 1 / n))
    personal_exact = [built.exact(np.eye(1, n, viewer)[0]) for viewer in viewers]
    for _ in range(n_rounds):
        whole.add(whole_graph_calls(built), exact)
        for viewer, solution in zip(viewers, personal_exact, strict=True):
            personal.add(personal_calls(built, viewer), solution)
    yield from whole.rows(built.name, "whole graph")
    yield from personal.rows(built.name, "personal")
    for tool, seconds in built.seconds.items():
        yield [built.name, "build (once)", tool, f"{1e3 * seconds:.0f} ms", *["" for _ in thread_counts()], ""]


def warm_up():
    """Compile, so that no round pays for it."""
    graph = TrustGraph.from_edges(2, source=[0], target=[1])
    for count in thread_counts():
        with_threads(count, partial(eigentrust, graph, [1, 1]))


def report(options) -> str:
    rng = np.random.default_rng(options.seed)
    warm_up()
    lines = []
    head = ["graph", "task", "tool", "median", *[f"÷ {ours_label(count)}" for count in thread_counts()], "L1 error"]
    lines += ["| " + " | ".join(head) + " |", "|---|---|---|" + "---:|" * (len(head) - 3)]
    sizes = []
    for name, generate in (("R-MAT", rmat_edges), ("communities", community_edges)):
        n, source, target = generate(options.edges, rng)
        built = Built(name, (n, source, target, rng.lognormal(0, 1, len(source)).astype(np.float32)))
        sizes.append(f"{name}: {built.graph.n:,} accounts, {built.graph.m:,} edges after merging")
        active = np.flatnonzero(np.diff(built.graph.offsets))
        viewers = rng.choice(active, options.viewers, replace=False).tolist()
        lines += ["| " + " | ".join(row) + " |" for row in measure(built, options.rounds, viewers)]
    return "\n".join([setting(options, sizes), "", *lines, ""])


def setting(options, sizes) -> str:
    tools = ", ".join(f"{tool} {version(tool)}" for tool in ("networkx", "igraph", "scipy", "numba", "numpy"))
    return (
        f"Seed {options.seed}, {options.edges:,} edges drawn, {options.rounds} rounds, {options.viewers} viewers; "
        f"restart {RESTART}, L1 tolerance {TOL:g}. {'; '.join(sizes)}.\nPython {platform.python_version()}, {tools}; "
        f"{platform.machine()}, {os.cpu_count()} cores."
    )


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=1_000_000, help="edges to draw per graph")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--viewers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--quick", action="store_true", help="20,000 edges and 2 rounds: does it run?")
    parser.add_argument("--write", type=Path, help="page whose markers take the table")
    options = parser.parse_args()
    if options.quick:
        options.edges, options.rounds = 20_000, 2
    return options


def write(page: Path, text: str) -> None:
    old = page.read_text(encoding="utf-8")
    if not MARKERS.search(old):
        raise SystemExit(f"{page} has no line '<!-- measured: begin -->' before '<!-- measured: end -->'")
    page.write_text(MARKERS.sub(lambda _: text, old), encoding="utf-8")


def main() -> None:
    options = parse()
    text = report(options)
    print(text)
    if options.write:
        write(options.write, text)


if __name__ == "__main__":
    main()
