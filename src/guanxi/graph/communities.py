"""Communities: groups of accounts that trust each other more than their weights alone would explain.

Leiden on modularity, directions added up, for a few iterations: going on until one changes nothing took up to twenty
times as long and gained a thousandth of modularity. igraph draws its random numbers from a generator that all of a
process shares; it is set for one call at a time, under a lock, and put back.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np
import numpy.typing as npt

from guanxi.graph.rows import FloatArray, IndexArray
from guanxi.graph.trust_graph import TrustGraph

Labels = npt.NDArray[np.uint32]
_N_ITERATIONS = 4
_ONE_AT_A_TIME = Lock()


def communities(graph: TrustGraph, *, seed: int = 0) -> Labels:
    """Community of every account, by the Leiden method.

    Maximises the modularity of the graph whose edges weigh what both ends trust each other, added up. The method
    searches, so it finds a good partition, not the best; the same graph and seed give the same one.

    Parameters
    ----------
    graph : TrustGraph
        Snapshot with ``n`` accounts.
    seed : int
        Of the order in which accounts are tried.

    Returns
    -------
    numpy.ndarray, shape (n,), uint32
        Numbers from 0 without gaps, the largest community first, equal ones by their smallest account. An account
        without a tie is a community of its own.

    Notes
    -----
    About 3 s per million edges, 5 s where there are four million, and 200 bytes per edge while it runs; figures are in
    docs/leaders.md. Accounts in another order, or another seed, may be grouped otherwise, about equally well.

    Examples
    --------
    >>> two_pairs_and_a_loner = TrustGraph.from_edges(5, source=[0, 3, 2], target=[3, 0, 4])
    >>> communities(two_pairs_and_a_loner).tolist()
    [0, 2, 1, 0, 1]

    References
    ----------
    Traag, Waltman, van Eck, "From Louvain to Leiden: guaranteeing well-connected communities", Scientific Reports 9,
    2019. doi:10.1038/s41598-019-41695-z
    """
    low, high, weight = ties(graph)
    if not len(low):
        return np.arange(graph.n, dtype=np.uint32)
    import igraph  # noqa: PLC0415 - start-up does not pay for it

    undirected = igraph.Graph(n=graph.n, edges=np.column_stack([low, high]))
    with _random_numbers(seed):
        found = undirected.community_leiden(objective_function="modularity", weights=weight, n_iterations=_N_ITERATIONS)
    return _numbered(np.array(found.membership, dtype=np.int64))


def ties(graph: TrustGraph) -> tuple[IndexArray, IndexArray, FloatArray]:
    """Undirected edges: the smaller and the larger end, by both, and the trust both ways added up; shape (k,) each."""
    source, target = graph.edge_sources().astype(np.int64), graph.targets.astype(np.int64)
    pair = np.minimum(source, target) * graph.n + np.maximum(source, target)
    distinct, at = np.unique(pair, return_inverse=True)
    weight = np.bincount(at, weights=graph.weights, minlength=len(distinct)).astype(np.float64)
    return distinct // max(graph.n, 1), distinct % max(graph.n, 1), weight


@contextmanager
def _random_numbers(seed: int) -> Iterator[None]:
    """Let igraph draw from a generator of our own, then from Python's again, as it does by default."""
    import igraph  # noqa: PLC0415 - start-up does not pay for it

    with _ONE_AT_A_TIME:
        igraph.set_random_number_generator(random.Random(seed))  # noqa: S311 - a search, no secret
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)


def _numbered(labels: npt.NDArray[np.int64]) -> Labels:
    """The same groups, numbered by falling size, equal ones by their smallest member."""
    _, first, group, size = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), dtype=np.uint32)
    rank[np.lexsort((first, -size))] = np.arange(len(size), dtype=np.uint32)
    return rank[group]
