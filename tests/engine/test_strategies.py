"""Strategies: those that come with Guanxi, files, versions, and what runs are called."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.engine import Engine, Strategy
from guanxi.engine.strategies import (
    as_document,
    as_toml,
    described,
    find,
    is_known,
    keep,
    listed,
    read_strategy,
    shipped,
    strategy_of,
    versions_of,
)
from guanxi.errors import ConflictError, FieldError, FileFormatError, ParameterError, UnknownIdError
from guanxi.local_trust import SPEAKING, Distrust, IdentityOptions, RelationWeight, default_weights
from guanxi.schema import load_model
from guanxi.stores import EmbeddedStore, StrategyRecord, migrations
from guanxi.stores.connection import DATABASE
from guanxi.stores.neo4j.target import Neo4jTarget
from strategies import MODEL, quick, row

DOCS = Path(__file__).parents[2] / "docs" / "strategies.md"
NEAR = Strategy(name="near", restart=0.4, seeds=("ann", "bob"), description="Close friends first.")
TIES = [row("follow", "ann", "bob", at=1), row("follow", "bob", "cat", at=2), row("purchase", "cat", "tea", at=3)]


def same(one, other):
    return one == other and one.description == other.description


# -- what comes with Guanxi -------------------------------------------------------------------------------------------


def test_four_strategies_come_with_guanxi_and_balanced_is_the_default():
    assert {of.name for of in shipped()} == {"balanced", "purchases-first", "strict", "followers-only"}
    assert Strategy().label == find("balanced").strategy.label


def test_default_is_the_newest_balanced_to_the_letter_of_the_run():
    newest = find("balanced").strategy
    assert newest.to_json() == Strategy().to_json()  # a run's id is a hash over it
    assert newest.weights == default_weights(load_model())


@pytest.mark.parametrize("strategy", shipped(), ids=lambda of: of.label)
def test_shipped_strategy_lies_in_a_file_of_its_name_and_is_described_in_two_sentences(strategy):
    folder = Path(sys.modules["guanxi.engine.strategies"].__file__).parent
    assert same(read_strategy(folder / f"{strategy.name}-{strategy.version}.toml"), strategy)
    assert len(re.findall(r"\.(?: |$)", strategy.description)) == 2
    if strategy == find(strategy.name).strategy:
        assert f"| `{strategy.name}` | {strategy.description} |" in DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("strategy", shipped(), ids=lambda of: of.label)
def test_shipped_strategy_scores_a_graph_and_names_the_run(engine, answer, strategy):
    view = answer(engine, TIES, strategy)
    assert view.run.global_trust.sum() == pytest.approx(1, abs=1e-9)
    assert view.items("ann")[1]["strategy"] == engine.store.recorded_runs()[-1].strategy == strategy.label


def test_shop_that_is_bought_from_wins_by_purchases_and_the_followed_one_by_followers(engine, answer):
    rows = [row("follow", f"f{n}", "star", at=n) for n in range(6)]
    rows += [row("purchase", f"b{n}", f"item{n}", at=n, via="shop") for n in range(3)]
    mixed = [row("follow", f"f{n}", "star", at=n) for n in range(6, 9)]
    mixed += [row("purchase", f"f{n}", "tea", at=n, via="shop") for n in range(6, 9)]
    leaders = {}
    for strategy in ("followers-only", "purchases-first"):
        view = answer(engine, [*rows, *mixed], replace(find(strategy).strategy, discounts=False, name="custom"))
        trust = dict(zip(view.snapshot.accounts.values.to_pylist(), view.run.global_trust, strict=True))
        leaders[strategy] = trust["shop"] / trust["star"]
    assert leaders["followers-only"] < leaders["purchases-first"]
    assert leaders["followers-only"] < 1


def test_followers_only_counts_follows_and_nothing_else_without_fading(engine, answer):
    rows = [row("follow", "ann", "bob", at=0), row("follow", "ann", "cat", at=900), row("trust", "ann", "dan", at=1)]
    rows += [row("share", "bob", "tea", at=1), row("purchase", "ann", "tea", at=2)]
    view = answer(engine, rows, find("followers-only").strategy)
    assert view.run.graph.weights.tolist() == [1.0, 1.0]
    assert np.all(view.run.discount == 1)


# -- documents and files ----------------------------------------------------------------------------------------------

NUMBERS = st.floats(0, 1e6, allow_nan=False)
WEIGHTS = st.dictionaries(
    st.sampled_from(sorted(MODEL.relations)),
    st.builds(RelationWeight, NUMBERS, st.none() | st.floats(1e-3, 1e6)),
)
AGAINST = st.dictionaries(
    st.sampled_from(SPEAKING), st.builds(RelationWeight, NUMBERS, st.none() | st.floats(1e-3, 1e6))
)
ANY_STRATEGY = st.builds(
    Strategy,
    name=st.from_regex(r"[a-z][a-z0-9-]{0,63}", fullmatch=True),
    version=st.integers(1, 1_000_000),
    weights=WEIGHTS,
    attribution_days=NUMBERS,
    restart=st.floats(0, 1, exclude_min=True),
    seeds=st.sets(st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=9)).map(
        lambda seeds: tuple(sorted(seeds))
    ),
    discounts=st.booleans(),
    distrust=st.none() | st.builds(Distrust, AGAINST, st.floats(1e-3, 1e6)),
    identity=st.none()
    | st.builds(
        IdentityOptions,
        st.sets(st.sampled_from(["domain", "inferred", "mutual", "oauth"]), min_size=1).map(tuple),
        st.floats(0, 1, exclude_min=True),
        st.integers(2, 100),
    ),
    topic=st.none() | NUMBERS,
    description=st.text(st.characters(categories=("L", "N", "P", "S")), max_size=30),
)


@quick(100)
@given(ANY_STRATEGY)
def test_any_strategy_comes_back_from_toml_json_and_the_record_of_a_run(strategy):
    assert same(strategy_of(tomllib.loads(as_toml(strategy))), strategy)
    assert same(strategy_of(json.loads(json.dumps(as_document(strategy)))), strategy)
    assert Strategy.from_json(strategy.to_json()) == strategy


def test_field_that_is_left_out_is_as_in_balanced_and_weights_are_one_field():
    short = strategy_of({"name": "short", "version": 3})
    assert replace(short, name="balanced", version=1) == Strategy()
    assert strategy_of({"name": "x", "version": 1, "weights": {"trust": {"weight": 2}}}).weights == {
        "trust": RelationWeight(2.0)
    }


def test_same_parameters_written_otherwise_are_the_same_strategy():
    one = {"name": "x", "version": 1, "restart": 1, "seeds": ["b", "a", "b"], "description": " two\n  lines "}
    other = {"name": "x", "version": 1, "restart": 1.0, "seeds": ["a", "b"], "description": "two lines"}
    assert strategy_of(one).to_json() == strategy_of(other).to_json()
    assert same(strategy_of(one), strategy_of(other))


ALLOWED = (
    "allowed are name, version, description, restart, seeds, attribution_days, discounts, distrust, identity, topic, "
    "weights"
)
WRONG = {
    "unknown proof": (
        {"identity": {"proofs": ["oauth", "magic"]}},
        ("identity", "proofs"),
        "identity.proofs hold 'magic', not one or more of inferred, oauth, signature, domain, staff, mutual",
    ),
    "no list of proofs": ({"identity": {"proofs": "oauth"}}, ("identity", "proofs"), "'oauth', not a list of proofs"),
    "lax confidence": (
        {"identity": {"confidence": 0}},
        ("identity", "confidence"),
        "confidence is 0.0, not in (0, 1]",
    ),
    "no identities": (
        {"identity": True},
        ("identity",),
        "identity is True, not false or a table of proofs, confidence",
    ),
    "huge identity": ({"identity": {"most_accounts": 101}}, ("identity", "most_accounts"), "is 101, not in 2..100"),
    "unknown field": ({"restrat": 0.3}, ("restrat",), f"restrat is no field here; {ALLOWED}"),
    "unknown relation": (
        {"weights": {"folow": {"weight": 1}}},
        ("weights", "folow"),
        "weights.folow is no field here; allowed are follow, share, purchase",
    ),
    "unknown field of a weight": (
        {"weights": {"follow": {"weight": 1, "halflife": 3}}},
        ("weights", "follow", "halflife"),
        "weights.follow.halflife is no field here; allowed are weight, half_life_days",
    ),
    "distrust that is true": (
        {"distrust": True},
        ("distrust",),
        "distrust is True, not false or a table of cap, weights",
    ),
    "cap of distrust": (
        {"distrust": {"cap": 0}},
        ("distrust", "cap"),
        "distrust.cap is 0.0, not a finite number above 0",
    ),
    "relation that speaks against nobody": (
        {"distrust": {"weights": {"follow": {"weight": 1}}}},
        ("distrust", "weights", "follow"),
        "distrust.weights.follow is no field here; allowed are review, trust, block, report",
    ),
    "no weight": (
        {"weights": {"follow": {"half_life_days": 3}}},
        ("weights", "follow", "weight"),
        "weights.follow.weight is missing; 0 leaves",
    ),
    "weight below 0": (
        {"weights": {"follow": {"weight": -1}}},
        ("weights", "follow", "weight"),
        "weights.follow.weight is -1.0, not a finite number of at least 0",
    ),
    "half-life of 0": (
        {"weights": {"follow": {"weight": 1, "half_life_days": 0}}},
        ("weights", "follow", "half_life_days"),
        "weights.follow.half_life_days is 0.0, not a finite number above 0",
    ),
    "bare weight": ({"weights": {"follow": 1}}, ("weights", "follow"), "weights.follow is 1, not a table of weight"),
    "weights no table": ({"weights": [1]}, ("weights",), "weights is [1], not a table of follow"),
    "text": ({"restart": "high"}, ("restart",), "restart is 'high', not a number"),
    "truth value": ({"attribution_days": True}, ("attribution_days",), "attribution_days is True, not a number"),
    "nan": ({"restart": float("nan")}, ("restart",), "restart is nan, not in (0, 1]"),
    "huge": ({"attribution_days": 10**400}, ("attribution_days",), "attribution_days has too many digits"),
    "restart 0": ({"restart": 0}, ("restart",), "restart is 0.0, not in (0, 1]"),
    "number for a flag": ({"discounts": 1}, ("discounts",), "discounts is 1, not true or false"),
    "seed": ({"seeds": "ann"}, ("seeds",), "seeds is 'ann', not a list of account ids"),
    "number as seed": ({"seeds": ["ann", 17]}, ("seeds",), "seeds hold 17, not text of 1 to 256 bytes"),
    "long seed": ({"seeds": ["é" * 129]}, ("seeds",), "not text of 1 to 256 bytes"),
    "name": ({"name": "My own"}, ("name",), "name is 'My own', not a letter a-z followed by"),
    "no text as name": ({"name": 3}, ("name",), "name is 3, not text"),
    "version": ({"version": 0}, ("version",), "version is 0, not in 1..1000000"),
    "half a version": ({"version": 1.0}, ("version",), "version is 1.0, not a whole number"),
    "description": ({"description": "a\x00b"}, ("description",), "not at most 1000 printable characters"),
    "long description": ({"description": "x" * 1001}, ("description",), "…, not at most 1000 printable characters"),
}


@pytest.mark.parametrize(("fields", "path", "message"), WRONG.values(), ids=WRONG)
def test_wrong_field_is_refused_by_name_with_what_is_allowed(fields, path, message):
    with pytest.raises(FieldError) as refused:
        strategy_of({"name": "x", "version": 1} | fields)
    assert refused.value.path == path
    assert message in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("missing", ["name", "version"])
def test_name_and_version_must_be_there(missing):
    document = {"name": "x", "version": 1}
    del document[missing]
    with pytest.raises(FieldError, match=f"^{missing} is missing"):
        strategy_of(document)


@pytest.mark.parametrize("document", [None, [], "strict", 3])
def test_what_is_no_table_is_no_strategy(document):
    with pytest.raises(FieldError, match=r"the strategy is .*, not a table of name, version"):
        strategy_of(document)


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        (None, "No such file"),
        (b"name = ", "is not a TOML file"),
        (b"name = '\xff'", "is not a TOML file"),
        (b"name = 'x'\nversion = 1\nrestrat = 1", "restrat is no field here; allowed are name"),
    ],
)
def test_file_that_cannot_be_used_is_named_with_the_reason(tmp_path, octets, message):
    path = tmp_path / "mine.toml"
    if octets is not None:
        path.write_bytes(octets)
    with pytest.raises(FileFormatError, match=message) as refused:
        read_strategy(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_files_in_the_docs_are_strategies():
    blocks = re.findall(r"^```toml\n(.*?)^```$", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    assert [strategy_of(tomllib.loads(block)).label for block in blocks] == ["near@1"]


def test_every_field_is_in_the_docs():
    rows = re.findall(r"^\| `(\w+)` \|", DOCS.read_text(encoding="utf-8").partition("## A file")[2], flags=re.MULTILINE)
    assert rows == list(as_document(replace(NEAR, topic=1.0)))  # a document has it where it is given


# -- a library of versions --------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    opened = EmbeddedStore(tmp_path / "store", create=True)
    yield opened
    opened.close()


def test_kept_strategy_is_found_by_name_and_version_after_a_restart(tmp_path, store):
    assert keep(NEAR, store, now_us=7)
    assert keep(replace(NEAR, version=2, restart=0.5), store, now_us=8)
    store.close()
    again = EmbeddedStore(tmp_path / "store")
    assert same(find("near@1", again).strategy, NEAR)
    assert find("near", again).strategy.label == "near@2"
    assert [(of.strategy.version, of.created_us, of.is_shipped) for of in versions_of("near", again)] == [
        (1, 7, False),
        (2, 8, False),
    ]
    assert [of.strategy.label for of in listed(again)] == sorted(
        ["near@1", "near@2", *(of.label for of in shipped())], key=lambda label: label.split("@")
    )
    again.close()


def test_description_of_a_strategy_has_its_parameters_and_history(store):
    keep(NEAR, store, now_us=1_700_000_000_000_000)
    keep(replace(NEAR, version=2), store, now_us=1_700_000_001_000_000)
    told = described("near@1", store)
    assert told["versions"] == [
        {"version": 1, "created": "2023-11-14T22:13:20Z"},
        {"version": 2, "created": "2023-11-14T22:13:21Z"},
    ]
    assert (told["version"], told["restart"], told["seeds"], told["shipped"]) == (1, 0.4, ["ann", "bob"], False)
    assert described("strict")["versions"] == [{"version": 1, "created": None}]


def test_same_strategy_again_is_known_and_changes_nothing(store):
    keep(NEAR, store, now_us=7)
    assert not keep(NEAR, store, now_us=9)
    assert not keep(replace(NEAR, description=""), store, now_us=9)
    assert not keep(Strategy(), store, now_us=9)
    assert [record.created_us for record in store.strategies()] == [7]


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (
            replace(NEAR, restart=0.5),
            "near@1 was defined before, where restart is 0.4, not 0.5; give this one another ver",
        ),
        (replace(NEAR, description="Others."), "where description is 'Close friends first.', not 'Others.'"),
        (NEAR.with_weight("follow", 0.5), "where weights.follow.weight is 1.0, not 0.5"),
        (replace(NEAR, weights={}), "where weights.follow.weight is 1.0, not None"),
        (
            Strategy(name="strict"),
            "strict@1 comes with Guanxi, where restart is 0.3, not 0.15; give this one another name",
        ),
        (Strategy(name="strict", version=9), "strategy strict comes with Guanxi, which makes its versions"),
    ],
)
def test_name_and_version_that_stand_for_something_else_are_a_conflict(store, strategy, message):
    keep(NEAR, store, now_us=7)
    with pytest.raises(ConflictError, match=re.escape(message)):
        keep(strategy, store, now_us=8)
    assert len(store.strategies()) == 1


def test_custom_is_no_name_for_a_strategy(store):
    with pytest.raises(FieldError, match="name is 'custom', which is what runs with changed parameters are called"):
        keep(Strategy(restart=0.5), store, now_us=1)


@pytest.mark.parametrize("label", ["nix", "strict@2", "strict@", "strict@x", ""])
def test_unknown_strategy_is_answered_with_those_there_are(store, label):
    with pytest.raises(UnknownIdError, match=r"is not one of (balanced, followers-only|strict@1)"):
        find(label, store)


def test_of_two_at_once_one_is_kept_and_the_other_is_a_conflict(tmp_path, store):
    other = EmbeddedStore(tmp_path / "store")
    wanted = [(store, replace(NEAR, restart=0.5)), (other, replace(NEAR, restart=0.6))] * 4

    def attempt(of):
        try:
            return keep(of[1], of[0], now_us=1), of[1]
        except ConflictError:
            return False, None

    with ThreadPoolExecutor(len(wanted)) as pool:
        done = list(pool.map(attempt, wanted))
    (winner,) = (strategy for is_new, strategy in done if is_new)
    assert find("near", other).strategy == winner
    assert all(strategy in (None, winner) for _, strategy in done)
    other.close()


def test_strategy_survives_a_kill_right_after_it_was_kept(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from guanxi.engine import Engine, Strategy
Engine(Path({str(tmp_path / "store")!r}), create=True).keep_strategy(Strategy(name="near", restart=0.4))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    engine = Engine(tmp_path / "store")
    assert find("near", engine.store).strategy.restart == 0.4
    engine.close()


def test_strategies_are_kept_and_found_while_neo4j_is_away(tmp_path):
    nowhere = Neo4jTarget.parse("neo4j://127.0.0.1:9", user="neo4j", password="none")
    engine = Engine(tmp_path / "store", create=True, neo4j=nowhere)
    assert engine.keep_strategy(NEAR)
    assert find("near", engine.store).strategy == NEAR
    engine.close()


def test_store_from_before_strategies_is_brought_up_to_date(tmp_path, monkeypatch):
    before = migrations.migrations()[:2]
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "migrations", lambda: before)
        db = sqlite3.connect(tmp_path / DATABASE, isolation_level=None)
        migrations.migrate(db, tmp_path)
        db.close()
    store = EmbeddedStore(tmp_path)
    assert store.strategies() == []
    assert keep(NEAR, store, now_us=1)
    store.close()


# -- runs -------------------------------------------------------------------------------------------------------------


def test_strategy_without_a_name_is_balanced_or_custom():
    assert (Strategy().label, Strategy(restart=0.3).label, Strategy(version=2).label) == (
        "balanced@1",
        "custom@1",
        "custom@2",
    )


def test_run_keeps_its_strategy_and_a_later_one_of_that_name_must_agree(engine, answer):
    near = replace(NEAR, seeds=("ann",))
    answer(engine, TIES, near)
    assert same(find("near@1", engine.store).strategy, near)
    with pytest.raises(ConflictError, match=r"near@1 was defined before, where restart is 0\.4, not 0\.2"):
        engine.score(replace(near, restart=0.2))
    assert engine.view().run.strategy.restart == 0.4
    with pytest.raises(ConflictError, match="balanced@1 comes with Guanxi"):
        engine.score(replace(Strategy(), restart=0.2))


def test_run_that_fails_takes_up_no_name(engine, answer):
    answer(engine, TIES)
    with pytest.raises(UnknownIdError, match="seed 'zoe'"):
        engine.score(replace(NEAR, seeds=("zoe",)))
    assert engine.score(replace(NEAR, seeds=("ann",))).strategy == "near@1"


def test_custom_runs_are_kept_nowhere(engine, answer):
    answer(engine, TIES, Strategy(restart=0.3))
    answer(engine, TIES, Strategy(restart=0.2))
    assert engine.store.strategies() == []


# -- erasing ----------------------------------------------------------------------------------------------------------

GONE = "whose-id-must-go"


def files_with(home, text):
    return [path for path in home.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_erased_account_is_a_seed_of_no_version_and_the_run_still_agrees(engine, answer):
    near = replace(NEAR, seeds=("ann", GONE))
    answer(engine, [*TIES, row("follow", GONE, "bob", at=4)], near)
    engine.keep_strategy(replace(near, version=2, seeds=(GONE,)))
    engine.keep_strategy(replace(near, version=3, seeds=("bob",)))
    engine.erase(GONE)
    assert [of.strategy.seeds for of in versions_of("near", engine.store)] == [("ann",), (), ("bob",)]
    assert engine.view().run.strategy == find("near@1", engine.store).strategy
    assert files_with(engine.store.home, GONE) == []
    assert engine.score(replace(NEAR, seeds=("ann",))).strategy == "near@1"


def test_erased_account_comes_back_by_no_strategy(engine, answer):
    answer(engine, [*TIES, row("follow", GONE, "bob", at=4)])
    engine.erase(GONE)
    with pytest.raises(ParameterError, match="seeds name an account that was erased"):
        engine.keep_strategy(replace(NEAR, seeds=("ann", GONE)))
    assert files_with(engine.store.home, GONE) == []


def test_erasure_goes_on_where_an_older_store_has_the_name_for_something_else(engine, answer):
    near = replace(NEAR, seeds=("ann",))
    answer(engine, [*TIES, row("follow", GONE, "bob", at=4)], near)
    other = replace(near, version=2)
    engine.store.add_strategy(StrategyRecord("near", 2, "", other.to_json(), 1))
    engine._score(replace(other, restart=0.9), warm=False, keeps=False)
    assert engine.erase(GONE).waits_for == ()
    assert is_known(replace(other, description=""), engine.store)
