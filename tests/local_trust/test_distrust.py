"""Which events speak against whom; none of them is local trust."""

import numpy as np
import pytest

from guanxi.errors import ParameterError
from guanxi.events.values import DAY_US
from guanxi.local_trust import (
    Actions,
    Distrust,
    RelationWeight,
    Setting,
    default_weights,
    local_trust,
    said_by_actors,
    statements_against,
)
from strategies import MODEL, T0, row, snapshot_of

PLAIN = Distrust({name: RelationWeight(1.0) for name in ("review", "trust", "block", "report")})


def said(rows, kind="account", options=PLAIN, as_of=None):
    """Statements as (source, target, relation, amount)."""
    snapshot = snapshot_of(rows)
    found = statements_against(Actions.of_all(snapshot), kind, options, as_of=as_of)
    ids = snapshot.ids[kind]
    return [
        (snapshot.accounts[s], ids[t], MODEL.relation_name(int(r)), a)
        for s, t, a, r in zip(found.source, found.target, found.amount, found.relation, strict=True)
    ]


def test_blocks_reports_and_negative_levels_speak_against_accounts():
    rows = [row("block", "ann", "bob"), row("report", "ann", "bob"), row("trust", "cat", "bob", value=-3.0)]
    rows += [row("trust", "dan", "bob", value=2.0), row("trust", "eve", "bob"), row("follow", "eve", "ann")]
    assert sorted(said(rows)) == [
        ("ann", "bob", "block", 1.0),
        ("ann", "bob", "report", 1.0),
        ("cat", "bob", "trust", 3.0),
    ]


def test_reports_and_negative_ratings_speak_against_items_and_merchants():
    rows = [
        row("review", "ann", "tea", value=-2.0),
        row("review", "bob", "tea", value=0.0),
        row("review", "cat", "tea"),
    ]
    rows += [row("report", "dan", "tea", target_kind="item"), row("report", "dan", "shop", target_kind="merchant")]
    rows += [row("review", "ann", "shop", target_kind="merchant", value=-1.0)]
    assert sorted(said(rows, "item")) == [("ann", "tea", "review", 2.0), ("dan", "tea", "report", 1.0)]
    assert sorted(said(rows, "merchant")) == [("ann", "shop", "review", 1.0), ("dan", "shop", "report", 1.0)]
    assert said(rows) == []


def test_repeated_report_is_one_and_the_newest_counts():
    rows = [row("report", "ann", "bob", id=f"r{n}", at=n) for n in range(100)]
    fading = Distrust({"report": RelationWeight(1.0, 10.0)})
    ((*_, amount),) = said(rows, options=fading, as_of=T0 + 109 * DAY_US)
    assert amount == pytest.approx(0.5)


def test_what_was_taken_back_does_not_count():
    rows = [row("block", "ann", "bob", at=1), row("unblock", "ann", "bob", at=2)]
    rows += [row("report", "ann", "cat", at=1), row("unreport", "ann", "cat", at=2)]
    assert said(rows) == []


def test_relation_that_the_weights_leave_out_says_nothing():
    rows = [row("block", "ann", "bob"), row("report", "ann", "bob")]
    only = Distrust({"report": RelationWeight(2.0), "block": RelationWeight(0.0)})
    assert said(rows, options=only) == [("ann", "bob", "report", 2.0)]


def test_shipped_weights_are_those_of_the_model_and_fade():
    weights = Distrust().weights
    assert {name: of.weight for name, of in weights.items()} == {
        r.name: r.distrust_weight for r in MODEL.relations.values() if r.distrust_weight
    }
    assert weights["report"].half_life_days is not None
    assert weights["block"].half_life_days is not None


def test_negative_level_is_never_local_trust_and_credits_no_purchase():
    rows = [row("trust", "ann", "bob", at=1, value=-5.0), row("share", "bob", "tea", at=2)]
    rows += [row("purchase", "ann", "tea", at=3), row("follow", "cat", "ann", at=1)]
    snapshot = snapshot_of(rows)
    graph = local_trust(snapshot, Setting.of(snapshot, default_weights(MODEL)))
    ann, bob = snapshot.accounts.index("ann"), snapshot.accounts.index("bob")
    assert bob not in graph.row(ann)[0]
    trusting = [entry | {"value": 5.0} if entry["relation"] == "trust" else entry for entry in rows]
    snapshot = snapshot_of(trusting)
    graph = local_trust(snapshot, Setting.of(snapshot, default_weights(MODEL)))
    found = dict(zip(graph.row(ann)[0].tolist(), graph.row(ann)[1].tolist(), strict=True))
    assert found[bob] > 10  # the level times its weight, and the purchase


def test_follow_counts_although_the_same_account_gave_a_negative_level():
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "cat", value=-1.0), row("trust", "ann", "dan", value=1.0)]
    snapshot = snapshot_of(rows)
    graph = local_trust(snapshot, Setting.of(snapshot, default_weights(MODEL)))
    trusted = {snapshot.accounts[int(a)] for a in graph.row(snapshot.accounts.index("ann"))[0]}
    assert trusted == {"bob", "dan"}


@pytest.mark.parametrize("cap", [0.0, -1.0, float("inf"), float("nan")])
def test_cap_out_of_range_is_refused(cap):
    with pytest.raises(ParameterError, match=r"cap is .*, not a finite number above 0"):
        Distrust(cap=cap)


def test_weight_of_what_speaks_against_nobody_is_refused():
    with pytest.raises(ParameterError, match="relation type 'follow', not one of review, trust, block, report"):
        Distrust({"follow": RelationWeight(1.0)})


def test_amounts_are_float64_and_positive():
    found = statements_against(Actions.of_all(snapshot_of([row("report", "ann", "bob")])), "account", PLAIN, as_of=None)
    assert found.amount.dtype == np.float64
    assert (found.amount > 0).all()


def test_accounts_of_one_actor_have_one_voice_are_one_target_and_say_nothing_against_themselves():
    rows = [row("report", who, "dan", target_kind="account", at=at) for who, at in (("ann", 0), ("bob", 10))]
    rows += [row("block", "ann", "bob"), row("report", "cat", "ann", target_kind="account")]
    rows += [row("report", "bob", "tea", target_kind="item"), row("report", "ann", "tea", target_kind="item")]
    snapshot = snapshot_of(rows)
    ann, bob, cat, dan = (snapshot.accounts.index(id_) for id_ in ("ann", "bob", "cat", "dan"))
    representative = np.arange(snapshot.n_accounts, dtype=np.uint32)
    representative[ann] = bob
    fading = Distrust({"report": RelationWeight(1.0, 10.0), "block": RelationWeight(1.0)})
    found = {}
    for kind in ("account", "item"):
        said = statements_against(Actions.of_all(snapshot), kind, fading, as_of=T0 + 10 * DAY_US)
        merged = said_by_actors(said, representative, kind=kind)
        found[kind] = list(zip(merged.source.tolist(), merged.target.tolist(), merged.amount.tolist(), strict=True))
    assert sorted(found["account"]) == sorted([(bob, dan, 1.0), (cat, bob, 1.0)])
    assert found["item"] == [(bob, 0, 1.0)]
