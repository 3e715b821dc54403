"""Proof and expiry of identity links in snapshots: what the standing link says, in the same bytes however it came."""

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.bundle import Bundle
from guanxi.events import event_ids
from guanxi.events.values import DAY_US
from guanxi.snapshot import NO_TIME, Snapshot, build_snapshot, refresh_snapshot, relations_of
from strategies import ACCOUNTS, T0, day, quick, row, snapshot_of, table

WORDS = {"self": 1, "inferred": 2, "oauth": 3, "signature": 4, "domain": 5, "staff": 6}


def link(source, target, *, at=1, verb="identity_link", **said):
    return row(verb, source, target, at=at, properties=said or None)


def columns(snapshot):
    relation = snapshot.relation("identity_link", "account")
    return {name: column.tolist() for name, column in relation.properties.items()}


def test_standing_link_has_the_proof_and_the_end_of_the_event_that_it_stands_for():
    snapshot = snapshot_of([
        link("ann", "bob", at=1, proof="self", expires=day(9)),
        link("ann", "bob", at=3, proof="oauth"),
        link("ann", "cat", at=1, expires=(T0 + 5 * DAY_US) / 1e6, more="text"),
        link("bob", "cat", at=1, proof="staff"),
        link("bob", "cat", at=2, verb="unlink", proof="staff"),
        link("cat", "ann", at=1),
    ])  # fmt: skip
    assert columns(snapshot) == {"proof": [3, 0, 0], "expires": [NO_TIME, T0 + 5 * DAY_US, NO_TIME]}


def test_columns_that_say_nothing_are_left_out(tmp_path):
    folder = build_snapshot(
        [table([link("ann", "bob", proof="oauth"), link("ann", "cat"), row("follow", "a", "b")])], tmp_path
    )
    names = set(Bundle.open(folder).files)
    assert "identity_link.account.proof.npy" in names
    assert not {name for name in names if "expires" in name or name.startswith("follow.account.p")}
    assert columns(Snapshot.open(folder)) == {"proof": [WORDS["oauth"], 0]}


links = st.lists(
    st.tuples(
        st.sampled_from(["identity_link", "identity_link", "unlink", "follow"]),
        st.permutations(range(len(ACCOUNTS))).map(lambda order: order[:2]),
        st.none() | st.integers(0, 5),
        st.none() | st.sampled_from(sorted(WORDS)),
        st.none() | st.integers(6, 9),
    ),
    max_size=25,
)


def rows_of(drawn):
    found = []
    for verb, (a, b), at, proof, until in drawn:
        said = {} if proof is None else {"proof": proof}
        said |= {} if until is None else {"expires": day(until)}
        found.append(link(ACCOUNTS[a], ACCOUNTS[b], at=at, verb=verb, **(said if verb != "follow" else {})))
    return found


@given(links, st.integers(0, 25))
@quick(15)
def test_refreshed_and_in_any_order_the_bytes_are_those_of_all_events_at_once(drawn, cut):
    rows = rows_of(drawn)
    old, new = table(rows[:cut]), table(rows[cut:])
    known = set(event_ids(old))
    new = new.filter(pa.array([id_ not in known for id_ in event_ids(new)], pa.bool_()))
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        built = build_snapshot([old, new], home / "built")
        turned = build_snapshot([new, old], home / "turned")
        before = Snapshot.open(build_snapshot([old], home / "before"))
        refreshed = refresh_snapshot(before, [old], [new], home / "refreshed")
        files = [{path.name: path.read_bytes() for path in sorted(of.iterdir())} for of in (built, turned, refreshed)]
        assert files[0] == files[1] == files[2]
        snapshot = Snapshot.open(built)
        assert columns(snapshot).keys() <= {"proof", "expires"}


@given(links)
@quick(15)
def test_one_account_from_its_events_says_what_the_snapshot_says(drawn):
    rows = rows_of(drawn)
    snapshot = snapshot_of(rows)
    relation = snapshot.relation("identity_link", "account")
    for account in snapshot.accounts.values.to_pylist():
        own = relations_of(snapshot, table([of for of in rows if of["source"] == account]))
        mine = own.get(("identity_link", "account"))
        theirs = relation.take(relation.rows_of(snapshot.accounts.index(account)))
        for name, column in theirs.properties.items():
            assert np.array_equal(np.zeros(0) if mine is None else mine.properties[name], column)


@pytest.mark.parametrize("name", ["proof", "expires"])
def test_link_that_says_nothing_of_it_keeps_the_snapshot_that_it_had(name):
    plain = snapshot_of([link("ann", "bob")])
    assert name not in plain.relation("identity_link", "account").properties
    assert snapshot_of([link("ann", "bob", other=1)]).id == plain.id
