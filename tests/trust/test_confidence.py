"""Confidence: more evidence, more confidence; none at all is unknown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_distrust
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from guanxi.trust import (
    Reports,
    TrustRow,
    confidence,
    eigentrust,
    influence,
    personal_trust,
    personal_voices_for,
    standing,
    voices_against,
    voices_for,
)
from guanxi.trust.confidence import UNKNOWN_BELOW
from trust.graphs import QUICK, edge_lists, graphs

EVIDENCE = st.floats(0, 1e6)
RIGORS = st.floats(0.01, 0.99)


@QUICK
@given(EVIDENCE, RIGORS)
def test_confidence_is_as_graperank_writes_it(evidence, rigor):
    assert float(confidence(evidence, rigor=rigor)) == pytest.approx(
        reference_distrust.confidence(evidence, rigor), abs=1e-12
    )


@QUICK
@given(EVIDENCE, EVIDENCE, RIGORS)
def test_more_evidence_never_means_less_confidence(one, other, rigor):
    less, more = sorted([one, other])
    low, high = confidence([less, more], rigor=rigor).tolist()
    assert 0 <= low <= high <= 1


@pytest.mark.parametrize("factor", [1.0, 0.6, 0.01])
def test_no_evidence_is_unknown_whatever_the_factor(factor):
    assert standing(float(confidence(0.0)), factor) == "unknown"
    assert standing(UNKNOWN_BELOW, factor) != "unknown"


@pytest.mark.parametrize(("factor", "said"), [(1.0, "trusted"), (0.8, "mixed"), (0.51, "mixed"), (0.5, "distrusted")])
def test_standing_says_how_much_of_the_trust_is_left(factor, said):
    assert standing(0.9, factor) == said


@pytest.mark.parametrize("rigor", [0.0, 1.0, -1.0, float("nan")])
def test_rigor_out_of_range_is_refused(rigor):
    with pytest.raises(ParameterError, match=r"rigor is .*, not in \(0, 1\)"):
        confidence(1.0, rigor=rigor)


@pytest.mark.parametrize("evidence", [-0.5, float("nan")])
def test_evidence_out_of_range_is_refused(evidence):
    with pytest.raises(ParameterError, match="evidence holds"):
        confidence([1.0, evidence])


@QUICK
@given(graphs())
def test_voices_equal_the_slow_count(graph):
    trust = eigentrust(graph, np.ones(graph.n))
    found = voices_for(graph, influence(trust), np.arange(graph.n))
    assert found == pytest.approx([reference_distrust.voices_for(graph, trust, a) for a in range(graph.n)], abs=1e-12)


@QUICK
@given(graphs(), st.randoms())
def test_other_names_give_the_same_voices(graph, chance):
    order = list(range(graph.n))
    chance.shuffle(order)
    names = np.array(order)
    source, target, weight = edge_lists(graph)
    other = TrustGraph.from_edges(graph.n, source=names[source], target=names[target], weight=weight)
    trust = eigentrust(graph, np.ones(graph.n))
    renamed = np.empty(graph.n)
    renamed[names] = trust
    found = voices_for(graph, influence(trust), np.arange(graph.n))
    again = voices_for(other, influence(renamed), names)
    assert again == pytest.approx(found, abs=1e-12)


@QUICK
@given(graphs(min_accounts=3), st.data())
def test_one_more_trusting_account_never_takes_evidence_away(graph, data):
    a, b = data.draw(st.permutations(range(graph.n)))[:2]
    source, target, weight = edge_lists(graph)
    more = TrustGraph.from_edges(
        graph.n, source=np.append(source, a), target=np.append(target, b), weight=np.append(weight, 1.0)
    )
    heard = influence(np.full(graph.n, 1 / graph.n))
    before, after = (voices_for(of, heard, [b])[0] for of in (graph, more))
    assert after >= before
    assert confidence(after) >= confidence(before)


def test_account_that_nobody_trusts_does_not_speak():
    graph = TrustGraph.from_edges(4, source=[1, 2, 3], target=[0, 0, 0])
    assert voices_for(graph, influence(np.array([0.5, 0.5, 0.0, 0.0])), [0]).tolist() == [0.5 / 0.75]


def test_faded_follow_is_less_than_a_voice_and_a_large_purchase_no_more_than_one():
    graph = TrustGraph.from_edges(3, source=[1, 2], target=[0, 0], weight=[0.25, 6.0])
    assert voices_for(graph, np.ones(3), [0]).tolist() == [1.25]


def test_viewers_newer_row_replaces_what_the_graph_says():
    graph = TrustGraph.from_edges(4, source=[0, 1], target=[1, 2])
    row = TrustRow([2, 3], [1.0, 0.5])
    changed = TrustGraph.from_edges(4, source=[0, 0, 1], target=[2, 3, 2], weight=[1.0, 0.5, 1.0])
    found = personal_voices_for(graph, personal_trust(graph, 0, row=row), np.arange(4))
    same = personal_voices_for(changed, personal_trust(changed, 0), np.arange(4))
    assert found == pytest.approx(same, abs=1e-9)
    stranger = personal_voices_for(graph, personal_trust(graph, None, row=row), np.arange(4))
    assert stranger[3] == pytest.approx(same[3], abs=0.05)
    assert stranger[0] == stranger[1] == 0


@QUICK
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0.01, 3)), max_size=15), st.data())
def test_voices_against_equal_the_slow_count(statements, data):
    trust = np.array(data.draw(st.lists(st.floats(0, 1), min_size=6, max_size=6)))
    source, target, amount = zip(*statements, strict=True) if statements else ((), (), ())
    reports = Reports.of(source, target, amount, [7] * len(source), communities=np.zeros(6, dtype=np.uint32))
    slow = [reference_distrust.voices_against(statements, trust, a) for a in range(6)]
    assert voices_against(reports, influence(trust), np.arange(6)) == pytest.approx(slow, abs=1e-12)
