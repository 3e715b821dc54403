"""The commands that answer: for people and for programs."""

import json
from pathlib import Path

import pytest

from .conftest import N_ACCOUNTS, Cli

ANSWERS = {
    ("trust",): "Most trusted of 5 accounts",
    ("trust", "ann"): "Whom ann trusts most",
    ("trust", "ann", "cai"): "How far ann trusts cai",
    ("recommend", "ann"): "Items for ann",
    ("recommend", "ann", "--what", "accounts"): "Accounts for ann",
    ("vet", "cai"): "Dossier on cai",
    ("keys", "list"): "API keys",
}


@pytest.mark.parametrize(("args", "title"), ANSWERS.items(), ids=["-".join(args) for args in ANSWERS])
def test_answer_for_people_is_a_table_on_standard_output(
    cli: Cli, store: Path, args: tuple[str, ...], title: str
) -> None:
    ran = cli(*args, "--store", store)
    assert ran.code == 0
    assert ran.out.startswith(title)
    assert "\x1b" not in ran.out + ran.err  # no colours where there is no terminal


@pytest.mark.parametrize("args", ANSWERS, ids="-".join)
def test_answer_for_programs_is_one_json_document_and_nothing_else(
    cli: Cli, store: Path, args: tuple[str, ...]
) -> None:
    ran = cli(*args, "--store", store, "--json")
    assert ran.code == 0
    assert ran.data is not None
    assert ran.err == ""


def test_ranking_holds_every_account_in_order_of_trust(cli: Cli, store: Path) -> None:
    found = cli("trust", "--store", store, "--json").data
    trust = [account["trust"] for account in found["accounts"]]
    assert found["n_accounts"] == len(trust) == N_ACCOUNTS
    assert trust == sorted(trust, reverse=True)
    assert sum(trust) == pytest.approx(1.0, abs=1e-9)


def test_terms_of_trust_add_up_to_it(cli: Cli, store: Path) -> None:
    found = cli("trust", "ann", "cai", "--store", store, "--json").data
    amounts = [term["amount"] for term in found["terms"]] + [found["others"]["amount"], found["remainder"]]
    assert sum(amounts) == pytest.approx(found["personal"]["score"], abs=1e-9)


def test_limit_shows_so_many(cli: Cli, store: Path) -> None:
    assert len(cli("trust", "-n", "2", "--store", store, "--json").data["accounts"]) == 2


@pytest.mark.parametrize("limit", ["0", "1001"])
def test_limit_out_of_range_names_the_range(cli: Cli, store: Path, limit: str) -> None:
    ran = cli("trust", "--limit", limit, "--store", store)
    assert (ran.code, ran.out, ran.err) == (2, "", f"guanxi: limit is {limit}, not in 1..1000\n")


def test_explained_terms_add_up_to_the_score(cli: Cli, store: Path) -> None:
    found = cli("recommend", "ann", "--store", store, "--json").data["items"]
    assert [item["id"] for item in found] == ["tea", "cup"]
    for item in found:
        terms = [term["amount"] for part in item["explanation"]["components"] for term in part["terms"]]
        assert sum(terms) == pytest.approx(item["score"], abs=1e-9)
    shown = cli("recommend", "ann", "--explain", "--store", store).out
    assert shown.count("the terms of its score") == len(found)


def test_items_had_already_come_only_when_asked_for(cli: Cli, store: Path) -> None:
    found = cli("recommend", "ann", "--include-seen", "--store", store, "--json").data["items"]
    assert "pot" in {item["id"] for item in found}


@pytest.mark.parametrize("what", ["items", "accounts"])
def test_exact_solver_answers_where_it_is_asked_for(cli: Cli, store: Path, what: str) -> None:
    fast = cli("recommend", "ann", "--what", what, "--store", store, "--json")
    exact = cli("recommend", "ann", "--what", what, "--exact", "--store", store, "--json")
    assert [json.loads(ran.out)["meta"]["solver"] for ran in (fast, exact)] == ["push", "exact"]
    assert [entry["id"] for entry in exact.data[what]] == [entry["id"] for entry in fast.data[what]]


def test_reasons_in_chinese_are_chinese(cli: Cli, store: Path) -> None:
    assert "您信任的" in cli("recommend", "ann", "--language", "zh", "--store", store).out


def test_cold_account_gets_what_suits_everybody_and_is_told_so(cli: Cli, store: Path) -> None:
    ran = cli("recommend", "nobody", "--store", store)
    assert ran.code == 0
    assert "standing with everybody" in ran.out
    assert ran.err == "Nothing is known of 'nobody' yet; ids must match to the letter.\n"


def test_trust_of_a_cold_account_says_that_there_is_none(cli: Cli, store: Path) -> None:
    ran = cli("trust", "nobody", "--store", store)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "No trust is known from 'nobody': it follows nobody in this snapshot.\n"


@pytest.mark.parametrize("args", [("vet", "nobody"), ("trust", "ann", "nobody")], ids="-".join)
def test_unknown_account_is_wrong_usage(cli: Cli, store: Path, args: tuple[str, ...]) -> None:
    ran = cli(*args, "--store", store, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("guanxi: no account 'nobody' among 5 in this snapshot\n")


def test_account_that_begins_with_a_dash_is_named_after_two_dashes(cli: Cli, store: Path) -> None:
    found = cli("trust", "--store", store, "--json", "--", "-eve", "ann").data
    assert (found["viewer"], found["target"]) == ("-eve", "ann")
    assert found["direct"] > 0


def test_account_that_is_no_utf8_is_wrong_usage(cli: Cli, store: Path) -> None:
    ran = cli("trust", "\udcff", "--store", store)
    assert ran.code == 2
    assert "is not UTF-8 text" in ran.err


def test_dossier_without_data_says_that_nothing_can_be_said(cli: Cli, store: Path) -> None:
    ran = cli("vet", "dan", "--store", store)
    assert ran.out.count("unknown: no witness can say") == 3
    assert "D: a sample of 0 to 9" in ran.out


def test_evidence_below_zero_is_wrong_usage(cli: Cli, store: Path) -> None:
    ran = cli("vet", "dan", "--evidence", "-1", "--store", store)
    assert ran.code == 2
    assert "'--evidence': -1 is below 0" in ran.err
