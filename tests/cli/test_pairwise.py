"""Pairwise trust and labels, from the files that a user has to what the commands show."""

from itertools import product
from pathlib import Path

import pytest

from .conftest import Cli

MAPPING = """
[[file]]
match = "ratings*.csv"
columns = { source = "rater", target = "ratee", value = "rating", time = "unix_time" }
set = { relation = "trust" }
"""
GOOD, BAD = ([f"{name}{i}" for i in range(6)] for name in ("good", "bad"))


@pytest.fixture(scope="module")
def rated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ratings from -10 to 10, among which good accounts are praised and bad ones are not; and some labels."""
    folder = tmp_path_factory.mktemp("rated")
    pairs = [(a, b) for a, b in product(GOOD + BAD, repeat=2) if a != b and (a, b) != ("good0", "bad0")]
    rows = [f"{a},{b},{9 - i % 3 if b in GOOD else i % 3 - 9},{1_300_000_000 + i}" for i, (a, b) in enumerate(pairs)]
    (folder / "ratings.csv").write_text("\n".join(["rater,ratee,rating,unix_time", *rows]), encoding="utf-8")
    (folder / "labels.csv").write_text("account,label\ngood1,certify\nbad1,flag\n", encoding="utf-8")
    (folder / "otc.toml").write_text(MAPPING, encoding="utf-8")
    return folder


@pytest.fixture
def scored(cli: Cli, rated: Path, tmp_path: Path) -> Path:
    store, as_said = tmp_path / "store", ("--column", "target=account", "--column", "relation=label")
    assert cli("load", rated / "ratings.csv", "--mapping", rated / "otc.toml", "--store", store).code == 0
    labelled = cli("load", rated / "labels.csv", *as_said, "--set", "source=office", "--store", store, "--json")
    assert labelled.data["n_created"] == 2
    for command in ("snapshot", "score"):
        assert cli(command, "--store", store).code == 0
    return store


def test_pair_shows_what_would_be_said_and_the_sum(cli: Cli, scored: Path) -> None:
    said = cli("trust", "good0", "bad0", "--store", scored, "--json").data["pairwise"]
    assert said["value"] < -0.5
    assert sum(term["amount"] for term in said["terms"]) == pytest.approx(said["value"], abs=1e-9)
    shown = cli("trust", "good0", "bad0", "--store", scored).out
    assert "what it would say, -1 to 1, ±" in shown
    assert "What pairwise trust is the sum of" in shown
    assert "really said" not in shown
    assert "really said -0." in cli("trust", "good1", "bad0", "--store", scored).out


def test_pair_that_nothing_can_be_said_about_shows_why(cli: Cli, scored: Path) -> None:
    shown = cli("trust", "newcomer", "bad0", "--store", scored).out
    assert "unknown" in shown
    assert "the viewer is not known yet" in shown
    assert "What pairwise trust is the sum of" not in shown


def test_dossier_says_how_many_labels_are_missing(cli: Cli, scored: Path) -> None:
    witnesses = cli("vet", "bad0", "--store", scored, "--json").data["witnesses"]
    notes = {witness["name"]: witness["note"] for witness in witnesses}
    assert notes["propagation"].startswith("accounts labelled honest: 1, fake: 1; at least 10 of each are needed")
    assert "propagation" in cli("vet", "bad0", "--store", scored).out
