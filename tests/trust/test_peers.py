"""What accounts of about the same size have."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_leaders as slow
from guanxi.trust.peers import FEWEST_PEERS, expected
from strategies import quick


@quick(25)
@given(st.integers(0, 2**31), st.integers(10, 130), st.integers(4, 60))
def test_line_and_ends_are_those_of_every_account_on_its_own(seed, n, n_peers):
    rng = np.random.default_rng(seed)
    size, value = rng.integers(1, 30, n), rng.gamma(1.0, 5.0, n)
    found, wanted = expected(size, value, n_peers=n_peers), slow.expected(size, value, n_peers=n_peers)
    for account, ends in enumerate(wanted):
        mine = (found.value[account], found.low[account], found.high[account])
        if ends is None:
            assert np.isnan(mine).all()
        else:
            assert mine == pytest.approx(ends, rel=1e-6, abs=1e-9)


def test_nine_in_ten_are_between_the_ends():
    rng = np.random.default_rng(1)
    size = rng.zipf(1.7, 5000).clip(5, 10_000)
    value = size**0.7 * rng.lognormal(0, 0.5, 5000)
    found = expected(size, value)
    inside = (value >= found.low) & (value <= found.high)
    assert 0.87 < inside.mean() < 0.93


def test_the_largest_is_compared_with_the_line_of_the_smaller_ones():
    size = np.append(np.arange(5, 205), 1000)
    found = expected(size, 3.0 * size - 1)
    assert found.value[-1] == pytest.approx(2999)


def test_order_of_the_input_leaves_no_trace():
    rng = np.random.default_rng(2)
    size, value = rng.permutation(np.arange(5, 305)), rng.gamma(1, 5, 300)
    order = rng.permutation(300)
    there, here = expected(size[order], value[order]), expected(size, value)
    assert there.high.tolist() == pytest.approx(here.high[order].tolist())


@pytest.mark.parametrize("n", [0, 1, FEWEST_PEERS])
def test_too_few_accounts_have_no_peers(n):
    found = expected(np.full(n, 10), np.ones(n))
    assert np.isnan(found.value).all()
    assert len(found.low) == n


def test_small_accounts_are_nobodys_peers():
    size = np.append(np.full(100, 10), np.full(50, 4))
    value = np.append(np.full(100, 7.0), np.full(50, 1e9))
    found = expected(size, value)
    assert found.value[:100].tolist() == pytest.approx([7.0] * 100)
    assert np.isnan(found.value[100:]).all()
