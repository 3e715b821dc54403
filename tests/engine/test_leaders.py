"""Leaders: told apart from accounts that are merely followed, with evidence that names nobody it may not."""

from dataclasses import replace

import numpy as np
import pytest

from guanxi.engine import Engine, Privacy, Strategy
from guanxi.engine.leaders import field_of, leaders
from guanxi.errors import ParameterError, UnknownIdError
from guanxi.graph.communities import communities
from guanxi.local_trust import RelationWeight, default_weights
from guanxi.schema import load_model
from strategies import NOW_US, row


def crowd(seed=1):
    """Readers who follow each other, and one of 30 friends each. The friends follow a sage; as many fans a star."""
    rng, n = np.random.default_rng(seed), 120
    rows = [row("follow", f"reader{i}", f"friend{i % 30}", at=1) for i in range(n)]
    for i in range(n):
        rows += [row("follow", f"reader{i}", f"reader{j}", at=1) for j in rng.choice(n, 8, replace=False) if i != j]
    for i in range(30):
        rows += [row("follow", f"friend{i}", "sage", at=1), row("follow", f"fan{i}", "star", at=1)]
    return rows


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    opened = Engine(tmp_path_factory.mktemp("leaders") / "store", create=True, now_us=lambda: NOW_US)
    assert {outcome.outcome for outcome in opened.append(crowd())} <= {"created", "duplicate"}
    opened.snapshot()
    opened.score(Strategy(discounts=False))
    yield opened.view()
    opened.close()


def found(view, **options):
    return leaders(view, **options)[0]


def named(rows, id_):
    return next(entry for entry in rows if entry["id"] == id_)


def test_sage_leads_and_star_is_merely_followed(view):
    data = found(view, limit=100)
    assert named(data["leaders"], "sage")["label"] == "leader"
    assert named(data["most_followed"], "star")["label"] == "merely_followed"
    assert "star" not in {entry["id"] for entry in data["leaders"]}
    star, sage = (named(data["most_followed"], id_) for id_ in ("star", "sage"))
    assert star["n_trusting"] == sage["n_trusting"] == 30
    assert star["reach"]["score"] < star["reach"]["low"]
    assert sage["reach"]["score"] > sage["reach"]["high"]


def test_leaders_come_by_reach_and_the_others_by_followers(view):
    data = found(view, limit=1000)
    reach = [entry["reach"]["score"] for entry in data["leaders"]]
    followers = [entry["n_trusting"] for entry in data["most_followed"]]
    assert reach == sorted(reach, reverse=True)
    assert followers == sorted(followers, reverse=True)
    assert {entry["label"] for entry in data["leaders"]} == {"leader"}
    assert [entry["rank"] for entry in data["most_followed"]] == list(range(1, len(followers) + 1))


def test_parts_of_the_trust_that_arrives_add_up_to_one(view):
    for entry in found(view, limit=100)["most_followed"]:
        total = sum(term["amount"] for term in entry["terms"]) + entry["others"]["amount"]
        assert total == pytest.approx(1.0)
        assert len(entry["terms"]) + entry["others"]["n"] == entry["n_trusting"]


def test_community_has_its_own_members_only_named_by_number_or_by_one_of_them(view):
    labels = communities(view.run.graph)
    number = int(labels[view.snapshot.accounts.index("sage")])
    by_number, by_member = found(view, community=number, limit=1000), found(view, community_of="sage", limit=1000)
    assert by_number == by_member
    assert by_number["community"] == {"number": number, "n_accounts": int((labels == number).sum())}
    members = {entry["id"] for entry in by_number["leaders"] + by_number["most_followed"]}
    assert {labels[view.snapshot.accounts.index(id_)] for id_ in members} == {number}
    assert {entry["communities"]["own"] for entry in by_number["most_followed"]} == {number}
    assert by_number["communities"] == []


def test_largest_communities_name_their_first_leaders(view):
    data, sizes = found(view, limit=1000), np.bincount(communities(view.run.graph))
    assert [entry["n_accounts"] for entry in data["communities"]] == [int(size) for size in sizes[:10] if size > 1]
    order = [entry["id"] for entry in data["leaders"]]
    for entry in data["communities"]:
        members = [id_ for id_ in order if named(data["leaders"], id_)["communities"]["own"] == entry["number"]]
        assert entry["leaders"] == members[:3]


def test_accounts_that_nobody_trusts_reach_nobody_for_anybody(engine, answer):
    plain = [row("follow", "ann", "bob"), row("follow", "bob", "cat"), row("follow", "dan", "ann")]
    made = [row("follow", f"fake{i}", "puppet") for i in range(50)] + [row("follow", "puppet", "eve")]
    before = field_of(answer(engine, plain, Strategy(discounts=False)).run).reach
    assert before.scores.max() > 0
    view = answer(engine, made, Strategy(discounts=False))
    eve = view.snapshot.accounts.index("eve")
    assert field_of(view.run).reach.scores[eve] == 0  # the fakes earned no trust, and the puppet knows eve


def test_inauthentic_audience_leads_nobody(view):
    run = view.run
    sage = view.snapshot.accounts.index("sage")
    discount = run.discount.copy()
    discount[sage] = 0.4
    doubted = replace(run)
    doubted.__dict__["discount"] = discount
    data = found(replace(view, run=doubted), limit=1000)
    assert named(data["most_followed"], "sage")["label"] == "inauthentic"
    assert "sage" not in {entry["id"] for entry in data["leaders"]}


def test_too_few_accounts_to_compare_with_are_ordered_by_reach_and_said_to_be_unknown(engine, answer):
    chain = [row("follow", "ann", "bob"), row("follow", "bob", "cat"), row("follow", "cat", "dan")]
    data = found(answer(engine, [*chain, row("follow", "dan", "ann")]))
    assert {entry["label"] for entry in data["leaders"]} == {"unknown"}
    assert data["n_compared"] == 0
    assert data["leaders"][0]["reach"] | {"score": 0, "error": 0} == {
        "score": 0,
        "error": 0,
        "expected": None,
        "low": None,
        "high": None,
    }


def test_empty_graph_has_no_leaders(engine, answer):
    data = found(answer(engine, [row("purchase", "ann", "tea")]))
    assert (data["leaders"], data["most_followed"], data["communities"]) == ([], [], [])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"limit": 0}, ParameterError, "limit is 0, not in 1..1000"),
        ({"community": -1}, ParameterError, "community is -1, not in 0.."),
        ({"community": 10_000}, ParameterError, "community is 10000, not in 0.."),
        ({"community": 0, "community_of": "sage"}, ParameterError, "community and community_of are both given"),
        ({"community_of": "nobody"}, UnknownIdError, "no account 'nobody'"),
        ({"topic": "tea"}, UnknownIdError, "no topic 'tea'"),
    ],
)
def test_question_out_of_range_is_refused(view, options, error, message):
    with pytest.raises(error, match=message):
        leaders(view, **options)


def test_same_question_has_the_same_answer_and_is_worked_out_once(view):
    assert leaders(view) == leaders(view)
    assert field_of(view.run) is field_of(view.run)
    again = replace(view.run)
    assert field_of(again).reach.scores.tobytes() == field_of(view.run).reach.scores.tobytes()


# -- topics and purchases ---------------------------------------------------------------------------------------------


def topical():
    """Two topics; on tea, buyers come by bob, and bob came by cat."""
    about = [row("categorise", "green", "tea"), row("categorise", "lens", "camera")]
    tea = [row("purchase", f"v{i}", "green", at=2, via="bob") for i in range(6)]
    ties = [row("follow", f"v{i}", "v0", at=1) for i in range(1, 6)] + [row("follow", "bob", f"v{i}") for i in range(6)]
    return [*about, *tea, *ties, row("share", "bob", "green", at=1, via="cat"), row("share", "cat", "lens", via="v1")]


def test_topic_counts_what_is_done_on_it_alone(engine, answer):
    view = answer(engine, topical())
    on_tea, on_all = found(view, topic="tea"), found(view)
    assert on_tea["topic"] == "tea"
    bob, cat = (view.snapshot.accounts.index(id_) for id_ in ("bob", "cat"))
    evidence = view.run.topics.evidence(view.run.topics.topics.index("tea"))
    assert on_tea["n_viewers"] == int((np.diff(evidence.graph.offsets) > 0).sum()) < on_all["n_viewers"]
    assert {entry["id"] for entry in on_tea["most_followed"]} == {"bob", "cat"}
    assert named(on_tea["most_followed"], "bob")["n_trusting"] == evidence.graph.in_degrees[bob] == 6
    assert named(on_tea["most_followed"], "cat")["n_trusting"] == evidence.graph.in_degrees[cat] == 1


def test_buyers_are_counted_from_k_up(engine, answer):
    view = answer(engine, topical())
    rows = found(view, topic="tea")["most_followed"]
    assert named(rows, "bob")["buyers"] == {"n": 6}
    assert named(rows, "cat")["buyers"] == {"fewer_than": 5}
    seen = replace(view, privacy=Privacy(k=7))
    assert named(found(seen, topic="tea")["most_followed"], "bob")["buyers"] == {"fewer_than": 7}


def test_who_trusts_by_a_purchase_is_not_named(engine, answer):
    weights = {name: RelationWeight(of.weight) for name, of in default_weights(load_model()).items()}
    rows = [row("purchase", "ann", "tea", via="bob"), row("follow", "cat", "bob"), row("follow", "dan", "ann")]
    view = answer(engine, [*rows, row("follow", "dan", "cat")], Strategy(weights=weights, discounts=False))
    bob = named(found(view)["most_followed"], "bob")
    assert [term["account"] for term in bob["terms"]] == ["cat"]
    assert bob["others"]["n"] == 0
    assert bob["others"]["amount"] > 0
    open_ = replace(view, privacy=Privacy(public=frozenset({"follow", "purchase"})))
    assert {term["account"] for term in named(found(open_)["most_followed"], "bob")["terms"]} == {"ann", "cat"}


def test_on_a_topic_only_a_share_names_its_giver(engine, answer):
    view = answer(engine, topical())
    rows = found(view, topic="tea")["most_followed"]
    assert named(rows, "bob")["terms"] == []  # by purchases, though all of them follow somebody in public
    assert [term["account"] for term in named(rows, "cat")["terms"]] == ["bob"]
