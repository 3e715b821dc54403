"""The commands on influence, for people and for programs."""

from pathlib import Path

import pytest

from guanxi.engine import Engine

from .conftest import N_ACCOUNTS, Cli

ANSWERS = {
    ("leaders",): "Furthest reach\n",
    ("leaders", "--community-of", "cai"): "Furthest reach of community 0\n",
    ("ties", "cai"): "Strongest of the 3 relations of cai\n",
}


@pytest.mark.parametrize(("args", "title"), ANSWERS.items(), ids=["-".join(args) for args in ANSWERS])
def test_answer_for_people_is_a_table_on_standard_output(
    cli: Cli, store: Path, args: tuple[str, ...], title: str
) -> None:
    ran = cli(*args, "--store", store)
    assert ran.code == 0
    assert ran.out.startswith(title)


@pytest.mark.parametrize("args", ANSWERS, ids="-".join)
def test_answer_for_programs_is_one_json_document_and_nothing_else(
    cli: Cli, store: Path, args: tuple[str, ...]
) -> None:
    ran = cli(*args, "--store", store, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.data


def test_leaders_of_a_small_graph_are_said_to_be_compared_with_nobody(cli: Cli, store: Path) -> None:
    ran = cli("leaders", "--store", store)
    assert "nobody to compare with" in ran.out
    assert ran.err == (
        "Too few accounts have 5 followers to be compared with: these may not lead, they are ordered by reach.\n"
    )


def test_community_by_number_and_by_member_are_the_same(cli: Cli, store: Path) -> None:
    by_number = cli("leaders", "--community", 0, "--store", store, "--json").data
    by_member = cli("leaders", "--community-of", "cai", "--store", store, "--json").data
    assert by_number == by_member
    assert by_number["community"] == {"number": 0, "n_accounts": N_ACCOUNTS}


def test_ties_say_what_they_rest_on_and_purchases_are_not_told(cli: Cli, store: Path) -> None:
    ran = cli("ties", "cai", "--store", store)
    assert "gives: follow (31 days old, 97% left)" in ran.out
    assert "purchase" not in ran.out
    assert ran.err == "Accounts whose relation with it shows in nothing public: under 5.\n"


def test_account_without_ties_is_told_so(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text("relation,source,target\npurchase,邓,tea\n", encoding="utf-8")
    engine = Engine(tmp_path / "alone", create=True)
    engine.load([tmp_path / "events.csv"])
    engine.snapshot()
    engine.score()
    engine.close()
    ties, leaders = (cli(*args, "--store", tmp_path / "alone") for args in (("ties", "邓"), ("leaders",)))
    assert (ties.code, ties.out) == (0, "")
    assert ties.err.startswith("No public relation of '邓' with anybody is in this snapshot.\n")
    assert leaders.code == 0
    assert leaders.err.startswith("No leaders: of 0 accounts that could be compared, nobody's trust reaches further")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("ties", "nobody"), "guanxi: no account 'nobody' among 5"),
        (("leaders", "--community", "7"), "guanxi: community is 7, not in 0..0"),
        (("leaders", "--community-of", "张"), "guanxi: no account '张' among 5"),
        (("leaders", "--topic", "tea"), "guanxi: no topic 'tea'"),
        (("leaders", "--limit", "0"), "guanxi: limit is 0, not in 1..1000"),
        (("leaders", "--community", "0", "--community-of", "cai"), "guanxi: community and community_of are both given"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_wrong_usage_is_one_line_that_says_what_is_allowed(
    cli: Cli, store: Path, args: tuple[str, ...], said: str
) -> None:
    ran = cli(*args, "--store", store)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(said)
