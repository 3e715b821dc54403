"""Answers: newer events, explanations, cold accounts, privacy, authenticity and dossiers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from guanxi.authenticity import Audience
from guanxi.authenticity.attacks import Purchase, plant
from guanxi.engine import Engine, Privacy, Strategy
from guanxi.errors import ParameterError, UnknownIdError
from strategies import ACCOUNTS, NOW_US, event_rows, quick, row

TIES = [
    *(row("follow", "ann", who) for who in ("bob", "cat")),
    *(row("follow", "bob", who) for who in ("cat", "dan")),
    row("follow", "cat", "dan"),
    row("follow", "dan", "ann"),
    row("share", "bob", "tea"),
    row("purchase", "cat", "pot"),
    row("purchase", "dan", "cup"),
]


def ids(answer, kind="items"):
    return [entry["id"] for entry in answer[kind]]


def named(answer, id_, kind="items"):
    return next(entry for entry in answer[kind] if entry["id"] == id_)


def score_of(entry):
    """What an explanation says that the score is."""
    parts = entry["explanation"]["components"]
    said = sum(term["amount"] for part in parts for term in part["terms"]) + sum(part["remainder"] for part in parts)
    taken = sum(adjustment["amount"] for adjustment in entry["explanation"]["adjustments"])
    return said + taken + entry["explanation"]["remainder"]


def codes(entry, name="trust"):
    return [t["code"] for part in entry["explanation"]["components"] if part["name"] == name for t in part["terms"]]


# -- the envelope -----------------------------------------------------------------------------------------------------


def test_answer_names_run_snapshot_date_and_strategy(engine, answer):
    view = answer(engine, [*TIES, row("follow", "eve", "ann", at=3)])
    _, meta = view.items("ann")
    assert meta == {
        "solver": "push",
        "run": view.run.id,
        "snapshot": view.snapshot.id,
        "as_of": meta["as_of"],
        "strategy": "balanced@1",
        "degraded": False,
        "personalised": True,
        "n_newer_events": 0,
        "confidence": "medium",
    }
    assert meta["as_of"].startswith("2023-11-17T")
    assert view.ranking()[1]["personalised"] is False


@pytest.mark.parametrize("kind", ["items", "accounts"])
def test_push_and_exact_solver_give_the_same_answer_and_are_named(engine, answer, kind):
    ask = getattr(answer(engine, TIES), kind)
    (fast, meta), (exact, exact_meta) = ask("ann"), ask("ann", exact=True)
    assert (meta["solver"], exact_meta["solver"]) == ("push", "exact")
    assert ids(fast, kind) == ids(exact, kind)
    for mine, theirs in zip(fast[kind], exact[kind], strict=True):
        assert mine["score"] == pytest.approx(theirs["score"], abs=1e-6)
        assert score_of(mine) == pytest.approx(mine["score"], abs=1e-9)


def test_run_that_kept_no_routes_prepares_them_anew(engine, answer, monkeypatch):
    view = answer(engine, TIES)
    before = view.items("ann")
    monkeypatch.setattr(type(view.run.bundle), "has", lambda *_: False)
    assert Engine(engine.store.home).view().items("ann") == before


def test_same_question_has_the_same_answer(engine, answer):
    view = answer(engine, TIES)
    assert view.items("ann") == view.items("ann")
    again = Engine(engine.store.home).view()
    assert again.items("ann") == view.items("ann")


def test_explanations_add_up_to_the_scores(engine, answer):
    view = answer(engine, TIES)
    for kind, (found, _) in {"items": view.items("ann"), "accounts": view.accounts("ann")}.items():
        assert found[kind]
        for rank, entry in enumerate(found[kind], start=1):
            assert entry["rank"] == rank
            assert score_of(entry) == pytest.approx(entry["score"], abs=1e-9)


def test_summary_counts_and_says_what_leads_in_both_languages(engine, answer):
    view = answer(engine, TIES)
    english, chinese = (named(view.items("ann", language=language)[0], "tea") for language in ("en", "zh"))
    assert english["summary"]["text"] == "Shared by 1 person you trust, mostly for the accounts you trust"
    assert chinese["summary"]["text"] == "您信任的1人分享过，主要因为您信任的人"
    assert english["summary"]["counts"] == [{"relation": "share", "n": 1}]


@pytest.mark.parametrize("limit", [0, 1001])
def test_limit_out_of_range_is_refused(engine, answer, limit):
    view = answer(engine, TIES)
    for ask in (view.items, view.accounts, view.trusted_by):
        with pytest.raises(ParameterError, match=f"limit is {limit}, not in 1..1000"):
            ask("ann", limit=limit)
    with pytest.raises(ParameterError, match=f"limit is {limit}"):
        view.ranking(limit=limit)


# -- cold accounts ----------------------------------------------------------------------------------------------------


def test_unknown_account_is_answered_by_standing_and_told_so(engine, answer):
    found, meta = answer(engine, TIES).items("nobody")
    assert (found["known"], found["rests_on"]["parts"], meta["confidence"]) == (False, ["prior"], "low")
    assert found["rests_on"]["text"] == "standing with everybody, since nothing is known about you yet"
    assert set(ids(found)) == {"tea", "pot", "cup"}
    assert {entry["summary"]["leading"] for entry in found["items"]} == {"prior"}


def test_account_with_ties_and_no_items_is_answered_by_trust(engine, answer):
    found, _ = answer(engine, TIES).items("ann")
    assert (found["known"], found["rests_on"]["parts"]) == (True, ["trust"])
    assert found["rests_on"]["n_trusted_accounts"] == 3


def test_account_with_items_and_no_ties_is_answered_by_taste(engine, answer):
    found, _ = answer(engine, [*TIES, row("purchase", "eve", "pot"), row("purchase", "bob", "pot")]).items("eve")
    assert (found["rests_on"]["parts"], ids(found)[0]) == (["taste"], "tea")


def test_graph_without_items_says_that_the_answer_rests_on_nothing(engine, answer):
    found, _ = answer(engine, [row("block", "ann", "bob")]).items("eve")
    assert (found["items"], found["rests_on"]["parts"]) == ([], [])
    assert found["rests_on"]["text"] == "nothing: the graph is empty"


# -- what is left out -------------------------------------------------------------------------------------------------


def test_owned_items_are_left_out_unless_asked_for(engine, answer):
    view = answer(engine, [*TIES, row("purchase", "ann", "tea")])
    assert "tea" not in ids(view.items("ann")[0])
    assert "tea" in ids(view.items("ann", exclude_seen=False)[0])


def test_refunded_item_comes_back(engine, answer):
    view = answer(engine, [*TIES, row("purchase", "ann", "tea", id="p"), row("refund", "ann", "tea", retracts="p")])
    assert "tea" in ids(view.items("ann")[0])


def test_followed_and_blocked_accounts_are_left_out(engine, answer):
    assert ids(answer(engine, TIES).accounts("ann")[0], "accounts") == ["dan"]
    assert ids(answer(engine, [row("block", "ann", "dan")]).accounts("ann")[0], "accounts") == []


# -- newer events -----------------------------------------------------------------------------------------------------


def test_newer_events_change_the_own_answers_at_once(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("purchase", "ann", "tea"), row("unfollow", "ann", "cat"), row("follow", "ann", "dan")])
    found, meta = view.items("ann")
    assert meta["n_newer_events"] == 3
    assert "tea" not in ids(found)
    assert ids(view.accounts("ann")[0], "accounts") == ["cat"]
    assert view.items("bob")[1]["n_newer_events"] == 0


def test_newcomer_is_served_from_the_first_event(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("follow", "eve", "cat"), row("follow", "eve", "stranger")])
    found, _ = view.items("eve")
    assert (found["known"], found["rests_on"]["parts"]) == (True, ["trust"])
    assert codes(named(found, "pot")) == ["trusted_accounts_unnamed"]
    data, _ = view.trust("eve", "cat")
    assert data["direct"] == 1.0
    assert [term["account"] for term in data["terms"]] == ["eve", "ann", "bob"]


def test_block_takes_effect_at_once(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("block", "ann", "bob")])
    found, _ = view.items("ann")
    assert view.trust("ann", "bob")[0]["direct"] == 0.0
    parts = [part for entry in found["items"] for part in entry["explanation"]["components"]]
    assert "bob" not in {term.get("account") for part in parts for term in part["terms"]}


def test_newer_purchase_of_a_new_item_counts_for_whom_it_came_by(engine, answer):
    view = answer(engine, [*TIES, row("follow", "eve", "ann", at=3)])
    assert view.trust("ann", "eve")[0]["direct"] == 0
    n_own = view.items("ann")[0]["rests_on"]["n_own_items"]
    engine.append([row("purchase", "ann", "an item that no snapshot knows", via="eve")])
    assert view.trust("ann", "eve")[0]["direct"] > 0
    assert view.items("ann")[0]["rests_on"]["n_own_items"] == n_own + 1


NEWER = ("follow", "unfollow", "trust", "untrust", "block", "unblock", "purchase")


@given(event_rows(max_size=20), event_rows(max_size=5, verbs=NEWER))
@quick(10)
def test_newer_ties_give_the_personal_trust_of_a_full_rebuild(tmp_path_factory, rows, newer):
    known = [row("follow", ACCOUNTS[n - 1], ACCOUNTS[n], at=9) for n in range(len(ACCOUNTS))]
    newer = [{**r, "source": "ann", "id": None, "time": None} for r in newer if r["target"] not in ("ann", "tea")]
    engine = Engine(tmp_path_factory.mktemp("home"), create=True, now_us=lambda: NOW_US)
    engine.append([*known, *rows])
    strategy = Strategy(discounts=False)
    engine.snapshot(), engine.score(strategy)
    view = engine.view()
    engine.append(newer)
    targets = view.snapshot.accounts.values.to_pylist()
    at_once = [view.trust("ann", target)[0]["personal"]["score"] for target in targets]
    engine.snapshot(), engine.score(strategy)
    rebuilt = [engine.view().trust("ann", target)[0]["personal"]["score"] for target in targets]
    engine.close()
    np.testing.assert_allclose(at_once, rebuilt, rtol=0, atol=1e-12)


# -- trust ------------------------------------------------------------------------------------------------------------


@given(event_rows(max_size=30), st.sampled_from(ACCOUNTS), st.integers(0, 3))
@quick(10)
def test_terms_of_trust_add_up_to_the_score_of_the_slow_twin(tmp_path_factory, rows, viewer, at_most):
    engine = Engine(tmp_path_factory.mktemp("home"), create=True, now_us=lambda: NOW_US)
    engine.append([*TIES, *rows])
    engine.snapshot(), engine.score()
    view = engine.view()
    index, ids_ = view.snapshot.accounts.find(viewer), view.snapshot.accounts.values.to_pylist()
    for target in ids_ if index is not None else ():
        expected, _ = reference.personal_trust(view.run.graph, index, discount=view.run.discount)
        data, _ = view.trust(viewer, target, at_most=at_most)
        score = data["personal"]["score"]
        assert data["distrust"]["before"] == pytest.approx(expected[ids_.index(target)], abs=1e-9)
        assert score == data["distrust"]["before"] * data["distrust"]["factor"]
        assert len(data["terms"]) <= at_most
        terms = [term["amount"] for term in data["terms"]]
        taken = [adjustment["amount"] for adjustment in data["adjustments"]]
        said = math.fsum([*terms, *taken, data["others"]["amount"], data["remainder"]])
        assert said == pytest.approx(score, abs=1e-12)
        assert abs(data["remainder"]) < 1e-9
    engine.close()


def test_trust_of_an_unknown_target_is_an_error_and_of_an_unknown_viewer_is_not(engine, answer):
    view = answer(engine, TIES)
    with pytest.raises(UnknownIdError, match="no account 'zoe'"):
        view.trust("ann", "zoe")
    data, _ = view.trust("zoe", "ann")
    assert (data["personal"]["score"], data["direct"], data["terms"]) == (0.0, 0.0, [])


def test_trust_says_rank_counts_and_direct_weight(engine, answer):
    data, _ = answer(engine, TIES, Strategy(discounts=False)).trust("ann", "cat")
    assert data["direct"] == 1.0
    assert data["personal"]["rank"] == 3  # after ann, from whom trust starts, and dan, to whom it flows on
    assert data["counts"] == {"n_trusting": 2, "n_trusting_whom_the_viewer_follows": 1}
    assert data["global"]["n_accounts"] == 4


def test_most_trusted_accounts_come_in_order_without_the_viewer(engine, answer):
    rows = answer(engine, TIES).trusted_by("ann", limit=2)[0]["accounts"]
    assert [r["rank"] for r in rows] == [1, 2]
    assert rows[0]["trust"] >= rows[1]["trust"] > 0
    assert "ann" not in {r["id"] for r in rows}


def test_ranking_is_by_global_trust(engine, answer):
    view = answer(engine, TIES)
    rows = view.ranking(limit=3)[0]["accounts"]
    assert [r["trust"] for r in rows] == sorted(view.run.global_trust.tolist(), reverse=True)[:3]


# -- privacy ----------------------------------------------------------------------------------------------------------


def buyers(n):
    return [r for i in range(n) for r in (row("follow", "ann", f"b{i}"), row("purchase", f"b{i}", "tea"))]


@pytest.mark.parametrize(("n", "shown"), [(1, {"fewer_than": 3}), (2, {"fewer_than": 3}), (3, {"n": 3})])
def test_buyers_are_counted_from_k_up_and_never_named(tmp_path, answer, n, shown):
    engine = Engine(tmp_path / "store", create=True, privacy=Privacy(k=3), now_us=lambda: NOW_US)
    (tea,) = answer(engine, buyers(n)).items("ann")[0]["items"]
    assert tea["summary"]["counts"] == [{"relation": "purchase", **shown}]
    (term,) = [t for c in tea["explanation"]["components"] if c["name"] == "trust" for t in c["terms"]]
    assert (term.keys() - {"amount"}, term["code"]) == ({"code", *shown}, "trusted_accounts_unnamed")
    words = "3 people" if n == 3 else "fewer than 3 people"
    assert tea["summary"]["text"].startswith(f"Bought by {words} you trust")
    engine.close()


def test_shares_are_named_only_where_shares_are_public(tmp_path, answer):
    for public, code in ((frozenset({"share"}), "trusted_account"), (frozenset(), "trusted_accounts_unnamed")):
        engine = Engine(tmp_path / code, create=True, privacy=Privacy(public=public), now_us=lambda: NOW_US)
        tea = answer(engine, [row("follow", "ann", "bob"), row("share", "bob", "tea")]).items("ann")[0]["items"][0]
        assert codes(tea) == [code]
        engine.close()


def test_tie_that_only_a_purchase_shows_names_nobody_to_others(engine, answer):
    rows = [row("follow", "ann", "bob"), row("purchase", "bob", "tea", via="dan"), row("follow", "cat", "dan")]
    view = answer(engine, rows)
    data, _ = view.trust("ann", "dan")
    assert (data["terms"], data["others"]["n"]) == ([], 0)
    assert data["others"]["amount"] == pytest.approx(data["personal"]["score"])
    assert codes(named(view.accounts("ann")[0], "dan", "accounts")) == ["trusted_accounts_unnamed"]
    assert [term["account"] for term in view.trust("bob", "dan")[0]["terms"]] == ["bob"]


# -- authenticity before propagation ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def market(tmp_path_factory):
    """A graph in which a few accounts bought followers; the rows, the customers and the fakes."""
    rng = np.random.default_rng(5)
    n = 600
    source, target = rng.integers(0, n, 9000), (n * rng.random(9000) ** 2).astype(int)
    honest = Audience.from_edges(n, source=source, target=target)
    planted = plant(honest, Purchase(n_fakes=80, n_customers=12, n_follows=10), rng=rng)
    audience = planted.audience
    ends = zip(audience.edge_sources().tolist(), audience.targets.tolist(), strict=True)
    engine = Engine(tmp_path_factory.mktemp("market"), create=True, now_us=lambda: NOW_US)
    engine.append([row("follow", f"a{s:04}", f"a{t:04}") for s, t in ends])
    engine.snapshot()
    yield engine, planted
    engine.close()


def test_bought_followers_bring_less_trust_with_discounts_than_without(market):
    engine, planted = market
    trust = {}
    for discounts in (True, False):
        engine.score(Strategy(discounts=discounts))
        trust[discounts] = engine.view().run.global_trust
    change = trust[True] / trust[False]
    honest = ~planted.customers & ~planted.fakes
    assert (change[planted.customers] < 1).mean() > 0.9
    assert np.median(change[planted.customers]) < 0.9 * np.median(change[honest])


def test_discount_is_applied_before_trust_flows(market):
    engine, _ = market
    engine.score()
    run = engine.view().run
    assert (run.discount < 1).any()
    expected = reference.eigentrust(run.graph, run.discount, discount=run.discount, restart=run.strategy.restart)
    np.testing.assert_allclose(run.global_trust, expected, atol=1e-9)


def test_run_without_discounts_has_none(market):
    engine, _ = market
    assert engine.score(Strategy(discounts=False)).n_discounted == 0
    assert set(engine.view().run.discount.tolist()) == {1.0}


def test_dossier_shows_figures_witnesses_evidence_and_innocent_explanations(market):
    engine, planted = market
    engine.score()
    customer = f"a{np.flatnonzero(planted.customers)[0]:04}"
    dossier, meta = engine.view().dossier(customer, evidence=3)
    said = {"account", "audience", "conduct", "data_confidence", "witnesses", "figures", "standing", "factor"}
    assert said <= dossier.keys()
    assert dossier["figures"]["n_followers"] == planted.audience.n_followers[int(customer[1:])]
    assert dossier["data_confidence"] in "ABCD"
    assert {w["subject"] for w in dossier["witnesses"]} == {"audience", "conduct"}
    for witness in dossier["witnesses"]:
        assert len(witness["evidence"]) <= 3
        assert (witness["value"] is None) == (witness["log_likelihood_ratio"] is None)
        assert witness["value"] is not None or witness["note"]
        assert all(e.keys() == {"code", "text"} and e["text"] for e in witness["innocent_explanations"])
    assert any(w["evidence"] and w["innocent_explanations"] for w in dossier["witnesses"])
    assert dossier["audience"]["low"] <= dossier["audience"]["value"] <= dossier["audience"]["high"]
    assert meta["run"] == engine.view().run.id


def test_authenticity_survives_saving_bit_for_bit(market):
    engine, planted = market
    engine.score()
    fresh = Engine(engine.store.home)
    customer = f"a{np.flatnonzero(planted.customers)[0]:04}"
    assert fresh.view().dossier(customer)[0] == engine.view().dossier(customer)[0]
    factor = fresh.view().authenticity(customer)[0]["factor"]
    assert factor == fresh.view().run.discount[fresh.view().snapshot.accounts.index(customer)]
    fresh.close()


def test_vetting_an_unknown_account_is_an_error(engine, answer):
    view = answer(engine, TIES)
    for ask in (view.dossier, view.authenticity):
        with pytest.raises(UnknownIdError, match="no account 'zoe' among 4"):
            ask("zoe")
