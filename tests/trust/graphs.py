"""Graphs that the trust tests share."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from guanxi.graph import TrustGraph

QUICK = settings(deadline=None, max_examples=60)  # the first call compiles
WEIGHTS = st.floats(min_value=2.0**-10, max_value=1024.0, width=32)
RESTARTS = st.floats(min_value=0.05, max_value=1.0)


@st.composite
def graphs(draw, min_accounts=1, max_accounts=12):
    """Small graphs with dangling accounts, parallel edges and self-loops among the input."""
    n = draw(st.integers(min_accounts, max_accounts))
    index = st.integers(0, n - 1)
    edges = draw(st.lists(st.tuples(index, index, WEIGHTS), max_size=4 * n)) if n else []
    source, target, weight = zip(*edges, strict=True) if edges else ((), (), ())
    return TrustGraph.from_edges(n, source=source, target=target, weight=weight)


@st.composite
def discounts(draw, n):
    """None, or one number in [0, 1] per account; both ends are common."""
    share = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
    return draw(st.none() | st.lists(share, min_size=n, max_size=n).map(np.array))


@st.composite
def seeds(draw, n):
    """Pre-trust with at least one positive entry."""
    values = draw(st.lists(st.just(0.0) | st.floats(0.01, 10), min_size=n, max_size=n))
    values[draw(st.integers(0, n - 1))] = 1.0
    return np.array(values)


def edge_lists(graph):
    return graph.edge_sources().astype(np.int64), graph.targets.astype(np.int64), graph.weights.astype(np.float64)


def crowded_graph(n=700, seed=7):
    """A graph with three famous accounts, more than 256 edges into each, and a long tail."""
    rng = np.random.default_rng(seed)
    source, target = rng.integers(0, n - 20, 3 * n), rng.integers(0, n, 3 * n)
    fans = [rng.permutation(n)[:k] for k in (256, 400, n)]
    famous = [np.full(len(fan), at) for fan, at in zip(fans, (3, n // 2, n - 1), strict=True)]
    source, target = np.concatenate([source, *fans]), np.concatenate([target, *famous])
    return TrustGraph.from_edges(n, source=source, target=target, weight=rng.lognormal(0, 2, len(source)))
