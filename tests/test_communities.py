"""Communities: a partition that is good, numbered in one way, and the same every time."""

import random
from concurrent.futures import ThreadPoolExecutor

import igraph
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.graph import TrustGraph
from guanxi.graph.communities import communities, ties
from reference_communities import modularity
from trust.graphs import QUICK, graphs


def cliques(*sizes, bridge=0.1):
    """Cliques one after the other, each tied weakly to the next."""
    source, target, weight, start = [], [], [], 0
    for size in sizes:
        inside = [(a, b, 1.0) for a in range(start, start + size) for b in range(start, start + size) if a != b]
        ends = [*inside, *([(start - 1, start, bridge)] if start else [])]
        for column, values in zip((source, target, weight), zip(*ends, strict=True), strict=True):
            column.extend(values)
        start += size
    return TrustGraph.from_edges(start, source=source, target=target, weight=weight)


def planted(n_groups, size, *, inside, across, seed):
    """Accounts in groups; a pair is tied with one probability inside a group, and another across."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_groups), size)
    chance = np.where(group[:, None] == group, inside, across)
    source, target = np.nonzero(rng.random(chance.shape) < chance)
    return TrustGraph.from_edges(n_groups * size, source=source, target=target), group


def relabelled(graph, place):
    """The same graph, account ``a`` being ``place[a]``."""
    return TrustGraph.from_edges(
        graph.n, source=place[graph.edge_sources()], target=place[graph.targets], weight=graph.weights
    )


def test_two_cliques_are_two_communities_the_larger_first():
    assert communities(cliques(4, 6)).tolist() == [1] * 4 + [0] * 6


def test_cliques_of_one_size_are_numbered_by_their_smallest_member():
    assert communities(cliques(5, 5, 5)).tolist() == [0] * 5 + [1] * 5 + [2] * 5


def test_an_empty_graph_has_no_communities():
    found = communities(TrustGraph.from_edges(0, source=[], target=[]))
    assert (found.dtype, found.tolist()) == (np.uint32, [])


def test_one_account_is_a_community():
    assert communities(TrustGraph.from_edges(1, source=[0], target=[0])).tolist() == [0]


def test_accounts_without_a_tie_are_each_their_own_community():
    graph = TrustGraph.from_edges(6, source=[1, 4], target=[4, 1])
    assert communities(graph).tolist() == [1, 0, 2, 3, 0, 4]


def test_ties_add_up_both_directions():
    graph = TrustGraph.from_edges(3, source=[0, 1, 2], target=[1, 0, 1], weight=[1.0, 2.0, 4.0])
    assert [column.tolist() for column in ties(graph)] == [[0, 1], [1, 2], [3.0, 4.0]]


def test_direction_does_not_matter():
    graph, _ = planted(3, 20, inside=0.4, across=0.02, seed=3)
    turned = TrustGraph.from_edges(graph.n, source=graph.targets, target=graph.edge_sources())
    assert communities(turned).tolist() == communities(graph).tolist()


def test_planted_groups_are_found():
    graph, group = planted(4, 25, inside=0.4, across=0.02, seed=1)
    found = communities(graph)
    pairs = {(a, b) for a, b in zip(found.tolist(), group.tolist(), strict=True)}
    assert len(pairs) == 4


@QUICK
@given(graphs(max_accounts=10))
def test_numbers_have_no_gaps_and_fall_with_size(graph):
    found = communities(graph)
    sizes = np.bincount(found)
    first = [int(np.flatnonzero(found == label)[0]) for label in range(len(sizes))]
    assert (sizes > 0).all()
    assert sorted(range(len(sizes)), key=lambda label: (-sizes[label], first[label])) == list(range(len(sizes)))


@QUICK
@given(graphs(max_accounts=10))
def test_the_partition_is_at_least_as_good_as_all_apart_and_all_together(graph):
    found = modularity(graph, communities(graph))
    assert found >= modularity(graph, list(range(graph.n))) - 1e-9
    assert found >= modularity(graph, [0] * graph.n) - 1e-9


@QUICK
@given(graphs(max_accounts=10))
def test_no_community_spans_two_components(graph):
    labels = communities(graph)
    component = np.array(graph.to_igraph().connected_components(mode="weak").membership, dtype=np.int64)
    assert len(set(zip(labels.tolist(), component.tolist(), strict=True))) == len(set(labels.tolist()))


@pytest.mark.parametrize("seed", range(3))
def test_accounts_in_another_order_are_grouped_about_as_well(seed):
    graph, _ = planted(5, 30, inside=0.25, across=0.03, seed=seed)
    place = np.random.default_rng(seed).permutation(graph.n)
    other = relabelled(graph, place)
    first, second = modularity(graph, communities(graph)), modularity(other, communities(other))
    assert second == pytest.approx(first, abs=0.02)


@QUICK
@given(graphs(max_accounts=10), st.integers(0, 3))
def test_the_same_graph_and_seed_give_the_same_communities(graph, seed):
    assert communities(graph, seed=seed).tolist() == communities(graph, seed=seed).tolist()


def test_threads_do_not_disturb_each_other():
    some = [planted(4, 30, inside=0.1, across=0.04, seed=seed)[0] for seed in range(6)]
    alone = [communities(graph).tolist() for graph in some]
    with ThreadPoolExecutor(4) as pool:
        together = [found.tolist() for found in pool.map(communities, some * 3)]
    assert together == alone * 3


def test_random_numbers_of_the_caller_go_on_as_if_nothing_had_been_asked():
    graph, _ = planted(4, 25, inside=0.1, across=0.04, seed=1)
    random.seed(5)
    before = random.getstate()
    communities(graph)
    assert random.getstate() == before


def test_igraph_draws_from_python_again_afterwards():
    graph, _ = planted(4, 25, inside=0.1, across=0.04, seed=1)
    communities(graph)
    drawn = []
    for _ in range(2):
        random.seed(9)
        drawn.append(igraph.Graph.Erdos_Renyi(n=30, p=0.2).get_edgelist())
    assert drawn[0] == drawn[1]
