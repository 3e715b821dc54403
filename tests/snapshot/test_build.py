"""Snapshots say what the events amount to, whatever way they came."""

import math
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph as reference
from guanxi.engine import Engine
from guanxi.errors import DamagedError, UnknownIdError
from guanxi.snapshot import NO_INDEX, NO_TIME, Snapshot, build_snapshot, relations_of
from guanxi.stores import EmbeddedStore, bulk
from strategies import ACCOUNTS, NOW_US, event_rows, quick, row, snapshot_of, table


def plain(relation, source_ids, target_ids, accounts):
    """Edges of a relation as tuples of ids and numbers."""
    none = [None] * len(relation)
    times = [None if time == NO_TIME else time for time in relation.times.tolist()]
    values = none if relation.values is None else [None if math.isnan(v) else v for v in relation.values.tolist()]
    via = none if relation.via is None else [None if v == NO_INDEX else accounts[v] for v in relation.via.tolist()]
    ends = zip(relation.sources().tolist(), relation.targets.tolist(), strict=True)
    named = [(source_ids[source], target_ids[target]) for source, target in ends]
    return [(*pair, *rest) for pair, rest in zip(named, zip(times, values, via, strict=True), strict=True)]


def edges_of(snapshot):
    return {
        (name, kind): plain(relation, snapshot.accounts, snapshot.ids[kind], snapshot.accounts)
        for (name, kind), relation in snapshot.relations.items()
    }


@given(event_rows())
@quick(20)
def test_any_events_amount_to_what_the_slow_twin_says(rows):
    assert edges_of(snapshot_of(rows)) == reference.relations(table(rows))


@given(event_rows(verbs=("purchase", "purchase", "refund")))
@quick(20)
def test_many_refunds_take_back_what_the_slow_twin_says(rows):
    assert edges_of(snapshot_of(rows)) == reference.relations(table(rows))


@given(event_rows())
@quick(12)
def test_account_from_its_events_has_the_rows_of_the_snapshot(rows):
    snapshot = snapshot_of(rows)
    for account in snapshot.accounts.values.to_pylist():
        own = relations_of(snapshot, table([r for r in rows if r["source"] == account]))
        index = snapshot.accounts.index(account)
        built = {key: relation.take(relation.rows_of(index)) for key, relation in snapshot.relations.items()}
        for key in own.keys() | built.keys():
            mine, theirs = own.get(key), built.get(key)
            ids = ([account], snapshot.ids[key[1]], snapshot.accounts)
            assert ([] if mine is None else plain(mine, *ids)) == ([] if theirs is None else plain(theirs, *ids))


# -- the same events, however they come -------------------------------------------------------------------------------


def files_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def split(draw, rows):
    """Cut rows into consecutive parts; each goes into the log or into a segment."""
    cuts = sorted(draw(st.lists(st.integers(0, len(rows)), max_size=3)))
    ends = zip([0, *cuts], [*cuts, len(rows)], strict=True)
    return [(rows[start:stop], draw(st.booleans())) for start, stop in ends]


@given(st.data(), event_rows())
@quick(7)
def test_any_order_and_any_split_gives_the_same_snapshot_and_run(data, rows):
    rows = [row("follow", "ann", "bob"), *rows]
    outcomes = []
    for _ in range(2):
        parts = split(data.draw, data.draw(st.permutations(rows)))
        with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
            patch.setattr(bulk, "SMALL_LOAD", 1)
            patch.setattr(bulk, "SEGMENT_EVENTS", 7)
            outcomes.append(_scored(Path(home), parts))
    assert outcomes[0] == outcomes[1]


def _scored(home, parts):
    engine = Engine(home, create=True, now_us=lambda: NOW_US)
    for rows, in_bulk in parts:
        if in_bulk:
            with engine.store.loading() as load:
                load.add(table(rows))
        else:
            engine.store.append(table(rows))
    snapshot, run = engine.snapshot().id, engine.score().id
    files = files_of(engine.store.snapshots / snapshot), files_of(engine.store.runs / run)
    engine.close()
    return snapshot, run, *files


def test_one_more_event_gives_another_snapshot():
    rows = [row("follow", "ann", "bob")]
    assert snapshot_of(rows).id != snapshot_of([*rows, row("follow", "bob", "ann")]).id


# -- states -----------------------------------------------------------------------------------------------------------


def standing(*rows, name="follow", kind="account"):
    return [edge[:3] for edge in edges_of(snapshot_of(rows)).get((name, kind), [])]


def test_state_retracted_later_is_gone():
    assert standing(row("follow", "ann", "bob", at=1), row("unfollow", "ann", "bob", at=2)) == []


def test_state_made_again_after_its_retraction_stands():
    rows = [row(verb, "ann", "bob", at=at) for at, verb in enumerate(("follow", "unfollow", "follow"))]
    assert [time for *_, time in standing(*rows)] == [edges_time(2)]


def test_state_retracted_at_the_same_time_is_gone():
    assert standing(row("unfollow", "ann", "bob", at=1), row("follow", "ann", "bob", at=1)) == []


def test_undated_retraction_does_not_end_a_dated_state():
    assert len(standing(row("unfollow", "ann", "bob"), row("follow", "ann", "bob", at=1))) == 1


def test_state_written_twice_has_the_value_of_the_last_writer():
    rows = [row("trust", "ann", "bob", at=2, value=9), row("trust", "ann", "bob", at=1, value=1)]
    assert snapshot_of(rows).relation("trust", "account").values.tolist() == [9.0]


# -- facts ------------------------------------------------------------------------------------------------------------


def edges_time(n):
    return table([row("follow", "ann", "bob", at=n)])["time"][0].as_py()


def bought(*rows):
    return [time for *_, time in standing(*rows, name="purchase", kind="item")]


TWICE = (row("purchase", "ann", "tea", at=1, id="first"), row("purchase", "ann", "tea", at=2, id="second"))


def test_named_refund_takes_back_that_purchase_whatever_the_times():
    assert bought(*TWICE, row("refund", "ann", "tea", at=0, retracts="first")) == [edges_time(2)]


def test_unnamed_refund_takes_back_the_latest_purchase_before_it():
    assert bought(*TWICE, row("refund", "ann", "tea", at=3)) == [edges_time(1)]
    assert bought(*TWICE, row("refund", "ann", "tea", at=1)) == [edges_time(2)]


def test_undated_refund_takes_back_the_latest_purchase():
    assert bought(*TWICE, row("refund", "ann", "tea")) == [edges_time(1)]


def test_refund_before_every_purchase_takes_nothing_back():
    assert len(bought(*TWICE, row("refund", "ann", "tea", at=0.5))) == 2


@pytest.mark.parametrize(("source", "target"), [("bob", "tea"), ("ann", "cup")])
def test_refund_by_another_account_or_of_another_item_takes_nothing_back(source, target):
    assert len(bought(*TWICE, row("refund", source, target, at=3, retracts="first"))) == 2


@pytest.mark.parametrize("stranger", ["aaa", "zoe"])
def test_stranger_who_names_a_refunded_purchase_does_not_bring_it_back(stranger):
    refunds = [row("refund", who, "tea", at=3, retracts="first") for who in ("ann", stranger)]
    assert bought(*TWICE, *refunds) == [edges_time(2)]


def test_refund_that_names_a_share_takes_nothing_back():
    rows = [row("share", "ann", "tea", at=1, id="s"), row("purchase", "ann", "tea", at=1)]
    found = edges_of(snapshot_of([*rows, row("refund", "ann", "tea", at=2, retracts="s")]))
    assert {key: len(edges) for key, edges in found.items()} == {("share", "item"): 1, ("purchase", "item"): 1}


def test_derived_id_can_be_taken_back_by_name(tmp_path):
    store = EmbeddedStore(tmp_path / "store", create=True)
    purchase = table([row("purchase", "ann", "tea", at=1)])
    store.append(purchase)
    high, low = (purchase[name][0].as_py() for name in ("key_hi", "key_lo"))
    store.append(table([row("refund", "ann", "tea", retracts=f"auto-{high:016x}{low:016x}")]))
    snapshot = Snapshot.open(build_snapshot(store.events(), store.snapshots))
    store.close()
    assert ("purchase", "item") not in snapshot.relations


# -- what a snapshot holds --------------------------------------------------------------------------------------------


def test_snapshot_knows_everybody_that_is_mentioned_by_kind():
    rows = [row("purchase", "ann", "tea", via="bob"), row("sell", "shop", "tea"), row("promote", "ann", "acme",
            target_kind="brand"), row("unfollow", "cat", "dan")]  # fmt: skip
    snapshot = snapshot_of(rows)
    assert {kind: ids.values.to_pylist() for kind, ids in snapshot.ids.items()} == {
        "account": ["ann", "bob", "cat", "dan"],
        "item": ["tea"],
        "merchant": ["shop"],
        "brand": ["acme"],
    }


def test_ids_are_sorted_as_python_sorts_them():
    snapshot = snapshot_of([row("follow", a, b) for a in ACCOUNTS for b in ("😀", "ｚ", "Ann") if a != b])
    ids = snapshot.accounts.values.to_pylist()
    assert ids == sorted(ids)
    assert [snapshot.accounts.find(id_) for id_ in ids] == list(range(len(ids)))


def test_unknown_id_is_an_error_that_names_it():
    snapshot = snapshot_of([row("follow", "ann", "bob")])
    assert snapshot.accounts.find("zoe") is None
    with pytest.raises(UnknownIdError, match="no account 'zoe' among 2"):
        snapshot.accounts.index("zoe")


def test_as_of_is_the_newest_time_and_unknown_without_times():
    assert snapshot_of([row("follow", "ann", "bob", at=1), row("unfollow", "ann", "bob", at=5)]).as_of == edges_time(5)
    assert snapshot_of([row("follow", "ann", "bob")]).as_of is None


def test_followers_lists_who_follows_each_account():
    snapshot = snapshot_of([row("follow", "ann", "cat"), row("follow", "bob", "cat"), row("follow", "cat", "ann")])
    offsets, sources = snapshot.followers
    assert offsets.tolist() == [0, 1, 1, 3]
    assert sources.tolist() == [2, 0, 1]


def test_empty_pile_is_a_snapshot_of_nobody():
    snapshot = snapshot_of([])
    assert (snapshot.n_accounts, snapshot.n_edges, snapshot.as_of) == (0, 0, None)
    assert len(snapshot.relation("follow", "account")) == 0


def test_take_gives_one_source_and_its_edges():
    snapshot = snapshot_of([row("follow", "ann", "bob", at=1), row("follow", "bob", "ann", at=2)])
    follow = snapshot.relation("follow", "account")
    own = follow.take(follow.rows_of(1))
    assert own.sources().tolist() == [0]
    np.testing.assert_array_equal(own.times, [edges_time(2)])


def test_bundle_that_is_no_snapshot_is_refused(tmp_path):
    engine = Engine(tmp_path / "store", create=True)
    engine.append([row("follow", "ann", "bob")])
    engine.snapshot()
    run = engine.score().id
    with pytest.raises(DamagedError, match="holds a run, not a snapshot"):
        Snapshot.open(engine.store.runs / run)
    engine.close()


def test_target_that_the_snapshot_does_not_know_is_left_out():
    snapshot = snapshot_of([row("follow", "ann", "bob")])
    own = relations_of(snapshot, table([row("follow", "ann", "bob"), row("follow", "ann", "zoe")]))
    assert own["follow", "account"].targets.tolist() == [snapshot.accounts.index("bob")]
