"""Distrust and confidence on the command line."""

from pathlib import Path

import pytest

from .conftest import EVENTS, Cli, scored_store

MORE = """\
follow,cai,星,2025-01-04,
follow,dan,星,2025-01-04,
report,bob,星,2025-01-04,
block,星,dan,2025-01-04,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of events."""
    made = tmp_path_factory.mktemp("distrust")
    (made / "events.csv").write_text(EVENTS + MORE, encoding="utf-8")
    return made


@pytest.fixture
def reported(folder: Path, cli: Cli) -> Path:
    """A store with those events and a run; made once."""
    return scored_store(cli, folder)


def test_pair_says_that_the_viewer_reported_and_how_sure_it_is(cli: Cli, reported: Path) -> None:
    ran = cli("trust", "bob", "星", "--store", reported)
    assert ran.code == 0, ran.err
    for said in ("distrust factor", "reported by the viewer", "standing", "confidence 0.", "distrust (factor 0."):
        assert said in ran.out


def test_pair_that_nobody_speaks_against_says_so(cli: Cli, reported: Path) -> None:
    ran = cli("trust", "ann", "bob", "--store", reported)
    assert "nobody whom the viewer trusts speaks against it" in ran.out


def test_reporter_is_counted_and_not_named(cli: Cli, reported: Path) -> None:
    data = cli("trust", "ann", "星", "--store", reported, "--json").data
    said = data["distrust"]
    assert said["counts"] == [{"relation": "report", "fewer_than": 5}]
    assert "bob" not in str(said)
    amounts = [*(of["amount"] for of in data["terms"] + data["adjustments"]), data["others"]["amount"]]
    assert sum(amounts) + data["remainder"] == pytest.approx(data["personal"]["score"], abs=1e-12)
    assert "reported by fewer than 5 whom the viewer trusts" in cli("trust", "ann", "星", "--store", reported).out


def test_lists_show_the_factor_where_there_is_any(cli: Cli, reported: Path) -> None:
    ranking, own = cli("trust", "--store", reported), cli("trust", "bob", "--store", reported)
    for ran in (ranking, own):
        assert ran.code == 0, ran.err
        assert "distrust factor" in ran.out
        assert "standing" in ran.out
