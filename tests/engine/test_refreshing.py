"""New events are taken into a new run of the strategy in use."""

import numpy as np
import pytest

from guanxi.engine import Engine, Strategy
from guanxi.engine.publishing import strategy_in_use
from guanxi.errors import StoreError
from strategies import NOW_US, row

TIES = [row("follow", "ann", "bob", at=1), row("follow", "bob", "cat", at=2), row("purchase", "cat", "tea", at=3)]
MORE = [row("follow", "cat", "ann", at=4), row("follow", "dan", "cat", at=5)]


def test_nothing_new_is_nothing_to_do(engine, answer):
    assert engine.refresh() is None
    answer(engine, TIES)
    before = engine.store.published()
    assert engine.refresh() is None
    assert engine.store.published() == before


def test_first_events_get_a_first_run(engine):
    engine.append(TIES)
    assert engine.refresh().strategy == "balanced@1"
    assert engine.view().snapshot.n_accounts == 3
    assert engine.refresh() is None


def test_new_events_get_a_run_of_the_strategy_in_use_with_the_same_scores(engine, answer):
    strategy = Strategy(name="bold", version=2, restart=0.4)
    answer(engine, TIES, strategy)
    engine.append(MORE)
    report = engine.refresh()
    view = engine.view()
    assert (report.strategy, report.id, view.run.strategy) == ("bold@2", view.run.id, strategy)
    assert view.seq == engine.store.last_seq()
    engine.score(strategy)
    assert np.abs(engine.view().run.global_trust - view.run.global_trust).sum() < 1e-9
    assert engine.view().snapshot.id == view.snapshot.id


def test_snapshot_that_nobody_scored_is_scored(engine, answer):
    answer(engine, TIES)
    engine.append(MORE)
    snapshot = engine.snapshot()
    assert engine.refresh().snapshot == snapshot.id


def test_run_that_somebody_else_put_in_use_meanwhile_stays(engine, answer, monkeypatch):
    answer(engine, TIES)
    other, record = Engine(engine.store.home, now_us=lambda: NOW_US), type(engine.store).record_run
    engine.append(MORE)

    def racing(store, run):
        if store is engine.store:
            other.score(Strategy(name="theirs", restart=0.5))
        record(store, run)

    monkeypatch.setattr(type(engine.store), "record_run", racing)
    assert engine.refresh().strategy == "balanced@1"
    assert engine.view().run.strategy.label == "theirs@1"
    other.close()


def test_what_goes_wrong_leaves_the_run_in_use_and_can_be_tried_again(engine, answer, monkeypatch):
    before = answer(engine, TIES)
    engine.append(MORE)
    with monkeypatch.context() as patched:
        patched.setattr(type(engine.store), "coded_events", _broken)
        with pytest.raises(StoreError, match="the disk is gone"):
            engine.refresh()
    assert engine.view() is before
    assert engine.refresh() is not None


def _broken(*_, **__):
    raise StoreError("the disk is gone")


def test_damaged_run_is_replaced_by_one_of_the_default_strategy(engine, answer):
    view = answer(engine, TIES, Strategy(name="bold", restart=0.4))
    (engine.store.runs / view.run.id / "manifest.json").write_text("{")
    assert strategy_in_use(engine.store) == Strategy()
    engine.append(MORE)
    assert engine.refresh().strategy == "balanced@1"
