"""A snapshot without some edges: the same as building one of the events that are left."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from guanxi.snapshot import Edits, edited
from reference_edits import anchored, without
from strategies import ACCOUNTS, event_rows, quick, row, snapshot_of

PAIRS = st.tuples(st.sampled_from(ACCOUNTS), st.sampled_from(ACCOUNTS)).filter(lambda pair: pair[0] != pair[1])
LEVELS = st.floats(0.5, 10.0)


@st.composite
def changes(draw):
    """What goes and what comes, by ids."""
    accounts = draw(st.sets(st.sampled_from(ACCOUNTS), max_size=3))
    added = draw(st.dictionaries(PAIRS, LEVELS, max_size=3))
    return {
        "accounts": accounts,
        "relations": draw(st.sets(st.sampled_from(["follow", "share", "purchase", "trust", "block"]), max_size=2)),
        "ties": draw(st.sets(PAIRS, max_size=4)),
        "trusted": {pair: level for pair, level in added.items() if not set(pair) & accounts},
    }


def edits_of(snapshot, change):
    at = snapshot.accounts.index
    return Edits(
        accounts=np.array([at(a) for a in change["accounts"]], dtype=np.int64),
        relations=frozenset(change["relations"]),
        ties=np.array([(at(a), at(b)) for a, b in change["ties"]], dtype=np.int64).reshape(-1, 2),
        trusted={(at(a), at(b)): level for (a, b), level in change["trusted"].items()},
    )


def plain(snapshot):
    """Everything that a snapshot says, by ids."""
    kinds = {kind: ids.values.to_pylist() for kind, ids in snapshot.ids.items()}
    said = {}
    for key, relation in snapshot.relations.items():
        values = np.full(len(relation), np.nan) if relation.values is None else relation.values
        via = np.full(len(relation), 2**32 - 1) if relation.via is None else relation.via
        columns = (relation.targets, relation.times, np.nan_to_num(values, nan=-99), via)
        said[key] = (relation.offsets.tolist(), *(column.tolist() for column in columns))
    return kinds, snapshot.as_of, list(said), said


@given(event_rows(), changes())
@quick(25)
def test_edited_snapshot_equals_the_one_built_of_the_edited_events(rows, change):
    rows, known = anchored(rows)
    before = snapshot_of([*rows, *known])
    after = edited(before, edits_of(before, change))
    assert plain(after) == plain(snapshot_of(without([*rows, *known], **change)))


def test_account_that_loses_everything_stays_known():
    before = snapshot_of([row("follow", "ann", "bob"), row("follow", "cat", "bob")])
    after = edited(before, edits_of(before, {"accounts": {"bob"}, "relations": (), "ties": (), "trusted": {}}))
    assert after.accounts.values.to_pylist() == ["ann", "cat"]
    assert (after.n_edges, after.id) == (0, f"{before.id}-edited")


def test_edges_of_other_sources_keep_their_rows():
    rows = [row("follow", "ann", "bob"), row("sell", "ann", "tea"), row("sell", "zoe", "tea")]
    before = snapshot_of(rows)
    after = edited(before, edits_of(before, {"accounts": {"ann"}, "relations": (), "ties": (), "trusted": {}}))
    assert after.relation("sell", "item").offsets.tolist() == before.relation("sell", "item").offsets.tolist()
