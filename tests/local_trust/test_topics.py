"""Items by topic, and what speaks for accounts on one: worked by hand, and against the slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_graph
import reference_topics as reference
from guanxi.errors import UnknownIdError
from guanxi.local_trust import (
    Actions,
    RelationWeight,
    Setting,
    TopicEvidence,
    Topics,
    default_weights,
    last_actions,
    local_trust,
    trust_row,
)
from guanxi.local_trust.topics import near_to
from guanxi.snapshot import relations_of
from strategies import ACCOUNTS, ITEMS, MODEL, event_rows, quick, row, snapshot_of, table

PLAIN = {
    name: RelationWeight(weight) for name, weight in {"follow": 1, "trust": 2, "share": 0.5, "purchase": 3}.items()
}
TOPICS = ("food", "gift", "茶")


@st.composite
def categories(draw):
    """Rows that give items topics, and take some away."""
    some = st.tuples(
        st.sampled_from(("categorise", "categorise", "uncategorise")),
        st.sampled_from(ITEMS),
        st.sampled_from(TOPICS),
        st.none() | st.integers(0, 6),
    )
    return [row(verb, item, topic, at=at) for verb, item, topic, at in draw(st.lists(some, max_size=8))]


def evidence(snapshot, topic, weights=PLAIN, days=90.0):
    """What speaks for accounts on a topic of a snapshot."""
    topics = Topics.of(snapshot)
    among = np.zeros(topics.n_items, dtype=bool)
    among[topics.items_of(topics.index(topic))] = True
    setting = Setting(snapshot.relation("share", "item"), last_actions(snapshot), weights, snapshot.as_of, days)
    return TopicEvidence.of(snapshot, setting, among)


def trust(*rows, topic="food", **options):
    """Local trust on a topic as {(source, target): weight}."""
    snapshot = snapshot_of(rows)
    graph = evidence(snapshot, topic, **options).graph
    ends = zip(graph.edge_sources().tolist(), graph.targets.tolist(), graph.weights.tolist(), strict=True)
    return {(snapshot.accounts[a], snapshot.accounts[b]): weight for a, b, weight in ends}


def named(topics, topic, snapshot):
    return {snapshot.ids["item"][int(item)] for item in topics.items_of(topics.index(topic))}


# -- which items ------------------------------------------------------------------------------------------------------


def test_item_may_have_several_topics_and_lose_one():
    rows = [row("categorise", "tea", "food", at=1), row("categorise", "tea", "gift", at=1)]
    rows += [row("categorise", "pot", "gift", at=1), row("uncategorise", "tea", "gift", at=2)]
    snapshot = snapshot_of([*rows, row("purchase", "ann", "cup")])
    topics = Topics.of(snapshot)
    assert (named(topics, "food", snapshot), named(topics, "gift", snapshot)) == ({"tea"}, {"pot"})
    assert (topics.n_items, topics.offsets.tolist()) == (3, [0, 1, 2])


def test_topic_may_have_the_id_of_an_item_or_an_account():
    snapshot = snapshot_of(
        [row("categorise", "tea", "tea"), row("categorise", "ann", "ann"), row("follow", "ann", "b")]
    )
    assert [named(Topics.of(snapshot), id_, snapshot) for id_ in ("tea", "ann")] == [{"tea"}, {"ann"}]


def test_unknown_topic_is_refused_with_those_that_are_called_almost_so():
    snapshot = snapshot_of([row("categorise", "tea", topic) for topic in ("Camera", "cameras", "food")])
    with pytest.raises(
        UnknownIdError, match=r"no topic 'camra' among 3 in this snapshot; similar: 'Camera', 'cameras'"
    ):
        Topics.of(snapshot).index("camra")
    with pytest.raises(UnknownIdError, match=r"no topic '手机' among 3 in this snapshot$"):
        Topics.of(snapshot).index("手机")


def test_graph_without_topics_says_that_there_are_none():
    topics = Topics.of(snapshot_of([row("follow", "ann", "bob")]))
    assert (len(topics.ids), topics.n_items) == (0, 0)
    with pytest.raises(UnknownIdError, match="no topic 'food': no item of this snapshot has one; categorise events"):
        topics.index("food")


def test_near_ids_are_found_among_very_many():
    assert near_to("topic-123456", [f"topic-{n}" for n in range(15)] + [f"x{n}" for n in range(20_000)]) == [
        "topic-14",
        "topic-13",
        "topic-12",
    ]


# -- what speaks for whom ---------------------------------------------------------------------------------------------

FOOD = [row("categorise", "tea", "food"), row("categorise", "pot", "gift")]


def test_only_what_was_done_to_the_items_of_the_topic_speaks():
    rows = [row("purchase", "ann", "tea", via="bob"), row("purchase", "ann", "pot", via="cat")]
    rows += [row("share", "ann", "tea", via="dan"), row("share", "ann", "hello", target_kind="post", via="eve")]
    assert trust(*FOOD, *rows) == {("ann", "bob"): 3.0, ("ann", "dan"): 0.5}
    assert trust(*FOOD, *rows, topic="gift") == {("ann", "cat"): 3.0}


def test_follows_and_trust_are_about_no_topic_but_credit_whom_a_purchase_came_by():
    rows = [row("follow", "ann", "bob"), row("trust", "ann", "cat", value=9), row("follow", "ann", "dan")]
    rows += [row("share", "bob", "tea", at=1), row("share", "cat", "pot", at=1), row("share", "dan", "tea", at=1)]
    assert trust(*FOOD, *rows) == {}
    assert trust(*FOOD, *rows, row("purchase", "ann", "tea", at=2)) == {("ann", "bob"): 1.5, ("ann", "dan"): 1.5}


def test_block_counts_on_every_topic():
    rows = [row("purchase", who, "tea", via="bob") for who in ("ann", "cat")]
    assert trust(*FOOD, *rows, row("block", "ann", "bob")) == {("cat", "bob"): 3.0}


def test_review_says_nothing_on_a_topic_as_it_does_in_general():
    assert trust(*FOOD, row("review", "ann", "tea", value=5)) == {}


# -- any graph --------------------------------------------------------------------------------------------------------

WEIGHTS = st.fixed_dictionaries(
    {
        name: st.builds(RelationWeight, st.sampled_from([0.0, 0.5, 3.0]), st.none() | st.floats(0.5, 1000))
        for name in default_weights(MODEL)
    }
)


@given(event_rows(), categories(), WEIGHTS, st.sampled_from([1.0, 90.0]))
@quick(25)
def test_any_graph_equals_the_slow_twin(rows, about, weights, days):
    rows = [*rows, *about, row("categorise", "tea", "food", at=9)]
    found, as_of = reference_graph.relations(table(rows)), snapshot_of(rows).as_of
    for topic in {r["target"] for r in rows if r["relation"].endswith("categorise")}:
        expected = reference.local_trust(found, weights, as_of, topic, attribution_days=days)
        assert trust(*rows, topic=topic, weights=weights, days=days) == pytest.approx(expected, rel=1e-6)


@given(event_rows(), categories())
@quick(15)
def test_row_of_any_account_from_its_events_has_the_bits_of_the_graph(rows, about):
    rows = [*rows, *about, row("categorise", "tea", "food", at=9)]
    snapshot = snapshot_of(rows)
    found = evidence(snapshot, "food", weights=default_weights(MODEL))
    for account in {r["source"] for r in rows if r["relation"] not in ("categorise", "uncategorise")}:
        index = snapshot.accounts.index(account)
        own = relations_of(snapshot, table([r for r in rows if r["source"] == account]))
        mine = trust_row(Actions(np.array([index], dtype=np.uint32), found.about(own)), found.setting)
        for got, expected in zip(mine, found.graph.row(index), strict=True):
            assert got.tobytes() == expected.tobytes()


@given(event_rows(), categories())
@quick(15)
def test_topics_leave_trust_in_general_as_it_is(rows, about):
    one, other = snapshot_of(rows), snapshot_of([*rows, *about])
    graphs = []
    for snapshot in (one, other):
        setting = Setting.of(snapshot, default_weights(MODEL), as_of=one.as_of)
        graphs.append(local_trust(snapshot, setting))
    assert one.accounts.values.equals(other.accounts.values)
    assert [graphs[0].weights.tobytes(), graphs[0].targets.tobytes()] == [
        graphs[1].weights.tobytes(),
        graphs[1].targets.tobytes(),
    ]


def test_topics_of_as_many_items_as_accounts_are_nobodys_deeds():
    rows = [row("purchase", who, item, at=1) for who, item in zip(ACCOUNTS, ITEMS, strict=False)]
    snapshot = snapshot_of([*rows, *(row("categorise", item, "food", at=9) for item in ITEMS)])
    assert snapshot.n_accounts == len(snapshot.ids["item"])
    assert ("categorise", "topic") not in snapshot.deeds
    assert len(set(last_actions(snapshot).tolist())) == 1  # the purchases, not the day on which items got topics
