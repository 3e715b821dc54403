"""Distrust in runs and answers: reporters count by the trust that they have, nobody is named, nothing flows on."""

import json
from dataclasses import replace

import numpy as np
import pytest

from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.judging import item_factor
from guanxi.local_trust import Distrust, RelationWeight
from strategies import NOW_US, row

FRIENDS = ("bob", "cat", "dan")
TIES = [
    *(row("follow", "ann", who) for who in FRIENDS),
    *(row("follow", who, "eve") for who in FRIENDS),
    *(row("follow", "eve", who) for who in ("fay", "ann")),
    *(row("purchase", who, "tea") for who in FRIENDS),
    row("purchase", "bob", "pot"),
]
N, N_FRESH = 240, 1000


def judged(view, viewer):
    return view.judged(view.present(viewer))


def score(view, viewer, target):
    return float(judged(view, viewer).scores[view.snapshot.accounts.index(target)])


def named(rows, id_):
    return next(entry for entry in rows if entry["id"] == id_)


# -- a mass report ----------------------------------------------------------------------------------------------------


def town(seed=5):
    """A town of four quarters whose people follow neighbours, some strangers, and buy things."""
    rng = np.random.default_rng(seed)
    rows = []
    for a in range(N):
        near = [b for b in range(a % 4, N, 4) if b != a]
        others = {*rng.choice(near, 6, replace=False).tolist(), *rng.choice(N, 2).tolist()} - {a}
        rows += [row("follow", f"p{a}", f"p{b}") for b in sorted(others)]
        rows += [row("purchase", f"p{a}", f"item{i}") for i in rng.choice(40, 3, replace=False)]
    return rows


def fresh(*, ring, target):
    """A thousand new accounts: each follows people of the town, but not the target; as a ring, each other, too."""
    rng, people = np.random.default_rng(9), [f"p{a}" for a in range(N) if f"p{a}" != target]
    rows = [row("follow", f"new{k}", who) for k in range(N_FRESH) for who in rng.choice(people, 3, replace=False)]
    if ring:
        others = ((k, (k + step) % N_FRESH) for k in range(N_FRESH) for step in (1, 2, 5))
        rows += [row("follow", f"new{k}", f"new{other}") for k, other in others]
    return rows


def mass_report(target, item):
    rows = [row(verb, f"new{k}", target, target_kind="account") for k in range(N_FRESH) for verb in ("report", "block")]
    rows += [row("trust", f"new{k}", target, value=-10.0) for k in range(N_FRESH)]
    rows += [row("report", f"new{k}", item, target_kind="item") for k in range(N_FRESH)]
    return rows + [row("review", f"new{k}", item, value=-10.0) for k in range(N_FRESH)]


@pytest.mark.parametrize(("ring", "seeds"), [(False, ()), (True, ()), (True, ("p0", "p1"))])
def test_mass_report_by_a_thousand_fresh_accounts_moves_nothing_for_those_who_do_not_trust_them(
    tmp_path, answer, ring, seeds
):
    target, item, strategy = "p17", "item7", Strategy(seeds=seeds)
    views = []
    for name, reports in (("before", []), ("after", mass_report(target, item))):
        opened = Engine(tmp_path / name, create=True, now_us=lambda: NOW_US)
        views.append(answer(opened, [*town(), *fresh(ring=ring, target=target), *reports], strategy))
    before, after = views
    at = before.snapshot.accounts.index(target)
    assert after.run.global_trust[at] == pytest.approx(before.run.global_trust[at], rel=0.01)
    assert after.run.prior == pytest.approx(before.run.prior, rel=0.01)
    for viewer in (f"p{a}" for a in range(0, N, 7)):
        assert score(after, viewer, target) == pytest.approx(score(before, viewer, target), rel=0.01)
    found = 0
    for viewer in (f"p{a}" for a in range(1, N, 60)):
        for kind in ("items", "accounts"):
            ask = {"limit": 40, "exclude_seen": False} if kind == "items" else {"limit": 200}
            one, other = (getattr(view, kind)(viewer, **ask)[0][kind] for view in views)
            assert [entry["id"] for entry in one] == [entry["id"] for entry in other]
            assert [e["score"] for e in other] == pytest.approx([e["score"] for e in one], rel=0.01)
            found += sum(entry["id"] in (target, item) for entry in one)
    assert found >= 8
    for view in views:
        view.store.close()


def test_half_a_ring_that_vouches_for_the_other_half_is_left_to_the_cap_and_has_no_voice_with_seeds(tmp_path, answer):
    half = [entry for entry in mass_report("p17", "item7") if int(entry["source"][3:]) % 2]
    for name, seeds in (("open", ()), ("seeded", ("p0", "p1"))):
        opened = Engine(tmp_path / name, create=True, now_us=lambda: NOW_US)
        view = answer(opened, [*town(), *fresh(ring=True, target="p17"), *half], Strategy(seeds=seeds))
        at = view.snapshot.accounts.index("p17")
        reports = view.run.distrusted.reports["account"]
        n_communities = len(np.unique(reports.communities[reports.rows_of(at)]))
        left = view.run.global_trust[at] / view.run.propagated[at]
        assert left >= 1 / (1 + n_communities)
        assert left == 1 or not seeds
        opened.close()


# -- whose word counts ------------------------------------------------------------------------------------------------


def test_report_by_somebody_whom_the_viewer_trusts_moves_the_target_and_nobody_else(engine, answer):
    view = answer(engine, TIES)
    before = judged(view, "ann").scores
    view = answer(engine, [row("report", "bob", "eve", target_kind="account")])
    after, eve = judged(view, "ann"), view.snapshot.accounts.index("eve")
    assert after.personal.scores == pytest.approx(before, abs=1e-12)
    assert after.scores[eve] < 0.9 * before[eve]
    others = np.arange(len(before)) != eve
    assert after.scores[others].tolist() == after.personal.scores[others].tolist()  # fay, whom eve follows, keeps hers
    data, _ = view.trust("ann", "eve")
    assert data["distrust"]["factor"] == pytest.approx(after.scores[eve] / before[eve])
    assert data["personal"]["score"] == after.scores[eve]


def test_factor_is_the_part_of_the_trust_among_all_that_is_said(engine, answer):
    only = Strategy(distrust=Distrust({"report": RelationWeight(1.0)}, cap=1e6))
    view = answer(engine, [*TIES, row("report", "bob", "eve", target_kind="account")], only)
    personal = judged(view, "ann").personal.scores
    bob, eve = (view.snapshot.accounts.index(id_) for id_ in ("bob", "eve"))
    favour = personal[eve] + 1 / len(personal)
    assert judged(view, "ann").factor[eve] == pytest.approx(favour / (favour + personal[bob]), rel=1e-12)


def test_one_community_takes_at_most_the_cap(engine, answer):
    reports = [row("report", who, "eve", target_kind="account") for who in FRIENDS]
    view = answer(engine, [*TIES, *reports], Strategy(distrust=Distrust({"report": RelationWeight(1000.0)}, cap=0.25)))
    reported = view.run.distrusted.reports["account"]
    n = len(np.unique(reported.communities))
    eve = view.snapshot.accounts.index("eve")
    assert judged(view, "ann").factor[eve] == pytest.approx(1 / (1 + 0.25 * n))


def test_old_report_counts_less_than_a_new_one(engine, answer):
    rows = [row("report", "bob", "eve", target_kind="account", at=0), row("report", "bob", "fay", at=900)]
    view = answer(engine, [*TIES, row("follow", "cat", "fay"), *rows])
    reports = view.run.distrusted.reports["account"]
    amounts = {view.snapshot.accounts[int(t)]: reports.amounts[reports.rows_of(int(t))][0] for t in reports.targets}
    assert amounts["eve"] == pytest.approx(amounts["fay"] * 2 ** (-900 / 180))


def test_account_that_the_viewer_blocks_has_no_voice(engine, answer):
    view = answer(engine, [*TIES, row("report", "cat", "eve", target_kind="account"), row("follow", "bob", "cat")])
    eve = view.snapshot.accounts.index("eve")
    assert judged(view, "ann").factor[eve] < 1
    engine.append([row("block", "ann", "cat")])
    assert judged(view, "ann").personal.scores[view.snapshot.accounts.index("cat")] > 0
    assert judged(view, "ann").factor[eve] == 1


@pytest.mark.parametrize(("verb", "fields"), [("report", {}), ("block", {}), ("trust", {"value": -1.0})])
def test_own_distrust_counts_at_once_and_fully(engine, answer, verb, fields):
    view = answer(engine, TIES)
    engine.append([row(verb, "ann", "eve", target_kind="account", **fields)])
    data, meta = view.trust("ann", "eve")
    assert meta["n_newer_events"] == 1
    assert data["distrust"]["factor"] < 0.75
    assert [entry["relation"] for entry in data["distrust"]["own"]] == [verb]
    assert data["distrust"]["communities"] == data["distrust"]["counts"] == []
    assert sum(e["amount"] for e in data["distrust"]["own"]) == pytest.approx(1 / data["distrust"]["factor"] - 1)
    engine.snapshot(), engine.score()
    again = engine.view().trust("ann", "eve")[0]["distrust"]
    assert again["factor"] == pytest.approx(data["distrust"]["factor"], rel=1e-6)
    assert again["own"][0]["relation"] == verb


def test_viewer_is_not_lowered_in_their_own_eyes(engine, answer):
    view = answer(engine, [*TIES, row("report", "bob", "ann", target_kind="account")])
    assert judged(view, "ann").factor[view.snapshot.accounts.index("ann")] == 1


def test_unknown_viewer_with_a_report_is_answered(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("follow", "zoe", "eve"), row("report", "zoe", "eve", target_kind="account")])
    data, _ = view.trust("zoe", "eve")
    assert 0 < data["distrust"]["factor"] < 0.5
    assert data["personal"]["standing"] == "distrusted"


# -- recommendations --------------------------------------------------------------------------------------------------


def test_item_that_a_trusted_account_reports_falls_and_its_explanation_says_why(engine, answer):
    view = answer(engine, TIES)
    before = named(view.items("ann")[0]["items"], "tea")["score"]
    view = answer(engine, [row("report", "bob", "tea", target_kind="item")])
    entry = named(view.items("ann")[0]["items"], "tea")
    (taken,) = entry["explanation"]["adjustments"]
    parts = sum(part["amount"] for part in entry["explanation"]["components"])
    assert entry["score"] < 0.9 * before
    assert (taken["code"], taken["amount"]) == ("distrust", pytest.approx(entry["score"] - parts))
    assert taken["factor"] == pytest.approx(entry["score"] / parts)
    assert "bob" not in json.dumps(taken)
    assert entry["summary"]["counts"][-1] == {"relation": "report", "fewer_than": 5}


def test_reported_merchant_lowers_what_it_sells_and_shared_items_less(engine, answer):
    sold = [row("sell", "shop", "tea"), row("sell", "shop", "pot"), row("sell", "fair", "pot")]
    view = answer(engine, [*TIES, *sold, row("report", "bob", "shop", target_kind="merchant")])
    present = view.present("ann")
    circle = view._circle(present, size=200, exact=True)
    factors = dict(
        zip(view.snapshot.ids["item"].values.to_pylist(), item_factor(view.run, present, circle), strict=True)
    )
    assert factors["tea"] < 1
    assert factors["pot"] < 1
    held = {"tea": 3, "pot": 1}  # what speaks for the shop is its mean item, so the shares are those of its sellers
    assert held.keys() == factors.keys()
    assert (1 / factors["tea"] - 1) == pytest.approx(2 * (1 / factors["pot"] - 1))


@pytest.mark.parametrize("exact", [False, True])
def test_distrusted_account_leaves_the_circle_and_its_items_fall(engine, answer, exact):
    strategy = Strategy(distrust=Distrust({"report": RelationWeight(50.0)}, cap=50.0))
    rows = [*TIES, row("purchase", "eve", "cup")]
    view = answer(engine, rows, strategy)
    before = named(view.items("ann", exact=exact)[0]["items"], "cup")
    view = answer(engine, [row("report", who, "eve", target_kind="account") for who in FRIENDS], strategy)
    entry = named(view.items("ann", exact=exact)[0]["items"], "cup")
    assert entry["score"] < 0.5 * before["score"]
    explained = named(view.accounts("ann", exact=exact)[0]["accounts"], "eve")["explanation"]
    assert explained["adjustments"][0]["factor"] < 0.1


def test_own_negative_rating_lowers_the_item_at_once(engine, answer):
    view = answer(engine, TIES)
    before = named(view.items("ann")[0]["items"], "tea")["score"]
    engine.append([row("review", "ann", "tea", value=-5.0)])
    assert named(view.items("ann")[0]["items"], "tea")["score"] < 0.5 * before


def test_recommended_accounts_say_what_they_rest_on(engine, answer):
    view = answer(engine, TIES)
    (eve, *_) = view.accounts("ann")[0]["accounts"]
    assert (eve["id"], eve["standing"]) == ("eve", "trusted")
    assert 0 < eve["confidence"] < 1
    assert eve["evidence"] > 1


# -- off, and nothing to say ------------------------------------------------------------------------------------------


def test_without_distrust_reports_say_nothing_and_leave_no_array(engine, answer):
    rows = [*TIES, row("report", "bob", "eve", target_kind="account"), row("report", "bob", "tea", target_kind="item")]
    view = answer(engine, rows, Strategy(distrust=None))
    assert view.trust("ann", "eve")[0]["distrust"]["factor"] == 1
    assert named(view.items("ann")[0]["items"], "tea")["explanation"]["adjustments"] == []
    assert not [name for name in view.run.bundle.files if name.startswith("distrust")]


def test_graph_without_distrust_keeps_nothing_of_it(engine, answer):
    view = answer(engine, TIES)
    assert not [name for name in view.run.bundle.files if name.startswith("distrust")]
    assert judged(view, "ann").factor is None


def test_strategy_without_distrust_is_read_back_so(engine, answer):
    strategy = replace(Strategy(), name="calm", distrust=None)
    assert "distrust" not in strategy.to_json()
    assert Strategy.from_json(strategy.to_json()).distrust is None
    assert answer(engine, TIES, strategy).run.distrusted is None


# -- privacy ----------------------------------------------------------------------------------------------------------


def test_reporters_are_never_named_and_counted_from_k_up(engine, answer):
    crowd = [f"friend{n}" for n in range(6)]
    rows = [*TIES, *(row("follow", "ann", who) for who in crowd), *(row("follow", who, crowd[0]) for who in crowd[1:])]
    rows += [row("report", who, "eve", target_kind="account") for who in crowd]
    rows += [row("block", crowd[1], "eve")]
    view = answer(engine, rows)
    said = view.trust("ann", "eve")[0]["distrust"]
    assert not any(who in json.dumps(said) for who in crowd)
    assert {count["relation"]: count.get("n", "few") for count in said["counts"]} == {"block": "few", "report": 6}
    assert all(entry["n"] >= 5 for entry in said["communities"])
    assert sum(e["amount"] for e in said["communities"]) + said["others"] == pytest.approx(1 / said["factor"] - 1)
    few = replace(view, privacy=Privacy(k=7)).trust("ann", "eve")[0]["distrust"]
    assert few["communities"] == []
    assert few["others"] == pytest.approx(1 / few["factor"] - 1)
    assert all(set(count) == {"relation", "fewer_than"} for count in few["counts"])


def test_account_that_gave_a_negative_level_is_not_said_to_trust(engine, answer):
    rows = [*TIES, row("trust", "bob", "gus", value=-2.0), row("purchase", "bob", "cup", via="gus")]
    view = answer(engine, rows)
    data, _ = view.trust("ann", "gus")
    assert data["personal"]["score"] > 0
    assert data["terms"] == []  # what bob bought by gus is not public, and his level is no sign of trust
    engine.append([row("trust", "ann", "bob", value=-1.0)])
    assert view.trust("ann", "gus")[0]["counts"]["n_trusting_whom_the_viewer_follows"] == 1  # ann follows bob still


# -- confidence -------------------------------------------------------------------------------------------------------


def test_little_evidence_is_unknown_and_a_follow_of_ones_own_is_not(engine, answer):
    view = answer(engine, [*TIES, row("follow", "gus", "hal")])
    personal = {who: view.trust("ann", who)[0]["personal"] for who in ("bob", "eve", "hal")}
    assert (personal["hal"]["standing"], personal["hal"]["confidence"]) == ("unknown", 0.0)
    assert personal["bob"]["standing"] == personal["eve"]["standing"] == "trusted"
    assert personal["eve"]["evidence"] > personal["bob"]["evidence"]


def test_reports_are_evidence_that_makes_an_unknown_account_distrusted(engine, answer):
    view = answer(engine, [*TIES, row("follow", "gus", "hal")])
    assert view.trust("ann", "hal")[0]["personal"]["standing"] == "unknown"
    view = answer(engine, [row("report", who, "hal", target_kind="account") for who in FRIENDS])
    assert view.trust("ann", "hal")[0]["personal"]["standing"] == "distrusted"


def test_every_trust_value_says_what_it_rests_on(engine, answer):
    view = answer(engine, TIES)
    rows = [*view.ranking()[0]["accounts"], *view.trusted_by("ann")[0]["accounts"]]
    rows += [view.trust("ann", "eve")[0][name] for name in ("personal", "global")]
    for said in rows:
        assert 0 <= said["confidence"] <= 1
        assert said["evidence"] >= 0
        assert said["standing"] in ("trusted", "mixed", "distrusted", "unknown")
    by_pair = view.trust("ann", "bob")[0]["personal"]
    (in_list,) = [entry for entry in view.trusted_by("ann")[0]["accounts"] if entry["id"] == "bob"]
    assert {name: by_pair[name] for name in ("confidence", "evidence", "standing")}.items() <= in_list.items()
