import mmh3
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guanxi.hashing import murmur3


def halves(value):
    digest = mmh3.hash_bytes(value, 0, True)
    return int.from_bytes(digest[:8], "little"), int.from_bytes(digest[8:], "little")


@settings(deadline=None)
@given(st.lists(st.binary(max_size=80), max_size=20))
def test_bytes_hash_as_mmh3_hashes_them(values):
    high, low = murmur3(pa.array(values, pa.binary()))
    assert list(zip(high.tolist(), low.tolist(), strict=True)) == [halves(value) for value in values]


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), min_size=3, max_size=9), st.integers(0, 3), st.integers(0, 3))
def test_slices_and_chunks_hash_like_their_values(values, start, length):
    sliced = pa.array(values).slice(start, length)
    chunked = pa.chunked_array([sliced, pa.array(values)])
    expected = [halves(value.encode()) for value in [*values[start : start + length], *values]]
    assert list(zip(*(half.tolist() for half in murmur3(chunked)), strict=True)) == expected


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.binary(), pa.large_binary()])
def test_null_hashes_like_an_empty_string(kind):
    high, low = murmur3(pa.array([None, "", "x"], pa.string()).cast(kind))
    assert (high[0], low[0]) == (high[1], low[1]) != (high[2], low[2])
