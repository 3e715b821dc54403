"""New, known and conflicting events, told apart as a dict tells them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.stores.recognition import Recognition, recognise
from guanxi.stores.segments import Keys
from strategies import quick

PAIRS = st.tuples(st.sampled_from([0, 1, 2**63, 2**64 - 1]), st.integers(0, 2))
EVENTS = st.lists(st.tuples(PAIRS, st.integers(0, 2)), max_size=30)


def events_of(drawn):
    columns = [np.array(column, dtype=np.uint64) for column in ([k[0] for k, _ in drawn], [k[1] for k, _ in drawn],
               [body for _, body in drawn])]  # fmt: skip
    return pa.table([pa.array(column) for column in columns], names=["key_hi", "key_lo", "body"])


def expected(drawn, known):
    """Outcome of every event; ``known`` maps keys to bodies and grows."""
    outcomes = []
    for key, body in drawn:
        outcomes.append("created" if key not in known else "duplicate" if known[key] == body else "conflict")
        known.setdefault(key, body)
    return outcomes


def keys_of(known):
    return Keys.of(events_of(list(known.items())))


@given(st.dictionaries(PAIRS, st.integers(0, 2), max_size=8), EVENTS, EVENTS)
@quick(40)
def test_any_events_are_told_apart_as_a_dict_tells_them(old, first, second):
    known, load = dict(old), Recognition([keys_of(old)])
    assert recognise(events_of(first), [keys_of(old)]).outcomes == expected(first, dict(old))
    for batch in (first, second):
        assert load.recognise(events_of(batch)).outcomes == expected(batch, known)


@pytest.mark.parametrize("n", [5_000, 40_000])
def test_many_events_are_known_again(n):
    rng = np.random.default_rng(7)
    drawn = [((int(high), int(low)), int(low)) for high, low in rng.integers(0, 2**63, (n, 2))]
    load = Recognition([])
    assert load.recognise(events_of(drawn[: n // 2])).count("created") == n // 2
    assert load.recognise(events_of(drawn)).count("duplicate") == n // 2
    changed = [(key, body + 1) for key, body in drawn]
    assert load.recognise(events_of(changed)).count("conflict") == n
    assert (keys_of(dict(drawn)).find(*(events_of(drawn)[name].to_numpy() for name in ("key_hi", "key_lo"))) >= 0).all()
