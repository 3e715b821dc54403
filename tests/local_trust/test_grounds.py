"""What local trust between two accounts rests on: the grounds add up to it."""

import numpy as np
import pytest
from hypothesis import given

from guanxi.events.values import DAY_US
from guanxi.local_trust import Actions, Setting, default_weights, local_trust
from guanxi.local_trust.grounds import actions_of, grounds, n_buyers_led
from strategies import MODEL, T0, event_rows, quick, row, snapshot_of

WEIGHTS = default_weights(MODEL)


def setting_of(snapshot):
    return Setting.of(snapshot, WEIGHTS)


def said(rows, source, target):
    snapshot = snapshot_of(rows)
    ids = snapshot.accounts
    return grounds(actions_of(snapshot, ids.index(source)), setting_of(snapshot), ids.index(target))


@quick(80)
@given(event_rows())
def test_weights_of_the_grounds_add_up_to_local_trust(rows):
    snapshot = snapshot_of(rows)
    setting, n = setting_of(snapshot), snapshot.n_accounts
    graph = local_trust(snapshot, setting)
    for source in range(n):
        actions = actions_of(snapshot, source)
        for target, weight in zip(*(side.tolist() for side in graph.row(source)), strict=True):
            found = grounds(actions, setting, target)
            assert sum(ground.weight for ground in found) == pytest.approx(weight, rel=1e-6)
            assert all(0 < ground.weight <= ground.fresh + 1e-12 for ground in found)
            assert len({ground.relation for ground in found}) == len(found)


def test_grounds_say_how_many_events_how_old_and_what_is_left():
    rows = [
        row("follow", "ann", "bob", at=0),
        row("share", "ann", "tea", at=180, via="bob"),
        row("share", "ann", "pot", at=360, via="bob"),
        row("follow", "bob", "ann", at=360),
    ]
    share, follow = said(rows, "ann", "bob")
    assert (share.relation, share.n, share.newest) == ("share", 2, T0 + 360 * DAY_US)
    assert share.weight == pytest.approx(0.5 * (1 + 0.5))
    assert share.fresh == 1.0
    assert (follow.relation, follow.n, follow.newest) == ("follow", 1, T0)
    assert follow.weight == pytest.approx(2 ** (-360 / 730))


def test_purchase_that_names_nobody_is_dated_and_divided_among_sharers():
    rows = [
        *(row("follow", "ann", who) for who in ("bob", "cat")),
        *(row("share", who, "tea", at=10) for who in ("bob", "cat")),
        row("purchase", "ann", "tea", at=30),
        row("purchase", "ann", "pot", at=40),
        row("purchase", "ann", "cup", at=40, via="bob"),
    ]
    purchase = next(ground for ground in said(rows, "ann", "bob") if ground.relation == "purchase")
    assert (purchase.n, purchase.newest, purchase.fresh) == (2, T0 + 40 * DAY_US, pytest.approx(1.5 + 3.0))
    only = next(ground for ground in said(rows, "ann", "cat") if ground.relation == "purchase")
    assert (only.n, only.newest, only.fresh) == (1, T0 + 30 * DAY_US, pytest.approx(1.5))


def test_stranger_has_no_grounds():
    assert said([row("follow", "ann", "bob")], "bob", "ann") == []


@quick(60)
@given(event_rows())
def test_buyers_led_are_those_whose_purchases_are_grounds(rows):
    snapshot = snapshot_of(rows)
    setting, n = setting_of(snapshot), snapshot.n_accounts
    expected = np.zeros(n, dtype=int)
    for buyer in range(n):
        actions = actions_of(snapshot, buyer)
        for other in range(n):
            found = grounds(actions, setting, other) if other != buyer else []
            expected[other] += any(ground.relation == "purchase" for ground in found)
    assert n_buyers_led(Actions.of_all(snapshot), setting, n).tolist() == expected.tolist()
