"""Items: scores of the slow twin, explanations that add up, nothing that must not be shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph as reference
from guanxi.errors import ParameterError
from guanxi.local_trust import Actions
from guanxi.recommend import ItemOptions, ItemWeights, item_prior, item_rows, recommend_items
from guanxi.recommend.items import best_of
from guanxi.recommend.mixture import mixed
from strategies import ACCOUNTS, event_rows, quick, row

TIES = [row("follow", "ann", who) for who in ("bob", "cat", "dan")]


def recommended(scene, *, limit=1000, **options):
    viewer, snapshot = scene.viewer, scene.snapshot
    found = recommend_items(
        viewer, scene.interactions, scene.prior, snapshot, limit=limit, options=ItemOptions(**options)
    )
    return {snapshot.ids["item"][r.index]: r for r in found}


def terms_of(recommendation, name):
    return next(part for part in recommendation.components if part.name == name).terms


@st.composite
def graphs(draw):
    """A graph, one of its accounts, and a discount per account."""
    viewer = draw(st.sampled_from(ACCOUNTS))
    rows = [row("review", viewer, "tea"), *draw(event_rows(max_size=40))]
    factors = draw(st.lists(st.sampled_from([0.25, 1.0]), min_size=len(ACCOUNTS), max_size=len(ACCOUNTS)))
    return rows, viewer, factors.__getitem__


@given(graphs())
@quick(40)
def test_any_graph_scores_as_the_slow_twin_and_explains_the_whole_score(scene, explained, graph):
    scene = scene(*graph)
    found = recommended(scene, max_terms=2)
    own, standing = scene.held.get(scene.viewer_id, {}), dict(
        zip(scene.snapshot.accounts.values.to_pylist(), scene.global_trust, strict=True)
    )  # fmt: skip
    parts = {
        "trust": reference.trusted_items(scene.held, scene.circle),
        "taste": reference.taste(scene.held, own, scene.viewer_id),
        "prior": reference.popularity(scene.held, standing),
    }
    expected = reference.mixture(parts, ItemOptions().weights(len(own)), set(own))
    assert {item: r.score for item, r in found.items()} == pytest.approx(expected, rel=1e-9, abs=1e-12)
    for recommendation in found.values():
        explained(recommendation)
    order = [(-r.score, r.index) for r in found.values()]
    assert order == sorted(order)


@given(graphs(), st.integers(1, 4))
@quick(20)
def test_counts_are_those_of_the_circle_and_purchases_name_nobody(scene, graph, limit):
    scene = scene(*graph)
    found = recommended(scene, limit=limit)
    assert len(found) <= limit
    assert not found.keys() & scene.held.get(scene.viewer_id, {}).keys()
    for item, recommendation in found.items():
        holders = {name: _holders(scene, name, item) for name in ("purchase", "share", "review", "report")}
        expected = {name: len(who) for name, who in holders.items() if who}
        assert {count.relation: count.n for count in recommendation.counts} == expected
        named = [t for t in terms_of(recommendation, "trust") if t.account is not None]
        assert scene.account_ids(t.account for t in named) <= holders["share"]
        assert [t.authenticity for t in named] == [scene.discount[t.account] for t in named]


def _holders(scene, name, item):
    return {source for source, target, *_ in scene.found.get((name, "item"), []) if target == item} & set(scene.circle)


# -- worked examples --------------------------------------------------------------------------------------------------


def test_purchase_is_counted_and_its_buyer_not_named(scene):
    found = recommended(scene([*TIES, row("purchase", "bob", "tea"), row("purchase", "cat", "tea")], "ann"))
    (term,) = terms_of(found["tea"], "trust")
    assert (term.code, term.n, term.account) == ("trusted_accounts_unnamed", 2, None)


def test_share_names_its_sharer_unless_shares_are_private(scene):
    shown = scene([*TIES, row("share", "bob", "tea")], "ann")
    (term,) = terms_of(recommended(shown)["tea"], "trust")
    assert (term.code, shown.snapshot.accounts[term.account]) == ("trusted_account", "bob")
    (term,) = terms_of(recommended(shown, public=frozenset())["tea"], "trust")
    assert (term.code, term.n) == ("trusted_accounts_unnamed", 1)


def test_many_sharers_are_listed_up_to_the_limit_and_the_rest_is_one_term(scene, explained):
    rows = [row("follow", "ann", f"b{n}") for n in range(8)] + [row("share", f"b{n}", "tea") for n in range(8)]
    found = recommended(scene(rows, "ann"), max_terms=3)["tea"]
    assert [(t.code, t.n) for t in terms_of(found, "trust")] == [*[("trusted_account", None)] * 3, ("others", 5)]
    explained(found)


def test_viewer_without_items_is_served_by_trust_and_one_with_many_by_taste(scene):
    rows = [*TIES, *(row("purchase", "eve", f"i{n}") for n in range(12)), row("purchase", "eve", "by-taste")]
    rows += [row("purchase", "bob", "by-trust")]
    newcomer = recommended(scene(rows, "ann"))
    assert next(iter(newcomer)) == "by-trust"
    collector = recommended(scene([*rows, *(row("purchase", "ann", f"i{n}") for n in range(12))], "ann"))
    assert next(iter(collector)) == "by-taste"


def test_gate_moves_weight_from_trust_to_taste():
    weights = [ItemOptions(gate_items=4.0, gate_power=2.0).weights(n) for n in (0, 4, 8, 400)]
    trusts = [w["trust"] for w in weights]
    assert trusts == sorted(trusts, reverse=True)
    assert weights[0] == {"trust": 0.98, "taste": 0.0, "prior": 0.02}
    assert weights[1]["trust"] == weights[1]["taste"] == pytest.approx(0.49)
    assert weights[2]["trust"] == pytest.approx(0.98 / 5)
    assert all(sum(w.values()) == pytest.approx(1.0) for w in weights)


def test_weight_of_empty_parts_goes_to_the_others(scene, explained):
    stranger = recommended(scene([row("review", "ann", "pot"), row("purchase", "bob", "tea")], "ann"))["tea"]
    assert {c.name: c.amount for c in stranger.components} == {"trust": 0.0, "taste": 0.0, "prior": pytest.approx(1.0)}
    explained(stranger)


def test_scores_of_all_candidates_sum_to_one(scene):
    rows = [*TIES, *(row("share", who, item) for who in ("bob", "cat", "eve") for item in ("tea", "pot", who))]
    found = recommended(scene([*rows, row("purchase", "ann", "tea")], "ann"))
    assert sum(r.score for r in found.values()) == pytest.approx(1.0)


def test_blocked_account_lends_its_items_no_trust(scene):
    rows = [*TIES, row("purchase", "bob", "tea"), row("purchase", "cat", "pot"), row("block", "ann", "bob")]
    found = recommended(scene(rows, "ann"))
    assert {item: bool(terms_of(r, "trust")) for item, r in found.items()} == {"pot": True, "tea": False}


def test_equal_scores_are_in_the_order_of_indices(scene):
    rows = [*TIES, *(row("share", "bob", item) for item in ("tea", "cup", "pot"))]
    assert list(recommended(scene(rows, "ann"))) == ["cup", "pot", "tea"]
    assert list(recommended(scene(rows, "ann"), limit=2)) == ["cup", "pot"]


def test_best_of_cuts_ties_by_the_lower_index():
    assert best_of(np.array([1.0, 3.0, 1.0, 0.0, 1.0, 3.0]), limit=4).tolist() == [1, 5, 0, 2]
    assert best_of(np.zeros(3), limit=2).tolist() == []


@pytest.mark.parametrize("limit", [0, 1001, -1])
def test_limit_out_of_range_is_refused(scene, limit):
    with pytest.raises(ParameterError, match=f"limit is {limit}, not in 1..1000"):
        recommended(scene(TIES, "ann"), limit=limit)


def test_graph_without_items_has_none_to_recommend(scene):
    assert recommended(scene(TIES, "ann")) == {}


# -- interactions and prior -------------------------------------------------------------------------------------------


@given(graphs())
@quick(15)
def test_items_of_one_account_have_the_bits_of_the_interactions(scene, graph):
    scene = scene(*graph)
    relations = scene.snapshot.relations
    own = {k: r.take(r.rows_of(scene.viewer_index)) for k, r in relations.items() if k[1] == "item"}
    actions = Actions(np.array([scene.viewer_index], dtype=np.uint32), own)
    found = item_rows(actions, weights=ItemWeights(), as_of=scene.snapshot.as_of)
    for mine, theirs in zip(found, scene.interactions.items_of(scene.viewer_index), strict=True):
        assert mine.tobytes() == theirs.tobytes()


def test_actions_on_one_item_add_up_as_independent_witnesses(scene):
    rows = [row("purchase", "ann", "tea"), row("share", "ann", "tea"), row("share", "ann", "pot")]
    shown = scene(rows, "ann")
    items, weights = shown.interactions.items_of(shown.viewer_index)
    assert shown.item_ids(items) == {"pot", "tea"}
    assert weights.tolist() == pytest.approx([0.5, 1 - 0.1 * 0.5])


def test_old_purchase_fades_to_the_floor_and_no_further(scene):
    rows = [row("purchase", "ann", "tea", at=0), row("follow", "ann", "bob", at=999)]
    old = scene(rows, "ann").interactions.items_of(0)[1]
    left = 0.5 ** (999 / 365)
    assert old.tolist() == pytest.approx([0.9 * (0.1 + 0.9 * left)])


def test_prior_counts_trust_and_not_heads(scene):
    rows = [row("purchase", f"fan{n}", "bought") for n in range(9)] + [row("purchase", "ann", "loved")]
    shown = scene(rows, "ann")
    standing = np.array([1.0 if id_ == "ann" else 0.01 for id_ in shown.snapshot.accounts.values.to_pylist()])
    prior = item_prior(shown.interactions, standing)
    assert dict(zip(shown.snapshot.ids["item"].values.to_pylist(), prior, strict=True)) == pytest.approx(
        {"bought": 0.09 / 1.09, "loved": 1.0 / 1.09}
    )


def test_prior_of_no_interactions_is_nothing(scene):
    assert scene(TIES, "ann").prior.tolist() == []


def test_mixture_of_parts_without_weight_shares_alike():
    parts = {"trust": np.array([1.0, 0.0]), "taste": np.zeros(2), "prior": np.array([0.0, 2.0])}
    scores, _ = mixed(parts, {"trust": 0.0, "taste": 1.0, "prior": 0.0}, excluded=np.zeros(0, dtype=int))
    assert scores.tolist() == [0.5, 0.5]


def test_mixture_of_nothing_is_nothing():
    parts = dict.fromkeys(("trust", "taste", "prior"), np.ones(2))
    scores, scale = mixed(parts, {"trust": 0.5, "taste": 0.5, "prior": 0.0}, excluded=np.arange(2))
    assert (scores.tolist(), set(scale.values())) == ([0.0, 0.0], {0.0})
