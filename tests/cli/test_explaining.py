"""Paths, counterfactuals and fragility on the command line."""

import re
from pathlib import Path

import pytest

from .conftest import EVENTS, Cli, scored_store

MORE = """\
follow,cai,星,2025-01-04,
follow,-eve,bob,2025-01-04,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of events."""
    made = tmp_path_factory.mktemp("explaining")
    (made / "events.csv").write_text(EVENTS + MORE, encoding="utf-8")
    return made


@pytest.fixture
def stars(folder: Path, cli: Cli) -> Path:
    """A store with those events and a run; made once."""
    return scored_store(cli, folder)


def test_paths_are_a_table_that_ends_in_the_trust(cli: Cli, stars: Path) -> None:
    ran = cli("trust", "bob", "星", "--paths", "-n", 1, "--max-hops", 2, "--store", stars)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("By which paths bob trusts 星\n")
    for said in (
        "bob → cai → 星",
        "longer than 2 hops",
        "sum ",
        "│ personal trust",
        "100.0%",
        "What each hop rests on",
    ):
        assert said in ran.out
    assert re.search(r"│ cai → 星 +│ follow +│", ran.out)


def test_paths_as_json_add_up_to_the_trust(cli: Cli, stars: Path) -> None:
    data = cli("trust", "ann", "星", "--paths", "--json", "--store", stars).data
    amounts = [path["contribution"] for path in data["paths"]] + [of["amount"] for of in data["others"]]
    assert sum(amounts) + data["longer"] + data["remainder"] == pytest.approx(data["personal"]["score"], abs=1e-9)
    assert data["paths"][0]["hops"][-1]["to"] == "星"


def test_paths_to_whom_no_trust_comes_say_so(cli: Cli, stars: Path) -> None:
    ran = cli("trust", "星", "dan", "--paths", "--store", stars)
    assert ran.code == 0, ran.err
    assert "│ personal trust" in ran.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ann", "--paths"), "paths lead from one account to another: name both"),
        (("ann", "bob", "--paths", "--topic", "tea"), "not of a topic"),
        (("ann", "bob", "--paths", "--max-hops", 21), "max_hops is 21, not in 1..20"),
        (("ann", "zed", "--paths"), "no account 'zed'"),
    ],
)
def test_paths_that_cannot_be_say_why(cli: Cli, stars: Path, arguments: tuple[object, ...], said: str) -> None:
    ran = cli("trust", *arguments, "--store", stars)
    assert ran.code == 2
    assert said in ran.err.replace("\n", " ")


def test_whatif_shows_before_and_after(cli: Cli, stars: Path) -> None:
    flags = ("--remove-account", "bob", "--for", "ann", "--target", "星")
    ran = cli("whatif", *flags, "--store", stars)
    assert ran.code == 0, ran.err
    for title in (
        "What would be",
        "Global trust of the targets",
        "Trust of ann in the targets",
        "Whose global trust changes most",
        "In whom the trust of ann changes most",
        "Items for ann",
    ):
        assert f"\n{title}\n" in f"\n{ran.out}"
    data = cli("whatif", *flags, "--store", stars, "--json").data
    assert (data["graph"]["before"]["n_accounts"], data["graph"]["after"]["n_accounts"]) == (6, 5)
    assert data["targets"][0]["id"] == "星"


def test_whatif_takes_every_kind_of_change(cli: Cli, stars: Path) -> None:
    flags = ("--without", "purchase", "--remove-edge", "cai,星", "--add-edge", "ann,星,2", "--remove-account", "dan")
    data = cli("whatif", *flags, "--store", stars, "--json").data
    assert data["removed"]["relations"] == ["purchase"]
    assert data["removed"]["edges"] == [{"source": "cai", "target": "星"}]
    assert data["added"] == [{"source": "ann", "target": "星", "level": 2.0}]
    assert data["removed"]["accounts"] == ["dan"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing is changed; say what with --remove-account"),
        (("--remove-account", "zed"), "no account 'zed'"),
        (("--without", "adore"), "relation type 'adore' is not one of follow"),
        (("--remove-edge", "ann"), "'ann' is not A,B with two ids"),
        (("--add-edge", "ann,bob"), "'ann,bob' is not A,B,LEVEL"),
        (("--add-edge", "ann,bob,much"), "'ann,bob,much' is not A,B,LEVEL"),
        (("--remove-community", "99"), "there is no community 99"),
        (("--remove-community-of", "zed"), "no account 'zed'"),
        (("--remove-account", "ann", "--for", "ann"), "'ann' is removed"),
    ],
)
def test_whatif_that_cannot_be_says_why(cli: Cli, stars: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = cli("whatif", *arguments, "--store", stars)
    assert ran.code == 2
    assert said in ran.err.replace("\n", " ")


def test_fragility_shows_who_carries_and_what_to_try_next(cli: Cli, stars: Path) -> None:
    ran = cli("fragility", "星", "--for", "dan", "--store", stars)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Trust of dan in 星")
    assert "No smaller set carries 80%." in ran.out
    assert "guanxi whatif --remove-account cai --target 星" in ran.err
    data = cli("fragility", "星", "--for", "dan", "--json", "--store", stars).data
    assert ([found["id"] for found in data["accounts"]], data["carried"]) == (["cai"], pytest.approx(1.0))


def test_fragility_of_whom_nobody_trusts_says_so(cli: Cli, stars: Path) -> None:
    ran = cli("fragility", "--store", stars, "--", "-eve")
    assert ran.code == 0, ran.err
    assert "Nobody else carries any of it." in ran.out


def test_fragility_with_a_share_out_of_range_is_refused(cli: Cli, stars: Path) -> None:
    ran = cli("fragility", "星", "--share", 2, "--store", stars)
    assert (ran.code, ran.err) == (2, "guanxi: share is 2.0, not in (0, 1]\n")
