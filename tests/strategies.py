"""Events for tests: rows as a caller would write them, and toy graphs that several files share."""

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from guanxi.events import EVENT_SCHEMA, columns_from_rows, parse_events
from guanxi.events.values import DAY_US, isoformat
from guanxi.schema import load_model
from guanxi.snapshot import Snapshot, build_snapshot

MODEL = load_model()
T0 = 1_700_000_000_000_000
NOW_US = T0 + 1000 * DAY_US
ACCOUNTS = ("ann", "bob", "cat", "dan", "eve", "邓")
ITEMS = ("tea", "pot", "cup", "ann")  # an item may have an account's id

VERBS = (
    *("follow", "follow", "unfollow", "trust", "untrust", "block", "unblock"),
    *("share", "share", "unshare", "purchase", "purchase", "refund", "refund", "review", "report"),
)


def quick(max_examples):
    return settings(deadline=None, max_examples=max_examples)


def table(rows):
    """Rows as a table of events; none of them may be refused."""
    if not rows:
        return EVENT_SCHEMA.empty_table()
    columns, _, wrong = columns_from_rows(rows)
    parsed = parse_events(columns, now_us=NOW_US)
    assert not wrong, wrong
    assert not parsed.rejects, parsed.rejects
    return parsed.events


def day(n):
    """Days after the beginning, as a time that an event may have."""
    return isoformat(T0 + int(n * DAY_US))


def row(relation, source, target, *, at=None, **fields):
    return {"relation": relation, "source": source, "target": target, "time": None if at is None else day(at), **fields}


def snapshot_of(rows):
    """The snapshot of some rows; its files are mapped, their names are gone."""
    with tempfile.TemporaryDirectory() as folder:
        return Snapshot.open(build_snapshot([table(rows)], Path(folder)))


@st.composite
def event_rows(draw, max_size=25, verbs=VERBS):
    """Rows with ties in time, unknown times, doubled rows, and retractions that name an event or do not.

    No two rows have the same id and different bodies.
    """
    some = st.tuples(
        st.sampled_from(verbs),
        st.integers(0, len(ACCOUNTS) - 1),
        st.integers(0, len(ACCOUNTS) - 2),
        st.integers(0, len(ITEMS) - 1),
        st.none() | st.integers(0, 6),
        st.integers(0, 5),
        st.booleans(),
    )
    drawn = draw(st.lists(some, max_size=max_size))
    rows = [_row(number, *fields) for number, fields in enumerate(drawn)]
    doubled = draw(st.lists(st.sampled_from(rows), max_size=3)) if rows else []
    return rows + doubled


def _row(number, verb, source, other, item, time, extra, named):
    """One row out of drawn numbers; ``other`` counts the accounts that are not the source."""
    name, retracts = MODEL.verbs[verb]
    relation = MODEL.relations[name]
    account = ACCOUNTS[other if other < source else other + 1]
    target = account if relation.targets[0] == "account" else ITEMS[item]
    fields = {"id": f"e{number}"} if named else {}
    if relation.via and not retracts and extra < 2:
        fields["via"] = account
    if retracts and relation.form == "fact" and extra > 2:
        fields["retracts"] = f"e{max(number - extra + 2, 0)}"
    if name in ("trust", "purchase", "review") and not retracts and extra % 2:
        fields["value"] = float(extra)
    return row(verb, ACCOUNTS[source], target, at=time, **fields)
