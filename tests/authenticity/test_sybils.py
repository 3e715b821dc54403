"""What the methods agree on: their slow twins, and what must not matter to them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_sybils as reference
from guanxi.authenticity.sybils import (
    bounded_scar,
    classifier_prior,
    embedded_ties,
    gang,
    label_prior,
    mutual_ties,
    sybilrank,
    sybilscar,
)
from guanxi.errors import ConvergenceError, ParameterError
from guanxi.graph import TrustGraph

QUICK = settings(deadline=None, max_examples=40)  # the first call compiles
N = 9
INDEX = st.integers(0, N - 1)
PAIRS = st.lists(st.tuples(INDEX, INDEX), max_size=40)
FRIENDS = PAIRS.map(lambda pairs: pairs + [(b, a) for a, b in pairs])
PRIORS = st.lists(st.just(0.0) | st.floats(-0.5, 0.5), min_size=N, max_size=N).filter(
    lambda prior: any(value != 0 for value in prior)
)
TIES = {"equal": mutual_ties, "embedded": embedded_ties}
RESTART = 0.1


def graph_of(pairs, n=N):
    return TrustGraph.from_edges(n, source=[a for a, _ in pairs], target=[b for _, b in pairs])


def weights_of(ties):
    ends = zip(ties.edge_sources().tolist(), ties.targets.tolist(), strict=True)
    return dict(zip(ends, ties.weights.tolist(), strict=True))


def scores_of(graph, prior):
    """Scores of every method that takes a prior, by name."""
    scores = {}
    for name, ties_of in TIES.items():
        ties = ties_of(graph)
        scores[f"sybilscar, {name}"] = sybilscar(ties, prior, n_sweeps=5)
        scores[f"bounded_scar, {name}"] = bounded_scar(ties, prior, restart=RESTART, tol=1e-9)
    return scores | {"gang": gang(graph, prior, weight=0.1, tol=1e-9)}


@QUICK
@given(PAIRS)
def test_ties_are_the_relations_that_are_returned(pairs):
    ties = mutual_ties(graph_of(pairs))
    assert weights_of(ties) == {(a, b): 1.0 for a, friends in reference.mutual(pairs).items() for b in friends}


@QUICK
@given(FRIENDS)
def test_embedded_ties_weigh_what_sets_of_acquaintances_say(pairs):
    weights = weights_of(embedded_ties(graph_of(pairs), floor=0.01))
    assert weights == pytest.approx(reference.embedded(pairs, 0.01), rel=1e-6)


@QUICK
@given(FRIENDS, PRIORS)
def test_scores_equal_their_slow_twins(pairs, prior):
    for ties_of in TIES.values():
        ties = ties_of(graph_of(pairs))
        weights = weights_of(ties)
        assert sybilscar(ties, prior, n_sweeps=4) == pytest.approx(reference.sybilscar(weights, prior, 4), abs=1e-12)
        found = bounded_scar(ties, prior, restart=RESTART, tol=1e-11)
        assert found == pytest.approx(reference.bounded_scar(weights, prior, RESTART), abs=1e-8)


@QUICK
@given(PAIRS, PRIORS)
def test_gang_equals_its_slow_twin_and_solves_its_equation(pairs, prior):
    found = gang(graph_of(pairs), prior, weight=0.05, tol=1e-12)
    assert found == pytest.approx(reference.gang_step(pairs, prior, found, 0.05), abs=1e-9)
    assert found == pytest.approx(reference.gang(pairs, prior, 0.05), abs=1e-9)


@QUICK
@given(FRIENDS, st.sets(INDEX, min_size=1))
def test_sybilrank_equals_its_slow_twin(pairs, honest):
    ties = mutual_ties(graph_of(pairs))
    for n_sweeps, length in ((3, 3), (None, 4)):  # 9 accounts: the walk is 4 steps long
        wanted = reference.sybilrank(weights_of(ties), honest, N, length)
        assert sybilrank(ties, sorted(honest), n_sweeps=n_sweeps) == pytest.approx(wanted, abs=1e-12)


@QUICK
@given(PAIRS, PRIORS, st.permutations(range(N)))
def test_relabelled_accounts_keep_their_scores(pairs, prior, names):
    renamed = np.zeros(N)
    renamed[names] = prior
    there = scores_of(graph_of([(names[a], names[b]) for a, b in pairs]), renamed)
    for method, score in scores_of(graph_of(pairs), prior).items():
        assert there[method][names] == pytest.approx(score, abs=1e-7), method


@QUICK
@given(PAIRS, PRIORS, st.randoms())
def test_order_of_edges_leaves_no_trace(pairs, prior, random):
    shuffled = random.sample(pairs, len(pairs))
    there = scores_of(graph_of(shuffled), prior)
    for method, score in scores_of(graph_of(pairs), prior).items():
        assert np.array_equal(there[method], score), method


@QUICK
@given(PAIRS, PRIORS)
def test_flipped_labels_mirror_the_scores(pairs, prior):
    flipped = scores_of(graph_of(pairs), [-value for value in prior])
    for method, score in scores_of(graph_of(pairs), prior).items():
        if method != "gang":
            assert np.array_equal(flipped[method], -score), method


@QUICK
@given(PAIRS, PRIORS)
def test_flipped_labels_and_turned_relations_mirror_gang(pairs, prior):
    turned = gang(graph_of([(b, a) for a, b in pairs]), [-value for value in prior], weight=0.05, tol=1e-10)
    assert turned == pytest.approx(-gang(graph_of(pairs), prior, weight=0.05, tol=1e-10), abs=1e-8)


@QUICK
@given(PAIRS, PRIORS)
def test_part_without_labels_keeps_its_prior(pairs, prior):
    apart = pairs + [(a + N, b + N) for a, b in pairs]
    alone = scores_of(graph_of(pairs), prior)
    for method, score in scores_of(graph_of(apart, 2 * N), prior + [0.0] * N).items():
        assert np.array_equal(score[:N], alone[method]), method
        assert not score[N:].any(), method


@QUICK
@given(PAIRS, PRIORS)
def test_bounded_scores_are_residual_probabilities(pairs, prior):
    for method, score in scores_of(graph_of(pairs), prior).items():
        if not method.startswith("sybilscar"):
            assert np.abs(score).max() <= 0.5, method


def test_empty_graph_has_no_scores():
    nobody = graph_of([], 0)
    assert all(len(score) == 0 for score in scores_of(nobody, []).values())
    assert len(sybilrank(nobody, [])) == 0
    assert embedded_ties(nobody).m == 0


def test_accounts_without_ties_keep_their_prior():
    prior = [-0.4, 0.0, 0.4]
    assert all(score.tolist() == prior for score in scores_of(graph_of([], 3), prior).values())
    assert sybilrank(graph_of([], 3), [0]).tolist() == [0.0, 0.0, 0.0]


def test_defaults_settle_on_a_pair_that_copies_each_other():
    # Without the restart, and without half steps, these two would swap their scores for ever.
    pair = graph_of([(0, 1), (1, 0)], 2)
    assert bounded_scar(mutual_ties(pair), [-0.4, 0.4]).tolist() == pytest.approx([-0.4 / 1.995, 0.4 / 1.995], abs=1e-3)
    assert gang(pair, [-0.4, 0.4]) == pytest.approx([-0.2, 0.2], abs=1e-5)


def test_one_way_relations_cannot_be_bought_in_gang():
    # Account 0 is honest, 1 is fake; the fake follows 2, and the honest one follows 3.
    fake_follows, honest_follows = (1, 2), (0, 3)
    score = gang(graph_of([fake_follows, honest_follows], 4), [-0.4, 0.4, 0.0, 0.0], weight=0.1)
    assert score[2] == 0.0
    assert score[3] == pytest.approx(-0.08, abs=1e-5)


@pytest.mark.parametrize("method", [sybilscar, bounded_scar, gang])
@pytest.mark.parametrize(
    ("prior", "message"),
    [
        ([0.0, 0.0], "prior is zero for every account: no labels"),
        ([0.4], r"prior has shape \(1,\), not \(2,\)"),
        ([0.4, -0.6], r"prior of account 1 is -0.6, not in \[-0.5, 0.5\]"),
        ([float("nan"), 0.1], "prior of account 0 is nan"),
        (["honest", "fake"], "prior is not an array of numbers"),
    ],
)
def test_impossible_prior_is_refused(method, prior, message):
    with pytest.raises(ParameterError, match=message):
        method(graph_of([(0, 1), (1, 0)], 2), prior)


@pytest.mark.parametrize("method", [sybilscar, bounded_scar, lambda graph, _: sybilrank(graph, [0])])
def test_relations_that_are_not_returned_are_refused_as_ties(method):
    uneven = TrustGraph.from_edges(2, source=[0, 1], target=[1, 0], weight=[1.0, 2.0])
    for graph in (graph_of([(0, 1)], 2), uneven):
        with pytest.raises(ParameterError, match="ties has a relation that is not returned with the same weight"):
            method(graph, [-0.4, 0.4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda graph, q: bounded_scar(graph, q, restart=0.0), r"restart is 0.0, not in \(0, 1\]"),
        (lambda graph, q: bounded_scar(graph, q, tol=0.0), "tol is 0.0, not a finite number"),
        (lambda graph, q: bounded_scar(graph, q, max_iter=0), "max_iter is 0, not a whole number"),
        (lambda graph, q: gang(graph, q, tol=float("inf")), "tol is inf"),
        (lambda graph, q: gang(graph, q, weight=-1.0), "weight is -1.0, not a finite number"),
        (lambda graph, q: sybilscar(graph, q, n_sweeps=True), "n_sweeps is True"),
        (lambda graph, _: sybilrank(graph, [0], n_sweeps=0), "n_sweeps is 0"),
        (lambda graph, _: sybilrank(graph, []), "honest holds no account: there are no labels of this side"),
        (lambda graph, _: sybilrank(graph, [2]), "honest holds 2, not one of the 2 accounts"),
        (lambda graph, _: embedded_ties(graph, floor=0.0), "floor is 0.0, not a finite number greater than zero"),
    ],
)
def test_option_out_of_range_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call(graph_of([(0, 1), (1, 0)], 2), [-0.4, 0.4])


@pytest.mark.parametrize("method", [bounded_scar, gang])
def test_too_few_iterations_raise_instead_of_returning_a_half_done_answer(method):
    chain = graph_of([(0, 1), (1, 0), (1, 2), (2, 1)], 3)
    with pytest.raises(ConvergenceError, match=r"still changes by .* after 3 iterations, more than tol 1e-09"):
        method(chain, [-0.4, 0.0, 0.0], tol=1e-9, max_iter=3)


def test_labels_of_both_sides_weigh_the_same():
    prior = label_prior(5, honest=[0, 1, 2], fake=[4], theta=0.8)
    assert prior == pytest.approx([-0.1, -0.1, -0.1, 0.0, 0.3])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"honest": [], "fake": [1]}, "honest holds no account"),
        ({"honest": [0], "fake": []}, "fake holds no account"),
        ({"honest": [0, 1], "fake": [1]}, "account 1 is labelled both honest and fake"),
        ({"honest": [0], "fake": [3]}, "fake holds 3, not one of the 3 accounts"),
        ({"honest": [-1], "fake": [1]}, "honest holds -1"),
        ({"honest": [0.5], "fake": [1]}, "honest holds float64 values"),
        ({"honest": [0], "fake": [1], "theta": 0.5}, r"theta is 0.5, not in \(0.5, 1\]"),
    ],
)
def test_impossible_labels_are_refused(labels, message):
    with pytest.raises(ParameterError, match=message):
        label_prior(3, **labels)


@QUICK
@given(st.lists(st.floats(0, 1) | st.just(float("nan")), min_size=1, max_size=12))
def test_classifier_prior_is_balanced_and_keeps_the_order(probabilities):
    prior, known = classifier_prior(probabilities), ~np.isnan(probabilities)
    assert prior.sum() == pytest.approx(0.0, abs=1e-12)
    assert not prior[~known].any()
    assert np.abs(prior).max() <= 0.4
    order = np.argsort(np.array(probabilities)[known])
    assert (np.diff(prior[known][order]) >= 0).all()


def test_labels_replace_what_the_classifier_says():
    prior = classifier_prior([0.9, 0.3, 0.5, np.nan], honest=[0], fake=[3])
    assert prior == pytest.approx([-0.4, -0.1, 0.1, 0.4])


@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        ([0.1, 1.2], {}, "fake_probability holds 1.2, not only numbers in"),
        ([[0.1]], {}, r"fake_probability has shape \(1, 1\)"),
        ([0.1, 0.2], {"honest": [0]}, "fake holds no account"),
    ],
)
def test_impossible_classifier_is_refused(probabilities, labels, message):
    with pytest.raises(ParameterError, match=message):
        classifier_prior(probabilities, **labels)


def test_classifier_that_tells_nobody_apart_is_no_prior():
    ties = mutual_ties(graph_of([(0, 1), (1, 0)], 2))
    with pytest.raises(ParameterError, match="no labels, and no classifier that tells any apart"):
        bounded_scar(ties, classifier_prior([0.3, 0.3]))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ties_without_shared_acquaintances_let_few_fakes_in(seed):
    # Two worlds of communities, and more than a quarter as many ties between them as inside; 30 labels each.
    rng = np.random.default_rng(seed)
    n, indices = 300, np.arange(300)
    same = indices[:, None] // 20 == indices[None, :] // 20
    ends = np.column_stack(np.nonzero(np.triu(rng.random((n, n)) < np.where(same, 0.5, 0.01), 1)))
    across = rng.integers([0, n], [n, 2 * n], (3 * len(ends) // 5, 2))
    pairs = np.concatenate([ends, ends + n, across])
    graph = graph_of(np.concatenate([pairs, pairs[:, ::-1]]).tolist(), 2 * n)
    prior = label_prior(2 * n, honest=rng.choice(n, 30, replace=False), fake=n + rng.choice(n, 30, replace=False))
    scores = {name: bounded_scar(ties_of(graph), prior) for name, ties_of in TIES.items()}
    wrong = {name: np.mean(score[:n, None] >= score[None, n:]) for name, score in scores.items()}
    assert wrong["embedded"] < 0.05
    assert wrong["embedded"] < wrong["equal"] / 2
