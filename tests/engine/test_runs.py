"""Snapshots and runs: published, kept, replaced, and damaged."""

import json

import pytest

from guanxi.engine import Engine, Strategy
from guanxi.errors import DamagedError, NotReadyError, ParameterError, UnknownIdError
from guanxi.local_trust import RelationWeight
from strategies import row

TIES = [row("follow", "ann", "bob", at=1), row("follow", "bob", "cat", at=2), row("purchase", "cat", "tea", at=3)]
MORE = [row("follow", "cat", "ann", at=4)]


def flip(path):
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)


def folders(folder):
    return {path.name for path in folder.iterdir()}


def test_empty_store_has_nothing_to_take_a_snapshot_of(engine):
    with pytest.raises(NotReadyError, match="has no events"):
        engine.snapshot()
    with pytest.raises(NotReadyError, match="there is no snapshot"):
        engine.score()
    with pytest.raises(NotReadyError, match="there is no run yet"):
        engine.view()


def test_snapshot_reports_what_it_holds(engine):
    engine.append(TIES)
    report = engine.snapshot()
    assert (report.n_accounts, report.n_items, report.n_edges, report.n_events, report.new) == (3, 1, 3, 3, True)
    assert not engine.snapshot().new


def test_run_names_its_snapshot_and_strategy_and_is_recorded(engine):
    engine.append(TIES)
    snapshot = engine.snapshot()
    report = engine.score(Strategy(name="bold", version=3))
    assert (report.snapshot, report.strategy, report.n_accounts, report.n_trust_edges) == (snapshot.id, "bold@3", 3, 2)
    (record,) = engine.store.recorded_runs()
    assert (record.id, record.snapshot, record.strategy) == (report.id, snapshot.id, "bold@3")
    assert Strategy.from_json(record.parameters) == Strategy(name="bold", version=3)


def test_same_parameters_give_the_same_run_and_others_another(engine):
    engine.append(TIES)
    engine.snapshot()
    first = engine.score().id
    assert engine.score().id == first
    assert engine.score(Strategy(restart=0.2)).id != first
    assert len(engine.store.recorded_runs()) == 2


def test_answers_come_from_the_old_run_until_the_new_snapshot_is_scored(engine, answer):
    first = answer(engine, TIES)
    engine.append(MORE)
    second = engine.snapshot()
    assert engine.view() is first
    engine.score()
    assert engine.view().snapshot.id == second.id
    assert engine.view() is engine.view()


def test_view_of_another_process_picks_up_the_new_run(engine, answer):
    first = answer(engine, TIES)
    other = Engine(engine.store.home)
    assert other.view().run.id == first.run.id
    second = answer(engine, MORE)
    assert other.view().run.id == second.run.id
    other.close()


def test_only_the_run_in_use_and_the_one_before_are_kept(engine, answer):
    views = [answer(engine, [row("follow", "ann", f"b{n}")]) for n in range(4)]
    assert folders(engine.store.snapshots) == {view.snapshot.id for view in views[2:]}
    assert folders(engine.store.runs) == {view.run.id for view in views[2:]}
    assert views[2].items("ann")[1]["run"] == views[2].run.id


@pytest.mark.parametrize("part", ["snapshots", "runs"])
def test_damaged_run_falls_back_to_the_one_before_and_says_so(engine, answer, part):
    first, second = answer(engine, TIES), answer(engine, MORE)
    name = second.snapshot.id if part == "snapshots" else second.run.id
    flip(next((engine.store.home / part / name).glob("*.npy")))
    fresh = Engine(engine.store.home)
    view = fresh.view()
    assert (view.run.id, view.degraded) == (first.run.id, True)
    assert view.items("ann")[1]["degraded"] is True
    fresh.close()


def test_engine_that_runs_keeps_its_view_when_the_new_run_is_damaged_and_recovers(engine, answer):
    first = answer(engine, TIES)
    running = Engine(engine.store.home)
    assert not running.view().degraded
    second = answer(engine, MORE)
    flip(engine.store.runs / second.run.id / "prior.npy")
    view = running.view()
    assert (view.run.id, view.degraded) == (first.run.id, True)
    assert engine.score().id == second.run.id  # computed again, it takes the place of the damaged one
    assert (running.view().run.id, running.view().degraded) == (second.run.id, False)
    running.close()


def test_damaged_snapshot_is_built_again(engine, answer):
    view = answer(engine, TIES)
    flip(engine.store.snapshots / view.snapshot.id / "follow.account.targets.npy")
    assert engine.snapshot().id == view.snapshot.id
    assert Engine(engine.store.home).view().run.id == view.run.id


def test_only_run_damaged_is_an_error(engine, answer):
    view = answer(engine, TIES)
    flip(engine.store.runs / view.run.id / "prior.npy")
    with pytest.raises(DamagedError, match=r"the checksum of prior.npy is wrong"):
        Engine(engine.store.home).view()


# -- strategies -------------------------------------------------------------------------------------------------------


def test_seeds_hold_the_trust(engine):
    engine.append([*TIES, row("follow", "dan", "eve")])
    engine.snapshot()
    engine.score(Strategy(seeds=("ann",), discounts=False))
    trust = dict(zip(["ann", "bob", "cat", "dan", "eve"], engine.view().run.global_trust.tolist(), strict=True))
    assert trust["dan"] == trust["eve"] == 0.0
    assert trust["ann"] > trust["bob"] > trust["cat"] > 0


def test_seed_that_is_no_account_is_an_error(engine):
    engine.append(TIES)
    engine.snapshot()
    with pytest.raises(UnknownIdError, match="seed 'zoe' is no account of this snapshot"):
        engine.score(Strategy(seeds=("zoe",)))


def test_strategy_that_leaves_relations_out_weighs_the_named_ones_only(engine):
    engine.append(TIES)
    engine.snapshot()
    assert engine.score(Strategy(weights={"purchase": RelationWeight(3.0)})).n_trust_edges == 0
    assert engine.score(Strategy(weights={"follow": RelationWeight(1.0)})).n_trust_edges == 2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"restart": 0.0}, r"restart is 0.0, not in \(0, 1\]"),
        ({"restart": float("nan")}, r"restart is nan, not in \(0, 1\]"),
        ({"attribution_days": -1.0}, "attribution_days is -1.0, not a finite number of at least 0"),
        ({"weights": {"love": RelationWeight(1.0)}}, "weights name relation type 'love', not one of follow"),
    ],
)
def test_strategy_out_of_range_is_refused(fields, message):
    with pytest.raises(ParameterError, match=message):
        Strategy(**fields)


def test_weight_of_an_unknown_relation_is_refused():
    with pytest.raises(ParameterError, match="relation type 'love' is not one of follow"):
        Strategy().with_weight("love", 1.0)


def test_strategy_comes_back_from_its_text():
    strategy = Strategy(name="x", seeds=("ann",), attribution_days=3.5).with_weight("follow", 0.25)
    assert Strategy.from_json(strategy.to_json()) == strategy
    assert json.loads(strategy.to_json())["weights"]["follow"] == {"weight": 0.25, "half_life_days": 730.0}


# -- odd graphs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [row("sell", "shop", "tea")],
        [row("certify", "office", "shop", target_kind="merchant")],
        [row("unfollow", "ann", "bob")],
        [row("purchase", "ann", "tea")],
        [row("block", "ann", "bob")],
        [row("share", "ann", "hello", target_kind="post")],
    ],
)
def test_graph_without_ties_is_scored_and_answers(engine, answer, rows):
    view = answer(engine, rows)
    for account in ("ann", "nobody"):
        for found, meta in (view.items(account), view.accounts(account), view.trusted_by(account)):
            assert meta["run"] == view.run.id
            assert found
    assert view.ranking()[0]["n_accounts"] == view.snapshot.n_accounts
