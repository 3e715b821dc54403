"""The trust graph: equal to a slow sum over a dict, whatever the order of edges, and refused when it makes no sense."""

import dataclasses
import math

import igraph
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph as reference
from guanxi.errors import ParameterError
from guanxi.graph import LARGEST_N, TrustGraph, offsets_of, row_sums, sort_rows, sum_by_key, transposed

# Compiled here, outside the deadlines of the tests.
TrustGraph.from_edges(2, source=[0], target=[1], weight=[1.0])
sort_rows(np.array([0, 1]), np.zeros(1, dtype=np.uint32), np.zeros(1, dtype=np.int64))
row_sums(np.array([0, 1]), np.ones(1, dtype=np.float32))
Edge = tuple[int, int, float]
FLOAT32 = np.finfo(np.float32)
WEIGHTS = st.floats(2**-20, 2**20, width=32)


@st.composite
def edge_lists(draw: st.DrawFn, weights: st.SearchStrategy[float] = WEIGHTS) -> tuple[int, list[Edge]]:
    """Up to eight accounts and a list of edges with loops and repetitions."""
    n = draw(st.integers(1, 8))
    index = st.integers(0, n - 1)
    return n, draw(st.lists(st.tuples(index, index, weights), max_size=40))


def build(n: int, edges: list[Edge]) -> TrustGraph:
    source, target, weight = zip(*edges, strict=True) if edges else ((), (), ())
    return TrustGraph.from_edges(n, source=source, target=target, weight=weight)


def slow_sum(edges: list[Edge]) -> dict[tuple[int, int], float]:
    """Weight of every pair, added exactly."""
    parts: dict[tuple[int, int], list[float]] = {}
    for source, target, weight in edges:
        if source != target:
            parts.setdefault((source, target), []).append(weight)
    return {pair: math.fsum(values) for pair, values in parts.items()}


def edges_of(graph: TrustGraph) -> dict[tuple[int, int], float]:
    return {(a, int(b)): float(w) for a in range(graph.n) for b, w in zip(*graph.row(a), strict=True)}


def in_edges_of(graph: TrustGraph) -> dict[tuple[int, int], float]:
    return {(int(a), b): float(w) for b in range(graph.n) for a, w in zip(*graph.in_row(b), strict=True)}


def arrays_of(graph: TrustGraph) -> list[np.ndarray]:
    return [getattr(graph, field.name) for field in dataclasses.fields(graph)]


def bits(graph: TrustGraph) -> list[bytes]:
    return [array.tobytes() for array in arrays_of(graph)]


@given(edge_lists())
def test_edges_equal_the_slow_sum(drawn):
    n, edges = drawn
    graph, slow = build(n, edges), slow_sum(edges)
    assert edges_of(graph) == pytest.approx(slow, rel=1e-6)
    assert list(edges_of(graph)) == sorted(slow)
    assert (graph.n, graph.m) == (n, len(slow))


@given(edge_lists())
def test_backward_half_holds_the_same_edges_in_order(drawn):
    graph = build(*drawn)
    assert in_edges_of(graph) == edges_of(graph)
    assert list(in_edges_of(graph)) == sorted(in_edges_of(graph), key=lambda pair: (pair[1], pair[0]))


@given(edge_lists(), st.randoms(use_true_random=False))
def test_shuffled_edges_give_the_same_bits(drawn, shuffler):
    n, edges = drawn
    shuffled = list(edges)
    shuffler.shuffle(shuffled)
    assert bits(build(n, shuffled)) == bits(build(n, edges))


@given(edge_lists(weights=st.floats(min_value=0, exclude_min=True, allow_infinity=False)))
def test_any_positive_finite_weight_stays_positive_and_finite(drawn):
    graph = build(*drawn)
    assert np.isfinite(graph.weights).all()
    assert (graph.weights >= FLOAT32.tiny).all()
    assert np.isfinite(graph.in_weights).all()


@given(edge_lists())
def test_sums_and_degrees_equal_the_slow_ones(drawn):
    graph = build(*drawn)
    edges = edges_of(graph)
    sums = [math.fsum(w for (a, _), w in edges.items() if a == row) for row in range(graph.n)]
    assert graph.out_sums.tolist() == pytest.approx(sums, rel=1e-12)
    assert graph.in_degrees.tolist() == [sum(b == column for _, b in edges) for column in range(graph.n)]
    assert graph.edge_sources().tolist() == [a for a, _ in edges]


def test_array_types_are_the_documented_ones():
    graph = build(3, [(0, 1, 1.0), (2, 1, 0.5)])
    assert [array.dtype.name for array in arrays_of(graph)] == [
        "int64",
        "uint32",
        "float32",
        "int64",
        "uint32",
        "float32",
    ]


def test_parallel_edges_are_added_and_loops_dropped():
    graph = build(3, [(0, 1, 1.0), (2, 2, 5.0), (0, 1, 2.5), (1, 0, 1.0)])
    assert edges_of(graph) == {(0, 1): 3.5, (1, 0): 1.0}


@pytest.mark.parametrize(("n", "m"), [(3, 500), (40, 3_000), (5_000, 20_000)])
def test_many_edges_have_the_bits_of_the_slow_twin(n, m):
    rng = np.random.default_rng(n)
    source, target = (rng.random(m) ** 2 * n).astype(np.int64), rng.integers(0, n, m)
    weight = rng.lognormal(0, 9, m)
    expected = reference.trust_graph(n, source, target, weight)
    for kind in (np.int64, np.uint32):
        graph = TrustGraph.from_edges(n, source=source.astype(kind), target=target.astype(kind), weight=weight)
        assert bits(graph) == [array.tobytes() for array in expected]


@given(edge_lists())
def test_transposed_twice_is_the_same(drawn):
    graph = build(*drawn)
    back = transposed(graph.in_offsets, graph.sources, graph.in_weights)
    assert [array.tobytes() for array in back] == bits(graph)[:3]


@given(st.lists(st.lists(st.integers(0, 5), max_size=60), max_size=6))
def test_rows_are_sorted_with_what_belongs_to_them_and_ties_stay_in_order(rows):
    offsets = np.cumsum([0, *map(len, rows)])
    targets = np.array([target for row in rows for target in row], dtype=np.uint32)
    payload = np.arange(len(targets))
    sort_rows(offsets, targets, payload)
    expected = [
        sorted(zip(row, range(start, start + len(row)), strict=True))
        for row, start in zip(rows, offsets.tolist(), strict=False)
    ]
    assert list(zip(targets.tolist(), payload.tolist(), strict=True)) == [pair for row in expected for pair in row]


def test_absent_weights_are_ones():
    graph = TrustGraph.from_edges(3, source=[0, 0, 0], target=[1, 1, 2])
    assert edges_of(graph) == {(0, 1): 2.0, (0, 2): 1.0}


@pytest.mark.parametrize("n", [0, 1, 5])
def test_no_edges_give_an_empty_graph(n):
    graph = TrustGraph.from_edges(n, source=[], target=[])
    assert (graph.n, graph.m) == (n, 0)
    assert graph.offsets.tolist() == graph.in_offsets.tolist() == [0] * (n + 1)
    assert graph.out_sums.tolist() == [0.0] * n


def test_weight_below_float32_becomes_its_smallest_normal_number():
    assert build(2, [(0, 1, 1e-300)]).weights.tolist() == [FLOAT32.tiny]


def test_sum_beyond_float32_becomes_its_largest_number():
    assert build(2, [(0, 1, 1e308), (0, 1, 1e308)]).weights.tolist() == [FLOAT32.max]


@pytest.mark.parametrize(
    ("n", "source", "target", "weight", "message"),
    [
        (2, [0], [2], [1.0], "target holds 2, not an index below n = 2"),
        (2, [1, -1], [0, 0], None, "source holds -1, not an index below n = 2"),
        (0, [0], [0], None, "source holds 0, not an index below n = 0"),
        (2, [0], [1], [0.0], "weight holds 0.0, not only finite numbers greater than zero"),
        (2, [0], [1], [-2.5], "weight holds -2.5, not only"),
        (2, [0], [1], [float("nan")], "weight holds nan, not only"),
        (2, [0], [1], [float("inf")], "weight holds inf, not only"),
        (2, [0], [1, 1], None, "have 1, 2 and 1 entries, not the same"),
        (2, [0], [1], [1.0, 2.0], "have 1, 1 and 2 entries, not the same"),
        (2, [0.5], [1], None, "source holds float64 values, not whole numbers"),
        (2, [False], [True], None, "source holds bool values, not whole numbers"),
        (-1, [], [], None, f"n is -1, not in 0..{LARGEST_N}"),
        (LARGEST_N + 1, [], [], None, f"n is {LARGEST_N + 1}, not in"),
    ],
)
def test_senseless_edges_are_refused_with_the_value(n, source, target, weight, message):
    with pytest.raises(ParameterError) as caught:
        TrustGraph.from_edges(n, source=source, target=target, weight=weight)
    assert message in str(caught.value)


@given(edge_lists())
def test_networkx_and_back_gives_the_same_bits(drawn):
    graph = build(*drawn)
    back, nodes = TrustGraph.from_networkx(graph.to_networkx())
    assert nodes == list(range(graph.n))
    assert bits(back) == bits(graph)


@given(edge_lists())
def test_igraph_and_back_gives_the_same_bits(drawn):
    graph = build(*drawn)
    assert bits(TrustGraph.from_igraph(graph.to_igraph())) == bits(graph)


def test_networkx_nodes_keep_their_names_and_bare_edges_weigh_one():
    graph, nodes = TrustGraph.from_networkx(nx.DiGraph([("ming", "lan"), ("lan", "hua")]))
    assert nodes == ["ming", "lan", "hua"]
    assert edges_of(graph) == {(0, 1): 1.0, (1, 2): 1.0}


def test_undirected_graphs_are_trust_both_ways():
    both = {(0, 1): 1.0, (1, 0): 1.0, (1, 2): 1.0, (2, 1): 1.0}
    assert edges_of(TrustGraph.from_networkx(nx.path_graph(3))[0]) == both
    assert edges_of(TrustGraph.from_igraph(igraph.Graph([(0, 1), (1, 2)]))) == both


@given(st.lists(st.tuples(st.integers(-3, 3), st.floats(0.001, 1000)), max_size=30))
def test_sum_by_key_equals_the_slow_sum(pairs):
    key, value = np.array([k for k, _ in pairs], dtype=np.int64), np.array([v for _, v in pairs])
    keys, sums = sum_by_key(key, value)
    slow = {k: math.fsum(v for other, v in pairs if other == k) for k, _ in pairs}
    assert keys.tolist() == sorted(slow)
    assert sums.tolist() == pytest.approx([slow[k] for k in sorted(slow)], rel=1e-12)


def test_sum_by_key_adds_small_values_first():
    order = [2.0**53, 1.0, 1.0]
    _, sums = sum_by_key(np.zeros(3, dtype=np.int64), np.array(order))
    assert sum(order) == 2.0**53
    assert sums.tolist() == [2.0**53 + 2.0]


@pytest.mark.parametrize(
    ("rows", "n", "expected"),
    [([], 0, [0]), ([], 3, [0, 0, 0, 0]), ([0, 0, 2], 4, [0, 2, 2, 3, 3]), ([3], 4, [0, 0, 0, 0, 1])],
)
def test_offsets_count_the_edges_before_each_row(rows, n, expected):
    offsets = offsets_of(np.array(rows, dtype=np.int64), n)
    assert offsets.tolist() == expected
    assert offsets.dtype == np.int64


@pytest.mark.parametrize(
    ("offsets", "weights", "expected"),
    [([0], [], []), ([0, 0, 0], [], [0.0, 0.0]), ([0, 2, 2, 3], [1.0, 2.0, 4.0], [3.0, 0.0, 4.0])],
)
def test_row_sums_add_each_row(offsets, weights, expected):
    sums = row_sums(np.array(offsets, dtype=np.int64), np.array(weights, dtype=np.float32))
    assert sums.tolist() == expected
    assert sums.dtype == np.float64


def test_row_sums_of_many_small_weights_do_not_lose_them():
    weights = np.array([2.0**24, 1.0, 1.0], dtype=np.float32)
    assert row_sums(np.array([0, 3]), weights).tolist() == [2.0**24 + 2.0]
