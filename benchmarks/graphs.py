"""The random graphs that the benchmarks measure on: one without communities, one with."""

import numpy as np

from guanxi.graph import TrustGraph


def rmat_edges(n_edges, rng):
    """Skewed, without communities: R-MAT with the Graph500 parameters, about eight edges per account.

    Returns the number of accounts, and source and target of every edge, int64, with repetitions and self-loops.
    """
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


GENERATORS = {"R-MAT": rmat_edges, "communities": community_edges}


def trust_graph(generate, n_edges, rng):
    """A graph of one of the ``GENERATORS`` with lognormal weights; parallel edges are added up, self-loops dropped."""
    n, source, target = generate(n_edges, rng)
    weight = rng.lognormal(0, 1, n_edges).astype(np.float32)
    return TrustGraph.from_edges(n, source=source, target=target, weight=weight)
