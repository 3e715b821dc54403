import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

import reference_pairwise as reference
from guanxi.errors import ParameterError
from guanxi.trust import Statements, fit_pairwise
from guanxi.trust.pairwise.features import TERMS, Opinions
from trust.graphs import QUICK

VALUES = st.one_of(st.sampled_from([-1.0, -0.5, 0.0, 0.1, 1.0]), st.floats(-1, 1))


@st.composite
def statements(draw, min_accounts=2, max_accounts=7):
    """Small, dense sets of statements, as the package's record and as a dict."""
    n = draw(st.integers(min_accounts, max_accounts))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda pair: pair[0] != pair[1])
    said = draw(st.dictionaries(pairs, VALUES, max_size=n * (n - 1)))
    return record(n, said), said


def record(n, said):
    source, target = np.array(list(said), dtype=int).reshape(-1, 2).T
    return Statements.of(n, source=source, target=target, value=list(said.values()))


def all_pairs(n):
    pairs = [(a, b) for a in range(n) for b in range(n) if a != b]
    return np.array(pairs, dtype=np.int64).T


def market(n=40, n_statements=400, seed=3):
    """Accounts of good and bad quality, said so by honest accounts, turned around by a few that lie."""
    rng = np.random.default_rng(seed)
    quality, lies = rng.uniform(-1, 1, n), rng.random(n) < 0.2
    source, target = rng.integers(0, n, n_statements), rng.integers(0, n, n_statements)
    value = np.where(lies[source], -1, 1) * quality[target] + rng.normal(0, 0.1, n_statements)
    return Statements.of(n, source=source, target=target, value=np.clip(value, -1, 1))


@QUICK
@given(statements(), st.sampled_from([0.5, 1.0, 3.0]))
def test_terms_of_any_pair_equal_recounting_without_its_statement(made, prior):
    found, said = made
    sources, targets = all_pairs(found.n)
    features = Opinions.of(found, prior).features(sources, targets)
    for place, (a, b) in enumerate(zip(sources.tolist(), targets.tolist(), strict=True)):
        terms, evidence = reference.terms(said, a, b, prior)
        assert features.columns[place] == pytest.approx([terms[term] for term in TERMS], abs=1e-12)
        assert features.evidence[place] == evidence


@QUICK
@given(statements(), VALUES)
def test_another_value_of_the_statement_leaves_the_pair_s_terms(made, value):
    found, said = made
    for pair in said:
        changed = record(found.n, said | {pair: value})
        source, target = np.array([pair[0]]), np.array([pair[1]])
        before = Opinions.of(found, 1.0).features(source, target)
        after = Opinions.of(changed, 1.0).features(source, target)
        assert before.columns == pytest.approx(after.columns, abs=1e-12)


def test_terms_on_a_big_graph_equal_recounting_without_the_statement():
    found = market()
    said = dict(zip(zip(found.source.tolist(), found.target.tolist(), strict=True), found.value.tolist(), strict=True))
    picked = np.arange(0, found.m, 40)
    features = Opinions.of(found, 1.0).features(found.source[picked], found.target[picked])
    for place, at in enumerate(picked):
        terms, _ = reference.terms(said, int(found.source[at]), int(found.target[at]))
        assert features.columns[place] == pytest.approx([terms[term] for term in TERMS], abs=1e-12)


@QUICK
@given(statements(min_accounts=3), st.sampled_from(["value", "sign"]))
def test_terms_sum_to_the_value_within_bounds(made, outcome):
    model = fit_pairwise(made[0], outcome=outcome)
    found = model.predict(*all_pairs(made[0].n))
    known = found.known
    assert found.terms[known].sum(axis=1) == pytest.approx(found.values[known], abs=1e-9)
    assert (np.abs(found.values[known]) <= 1).all()
    assert np.isnan(found.values[~known]).all()
    assert (found.confidence[~known] == 0).all()


def test_value_beyond_the_bounds_is_kept_within_by_the_term_limit():
    said = Statements.of(4, source=[0, 1, 0, 1, 2], target=[2, 2, 3, 3, 0], value=[1, 1, -1, -1, 0.5])
    found = fit_pairwise(said, penalties=[0.01]).predict([2], [3])
    assert found.terms[0, :-1].sum() < -1
    assert found.values[0] == pytest.approx(-1, abs=1e-12)
    assert found.names[-1] == "limit"
    assert found.terms[0].sum() == pytest.approx(found.values[0], abs=1e-12)


@QUICK
@given(statements(min_accounts=3))
def test_left_out_weights_equal_a_fit_without_the_example(made):
    statement_record, _ = made
    model = fit_pairwise(statement_record, penalties=[0.5])
    left_out = model.left_out()
    features = model.opinions.features(statement_record.source, statement_record.target)
    used = features.evidence > 0
    for place in np.flatnonzero(used):
        others = used.copy()
        others[place] = False
        wanted = statement_record.value[others]
        weights = reference.ridge(features.columns[others], wanted, 0.5, TERMS.index("base"))
        assert left_out.terms[place, :-1] == pytest.approx(features.columns[place] * weights, abs=1e-8)


def test_penalty_chosen_is_the_best_of_those_given_on_left_out_statements():
    said = market()

    def error(penalty):
        model = fit_pairwise(said, penalties=[penalty])
        raw = model.left_out().terms[:, :-1].sum(axis=1)
        return ((raw - said.value) ** 2).mean()

    best = min([0.01, 1.0, 1000.0], key=error)
    assert fit_pairwise(said, penalties=[1000.0, 1.0, 0.01]).penalty == best


def test_cut_gives_the_highest_macro_f1_on_left_out_statements():
    said = market()
    model = fit_pairwise(said, outcome="sign", penalties=[1.0])
    raw = model.left_out().terms[:, :-1].sum(axis=1)
    positive = said.value > 0
    tried = [reference.macro_f1(raw > cut, positive) for cut in raw[raw < raw.max()]]
    assert reference.macro_f1(raw > model.cut, positive) == pytest.approx(max(tried), abs=1e-12)


def test_market_with_liars_is_predicted_better_than_by_what_the_target_receives():
    said = market(n=60, n_statements=1200)
    found = fit_pairwise(said).left_out()
    column = Opinions.of(said, 1.0).features(said.source, said.target).columns[:, TERMS.index("target receives")]
    assert np.corrcoef(found.values, said.value)[0, 1] > np.corrcoef(column, said.value)[0, 1] + 0.1


def test_statements_of_one_sign_put_the_cut_at_zero():
    said = Statements.of(3, source=[0, 1, 2, 0], target=[1, 2, 0, 2], value=[1, 1, 1, 0.5])
    assert fit_pairwise(said).cut == 0


def test_account_that_nobody_spoke_of_is_unknown_not_bad():
    said = Statements.of(4, source=[0, 1, 0], target=[1, 0, 2], value=[1, -1, -1])
    found = fit_pairwise(said).predict([0, 0], [3, 1])
    assert np.isnan(found.values[0])
    assert np.isnan(found.terms[0]).all()
    assert found.known.tolist() == [False, True]
    assert found.explain(0) == []


@QUICK
@given(statements(), st.sampled_from(["value", "sign"]))
def test_habit_is_the_source_s_shrunk_mean_without_the_pair_s_statement(made, outcome):
    found, said = made
    sources, targets = all_pairs(found.n)
    habits = fit_pairwise(found, outcome=outcome, prior=2.0).predict(sources, targets).habits
    for place, pair in enumerate(zip(sources.tolist(), targets.tolist(), strict=True)):
        others = reference.without(said, pair)
        assert habits[place] == pytest.approx(reference.habit(others, pair[0], 2.0, sign=outcome == "sign"), abs=1e-12)


def test_only_statement_about_an_account_is_no_evidence_for_itself():
    said = Statements.of(3, source=[0, 1], target=[2, 0], value=[1, 1])
    left_out = fit_pairwise(said).left_out()
    assert left_out.known.tolist() == [False, False]
    assert fit_pairwise(said).predict([1], [2]).known.tolist() == [True]


def test_more_evidence_gives_more_confidence():
    said = Statements.of(6, source=[1, 1, 2, 1, 2, 3], target=[3, 4, 4, 5, 5, 5], value=np.ones(6))
    found = fit_pairwise(said, rigor=0.5).predict([0, 0, 0], [3, 4, 5])
    assert found.evidence.tolist() == [1, 2, 3]
    assert found.confidence == pytest.approx([0.5, 0.75, 0.875])


def test_no_statements_leave_everything_unknown():
    nothing = Statements.of(3, source=[], target=[], value=[])
    model = fit_pairwise(nothing)
    assert len(model.left_out().values) == 0
    assert not model.predict([0, 1], [1, 2]).known.any()
    assert len(model.predict([], []).values) == 0


def test_no_accounts_are_no_error():
    model = fit_pairwise(Statements.of(0, source=[], target=[], value=[]))
    assert model.predict([], []).values.shape == (0,)


def test_explanation_names_the_terms_largest_first():
    model = fit_pairwise(market())
    found = model.predict([0], [1])
    explained = found.explain(0)
    sizes = [abs(term) for _, term in explained]
    assert sizes == sorted(sizes, reverse=True)
    assert math.fsum(term for _, term in explained) == pytest.approx(found.values[0], abs=1e-9)


@QUICK
@given(statements(min_accounts=3), st.randoms(use_true_random=False))
def test_relabelled_accounts_and_shuffled_statements_give_the_same_trust(made, random):
    found, said = made
    names = list(range(found.n))
    random.shuffle(names)
    items = list(said.items())
    random.shuffle(items)
    other = record(found.n, {(names[a], names[b]): value for (a, b), value in items})
    sources, targets = all_pairs(found.n)
    renamed = np.array(names)
    expected = fit_pairwise(found, penalties=[1.0]).predict(sources, targets)
    got = fit_pairwise(other, penalties=[1.0]).predict(renamed[sources], renamed[targets])
    assert got.values == pytest.approx(expected.values, abs=1e-9, nan_ok=True)


def test_same_statements_give_the_same_bits():
    first, second = (fit_pairwise(market()).left_out() for _ in range(2))
    assert first.terms.tobytes() == second.terms.tobytes()


def test_order_of_the_pairs_asked_leaves_each_answer_alone():
    model = fit_pairwise(market())
    sources, targets = all_pairs(20)
    order = np.random.default_rng(0).permutation(len(sources))
    expected, got = model.predict(sources, targets), model.predict(sources[order], targets[order])
    assert got.terms == pytest.approx(expected.terms[order], abs=1e-15, nan_ok=True)


def test_sign_outcome_ignores_how_strong_the_statements_wanted_are():
    said = market()
    model = fit_pairwise(said, outcome="sign", penalties=[1.0])
    features = model.opinions.features(said.source, said.target)
    expected = reference.ridge(features.columns, np.sign(said.value), 1.0, TERMS.index("base"))
    assert model.weights == pytest.approx(expected, abs=1e-8)


def test_later_statement_replaces_the_earlier_and_self_praise_is_left_out():
    said = Statements.of(3, source=[0, 0, 1, 2], target=[1, 1, 1, 0], value=[1, -1, 1, 0.5], time=[5, 4, 1, 1])
    assert said.source.tolist() == [0, 2]
    assert said.value.tolist() == [1, 0.5]


def test_statements_without_time_are_taken_in_the_order_given():
    said = Statements.of(2, source=[0, 0], target=[1, 1], value=[1, -1])
    assert said.value.tolist() == [-1]


def test_find_gives_positions_of_statements_and_minus_one_elsewhere():
    said = Statements.of(3, source=[2, 0], target=[1, 2], value=[1, 1])
    assert said.find(np.array([0, 2, 1, 2]), np.array([2, 1, 0, 0])).tolist() == [0, 1, -1, -1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"n": -1}, r"n is -1, not in 0\.\.2147483648"),
        ({"source": [0, 3]}, "source holds 3, not an index below n = 3"),
        ({"target": [1, -1]}, "target holds -1, not an index below n = 3"),
        ({"source": [0.5, 1.0]}, "source holds float64 values, not indices"),
        ({"source": [[0, 1]]}, r"source has shape \(1, 2\), not one dimension"),
        ({"value": [0.0, 1.5]}, r"value holds 1\.5, not only numbers in \[-1, 1\]"),
        ({"value": [0.0, math.nan]}, "value holds nan"),
        ({"value": ["x", "y"]}, "value is not an array of numbers"),
        ({"value": [0.0]}, "source, target, value and time have 2, 2, 1 and 2 entries, not the same"),
        ({"time": [0.0, math.inf]}, "time holds inf, not only finite numbers"),
    ],
)
def test_statements_out_of_range_are_refused(change, message):
    given = {"n": 3, "source": [0, 1], "target": [1, 2], "value": [0.5, -0.5]} | change
    with pytest.raises(ParameterError, match=message):
        Statements.of(given.pop("n"), **given)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"outcome": "rank"}, "outcome is 'rank', not 'value' or 'sign'"),
        ({"prior": 0}, "prior is 0, not a finite number greater than zero"),
        ({"prior": math.inf}, "prior is inf"),
        ({"rigor": 1}, r"rigor is 1, not in \(0, 1\)"),
        ({"penalties": []}, r"penalties is \[\], not finite numbers greater than zero"),
        ({"penalties": [1.0, 0.0]}, "penalties is"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        fit_pairwise(market(), **options)


@pytest.mark.parametrize(
    ("sources", "targets", "message"),
    [
        ([0], [1, 2], "sources and targets have 1 and 2 entries, not the same"),
        ([0], [99], "targets holds 99, not an index below n = 40"),
        ([0, 7], [1, 7], "account 7 is asked about itself"),
    ],
)
def test_pairs_out_of_range_are_refused(sources, targets, message):
    with pytest.raises(ParameterError, match=message):
        fit_pairwise(market()).predict(sources, targets)


def test_prediction_of_a_stated_pair_is_that_of_leaving_its_statement_out():
    said = market()
    model = fit_pairwise(said)
    whole, alone = model.left_out(), model.predict(said.source[3:4], said.target[3:4])
    assert alone.values[0] == pytest.approx(whole.values[3], abs=1e-12)
    assert alone.terms[0] == pytest.approx(whole.terms[3], abs=1e-12)


def test_errors_are_those_of_statements_left_out():
    said = market()
    model, known = fit_pairwise(said), fit_pairwise(said).left_out().known
    errors = model.left_out().values[known] - said.value[known]
    usual = [value - np.delete(said.value[known], at).mean() for at, value in enumerate(said.value[known])]
    assert model.error == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert model.usual_error == pytest.approx(np.sqrt(np.mean(np.square(usual))))
    gains = np.square(usual) - errors**2
    assert model.evidence_of_gain == pytest.approx(gains.mean() / scipy.stats.sem(gains))


def test_chance_is_no_evidence_of_gain_and_a_market_is():
    rng = np.random.default_rng(0)
    source, target = rng.integers(0, 200, (2, 1000))
    chance = Statements.of(200, source=source, target=target, value=rng.choice([-1.0, 1.0], 1000))
    assert fit_pairwise(chance).evidence_of_gain < 3 < fit_pairwise(market()).evidence_of_gain
    assert np.isnan(fit_pairwise(Statements.of(2, source=[0], target=[1], value=[1.0])).evidence_of_gain)


def test_fewer_examples_are_learned_from_and_each_is_still_left_out():
    said = market()
    model = fit_pairwise(said, max_examples=said.m // 3, penalties=[0.5])
    features = model.opinions.features(said.source, said.target)
    for place in (0, model.stride, model.stride + 1):
        examples = (np.arange(said.m) % model.stride == 0) & (features.evidence > 0)
        examples[place] = False
        weights = reference.ridge(features.columns[examples], said.value[examples], 0.5, TERMS.index("base"))
        found = model.predict(said.source[place : place + 1], said.target[place : place + 1])
        assert found.terms[0, :-1] == pytest.approx(features.columns[place] * weights, abs=1e-8)
    assert fit_pairwise(said, max_examples=said.m).stride == 1
    with pytest.raises(ParameterError, match="max_examples is 0, not 1 or more"):
        fit_pairwise(said, max_examples=0)
