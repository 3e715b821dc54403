"""Other tools that compute the trust of a whole graph, each with the same weights, restart and L1 tolerance.

A peer builds its own form of the graph once (``build``, timed apart) and solves as often as asked (``solve``). A tool
that is not installed is left out, and the report says so. igraph's solver and scikit-network's have no L1 tolerance;
the table's column of errors says what they reach.
"""

import os
from dataclasses import dataclass

import numpy as np
from scipy import sparse

RESTART = 0.15


class Scipy:
    """What one would write with scipy: CSR product, dangling mass to the seeds, L1 stop."""

    name, package, most_edges = "scipy power iteration", "scipy", None

    @staticmethod
    def build(graph):
        sums = graph.out_sums
        values = graph.in_weights / sums[graph.sources]
        shape = (graph.n, graph.n)
        matrix = sparse.csr_matrix((values, graph.sources.astype(np.int32), graph.in_offsets), shape=shape)
        return matrix, np.flatnonzero(sums == 0)

    @staticmethod
    def solve(built, tol):
        n = built[0].shape[0]
        return power_iteration(*built, np.full(n, 1 / n), tol)[0]


def power_iteration(matrix, dangling, seeds, tol, max_iter=5000):
    """Trust, and how many products it took."""
    trust = seeds.copy()
    for n_done in range(1, max_iter + 1):
        new = (1 - RESTART) * (matrix @ trust)
        new += ((1 - RESTART) * trust[dangling].sum() + RESTART) * seeds
        change = np.abs(new - trust).sum()
        trust = new
        if change <= tol:
            return trust, n_done
    raise RuntimeError(f"no convergence to {tol} in {max_iter} iterations")


class NetworkX:
    """networkx, which turns its graph into a scipy matrix inside every call."""

    name, package, most_edges = "networkx", "networkx", 1_000_000

    @staticmethod
    def build(graph):
        return graph.to_networkx()

    @staticmethod
    def solve(built, tol):
        import networkx as nx

        ranks = nx.pagerank(built, alpha=1 - RESTART, tol=tol / len(built), max_iter=5000)
        return np.fromiter(ranks.values(), dtype=np.float64)


class Igraph:
    """igraph's PRPACK, a Gauss-Seidel solver with a tolerance of its own."""

    name, package, most_edges = "igraph (PRPACK)", "igraph", None

    @staticmethod
    def build(graph):
        import igraph

        built = igraph.Graph(n=graph.n, edges=np.column_stack([graph.edge_sources(), graph.targets]), directed=True)
        built.es["weight"] = graph.weights.tolist()
        return built

    @staticmethod
    def solve(built, tol):  # noqa: ARG004 - it has none
        return np.array(built.pagerank(damping=1 - RESTART, weights="weight"))


class NetworKit:
    """NetworKit, on its own threads."""

    name, package, most_edges = "networkit", "networkit", None

    @staticmethod
    def build(graph):
        import networkit as nk

        nk.setNumberOfThreads(min(2, os.cpu_count()))
        ends = (graph.edge_sources().astype(np.uint64), graph.targets.astype(np.uint64))
        return nk.GraphFromCoo(
            (graph.weights.astype(np.float64), ends), n=graph.n, weighted=True, directed=True, edgesIndexed=False
        )

    @staticmethod
    def solve(built, tol):
        from networkit import centrality

        rank = centrality.PageRank(
            built, damp=1 - RESTART, tol=tol, distributeSinks=centrality.SinkHandling.DistributeSinks
        )
        rank.norm, rank.maxIterations = centrality.Norm.L1_NORM, 5000
        return np.array(rank.run().scores())


class ScikitNetwork:
    """scikit-network's diffusion (D-iteration); it goes on for so many rounds or until its own measure is small."""

    name, package, most_edges = "scikit-network (diteration)", "scikit-network", None

    @staticmethod
    def build(graph):
        return sparse.csr_matrix(
            (graph.weights.astype(np.float64), graph.targets.astype(np.int32), graph.offsets), shape=(graph.n, graph.n)
        )

    @staticmethod
    def solve(built, tol):
        from sknetwork.ranking import PageRank

        rank = PageRank(damping_factor=1 - RESTART, solver="diteration", n_iter=1000, tol=tol)
        return rank.fit_predict(built)


class GraphBLAS:
    """SuiteSparse:GraphBLAS through python-graphblas: the power iteration in single-precision-free form."""

    name, package, most_edges = "python-graphblas", "python-graphblas", None

    @staticmethod
    def build(graph):
        import graphblas as gb

        gb.ss.config["nthreads"] = min(2, os.cpu_count())
        matrix, dangling = Scipy.build(graph)
        is_dangling = np.zeros(graph.n)
        is_dangling[dangling] = 1
        return gb.io.from_scipy_sparse(matrix), gb.Vector.from_dense(is_dangling)

    @staticmethod
    def solve(built, tol):
        from graphblas import Vector, binary, monoid, semiring, unary

        matrix, dangling = built
        n = matrix.nrows
        trust = Vector.from_dense(np.full(n, 1 / n))
        for _ in range(5000):
            lost = float(dangling.inner(trust).new().value or 0)
            new = Vector.from_scalar(((1 - RESTART) * lost + RESTART) / n, n, float)
            new(binary.plus) << semiring.plus_times(matrix @ trust).new().apply(binary.times, right=1 - RESTART)
            change = float(unary.abs(binary.minus(new | trust).new()).reduce(monoid.plus).new().value)
            trust = new
            if change <= tol:
                return trust.to_dense()
        raise RuntimeError(f"no convergence to {tol}")


class FastPagerank:
    """fast-pagerank's power method."""

    name, package, most_edges = "fast-pagerank", "fast-pagerank", None

    build = ScikitNetwork.build

    @staticmethod
    def solve(built, tol):
        from fast_pagerank import pagerank_power

        return pagerank_power(built, p=1 - RESTART, tol=tol, max_iter=5000)


ALL = (Scipy, Igraph, NetworKit, ScikitNetwork, GraphBLAS, FastPagerank, NetworkX)


@dataclass
class Built:
    """A peer and its form of one graph."""

    peer: type
    form: object
    seconds: float
