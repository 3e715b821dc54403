"""What was known when."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from guanxi.engine.fitting.splitting import cuts_of, held_out, n_undated, snapshot_until
from guanxi.events.coded import Coded
from guanxi.events.values import DAY_US
from strategies import T0, event_rows, quick, row, snapshot_of, table


def _parts(rows, tmp_path, *, end, target="items"):
    events = [Coded.of([table(rows)])]
    cut = T0 + end * DAY_US
    now, later = snapshot_until(events, cut, tmp_path), snapshot_until(events, None, tmp_path)
    asked = held_out(now, later, cut, target, np.arange(now.n_accounts, dtype=np.uint32))
    names = now.ids["item" if target == "items" else "account"]
    found = {now.accounts[viewer]: [names[t] for t in asked.of(i)] for i, viewer in enumerate(asked.viewers.tolist())}
    return found, asked, now


KNOWN = [row("share", "cai", item, at=0) for item in ("tea", "cup", "pot")] + [row("follow", "邓", "cai", at=0)]


def test_later_purchases_of_known_items_are_held_out(tmp_path):
    rows = [
        *KNOWN,
        row("purchase", "邓", "tea", at=9),
        row("share", "邓", "pot", at=8),
        row("purchase", "邓", "pan", at=9),
    ]
    found, asked, _ = _parts(rows, tmp_path, end=5)
    assert found == {"邓": ["pot", "tea"]}
    assert asked.n_unknown == 1


def test_repeated_purchase_is_nothing_new(tmp_path):
    rows = [*KNOWN, row("purchase", "邓", "tea", at=1), row("purchase", "邓", "tea", at=9)]
    assert _parts(rows, tmp_path, end=5)[0] == {}


def test_purchase_taken_back_before_the_end_is_not_held_out(tmp_path):
    rows = [*KNOWN, row("purchase", "邓", "tea", at=8), row("refund", "邓", "tea", at=9)]
    assert _parts(rows, tmp_path, end=5)[0] == {}


def test_refund_after_the_cut_is_not_known_at_the_cut(tmp_path):
    rows = [*KNOWN, row("purchase", "邓", "tea", at=1), row("refund", "邓", "tea", at=9)]
    _, _, now = _parts(rows, tmp_path, end=5)
    assert len(now.relation("purchase", "item")) == 1
    assert now.as_of == T0 + DAY_US


def test_event_at_the_cut_is_known(tmp_path):
    found, _, now = _parts([*KNOWN, row("purchase", "邓", "tea", at=5)], tmp_path, end=5)
    assert found == {}
    assert len(now.relation("purchase", "item")) == 1


def test_follow_that_began_later_is_held_out_for_accounts(tmp_path):
    rows = [
        *KNOWN,
        row("follow", "bob", "cai", at=0),
        row("follow", "邓", "bob", at=9),
        row("trust", "邓", "cai", at=9),
    ]
    assert _parts(rows, tmp_path, end=5, target="accounts")[0] == {"邓": ["bob"]}


def test_undated_acts_are_known_and_never_held_out(tmp_path):
    rows = [*KNOWN, row("purchase", "邓", "tea")]
    found, _, now = _parts(rows, tmp_path, end=5)
    assert found == {}
    assert len(now.relation("purchase", "item")) == 1
    assert n_undated([Coded.of([table(rows)])], ["follow", "purchase"]) == {"purchase": 1}


def test_cuts_leave_seventy_and_eighty_five_percent_before_them():
    rows = [row("purchase", "ann", f"i{n}", at=n / 10) for n in range(1001)] + [row("follow", "ann", "bob", at=900)]
    cuts = cuts_of([Coded.of([table(rows)])], "items")
    assert (cuts.train_end, cuts.validation_end) == (T0 + 70 * DAY_US, T0 + 85 * DAY_US)
    assert (cuts.n_dated, cuts.n_undated) == (1001, 0)


def test_some_viewers_are_taken_with_what_they_did(tmp_path):
    rows = [*KNOWN, *(row("follow", who, "cai", at=0) for who in ("ann", "bob"))]
    bought = (("ann", "tea"), ("bob", "cup"), ("bob", "pot"), ("邓", "tea"))
    rows += [row("purchase", who, item, at=9) for who, item in bought]
    _, asked, now = _parts(rows, tmp_path, end=5)
    some = asked.take([2, 1])
    assert [now.accounts[viewer] for viewer in some.viewers.tolist()] == ["bob", "邓"]
    assert [len(some.of(place)) for place in range(2)] == [2, 1]


@quick(15)
@given(rows=event_rows(), end=st.integers(0, 10))
def test_snapshot_until_a_moment_is_that_of_the_events_until_then(tmp_path_factory, rows, end):
    cut = T0 + end * DAY_US
    events = table(rows)
    coded = Coded.of([events])
    kept = [of for of, time in zip(rows, coded.time.tolist(), strict=True) if time <= cut]
    assert snapshot_until([coded], cut, tmp_path_factory.mktemp("s")).id == snapshot_of(kept).id
