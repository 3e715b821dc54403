"""Columns read the quick way say what the slow way says, or are left to it."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.events import scanning, values
from guanxi.events.scanning import look, plain_times, whole_numbers

DATES = st.dates().map(lambda date: date.isoformat())
CLOCKS = st.times().map(lambda time: time.isoformat())
ODD = st.sampled_from(["2023-02-29", "2024-02-29", "1900-02-29", "2023-11-14 22:13", "2023-11-14T24:00:00", "x", "٣"])
WRITTEN = DATES | st.tuples(DATES, st.sampled_from("T "), CLOCKS, st.sampled_from(["", "Z"])).map("".join) | ODD


@given(st.lists(WRITTEN, min_size=1, max_size=3))
@settings(deadline=None)
def test_times_read_quickly_are_those_of_the_slow_way(texts):
    column = pa.array(texts, pa.string())
    quick = plain_times(column)
    if quick is not None:
        slow, bad = values._iso(column)
        assert not bad.any()
        assert quick.tolist() == slow.to_pylist()


@pytest.mark.parametrize(
    "text", ["2023-11-14", "2023-11-14T22:13:20", "2024-02-29 00:00:00.5Z", "1999-12-31T23:59:59Z"]
)
def test_common_times_are_read_quickly(text):
    assert plain_times(pa.array([text])) is not None


@given(st.lists(st.integers(0, 2**54).map(str) | st.sampled_from(["007", "-1", "1.0", "", " 1", "9" * 16]), max_size=3))
@settings(deadline=None)
def test_numbers_read_quickly_are_those_that_python_reads(texts):
    quick = whole_numbers(pa.array(texts, pa.string()))
    if quick is not None:
        assert quick.tolist() == [int(text) for text in texts]
        assert quick.max() <= 2**53
    else:
        assert not texts or any(not (text.isascii() and text.isdigit()) or int(text) > 2**53 for text in texts)


@given(st.lists(st.text(max_size=6), min_size=1, max_size=6), st.integers(0, 2))
@settings(deadline=None)
def test_column_that_looks_plain_is_left_alone_by_the_slow_way(texts, start):
    column = pa.array(texts, pa.string())[start:]
    found = look(column)
    said = column.to_pylist()
    assert found.longest == max((len(text.encode()) for text in said), default=0)
    assert found.control == any(ord(letter) < 32 or ord(letter) == 127 for text in said for letter in text)
    if not (found.empty or found.edges):
        assert values.trimmed(column).to_pylist() == said


def test_null_is_left_to_the_slow_way():
    assert whole_numbers(pa.array(["1", None])) is None
    assert plain_times(pa.array(["2023-11-14", None])) is None
    assert look(pa.array([], pa.string())) == scanning.Look(0, empty=False, edges=False, control=False)
    assert np.asarray(whole_numbers(pa.array(["12", "7"]))).tolist() == [12, 7]
