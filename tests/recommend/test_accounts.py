"""Accounts: scores of the slow twin, explanations that add up, nobody that must not be shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph as reference
from guanxi.errors import ParameterError
from guanxi.recommend import AccountOptions, recommend_accounts
from strategies import ACCOUNTS, event_rows, quick, row


def recommended(scene, *, limit=1000, **options):
    found = recommend_accounts(
        scene.viewer,
        scene.standing,
        scene.interactions,
        scene.snapshot,
        limit=limit,
        options=AccountOptions(**options),
    )
    return {scene.snapshot.accounts[r.index]: r for r in found}


def terms_of(recommendation, name):
    return next(part for part in recommendation.components if part.name == name).terms


@st.composite
def graphs(draw):
    viewer = draw(st.sampled_from(ACCOUNTS))
    rows = [row("review", viewer, "tea"), *draw(event_rows(max_size=40))]
    factors = draw(st.lists(st.sampled_from([0.25, 1.0]), min_size=len(ACCOUNTS), max_size=len(ACCOUNTS)))
    return rows, viewer, factors.__getitem__


@given(graphs())
@quick(40)
def test_any_graph_scores_as_the_slow_twin_and_explains_the_whole_score(scene, explained, graph):
    scene = scene(*graph)
    ids = scene.snapshot.accounts.values.to_pylist()
    own = scene.held.get(scene.viewer_id, {})
    parts = {
        "trust": dict(zip(ids, scene.personal.scores, strict=True)),
        "taste": reference.closeness(scene.held, own, scene.viewer_id),
        "prior": dict(zip(ids, scene.global_trust, strict=True)),
    }
    tied = scene.account_ids(t for name in ("follow", "trust", "block") for t in scene.targets(name))
    expected = reference.mixture(parts, AccountOptions().weights(), {scene.viewer_id, *tied})
    found = recommended(scene, max_terms=2)
    assert {id_: r.score for id_, r in found.items()} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    for recommendation in found.values():
        explained(recommendation)
    order = [(-r.score, r.index) for r in found.values()]
    assert order == sorted(order)


@given(graphs())
@quick(20)
def test_counts_are_those_of_the_circle(scene, graph):
    scene = scene(*graph)
    for id_, recommendation in recommended(scene).items():
        expected = {}
        for name in ("follow", "trust", "report"):
            edges = scene.found.get((name, "account"), [])
            n = len({source for source, target, *_ in edges if target == id_} & set(scene.circle))
            expected |= {name: n} if n else {}
        assert {count.relation: count.n for count in recommendation.counts} == expected


def test_viewer_followed_trusted_and_blocked_accounts_are_left_out(scene):
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "cat"), row("block", "ann", "dan")]
    rows += [row("follow", "bob", who) for who in ("ann", "cat", "dan", "eve")]
    assert set(recommended(scene(rows, "ann"))) == {"eve"}


def test_friend_of_two_friends_comes_before_the_friend_of_one(scene):
    rows = [row("follow", "ann", "bob"), row("follow", "ann", "cat"), row("follow", "bob", "dan")]
    rows += [row("follow", "bob", "eve"), row("follow", "cat", "eve")]
    found = recommended(scene(rows, "ann"), prior_weight=0.0)
    assert list(found) == ["eve", "dan"]
    assert {(c.relation, c.n) for c in found["eve"].counts} == {("follow", 2)}


def test_terms_name_through_whom_trust_flows(scene):
    rows = [row("follow", "ann", "bob"), row("follow", "ann", "cat"), row("follow", "bob", "dan")]
    shown = scene([*rows, row("follow", "cat", "dan")], "ann")
    terms = terms_of(recommended(shown)["dan"], "trust")
    assert shown.account_ids(t.account for t in terms) == {"bob", "cat"}
    assert {t.code for t in terms} == {"trusted_account"}


def test_tie_that_shows_only_in_private_is_not_named(scene, explained):
    rows = [row("follow", "ann", "bob"), row("purchase", "bob", "tea", via="dan"), row("follow", "cat", "dan")]
    shown = scene(rows, "ann")
    found = recommended(shown)["dan"]
    assert [(t.code, t.account, t.n) for t in terms_of(found, "trust")] == [("trusted_accounts_unnamed", None, 1)]
    explained(found)


def test_tie_that_a_share_makes_public_is_named(scene):
    rows = [row("follow", "ann", "bob"), row("share", "bob", "tea", via="dan"), row("follow", "cat", "dan")]
    shown = scene(rows, "ann")
    assert shown.account_ids(t.account for t in terms_of(recommended(shown)["dan"], "trust")) == {"bob"}


def test_own_tie_of_the_viewer_is_named_to_the_viewer(scene):
    rows = [row("purchase", "ann", "tea", via="dan"), row("follow", "cat", "dan")]
    shown = scene(rows, "ann")
    assert shown.account_ids(t.account for t in terms_of(recommended(shown)["dan"], "trust")) == {"ann"}


def test_taste_names_the_items_in_common(scene):
    rows = [row("purchase", who, item) for who in ("ann", "bob") for item in ("tea", "pot")]
    shown = scene([*rows, row("purchase", "bob", "cup")], "ann")
    assert shown.item_ids(t.item for t in terms_of(recommended(shown)["bob"], "taste")) == {"tea", "pot"}


@pytest.mark.parametrize("limit", [0, 1001])
def test_limit_out_of_range_is_refused(scene, limit):
    with pytest.raises(ParameterError, match=f"limit is {limit}, not in 1..1000"):
        recommended(scene([row("follow", "ann", "bob")], "ann"), limit=limit)
