"""Reach: trust of strangers, counted by its square root, against one exact solution per viewer."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_leaders as slow
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import Push, Routes, pagerank
from guanxi.trust.reach import reach
from trust.graphs import QUICK, crowded_graph, discounts, graphs


def rng():
    return np.random.default_rng(0)


def one_community(graph):
    return np.zeros(graph.n, dtype=np.uint32)


def asked(graph, labels=None, **options):
    routes = {name: options.pop(name) for name in ("discount", "restart") if name in options}
    labels = one_community(graph) if labels is None else labels
    return reach(Push(Routes.of(graph, **routes)), labels, rng=rng(), **options)


@QUICK
@given(st.data())
def test_reach_is_the_sum_over_exact_solutions(data):
    graph = data.draw(graphs(max_accounts=8))
    labels = np.array(data.draw(st.lists(st.integers(0, 3), min_size=graph.n, max_size=graph.n)), dtype=np.uint32)
    weights = np.array(data.draw(st.lists(st.just(0.0) | st.floats(1e-6, 1), min_size=graph.n, max_size=graph.n)))
    discount, restart = data.draw(discounts(graph.n)), data.draw(st.floats(0.1, 0.9))
    discount = None if discount is None else np.where(discount < 1e-6, 0.0, discount)  # squares of less are no numbers
    found = asked(graph, labels, weights=weights, discount=discount, restart=restart, eps=1e-9)
    expected = slow.reach(graph, labels, weights=weights, discount=discount, restart=restart)
    for name, values in expected.items():
        if name in ("scores", "trust", "known"):
            np.testing.assert_allclose(getattr(found, name), values, atol=2e-3, err_msg=name)


@QUICK
@given(graphs(min_accounts=2, max_accounts=8))
def test_counts_of_accounts_and_communities_are_those_of_exact_solutions(graph):
    labels = (np.arange(graph.n) % 3).astype(np.uint32)
    found, expected = asked(graph, labels, eps=1e-9), slow.reach(graph, labels)
    for name in ("effective", "n_communities", "home"):
        there = expected["trust"] > 1e-3  # below, rounding decides who counts
        np.testing.assert_allclose(getattr(found, name)[there], expected[name][there], rtol=2e-2, err_msg=name)


@QUICK
@given(graphs(min_accounts=1))
def test_strangers_and_followers_together_give_no_more_than_every_viewer_has(graph):
    found = asked(graph)
    assert (found.trust + found.known).sum() <= found.n_viewers + 1e-6
    assert (found.effective <= found.n_viewers + 1e-9).all()
    assert ((found.n_communities == 0) | (np.abs(found.n_communities - 1) < 1e-9)).all()


def test_followers_add_nothing_to_reach():
    star = TrustGraph.from_edges(6, source=[1, 2, 3, 4, 5], target=[0] * 5)
    found = asked(star)
    assert found.scores.tolist() == [0.0] * 6
    assert found.known[0] > 1


def test_one_who_is_trusted_through_others_reaches_further_than_one_who_is_followed_by_as_many():
    # 0 is followed by five whom nobody follows; 1 by five whom ten others follow.
    followed = [(follower, 0) for follower in range(2, 7)]
    trusted = [(follower, 1) for follower in range(7, 12)]
    others = [(stranger, 7 + stranger % 5) for stranger in range(12, 22)]
    source, target = zip(*followed, *trusted, *others, strict=True)
    found = asked(TrustGraph.from_edges(22, source=source, target=target))
    assert found.scores[0] == 0
    assert found.scores[1] > 3
    assert found.effective[1] == pytest.approx(10, rel=1e-3)


def test_viewer_of_weight_zero_counts_for_nothing():
    chain = TrustGraph.from_edges(3, source=[0, 1], target=[1, 2])
    assert asked(chain, weights=[0.0, 1.0, 1.0]).scores[2] == 0
    assert asked(chain, weights=[1.0, 0.0, 0.0]).scores[2] > 0


def test_relabelled_accounts_have_the_same_reach():
    graph = crowded_graph(300)
    place = rng().permutation(graph.n)
    other = TrustGraph.from_edges(
        graph.n, source=place[graph.edge_sources()], target=place[graph.targets], weight=graph.weights
    )
    there, here = asked(other, eps=1e-8).scores[place], asked(graph, eps=1e-8).scores
    np.testing.assert_allclose(there, here, rtol=5e-3, atol=1e-2)


def test_all_trust_together_orders_accounts_as_pagerank_does():
    graph = TrustGraph.from_edges(
        60, source=np.repeat(np.arange(60), 4), target=rng().integers(0, 60, 240), weight=np.ones(240)
    )
    found = asked(graph, eps=1e-8)
    of_all = (found.trust + found.known) / found.n_viewers
    assert np.corrcoef(of_all, pagerank(graph))[0, 1] > 0.95


def test_same_question_has_the_same_answer_to_the_bit():
    graph = crowded_graph(400)
    first, second = (asked(graph, n_viewers=100) for _ in range(2))
    assert first.scores.tobytes() == second.scores.tobytes()


def test_sample_of_viewers_estimates_reach_within_its_error():
    graph = crowded_graph()
    exact, estimate = asked(graph), asked(graph, n_viewers=200)
    assert (exact.n_asked, estimate.n_asked) == (exact.n_viewers, 200)
    assert not exact.errors.any()
    reached = exact.scores > 1
    off = (estimate.scores - exact.scores)[reached] / estimate.errors[reached]
    assert reached.sum() > 100
    assert (np.abs(off) < 1.645).mean() > 0.8


def test_sample_of_viewers_says_about_from_how_many_accounts_reach_comes():
    graph = crowded_graph()
    exact, estimate = asked(graph), asked(graph, n_viewers=400)
    reached = exact.scores > 1
    assert np.median(estimate.effective[reached] / exact.effective[reached]) == pytest.approx(1, abs=0.2)


def test_graph_without_edges_has_no_reach():
    found = asked(TrustGraph.from_edges(3, source=[], target=[]))
    assert (found.scores.tolist(), found.n_viewers, found.n_asked) == ([0.0] * 3, 0, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_viewers": 0}, "n_viewers is 0, not at least 1"),
        ({"weights": [1.0]}, r"weights has shape \(1,\), not \(3,\)"),
        ({"weights": [1.0, -1.0, 1.0]}, "weights holds a value that is not"),
        ({"weights": [1.0, np.nan, 1.0]}, "weights holds a value that is not"),
        ({"labels": np.zeros(2, dtype=np.uint32)}, "labels has 2 entries, not 3"),
        ({"eps": 0.0}, "eps is 0.0, not a finite number"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    graph = TrustGraph.from_edges(3, source=[0, 1], target=[1, 2])
    with pytest.raises(ParameterError, match=message):
        asked(graph, **options)
