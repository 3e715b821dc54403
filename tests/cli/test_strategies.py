"""The commands on strategies, and runs that follow one."""

import shutil
import tomllib
from pathlib import Path

import pytest

from guanxi.engine.strategies import as_document, shipped

from .conftest import Cli

NEAR = 'name = "near"\nversion = 1\nrestart = 0.4\nseeds = ["ann"]\n'


@pytest.fixture
def near(tmp_path: Path) -> Path:
    """A file with a strategy."""
    path = tmp_path / "near.toml"
    path.write_text(NEAR)
    return path


@pytest.fixture
def own(store: Path, tmp_path: Path) -> Path:
    """A store of its own for a test."""
    return shutil.copytree(store, tmp_path / "own")


def test_strategies_of_guanxi_are_listed_without_a_store(cli: Cli) -> None:
    ran = cli("strategies", "list")
    assert (ran.code, ran.err) == (0, "")
    assert all(strategy.label in ran.out for strategy in shipped())
    listed = cli("strategies", "list", "--json").data["strategies"]
    assert [(of["name"], of["shipped"]) for of in listed] == [(of.name, True) for of in shipped()]


def test_store_that_is_named_and_missing_is_said(cli: Cli) -> None:
    for args in (("list",), ("show", "strict")):
        ran = cli("strategies", *args, "--store", "nowhere")
        assert (ran.code, ran.err) == (4, "guanxi: there is no store at nowhere; `guanxi load` makes one\n")


@pytest.mark.parametrize("strategy", shipped(), ids=lambda of: of.label)
def test_strategy_is_shown_as_a_file_that_is_in_order(cli: Cli, tmp_path: Path, strategy: object) -> None:
    shown = cli("strategies", "show", strategy.label)
    assert (shown.code, shown.err) == (0, "")
    assert tomllib.loads(shown.out).keys() == as_document(strategy).keys()
    (tmp_path / "copy.toml").write_text(shown.out)
    assert cli("strategies", "check", "copy.toml").err == f"{strategy.label} is in order, and known already.\n"


def test_run_follows_a_named_strategy_and_says_so(cli: Cli, own: Path) -> None:
    assert cli("score", "--strategy", "strict", "--store", own, "--json").data["strategy"] == "strict@1"
    assert cli("score", "--strategy", "followers-only@1", "--store", own, "--json").data["strategy"] == (
        "followers-only@1"
    )


def test_run_by_default_is_the_balanced_one_to_the_id(cli: Cli, own: Path) -> None:
    plain = cli("score", "--store", own, "--json").data
    assert cli("score", "--strategy", "balanced", "--store", own, "--json").data["id"] == plain["id"]


def test_strategy_of_a_file_is_kept_listed_and_found_by_name(cli: Cli, own: Path, near: Path) -> None:
    checked = cli("strategies", "check", near, "--store", own, "--json").data
    assert (checked["name"], checked["restart"], checked["known"]) == ("near", 0.4, False)
    first = cli("score", "--strategy", near, "--store", own, "--json").data
    assert first["strategy"] == "near@1"
    assert cli("score", "--strategy", "near", "--store", own, "--json").data["id"] == first["id"]
    assert "near@1" in cli("strategies", "list", "--store", own).out
    shown = cli("strategies", "show", "near", "--store", own, "--json").data
    assert (shown["seeds"], [of["version"] for of in shown["versions"]], shown["shipped"]) == (["ann"], [1], False)
    assert cli("strategies", "check", near, "--store", own).err == "near@1 is in order, and known already.\n"


def test_flags_over_a_strategy_make_a_custom_run_and_no_change_makes_none(cli: Cli, own: Path) -> None:
    strict = ("score", "--strategy", "strict", "--store", own, "--json")
    assert cli(*strict, "--no-discount").data["strategy"] == "custom@1"
    assert cli(*strict, "--restart", "0.3", "--discount").data["strategy"] == "strict@1"
    assert cli("score", "--strategy", "followers-only", "--discount", "--store", own, "--json").data["strategy"] == (
        "custom@1"
    )


def test_same_name_and_version_with_other_content_is_a_conflict(cli: Cli, own: Path, near: Path) -> None:
    cli("score", "--strategy", near, "--store", own)
    near.write_text(NEAR.replace("0.4", "0.6"))
    for args in (("score", "--strategy", near), ("strategies", "check", near)):
        ran = cli(*args, "--store", own)
        assert (ran.code, ran.out) == (5, "")
        assert "near@1 was defined before, where restart is 0.4, not 0.6; give this one another version" in ran.err
    near.write_text(NEAR.replace("0.4", "0.6").replace("version = 1", "version = 2"))
    assert cli("score", "--strategy", near, "--store", own, "--json").data["strategy"] == "near@2"


WRONG = {
    "unknown field": ("restrat = 1\n" + NEAR, 3, "near.toml: restrat is no field here; allowed are name, version"),
    "out of range": (NEAR.replace("0.4", "4"), 3, "near.toml: restart is 4.0, not in (0, 1]"),
    "no TOML": ("near", 3, "near.toml: is not a TOML file"),
    "name of ours": (NEAR.replace("near", "strict"), 5, "strict@1 comes with Guanxi, where restart is 0.3, not 0.4"),
    "custom": (NEAR.replace("near", "custom"), 2, "name is 'custom', which is what runs with changed parameters"),
}


@pytest.mark.parametrize(("text", "code", "message"), WRONG.values(), ids=WRONG)
def test_file_that_is_not_in_order_is_refused_with_the_reason(
    cli: Cli, near: Path, text: str, code: int, message: str
) -> None:
    near.write_text(text)
    ran = cli("strategies", "check", near.name)
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("args", [("strategies", "show", "nix"), ("score", "--strategy", "nix")], ids="-".join)
def test_unknown_strategy_is_wrong_usage_and_says_which_there_are(cli: Cli, store: Path, args: tuple[str, ...]) -> None:
    ran = cli(*args, "--store", store)
    names = "balanced, followers-only, purchases-first, strict"
    said = f"guanxi: strategy 'nix' is not one of {names}; a file is named with its ending, .toml\n"
    assert (ran.code, ran.out, ran.err) == (2, "", said)


def test_missing_file_is_named(cli: Cli, store: Path) -> None:
    for name in ("nix.toml", "folder/nix"):
        ran = cli("score", "--strategy", name, "--store", store)
        assert (ran.code, ran.err) == (3, f"guanxi: {name}: No such file or directory\n")
