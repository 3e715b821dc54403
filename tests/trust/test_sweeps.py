"""The kernels against their twins and against dense matrices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from guanxi.graph import TrustGraph
from guanxi.trust import extrapolation, propagation, slices, sweeps
from guanxi.trust.propagation import Propagation, Row, by_slot, empty_sums
from trust.graphs import QUICK, RESTARTS, crowded_graph, discounts, graphs, seeds

SOME = st.one_of(graphs(), st.sampled_from([crowded_graph(300), TrustGraph.from_edges(1, source=[], target=[])]))


@st.composite
def flows(draw):
    """A graph in motion, from random seeds, with or without a row of the viewer's own."""
    graph = draw(SOME)
    flow = Propagation.of(graph, propagation.layout(graph), discount=draw(discounts(graph.n)), restart=draw(RESTARTS))
    flow.seeds[:] = by_slot(flow.slices, draw(seeds(graph.n)))
    flow.seeds /= flow.seeds.sum()
    flow.trust[:] = flow.seeds
    if draw(st.booleans()):
        slot = draw(st.sampled_from([flow.spare_slot, int(flow.slices.slots[0])]))
        target = flow.slices.slots[-1:]
        flow.row = Row(slot, target, np.array([draw(st.floats(0, 1))]))
        flow.inverse[slot] = 0
        flow.trust[slot] += 0.5
    return graph, flow


def dense(slices_):
    """The cells as a dense matrix, one at a time."""
    matrix = np.zeros((slices_.n_slots, slices_.n_slots))
    for i in range(len(slices_.offsets) - 1):
        for cell in range(slices_.offsets[i], slices_.offsets[i + 1]):
            lane = cell % 8
            row = i if i < slices_.n_wide else slices_.n_wide + (i - slices_.n_wide) * 8 + lane
            matrix[row, slices_.sources[cell]] += float(slices_.weights[cell])
    return matrix


def slot_of_slice(slices_, i):
    return i if i < slices_.n_wide else slices_.n_wide + (i - slices_.n_wide) * 8


@QUICK
@given(SOME)
def test_layout_holds_every_edge_once(graph):
    laid_out = propagation.layout(graph)
    expected = np.zeros((laid_out.n_slots, laid_out.n_slots))
    place = laid_out.slots.astype(int)
    weights = reference.weight_matrix(graph) * np.ldexp(1.0, -np.frexp(graph.out_sums)[1])[:, None]
    assert weights.sum(axis=1) * laid_out.inverse[place] == pytest.approx((graph.out_sums > 0).astype(float), abs=1e-12)
    expected[np.ix_(place, place)] = weights.T
    assert dense(laid_out) == pytest.approx(expected, rel=1e-7)
    assert np.bincount(place, minlength=laid_out.n_slots)[: graph.n].tolist() == [1] * graph.n
    assert laid_out.blocks[0, 0] == 0
    assert laid_out.blocks[-1, -1] == len(laid_out.offsets) - 1
    assert np.array_equal(laid_out.blocks[1:, 0], laid_out.blocks[:-1, -1])


@QUICK
@given(SOME)
def test_layout_of_the_twin_has_the_same_bits(graph):
    laid_out = propagation.layout(graph)
    order = np.argsort(laid_out.slots).astype(np.uint32)
    factors = np.ldexp(1.0, -np.frexp(graph.out_sums)[1])
    sources, weights = np.zeros_like(laid_out.sources), np.zeros_like(laid_out.weights)
    edges = (graph.in_offsets, graph.sources, graph.in_weights)
    slices._fill_plainly(edges, factors, order, laid_out.slots, laid_out.n_wide, laid_out.offsets, sources, weights)
    assert np.array_equal(sources, laid_out.sources)
    assert np.array_equal(weights, laid_out.weights)


@QUICK
@given(SOME)
def test_sums_of_the_twins_have_the_same_bits(graph):
    accounts = np.arange(graph.n, dtype=np.uint32)[::2]
    found = propagation.out_sums_of(graph, accounts)
    assert np.array_equal(found, propagation._out_sums_plainly(graph.offsets, graph.weights, accounts))
    discount = np.linspace(0, 1, graph.n)
    arguments = (graph.offsets, graph.targets, graph.weights, discount)
    assert propagation._discounted_parts(*arguments) == pytest.approx(
        propagation._discounted_plainly(*arguments), abs=1e-15
    )


@QUICK
@given(flows())
def test_step_equals_the_dense_product_and_its_twin(drawn):
    _, flow = drawn
    before, matrix = flow.trust.copy(), dense(flow.slices)
    expected = flow.share * (matrix @ (before * flow.inverse)) + (flow.kept * before).sum() * flow.seeds
    expected[flow.row.targets] += flow.row.passed * before[flow.row.viewer]
    base = np.zeros(len(before))
    base[flow.row.targets] = flow.row.passed * before[flow.row.viewer]
    twin, change, sums = before.copy(), np.zeros(len(before)), empty_sums(flow.slices)
    accounts = (flow.share, flow.inverse, flow.kept, base)
    sweeps._step_plainly(
        flow.slices.cells(), accounts, flow.seeds, flow.keeps, before * flow.inverse, twin, change, sums
    )
    moved = flow.step()
    assert flow.trust == pytest.approx(expected, abs=1e-13)
    assert twin == pytest.approx(expected, abs=1e-13)
    assert moved == pytest.approx(np.abs(expected - before).sum(), abs=1e-13)
    assert sums[:, :, 0].sum() == pytest.approx(moved, abs=1e-13)


@QUICK
@given(flows(), st.sampled_from([np.float32, np.float64]))
def test_sweeps_equal_dense_phases_and_their_twin(drawn, dtype):
    _, flow = drawn
    matrix, state = dense(flow.slices), flow.trust.copy()
    bounds = [slot_of_slice(flow.slices, int(i)) for i in [*flow.slices.blocks[:, 0], flow.slices.blocks[-1, -1]]]
    given_base = np.linspace(0, 0.1, len(state)).astype(dtype)
    expected = reference.phased_sweeps(matrix, flow, given_base, bounds, n_sweeps=3)
    found = []
    for kernel in (sweeps.sweep_round, sweeps._sweep_round_plainly):
        accounts = tuple(a.astype(dtype) for a in (flow.share, flow.inverse, flow.kept, given_base))
        states = np.zeros((4, len(state)), dtype=dtype)
        states[0] = state
        sent = accounts[1] * states[0]
        row, sums = flow.row.fields(accounts[3]), empty_sums(flow.slices)
        arguments = (flow.slices.cells(), accounts, flow.seeds.astype(dtype), row, flow.keeps, sent, states, sums)
        keeps = kernel(*arguments)
        assert keeps == pytest.approx((flow.kept * expected[-1]).sum(), rel=1e-5)
        found.append(states)
    tolerance = {"abs": 1e-5 if dtype == np.float32 else 1e-12}
    assert found[0][1:] == pytest.approx(expected, **tolerance)
    assert found[1][1:] == pytest.approx(expected, **tolerance)


def test_extrapolated_state_is_the_limit_of_three_decaying_parts():
    rng = np.random.default_rng(4)
    limit, *parts = rng.random((4, 40_000))
    rates = (0.9, 0.5, -0.4)
    states = np.array([limit + sum(r**k * p for r, p in zip(rates, parts, strict=True)) for k in range(5)])
    inverse, kept, sent = rng.random(40_000), rng.random(40_000), np.zeros(40_000)
    before = states.copy()
    moved, keeps = extrapolation.extrapolate(states, inverse, kept, sent)
    assert states[0] == pytest.approx(limit, abs=1e-6)
    assert sent == pytest.approx(inverse * states[0])
    assert keeps == pytest.approx((kept * states[0]).sum())
    assert moved < 1e-4 * np.abs(before[4] - before[3]).sum()


@QUICK
@given(st.integers(1, 60), st.integers(0, 2**32 - 1))
def test_extrapolation_equals_its_twin(n, seed):
    rng = np.random.default_rng(seed)
    states, inverse, kept = rng.random((5, n)), rng.random(n), rng.random(n)
    weights = rng.random(4)
    results = []
    for combine in (extrapolation._combine, extrapolation._combine_plainly):
        own, sent, sums = states.copy(), np.zeros(n), np.zeros((1, 2))
        combine(own, weights, inverse, kept, sent, sums)
        results.append(np.concatenate([own[0], sent, sums[0]]))
    assert results[0] == pytest.approx(results[1], abs=1e-12)
    found, twin = np.zeros((1, 4, 4)), np.zeros((1, 4, 4))
    extrapolation._products(states, found)
    extrapolation._products_plainly(states, twin)
    assert found == pytest.approx(twin, abs=1e-12)


@pytest.mark.parametrize("states", [np.zeros((5, 3)), np.ones((5, 3)), np.full((5, 3), np.nan)])
def test_states_that_do_not_move_leave_the_last_one(states):
    last = states[4].copy()
    extrapolation.extrapolate(states, np.ones(3), np.ones(3), np.zeros(3))
    assert np.array_equal(states[0], last, equal_nan=True)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float32, 1e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize("n", [0, 1, 16_384, 40_001])
@pytest.mark.parametrize("fewest", [0, 2**20])
def test_what_is_sent_and_kept_equals_the_products(n, dtype, tolerance, fewest, monkeypatch):
    monkeypatch.setattr(propagation, "PARALLEL_SLOTS", fewest)
    state, inverse, kept = np.random.default_rng(n).random((3, n)).astype(dtype)
    sent = np.empty(n, dtype=dtype)
    keeps = propagation.send(state, inverse, kept, sent)
    assert sent.tolist() == (inverse * state).tolist()
    assert keeps == pytest.approx((kept * state).sum(dtype=np.float64), rel=tolerance)
