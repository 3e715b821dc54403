"""Personal trust as a sum over walks: equal to enumeration, and the heaviest first."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_walks
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import OUTSIDE, TrustRow, personal_trust, walks
from trust.graphs import QUICK, RESTARTS, WEIGHTS, crowded_graph, discounts, graphs

CHAIN = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 3.0, 2.0])


@st.composite
def views(draw):
    """A small graph, a viewer (None: unknown), a target and options."""
    graph = draw(graphs(max_accounts=7))
    viewer = draw(st.none() | st.integers(0, graph.n - 1))
    row = None
    if viewer is None or draw(st.booleans()):
        others = [a for a in range(graph.n) if a != viewer]
        targets = sorted(draw(st.sets(st.sampled_from(others)))) if others else []
        row = TrustRow(np.array(targets, dtype=np.uint32), [draw(WEIGHTS) for _ in targets])
    options = {"row": row, "discount": draw(discounts(graph.n)), "restart": draw(RESTARTS)}
    return graph, viewer, draw(st.integers(0, graph.n - 1)), options


def marks(graph, is_open):
    return np.array([is_open(a, b) for a, b in zip(graph.edge_sources(), graph.targets, strict=True)], dtype=bool)


def same_weights(found, expected):
    assert sorted(found, reverse=True) == pytest.approx(sorted(expected, reverse=True), rel=1e-9, abs=1e-300)


def test_worked_example_gives_the_hand_computed_walks():
    # trust is (16, 2, 7) / 25: half of 3/4 of 16/25 directly, and by account 1 half of what rests on it
    found = walks(CHAIN, personal_trust(CHAIN, 0, restart=0.5), 2)
    assert [walk.accounts for walk in found.listed] == [(0, 2), (0, 1, 2)]
    assert [walk.contribution for walk in found.listed] == pytest.approx([6 / 25, 1 / 25], abs=1e-12)
    assert found.longer == pytest.approx(0, abs=1e-12)


@QUICK
@given(views(), st.integers(1, 5), st.integers(1, 40))
def test_listed_walks_equal_the_heaviest_of_all_enumerated_ones(view, max_hops, limit):
    graph, viewer, target, options = view
    personal = personal_trust(graph, viewer, **options)
    found = walks(graph, personal, target, limit=limit, max_hops=max_hops)
    known = {"viewer_mass": personal.viewer_mass, "max_hops": max_hops}
    every = reference_walks.all_walks(graph, viewer, target, **known, **options)
    assert len({walk.accounts for walk in found.listed}) == len(found.listed) == min(limit, len(every))
    for walk in found.listed:
        assert walk.contribution == pytest.approx(every[walk.accounts], rel=1e-9)
    same_weights([walk.contribution for walk in found.listed], sorted(every.values(), reverse=True)[:limit])


@QUICK
@given(views(), st.integers(1, 8), st.integers(1, 5))
def test_walks_and_remainders_add_up_to_the_trust(view, max_hops, limit):
    graph, viewer, target, options = view
    personal = personal_trust(graph, viewer, **options)
    found = walks(graph, personal, target, limit=limit, max_hops=max_hops)
    totals, longer = reference_walks.totals(
        graph, viewer, target, viewer_mass=personal.viewer_mass, max_hops=max_hops, **options
    )
    assert found.totals == pytest.approx(totals, abs=1e-12)
    assert found.longer == pytest.approx(longer, abs=1e-9)
    listed = [walk.contribution for walk in found.listed]
    assert math.fsum([*listed, *found.others(), found.longer]) == pytest.approx(personal.scores[target], abs=1e-12)


@QUICK
@given(views(), st.data())
def test_walks_along_open_edges_leave_out_all_others(view, data):
    graph, viewer, target, options = view
    shut = data.draw(st.sets(st.integers(0, max(graph.m - 1, 0))))
    open_edges = ~np.isin(np.arange(graph.m), list(shut))
    pairs = set(zip(graph.edge_sources()[open_edges].tolist(), graph.targets[open_edges].tolist(), strict=True))
    personal = personal_trust(graph, viewer, **options)
    found = walks(graph, personal, target, limit=50, max_hops=4, open_edges=open_edges)
    known = {"viewer_mass": personal.viewer_mass, "max_hops": 4, "is_open": lambda a, b: (a, b) in pairs}
    every = reference_walks.all_walks(graph, viewer, target, **known, **options)
    same_weights([walk.contribution for walk in found.listed], sorted(every.values(), reverse=True)[:50])
    assert found.open_total == pytest.approx(math.fsum(every.values()), rel=1e-9)
    assert found.totals == pytest.approx(walks(graph, personal, target, max_hops=4).totals, abs=0)
    hidden = (
        reference_walks.all_walks(graph, viewer, target, **(known | {"is_open": None}), **options).keys() - every.keys()
    )
    hops = {hop for walk in hidden for hop in itertools.pairwise(walk)}
    assert set(found.shut.tolist()) == {a for a, b in hops if (a, b) not in pairs and a not in {viewer, OUTSIDE}}


def test_walks_may_pass_an_account_twice():
    graph = TrustGraph.from_edges(3, source=[0, 1, 2], target=[1, 2, 1])
    found = walks(graph, personal_trust(graph, 0, restart=0.5), 2, max_hops=4)
    assert [walk.accounts for walk in found.listed] == [(0, 1, 2), (0, 1, 2, 1, 2)]
    assert found.longer > 0


def test_viewer_is_reached_by_the_walk_without_a_hop():
    personal = personal_trust(CHAIN, 0, restart=0.5)
    found = walks(CHAIN, personal, 0)
    assert found.listed == (((0,), personal.viewer_mass),)
    assert found.totals[0] == personal.scores[0]


def test_unknown_viewer_stands_outside():
    personal = personal_trust(CHAIN, None, row=TrustRow([1, 2], [3.0, 1.0]), restart=0.5)
    found = walks(CHAIN, personal, 2)
    assert [walk.accounts for walk in found.listed] == [(OUTSIDE, 1, 2), (OUTSIDE, 2)]
    assert [walk.contribution for walk in found.listed] == pytest.approx([3 / 27, 2 / 27], abs=1e-12)


def test_account_that_no_walk_reaches_has_none():
    found = walks(CHAIN, personal_trust(CHAIN, 2), 0)
    assert (found.listed, found.totals.sum(), found.longer) == ((), 0, 0)


def test_crowded_graph_lists_walks_that_carry_what_their_hops_say():
    graph = crowded_graph()
    personal = personal_trust(graph, 5)
    found = walks(graph, personal, 350, limit=200)
    carried = [walk.contribution for walk in found.listed]
    assert carried == sorted(carried, reverse=True)
    assert len(carried) == 200
    for walk in found.listed:
        parts = [
            0.85 * graph.row(a)[1][graph.row(a)[0] == b].item() / graph.out_sums[a]
            for a, b in zip(walk.accounts, walk.accounts[1:], strict=False)
        ]
        assert walk.contribution == pytest.approx(personal.viewer_mass * math.prod(parts), rel=1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"limit": 0}, "limit is 0, not in 1..1000"),
        ({"limit": 1001}, "limit is 1001"),
        ({"max_hops": 0}, "max_hops is 0, not in 1..20"),
        ({"max_hops": 21}, "max_hops is 21"),
        ({"open_edges": np.ones(2, dtype=bool)}, r"open_edges has shape \(2,\), not \(3,\)"),
        ({"target": 3}, "target is 3, not one of the 3 accounts"),
    ],
)
def test_argument_out_of_range_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        walks(CHAIN, personal_trust(CHAIN, 0), **({"target": 2} | options))
