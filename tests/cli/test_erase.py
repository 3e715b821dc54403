"""guanxi erase."""

import json
from pathlib import Path

import pytest

from .conftest import N_ACCOUNTS, Cli


@pytest.fixture
def built(cli: Cli, events: Path) -> Path:
    for args in (("load", events), ("snapshot",), ("score",)):
        assert cli(*args, "-q").code == 0
    return Path("guanxi-store")


def test_erased_account_is_gone_and_its_file_does_not_bring_it_back(cli: Cli, built: Path, events: Path) -> None:
    ran = cli("erase", "cai", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.data["n_events"], ran.data["n_unnamed"], ran.data["waits_for"]) == (6, 0, [])
    assert cli("trust", "ann", "cai").code == 2
    again = cli("load", events)
    assert "6 records were refused; the first is" in again.err
    assert "line 3, record: '' is from or to an account that was erased" in again.err
    assert cli("snapshot", "--json").data["n_accounts"] == N_ACCOUNTS - 2  # dan had nobody else


def test_several_accounts_are_erased_at_once_with_a_table(cli: Cli, built: Path) -> None:
    ran = cli("erase", "--", "cai", "-eve")
    assert ran.code == 0
    assert "events that are gone" in ran.out
    assert "│ 7 │" in " ".join(ran.out.split())


def test_list_names_nobody_and_erases_again_in_another_copy(cli: Cli, built: Path, tmp_path: Path) -> None:
    assert "Nobody was erased." in cli("erase", "--list").err
    cli("erase", "cai", "-q")
    listed = cli("erase", "--list", "--json")
    assert "cai" not in listed.out
    assert [len(row["digest"]) for row in listed.data] == [36]
    assert listed.data[0]["digest"] in cli("erase", "--list").out
    (tmp_path / "erased.json").write_text(listed.out)
    cli("erase", "cai", "--allow-return")
    assert cli("load", "events.csv", "--json").data["n_created"] == 6
    assert cli("erase", "--replay", "erased.json", "--json").data["n_events"] == 6


def test_account_that_may_return_does_with_its_file(cli: Cli, built: Path) -> None:
    cli("erase", "cai", "-q")
    assert cli("erase", "cai", "--allow-return").err == "They may come back; load their events again.\n"
    assert cli("load", "events.csv", "--json").data["n_created"] == 6
    again = cli("erase", "cai", "--allow-return", "--json")
    assert again.code == 2
    assert "'cai' was not erased" in again.err


@pytest.mark.parametrize("args", [(), ("cai", "--list"), ("--allow-return",), ("--list", "--allow-return")], ids=str)
def test_flags_that_do_not_go_together_are_wrong_usage(cli: Cli, built: Path, args: tuple[str, ...]) -> None:
    ran = cli("erase", *args)
    assert ran.code == 2
    assert "name accounts to erase" in ran.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not what `guanxi erase --list --json` writes"),
        ("[]", "is not what `guanxi erase --list --json` writes"),
        (json.dumps({"data": [{"digest": "zz"}]}), "is not what `guanxi erase --list --json` writes"),
        (json.dumps({"data": [{"digest": "00"}]}), "'00' is not a hash of 18 bytes"),
    ],
)
def test_list_that_is_none_is_bad_data(cli: Cli, built: Path, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "list.json").write_text(text)
    ran = cli("erase", "--replay", "list.json")
    assert ran.code == 3
    assert message in ran.err


def test_id_that_is_none_is_wrong_usage(cli: Cli, built: Path) -> None:
    assert cli("erase", "").code == 2
