"""The measures against the slow way, and the graph of a look against that of a run."""

from dataclasses import replace

import numpy as np
import pytest

from guanxi.engine import Strategy
from guanxi.engine.fitting.fit import run_of
from guanxi.engine.fitting.ranking import Question, Ranker, actors_of, graph_of, log_likelihoods, quality
from guanxi.engine.fitting.splitting import held_out, snapshot_until
from guanxi.events.coded import Coded
from guanxi.events.values import DAY_US
from reference_fitting import judged, world
from strategies import T0, row, table


def _question(rows, target, folder, *, end, strategy):
    events = [Coded.of([table(rows)])]
    cut = T0 + end * DAY_US
    now, later = snapshot_until(events, cut, folder), snapshot_until(events, None, folder)
    run = run_of(now, strategy, folder)
    actors = actors_of(run)
    return Question.of(now, target, held_out(now, later, cut, target, actors), actors), run


@pytest.fixture(scope="module")
def rows():
    made = world(3, heed=5.0, n=40, n_creators=15, n_items=80, n_follows=6)
    made += [row("follow", f"c{n}", f"c{(n * 7 + 1) % 15}", at=5) for n in range(15)]
    made += [row("follow", f"a{n}", f"c{(n * 5) % 15}", at=250) for n in range(40)]
    return [*made, row("block", "a1", "c3", at=10), row("block", "a2", "c4", at=10)]


@pytest.mark.parametrize("target", ["items", "accounts"])
def test_measures_are_those_of_the_slow_way(rows, target, tmp_path):
    strategy = Strategy(discounts=False)
    question, run = _question(rows, target, tmp_path, end=200, strategy=strategy)
    ranker = Ranker.tried(run, strategy)
    found = quality(question.held_out, question.scored(ranker))
    slow = judged(question, run)
    assert len(question.held_out) > 10
    np.testing.assert_allclose(log_likelihoods(question, ranker), slow[0], atol=2e-3)  # a push is not exact
    np.testing.assert_allclose(found.recall, slow[1])
    np.testing.assert_allclose(found.ndcg, slow[2])
    assert found.recall.max() > 0


def test_graph_of_a_look_is_that_of_a_run(rows, tmp_path):
    strategy = replace(Strategy(), attribution_days=20.0).with_weight("trust", 7.0)
    rows = [*rows, row("share", "a3", "i1", at=3, via="c1"), linked("a5", "a6"), linked("c1", "c2")]
    _, run = _question(rows, "items", tmp_path, end=200, strategy=strategy)
    graph = graph_of(run, strategy)
    assert run.identities is not None
    for name in ("offsets", "targets", "weights"):
        np.testing.assert_array_equal(getattr(graph, name), getattr(run.graph, name))


def test_popularity_ranks_by_holders_and_shows_nothing_twice(tmp_path):
    holders = {"x": 3, "y": 2, "z": 1}
    rows = [row("purchase", f"b{n}", item, at=1) for item in holders for n in range(holders[item])]
    rows += [row("follow", "ann", "b0", at=1), row("purchase", "ann", "x", at=1), row("purchase", "ann", "y", at=9)]
    question, _ = _question(rows, "items", tmp_path, end=5, strategy=Strategy())
    assert question.popularity.tolist() == [5.0, 3.0, 2.0]
    assert quality(question.held_out, question.by_popularity()).ndcg.tolist() == [1.0]
    scores, best = next(question.by_popularity())
    assert scores[best].tolist() == [0.0, 3.0, 2.0]


def test_viewer_whom_trust_finds_nothing_for_has_popularity_alone(tmp_path):
    rows = [row("purchase", "bob", item, at=1) for item in ("x", "y")] + [row("purchase", "cat", "x", at=1)]
    rows += [row("follow", "ann", "cat", at=1), row("follow", "dan", "ann", at=1), row("purchase", "dan", "y", at=9)]
    question, run = _question(rows, "items", tmp_path, end=5, strategy=Strategy())
    assert [run.snapshot.accounts[viewer] for viewer in question.held_out.viewers.tolist()] == ["dan"]
    lonely = replace(Ranker.of(run), interactions=_nobody_has_anything(run.interactions))
    assert log_likelihoods(question, lonely).tolist() == [np.log(2 / 5)]


def test_linked_accounts_are_one_viewer(tmp_path):
    rows = [row("purchase", "bob", item, at=1) for item in ("x", "y", "z")] + [row("follow", "ann", "bob", at=1)]
    rows += [row("purchase", "ann2", "x", at=2), row("purchase", "ann2", "y", at=9), row("purchase", "ann", "x", at=9)]
    question, run = _question([*rows, linked("ann", "ann2")], "items", tmp_path, end=5, strategy=Strategy())
    assert [run.snapshot.accounts[viewer] for viewer in question.held_out.viewers.tolist()] == ["ann"]
    assert [len(question.held_out.of(0)), len(question.excluded[0])] == [1, 1]  # y is new, x was had by the other
    assert quality(question.held_out, question.scored(Ranker.of(run))).recall.tolist() == [1.0]


def linked(one, other):
    return row("identity_link", one, other, at=1, properties={"proof": "oauth"})


def _nobody_has_anything(of):
    nothing = np.zeros_like(of.offsets), of.items[:0], of.weights[:0], np.zeros_like(of.in_offsets)
    return type(of)(*nothing, of.accounts[:0], of.in_weights[:0])
