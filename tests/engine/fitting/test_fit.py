"""Worlds with a known law: what a fit learns, what it says of it, and that it sees nothing of what came later."""

from dataclasses import replace

import numpy as np
import pytest

from guanxi.engine import Strategy
from guanxi.engine.fitting import MIN_VIEWERS, FitOptions, fit, fit_store
from guanxi.engine.fitting.splitting import cuts_of
from guanxi.engine.strategies import as_toml, read_strategy
from guanxi.errors import DataError, NotReadyError, ParameterError
from guanxi.events.coded import Coded
from guanxi.local_trust import RelationWeight
from reference_fitting import world
from strategies import day, row, table

FOLLOWS_FIRST = Strategy().with_weight("follow", 12.0)
QUICK, ENOUGH = FitOptions(budget=12), FitOptions(budget=50)


@pytest.fixture(scope="module")
def listening():
    """Events of a world in which trusted accounts are heeded twenty times as much as followed ones."""
    return table(world(1, heed=20.0))


@pytest.fixture(scope="module")
def learned(listening):
    return fit([listening], FOLLOWS_FIRST, ENOUGH)


def _ratio(strategy):
    return strategy.weights["trust"].weight / strategy.weights["follow"].weight


def test_follows_that_nobody_heeds_lose_weight_and_the_test_shows_a_gain(learned):
    assert _ratio(learned.strategy) > 5 * _ratio(FOLLOWS_FIRST)
    assert learned.strategy.weights["follow"].half_life_days < 365
    assert learned.test.ndcg.low > 0
    assert learned.test.log_likelihood.low > 0
    assert learned.test.fitted.ndcg > learned.test.base.ndcg > 0
    assert "ranks better than balanced@1" in learned.strategy.description


def test_strategy_learned_in_another_world_of_the_same_law_is_not_improved(listening):
    other = fit([table(world(2, heed=20.0))], FOLLOWS_FIRST, ENOUGH)
    again = fit([listening], other.strategy, ENOUGH)
    assert again.test.ndcg.low <= 0 <= again.test.ndcg.high
    assert again.test.ndcg.verdict == "none"
    assert "no gain was shown. Stay with fitted@1" in again.strategy.description


def test_purchases_that_follow_nobody_show_no_gain_and_change_little():
    nothing = fit([table(world(1, heed=None))], options=ENOUGH)
    moves = [change.after / change.before for change in nothing.learned.changes if change.before]
    assert all(0.4 < move < 2.5 for move in moves)
    assert nothing.test.ndcg.low <= 0 <= nothing.test.ndcg.high
    assert nothing.advice.endswith("Stay with balanced@1.")


def test_result_differs_from_its_start_in_what_was_learned_alone(learned):
    strategy = replace(learned.strategy, name=FOLLOWS_FIRST.name, version=FOLLOWS_FIRST.version)
    back = replace(strategy, weights=FOLLOWS_FIRST.weights, attribution_days=FOLLOWS_FIRST.attribution_days)
    assert back == FOLLOWS_FIRST
    assert learned.strategy.weights["follow"].weight == 12.0  # the reference: only ratios count
    assert learned.learned.reference == "follow"


def test_same_seed_gives_the_same_to_the_bit(listening):
    once, twice = (fit([listening], options=replace(QUICK, n_viewers=60, seed=3)) for _ in range(2))
    other = fit([listening], options=replace(QUICK, n_viewers=60, seed=4))
    assert once == twice
    assert once.test != other.test


def test_events_after_the_second_cut_change_nothing_that_is_learned():
    rows = world(1, heed=20.0)
    times = Coded.of([table(rows)]).time
    late = np.flatnonzero(times > cuts_of([Coded.of([table(rows)])], "items").validation_end).tolist()
    changed = [dict(of) for of in rows]
    for place in late:  # the same times, so that the cuts stay; every fifth by somebody new, of something new
        is_new = place % 5 == 0
        changed[place]["source"] = f"A{place}" if is_new else f"a{place % 240}"
        changed[place]["target"] = f"0{place}" if is_new else rows[place % 1200]["target"]
    assert len(late) > 100
    one, other = (fit([table(of)], FOLLOWS_FIRST, replace(QUICK, n_viewers=100)) for of in (rows, changed))
    assert one.test != other.test
    assert one.learned == other.learned
    assert one.parts.n_validation == other.parts.n_validation
    assert one.strategy.parameters() == other.strategy.parameters()


def test_future_of_the_validation_part_is_not_in_its_graph(listening):
    """Trust that is stated only after the first cut is of no use for what comes between the cuts."""
    rows = [of if of["relation"] != "trust" else of | {"time": day(330)} for of in world(1, heed=20.0)]
    late = fit([table(rows)], FOLLOWS_FIRST, QUICK)
    assert [change.parameter for change in late.learned.changes if "trust" in change.parameter] == []
    early = fit([listening], FOLLOWS_FIRST, QUICK)
    assert any(change.parameter == "weight of trust" for change in early.learned.changes)


def test_accounts_are_foretold_from_whom_trusted_ones_follow():
    rng = np.random.default_rng(5)
    groups = {f"a{n}": n % 8 for n in range(120)}
    rows = []
    for account, group in groups.items():
        own = [other for other in groups if groups[other] == group and other != account]
        others = sorted(set(groups) - {account})
        for relation, some, n_days in (("trust", own, 360), ("follow", others, 100)):
            chosen, days = rng.choice(some, 7, replace=False).tolist(), rng.uniform(0, n_days, 7).tolist()
            rows += [row(relation, account, other, at=at) for other, at in zip(chosen, days, strict=True)]
    made = fit([table(rows)], FOLLOWS_FIRST, FitOptions(target="accounts", budget=12))
    assert _ratio(made.strategy) > 2 * _ratio(FOLLOWS_FIRST)
    assert made.test.log_likelihood.low > 0
    assert "accounts viewers follow and trust next" in made.strategy.description


def test_one_relation_type_leaves_its_half_life_alone_to_learn():
    rows = [of for of in world(1, heed=1.0, n_trusts=0) if of["relation"] != "trust"]
    base = Strategy(weights={"follow": RelationWeight(1.0, 100.0)})
    made = fit([table(rows)], base, QUICK)
    assert [change.parameter for change in made.learned.changes] == ["half-life in days of follow"]


def test_undated_evidence_is_counted_and_taken_as_known():
    rows = [of if of["relation"] != "trust" else of | {"time": None} for of in world(1, heed=20.0)]
    made = fit([table(rows)], FOLLOWS_FIRST, QUICK)
    assert made.parts.undated == {"trust": 240 * 3}
    assert not any(change.parameter == "half-life in days of trust" for change in made.learned.changes)


def test_nothing_dated_is_refused_with_what_is_missing():
    rows = [of | {"time": None} for of in world(1, heed=None, n=60)]
    with pytest.raises(DataError, match=r"none of the 1,680 purchases and shares has a time"):
        fit([table(rows)])


def test_times_too_coarse_are_refused():
    rows = [of | {"time": day(int(of["relation"] == "purchase"))} for of in world(1, heed=None, n=60)]
    with pytest.raises(DataError, match="have 2 different times, too coarse to cut in three parts"):
        fit([table(rows)])


def test_too_few_viewers_are_refused_with_the_least_number():
    with pytest.raises(DataError, match=rf"validation has \d+ viewers .* at least {MIN_VIEWERS} are needed"):
        fit([table(world(1, heed=None, n=20))])


def test_no_evidence_of_trust_is_refused():
    rows = [of for of in world(1, heed=None) if of["relation"] in ("share", "purchase")]
    with pytest.raises(DataError, match="viewers who trust somebody"):
        fit([table(rows)])


def test_evidence_without_times_of_one_type_leaves_nothing_to_learn():
    rows = [of for of in world(1, heed=None) if of["relation"] != "follow"]
    rows = [of if of["relation"] != "trust" else of | {"time": None} for of in rows]
    base = Strategy(weights={"trust": RelationWeight(2.0)})
    with pytest.raises(DataError, match="trust is the only evidence of trust and has no times"):
        fit([table(rows)], base)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"budget": 0}, r"budget is 0, not in 1\.\.10,000"),
        ({"n_viewers": 49}, r"viewers is 49, not in 50\.\.1,000,000"),
        ({"seed": -1}, "seed is -1, not at least 0"),
        ({"name": "custom"}, "name is 'custom'"),
        ({"name": "My fit"}, "name is 'My fit', not a letter a-z"),
    ],
)
def test_option_out_of_range_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        FitOptions(**options)


def _interrupted(listening, *, finish_early, after=3):
    seen = []

    def progress(done, _of, _gain):
        seen.append(done)
        if done == after:
            raise KeyboardInterrupt

    return fit([listening], FOLLOWS_FIRST, FitOptions(finish_early=finish_early), progress=progress)


def test_interruption_ends_everything(listening):
    with pytest.raises(KeyboardInterrupt):
        _interrupted(listening, finish_early=False)


def test_interruption_that_may_finish_early_keeps_the_best_so_far(listening):
    made = _interrupted(listening, finish_early=True)
    assert made.learned.n_looks == 3
    assert not made.learned.finished
    assert made.test.ndcg.low <= made.test.ndcg.mean <= made.test.ndcg.high


def test_strategy_is_read_back_from_its_file_and_can_be_scored(engine, listening, learned, tmp_path):
    path = tmp_path / "fitted.toml"
    path.write_text(as_toml(learned.strategy), encoding="utf-8")
    assert read_strategy(path) == learned.strategy
    engine.append(world(1, heed=20.0)[:500])
    engine.snapshot()
    assert engine.score(read_strategy(path)).strategy == "fitted@1"


def test_store_is_fitted_and_nothing_is_written_there(engine, listening):
    engine.append(world(1, heed=20.0))
    assert fit_store(engine.store, FOLLOWS_FIRST, QUICK) == fit([listening], FOLLOWS_FIRST, QUICK)
    assert engine.store.published() is None
    assert list(engine.store.strategies()) == []


def test_store_without_events_is_refused(engine):
    with pytest.raises(NotReadyError, match="has no events; load some first"):
        fit_store(engine.store)
