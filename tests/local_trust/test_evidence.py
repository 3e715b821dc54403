"""Which events speak for whom, and how much: worked by hand, and against the slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph as reference
from guanxi.errors import ParameterError
from guanxi.events.values import DAY_US
from guanxi.local_trust import (
    Actions,
    RelationWeight,
    Setting,
    decay,
    default_weights,
    last_actions,
    local_trust,
    trust_row,
)
from guanxi.snapshot import relations_of
from strategies import ACCOUNTS, MODEL, T0, event_rows, quick, row, snapshot_of, table

PLAIN = {
    name: RelationWeight(weight) for name, weight in {"follow": 1, "trust": 2, "share": 0.5, "purchase": 3}.items()
}


def trust(*rows, weights=PLAIN, as_of=None, attribution_days=90.0):
    """Local trust as {(source, target): weight}."""
    snapshot = snapshot_of(rows)
    date = snapshot.as_of if as_of is None else T0 + int(as_of * DAY_US)
    shares = snapshot.relation("share", "item")
    graph = local_trust(snapshot, Setting(shares, last_actions(snapshot), weights, date, attribution_days))
    ends = zip(graph.edge_sources().tolist(), graph.targets.tolist(), graph.weights.tolist(), strict=True)
    return {(snapshot.accounts[a], snapshot.accounts[b]): weight for a, b, weight in ends}


def faded(**half_lives):
    return PLAIN | {name: RelationWeight(PLAIN[name].weight, days) for name, days in half_lives.items()}


# -- follow -----------------------------------------------------------------------------------------------------------


def test_undated_follow_counts_whole():
    assert trust(row("follow", "ann", "bob"), weights=faded(follow=10.0), as_of=500) == {("ann", "bob"): 1.0}


def test_follow_halves_with_every_half_life():
    rows = [row("follow", "ann", "bob", at=0), row("review", "bob", "tea", at=20)]
    assert trust(*rows, weights=faded(follow=10.0)) == {("ann", "bob"): 0.25}


def test_follow_fades_with_the_silence_of_the_followed_account():
    rows = [row("follow", "ann", "bob", at=20), row("review", "bob", "tea", at=10)]
    assert trust(*rows, weights=faded(follow=10.0)) == {("ann", "bob"): 0.5}
    assert trust(*rows, weights=faded(follow=10.0), as_of=30) == {("ann", "bob"): 0.5 * 0.25}


def test_follow_of_an_account_that_was_never_seen_acting_does_not_fade_by_silence():
    rows = [row("follow", "ann", "bob", at=20), row("follow", "ann", "cat", at=10)]
    assert trust(*rows, weights=faded(follow=10.0)) == {("ann", "bob"): 1.0, ("ann", "cat"): 0.5}


def test_event_after_as_of_counts_whole():
    assert trust(row("follow", "ann", "bob", at=20), weights=faded(follow=10.0), as_of=5) == {("ann", "bob"): 1.0}


def test_unfollow_leaves_no_trust():
    assert trust(row("follow", "ann", "bob", at=1), row("unfollow", "ann", "bob", at=2)) == {}


# -- trust ------------------------------------------------------------------------------------------------------------


def test_trust_counts_times_its_level_and_once_without_one():
    rows = [row("trust", "ann", "bob", value=4), row("trust", "ann", "cat")]
    assert trust(*rows) == {("ann", "bob"): 8.0, ("ann", "cat"): 2.0}


def test_trust_of_level_zero_is_none():
    assert trust(row("trust", "ann", "bob", value=0)) == {}


# -- share and purchase -----------------------------------------------------------------------------------------------


def test_share_and_purchase_speak_for_the_account_they_came_by():
    rows = [row("share", "ann", "tea", via="bob"), row("purchase", "ann", "tea", via="cat")]
    assert trust(*rows) == {("ann", "bob"): 0.5, ("ann", "cat"): 3.0}


def test_share_of_a_post_speaks_for_its_author():
    assert trust(row("share", "ann", "hello", target_kind="post", via="bob")) == {("ann", "bob"): 0.5}


def test_share_and_purchase_that_name_nobody_say_nothing():
    assert trust(row("share", "ann", "tea"), row("purchase", "ann", "tea")) == {}


def test_what_came_by_the_account_itself_says_nothing():
    assert trust(row("purchase", "ann", "tea", via="ann")) == {}


def test_purchase_is_split_among_followed_and_trusted_accounts_that_had_shared_the_item():
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "cat"), row("follow", "ann", "dan")]
    rows += [row("share", who, "tea", at=1) for who in ("bob", "cat", "eve")] + [row("share", "dan", "pot", at=1)]
    assert trust(*rows, row("purchase", "ann", "tea", at=2)) == {
        ("ann", "bob"): 1 + 1.5,
        ("ann", "cat"): 2 + 1.5,
        ("ann", "dan"): 1,
    }


def test_sharer_who_is_followed_and_trusted_and_shared_twice_is_credited_once():
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "bob"), row("share", "bob", "tea", at=1)]
    assert trust(*rows, row("share", "bob", "tea", at=2), row("purchase", "ann", "tea", at=3)) == {("ann", "bob"): 6.0}


@pytest.mark.parametrize(
    ("shared", "bought", "credited"),
    [(10, 10, True), (10, 20, True), (10, 20.5, False), (10, 9, False), (None, 10, False), (10, None, False)],
)
def test_only_a_share_in_the_window_before_the_purchase_is_credited(shared, bought, credited):
    rows = [
        row("follow", "ann", "bob"),
        row("share", "bob", "tea", at=shared),
        row("purchase", "ann", "tea", at=bought),
    ]
    assert trust(*rows, attribution_days=10.0) == {("ann", "bob"): 4.0 if credited else 1.0}


def test_purchase_that_names_somebody_is_not_split():
    rows = [row("follow", "ann", "bob"), row("share", "bob", "tea", at=1)]
    assert trust(*rows, row("purchase", "ann", "tea", at=2, via="cat")) == {("ann", "bob"): 1.0, ("ann", "cat"): 3.0}


def test_any_window_is_wide_enough_to_be_endless():
    rows = [row("follow", "ann", "bob"), row("share", "bob", "tea", at=0), row("purchase", "ann", "tea", at=900)]
    assert trust(*rows, attribution_days=1e300) == {("ann", "bob"): 4.0}


def test_refunded_purchase_says_nothing():
    rows = [row("purchase", "ann", "tea", via="bob", id="p", at=1), row("refund", "ann", "tea", retracts="p", at=2)]
    assert trust(*rows) == {}


def test_purchases_fade_each_by_its_own_age():
    rows = [row("purchase", "ann", "tea", at=at, via="bob") for at in (0, 10)]
    assert trust(*rows, weights=faded(purchase=10.0)) == {("ann", "bob"): 1.5 + 3.0}


# -- block, and what says nothing -------------------------------------------------------------------------------------


def test_block_takes_away_all_that_speaks_for_the_blocked_account_and_nothing_else():
    rows = [row("follow", "ann", "bob"), row("purchase", "ann", "tea", via="bob"), row("follow", "cat", "bob")]
    rows += [row("follow", "bob", "ann"), row("block", "ann", "bob")]
    assert trust(*rows) == {("cat", "bob"): 1.0, ("bob", "ann"): 1.0}


def test_unblock_brings_trust_back():
    rows = [row("follow", "ann", "bob"), row("block", "ann", "bob", at=1), row("unblock", "ann", "bob", at=2)]
    assert trust(*rows) == {("ann", "bob"): 1.0}


def test_relations_of_weight_zero_or_none_say_nothing():
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "cat"), row("report", "ann", "dan")]
    assert trust(*rows, weights={"follow": RelationWeight(0.0)}) == {}
    assert trust(*rows, weights={"trust": RelationWeight(1.0)}) == {("ann", "cat"): 1.0}


def test_last_actions_are_those_of_accounts_only():
    rows = [row("review", "ann", "tea", at=3), row("follow", "bob", "ann", at=2), row("sell", "ann", "tea", at=9)]
    snapshot = snapshot_of(rows)
    assert last_actions(snapshot).tolist() == [T0 + 3 * DAY_US, T0 + 2 * DAY_US]


# -- any graph --------------------------------------------------------------------------------------------------------

WEIGHTS = st.fixed_dictionaries(
    {
        name: st.builds(RelationWeight, st.sampled_from([0.0, 0.5, 1.0, 3.0]), st.none() | st.floats(0.5, 1000))
        for name in MODEL.relations
    }
)


@given(event_rows(), WEIGHTS, st.sampled_from([0.0, 1.0, 2.5, 90.0]))
@quick(25)
def test_any_graph_equals_the_slow_twin(rows, weights, days):
    found, as_of = reference.relations(table(rows)), snapshot_of(rows).as_of
    expected = reference.local_trust(found, weights, as_of, attribution_days=days)
    assert trust(*rows, weights=weights, attribution_days=days) == pytest.approx(expected, rel=1e-6)


@given(event_rows(), WEIGHTS)
@quick(15)
def test_row_of_any_account_from_its_events_has_the_bits_of_the_graph(rows, weights):
    snapshot = snapshot_of(rows)
    setting = Setting.of(snapshot, weights)
    graph = local_trust(snapshot, setting)
    for account in {r["source"] for r in rows} & set(ACCOUNTS):
        index = snapshot.accounts.index(account)
        own = relations_of(snapshot, table([r for r in rows if r["source"] == account]))
        found = trust_row(Actions(np.array([index], dtype=np.uint32), own), setting)
        for mine, theirs in zip(found, graph.row(index), strict=True):
            assert mine.dtype == theirs.dtype
            assert mine.tobytes() == theirs.tobytes()


# -- parameters -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_weight_out_of_range_is_refused(weight):
    with pytest.raises(ParameterError, match=f"weight is {weight}, not a finite number of at least 0"):
        RelationWeight(weight)


@pytest.mark.parametrize("days", [0.0, -1.0, float("nan"), float("inf")])
def test_half_life_out_of_range_is_refused(days):
    with pytest.raises(ParameterError, match=f"half_life_days is {days}, not a finite number above 0"):
        RelationWeight(1.0, days)


def test_default_weights_are_those_of_the_model():
    weights = default_weights(MODEL)
    assert weights.keys() == MODEL.relations.keys() - {"categorise"}  # nobody's deed, and newer than strategies
    assert weights["trust"] == RelationWeight(2.0)
    assert weights["purchase"] == RelationWeight(3.0, 365.0)


def test_nothing_fades_without_a_date_or_a_half_life():
    times = np.array([T0, T0 + DAY_US])
    assert decay(times, half_life_days=None, as_of=T0).tolist() == [1.0, 1.0]
    assert decay(times, half_life_days=1.0, as_of=None).tolist() == [1.0, 1.0]
