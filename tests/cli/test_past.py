"""Answers as of a past day, and the history of an account, on the command line."""

import json
from pathlib import Path

import pytest

from .conftest import Cli


@pytest.fixture
def own_store(cli: Cli, events: Path, tmp_path: Path) -> Path:
    """A store of its own for a test, with an event that has no time."""
    events.write_text(events.read_text() + "follow,邓,bob,,\n")
    store = tmp_path / "store"
    for command in (("load", events), ("snapshot",), ("score",)):
        assert cli(*command, "--store", store, "--quiet").code == 0
    return store


@pytest.mark.parametrize(
    ("args", "title"),
    [
        (("trust",), "Most trusted of 3 accounts"),
        (("trust", "ann"), "Whom ann trusts most"),
        (("trust", "ann", "cai"), "How far ann trusts cai"),
        (("recommend", "ann"), "Items for ann"),
        (("vet", "cai"), "Dossier on cai"),
    ],
)
def test_answer_as_of_a_day_says_what_it_rests_on(cli: Cli, own_store: Path, args: tuple[str, ...], title: str) -> None:
    ran = cli(*args, "--as-of", "2025-01-02", "--store", own_store)
    assert ran.code == 0
    assert ran.out.startswith(title)
    assert ran.err == (
        "As of 2025-01-02T23:59:59Z, from 2 events.\n"
        "1 event without a time is left out: nothing shows that it was known then.\n"
    )
    ran = cli(*args, "--as-of", "2025-01-02", "--store", own_store, "--json")
    assert json.loads(ran.out)["meta"]["past"] == {
        "newest_event": "2025-01-02T00:00:00Z", "n_events": 2, "n_undated_events": 1,
    }  # fmt: skip
    assert ran.err == ""


def test_before_the_first_event_nothing_was_known(cli: Cli, own_store: Path) -> None:
    ran = cli("recommend", "ann", "--as-of", "2001-01-01", "--store", own_store)
    assert ran.code == 0
    assert "As of 2001-01-01T23:59:59Z nothing was known: no event is of that time or before it." in ran.err
    ran = cli("trust", "ann", "cai", "--as-of", "2001-01-01", "--store", own_store)
    assert (ran.code, ran.out) == (2, "")
    assert "no account 'cai' among 0 in this snapshot" in ran.err


@pytest.mark.parametrize(("day", "said"), [("2999-01-01", "which is not past"), ("monday", "neither a day, such as")])
def test_day_that_cannot_be_is_wrong_usage(cli: Cli, own_store: Path, day: str, said: str) -> None:
    ran = cli("trust", "--as-of", day, "--store", own_store)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"guanxi: as_of is {day}" if day[0] == "2" else f"guanxi: as_of is '{day}'")
    assert said in ran.err


def test_history_is_a_table_with_dashes_where_nothing_was_known(cli: Cli, own_store: Path) -> None:
    ran = cli("history", "bob", "--from", "2024-12-31", "--store", own_store)
    assert ran.code == 0
    assert ran.out.startswith("How bob stood at the end of each day (UTC), by balanced@1")
    for day in ("2024-12-31", "2025-01-31", "2025-02-03"):
        assert day in ran.out
    assert "Where there are dashes, nothing was known of 'bob' yet." in ran.err
    assert "1 event without a time is left out: nothing shows when it was known." in ran.err


def test_history_for_programs(cli: Cli, own_store: Path) -> None:
    ran = cli("history", "bob", "--every", "10", "--from", "2025-01-15", "--store", own_store, "--json")
    assert (ran.code, ran.err) == (0, "")
    points = ran.data["points"]
    assert [point["day"] for point in points] == ["2025-01-15", "2025-01-25", "2025-02-03"]
    assert [point["counts"]["n_followers"] for point in points] == [1, 1, 1]
    assert ran.data["every"] == 10


def test_history_of_an_account_whose_events_have_no_time(cli: Cli, own_store: Path) -> None:
    ran = cli("history", "邓", "--store", own_store)
    assert ran.code == 0
    assert "nothing was known of '邓' yet" in ran.err


def test_history_of_nobody_is_wrong_usage(cli: Cli, own_store: Path) -> None:
    ran = cli("history", "nobody", "--store", own_store)
    assert (ran.code, ran.out) == (2, "")
    assert "no account 'nobody' among 6" in ran.err


def test_setting_says_how_many_past_runs_stay(cli: Cli, own_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUANXI_PAST_RUNS", "2")
    assert cli("history", "bob", "--every", "10", "--from", "2025-01-15", "--store", own_store).code == 0
    assert len(list((own_store / "past").iterdir())) == 2
