"""Ties: the strongest relations of an account, both ways, as far as public actions show them."""

from dataclasses import replace

import pytest
from hypothesis import given

from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.ties import ties
from guanxi.errors import ParameterError, UnknownIdError
from guanxi.local_trust import Setting, default_weights, local_trust
from strategies import MODEL, NOW_US, day, event_rows, quick, row

PLAIN = Strategy(discounts=False)
TIES = [
    row("follow", "ann", "bob", at=0),
    row("follow", "bob", "ann", at=730),
    row("trust", "ann", "cat", at=730),
    row("follow", "dan", "ann", at=730),
    row("follow", "bob", "cat", at=730),
    row("share", "ann", "tea", at=730, via="bob"),
]
EVERYTHING = Privacy(public=frozenset(MODEL.relations))


def found(view, account="ann", **options):
    return ties(view, account, **options)[0]


def named(data, id_):
    return next(entry for entry in data["ties"] if entry["id"] == id_)


def test_ties_come_strongest_first_with_what_they_rest_on(engine, answer):
    data = found(answer(engine, TIES, PLAIN))
    assert [(entry["id"], entry["label"]) for entry in data["ties"]] == [
        ("bob", "mutual"),
        ("cat", "one-way, given"),
        ("dan", "one-way, received"),
    ]
    bob = data["ties"][0]
    assert bob["given"] == pytest.approx(0.5 + 0.5)  # a follow of one half-life ago, and a share of today
    assert bob["received"] == pytest.approx(1.0)
    assert bob["strength"] == pytest.approx(2.0)
    assert bob["reciprocity"] == pytest.approx(1.0)
    assert bob["given_rests_on"][0] | {"newest": None} == {
        "relation": "follow",
        "n": 1,
        "weight": pytest.approx(0.5),
        "left": pytest.approx(0.5),
        "newest": None,
        "age_days": 730.0,
    }
    assert day(0).startswith(bob["given_rests_on"][0]["newest"][:10])
    assert [ground["relation"] for ground in bob["given_rests_on"]] == ["follow", "share"]
    assert [ground["relation"] for ground in bob["received_rests_on"]] == ["follow"]


def test_shared_neighbours_are_counted_the_ends_apart(engine, answer):
    data = found(answer(engine, TIES, PLAIN))
    assert (named(data, "bob")["n_shared"], named(data, "bob")["overlap"]) == (1, 0.5)  # cat, of cat and dan
    assert (named(data, "dan")["n_shared"], named(data, "dan")["overlap"]) == (0, 0.0)


def test_personal_trust_stands_beside_local_trust_both_ways(engine, answer):
    view = answer(engine, TIES, PLAIN)
    for entry in found(view)["ties"]:
        assert entry["personal"]["given"] == view.trust("ann", entry["id"])[0]["personal"]["score"]
        theirs = view.trust(entry["id"], "ann")[0]["personal"]["score"]
        assert entry["personal"]["received"] == pytest.approx(theirs, abs=1e-5)


def test_factor_of_the_other_weakens_a_tie(engine, answer):
    view = answer(engine, TIES, PLAIN)
    doubted = replace(view.run)
    doubted.__dict__["discount"] = view.run.discount.copy()
    doubted.discount[view.snapshot.accounts.index("bob")] = 0.1
    data = found(replace(view, run=doubted))
    assert [entry["id"] for entry in data["ties"]] == ["cat", "dan", "bob"]
    assert named(data, "bob")["strength"] == pytest.approx(0.2)
    assert named(data, "bob")["authenticity_factor"] == 0.1


@quick(25)
@given(event_rows())
def test_what_is_given_and_received_is_local_trust_both_ways(tmp_path_factory, rows):
    with_engine = Engine(tmp_path_factory.mktemp("ties") / "store", create=True, now_us=lambda: NOW_US)
    try:
        with_engine.append([*rows, row("follow", "ann", "bob")])
        with_engine.snapshot()
        with_engine.score(PLAIN)
        view = replace(with_engine.view(), privacy=EVERYTHING)
        graph = local_trust(view.snapshot, Setting.of(view.snapshot, default_weights(MODEL)))
        ids = view.snapshot.accounts
        for index in range(graph.n):
            data = found(view, ids[index])
            given = {entry["id"]: entry["given"] for entry in data["ties"] if entry["given"]}
            received = {entry["id"]: entry["received"] for entry in data["ties"] if entry["received"]}
            assert given == {ids[a]: w for a, w in zip(*map(list, graph.row(index)), strict=True)}
            assert received == {ids[a]: w for a, w in zip(*map(list, graph.in_row(index)), strict=True)}
            for entry in data["ties"]:
                for way in ("given", "received"):
                    total = sum(ground["weight"] for ground in entry[f"{way}_rests_on"])
                    assert total == pytest.approx(entry[way], rel=1e-6)
            assert data["unnamed"] == {"fewer_than": 5}
    finally:
        with_engine.close()


# -- privacy ----------------------------------------------------------------------------------------------------------


def test_purchases_are_no_ground_of_a_tie_that_may_be_named(engine, answer):
    bought = [row("purchase", "ann", "tea", at=730, via="bob"), row("purchase", "eve", "tea", at=730, via="ann")]
    view = answer(engine, [*TIES, *bought], PLAIN)
    data = found(view)
    grounds = [g for entry in data["ties"] for way in ("given", "received") for g in entry[f"{way}_rests_on"]]
    assert {ground["relation"] for ground in grounds} == {"follow", "trust", "share"}
    assert "eve" not in {entry["id"] for entry in data["ties"]}
    assert named(data, "bob")["given"] == pytest.approx(1.0)
    open_ = found(replace(view, privacy=EVERYTHING))
    assert named(open_, "bob")["given"] == pytest.approx(4.0)
    assert named(open_, "eve")["label"] == "one-way, received"


def test_relations_that_show_in_nothing_public_are_counted_from_k_up(engine, answer):
    bought = [row("purchase", f"buyer{i}", "tea", via="ann") for i in range(6)]
    view = answer(engine, [*TIES, *bought], PLAIN)
    assert found(view)["unnamed"] == {"n": 6}
    assert found(replace(view, privacy=Privacy(k=7)))["unnamed"] == {"fewer_than": 7}
    assert found(view, "bob")["unnamed"] == {"fewer_than": 5}
    assert found(replace(view, privacy=EVERYTHING))["unnamed"] == {"fewer_than": 5}


# -- newer events, edges ----------------------------------------------------------------------------------------------


def test_what_an_account_did_since_the_snapshot_counts_at_once(engine, answer):
    view = answer(engine, TIES, PLAIN)
    engine.append([row("trust", "ann", "dan", at=740, value=5.0), row("unfollow", "ann", "bob", at=740)])
    data, meta = ties(view, "ann")
    assert meta["n_newer_events"] == 2
    assert data["ties"][0]["id"] == "dan"
    assert named(data, "dan")["label"] == "mutual"
    assert named(data, "dan")["given"] == pytest.approx(10.0)
    assert [ground["relation"] for ground in named(data, "bob")["given_rests_on"]] == ["share"]


def test_newcomer_has_the_ties_that_it_made(engine, answer):
    view = answer(engine, TIES, PLAIN)
    engine.append([row("follow", "邓", "ann", at=740)])
    data = found(view, "邓")
    assert [(entry["id"], entry["label"]) for entry in data["ties"]] == [("ann", "one-way, given")]


def test_limit_shows_so_many_of_all(engine, answer):
    data = found(answer(engine, TIES, PLAIN), limit=1)
    assert (len(data["ties"]), data["n_ties"]) == (1, 3)


def test_unknown_account_and_limit_out_of_range_are_refused(engine, answer):
    view = answer(engine, TIES, PLAIN)
    with pytest.raises(UnknownIdError, match="no account 'nobody'"):
        ties(view, "nobody")
    with pytest.raises(ParameterError, match="limit is 0, not in"):
        ties(view, "ann", limit=0)


def test_blocked_account_is_no_tie(engine, answer):
    data = found(answer(engine, [*TIES, row("block", "ann", "bob", at=735)], PLAIN))
    assert named(data, "bob")["label"] == "one-way, received"
    assert named(data, "bob")["given_rests_on"] == []
