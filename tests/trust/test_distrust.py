"""What counts against somebody: each reporter by its own trust, communities capped."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_distrust
from guanxi.trust import Reports, earned, eigentrust
from trust.graphs import QUICK, RESTARTS, discounts, graphs, seeds

N = 8
TRUST = st.floats(0, 1, allow_subnormal=False)
CAPS = st.floats(0.01, 10)


@st.composite
def said(draw):
    """Statements (source, target, amount), communities, voices and what speaks for every target."""
    statement = st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.floats(0.01, 5))
    statements = draw(st.lists(statement, max_size=20))
    communities = np.array(draw(st.lists(st.integers(0, 3), min_size=N, max_size=N)), dtype=np.uint32)
    voices = np.array(draw(st.lists(TRUST, min_size=N, max_size=N)))
    in_favour = np.array(draw(st.lists(st.floats(0.01, 1), min_size=N, max_size=N)))
    return statements, communities, voices, in_favour


def reports_of(statements, communities):
    source, target, amount = zip(*statements, strict=True) if statements else ((), (), ())
    return Reports.of(source, target, amount, [7] * len(source), communities=communities)


@QUICK
@given(said(), CAPS, st.none() | st.integers(0, N - 1))
def test_any_statements_equal_the_slow_count(case, cap, without):
    statements, communities, voices, in_favour = case
    reports = reports_of(statements, communities)
    found = reports.against(voices, in_favour[reports.targets], cap=cap, without=without)
    slow = [
        reference_distrust.against(statements, t, voices, in_favour[t], communities, cap=cap, without=without)
        for t in reports.targets
    ]
    assert found == pytest.approx(slow, rel=1e-12)


@QUICK
@given(said(), CAPS, st.none() | st.integers(0, N - 1))
def test_voices_by_community_add_up_to_what_counts(case, cap, without):
    statements, communities, voices, in_favour = case
    reports = reports_of(statements, communities)
    found = reports.against(voices, in_favour[reports.targets], cap=cap, without=without)
    for target, total in zip(reports.targets.tolist(), found, strict=True):
        listed = reports.voices_against(target, voices, in_favour[target], cap=cap, without=without)
        assert sum(of.amount for of in listed) == pytest.approx(total, rel=1e-12)
        assert all(of.amount == cap if of.capped else of.amount <= cap for of in listed)
        assert [of.amount for of in listed] == sorted((of.amount for of in listed), reverse=True)
    assert reports.voices_against(N, voices, 1.0, cap=cap) == []


@QUICK
@given(said(), CAPS, st.randoms())
def test_order_of_statements_leaves_no_trace_and_names_of_communities_neither(case, cap, chance):
    statements, communities, voices, in_favour = case
    before = reports_of(statements, communities)
    shuffled = list(dict.fromkeys((s, t) for s, t, _ in statements))  # one statement per pair: equal pairs are ordered
    amounts = {(s, t): a for s, t, a in statements}
    unique = [(*pair, amounts[pair]) for pair in shuffled]
    again = list(unique)
    chance.shuffle(again)
    one, other = (reports_of(rows, communities) for rows in (unique, again))
    for name in ("targets", "offsets", "sources", "communities", "amounts"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    renamed = reports_of(statements, (3 - communities).astype(np.uint32))
    found, same = (of.against(voices, in_favour[of.targets], cap=cap) for of in (before, renamed))
    assert found == pytest.approx(same, rel=1e-12)


@QUICK
@given(said(), CAPS)
def test_one_community_adds_at_most_the_cap_and_nobody_who_is_not_trusted_adds_anything(case, cap):
    statements, communities, voices, in_favour = case
    together = reports_of(statements, np.zeros(N, dtype=np.uint32))
    assert (together.against(voices, in_favour[together.targets], cap=cap) <= cap).all()
    apart = reports_of(statements, communities)
    assert not apart.against(np.zeros(N), in_favour[apart.targets], cap=cap).any()


def test_arrays_are_read_back():
    reports = reports_of([(4, 0, 1.0), (5, 2, 0.5)], np.arange(N, dtype=np.uint32))
    kept = {name.removeprefix("distrust."): array for name, array in reports.arrays("distrust").items()}
    again = Reports.from_arrays(kept)
    assert again.against(np.ones(N), np.ones(2), cap=9.0).tolist() == [1.0, 0.5]


# -- what reporters count by in global answers ------------------------------------------------------------------------


@QUICK
@given(st.data())
def test_earned_trust_equals_the_slow_sum_and_is_no_more_than_all_trust(data):
    graph = data.draw(graphs())
    restart, discount = data.draw(RESTARTS), data.draw(discounts(graph.n))
    trust = eigentrust(graph, data.draw(seeds(graph.n)), discount=discount, restart=restart)
    found = earned(graph, trust, discount=discount, restart=restart)
    slow = reference_distrust.earned(graph, trust, np.ones(graph.n) if discount is None else discount, restart)
    assert found == pytest.approx(slow, abs=1e-12)
    assert (found <= trust + 1e-9).all()
    assert not found[graph.in_degrees == 0].any()


@QUICK
@given(graphs(min_accounts=N, max_accounts=N), said())
def test_fellow_reporters_do_not_vouch_for_each_other(graph, case):
    statements = list({(s, t): (s, t, a) for s, t, a in case[0]}.values())
    trust = eigentrust(graph, np.ones(graph.n))
    reports = reports_of(statements, np.zeros(N, dtype=np.uint32))
    found = reports.unvouched(graph, trust)
    slow = dict(
        zip([(s, t) for s, t, _ in statements], reference_distrust.unvouched(statements, graph, trust), strict=True)
    )
    for target in reports.targets.tolist():
        rows = reports.rows_of(target)
        expected = [slow[source, target] for source in reports.sources[rows].tolist()]
        assert found.amounts[rows] == pytest.approx(expected, abs=1e-12)
    assert (found.amounts <= reports.amounts).all()
