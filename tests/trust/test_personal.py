import math
from dataclasses import FrozenInstanceError

import networkx as nx
import numba as nb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from guanxi.errors import ConvergenceError, ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import OUTSIDE, TrustRow, eigentrust, inflow, personal_trust, propagation, slices
from trust.graphs import QUICK, RESTARTS, WEIGHTS, crowded_graph, discounts, edge_lists, graphs

CHAIN = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 3.0, 2.0])


@st.composite
def views(draw, *, with_row=None):
    """A graph, a viewer (None: unknown) and options."""
    graph = draw(graphs())
    viewer = draw(st.none() | st.integers(0, graph.n - 1))
    row = None
    if viewer is None or (draw(st.booleans()) if with_row is None else with_row):
        others = [a for a in range(graph.n) if a != viewer]
        targets = sorted(draw(st.sets(st.sampled_from(others)))) if others else []
        row = TrustRow(np.array(targets, dtype=np.uint32), [draw(WEIGHTS) for _ in targets])
    return graph, viewer, {"row": row, "discount": draw(discounts(graph.n)), "restart": draw(RESTARTS)}


def rebuilt(graph, viewer, row):
    """The graph with the row in it; an unknown viewer becomes the last account."""
    source, target, weight = edge_lists(graph)
    place = graph.n if viewer is None else viewer
    kept = source != place
    source = np.append(source[kept], np.full(len(row.targets), place))
    target, weight = np.append(target[kept], row.targets.astype(int)), np.append(weight[kept], row.weights)
    return TrustGraph.from_edges(max(graph.n, place + 1), source=source, target=target, weight=weight), place


def test_worked_example_gives_the_hand_computed_trust():
    found = personal_trust(CHAIN, 0, restart=0.5)
    assert found.scores == pytest.approx([16 / 25, 2 / 25, 7 / 25], abs=1e-12)
    assert found.viewer_mass == found.scores[0]


@QUICK
@given(views())
def test_any_view_equals_the_linear_solver_and_mass_is_one(view):
    graph, viewer, options = view
    found = personal_trust(graph, viewer, **options)
    scores, viewer_mass = reference.personal_trust(graph, viewer, **options)
    assert found.scores == pytest.approx(scores, abs=1e-10)
    assert found.viewer_mass == pytest.approx(viewer_mass, abs=1e-10)
    total = found.scores.sum() + (found.viewer_mass if viewer is None else 0)
    assert abs(total - 1) <= 1e-9


@QUICK
@given(views(with_row=True))
def test_row_equals_the_rebuilt_graph(view):
    graph, viewer, options = view
    row = options.pop("row")
    other, place = rebuilt(graph, viewer, row)
    discount = options["discount"]
    if discount is not None and viewer is None:
        options = options | {"discount": np.append(discount, 1.0)}
    expected = personal_trust(other, place, **options)
    found = personal_trust(graph, viewer, row=row, **(options | {"discount": discount}))
    assert found.scores == pytest.approx(expected.scores[: graph.n], abs=1e-11)
    assert found.viewer_mass == pytest.approx(expected.viewer_mass, abs=1e-11)


@QUICK
@given(views(with_row=False))
def test_viewer_without_row_equals_eigentrust_with_one_seed(view):
    graph, viewer, options = view
    row = options.pop("row")
    if viewer is None:
        graph, viewer = rebuilt(graph, None, row)
        options = options | {"discount": None}
    expected = eigentrust(graph, np.eye(graph.n)[viewer], tol=1e-13, **options)
    assert personal_trust(graph, viewer, **options).scores == pytest.approx(expected, abs=1e-10)


def test_crowded_graph_equals_networkx():
    graph = crowded_graph()
    theirs = nx.pagerank(graph.to_networkx(), personalization={5: 1}, tol=1e-15, max_iter=1000)
    assert personal_trust(graph, 5).scores == pytest.approx(np.array(list(theirs.values())), abs=1e-10)


def test_row_that_repeats_the_snapshot_changes_nothing():
    graph = crowded_graph()
    targets, weights = graph.row(5)
    found = personal_trust(graph, 5, row=TrustRow(targets, weights))
    assert found.scores == pytest.approx(personal_trust(graph, 5).scores, abs=1e-13)


def test_unknown_viewer_who_trusts_nobody_keeps_all_trust():
    found = personal_trust(CHAIN, None, row=TrustRow([], []))
    assert found.scores.tolist() == [0, 0, 0]
    assert found.viewer_mass == 1


def test_known_viewer_whose_row_became_empty_keeps_all_trust():
    assert personal_trust(CHAIN, 0, row=TrustRow([], [])).scores.tolist() == [1, 0, 0]


def test_empty_graph_still_has_an_unknown_viewer():
    graph = TrustGraph.from_edges(0, source=[], target=[])
    found = personal_trust(graph, None, row=TrustRow([], []))
    assert found.scores.shape == (0,)
    assert found.viewer_mass == 1


@pytest.mark.skipif(nb.config.NUMBA_NUM_THREADS < 2, reason="this machine has one core")
def test_two_threads_give_the_bits_of_one(monkeypatch):
    monkeypatch.setattr(propagation, "PARALLEL_CELLS", 0)
    monkeypatch.setattr(slices, "BLOCK_CELLS", 8)
    graph, before = crowded_graph(), nb.get_num_threads()
    found = []
    for n_threads in (1, 2):
        nb.set_num_threads(n_threads)
        found.append(personal_trust(graph, None, row=TrustRow([2, 9], [1, 2])).scores)
    nb.set_num_threads(before)
    assert np.array_equal(*found)


def test_record_keeps_its_inputs_and_is_frozen():
    row = TrustRow([1], [1.0])
    found = personal_trust(CHAIN, 0, row=row, restart=0.3, discount=[1, 0.5, 1])
    assert (found.viewer, found.row, found.restart, found.discount.tolist()) == (0, row, 0.3, [1, 0.5, 1])
    with pytest.raises(FrozenInstanceError):
        found.viewer = 1


@QUICK
@given(views(), st.data())
def test_inflow_terms_equal_the_reference_and_add_up_to_the_score(view, data):
    graph, viewer, options = view
    target = data.draw(st.integers(0, graph.n - 1))
    found = personal_trust(graph, viewer, **options)
    sources, contributions, remainder = inflow(graph, found, target)
    expected = reference.inflow(graph, viewer, target, **options)
    terms = dict(zip(sources.tolist(), contributions.tolist(), strict=True))
    for source in terms.keys() | expected.keys():
        assert terms.get(source, 0) == pytest.approx(expected.get(source, 0), abs=1e-10)
    assert math.fsum([*contributions, remainder]) == found.scores[target]
    assert abs(remainder) <= 1e-11
    order = list(zip((-contributions).tolist(), sources.tolist(), strict=True))
    assert order == sorted(order)


def test_inflow_of_the_viewer_names_what_returns_to_it():
    found = personal_trust(CHAIN, 0, restart=0.5)
    sources, contributions, _ = inflow(CHAIN, found, 0)
    assert sources.tolist() == [0]
    assert contributions == pytest.approx([16 / 25], abs=1e-12)


def test_inflow_names_an_unknown_viewer_as_outside():
    found = personal_trust(CHAIN, None, row=TrustRow([1, 2], [3.0, 1.0]), restart=0.5)
    # 1/2 * v to the two of them, 3 : 1; then 1/2 * 3/8 from account 1 to account 2: trust is (16, 6, 5) / 27
    sources, contributions, _ = inflow(CHAIN, found, 2)
    assert sources.tolist() == [1, OUTSIDE]
    assert contributions == pytest.approx([3 / 27, 2 / 27], abs=1e-12)


@pytest.mark.parametrize("target", [-1, 3, 1.5, True, None])
def test_inflow_of_what_is_no_account_is_refused(target):
    with pytest.raises(ParameterError, match=f"target is {target}"):
        inflow(CHAIN, personal_trust(CHAIN, 0), target)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"viewer": 3}, "viewer is 3, not one of the 3 accounts"),
        ({"viewer": -1}, "viewer is -1"),
        ({"viewer": 0.5}, "viewer is 0.5, not an index"),
        ({"viewer": True}, "viewer is True"),
        ({"viewer": None}, "viewer is None, so row must say"),
        ({"row": TrustRow([5], [1.0])}, "row trusts account 5, but the graph has 3"),
        ({"row": TrustRow([0], [1.0])}, "row trusts the viewer itself, account 0"),
        ({"restart": 0}, "restart is 0"),
        ({"discount": [1, 2, 1]}, "discount of account 1 is 2.0"),
        ({"tol": -1}, "tol is -1"),
        ({"max_iter": 0}, "max_iter is 0"),
    ],
)
def test_argument_out_of_range_is_refused(arguments, message):
    with pytest.raises(ParameterError, match=message):
        personal_trust(CHAIN, **({"viewer": 0} | arguments))


@pytest.mark.parametrize(
    ("targets", "weights", "message"),
    [
        ([1, 2], [1.0], "shape"),
        ([[1]], [[1.0]], "shape"),
        ([0.5], [1.0], "type float64"),
        ([2, 1], [1.0, 1.0], "increasing"),
        ([1, 1], [1.0, 1.0], "increasing"),
        ([-1, 1], [1.0, 1.0], "negative"),
        ([1], [0.0], "not finite and greater than zero"),
        ([1], [float("nan")], "not finite and greater than zero"),
        ([1], [float("inf")], "not finite and greater than zero"),
    ],
)
def test_row_out_of_range_is_refused(targets, weights, message):
    with pytest.raises(ParameterError, match=message):
        TrustRow(targets, weights)


def test_row_of_huge_and_tiny_weights_keeps_its_shares():
    assert TrustRow([0, 1], [1.5e308, 1.5e308]).shares.tolist() == [0.5, 0.5]
    assert TrustRow([0, 1], [5e-324, 5e-324]).shares.tolist() == [0.5, 0.5]


def test_too_few_iterations_raise_and_say_so():
    with pytest.raises(ConvergenceError, match="personal_trust still changes by"):
        personal_trust(crowded_graph(), 5, max_iter=3)
