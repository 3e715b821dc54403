"""The commands that change a store: load, snapshot, score, keys; and those that look after it."""

import sqlite3
from pathlib import Path

import pytest

from guanxi import errors
from guanxi.cli import exit_code

from .conftest import N_ACCOUNTS, N_EVENTS, Cli


def test_session_from_files_to_a_run_says_what_comes_next(cli: Cli, events: Path) -> None:
    loaded = cli("load", events, "--store", "my store")
    assert (loaded.code, loaded.err) == (0, "Next: guanxi snapshot --store 'my store'\n")
    assert loaded.out.startswith("Loaded")
    taken = cli("snapshot", "--store", "my store")
    assert (taken.code, taken.err) == (0, "Next: guanxi score --store 'my store'\n")
    scored = cli("score", "--store", "my store")
    assert scored.code == 0
    assert scored.err.startswith("Next: guanxi trust --store 'my store', guanxi recommend ACCOUNT")


def test_session_for_programs_prints_json_only(cli: Cli, events: Path) -> None:
    loaded, taken, scored = (cli(*args, "--json") for args in (("load", events), ("snapshot",), ("score",)))
    assert loaded.err + taken.err + scored.err == ""
    assert (loaded.data["n_created"], loaded.data["by_relation"]["follow"]) == (N_EVENTS, 6)
    assert (taken.data["n_accounts"], taken.data["new"]) == (N_ACCOUNTS, True)
    assert (scored.data["snapshot"], scored.data["strategy"]) == (taken.data["id"], "balanced@1")


def test_quiet_says_nothing_beside_the_data(cli: Cli, events: Path) -> None:
    assert cli("load", events, "-q").err == ""


def test_same_file_twice_is_known_already(cli: Cli, events: Path) -> None:
    cli("load", events)
    again = cli("load", events)
    assert (again.code, again.err) == (0, "Nothing new was loaded.\n")


def test_refused_records_are_reported_and_the_load_succeeds(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("relation,source,target\nfollow,ann,bob\nfollw,ann,bob\nfollow,ann,\n")
    ran = cli("load", "bad.csv", "--rejects", "refused.csv")
    assert ran.code == 0
    assert "2 records were refused; the first is bad.csv, line 3, relation: 'follw' is not one of follow" in ran.err
    assert (tmp_path / "refused.csv").read_text().count("bad.csv") == 2


def test_conflicting_event_is_a_refused_record(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "twice.csv").write_text("id,relation,source,target\ne1,follow,ann,bob\ne1,follow,ann,cai\n")
    ran = cli("load", "twice.csv")
    assert ran.code == 0
    assert "line 3, id: 'e1' is the id of another event that says something else" in ran.err


BAD_INPUT = {
    "no such file": (None, (), 3, "events.csv: No such file or directory"),
    "empty file": ("", (), 3, "events.csv: is empty"),
    "no such column": ("who,whom\nann,bob\n", (), 3, "no column for relation; columns found: who, whom"),
    "too many rejects": ("relation,source,target\nf,a,b\n", ("--max-rejects", "0"), 3, "1 of 1 records were refused"),
    "no limit": ("relation,source,target\n", ("--max-rejects", "x"), 2, "'x', not a whole number or a percentage"),
    "no field": ("relation,source,target\n", ("--set", "foo=1"), 2, "field 'foo' is not one of id, relation"),
    "no pair": ("relation,source,target\n", ("-c", "source"), 2, "--column 'source' is not of the form FIELD=VALUE"),
    "both": ("relation\n", ("-m", "m.toml", "--symmetric"), 2, "--mapping m.toml is given together with --symmetric"),
}


@pytest.mark.parametrize(("text", "flags", "code", "message"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_ends_with_a_message_that_says_what_is_wrong(
    cli: Cli, tmp_path: Path, text: str | None, flags: tuple[str, ...], code: int, message: str
) -> None:
    if text is not None:
        (tmp_path / "events.csv").write_text(text)
    ran = cli("load", "events.csv", *flags, "--json")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("guanxi: ")
    assert message in ran.err


def test_file_without_records_loads_and_gives_no_snapshot(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("relation,source,target\n")
    assert cli("load", "none.csv").err == "The files have no records.\n"
    taken = cli("snapshot")
    assert (taken.code, taken.err) == (4, "guanxi: the store at guanxi-store has no events; load some first\n")
    assert cli("score").err == "guanxi: there is no snapshot; `guanxi snapshot` makes one\n"


def test_list_of_rejects_that_cannot_be_written_is_one_line(cli: Cli, events: Path) -> None:
    ran = cli("load", events, "--rejects", events / "below" / "refused.csv")
    assert ran.code == 4
    assert ran.err.startswith(f"guanxi: {events}")
    assert ran.err.count("\n") == 1


@pytest.mark.parametrize("args", [("trust",), ("snapshot",), ("score",), ("doctor",), ("keys", "list")], ids="-".join)
def test_missing_store_says_which_command_makes_one(cli: Cli, args: tuple[str, ...]) -> None:
    ran = cli(*args, "--store", "nowhere")
    assert (ran.code, ran.out) == (4, "")
    assert ran.err == "guanxi: there is no store at nowhere; `guanxi load` makes one\n"


def test_store_of_a_newer_version_is_left_alone(cli: Cli, events: Path, tmp_path: Path) -> None:
    cli("load", events)
    db = sqlite3.connect(tmp_path / "guanxi-store" / "guanxi.sqlite")
    db.execute("PRAGMA user_version = 999")
    db.close()
    ran = cli("trust")
    assert ran.code == 4
    assert "newer" in ran.err


def test_flags_of_a_run_make_a_custom_strategy(cli: Cli, events: Path) -> None:
    cli("load", events)
    cli("snapshot")
    flags = ("--seed", "ann", "--restart", "0.3", "--weight", "follow=0.5", "--no-discount")
    assert cli("score", *flags, "--json").data["strategy"] == "custom@1"


WRONG_RUNS = {
    ("--restart", "7"): "restart is 7.0, not in (0, 1]",
    ("--restart", "x"): "'x' is not a number",
    ("--weight", "follow"): "--weight 'follow' is not RELATION=NUMBER, such as follow=0.5",
    ("--weight", "follw=1"): "relation type 'follw' is not one of follow, share",
    ("--weight", "follow=nan"): "weight is nan, not a finite number of at least 0",
    ("--seed", "nobody"): "seed 'nobody' is no account of this snapshot",
}


@pytest.mark.parametrize(("flags", "message"), WRONG_RUNS.items(), ids=["=".join(flags) for flags in WRONG_RUNS])
def test_wrong_parameter_of_a_run_is_named(cli: Cli, store: Path, flags: tuple[str, ...], message: str) -> None:
    ran = cli("score", *flags, "--store", store)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_doctor_finds_a_healthy_store_in_order(cli: Cli, store: Path) -> None:
    ran = cli("doctor", "--store", store)
    assert ran.code == 0
    assert "ok  store: 11 events, checksums right" in ran.out
    found = cli("doctor", "--store", store, "--json").data
    assert {finding["severity"] for finding in found} <= {"ok", "note"}


def test_doctor_that_finds_something_exits_with_1(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "apart.csv").write_text("relation,source,target\nfollow,ann,bob\npurchase,ANN,tea\n")
    cli("load", "apart.csv")
    cli("snapshot")
    ran = cli("doctor", "--json")
    assert ran.code == 1
    assert {"ids", "case"} <= {finding["check"] for finding in ran.data if finding["severity"] != "ok"}


def test_key_is_shown_once_listed_without_secret_and_revoked_once(cli: Cli) -> None:
    made = cli("keys", "create", "--scope", "read", "--label", "shop", "--json").data
    assert made["key"].startswith(f"gx_{made['prefix']}_")
    listed = cli("keys", "list")
    assert made["prefix"] in listed.out
    assert made["key"] not in listed.out
    assert cli("keys", "revoke", made["prefix"]).err == f"Revoked {made['prefix']}.\n"
    assert cli("keys", "list", "--json").data[0]["revoked"] is not None
    again = cli("keys", "revoke", made["prefix"])
    assert again.code == 5
    assert "was revoked before" in again.err


def test_key_for_people_is_alone_on_standard_output(cli: Cli) -> None:
    made = cli("keys", "create", "--scope", "read")
    assert made.out.startswith("gx_")
    assert made.out.count("\n") == 1
    assert "cannot be shown again" in made.err


def test_wrong_scope_and_unknown_prefix_are_wrong_usage(cli: Cli, store: Path) -> None:
    scope = cli("keys", "create", "--scope", "foo", "--store", store)
    assert (scope.code, "'foo', not one of read, ingest, vet, admin" in scope.err) == (2, True)
    prefix = cli("keys", "revoke", "nix", "--store", store)
    assert (prefix.code, "prefix is 'nix', not that of a key" in prefix.err) == (2, True)


def test_settings_say_where_they_come_from_and_mask_secrets(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "guanxi.toml").write_text('port = 9000\nhost = "192.0.2.1"\n')
    monkeypatch.setenv("GUANXI_PORT", "9001")
    monkeypatch.setenv("GUANXI_API_KEY", "hush-hush")
    monkeypatch.setenv("GUANXI_STROE", "x")
    found = cli("config", "--json").data
    assert (found["port"]["value"], found["port"]["source"]) == (9001, "environment")
    assert (found["host"]["value"], found["host"]["source"]) == ("192.0.2.1", "guanxi.toml")
    assert found["workers"]["source"] == "default"
    ran = cli("config")
    assert "hush" not in ran.out + ran.err + str(found)
    assert "GUANXI_STROE in the environment is no setting" in ran.err


def test_wrong_setting_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_PORT", "many")
    ran = cli("config")
    assert (ran.code, ran.out) == (2, "")
    assert "setting port" in ran.err
    assert "'many'" in ran.err


EXITS = {
    errors.ParameterError: 2,
    errors.UnknownIdError: 2,
    errors.FileFormatError: 3,
    errors.TooManyRejectsError: 3,
    errors.DamagedError: 3,
    errors.ConvergenceError: 3,
    errors.NotReadyError: 4,
    errors.StoreBusyError: 4,
    errors.StoreFullError: 4,
    errors.StoreVersionError: 4,
    errors.ConflictError: 5,
}


@pytest.mark.parametrize(("error", "code"), EXITS.items(), ids=lambda value: getattr(value, "__name__", str(value)))
def test_error_has_its_documented_exit_code(error: type[Exception], code: int) -> None:
    assert exit_code(error("x")) == code
