"""What the doctor finds."""

import pytest

from guanxi.engine import Engine
from guanxi.engine.doctor import data_findings
from guanxi.stores import bulk
from strategies import row, snapshot_of

TIES = [row("follow", "ann", "bob", at=1), row("follow", "bob", "ann", at=1), row("purchase", "ann", "tea", at=2)]


def found(engine):
    findings = {}
    for finding in engine.doctor():
        findings.setdefault(finding.check, []).append(finding)
    return findings


def severity(engine, check):
    return [finding.severity for finding in found(engine).get(check, [])]


def data(*rows):
    return {finding.check: finding for finding in data_findings(snapshot_of(rows))}


def flip(path):
    octets = bytearray(path.read_bytes())
    octets[-1] ^= 1
    path.write_bytes(octets)


def test_sound_store_has_nothing_wrong(engine, answer):
    answer(engine, TIES)
    findings = found(engine)
    assert {check for check, of in findings.items() for f in of if f.severity in ("warning", "error")} <= {"disk"}
    assert {"versions", "sqlite", "disk", "store", "snapshot", "ids", "run", "freshness"} <= set(findings)
    assert "3 events, checksums right" in findings["store"][0].detail


def test_store_without_snapshot_or_run_says_what_to_do(engine):
    assert found(engine)["snapshot"][0].detail == "there is none yet; `guanxi snapshot` makes one"
    engine.append(TIES)
    engine.snapshot()
    assert found(engine)["run"][0].detail == "there is none yet; `guanxi score` makes one"


def test_newer_events_are_counted(engine, answer):
    answer(engine, TIES)
    engine.append([row("follow", "ann", "cat"), row("follow", "ann", "dan")])
    (finding,) = found(engine)["freshness"]
    assert finding.severity == "note"
    assert finding.detail.startswith("2 events are newer than the snapshot in use")


@pytest.mark.parametrize("part", ["snapshot", "run"])
def test_damaged_snapshot_or_run_is_an_error_that_can_be_mended(engine, answer, part):
    view = answer(engine, TIES)
    name = {"snapshot": view.snapshot.id, "run": view.run.id}[part]
    flip(next((engine.store.home / f"{part}s" / name).glob("*.npy")))
    assert severity(engine, part) == ["error"]
    engine.snapshot(), engine.score()
    assert severity(engine, part) == ["ok"]


def test_damaged_segment_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(bulk, "SMALL_LOAD", 1)
    engine = Engine(tmp_path / "store", create=True)
    file = tmp_path / "events.csv"
    file.write_text("relation,source,target\nfollow,ann,bob\n")
    engine.load([file])
    (segment,) = (engine.store.home / "segments").iterdir()
    flip(segment / "ids.arrow")
    assert severity(engine, "store") == ["error"]
    (segment / "manifest.json").write_text("{")
    assert severity(engine, "store") == ["error"]
    engine.close()


def test_unreadable_note_of_what_is_in_use_is_an_error(engine, answer):
    answer(engine, TIES)
    (engine.store.home / "current.json").write_text("{")
    assert severity(engine, "snapshot") == ["error"]


# -- data -------------------------------------------------------------------------------------------------------------


def test_ids_that_differ_in_case_only_are_pointed_out():
    finding = data(row("follow", "ann", "bob"), row("follow", "Ann", "bob"))["case"]
    assert finding.severity == "warning"
    assert "'Ann' and 'ann'" in finding.detail
    assert "case" not in data(*TIES)


def test_buyers_who_are_nobodys_friends_are_an_error_with_an_example():
    finding = data(row("follow", "ann", "bob"), row("purchase", "user:ann", "tea"))["ids"]
    assert finding.severity == "error"
    assert "'ann' follows or is followed, 'user:ann' buys or shares" in finding.detail


def test_few_common_ids_are_a_warning():
    rows = [row("follow", "ann", "bob"), *(row("purchase", f"x{n}", "tea") for n in range(20))]
    assert data(*rows, row("purchase", "ann", "tea"))["ids"].severity == "warning"


@pytest.mark.parametrize(
    ("only", "missing"),
    [
        (row("purchase", "ann", "tea"), "follow or trust anybody"),
        (row("follow", "ann", "bob"), "buy or share anything"),
    ],
)
def test_missing_half_of_the_data_is_a_warning(only, missing):
    finding = data(only)["ids"]
    assert (finding.severity, finding.detail) == ("warning", f"no accounts {missing}; is a file missing?")


def test_relations_without_dates_are_noted_with_their_part():
    assert data(row("follow", "ann", "bob"), *TIES[1:])["dates"].detail.startswith("33% of the relations have no time")
    assert "dates" not in data(*TIES)


def test_graph_in_which_every_follow_is_returned_is_noted():
    rows = [row("follow", f"a{n}", f"a{m}") for n in range(11) for m in range(11) if n != m]
    assert "witnesses that read reciprocity will abstain" in data(*rows)["reciprocity"].detail
    assert "reciprocity" not in data(*rows[1:])


def test_empty_graph_is_examined_without_an_error():
    assert "ids" in data()


@pytest.mark.parametrize(
    ("links", "expected", "detail"),
    [
        ([], [], ""),
        ([{"proof": "oauth"}], ["ok"], "1 linked; `guanxi identities` lists them"),
        ([{"proof": "self"}], ["ok"], "1 unproven"),
        ([{"proof": "oauth", "expires": "2023-11-16"}], ["warning"], "1 expired; renew or unlink what has expired"),
        ([{"proof": "oauth"}] * 5, ["warning"], "4 linked, 1 full; where an identity is full, unlink an account, or"),
    ],
)
def test_links_that_ran_out_or_found_no_room_are_a_warning(engine, links, expected, detail):
    rows = [row("identity_link", "ann", f"alt{at}", at=1, properties=said) for at, said in enumerate(links)]
    engine.append([*TIES, *rows, row("follow", "ann", "cat", at=5)])
    engine.snapshot()
    engine.score()
    findings = found(engine).get("identity links", [])
    assert [finding.severity for finding in findings] == expected
    assert all(finding.detail.startswith(detail) for finding in findings)
