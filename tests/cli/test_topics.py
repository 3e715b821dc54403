"""Topics on the command line: loaded from a file of items and topics, listed, and asked for."""

import json
from pathlib import Path

import pytest

from .conftest import EVENTS, Cli

CATEGORIES = """\
sku,genre
tea,茶
pot,茶
cup,china
cup,gift
"""
MORE = "relation,source,target,time,via\npurchase,ann,pot,2025-02-04,cai\nshare,bob,tea,2025-02-04,cai\n"
MAPPED = ("--column", "source=sku", "--column", "target=genre", "--set", "relation=categorise")


@pytest.fixture(scope="module")
def topical(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of events and of categories."""
    folder = tmp_path_factory.mktemp("topics")
    (folder / "events.csv").write_text(EVENTS)
    (folder / "more.csv").write_text(MORE)
    (folder / "categories.csv").write_text(CATEGORIES, encoding="utf-8")
    return folder


@pytest.fixture
def topical_store(topical: Path, cli: Cli) -> Path:
    """A store with a run, made by the commands of the documentation; once for all tests."""
    store = topical / "store"
    if not store.exists():
        commands = [
            ("load", topical / "events.csv", topical / "more.csv"),
            ("load", topical / "categories.csv", *MAPPED),
        ]
        for command in (*commands, ("snapshot",), ("score",)):
            ran = cli(*command, "--store", store, "--quiet")
            assert ran.code == 0, ran.err
    return store


def test_topics_are_listed_with_their_items(cli: Cli, topical_store: Path) -> None:
    ran = cli("topics", "--store", topical_store)
    assert ran.out.startswith("Topics: 3, of 3 of 3 items")
    found = cli("topics", "--store", topical_store, "--json").data
    assert [(topic["id"], topic["n_items"]) for topic in found["topics"]] == [("茶", 2), ("china", 1), ("gift", 1)]
    assert len(cli("topics", "-n", 1, "--store", topical_store, "--json").data["topics"]) == 1


def test_store_without_topics_says_how_to_get_some(cli: Cli, store: Path) -> None:
    ran = cli("topics", "--store", store)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "No item has a topic. Load categorise events, from items to topics: docs/topics.md says how.\n"


def test_trust_on_a_topic_is_a_table_that_says_how_much_is_general(cli: Cli, topical_store: Path) -> None:
    ran = cli("trust", "ann", "--topic", "茶", "--store", topical_store)
    assert ran.out.startswith("Whom ann trusts most on 茶")
    assert "General trust counts 50%" in ran.out
    ran = cli("trust", "ann", "cai", "--topic", "茶", "--store", topical_store)
    assert ran.out.startswith("How far ann trusts cai on 茶")
    assert "Through whom it arrives" in ran.out


def test_topic_on_which_the_viewer_did_nothing_says_that_it_is_general_trust(cli: Cli, topical_store: Path) -> None:
    ran = cli("trust", "ann", "cai", "--topic", "gift", "--store", topical_store)
    assert "ann has given no evidence on this topic, so it is general trust." in ran.out
    found = cli("trust", "ann", "cai", "--topic", "gift", "--store", topical_store, "--json").data
    general = cli("trust", "ann", "--store", topical_store, "--json").data["accounts"]
    assert found["trust"]["score"] == next(a["trust"] for a in general if a["id"] == "cai")


def test_parts_and_terms_add_up(cli: Cli, topical_store: Path) -> None:
    found = cli("trust", "ann", "cai", "--topic", "茶", "--store", topical_store, "--json").data
    score = pytest.approx(found["trust"]["score"], abs=1e-9)
    assert sum(part["amount"] for part in found["parts"]) == score
    assert sum(term["amount"] for term in found["terms"]) + found["others"]["amount"] + found["remainder"] == score


def test_items_of_a_topic_are_recommended(cli: Cli, topical_store: Path) -> None:
    ran = cli("recommend", "ann", "--topic", "茶", "--store", topical_store, "--json")
    assert [item["id"] for item in ran.data["items"]] == ["tea"]
    assert json.loads(ran.out)["meta"]["solver"] == "exact"
    shown = cli("recommend", "ann", "--topic", "茶", "--explain", "--store", topical_store).out
    assert "Topic 茶, 2 items. General trust counts 50%" in shown
    assert shown.count("the terms of its score") == 1


def test_unknown_topic_names_near_ones(cli: Cli, topical_store: Path) -> None:
    for command in (("trust", "ann"), ("trust", "ann", "cai"), ("recommend", "ann")):
        ran = cli(*command, "--topic", "chinа", "--store", topical_store)  # the last letter is Cyrillic
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("guanxi: no topic 'chinа' among 3 in this snapshot; similar: 'china'")


def test_cold_account_is_told_so(cli: Cli, topical_store: Path) -> None:
    ran = cli("trust", "nobody", "--topic", "gift", "--store", topical_store)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "No trust is known from 'nobody', on 'gift' or in general.\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [(("trust",), "name a VIEWER"), (("recommend", "ann", "--what", "accounts"), "only items have topics")],
    ids=["trust", "recommend"],
)
def test_topic_without_what_it_needs_is_wrong_usage(
    cli: Cli, topical_store: Path, args: tuple[str, ...], said: str
) -> None:
    ran = cli(*args, "--topic", "gift", "--store", topical_store)
    assert ran.code == 2
    assert said in ran.err
