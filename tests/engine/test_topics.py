"""Answers about topics: sums, general trust where there is little, newer events, privacy, and the list of topics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_topics as reference
from guanxi.engine import Engine, Privacy, Strategy, topic_graphs, topics
from guanxi.engine.strategies import strategy_of
from guanxi.errors import FieldError, ParameterError, UnknownIdError
from strategies import ACCOUNTS, NOW_US, event_rows, quick, row

TIES = [row("follow", "ann", who) for who in ("bob", "cat", "dan")] + [row("follow", "cat", "dan")]
ABOUT = [
    *(row("categorise", item, "camera") for item in ("lens", "tripod", "flash")),
    *(row("categorise", item, "food") for item in ("tea", "pot")),
    row("categorise", "pot", "kitchen"),
]
DEEDS = [
    row("purchase", "ann", "lens", via="bob"),
    row("purchase", "ann", "tea", via="cat"),
    row("share", "bob", "tripod"),
    row("purchase", "cat", "pot"),
    row("purchase", "dan", "flash", via="bob"),
    row("purchase", "dan", "chair"),
]
ROWS = [*TIES, *ABOUT, *DEEDS]


def ids(answer, kind="accounts"):
    return [entry["id"] for entry in answer[0][kind]]


# -- trust ------------------------------------------------------------------------------------------------------------


def test_same_viewer_trusts_different_accounts_on_different_topics(engine, answer):
    view = answer(engine, ROWS)
    assert ids(topics.trusted_by(view, "ann", "camera"))[0] == "bob"
    assert ids(topics.trusted_by(view, "ann", "food"))[0] == "cat"


def test_topic_without_evidence_is_answered_by_general_trust_exactly(engine, answer):
    view = answer(engine, ROWS)
    data, meta = topics.trusted_by(view, "ann", "kitchen")
    general, general_meta = view.trusted_by("ann")
    assert (data["fallback"]["weight"], data["fallback"]["own_evidence"]) == (1.0, 0.0)
    assert [(a["id"], a["trust"]) for a in data["accounts"]] == [(a["id"], a["trust"]) for a in general["accounts"]]
    assert {a["topic"] for a in data["accounts"]} == {0.0}
    assert meta == general_meta
    for target in ("bob", "cat", "dan"):
        score = float(view.personal(view.present("ann")).scores[view.snapshot.accounts.index(target)])
        assert topics.pair(view, "ann", target, "kitchen")[0]["trust"]["score"] == score


def test_answer_says_topic_fallback_and_own_evidence(engine, answer):
    data, meta = topics.pair(answer(engine, ROWS), "ann", "bob", "camera")
    assert data["topic"] == {"id": "camera", "n_items": 3}
    assert (data["fallback"]["half"], data["fallback"]["own_evidence"]) == (3.0, 3.0)
    assert data["fallback"]["weight"] == pytest.approx(0.5)  # one purchase against one
    assert (data["direct"], meta["solver"]) == (3.0, "exact")


def test_strategy_says_how_much_evidence_is_half(engine, answer):
    weights = []
    for half in (None, 0.0, 27.0):
        view = answer(engine, ROWS, Strategy(name="custom", topic=half))
        weights.append(topics.pair(view, "ann", "bob", "camera")[0]["fallback"]["weight"])
    assert weights == pytest.approx([0.5, 0.0, 0.9])


def test_strategy_without_a_word_on_topics_keeps_its_parameters_and_half_is_a_purchase():
    assert "topic" not in Strategy().parameters()
    assert Strategy().topic_half == Strategy().weights["purchase"].weight
    assert Strategy(weights={}).topic_half == 0.0


def test_strategy_reads_its_half_from_a_document_and_null_is_as_left_out():
    document = {"name": "x", "version": 1}
    assert strategy_of(document | {"topic": 2}).topic_half == 2.0
    assert strategy_of(document | {"topic": None}) == strategy_of(document)
    with pytest.raises(FieldError, match="topic is 'much', not a number"):
        strategy_of(document | {"topic": "much"})


@pytest.mark.parametrize("half", [-1.0, float("nan"), float("inf")])
def test_strategy_with_a_half_out_of_range_is_refused(half):
    with pytest.raises(ParameterError, match=f"topic is {half}, not a finite number of at least 0"):
        Strategy(topic=half)


@given(event_rows(max_size=20), st.sampled_from(["food", "gift"]), st.integers(0, 3))
@quick(10)
def test_parts_and_terms_add_up_to_the_score_of_the_slow_twin(tmp_path_factory, rows, topic, at_most):
    about = [row("categorise", "tea", "food"), row("categorise", "pot", "food"), row("categorise", "pot", "gift")]
    told = [row("purchase", "ann", "tea", via="bob"), row("purchase", "bob", "pot", via="cat")]
    ties = [row("follow", ACCOUNTS[n - 1], ACCOUNTS[n]) for n in range(len(ACCOUNTS))]
    engine = Engine(tmp_path_factory.mktemp("home"), create=True, now_us=lambda: NOW_US)
    engine.append([*ties, *about, *told, *rows])
    engine.snapshot(), engine.score()
    view = engine.view()
    graph = view.run.topics.evidence(view.run.topics.topics.index(topic)).graph
    for viewer in ("ann", "邓"):
        index = view.snapshot.accounts.index(viewer)
        options = {"half": 3.0, "discount": view.run.discount}
        expected = reference.topic_trust(view.run.graph, graph, index, **options)
        lowered = expected * view.judged(view.present(viewer)).factors_of(np.arange(len(expected)))
        for at, target in enumerate(view.snapshot.accounts.values.to_pylist()):
            data, _ = topics.pair(view, viewer, target, topic, at_most=at_most)
            score, taken = data["trust"]["score"], sum(of["amount"] for of in data["adjustments"])
            assert score == pytest.approx(lowered[at], abs=1e-9)
            assert sum(part["amount"] for part in data["parts"]) == pytest.approx(expected[at], abs=1e-9)
            assert len(data["terms"]) <= at_most
            terms = sum(term["amount"] for term in data["terms"]) + data["others"]["amount"]
            assert terms == pytest.approx(expected[at], abs=1e-9)
            assert terms + taken + data["remainder"] == pytest.approx(score, abs=1e-12)
    engine.close()


def test_distrust_counts_on_a_topic_as_in_general(engine, answer):
    view = answer(engine, [*ROWS, row("report", "cat", "bob"), row("report", "dan", "bob")])
    data, _ = topics.pair(view, "ann", "bob", "camera")
    (taken,) = data["adjustments"]
    assert taken["factor"] == view.trust("ann", "bob")[0]["distrust"]["factor"] < 1
    parts = sum(part["amount"] for part in data["parts"])
    assert data["trust"]["score"] == pytest.approx(parts * taken["factor"]) == pytest.approx(parts + taken["amount"])
    listed = topics.trusted_by(view, "ann", "camera")[0]["accounts"]
    for entry in listed:
        assert entry["topic"] + entry["general"] == pytest.approx(entry["trust"], abs=1e-12)
    assert next(entry for entry in listed if entry["id"] == "bob")["distrust_factor"] == taken["factor"]


def test_accounts_that_are_one_actor_are_one_on_a_topic(engine, answer):
    link = [
        row("identity_link", one, other, properties={"proof": "oauth"}) for one, other in (("bob", "b2"), ("ann", "a2"))
    ]
    bought = [row("purchase", "ann", "flash", via="b2"), row("purchase", "a2", "tripod", via="bob")]
    view = answer(engine, [*ROWS, *link, *bought])
    assert view.run.identities is not None
    for viewer, target in (("ann", "bob"), ("a2", "b2"), ("ann", "b2")):
        assert topics.pair(view, viewer, target, "camera")[0]["trust"]["score"] > 0
    by_either = [topics.trusted_by(view, viewer, "camera")[0] for viewer in ("ann", "a2")]
    assert by_either[0]["accounts"] == by_either[1]["accounts"]
    strategy = Strategy(discounts=False)
    view = answer(engine, [], strategy)
    engine.append([row("purchase", "a2", "lens", via="dan"), row("purchase", "a2", "flash", via="cat")])
    at_once = topics.trusted_by(view, "a2", "camera")[0]["accounts"]
    engine.snapshot(), engine.score(strategy)
    rebuilt = topics.trusted_by(engine.view(), "a2", "camera")[0]["accounts"]
    assert {a["id"]: a["trust"] for a in at_once} == pytest.approx({a["id"]: a["trust"] for a in rebuilt}, abs=1e-12)


def test_unknown_topic_or_target_is_an_error_and_an_unknown_viewer_is_not(engine, answer):
    view = answer(engine, ROWS)
    for ask in (lambda t: topics.trusted_by(view, "ann", t), lambda t: topics.items(view, "ann", t)):
        with pytest.raises(UnknownIdError, match="no topic 'camra' among 3 in this snapshot; similar: 'camera'"):
            ask("camra")
    with pytest.raises(UnknownIdError, match="no account 'zoe'"):
        topics.pair(view, "ann", "zoe", "camera")
    data, _ = topics.pair(view, "zoe", "bob", "camera")
    assert (data["trust"]["score"], data["fallback"]["weight"], data["direct"]) == (0.0, 1.0, 0.0)
    assert topics.trusted_by(view, "zoe", "camera")[0]["accounts"] == []


# -- newer events -----------------------------------------------------------------------------------------------------


def test_newer_purchase_on_the_topic_counts_at_once_as_after_a_rebuild(engine, answer):
    view = answer(engine, ROWS, Strategy(discounts=False))
    newer = [row("purchase", "ann", "tripod", via="dan"), row("purchase", "ann", "new", via="cat")]
    engine.append([*newer, row("follow", "eve", "bob"), row("purchase", "eve", "lens", via="bob")])
    at_once = [topics.trusted_by(view, who, "camera")[0] for who in ("ann", "eve")]
    assert at_once[0]["fallback"]["own_evidence"] == 6.0
    assert topics.pair(view, "ann", "dan", "camera")[0]["direct"] == 3.0
    engine.snapshot(), engine.score(Strategy(discounts=False))
    rebuilt = [topics.trusted_by(engine.view(), who, "camera")[0] for who in ("ann", "eve")]
    for one, other in zip(at_once, rebuilt, strict=True):
        assert one["fallback"].pop("giving") == other["fallback"].pop("giving")
        assert one["fallback"] == pytest.approx(other["fallback"], abs=1e-12)
        assert {a["id"]: a["trust"] for a in one["accounts"]} == pytest.approx(
            {a["id"]: a["trust"] for a in other["accounts"]}, abs=1e-12
        )


def test_topic_of_an_item_with_the_id_of_an_account_is_no_deed_of_the_account(engine, answer):
    view = answer(engine, ROWS)
    engine.append([row("categorise", "ann", "camera"), row("categorise", "zoe", "camera")])
    assert view.items("ann")[1]["n_newer_events"] == 0
    assert view.items("zoe")[0]["known"] is False


def test_last_few_topics_are_kept_and_no_more(engine, answer, monkeypatch):
    monkeypatch.setattr(topic_graphs, "_KEPT", 2)
    run = answer(engine, ROWS).run
    first = run.topics.evidence(0)
    assert run.topics.evidence(0) is first
    again = [run.topics.evidence(topic) for topic in (1, 2, 0)][-1]
    assert again is not first
    assert again.graph.weights.tobytes() == first.graph.weights.tobytes()


# -- privacy ----------------------------------------------------------------------------------------------------------


def through(view, target="dan", **options):
    data = topics.pair(view, "ann", target, "camera", **options)[0]
    return {term["account"] for term in data["terms"] if term["part"] == "topic"}, data


def test_buyer_on_a_topic_is_not_named_even_where_it_follows_in_public(engine, answer):
    rows = [*ROWS, row("follow", "bob", "dan"), row("purchase", "bob", "tripod", via="dan")]
    named, data = through(answer(engine, rows))
    assert named == set()
    assert (data["others"]["n"], data["others"]["amount"] > 0) == (0, True)
    assert "bob" in {term["account"] for term in data["terms"]}  # in general, by its follow


def test_sharer_on_a_topic_is_named_and_only_on_that(engine, answer):
    rows = [*ROWS, row("share", "bob", "tripod", via="dan"), row("share", "cat", "tea", via="dan")]
    assert through(answer(engine, rows))[0] == {"bob"}


def test_sharer_is_not_named_where_shares_are_not_public(tmp_path, answer):
    engine = Engine(tmp_path / "store", create=True, privacy=Privacy(public=frozenset()), now_us=lambda: NOW_US)
    assert through(answer(engine, [*ROWS, row("share", "bob", "tripod", via="dan")]))[0] == set()
    engine.close()


@pytest.mark.parametrize(("n", "shown"), [(4, 0), (5, 5)])
def test_unnamed_accounts_are_counted_from_k_up(engine, answer, n, shown):
    rows = [row("purchase", "ann", "lens", id=f"p{i}", via=f"b{i}") for i in range(n)]
    rows += [row("purchase", f"b{i}", "tripod", via="eve") for i in range(n)]
    data = through(answer(engine, [*ABOUT, *rows, row("follow", "ann", "b0")]), "eve")[1]
    assert data["others"]["amount"] > 0
    assert data["others"]["n"] == shown  # each once, though both parts hide the same ones


# -- recommendations --------------------------------------------------------------------------------------------------


def test_items_of_the_topic_alone_are_recommended_with_terms_that_add_up(engine, answer):
    view = answer(engine, ROWS)
    data, meta = topics.items(view, "ann", "camera")
    assert set(ids((data, meta), "items")) == {"tripod", "flash"}
    assert set(ids(topics.items(view, "ann", "food"), "items")) == {"pot"}
    assert (data["topic"]["id"], data["rests_on"]["n_own_items"], meta["solver"]) == ("camera", 1, "exact")
    for entry in data["items"]:
        parts = entry["explanation"]["components"]
        terms = sum(term["amount"] for part in parts for term in part["terms"])
        assert terms == pytest.approx(entry["score"], abs=1e-9)
    everything = {entry["id"]: entry["recommendation_id"] for entry in view.items("ann")[0]["items"]}
    assert all(everything[entry["id"]] != entry["recommendation_id"] for entry in data["items"])


def test_items_are_ranked_by_trust_on_the_topic(engine, answer):
    rows = [*TIES, *ABOUT, row("purchase", "ann", "lens", via="bob"), row("purchase", "ann", "tea", via="cat")]
    rows += [row("categorise", "flash", "food"), row("categorise", "tripod", "food")]
    rows += [row("purchase", "bob", "tripod"), row("purchase", "cat", "flash")]
    view = answer(engine, rows)
    assert ids(topics.items(view, "ann", "camera"), "items")[:2] == ["tripod", "flash"]
    assert ids(topics.items(view, "ann", "food"), "items")[:2] == ["flash", "tripod"]


def test_items_had_already_come_only_when_asked_for(engine, answer):
    view = answer(engine, ROWS)
    assert "lens" not in ids(topics.items(view, "ann", "camera"), "items")
    assert "lens" in ids(topics.items(view, "ann", "camera", exclude_seen=False), "items")


def test_newcomer_gets_items_of_the_topic_in_standing(engine, answer):
    data, _ = topics.items(answer(engine, ROWS), "zoe", "camera")
    assert (data["known"], data["rests_on"]["parts"]) == (False, ["prior"])
    assert set(ids((data, None), "items")) == {"lens", "tripod", "flash"}


# -- which topics there are -------------------------------------------------------------------------------------------


def test_topics_come_by_their_number_of_items_with_people_counted_as_they_may(engine, answer):
    rows = [*ROWS, row("purchase", "ann", "tripod"), *(row("purchase", f"b{n}", "tea") for n in range(5))]
    data, meta = topics.topics(answer(engine, rows))
    assert data == {
        "topics": [
            {"rank": 1, "id": "camera", "n_items": 3, "sharers": {"n": 1}, "buyers": {"fewer_than": 5}},
            {"rank": 2, "id": "food", "n_items": 2, "sharers": {"n": 0}, "buyers": {"n": 7}},
            {"rank": 3, "id": "kitchen", "n_items": 1, "sharers": {"n": 0}, "buyers": {"fewer_than": 5}},
        ],
        "n_topics": 3,
        "n_items": 6,
        "n_items_with_topic": 5,
    }
    assert meta["personalised"] is False
    assert len(topics.topics(engine.view(), limit=2)[0]["topics"]) == 2


def test_graph_without_topics_has_an_empty_list(engine, answer):
    data, _ = topics.topics(answer(engine, TIES))
    assert (data["topics"], data["n_topics"], data["n_items"]) == ([], 0, 0)


@pytest.mark.parametrize("limit", [0, 1001])
def test_limit_out_of_range_is_refused(engine, answer, limit):
    view = answer(engine, ROWS)
    asked = (lambda: topics.topics(view, limit=limit), lambda: topics.trusted_by(view, "ann", "food", limit=limit))
    for ask in (*asked, lambda: topics.items(view, "ann", "food", limit=limit)):
        with pytest.raises(ParameterError, match=f"limit is {limit}, not in 1..1000"):
            ask()


def test_same_question_has_the_same_answer(engine, answer):
    view = answer(engine, ROWS)
    again = Engine(engine.store.home).view()
    for ask in (topics.trusted_by, topics.items):
        assert ask(view, "ann", "camera") == ask(again, "ann", "camera")
    assert np.array_equal(view.run.topics.topics.items, again.run.topics.topics.items)
