import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from guanxi.authenticity import NO_TIME, Audience
from guanxi.errors import ParameterError

PAIRS = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40)


@given(PAIRS)
def test_any_pairs_are_kept_once_in_both_directions(pairs):
    audience = Audience.from_edges(8, source=[a for a, _ in pairs], target=[b for _, b in pairs])
    wanted = sorted({(a, b) for a, b in pairs if a != b})
    assert list(zip(audience.edge_sources().tolist(), audience.targets.tolist(), strict=True)) == wanted
    backward = zip(audience.sources.tolist(), audience.edge_targets().tolist(), strict=True)
    assert list(backward) == sorted(wanted, key=lambda pair: (pair[1], pair[0]))


@given(PAIRS)
def test_any_pairs_are_returned_where_the_reverse_exists(pairs):
    audience = Audience.from_edges(8, source=[a for a, _ in pairs], target=[b for _, b in pairs])
    out = list(zip(audience.edge_sources().tolist(), audience.targets.tolist(), strict=True))
    assert audience.returned().tolist() == [(b, a) in out for a, b in out]
    into = list(zip(audience.sources.tolist(), audience.edge_targets().tolist(), strict=True))
    assert audience.in_returned().tolist() == [(b, a) in into for a, b in into]


def test_a_pair_that_comes_twice_keeps_the_earliest_known_time():
    audience = Audience.from_edges(3, source=[0, 0, 0, 1], target=[1, 1, 1, 2], time=[NO_TIME, 9, 5, NO_TIME])
    assert audience.times.tolist() == [5, NO_TIME]
    assert audience.in_times.tolist() == [5, NO_TIME]
    assert (audience.since(0, 1), audience.since(1, 2), audience.since(2, 0)) == (5, NO_TIME, NO_TIME)


@pytest.mark.parametrize("n", [0, 1])
def test_no_relations_give_empty_rows(n):
    audience = Audience.from_edges(n, source=[], target=[])
    assert (audience.n, audience.m) == (n, 0)
    assert audience.n_followers.tolist() == [0] * n
    assert len(audience.returned()) == 0


@pytest.mark.parametrize(
    ("n", "source", "target", "time", "message"),
    [
        (-1, [], [], None, "n is -1"),
        (2, [0], [0, 1], None, "1, 2 and 1 entries"),
        (2, [0], [1], [1, 2], "1, 1 and 2 entries"),
        (2, [0], [2], None, "target has index 2"),
        (2, [-1], [0], None, "source has index -1"),
    ],
)
def test_impossible_edges_are_refused(n, source, target, time, message):
    with pytest.raises(ParameterError, match=message):
        Audience.from_edges(n, source=source, target=target, time=time)


def test_large_indices_do_not_overflow():
    n = 3_000_000
    audience = Audience.from_edges(n, source=[n - 1, n - 2, 0], target=[n - 2, n - 1, n - 1])
    assert audience.returned().tolist() == [False, True, True]
    assert np.array_equal(audience.followers(n - 1), [0, n - 2])
