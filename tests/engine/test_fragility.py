"""On whom trust rests, as an answer: the smallest set, whose it is, and who of it may be named."""

import json

import numpy as np
import pytest

import reference_walks
from guanxi.engine import Strategy
from guanxi.engine.fragility import fragility
from guanxi.errors import ParameterError, UnknownIdError
from strategies import row

FANS = [f"fan{i}" for i in range(8)]
TIES = [
    *(row("follow", fan, "hub") for fan in FANS[:6]),
    *(row("follow", fan, "side") for fan in FANS[6:]),
    row("follow", "hub", "星"),
    row("follow", "side", "星"),
    row("follow", "fan0", "fan6"),
]


def names(data):
    return [found["id"] for found in data["accounts"]]


def test_hub_carries_most_of_the_global_trust(engine, answer):
    view = answer(engine, TIES)
    data, meta = fragility(view, "星", share=0.6)
    assert (names(data), data["n_accounts"], data["proven_smallest"]) == (["hub"], 1, True)
    assert data["carried"] == data["accounts"][0]["adds"] >= 0.6
    assert data["score"] == view.ranking()[0]["accounts"][0]["trust"]
    assert meta["personalised"] is False
    everything, _ = fragility(view, "星", share=1.0)
    assert set(names(everything)) == {"hub", "side"}
    assert everything["carried"] == pytest.approx(1.0, abs=1e-9)


def test_shares_equal_those_of_the_slow_version(engine, answer):
    view = answer(engine, TIES)
    run, at = view.run, view.snapshot.accounts.index
    data, _ = fragility(view, "星", share=0.6)
    options = {"discount": run.discount, "restart": run.strategy.restart}
    others = [a for a in range(run.graph.n) if a != at("星")]
    whole, own, left = (
        reference_walks.passing_by(run.graph, run.discount, at("星"), of, **options) for of in ([], others, [at("hub")])
    )
    assert data["own_share"] == pytest.approx(own / whole, abs=1e-9)
    assert data["carried"] == pytest.approx((whole - left) / (whole - own), abs=1e-9)


def test_personal_trust_rests_on_the_viewers_own_ties_and_their_way(engine, answer):
    data, meta = fragility(answer(engine, TIES), "星", viewer="fan1")
    assert (names(data), data["carried"], data["own_share"]) == (["hub"], 1.0, 0.0)
    assert (meta["personalised"], meta["solver"]) == (True, "exact")
    direct, _ = fragility(answer(engine, [row("follow", "fan1", "星")]), "星", viewer="fan1")
    assert 0.5 < direct["own_share"] < 1
    assert names(direct) == ["hub"]


def test_newer_events_of_the_viewer_count(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("follow", "newcomer", "side")])
    data, meta = fragility(view, "星", viewer="newcomer")
    assert (names(data), meta["n_newer_events"]) == (["side"], 1)


def test_viewer_who_trusts_nobody_has_no_carriers(engine, answer):
    data, _ = fragility(answer(engine, TIES), "星", viewer="nobody")
    assert (names(data), data["reached"], data["own_share"], data["score"]) == ([], False, 1.0, 0.0)


def test_seeds_are_not_in_the_set_since_trust_starts_there_by_decree(engine, answer):
    data, _ = fragility(answer(engine, TIES, Strategy(seeds=("hub", "fan0"))), "星", share=1.0)
    assert names(data) == ["fan6"]  # and side, which comes after it, carries no less
    assert data["own_share"] > 0.5


def test_limit_and_effort_say_what_is_not_known(engine, answer):
    view = answer(engine, TIES)
    data, _ = fragility(view, "hub", share=1.0, limit=2)
    assert (data["reached"], data["proven_smallest"], len(data["accounts"])) == (False, False, 2)
    assert data["at_least"] == 6


def test_carrier_by_a_purchase_is_not_named_nor_counted(engine, answer):
    rows = [row("follow", "ann", "bob"), row("purchase", "bob", "tea", via="cat")]
    data, _ = fragility(answer(engine, rows), "cat", viewer="ann")
    assert (data["accounts"], data["not_public"], data["n_accounts"], data["at_least"]) == (
        [],
        {"fewer_than": 5},
        None,
        None,
    )
    assert data["carried"] == 1.0
    assert "bob" not in json.dumps(data)


def test_carriers_that_may_not_be_named_are_counted_from_k_up(engine, answer):
    rows = [row("purchase", f"u{i}", "tea", via="cat") for i in range(5)]
    data, _ = fragility(answer(engine, rows), "cat", share=1.0)
    assert (data["accounts"], data["not_public"], data["n_accounts"]) == ([], {"n": 5}, 5)


def test_account_is_named_where_public_ties_lead_on_from_it(engine, answer):
    rows = [row("follow", "ann", "bob"), row("follow", "bob", "cat"), row("purchase", "bob", "tea", via="dan")]
    data, _ = fragility(answer(engine, [*rows, row("follow", "cat", "eve"), row("follow", "dan", "eve")]), "eve")
    assert np.isin(names(data), ["ann", "bob", "cat", "dan"]).all()
    assert data["accounts"]


def test_what_makes_no_sense_is_refused(engine, answer):
    view = answer(engine, TIES)
    with pytest.raises(UnknownIdError, match="no account 'zed'"):
        fragility(view, "zed")
    with pytest.raises(ParameterError, match="the viewer, 'hub', is the account"):
        fragility(view, "hub", viewer="hub")
    with pytest.raises(ParameterError, match="share is 2, not in"):
        fragility(view, "hub", share=2)
