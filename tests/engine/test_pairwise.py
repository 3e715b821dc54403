"""What one account would say about another: sums, what is left out, what is not known, and who may know it."""

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.pairwise import REASONS, pairwise
from guanxi.engine.statements import MIN_STATEMENTS, statements_of
from guanxi.errors import UnknownIdError
from guanxi.loading import FileMapping
from guanxi.schema import load_model
from guanxi.trust import Statements, fit_pairwise
from strategies import row

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
RATINGS = DATA / "bitcoin_otc" / "ratings.csv.gz"
N = 24
NAMES = [f"a{i:02}" for i in range(N)] + ["邓"]
MOST = load_model().relation("trust").value.maximum


def market(seed=4, n=260):
    """Who is good is rated well, but for the noise; and the rest of the world follows one of them."""
    rng = np.random.default_rng(seed)
    quality = rng.uniform(-0.9, 0.9, N)
    pairs = sorted({(int(a), int(b)) for a, b in rng.integers(0, N, (n, 2)) if a != b})
    noise = rng.normal(0, 0.1, len(pairs))
    said = {(a, b): float(np.clip(quality[b] + noise[i], -1, 1)) for i, (a, b) in enumerate(pairs)}
    return said, quality


def rows_of(said):
    rows = [row("trust", NAMES[a], NAMES[b], value=value * MOST, at=1) for (a, b), value in said.items()]
    return [*rows, row("follow", "邓", NAMES[0], at=2)]


@pytest.fixture
def view(engine, answer):
    said, _ = market()
    return answer(engine, rows_of(said))


def stated(said, at=0):
    return list(said)[at]


def test_terms_add_up_to_what_the_model_expects(view):
    said, _ = market()
    ends = np.array(list(said))
    model = fit_pairwise(Statements.of(N + 1, source=ends[:, 0], target=ends[:, 1], value=list(said.values())))
    asked = [(a, b) for a in range(6) for b in range(N) if a != b]
    expected = model.predict(*np.array(asked).T)
    for at, (a, b) in enumerate(asked):
        found = pairwise(view, NAMES[a], NAMES[b])
        assert found["value"] == pytest.approx(expected.values[at], abs=1e-9)
        assert sum(term["amount"] for term in found["terms"]) == pytest.approx(found["value"], abs=1e-9)
        assert found["evidence"] == expected.evidence[at]
        assert found["confidence"] == pytest.approx(expected.confidence[at])
        assert found["said"] == pytest.approx(said.get((a, b)))
        assert found["error"] == pytest.approx(model.error)
        assert found["n_statements"] == len(said)
        assert json.loads(json.dumps(found)) == found


def test_good_accounts_are_expected_to_be_praised_and_bad_ones_not(view):
    _, quality = market()
    expected = [pairwise(view, NAMES[0], NAMES[b])["value"] for b in range(1, N)]
    assert np.corrcoef(expected, quality[1:])[0, 1] > 0.9


def test_statement_has_no_part_in_its_own_prediction(engine, answer):
    said, _ = market()
    a, b = stated(said, 7)
    others = {pair: value for pair, value in said.items() if pair != (a, b)}
    features = []
    for value in (-1.0, 1.0):
        view = answer(engine, [*rows_of(others), row("trust", NAMES[a], NAMES[b], value=value * MOST, at=3 + value)])
        found = pairwise(view, NAMES[a], NAMES[b])
        assert found["said"] == value
        features.append(found)
    low, high = features
    assert low["evidence"] == high["evidence"]
    # The weights of other pairs still know it as a neighbour's; an own example would move it by far more.
    assert low["value"] == pytest.approx(high["value"], abs=0.05)


def test_answer_is_part_of_what_trust_says(view):
    data, _ = view.trust(NAMES[0], NAMES[1])
    assert data["pairwise"] == pairwise(view, NAMES[0], NAMES[1])


def test_same_question_has_the_same_answer_to_the_bit(engine, view):
    again = Engine(engine.store.home).view()
    for b in range(1, N):
        assert pairwise(again, NAMES[0], NAMES[b]) == pairwise(view, NAMES[0], NAMES[b])


def code(found):
    assert found["value"] is None
    assert found["terms"] == []
    assert found["confidence"] == 0
    assert found["reason"]["text"] == REASONS[found["reason"]["code"]]
    return found["reason"]["code"]


def test_nobody_speaks_about_themselves_newcomers_say_nothing_and_strangers_are_errors(view):
    assert code(pairwise(view, NAMES[0], NAMES[0])) == "own_account"
    assert code(pairwise(view, "newcomer", NAMES[0])) == "unknown_viewer"
    assert code(pairwise(view, NAMES[0], "邓")) == "no_evidence"
    with pytest.raises(UnknownIdError, match="no account 'stranger'"):
        pairwise(view, NAMES[0], "stranger")


def test_follower_who_rates_nobody_gets_an_answer_by_what_others_say(view):
    found = pairwise(view, "邓", NAMES[1])
    assert found["value"] is not None
    assert found["said"] is None


def test_few_statements_and_equal_ones_teach_nothing(engine, answer):
    said, _ = market()
    few = answer(engine, rows_of(dict(list(said.items())[: MIN_STATEMENTS - 1])))
    found = pairwise(few, *(NAMES[i] for i in stated(said)))
    assert code(found) == "too_few_statements"
    assert found["n_statements"] == MIN_STATEMENTS - 1
    assert found["said"] == pytest.approx(said[stated(said)])


def test_statements_that_all_say_the_same_teach_nothing(engine, answer):
    said, _ = market()
    rows = [row("trust", NAMES[a], NAMES[b], at=1) for a, b in said]
    view = answer(engine, rows)
    found = pairwise(view, *(NAMES[i] for i in stated(said)))
    assert code(found) == "all_say_the_same"
    assert found["said"] == pytest.approx(load_model().relation("trust").value.default / MOST)


def test_statements_at_random_are_said_to_teach_nothing(engine, answer):
    rng = np.random.default_rng(0)
    pairs = [(a, (a + step) % N) for step in (1, 2, 3) for a in range(N)]
    view = answer(engine, rows_of({pair: float(rng.choice([-1, 1])) for pair in pairs}))
    assert code(pairwise(view, NAMES[0], NAMES[5])) == "nothing_to_learn"


def test_store_without_statements_says_so(engine, answer):
    view = answer(engine, [row("follow", "ann", "bob")])
    assert code(pairwise(view, "ann", "bob")) == "too_few_statements"


def test_statements_that_are_not_public_have_no_terms_and_need_several_people(engine, answer):
    said, _ = market()
    answer(engine, rows_of(said))
    engine._privacy, engine._view = Privacy(public=frozenset({"follow"}), k=12), None
    veiled = engine.view()
    found = [pairwise(veiled, NAMES[0], NAMES[b]) for b in range(1, N)]
    assert {entry["value"] is None for entry in found} == {True, False}
    for entry in found:
        assert entry["terms"] == []
        if entry["value"] is None:
            assert code(entry) == "too_few_people"
            assert entry["evidence"] is None
        else:
            assert entry["evidence"] >= 12


def test_statements_of_accused_accounts_are_not_learned_from(engine, answer):
    said, _ = market()
    rings = [row("follow", f"fake{i:02}", f"customer{j}") for i in range(40) for j in range(10)]
    ends = np.random.default_rng(1).integers(0, 300, (2000, 2))
    friends = [row("follow", f"reader{a}", f"reader{b}") for a, b in np.r_[ends, ends[:1000, ::-1]] if a != b]
    praise = [row("trust", f"fake{i:02}", NAMES[0], value=MOST) for i in range(40)]
    rows = [*rows_of(said), *rings, *friends, *praise]
    heard = answer(engine, rows)
    assert pairwise(heard, NAMES[1], NAMES[0])["n_statements"] == len(said)
    assert statements_of(heard.snapshot).m == len(said) + 40
    undiscounted = answer(engine, rows, Strategy(discounts=False))
    assert pairwise(undiscounted, NAMES[1], NAMES[0])["n_statements"] == len(said) + 40


@pytest.mark.skipif(not RATINGS.exists(), reason="bitcoin_otc/ratings.csv.gz is not in GUANXI_DATA")
def test_bitcoin_otc_as_loaded_is_predicted_as_by_the_benchmark(engine):
    columns = {"source": "rater", "target": "ratee", "value": "rating", "time": "unix_time"}
    report = engine.load([RATINGS], [FileMapping(columns=columns, constants={"relation": "trust"})])
    assert (report.n_created, report.n_rejects) == (35_592, 0)
    engine.snapshot()
    engine.score()
    with gzip.open(RATINGS, "rt") as file:
        rater, ratee, rating, when = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64).T
    names, index = np.unique(np.concatenate([rater, ratee]), return_inverse=True)
    half = len(rater)
    said = Statements.of(len(names), source=index[:half], target=index[half:], value=rating / 10, time=when)
    expected, view = fit_pairwise(said).left_out(), engine.view()
    for at in np.random.default_rng(0).choice(said.m, 60, replace=False):
        found = pairwise(view, str(names[said.source[at]]), str(names[said.target[at]]))
        assert found["said"] == pytest.approx(said.value[at])
        if expected.known[at]:
            assert found["value"] == pytest.approx(expected.values[at], abs=1e-9)
        else:
            assert code(found) == "no_evidence"
