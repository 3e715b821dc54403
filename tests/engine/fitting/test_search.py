"""The search, the space that it searches, and the interval of what it found."""

import numpy as np
import pytest

from guanxi.engine import Strategy
from guanxi.engine.fitting.gains import Gain
from guanxi.engine.fitting.search import climb
from guanxi.engine.fitting.space import Space
from guanxi.local_trust import RelationWeight
from strategies import row, snapshot_of

ROWS = [
    row("follow", "ann", "bob", at=0),
    row("follow", "ann", "cat", at=0),
    row("trust", "ann", "dan", at=5),
    row("share", "bob", "tea", at=8),
    row("purchase", "ann", "tea", at=9),
    row("follow", "bob", "cat", at=10),
]


def _looks(objective, ranges, *, budget=200, seed=0, margin=1e-9):
    return list(climb(objective, ranges, budget=budget, margin=margin, rng=np.random.default_rng(seed)))


def test_climb_finds_the_top_of_a_hill():
    looks = _looks(lambda x: -float(((x - [2.0, -1.5, 0.0]) ** 2 @ [1, 3, 5]) + x[0] * x[1] / 9), [(-4, 4)] * 3)
    assert looks[-1].best == pytest.approx([2.08, -1.53, 0.0], abs=0.15)
    assert max(look.value for look in looks) == looks[-1].best_value


def test_climb_stays_within_ranges_and_looks_nowhere_twice_in_a_row():
    looks = _looks(lambda x: float(x.sum()), [(-1, 3), (-5, 0)])
    assert looks[-1].best.tolist() == [3.0, 0.0]
    assert all((look.point <= [3, 0]).all() and (look.point >= [-1, -5]).all() for look in looks)


def test_climb_ends_with_its_budget():
    assert [look.number for look in _looks(lambda x: float(x[0]), [(-9, 9)], budget=3)] == [1, 2, 3]


def test_climb_ignores_what_adds_less_than_the_margin():
    assert _looks(lambda x: 0.001 * float(x[0]), [(-4, 4)], margin=0.01)[-1].best.tolist() == [0.0]


def test_climb_draws_its_order_by_the_seed():
    runs = [[look.point.tolist() for look in _looks(lambda x: -float(x @ x), [(-4, 4)] * 4, seed=s)] for s in (1, 1, 2)]
    assert runs[0] == runs[1] != runs[2]


def test_parameters_are_those_that_make_a_difference():
    space = Space.of(snapshot_of(ROWS), Strategy())
    assert space.reference == "follow"
    assert [parameter.label for parameter in space.parameters] == [
        "weight of purchase",
        "weight of trust",
        "half-life in days of follow",
        "half-life in days of purchase",
        "half-life in days of trust",
        "attribution_days",
    ]


def test_origin_is_the_strategy_itself_and_a_point_multiplies():
    base = Strategy()
    space = Space.of(snapshot_of(ROWS), base)
    assert space.strategy(np.zeros(len(space.parameters))) == base
    moves = {"weight of trust": 1.0, "half-life in days of follow": -1.0}
    moved = space.strategy(np.array([moves.get(of.label, 0.0) for of in space.parameters]))
    assert moved.weights["trust"] == RelationWeight(4.0, None)
    assert moved.weights["follow"] == RelationWeight(1.0, 365.0)
    assert moved.weights["purchase"] == base.weights["purchase"]


def test_what_does_not_fade_can_only_begin_to():
    space = Space.of(snapshot_of(ROWS), Strategy())
    trust = next(of for of in space.parameters if of.label == "half-life in days of trust")
    assert (trust.high, trust.value(0.0), trust.value(-2.0)) == (0.0, None, 10.0)  # the data span ten days


def test_relation_type_without_weight_is_not_learned():
    space = Space.of(snapshot_of(ROWS), Strategy().with_weight("purchase", 0.0))
    assert not any("purchase" in of.label or of.label == "attribution_days" for of in space.parameters)


def test_prior_counts_ratios_of_weights_alone():
    space = Space.of(snapshot_of(ROWS), Strategy())
    weights = np.array([of.part == "weight" for of in space.parameters])
    assert space.log_prior(np.zeros(len(weights))) == 0.0
    only_one = np.where(np.arange(len(weights)) == 0, 3.0, 0.0)
    assert space.log_prior(weights * 3.0) == pytest.approx(space.log_prior(only_one))  # all but one, or one of three
    assert space.log_prior(~weights * 1.0) == pytest.approx(-0.5 * (~weights).sum())


def test_interval_holds_the_mean_and_narrows_with_viewers():
    rng = np.random.default_rng(1)
    differences = rng.normal(0.3, 1.0, 4000)
    few, many = (Gain.of(differences[:n], np.random.default_rng(2)) for n in (100, 4000))
    assert few.low < few.mean < few.high
    assert many.high - many.low == pytest.approx(2 * 1.96 * differences.std() / np.sqrt(4000), rel=0.05)
    assert (many.verdict, Gain(-1.0, -2.0, -0.5).verdict, Gain(0.0, -1.0, 1.0).verdict) == ("gain", "loss", "none")


def test_no_difference_is_no_gain():
    assert Gain.of(np.zeros(60), np.random.default_rng(1)) == Gain(0.0, 0.0, 0.0)
    assert Gain.of(np.zeros(60), np.random.default_rng(1)).verdict == "none"


def test_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(7)
    found = [Gain.of(rng.exponential(1.0, 150) - 1.0, rng) for _ in range(60)]
    assert sum(gain.low <= 0 <= gain.high for gain in found) >= 51
