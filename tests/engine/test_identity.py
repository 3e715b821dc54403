"""Identities in runs and answers: linked accounts are trusted as one, unlinking restores, and nobody else is told."""

import json
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_identity as reference
from guanxi.engine import Engine, Strategy
from guanxi.engine.everyone import write_everyone
from guanxi.engine.identity_answers import identities, identity, known_as
from guanxi.engine.scoring import computed
from guanxi.engine.strategies import find
from guanxi.errors import UnknownIdError
from guanxi.local_trust import IdentityOptions
from strategies import ACCOUNTS, NOW_US, day, event_rows, quick, row, snapshot_of

TIES = [
    row("follow", *pair.split(">"), at=3)
    for pair in ("ann>x", "bob>x", "cat>x", "dan>y", "x>z", "y>w", "z>ann", "w>bob", "ann>z", "zoe>x", "eve>w")
]
TIES += [row("purchase", "y", "tea", at=4), row("purchase", "x", "pot", at=4), row("follow", "ann", "zoe", at=9)]


def link(source, target, proof="oauth", *, at=5, id_=None, until=None):
    said = {"proof": proof} | ({} if until is None else {"expires": day(until)})
    return row("identity_link", source, target, at=at, id=id_, properties=said)


def arrays(view):
    """What a run's files hold, but for its name and parameters."""
    return {name: entry["sha256"] for name, entry in view.run.bundle.files.items()}


@pytest.fixture
def other(tmp_path):
    opened = Engine(tmp_path / "other", create=True, now_us=lambda: NOW_US)
    yield opened
    opened.close()


# -- no link, no effect -----------------------------------------------------------------------------------------------


def test_without_links_a_run_is_to_the_bit_what_it_is_without_identities(engine, answer):
    view = answer(engine, TIES)
    engine.score(replace(Strategy(), name="alone", identity=None))
    assert arrays(engine.view()) == arrays(view)
    assert view.run.identities is None
    assert not any(name.startswith("identity.") for name in arrays(view))


def test_strategy_that_merges_nothing_does_not_name_identities_among_its_parameters():
    assert "identity" not in json.loads(Strategy(name="alone", identity=None).to_json())


@pytest.mark.parametrize(
    "links",
    [
        [link("x", "y", "self")],
        [link("x", "y", "inferred")],
        [link("x", "y", until=6)],
        [link("x", "y"), row("unlink", "x", "y", at=6)],
        [link("x", "y", until=8), link("y", "x", "self", until=7)],
    ],
)
def test_link_that_does_not_count_has_no_effect_to_the_bit(engine, other, answer, links):
    before, after = answer(engine, TIES), answer(other, TIES + links)
    assert arrays(after) == arrays(before)


def test_unlinking_brings_the_snapshot_and_the_run_back_that_were_before(engine, answer):
    before = answer(engine, TIES)
    linked = answer(engine, [link("x", "y")])
    after = answer(engine, [row("unlink", "x", "y", at=6)])
    assert (
        (after.snapshot.id, after.run.id) == (before.snapshot.id, before.run.id) != (linked.snapshot.id, linked.run.id)
    )
    assert arrays(linked) != arrays(before)


def test_expiry_brings_the_scores_back_that_were_before(engine, other, answer):
    answer(engine, [*TIES, link("x", "y", until=12)])
    assert engine.view().run.identities is not None
    tick = [row("follow", "ann", "bob", at=12)]
    assert arrays(answer(engine, tick)) == arrays(answer(other, TIES + tick))


# -- one actor --------------------------------------------------------------------------------------------------------


@pytest.fixture
def linked(engine, answer):
    return answer(engine, [*TIES, link("x", "y")])


def test_trust_in_one_account_is_trust_in_all_of_its_identity(linked):
    for viewer in ("dan", "ann", "nobody"):
        x, y = (linked.trust(viewer, target)[0] for target in ("x", "y"))
        for field in ("personal", "global", "direct", "pagerank", "authenticity_factor"):
            assert x[field] == y[field]
    assert linked.trust("dan", "z")[0]["personal"]["score"] > 0  # x follows z, dan follows y


def test_all_accounts_of_an_identity_trust_as_one(linked):
    x, y = (linked.trusted_by(viewer)[0]["accounts"] for viewer in ("x", "y"))
    assert x == y
    assert {"w", "z"} <= {found["id"] for found in x}
    assert not {"x", "y"} & {found["id"] for found in x}


def test_global_trust_and_pagerank_rest_on_one_account_of_each_identity(linked):
    run = linked.run
    x, y = (linked.snapshot.accounts.index(id_) for id_ in "xy")
    assert run.identities.representative[y] == x
    assert (run.global_trust[y], run.pagerank[y], run.graph.in_degrees[y]) == (0.0, 0.0, 0)
    assert run.global_trust.sum() == pytest.approx(1.0, abs=1e-12)
    assert run.interactions.items_of(y)[0].size == 0
    assert [linked.snapshot.ids["item"][int(i)] for i in run.interactions.items_of(x)[0]] == ["pot", "tea"]


@given(event_rows(verbs=("follow", "follow", "trust", "block", "purchase", "share")), st.data())
@quick(10)
def test_runs_over_any_events_have_the_trust_and_the_discounts_of_the_slow_twin(rows, data):
    pairs = data.draw(st.sets(st.permutations(ACCOUNTS).map(lambda order: tuple(sorted(order[:2]))), max_size=3))
    snapshot = snapshot_of([*rows, *(row("follow", a, "hub") for a in ACCOUNTS), *(link(a, b, at=0) for a, b in pairs)])
    (_, alone), (_, found) = (computed(snapshot, replace(Strategy(), identity=of)) for of in (None, IdentityOptions()))
    names, standing = snapshot.accounts, alone["first_trust"]
    links = [(1.0, None, names.index(a), names.index(b)) for a, b in pairs]
    block = snapshot.relation("block", "account")
    blocks = set(zip(block.sources().tolist(), block.targets.tolist(), strict=True))
    links = [of for of in links if not {of[2:], of[:1:-1]} & blocks]
    groups, left_out = reference.groups_of(len(names), links, 5)
    links = [of for of in links if of[2:] not in left_out]
    expected = reference.contracted(edges_of(alone), groups, links, standing, blocks)
    assert edges_of(found) == pytest.approx(expected, rel=1e-6)
    shared = reference.shared(groups, standing, alone["discount"])
    assert dict(enumerate(found["discount"])) == pytest.approx(shared, rel=1e-12)


def edges_of(arrays):
    sources = np.repeat(np.arange(len(arrays["graph.offsets"]) - 1), np.diff(arrays["graph.offsets"])).tolist()
    pairs = zip(sources, arrays["graph.targets"].tolist(), strict=True)
    return dict(zip(pairs, arrays["graph.weights"].tolist(), strict=True))


def test_seed_that_is_linked_makes_its_identity_the_seed(engine, answer):
    rows = [*TIES, link("x", "y")]
    named = Strategy(name="seeded", seeds=("y",))
    both = Strategy(name="seeded-twice", seeds=("x", "y"))
    answer(engine, rows, named)
    one = engine.view().run.global_trust
    engine.score(both)
    assert np.array_equal(one, engine.view().run.global_trust)
    assert one[engine.view().snapshot.accounts.index("x")] > 0.15


def test_warm_start_from_before_the_link_leaves_nothing_on_the_other_accounts(engine, answer):
    answer(engine, TIES)
    engine.append([link("x", "y")])
    engine.snapshot()
    engine.score(warm=True)
    warm = engine.view().run
    engine.score()
    cold, y = engine.view().run, warm.snapshot.accounts.index("y")
    assert (warm.global_trust[y], warm.pagerank[y]) == (0.0, 0.0)
    assert np.abs(warm.global_trust - cold.global_trust).sum() < 1e-9


def test_recommended_accounts_leave_out_whom_an_account_of_the_identity_follows(linked):
    found = {entry["id"] for entry in linked.accounts("dan")[0]["accounts"]}
    assert not {"x", "y"} & found
    assert not {"x", "y", "z", "w"} & {entry["id"] for entry in linked.accounts("y")[0]["accounts"]}


def test_what_linked_accounts_own_stays_apart(linked):
    assert "pot" in {entry["id"] for entry in linked.items("y")[0]["items"]}
    assert linked.items("y")[0]["rests_on"]["n_own_items"] == 1


@pytest.mark.parametrize("viewer", ["x", "y", "ann", "new"])
def test_newer_events_give_the_row_of_the_next_run_to_the_bit(engine, answer, viewer):
    answer(engine, [*TIES, link("x", "y"), row("follow", "x", "bob", at=4), row("block", "y", "cat", at=4)])
    engine.append([row("follow", viewer, target, at=9) for target in ("w", "cat", "dan", "eve")])
    if viewer == "ann":
        engine.append([row("follow", "ann", "y", at=9), row("trust", "ann", "dan", at=9, value=3)])
    present = engine.view().present(viewer)
    run = answer(engine, []).run
    targets, weights = run.graph.row(run.actor(run.snapshot.accounts.index(viewer)))
    then = dict(zip(targets.tolist(), weights.tolist(), strict=True))
    now = dict(zip(present.row.targets.tolist(), present.row.weights.tolist(), strict=True))
    names, before = run.snapshot.accounts, engine.view().snapshot.accounts
    assert names[0] == before[0]
    if viewer == "new":
        at = names.index("new")
        now = {target + (target >= at): weight for target, weight in now.items()}
    assert now == then


def test_newer_link_waits_for_the_next_snapshot(engine, answer):
    answer(engine, TIES)
    engine.append([link("x", "y")])
    assert engine.view().trust("dan", "x")[0]["identity"] is None
    assert answer(engine, []).trust("dan", "x")[0]["identity"] is not None


# -- who is told ------------------------------------------------------------------------------------------------------


def test_stranger_is_told_a_number_and_only_from_k_up(engine, answer):
    many = IdentityOptions(most_accounts=10)
    rows = [*TIES, *(link("x", f"alt{i}") for i in range(6)), link("z", "w")]
    view = answer(engine, rows, Strategy(name="many", identity=many))
    assert view.trust("ann", "x")[0]["identity"] == {"n": 6}
    assert view.trust("ann", "z")[0]["identity"] == {"fewer_than": 5}
    assert view.trust("ann", "bob")[0]["identity"] is None


def test_account_itself_is_told_with_whom_it_is_linked(linked):
    assert linked.trust("y", "x")[0]["identity"] == {"accounts": ["y"]}
    assert linked.trust("x", "y")[0]["identity"] == {"accounts": ["x"]}


def test_no_answer_to_a_stranger_names_the_account_that_it_did_not_know(linked):
    assert known_as(linked.present("dan"), linked.snapshot.accounts.index("x")) == linked.snapshot.accounts.index("y")
    told = json.dumps([linked.trusted_by("dan"), linked.trust("dan", "y"), linked.trust("dan", "w")], default=str)
    assert '"y"' in told
    assert '"x"' not in told


def test_explanation_does_not_name_the_account_that_the_viewer_did_not_know(engine, answer):
    shares = [row("share", a, item, at=4) for a, item in (("x", "cup"), ("y", "jar"), ("zoe", "cup"))]
    view = answer(engine, [*TIES, *shares, link("x", "y")])
    terms = {
        viewer: [
            (term["code"], term.get("account"))
            for entry in view.items(viewer)[0]["items"]
            for part in entry["explanation"]["components"]
            for term in part["terms"]
        ]
        for viewer in ("bob", "dan")
    }
    assert ("trusted_account", "x") in terms["bob"]  # follows x
    assert ("trusted_account", "x") not in terms["dan"]  # follows y
    assert ("trusted_accounts_unnamed", None) in terms["dan"]
    for entry in view.items("dan")[0]["items"]:
        parts = entry["explanation"]["components"]
        assert sum(part["amount"] for part in parts) == pytest.approx(entry["score"], abs=1e-9)


def test_account_is_shown_its_identity_and_every_link_with_what_became_of_it(engine, answer):
    rows = [*TIES, link("x", "y", until=700), link("x", "z", "self"), link("w", "x", until=6), link("bob", "ann")]
    view = answer(engine, rows)
    data, meta = identity(view, "y")
    assert (data["account"], data["representative"]) == ("y", "x")
    assert data["accounts"] == [{"id": "x", "confidence": 1.0}, {"id": "y", "confidence": 1.0}]
    assert [(found["accounts"], found["verdict"], found["proof"], found["expires"]) for found in data["links"]] == [
        (["w", "x"], "expired", "oauth", day(6)),
        (["x", "y"], "linked", "oauth", day(700)),
        (["x", "z"], "unproven", "self", None),
    ]
    assert meta["run"] == view.run.id
    assert identity(view, "dan")[0]["links"] == []
    with pytest.raises(UnknownIdError, match="no account 'nobody'"):
        identity(view, "nobody")


def test_all_identities_are_listed_with_the_links_that_were_left_out(engine, answer):
    view = answer(engine, [*TIES, link("x", "y"), link("z", "w", "self"), link("bob", "ann", "domain")])
    data, _ = identities(view)
    assert (data["n_identities"], data["n_accounts"]) == (2, 4)
    assert data["n_links"] == {"linked": 2, "unproven": 1}
    assert [[account["id"] for account in found["accounts"]] for found in data["identities"]] == [
        ["ann", "bob"],
        ["x", "y"],
    ]
    assert [(found["accounts"], found["verdict"]) for found in data["left_out"]] == [(["w", "z"], "unproven")]
    assert data["rules"]["most_accounts"] == 5
    assert len(identities(view, limit=1)[0]["identities"]) == 1


def test_strategy_that_merges_nothing_says_that_links_are_off(engine, answer):
    view = answer(engine, [*TIES, link("x", "y")], find("purchases-first").strategy)
    data, _ = identities(view)
    assert (data["rules"], data["identities"], data["n_links"]) == (None, [], {"off": 1})
    assert [found["verdict"] for found in data["left_out"]] == ["off"]


def test_scores_of_an_identity_are_exported_for_every_account_of_it(linked, tmp_path):
    write_everyone(linked.run, tmp_path / "out")
    rows = pq.read_table(tmp_path / "out").to_pylist()
    of = {name: [(found["account"], found["trust"]) for found in rows if found["viewer"] == name] for name in "xy"}
    assert of["x"] == of["y"] != []
