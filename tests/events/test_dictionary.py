"""Ids as numbers: the same as a dict gives, and sorted as Python sorts."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.events.dictionary import NO_CODE, Dictionary, positions, sort_order

TEXTS = st.lists(st.text(st.sampled_from("ab邓😀-"), max_size=20) | st.none(), max_size=60)


@given(TEXTS, st.sampled_from(["", "acct-0000000000"]), st.integers(0, 60))
@settings(deadline=None)
def test_codes_are_those_of_a_dict(texts, prefix, cut):
    column = pa.array([None if text is None else prefix + text for text in texts], pa.string())
    known = {}
    expected = [NO_CODE if text is None else known.setdefault(text, len(known)) for text in column.to_pylist()]
    numbers = Dictionary()
    codes = np.concatenate([numbers.codes(column[:cut]), numbers.codes(column[cut:].cast(pa.large_string()))])
    assert codes.tolist() == expected
    assert numbers.values().to_pylist() == list(known)


@given(st.sets(st.text(st.sampled_from("ab邓😀-"), max_size=20)), st.sampled_from(["", "acct-0000000000"]))
@settings(deadline=None)
def test_order_is_that_of_python(texts, prefix):
    column = pa.array([prefix + text for text in texts], pa.string())
    assert column.take(pa.array(sort_order(column))).to_pylist() == sorted(column.to_pylist())


@given(st.sets(st.text(max_size=5)), TEXTS)
@settings(deadline=None)
def test_positions_are_those_of_a_list(texts, needles):
    there = sorted(texts)
    wanted = [needle for needle in [*needles, *there] if needle is not None]
    found = positions(pa.array(wanted, pa.string()), pa.array(there, pa.large_string()))
    assert found.tolist() == [there.index(needle) if needle in texts else -1 for needle in wanted]


@pytest.mark.parametrize("n", [3_000, 70_000])
def test_dictionary_that_grows_keeps_what_it_knew(n):
    column = pa.array([f"id-{i % (n // 2)}" for i in range(n)])
    numbers = Dictionary()
    assert numbers.codes(column).tolist() == [i % (n // 2) for i in range(n)]
    assert numbers.codes(column[:10]).tolist() == list(range(10))
