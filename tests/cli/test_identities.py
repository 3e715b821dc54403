"""`guanxi identities`, and what `guanxi trust` says of linked accounts."""

import json
import shutil
from pathlib import Path

import pytest

from .conftest import Cli

LINKS = [
    {"source": "ann", "target": "安-微博", "value": 0.9, "properties": {"proof": "oauth", "expires": "2099-01-01"}},
    {"source": "bob", "target": "ann", "properties": {"proof": "self"}},
    {"source": "cai", "target": "dan"},
    {"source": "dan", "target": "cai"},
]


@pytest.fixture
def linked(cli: Cli, store: Path, tmp_path: Path) -> Path:
    """A copy of the small store, with links."""
    store = Path(shutil.copytree(store, tmp_path / "linked"))
    file = tmp_path / "links.jsonl"
    lines = (json.dumps({"relation": "identity_link", "time": "2025-01-05", **link}) for link in LINKS)
    file.write_text("\n".join(lines), encoding="utf-8")
    for command in (("load", file), ("snapshot",), ("score",)):
        assert cli(*command, "--store", store).code == 0
    return store


def test_identities_are_listed_with_the_links_that_were_left_out_and_why(cli: Cli, linked: Path) -> None:
    ran = cli("identities", "--store", linked)
    assert ran.code == 0
    assert ran.out.startswith("4 accounts are 2 identities; the most trusted")
    assert "安-微博 (0.9)" in ran.out
    assert "Links left out (1 unproven: one side says so, without an accepted proof)" in ran.out


def test_account_is_told_with_whom_it_is_one_actor(cli: Cli, linked: Path) -> None:
    ran = cli("identities", "安-微博", "--store", linked)
    assert ran.code == 0
    assert "安-微博 is one actor with ann; ann stands for all of them." in ran.err
    assert "2099-01-01T00:00:00Z" in ran.out
    assert "Nobody states a link of it." in cli("identities", "--store", linked, "--", "-eve").err
    assert "both say so" in cli("identities", "cai", "--store", linked).out


def test_json_is_what_the_tables_show_and_nothing_else(cli: Cli, linked: Path) -> None:
    every, one = (cli("identities", *of, "--store", linked, "--json") for of in ((), ("ann",)))
    assert (every.err, one.err) == ("", "")
    assert every.data["n_links"] == {"linked": 2, "unproven": 1}
    assert [found["id"] for found in one.data["accounts"]] == ["ann", "安-微博"]
    assert [found["verdict"] for found in one.data["links"]] == ["unproven", "linked"]


def test_trust_names_linked_accounts_to_themselves_only(cli: Cli, linked: Path) -> None:
    stranger, own = (cli("trust", viewer, "ann", "--store", linked).out for viewer in ("bob", "安-微博"))
    assert "linked with" in stranger
    assert "fewer than 5" in stranger
    assert "微博" not in stranger
    assert "安-微博" in own
    assert "linked with" not in cli("trust", "ann", "bob", "--store", linked).out


def test_without_links_it_says_so(cli: Cli, store: Path) -> None:
    ran = cli("identities", "--store", store)
    assert (ran.code, ran.out) == (0, "")
    assert "there are no identity links" in ran.err


def test_strategy_that_merges_nothing_is_named_as_the_reason(cli: Cli, linked: Path) -> None:
    assert cli("score", "--strategy", "purchases-first", "--store", linked).code == 0
    ran = cli("identities", "--store", linked)
    assert "The strategy of the run in use merges no accounts" in ran.err
    assert "3 off" in ran.out


def test_unknown_account_is_wrong_usage(cli: Cli, linked: Path) -> None:
    ran = cli("identities", "nobody", "--store", linked)
    assert ran.code == 2
    assert "no account 'nobody'" in ran.err


def test_link_with_a_wrong_proof_is_refused_with_what_is_allowed(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "links.jsonl"
    file.write_text(json.dumps({"relation": "identity_link", **LINKS[0], "properties": {"proof": "vibes"}}))
    ran = cli("load", file, "--store", tmp_path / "new")
    assert "proof is not one of self, inferred, oauth, signature, domain, staff" in ran.err


def test_columns_of_a_csv_file_become_proof_and_expiry(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "links.csv").write_text("a,b,proof,expires\nann,bob,oauth,2099-01-01\ncai,bob,,\n", encoding="utf-8")
    (tmp_path / "links.toml").write_text(
        '[[file]]\nmatch = "links.csv"\ncolumns = { source = "a", target = "b" }\n'
        'set = { relation = "identity_link" }\nproperties = ["proof", "expires"]\n',
        encoding="utf-8",
    )
    store = tmp_path / "new"
    for command in (
        ("load", tmp_path / "links.csv", "--mapping", tmp_path / "links.toml"),
        ("snapshot",),
        ("score",),
    ):
        assert cli(*command, "--store", store).code == 0
    links = cli("identities", "bob", "--store", store, "--json").data["links"]
    assert [(link["proof"], link["expires"]) for link in links] == [("oauth", "2099-01-01T00:00:00Z"), (None, None)]
