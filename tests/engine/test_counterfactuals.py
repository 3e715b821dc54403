"""What would be if: equal to loading the edited events and computing everything anew."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.conftest import scored
from guanxi.engine import Engine, Strategy
from guanxi.engine.changes import Changes, edits_of
from guanxi.engine.counterfactuals import counterfactual
from guanxi.engine.scoring import computed
from guanxi.errors import FieldError, ParameterError, UnknownIdError
from guanxi.graph.communities import communities
from guanxi.snapshot import edited
from reference_edits import anchored, without
from strategies import ACCOUNTS, NOW_US, event_rows, quick, row, snapshot_of

TIES = [
    *(row("follow", "ann", who, at=1) for who in ("bob", "cat")),
    *(row("follow", "bob", who, at=1) for who in ("cat", "dan", "ann")),
    row("follow", "cat", "dan", at=1),
    row("follow", "dan", "邓", at=1),
    row("purchase", "bob", "tea", at=1),
    row("purchase", "cat", "pot", at=2),
]


def rebuilt(view, home, **change):
    """A view of the edited events, loaded into a store of their own."""
    rows, known = anchored(TIES)
    engine = Engine(home, create=True, now_us=lambda: NOW_US)
    return scored(engine, without([*rows, *known], **change), view.run.strategy)


@pytest.fixture
def view(engine, answer):
    rows, known = anchored(TIES)
    return answer(engine, [*rows, *known])


PAIRS = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS)).filter(lambda pair: pair[0] != pair[1])


@given(event_rows(), st.sets(st.sampled_from(ACCOUNTS), max_size=2), st.sets(PAIRS, max_size=2), st.data())
@quick(12)
def test_every_score_equals_that_of_the_rebuilt_graph(rows, accounts, ties, data):
    relations = data.draw(st.sets(st.sampled_from(["follow", "share", "purchase", "trust", "block"]), max_size=1))
    strategy = Strategy(seeds=("shopper",) if data.draw(st.booleans()) else ())
    rows, known = anchored([row("follow", "ann", "bob"), *rows])
    before = snapshot_of([*rows, *known])
    left = without([*rows, *known], accounts=accounts, relations=relations, ties=ties)
    edits = Changes(accounts=tuple(accounts), relations=tuple(relations), edges=(*ties, ("shopper", "cat")))

    class _Run:
        snapshot = before

    after = edited(before, edits_of(edits, _Run))
    (_, found), (_, expected) = computed(after, strategy), computed(snapshot_of(left), strategy)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert np.array_equal(found[name], array, equal_nan=array.dtype.kind == "f"), name


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        (Changes(accounts=("bob",)), {"accounts": {"bob"}}),
        (Changes(relations=("purchase",)), {"relations": {"purchase"}}),
        (Changes(edges=(("cat", "dan"), ("ann", "bob"))), {"ties": {("cat", "dan"), ("ann", "bob")}}),
        (Changes(added=(("ann", "邓", 2.5),)), {"trusted": {("ann", "邓"): 2.5}}),
    ],
    ids=["account", "relation", "edges", "added"],
)
def test_answer_equals_the_answers_before_and_after(view, tmp_path, changes, change):
    after = rebuilt(view, tmp_path / "other", **change)
    data, meta = counterfactual(view, changes, viewer="ann", targets=("dan",), limit=20)
    target = data["targets"][0]
    for when, side in (("before", view), ("after", after)):
        pair = side.trust("ann", "dan")[0]
        assert target["global"][when] == {name: pair["global"][name] for name in ("score", "rank")}
        assert target["personal"][when] == pytest.approx({name: pair["personal"][name] for name in ("score", "rank")})
        items = side.items("ann", limit=20, exact=True)[0]["items"]
        assert data["items"][when] == [{name: item[name] for name in ("rank", "id", "score")} for item in items]
        assert data["graph"][when]["n_accounts"] == side.snapshot.n_accounts
        assert data["graph"][when]["n_trust_edges"] == side.run.graph.m
    ranking = {a["id"]: a["trust"] for a in after.ranking(limit=100)[0]["accounts"]}
    for mover in data["movers"]:
        assert mover["after"]["score"] == ranking[mover["id"]]
        assert mover["change"] == mover["after"]["score"] - mover["before"]["score"]
    assert meta["run"] == view.run.id


def test_movers_come_by_size_of_change_and_the_viewer_is_none(view):
    data, _ = counterfactual(view, Changes(accounts=("bob",)), viewer="ann")
    for rows in (data["movers"], data["personal_movers"]):
        sizes = [abs(found["change"]) for found in rows]
        assert sizes == sorted(sizes, reverse=True)
        assert min(sizes) > 0
    assert "ann" not in {found["id"] for found in data["personal_movers"]}
    assert "bob" not in {found["id"] for found in data["movers"]}


def test_change_without_effect_moves_nobody(view):
    data, _ = counterfactual(view, Changes(relations=("certify",)), viewer="ann")
    assert (data["movers"], data["personal_movers"]) == ([], [])
    assert data["items"]["before"] == data["items"]["after"]


def test_nothing_is_stored_or_put_in_use(view, engine):
    def files():
        return {path.relative_to(engine.store.home) for path in engine.store.home.rglob("*")}

    before, run = files(), engine.view().run.id
    counterfactual(view, Changes(accounts=("bob",)), viewer="ann")
    assert files() == before
    assert engine.view().run.id == run


def test_community_is_named_by_number_or_member(view):
    labels = communities(view.run.graph)
    ids = view.snapshot.accounts
    number = int(labels[ids.index("dan")])
    members = {ids[i] for i in np.flatnonzero(labels == number)}
    by_number, _ = counterfactual(view, Changes(communities=(number,)))
    by_member, _ = counterfactual(view, Changes(communities_of=("dan",)))
    by_name, _ = counterfactual(view, Changes(accounts=tuple(members)))
    assert by_number["removed"]["n_accounts"] == by_member["removed"]["n_accounts"] == len(members)
    assert by_number["movers"] == by_member["movers"] == by_name["movers"]


def test_newer_events_count_on_neither_side(view, engine):
    asked = {"viewer": "ann", "targets": ("邓",)}
    before = counterfactual(view, Changes(accounts=("bob",)), **asked)
    engine.append([row("follow", "ann", "邓", at=950)])
    assert counterfactual(view, Changes(accounts=("bob",)), **asked) == before


def test_unknown_viewer_is_a_newcomer_on_both_sides(view):
    data, _ = counterfactual(view, Changes(accounts=("bob",)), viewer="nobody", targets=("dan",))
    assert data["targets"][0]["personal"]["before"]["score"] == 0
    assert data["personal_movers"] == []


def test_seed_that_is_removed_is_none_any_more(engine, answer):
    view = answer(engine, TIES, Strategy(seeds=("ann", "bob")))
    data, _ = counterfactual(view, Changes(accounts=("bob",)), targets=("cat",))
    assert data["targets"][0]["global"]["after"]["score"] > 0
    with pytest.raises(FieldError, match=r"every seed of custom@1 is removed"):
        counterfactual(view, Changes(accounts=("bob", "ann")))


def test_progress_is_told_step_by_step(view):
    told = []
    counterfactual(view, Changes(accounts=("bob",)), progress=lambda done, of: told.append((done, of)))
    assert told == [(0, 3), (1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("changes", "options", "error", "message"),
    [
        (Changes(), {}, FieldError, "0 changes are asked for, not 1 to 1000"),
        (Changes(accounts=("zed",)), {}, UnknownIdError, "no account 'zed'"),
        (Changes(relations=("adore",)), {}, FieldError, "relation type 'adore' is not one of follow"),
        (Changes(communities=(99,)), {}, FieldError, "there is no community 99; they are 0 to"),
        (Changes(edges=(("ann", "ann"),)), {}, FieldError, "the edge from 'ann' to itself is none"),
        (Changes(added=(("ann", "bob", 11.0),)), {}, FieldError, "level of trust from 'ann' to 'bob' is 11.0, not in"),
        (Changes(added=(("ann", "bob", float("nan")),)), {}, FieldError, "is nan, not in"),
        (Changes(accounts=("ann",), added=(("ann", "bob", 1.0),)), {}, FieldError, "added at 'ann', which is removed"),
        (Changes(accounts=("ann",)), {"viewer": "ann"}, FieldError, "'ann' is removed, so nothing can be compared"),
        (Changes(accounts=("ann",)), {"targets": ("ann",)}, FieldError, "'ann' is removed"),
        (Changes(accounts=("ann",)), {"targets": ("zed",)}, UnknownIdError, "no account 'zed'"),
        (Changes(accounts=("ann",)), {"limit": 0}, ParameterError, "limit is 0"),
        (Changes(accounts=(*ACCOUNTS, "shopper")), {}, FieldError, "every account is removed"),
    ],
)
def test_change_that_makes_no_sense_is_refused(view, changes, options, error, message):
    with pytest.raises(error, match=message):
        counterfactual(view, changes, **options)


def test_accounts_that_are_one_actor_move_as_one(engine, answer):
    linked = [row("identity_link", "bob", "bob2", properties={"proof": "oauth"}), row("follow", "zoe", "bob2", at=1)]
    view = answer(engine, [*TIES, *linked])
    data, _ = counterfactual(view, Changes(accounts=("dan",)), targets=("bob", "bob2"))
    one, other = data["targets"]
    assert one["global"] == other["global"]
    assert {"bob", "bob2"} - {found["id"] for found in data["movers"]}
    apart, _ = counterfactual(view, Changes(relations=("identity_link",)), targets=("bob", "bob2"))
    assert apart["targets"][0]["global"]["after"] != apart["targets"][1]["global"]["after"]
