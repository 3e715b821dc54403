"""The smallest set of accounts that carries somebody's trust: equal to trying all sets."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_walks
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import carriers
from trust.graphs import QUICK, RESTARTS, crowded_graph, discounts, graphs, seeds

# 0 trusts 1 and 2, who trust 3, who trusts 4
FUNNEL = TrustGraph.from_edges(5, source=[0, 0, 1, 2, 3], target=[1, 2, 3, 3, 4])


@st.composite
def problems(draw):
    """A small graph, where trust starts, a target and options."""
    graph = draw(graphs(max_accounts=8))
    target, silent = draw(st.integers(0, graph.n - 1)), draw(st.none() | st.integers(0, graph.n - 1))
    barred = draw(st.sets(st.integers(0, graph.n - 1), max_size=2))
    options = {
        "share": draw(st.sampled_from([0.3, 0.5, 0.8, 0.95, 1.0])),
        "silent": None if silent == target else silent,
        "discount": draw(discounts(graph.n)),
        "restart": draw(RESTARTS),
    }
    return graph, draw(seeds(graph.n)), target, barred, options


def marks(graph, accounts):
    return np.isin(np.arange(graph.n), list(accounts))


@QUICK
@given(problems())
def test_set_is_the_smallest_of_all_that_carry_the_share(problem):
    graph, start, target, barred, options = problem
    found = carriers(graph, start, target, barred=marks(graph, barred), **options)
    size, own = reference_walks.smallest_carriers(graph, start, target, barred=barred, **options)
    assert found.own == pytest.approx(own, abs=1e-9)
    if size is None:
        assert (found.accounts, found.reached, found.proven) == ((), False, False)
        return
    assert (len(found.accounts), found.at_least, found.proven) == (size, size, True)
    assert not set(found.accounts) & {target, options["silent"], *barred}


@QUICK
@given(problems())
def test_shares_equal_what_fails_to_arrive_without_the_set(problem):
    graph, start, target, barred, options = problem
    found = carriers(graph, start, target, barred=marks(graph, barred), **options)
    del options["share"]
    candidates = [a for a in range(graph.n) if a not in {target, options["silent"], *barred}]
    whole, own = (reference_walks.passing_by(graph, start, target, of, **options) for of in ([], candidates))
    for k, share in enumerate(found.shares, start=1):
        arrives = reference_walks.passing_by(graph, start, target, found.accounts[:k], **options)
        assert share == pytest.approx((whole - arrives) / (whole - own), abs=1e-9)
    assert list(found.shares) == sorted(found.shares)


def test_carried_part_equals_the_walks_through_the_set():
    # Without cycles all walks can be written down: what the viewer, account 0, gives to 4 all comes through 3.
    every = reference_walks.all_walks(FUNNEL, 0, 4, viewer_mass=1.0, max_hops=5)
    through = {a: math.fsum(c for walk, c in every.items() if a in walk) / math.fsum(every.values()) for a in (1, 2, 3)}
    for account, part in through.items():
        others = marks(FUNNEL, {0, 1, 2, 3} - {account})
        found = carriers(FUNNEL, [1, 0, 0, 0, 0], 4, share=1.0, barred=others)
        assert found.accounts == (account,)
        assert found.shares[0] * (1 - found.own) == pytest.approx(part, abs=1e-12)


def test_search_finds_the_set_that_greedy_misses():
    # twelve fans, all of whose trust comes by 1 or 2; that of seven, more than by either, comes by 3 before
    fans, by_three = range(4, 16), (4, 5, 6, 7, 10, 11, 12)
    edges = [(fan, 3 if fan in by_three else 1 if fan < 10 else 2) for fan in fans]
    edges += [(3, 1), (3, 2), (1, 0), (2, 0)]
    graph = TrustGraph.from_edges(16, source=[a for a, _ in edges], target=[b for _, b in edges])
    options = {"share": 1.0, "restart": 0.01, "barred": marks(graph, fans)}
    greedy = carriers(graph, marks(graph, fans), 0, effort=0, **options)
    found = carriers(graph, marks(graph, fans), 0, **options)
    assert (greedy.accounts[0], len(greedy.accounts), greedy.proven) == (3, 3, False)
    assert (set(found.accounts), found.proven) == ({1, 2}, True)


def test_without_effort_the_answer_says_that_nothing_is_proven():
    graph = crowded_graph()
    found = carriers(graph, np.ones(graph.n), 350, share=0.5, effort=0)
    assert found.reached
    assert found.at_least <= len(found.accounts)
    assert found.shares[-1] >= 0.5
    assert found.proven == (found.at_least == len(found.accounts))


def test_limit_ends_the_set_before_the_share_is_reached():
    graph = crowded_graph()
    found = carriers(graph, np.ones(graph.n), 350, share=0.99, limit=3, effort=0)
    assert (len(found.accounts), found.reached, found.proven) == (3, False, False)
    assert found.at_least > 3 or found.shares[-1] < 0.99


def test_account_that_nobody_trusts_is_carried_by_nobody():
    found = carriers(FUNNEL, np.ones(5), 0)
    assert (found.accounts, found.own, found.reached) == ((), 1.0, False)


def test_trust_that_starts_nowhere_is_carried_by_nobody():
    found = carriers(FUNNEL, np.zeros(5), 4)
    assert (found.accounts, found.own, found.reached) == ((), 1.0, False)


def test_progress_is_told_how_far_the_search_is():
    told = []
    carriers(crowded_graph(), np.ones(700), 350, share=0.2, effort=5, progress=lambda done, of: told.append((done, of)))
    assert told
    assert all(done <= of for done, of in told)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 5}, "target is 5, not one of the 5 accounts"),
        ({"share": 0}, r"share is 0, not in \(0, 1\]"),
        ({"share": 1.1}, "share is 1.1"),
        ({"limit": 0}, "limit is 0, not in 1..1000"),
        ({"effort": -1}, "effort is -1, not in 0..1000000"),
        ({"barred": np.ones(3, dtype=bool)}, r"barred has shape \(3,\), not \(5,\)"),
        ({"silent": 9}, "silent is 9"),
        ({"restart": 0}, "restart is 0"),
        ({"start": -np.ones(5)}, "pre_trust of account 0 is -1.0"),
    ],
)
def test_argument_out_of_range_is_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        carriers(FUNNEL, **({"start": np.ones(5), "target": 4} | options))
