"""Paths of trust as an answer: they add up, say what each hop rests on, and name nobody for what is not public."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_walks
from engine.conftest import scored
from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.paths import paths
from guanxi.errors import ParameterError, UnknownIdError
from strategies import ACCOUNTS, NOW_US, event_rows, quick, row

TIES = [
    row("follow", "ann", "bob", at=1),
    row("trust", "ann", "bob", at=5, value=2),
    row("follow", "ann", "cat", at=2),
    row("follow", "bob", "dan", at=3),
    row("follow", "cat", "dan"),
    row("follow", "dan", "邓", at=11),
    row("share", "邓", "tea", at=11),
]


def total(data):
    """What an answer says that personal trust is."""
    amounts = [path["contribution"] for path in data["paths"]] + [of["amount"] for of in data["others"]]
    return math.fsum([*amounts, data["longer"], data["remainder"]])


def route(path):
    return [hop["from"] for hop in path["hops"]][:1] + [hop["to"] for hop in path["hops"]]


def test_paths_are_listed_with_what_each_hop_rests_on(engine, answer):
    view = answer(engine, TIES)
    data, meta = paths(view, "ann", "邓")
    assert [route(path) for path in data["paths"][:2]] == [["ann", "bob", "dan", "邓"], ["ann", "cat", "dan", "邓"]]
    first, second, _ = data["paths"][0]["hops"]
    assert [(said["relation"], round(said["age_days"], 6)) for said in first["evidence"]] == [
        ("trust", 6),
        ("follow", 10),
    ]
    assert first["evidence"][0]["newest"].startswith("2023-11-19T")
    assert second["share"] == 1.0
    assert (meta["solver"], meta["personalised"]) == ("exact", True)


def test_contribution_is_the_product_of_what_the_hops_pass_on(engine, answer):
    data, _ = paths(answer(engine, TIES, Strategy(restart=0.3)), "ann", "邓")
    assert data["restart"] == 0.3
    for path in data["paths"]:
        for hop in path["hops"]:
            assert hop["passes"] == pytest.approx(0.7 * hop["share"] * hop["authenticity"], rel=1e-12)
        passed = math.prod(hop["passes"] for hop in path["hops"])
        assert path["contribution"] == pytest.approx(data["viewer_mass"] * passed, rel=1e-9)
        assert path["part"] == path["contribution"] / data["personal"]["score"]


@given(event_rows(), st.sampled_from(ACCOUNTS), st.integers(1, 6))
@quick(12)
def test_paths_and_remainders_add_up_to_the_trust_and_equal_the_enumerated(tmp_path_factory, rows, target, max_hops):
    engine = Engine(tmp_path_factory.mktemp("store"), create=True, now_us=lambda: NOW_US)
    public = frozenset({"follow", "share", "trust", "purchase", "block", "review", "report"})
    view = scored(engine, [row("follow", "ann", "bob"), row("unfollow", target, "zed"), *rows])
    for viewer in ("ann", "nobody"):
        data, _ = paths(view, viewer, target, limit=3, max_hops=max_hops)
        assert total(data) == pytest.approx(data["personal"]["score"], abs=1e-9)
        assert abs(data["remainder"]) <= 1e-15
    everything = scored(Engine(engine.store.home, privacy=Privacy(public)), [])
    data, _ = paths(everything, "ann", target, limit=1000, max_hops=4)
    run, ids = everything.run, everything.snapshot.accounts
    options = {"discount": run.discount, "restart": run.strategy.restart, "viewer_mass": data["viewer_mass"]}
    every = reference_walks.all_walks(run.graph, ids.index("ann"), ids.index(target), max_hops=4, **options)
    found = {tuple(ids.index(id_) for id_ in route(path) or ["ann"]): path["contribution"] for path in data["paths"]}
    assert found == pytest.approx(every, rel=1e-9)
    engine.close()


def test_newer_events_of_the_viewer_count_at_once(engine, answer):
    view = answer(engine, TIES)
    engine.append([row("follow", "eve", "dan", at=11)])
    data, meta = paths(view, "eve", "邓")
    assert [route(path) for path in data["paths"]] == [["eve", "dan", "邓"]]
    assert data["paths"][0]["hops"][0]["evidence"][0]["relation"] == "follow"
    assert meta["n_newer_events"] == 1
    assert total(data) == pytest.approx(data["personal"]["score"], abs=1e-9)


def test_viewer_itself_is_the_path_without_a_hop(engine, answer):
    data, _ = paths(answer(engine, TIES), "ann", "ann")
    assert [path["hops"] for path in data["paths"]] == [[]]
    assert data["paths"][0]["contribution"] == data["viewer_mass"] == data["personal"]["score"]


def test_unreached_account_has_no_path(engine, answer):
    data, _ = paths(answer(engine, TIES), "邓", "cat")
    assert (data["paths"], data["others"], data["personal"]["score"]) == ([], [], 0.0)


# -- privacy ----------------------------------------------------------------------------------------------------------

BOUGHT = [row("follow", "ann", "bob"), row("purchase", "bob", "tea", via="cat"), row("follow", "cat", "dan")]


def test_purchase_of_another_is_no_path_that_is_told(engine, answer):
    data, _ = paths(answer(engine, BOUGHT), "ann", "dan")
    assert data["personal"]["score"] > 0
    assert data["paths"] == []
    assert data["not_public"] == {"fewer_than": 5, "amount": None}
    assert "purchase" not in json.dumps(data)
    assert "cat" not in json.dumps(data)
    assert data["others"][0]["amount"] == pytest.approx(data["personal"]["score"], abs=1e-12)


def test_own_purchase_of_the_viewer_is_told(engine, answer):
    data, _ = paths(answer(engine, BOUGHT), "bob", "dan")
    assert [route(path) for path in data["paths"]] == [["bob", "cat", "dan"]]
    assert [said["relation"] for said in data["paths"][0]["hops"][0]["evidence"]] == ["purchase"]


def test_hop_of_another_tells_only_its_public_relation_types(engine, answer):
    data, _ = paths(answer(engine, [*BOUGHT, row("follow", "bob", "cat")]), "ann", "dan")
    assert [route(path) for path in data["paths"]] == [["ann", "bob", "cat", "dan"]]
    assert [said["relation"] for said in data["paths"][0]["hops"][1]["evidence"]] == ["follow"]


def test_follow_that_weighs_nothing_makes_no_purchase_public(engine, answer):
    quiet = Strategy(name="custom").with_weight("follow", 0.0)
    rows = [row("trust", "ann", "bob"), row("trust", "cat", "dan"), row("follow", "bob", "cat"), BOUGHT[1]]
    data, _ = paths(answer(engine, rows, quiet), "ann", "dan")
    assert data["personal"]["score"] > 0
    assert data["paths"] == []


@pytest.mark.parametrize(("n", "said"), [(4, {"fewer_than": 5, "amount": None}), (5, {"n": 5})])
def test_accounts_with_other_ties_are_counted_from_k_up(engine, answer, n, said):
    rows = [row("follow", "ann", f"u{i}") for i in range(n)]
    rows += [row("purchase", f"u{i}", "tea", via="cat") for i in range(n)]
    data, _ = paths(answer(engine, rows), "ann", "cat")
    assert {name: data["not_public"][name] for name in said} == said
    if n == 5:
        assert data["not_public"]["amount"] == pytest.approx(data["personal"]["score"], abs=1e-12)


# -- errors -----------------------------------------------------------------------------------------------------------


def test_unknown_target_and_bad_options_are_refused(engine, answer):
    view = answer(engine, TIES)
    with pytest.raises(UnknownIdError, match="no account 'nobody'"):
        paths(view, "ann", "nobody")
    with pytest.raises(ParameterError, match=r"limit is 0, not in 1\.\.1000"):
        paths(view, "ann", "dan", limit=0)
    with pytest.raises(ParameterError, match=r"max_hops is 21, not in 1\.\.20"):
        paths(view, "ann", "dan", max_hops=21)


# -- accounts that are one actor, and distrust ------------------------------------------------------------------------

LINKED = [
    row("identity_link", "bob", "bob2", properties={"proof": "oauth"}),
    row("follow", "ann", "bob2"),
    row("follow", "bob", "dan"),
    row("follow", "dan", "bob"),
    *(row("follow", fan, "bob") for fan in ("eve", "fay", "gus")),
    row("follow", "ann", "cat"),
    row("follow", "cat", "dan"),
]


def test_no_path_tells_that_two_accounts_are_one(engine, answer):
    view = answer(engine, LINKED)
    ids = view.snapshot.accounts
    assert view.run.actor(ids.index("bob2")) == ids.index("bob")
    onward, _ = paths(view, "ann", "dan")
    assert [route(path) for path in onward["paths"]] == [["ann", "cat", "dan"]]
    assert sum(of["amount"] for of in onward["others"]) > 0
    linked, _ = paths(view, "ann", "bob2")
    assert [route(path) for path in linked["paths"]] == [["ann", "bob2"]]
    assert linked["paths"][0]["hops"][0]["evidence"][0]["relation"] == "follow"
    for data in (onward, linked):
        assert '"bob"' not in json.dumps(data)
        assert total(data) == pytest.approx(data["personal"]["score"], abs=1e-9)


def test_distrust_is_an_adjustment_beside_the_paths(engine, answer):
    rows = [*TIES, row("trust", "bob", "cat", value=-5, at=4), row("trust", "ann", "邓", value=-3, at=4)]
    view = answer(engine, rows)
    data, _ = paths(view, "ann", "邓")
    assert [of["code"] for of in data["adjustments"]] == ["distrust"]
    taken = sum(of["amount"] for of in data["adjustments"])
    assert taken < 0
    assert total(data) + taken == pytest.approx(data["personal"]["score"], abs=1e-9)
    assert data["personal"] == {name: view.trust("ann", "邓")[0]["personal"][name] for name in data["personal"]}
