import networkx as nx
import numba as nb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from guanxi.errors import ConvergenceError, ParameterError
from guanxi.graph import TrustGraph
from guanxi.iteration import converge
from guanxi.trust import eigentrust, extrapolation, pagerank, propagation, slices, solving
from trust.graphs import QUICK, RESTARTS, crowded_graph, discounts, edge_lists, graphs, seeds

CHAIN = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 3.0, 2.0])


@st.composite
def problems(draw):
    graph = draw(graphs())
    options = {"discount": draw(discounts(graph.n)), "restart": draw(RESTARTS)}
    return graph, draw(seeds(graph.n)), options


def test_worked_example_gives_the_hand_computed_trust():
    # restart 1/2: t1 = 1/2 * 1/4 * t0, t2 = 1/2 * 3/4 * t0 + 1/2 * t1, the rest is t0; so t is (16, 2, 7) / 25
    assert eigentrust(CHAIN, [1, 0, 0], restart=0.5) == pytest.approx([16 / 25, 2 / 25, 7 / 25], abs=1e-10)


def test_discounted_account_gives_the_difference_back_to_the_seeds():
    # t2 halves; nothing else changes but the total: (16, 2, 3.5) / 21.5
    trust = eigentrust(CHAIN, [1, 0, 0], restart=0.5, discount=[1, 1, 0.5])
    assert trust == pytest.approx(np.array([16, 2, 3.5]) / 21.5, abs=1e-10)


def test_discount_of_zero_lets_no_trust_in_but_keeps_pre_trust():
    trust = eigentrust(CHAIN, [1, 0, 1], discount=[1, 1, 0])
    assert trust[2] == pytest.approx(trust[0], abs=1e-10)
    assert eigentrust(CHAIN, [1, 0, 0], discount=[1, 1, 0])[2] == 0


@QUICK
@given(problems())
def test_any_graph_equals_the_linear_solver(problem):
    graph, pre_trust, options = problem
    found = eigentrust(graph, pre_trust, tol=1e-13, **options)
    assert found == pytest.approx(reference.eigentrust(graph, pre_trust, **options), abs=1e-11)
    assert found.min() >= 0
    assert abs(found.sum() - 1) <= 1e-9


@pytest.mark.parametrize("discounted", [False, True])
def test_famous_accounts_with_many_edges_equal_the_linear_solver(discounted):
    graph = crowded_graph()
    pre_trust = np.random.default_rng(1).random(graph.n)
    discount = np.random.default_rng(2).random(graph.n) if discounted else None
    found = eigentrust(graph, pre_trust, discount=discount, tol=1e-13)
    assert found == pytest.approx(reference.eigentrust(graph, pre_trust, discount=discount), abs=1e-12)


@QUICK
@given(problems(), st.randoms(use_true_random=False))
def test_other_order_of_edges_gives_the_same_bits(problem, random):
    graph, pre_trust, options = problem
    order = list(range(graph.m))
    random.shuffle(order)
    source, target, weight = (values[np.array(order, dtype=int)] for values in edge_lists(graph))
    shuffled = TrustGraph.from_edges(graph.n, source=source, target=target, weight=weight)
    same = eigentrust(shuffled, pre_trust, **options)
    assert np.array_equal(eigentrust(graph, pre_trust, **options), same)


@QUICK
@given(problems(), st.randoms(use_true_random=False))
def test_renamed_accounts_keep_their_trust(problem, random):
    graph, pre_trust, options = problem
    names = list(range(graph.n))
    random.shuffle(names)
    renamed = np.array(names)
    source, target, weight = edge_lists(graph)
    other = TrustGraph.from_edges(graph.n, source=renamed[source], target=renamed[target], weight=weight)
    back = np.argsort(renamed)
    discount = options["discount"]
    moved = options | {"discount": None if discount is None else discount[back]}
    found = eigentrust(other, pre_trust[back], tol=1e-13, **moved)[renamed]
    assert found == pytest.approx(eigentrust(graph, pre_trust, tol=1e-13, **options), abs=1e-11)


@QUICK
@given(problems(), st.integers(-60, 60))
def test_rescaled_weights_and_pre_trust_change_nothing(problem, power):
    graph, pre_trust, options = problem
    source, target, weight = edge_lists(graph)
    scaled = TrustGraph.from_edges(graph.n, source=source, target=target, weight=weight * 2.0**power)
    found = eigentrust(scaled, pre_trust * 8, **options)
    assert found == pytest.approx(eigentrust(graph, pre_trust, **options), abs=1e-14)


@pytest.mark.skipif(nb.config.NUMBA_NUM_THREADS < 2, reason="this machine has one core")
def test_two_threads_give_the_bits_of_one(monkeypatch):
    monkeypatch.setattr(propagation, "PARALLEL_CELLS", 0)
    monkeypatch.setattr(slices, "BLOCK_CELLS", 8)
    monkeypatch.setattr(extrapolation, "PARALLEL_SLOTS", 0)
    monkeypatch.setattr(propagation, "PARALLEL_SLOTS", 0)
    graph, before = crowded_graph(), nb.get_num_threads()
    pre_trust = np.random.default_rng(3).random(graph.n)
    found = []
    for n_threads in (1, 2):
        nb.set_num_threads(n_threads)
        found.append(eigentrust(graph, pre_trust))
    nb.set_num_threads(before)
    assert np.array_equal(*found)


def test_disconnected_part_without_seeds_gets_nothing():
    graph = TrustGraph.from_edges(4, source=[0, 1, 2, 3], target=[1, 0, 3, 2])
    trust = eigentrust(graph, [1, 1, 0, 0])
    assert trust.tolist() == pytest.approx([0.5, 0.5, 0, 0])
    assert trust[2:].tolist() == [0, 0]


def test_graph_without_edges_returns_the_pre_trust():
    graph = TrustGraph.from_edges(3, source=[], target=[])
    assert eigentrust(graph, [1, 1, 2]).tolist() == [0.25, 0.25, 0.5]


def test_one_account_has_all_trust_even_with_a_self_loop():
    assert eigentrust(TrustGraph.from_edges(1, source=[0], target=[0]), [3.0]).tolist() == [1.0]


def test_empty_graph_gives_an_empty_array():
    graph = TrustGraph.from_edges(0, source=[], target=[])
    assert eigentrust(graph, []).shape == (0,)
    assert pagerank(graph).shape == (0,)


def test_self_loops_are_dropped_and_parallel_edges_added_up():
    source, target, weight = [0, 0, 0, 0, 1], [0, 1, 1, 2, 2], [9.0, 0.5, 0.5, 3.0, 2.0]
    graph = TrustGraph.from_edges(3, source=source, target=target, weight=weight)
    assert np.array_equal(eigentrust(graph, [1, 0, 0]), eigentrust(CHAIN, [1, 0, 0]))


def test_restart_of_one_returns_the_pre_trust():
    assert eigentrust(CHAIN, [1, 2, 1], restart=1).tolist() == [0.25, 0.5, 0.25]


def test_extreme_weights_and_pre_trust_stay_finite():
    graph = TrustGraph.from_edges(3, source=[0, 0, 1, 2], target=[1, 2, 2, 0], weight=[3e38, 3e38, 1e-44, 1.0])
    found = eigentrust(graph, [1e308, 1e308, 1e308], tol=1e-13)
    assert found == pytest.approx(reference.eigentrust(graph, np.ones(3)), abs=1e-12)
    assert eigentrust(graph, [5e-324] * 3, tol=1e-13) == pytest.approx(found, abs=1e-12)


def test_too_few_iterations_raise_and_say_so():
    with pytest.raises(
        ConvergenceError, match=r"eigentrust still changes by .* after 2 iterations, more than tol 1e-10"
    ):
        eigentrust(CHAIN, [1, 0, 0], max_iter=2)


def test_infinite_weight_is_refused():
    weights = np.array([np.inf], dtype=np.float32)
    one = TrustGraph.from_edges(2, source=[0], target=[1])
    broken = TrustGraph(one.offsets, one.targets, weights, one.in_offsets, one.sources, weights)
    with pytest.raises(ParameterError, match="account 0 gives weights that sum to inf"):
        eigentrust(broken, [1, 0])


def test_change_that_is_no_number_raises():
    with pytest.raises(ConvergenceError, match="halving met nan in iteration 1"):
        converge(lambda _: (float("nan"), 1), method="halving", tol=0.1, max_iter=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"restart": 0}, r"restart is 0, not in \(0, 1\]"),
        ({"restart": 1.5}, r"restart is 1.5"),
        ({"restart": float("nan")}, "restart is nan"),
        ({"tol": 0}, "tol is 0"),
        ({"tol": float("inf")}, "tol is inf"),
        ({"tol": float("nan")}, "tol is nan"),
        ({"max_iter": 0}, "max_iter is 0"),
        ({"max_iter": 2.5}, "max_iter is 2.5"),
        ({"max_iter": True}, "max_iter is True"),
        ({"discount": [1, 1]}, r"discount has shape \(2,\), not \(3,\)"),
        ({"discount": [1, 1.5, 1]}, "discount of account 1 is 1.5"),
        ({"discount": [1, 1, -0.1]}, "discount of account 2 is -0.1"),
        ({"discount": [float("nan"), 1, 1]}, "discount of account 0 is nan"),
        ({"pre_trust": [1, 1]}, r"pre_trust has shape \(2,\), not \(3,\)"),
        ({"pre_trust": [[1, 1, 1]]}, r"pre_trust has shape \(1, 3\)"),
        ({"pre_trust": [1, -1, 1]}, "pre_trust of account 1 is -1.0"),
        ({"pre_trust": [1, float("nan"), 1]}, "pre_trust of account 1 is nan"),
        ({"pre_trust": [1, float("inf"), 1]}, "pre_trust of account 1 is inf"),
        ({"pre_trust": [0, 0, 0]}, "pre_trust is zero for every account"),
        ({"pre_trust": ["a", "b", "c"]}, "pre_trust is not an array of numbers"),
        ({"start": [1, 1]}, r"start has shape \(2,\), not \(3,\)"),
        ({"start": [1, -1, 1]}, "start of account 1 is -1.0"),
        ({"start": [0, 0, 0]}, "start is zero for every account"),
        ({"precision": "half"}, "precision is 'half', not one of mixed, double"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    for algorithm in (eigentrust, pagerank):
        with pytest.raises(ParameterError, match=message):
            algorithm(CHAIN, **({"pre_trust": [1, 1, 1]} | options))


@QUICK
@given(problems(), st.booleans())
def test_pagerank_equals_networkx(problem, weighted):
    graph, pre_trust, options = problem
    theirs = nx.pagerank(
        graph.to_networkx(),
        alpha=1 - options["restart"],
        personalization=dict(enumerate(pre_trust)),
        weight="weight" if weighted else None,
        tol=1e-13,
        max_iter=2000,
    )
    ours = pagerank(graph, pre_trust=pre_trust, weighted=weighted, restart=options["restart"])
    assert ours == pytest.approx(np.array([theirs[a] for a in range(graph.n)]), abs=1e-8)


@QUICK
@given(problems(), st.booleans())
def test_pagerank_equals_the_linear_solver(problem, weighted):
    graph, _, options = problem
    found = pagerank(graph, weighted=weighted, tol=1e-13, **options)
    assert found == pytest.approx(reference.pagerank(graph, weighted=weighted, **options), abs=1e-11)


def test_pagerank_of_a_crowded_graph_equals_networkx():
    graph = crowded_graph()
    theirs = nx.pagerank(graph.to_networkx(), tol=1e-14, weight=None)
    assert pagerank(graph) == pytest.approx(np.array(list(theirs.values())), abs=1e-9)


@QUICK
@given(problems(), st.data())
def test_any_start_leads_to_the_same_trust(problem, data):
    graph, pre_trust, options = problem
    start = data.draw(seeds(graph.n))
    found = eigentrust(graph, pre_trust, start=start, tol=1e-13, **options)
    assert found == pytest.approx(reference.eigentrust(graph, pre_trust, **options), abs=1e-11)
    assert found.min() >= 0


def n_sweeps(monkeypatch, **options):
    counts = []
    original = solving.Corrector.correct

    def counted(*arguments):
        counts.append(original(*arguments))
        return counts[-1]

    with monkeypatch.context() as patch:
        patch.setattr(solving.Corrector, "correct", counted)
        found = eigentrust(**options)
    return sum(counts), found


def test_start_at_scores_from_before_a_few_new_edges_takes_fewer_sweeps(monkeypatch):
    graph = crowded_graph(seed=11)
    source, target, weight = edge_lists(graph)
    changed = TrustGraph.from_edges(
        graph.n, source=np.append(source, [1, 2]), target=np.append(target, [9, 8]), weight=np.append(weight, [1, 1])
    )
    before = eigentrust(graph, np.ones(graph.n))
    cold, expected = n_sweeps(monkeypatch, graph=changed, pre_trust=np.ones(graph.n), tol=1e-8)
    warm, found = n_sweeps(monkeypatch, graph=changed, pre_trust=np.ones(graph.n), start=before, tol=1e-8)
    assert 0 < warm < cold
    assert found == pytest.approx(expected, abs=1e-7)


def test_start_at_the_solution_takes_no_sweep(monkeypatch):
    graph = crowded_graph()
    solution = eigentrust(graph, np.ones(graph.n), tol=1e-12)
    assert n_sweeps(monkeypatch, graph=graph, pre_trust=np.ones(graph.n), start=solution)[0] == 0


@pytest.mark.parametrize("precision", ["mixed", "double"])
@pytest.mark.parametrize("tol", [1e-4, 1e-8, 1e-12])
def test_distance_to_the_solution_is_within_what_tol_promises(precision, tol):
    graph = crowded_graph(seed=5)
    found = eigentrust(graph, np.ones(graph.n), tol=tol, restart=0.1, precision=precision)
    solution = reference.eigentrust(graph, np.ones(graph.n), restart=0.1)
    assert np.abs(found - solution).sum() <= tol * 0.9 / 0.1 + 1e-14


@pytest.mark.parametrize("weight", [5e-324, 1e-30, 1.0, 1e30, 1e308])
def test_weights_of_any_one_size_give_the_trust_of_equal_weights(weight):
    equal = crowded_graph(60)
    source, target, _ = edge_lists(equal)
    graph = TrustGraph.from_edges(60, source=source, target=target, weight=np.full(len(source), weight))
    # the sums of 1e308 are beyond single precision: they become its largest number, all of them
    assert eigentrust(graph, np.ones(60)) == pytest.approx(pagerank(equal), abs=1e-10)


def test_weights_far_apart_equal_the_linear_solver():
    rng = np.random.default_rng(8)
    source, target = rng.integers(0, 40, 300), rng.integers(0, 40, 300)
    weight = 10.0 ** rng.uniform(-38, 37, 300)
    graph = TrustGraph.from_edges(40, source=source, target=target, weight=weight)
    found = eigentrust(graph, np.ones(40), tol=1e-13)
    assert found == pytest.approx(reference.eigentrust(graph, np.ones(40)), abs=1e-11)


def test_layout_is_built_once_and_goes_with_the_graph():
    graph = crowded_graph(50)
    first = propagation.layout(graph)
    assert propagation.layout(graph) is first
    key = id(graph.in_weights)
    assert key in propagation._layouts
    del graph
    assert key not in propagation._layouts
