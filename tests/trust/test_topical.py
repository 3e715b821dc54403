"""Trust on one topic: general trust where the topic's evidence is thin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_topics as reference
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import TrustRow, personal_trust, topic_trust
from trust.graphs import QUICK, RESTARTS, WEIGHTS, discounts, edge_lists, graphs

HALVES = st.sampled_from([0.0, 0.5, 3.0, 1000.0])


@st.composite
def views(draw):
    """A graph of everything, one of a topic, a viewer (None: unknown) with its rows, and options."""
    n = draw(st.integers(1, 8))
    general, graph = (draw(graphs(min_accounts=n, max_accounts=n)) for _ in range(2))
    viewer = draw(st.none() | st.integers(0, n - 1))
    rows = [None, None]
    if viewer is None or draw(st.booleans()):
        others = [a for a in range(n) if a != viewer]
        drawn = [sorted(draw(st.sets(st.sampled_from(others)))) if others else [] for _ in rows]
        rows = [TrustRow(np.array(at, dtype=np.uint32), [draw(WEIGHTS) for _ in at]) for at in drawn]
    return general, graph, viewer, rows, {"discount": draw(discounts(n)), "restart": draw(RESTARTS)}


def found_by(general, graph, viewer, rows, options, half):
    return topic_trust(graph, personal_trust(general, viewer, row=rows[0], **options), row=rows[1], half=half)


def scaled(graph, factor, source=None):
    """The graph with weights times a power of two; with those of one account where ``source`` is given."""
    sources, targets, weights = edge_lists(graph)
    weights = np.where((sources == source) | (source is None), weights * factor, weights)
    return TrustGraph.from_edges(graph.n, source=sources, target=targets, weight=weights)


@QUICK
@given(views(), HALVES)
def test_any_view_equals_the_slow_twin_and_its_parts_add_up(view, half):
    general, graph, viewer, rows, options = view
    found = found_by(*view, half)
    weight = reference.fallback(graph, viewer, half=half, row=rows[1], **options)
    assert found.fallback == pytest.approx(weight, abs=1e-9)
    expected = reference.topic_trust(general, graph, viewer, half=half, row=rows[1], general_row=rows[0], **options)
    assert found.scores == pytest.approx(expected, abs=1e-9)
    parts = (1 - found.fallback) * found.on_topic.scores + found.fallback * found.general.scores
    assert np.abs(parts - found.scores).max() <= 1e-9
    assert 0 <= found.fallback <= 1


@QUICK
@given(views(), HALVES)
def test_viewer_without_evidence_has_general_trust_to_the_bit(view, half):
    general, graph, viewer, rows, options = view
    sources, targets, weights = edge_lists(graph)
    others = sources != (-1 if viewer is None else viewer)
    silent = TrustGraph.from_edges(graph.n, source=sources[others], target=targets[others], weight=weights[others])
    nobody = TrustRow(np.zeros(0, dtype=np.uint32), [])
    found = found_by(general, silent, viewer, (rows[0], nobody if viewer is None else None), options, half)
    assert (found.fallback, found.own_evidence, found.n_giving) == (1.0, 0.0, 0)
    assert found.scores.tobytes() == found.general.scores.tobytes()


@QUICK
@given(views(), HALVES, st.sampled_from([0.25, 2.0, 64.0]))
def test_weights_and_half_in_other_units_change_nothing(view, half, factor):
    general, graph, viewer, rows, options = view
    own = rows[1] and TrustRow(rows[1].targets, rows[1].weights * factor)
    other = found_by(general, scaled(graph, factor), viewer, (rows[0], own), options, half * factor)
    assert other.scores == pytest.approx(found_by(*view, half).scores, abs=1e-9)


@QUICK
@given(views(), st.randoms(use_true_random=False))
def test_renamed_accounts_keep_their_trust(view, random):
    general, graph, viewer, rows, options = view
    at = list(range(graph.n))
    random.shuffle(at)
    at = np.array(at)

    def renamed(one):
        sources, targets, weights = edge_lists(one)
        return TrustGraph.from_edges(one.n, source=at[sources], target=at[targets], weight=weights)

    def moved(row):
        order = None if row is None else np.argsort(at[row.targets])
        return None if row is None else TrustRow(at[row.targets][order].astype(np.uint32), row.weights[order])

    discount = None if options["discount"] is None else options["discount"][np.argsort(at)]
    there = None if viewer is None else int(at[viewer])
    names = renamed(general), renamed(graph), there, tuple(map(moved, rows)), {**options, "discount": discount}
    assert found_by(*names, 3.0).scores[at] == pytest.approx(found_by(*view, 3.0).scores, abs=1e-9)


@QUICK
@given(views(), st.integers(0, 7), st.sampled_from([2.0**-6, 2.0**6]))
def test_account_moves_the_fallback_by_no_more_than_its_share(view, account, factor):
    general, graph, viewer, _, options = view
    viewer, account = viewer or 0, account % graph.n
    if account == viewer:
        return
    before = found_by(general, graph, viewer, (None, None), options, 3.0)
    after = found_by(general, scaled(graph, factor, account), viewer, (None, None), options, 3.0)
    share = before.on_topic.scores[account] / before.on_topic.scores[[viewer, account]].sum()
    arrives = np.ones(graph.n) if options["discount"] is None else options["discount"]
    targets, weights = graph.row(viewer)
    passes = (weights * arrives[targets]).sum() / weights.sum() if len(targets) else 0.0
    if passes == 1.0:  # what the viewer gives is not discounted, so at least its own trust is passed on
        assert abs(after.fallback - before.fallback) <= share + 1e-9


@pytest.mark.parametrize(("evidence", "weight"), [(0.5, 6 / 7), (3.0, 0.5), (27.0, 0.1)])
def test_fallback_shrinks_with_evidence(evidence, weight):
    everything = TrustGraph.from_edges(3, source=[0, 0], target=[1, 2], weight=[1.0, 1.0])
    topic = TrustGraph.from_edges(3, source=[0], target=[2], weight=[evidence])
    found = topic_trust(topic, personal_trust(everything, 0), half=3.0)
    assert found.fallback == pytest.approx(weight)
    assert (found.own_evidence, found.n_giving) == (evidence, 1)


def test_evidence_for_a_fake_account_is_none():
    topic = TrustGraph.from_edges(3, source=[0, 0], target=[1, 2], weight=[1.0, 9.0])
    found = topic_trust(topic, personal_trust(topic, 0, discount=[1.0, 1.0, 0.0]), half=1.0)
    assert (found.fallback, found.own_evidence) == (0.5, 1.0)
    found = topic_trust(topic, personal_trust(topic, 0, discount=[1.0, 0.0, 0.0]), half=1.0)
    assert (found.fallback, found.own_evidence) == (1.0, 0.0)


@pytest.mark.parametrize("half", [-1.0, float("nan"), float("inf")])
def test_half_out_of_range_is_refused(half):
    graph = TrustGraph.from_edges(2, source=[0], target=[1])
    with pytest.raises(ParameterError, match=f"half is {half}, not a finite number of at least 0"):
        topic_trust(graph, personal_trust(graph, 0), half=half)
