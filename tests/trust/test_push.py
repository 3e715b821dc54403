"""Push: the twin, the exact solver within the bound, and everything that must not change an answer."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
import reference_push
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import Push, Routes, TrustRow, personal_trust
from trust.graphs import QUICK, RESTARTS, WEIGHTS, crowded_graph, discounts, edge_lists, graphs

CHAIN = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 3.0, 2.0])
ROUNDING = 2e-5  # shares are float32, and a restart of .05 adds up twenty of them


@st.composite
def views(draw):
    """A graph, a viewer (None: unknown) with or without a row, and options."""
    graph = draw(graphs())
    viewer = draw(st.none() | st.integers(0, graph.n - 1))
    row = None
    if viewer is None or draw(st.booleans()):
        others = [a for a in range(graph.n) if a != viewer]
        targets = sorted(draw(st.sets(st.sampled_from(others)))) if others else []
        row = TrustRow(np.array(targets, dtype=np.uint32), [draw(WEIGHTS) for _ in targets])
    return graph, viewer, row, {"discount": draw(discounts(graph.n)), "restart": draw(RESTARTS)}


def far_apart(graph, exact, push, viewer, row, eps):
    found = push.scores(viewer, row=row, eps=eps)
    gap = np.abs(found.scores - exact.scores).sum()
    return gap + (abs(found.viewer_mass - exact.viewer_mass) if viewer is None else 0)


def test_worked_example_gives_the_hand_computed_trust():
    found = Push(Routes.of(CHAIN, restart=0.5)).scores(0)
    assert found.scores == pytest.approx([16 / 25, 2 / 25, 7 / 25], abs=1e-6)
    assert found.returned == pytest.approx(16 / 25, abs=1e-6)


@QUICK
@given(views())
def test_any_view_equals_the_exact_solver_by_default(view):
    graph, viewer, row, options = view
    exact = personal_trust(graph, viewer, row=row, **options)
    found = Push(Routes.of(graph, **options)).scores(viewer, row=row)
    assert found.scores == pytest.approx(exact.scores, abs=ROUNDING)
    assert found.viewer_mass == pytest.approx(exact.viewer_mass, abs=ROUNDING)
    assert found.returned == pytest.approx(exact.returned, abs=ROUNDING)
    total = found.scores.sum() + (found.viewer_mass if viewer is None else 0)
    assert total == pytest.approx(1, abs=ROUNDING)


@QUICK
@given(views(), st.sampled_from([1.0, 0.1, 0.01, 1e-3]))
def test_coarse_threshold_stays_within_the_bound(view, eps):
    graph, viewer, row, options = view
    push = Push(Routes.of(graph, **options))
    exact = personal_trust(graph, viewer, row=row, **options)
    bound = push.top(viewer, row=row, eps=eps).error_bound
    assert far_apart(graph, exact, push, viewer, row, eps) <= bound


@QUICK
@given(views(), st.sampled_from([0.3, 0.03, 0.003]))
def test_coarse_push_equals_its_slow_twin(view, eps):
    graph, viewer, row, options = view
    routes = Routes.of(graph, **options)
    eps = float(np.float32(eps * 1.0137))  # no residual of these graphs lies at a limit by construction
    settled, residual = reference_push.push(graph, viewer, row=row, eps=eps, **options)
    further = residual.sum() * routes.correction.astype(float)
    total = settled.sum() + residual.sum() + further.sum()
    own = settled + residual
    expected = (own[: graph.n] + np.where(own[: graph.n] > 0, further, 0)) / total
    push = Push(routes)
    found = push.scores(viewer, row=row, eps=eps)
    assert found.scores == pytest.approx(expected, abs=ROUNDING)
    top = push.top(viewer, row=row, eps=eps, size=4)
    highest = np.zeros(4)  # rounding may exchange two that are nearly equal, or lose one that float32 cannot hold
    highest[: len(top.scores)] = top.scores
    best = expected[reference_push.top(expected, viewer, 4)]
    assert highest == pytest.approx(np.pad(best, (0, 4 - len(best))), abs=ROUNDING)
    assert top.scores == pytest.approx(found.scores[top.accounts], abs=1e-9)


def test_correction_is_that_of_the_mean_residual(monkeypatch):
    graph = crowded_graph()
    monkeypatch.setattr("guanxi.trust.push._CHEAP_EDGES", 0)
    monkeypatch.setattr("guanxi.trust.push._N_SAMPLED", 40)
    monkeypatch.setattr("guanxi.trust.push.EPS", 1e-3)
    routes = Routes.of(graph)
    active = np.flatnonzero(np.diff(graph.offsets))
    sampled = active[np.unique(np.linspace(0, len(active) - 1, 40).astype(int))]
    mean = sum(reference_push.push(graph, int(a), eps=1e-3)[1][: graph.n] for a in sampled)
    expected = reference_push.correction(graph, mean / mean.sum())
    assert routes.correction == pytest.approx(expected, abs=1e-5)


def test_correction_brings_a_coarse_push_closer():
    graph = crowded_graph()
    corrected = Push(Routes.of(graph))
    routes = corrected.routes
    bare = Push(Routes(routes.offsets, routes.edges, np.zeros(graph.n, dtype=np.float32), None, routes.restart))
    exact = [personal_trust(graph, a) for a in range(0, 600, 60)]
    gaps = [sum(far_apart(graph, e, push, e.viewer, None, 1e-3) for e in exact) for push in (corrected, bare)]
    assert gaps[0] < 0.8 * gaps[1]


@QUICK
@given(views(), st.randoms(use_true_random=False))
def test_renamed_accounts_keep_their_trust(view, random):
    graph, viewer, row, options = view
    names = list(range(graph.n))
    random.shuffle(names)
    renamed = np.array(names)
    source, target, weight = edge_lists(graph)
    other = TrustGraph.from_edges(graph.n, source=renamed[source], target=renamed[target], weight=weight)
    discount = options["discount"]
    moved = options | {"discount": None if discount is None else discount[np.argsort(renamed)]}
    if row is not None:
        order = np.argsort(renamed[row.targets])
        row_moved = TrustRow(renamed[row.targets][order], row.weights[order])
    else:
        row_moved = None
    found = Push(Routes.of(other, **moved)).scores(None if viewer is None else int(renamed[viewer]), row=row_moved)
    expected = Push(Routes.of(graph, **options)).scores(viewer, row=row)
    assert found.scores[renamed] == pytest.approx(expected.scores, abs=ROUNDING)


@QUICK
@given(views(), st.randoms(use_true_random=False), st.integers(-60, 60))
def test_order_of_edges_and_scale_of_weights_change_no_bit(view, random, power):
    graph, viewer, row, options = view
    order = list(range(graph.m))
    random.shuffle(order)
    source, target, weight = (values[np.array(order, dtype=int)] for values in edge_lists(graph))
    other = TrustGraph.from_edges(graph.n, source=source, target=target, weight=weight * 2.0**power)
    found = Push(Routes.of(other, **options)).scores(viewer, row=row)
    assert np.array_equal(found.scores, Push(Routes.of(graph, **options)).scores(viewer, row=row).scores)


def test_same_question_has_the_same_bits_after_others_and_in_threads():
    push = Push(Routes.of(crowded_graph()))
    first = [push.top(a, size=50, eps=1e-4) for a in range(100)]
    with ThreadPoolExecutor(4) as pool:
        again = list(pool.map(lambda a: push.top(a, size=50, eps=1e-4), range(100)))
    assert len(push._free) >= 1
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.accounts, other.accounts)
        assert np.array_equal(one.scores, other.scores)


def test_row_that_repeats_the_graph_changes_nothing():
    graph = crowded_graph()
    push, (targets, weights) = Push(Routes.of(graph)), graph.row(5)
    assert push.scores(5, row=TrustRow(targets, weights)).scores == pytest.approx(push.scores(5).scores, abs=1e-6)


def test_top_of_each_is_the_top_of_one_after_the_other():
    push = Push(Routes.of(crowded_graph()))
    counts, accounts, scores = push.top_of_each(np.arange(40, dtype=np.uint32), size=20, eps=1e-4)
    for viewer in range(40):
        one = push.top(viewer, size=20, eps=1e-4)
        assert accounts[viewer, : counts[viewer]].tolist() == one.accounts.tolist()
        assert scores[viewer, : counts[viewer]] == pytest.approx(one.scores, rel=1e-12)


def test_disconnected_part_gets_nothing():
    push = Push(Routes.of(TrustGraph.from_edges(4, source=[0, 1, 2, 3], target=[1, 0, 3, 2])))
    assert push.scores(0).scores[2:].tolist() == [0, 0]
    assert push.top(0).accounts.tolist() == [1]


def test_equal_scores_are_in_the_order_of_indices():
    push = Push(Routes.of(TrustGraph.from_edges(6, source=[0] * 5, target=[5, 4, 3, 2, 1])))
    assert push.top(0).accounts.tolist() == [1, 2, 3, 4, 5]
    assert push.top(0, size=2).accounts.tolist() == [1, 2]


def test_dangling_viewer_keeps_all_trust():
    found = Push(Routes.of(CHAIN)).scores(2)
    assert found.scores == pytest.approx([0, 0, 1])
    assert len(Push(Routes.of(CHAIN)).top(2).accounts) == 0


def test_empty_graph_still_has_an_unknown_viewer():
    push = Push(Routes.of(TrustGraph.from_edges(0, source=[], target=[])))
    top = push.top(None, row=TrustRow([], []))
    assert (len(top.accounts), top.viewer_mass) == (0, 1.0)


def test_one_account_with_a_self_loop_keeps_all_trust():
    push = Push(Routes.of(TrustGraph.from_edges(1, source=[0], target=[0])))
    assert push.scores(0).scores.tolist() == [1.0]


def test_self_loops_are_dropped_and_parallel_edges_added_up():
    source, target, weight = [0, 0, 0, 0, 1], [0, 1, 1, 2, 2], [9.0, 0.5, 0.5, 3.0, 2.0]
    graph = TrustGraph.from_edges(3, source=source, target=target, weight=weight)
    assert np.array_equal(Push(Routes.of(graph)).scores(0).scores, Push(Routes.of(CHAIN)).scores(0).scores)


@pytest.mark.parametrize("weights", [[5e-324, 5e-324, 1.0], [1e308, 1e308, 1e308], [5e-324, 1e308, 1.0]])
def test_extreme_weights_stay_finite(weights):
    graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=weights)
    expected, _ = reference.personal_trust(graph, 0)
    assert Push(Routes.of(graph)).scores(0).scores == pytest.approx(expected, abs=ROUNDING)


def test_restart_that_is_tiny_ends_and_says_how_far_it_may_be_off():
    graph = TrustGraph.from_edges(2, source=[0, 1], target=[1, 0])
    top = Push(Routes.of(graph, restart=1e-6)).top(0)
    assert top.scores.tolist() == pytest.approx([0.5], abs=top.error_bound)


def test_saved_routes_give_the_same_bits():
    graph = crowded_graph()
    routes = Routes.of(graph, discount=np.linspace(0, 1, graph.n))
    opened = Routes.from_arrays(
        routes.arrays(), offsets=graph.offsets, discount=np.linspace(0, 1, graph.n), restart=routes.restart
    )
    assert np.array_equal(Push(opened).scores(3).scores, Push(routes).scores(3).scores)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"viewer": 3}, "viewer is 3, not one of the 3 accounts"),
        ({"viewer": None}, "viewer is None, so row must say"),
        ({"row": TrustRow([5], [1.0])}, "row trusts account 5"),
        ({"row": TrustRow([0], [1.0])}, "row trusts the viewer itself"),
        ({"size": 0}, "size is 0, not at least 1"),
        ({"eps": 0}, "eps is 0, not a finite number"),
        ({"eps": float("nan")}, "eps is nan"),
    ],
)
def test_argument_out_of_range_is_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        Push(Routes.of(CHAIN)).top(**({"viewer": 0} | arguments))


def test_without_a_compiler_the_bits_are_the_same():
    program = (
        "from guanxi.trust import Push, Routes, push; from trust.graphs import crowded_graph; import numpy as np;"
        "push.EPS, push._CHEAP_EDGES, push._N_SAMPLED = 1e-3, 0, 4;"  # plain Python cannot push far in time
        "graph = crowded_graph(400); routes = Routes.of(graph);"
        "bare = Routes(routes.offsets, routes.edges, np.zeros(400, dtype=np.float32), None, .15);"
        "print(Push(bare).top(5, size=40, eps=1e-4).scores.tobytes().hex())"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "NUMBA_DISABLE_JIT": disabled},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for disabled in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0].strip()) == 40 * 16
