"""The witness of ties: whom it accuses by labels and by the other witnesses, and where it says nothing."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference_sybils as reference
from guanxi.authenticity import Audience, Labels, Subject, fuse, propagation, spread
from guanxi.authenticity.propagation import MIN_LABELS, MIN_TRANSITIVITY
from guanxi.authenticity.sybils import transitivity
from guanxi.errors import ParameterError
from guanxi.graph import TrustGraph
from strategies import quick

HALF = 200
FAKES = np.arange(2 * HALF) >= HALF
NOBODY = np.array([], dtype=np.int64)
LABELS = Labels(np.arange(0, HALF, 17), np.arange(HALF, 2 * HALF, 17))
UNKNOWN = np.full(2 * HALF, np.nan)


def audience_of(pairs, n=2 * HALF):
    source, target = np.array(pairs).T
    return Audience.from_edges(n, source=source, target=target)


def both_ways(pairs):
    return [*pairs, *((b, a) for a, b in pairs)]


def circles(rng, *, n_attacks=60):
    """Circles of ten friends, honest ones and fake ones, each with ties to others of its side; some attack edges."""
    first = np.arange(0, 2 * HALF, 10)
    pairs = [(a + i, a + j) for a in first for i in range(10) for j in range(i)]
    for low in (0, HALF):
        pairs += [tuple(pair) for pair in low + rng.integers(0, HALF, (120, 2))]
    pairs += list(zip(rng.integers(0, HALF, n_attacks), HALF + rng.integers(0, HALF, n_attacks), strict=True))
    return audience_of(both_ways(pairs))


def readers(rng):
    """Follows that are seldom returned: of honest accounts among each other, and of fakes of both."""
    honest = rng.integers(0, HALF, (1500, 2))
    fakes = np.column_stack([rng.integers(HALF, 2 * HALF, 3000), rng.integers(0, 2 * HALF, 3000)])
    return audience_of([*honest.tolist(), *fakes.tolist()])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.mark.parametrize("graph", [circles, readers])
def test_fakes_near_fakes_are_accused_and_honest_accounts_cleared(rng, graph):
    witness = propagation(spread(graph(rng), LABELS, UNKNOWN))
    unlabelled = np.setdiff1d(np.arange(2 * HALF), [*LABELS.honest, *LABELS.fake])
    accused = witness.share > 0.5
    assert witness.subject is Subject.CONDUCT
    assert (accused == FAKES)[unlabelled].mean() > 0.98
    value = fuse([witness]).value
    assert np.nanmax(value[FAKES & accused]) < 0.9 < np.nanmin(value[~FAKES & ~accused])
    assert 90 < witness.percentile[FAKES].max() <= 100


def test_circles_are_told_apart_by_ties_and_readers_by_follows(rng):
    close, loose = circles(rng), readers(rng)
    assert [transitivity_of(a) >= MIN_TRANSITIVITY for a in (close, loose)] == [True, False]
    ties = np.bincount(close.edge_sources()[close.returned()], minlength=close.n)
    assert (spread(close, LABELS, UNKNOWN).sample_size == ties).all()
    relations = loose.n_following + loose.n_followers
    assert (spread(loose, LABELS, UNKNOWN).sample_size == relations).all()


def transitivity_of(audience):
    return transitivity(TrustGraph.from_edges(audience.n, source=audience.edge_sources(), target=audience.targets))


@quick(40)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=40))
def test_transitivity_is_the_closed_part_of_all_pairs_of_acquaintances(pairs):
    pairs = both_ways(pairs)
    ties = reference.mutual(pairs)
    graph = TrustGraph.from_edges(8, source=[a for a, _ in pairs], target=[b for _, b in pairs])
    assert transitivity(graph) == pytest.approx(reference.transitivity(ties))


def test_what_other_witnesses_accuse_is_spread_without_labels(rng):
    conduct = np.where(np.isin(np.arange(2 * HALF), LABELS.fake), 0.1, 0.9)
    found = spread(readers(rng), Labels(NOBODY, NOBODY), conduct)
    labelled = spread(readers(rng), LABELS, conduct)
    assert (found.labelled, labelled.labelled) == (False, True)
    others = np.setdiff1d(np.arange(2 * HALF), LABELS.fake)
    assert found.score[others][FAKES[others]].mean() > found.score[others][~FAKES[others]].mean()
    assert propagation(found).weight < propagation(labelled).weight


@pytest.mark.parametrize("n_honest", [0, MIN_LABELS - 1, MIN_LABELS])
def test_few_labels_and_nobody_accused_leave_it_silent_with_a_reason(rng, n_honest):
    labels = Labels(np.arange(n_honest), np.arange(HALF, HALF + MIN_LABELS - 1))
    witness = propagation(spread(circles(rng), labels, np.full(2 * HALF, 0.6)))
    assert np.isnan(witness.share).all()
    said = f"accounts labelled honest: {n_honest}, fake: {MIN_LABELS - 1}; at least {MIN_LABELS} of each are needed"
    assert said in witness.note
    assert not witness.evidence(0)


def test_silent_witness_leaves_the_bits_of_the_fused_value(rng):
    audience = readers(rng)
    silent = propagation(spread(audience, Labels(NOBODY, NOBODY), UNKNOWN))
    speaking = propagation(spread(audience, LABELS, UNKNOWN), min_sample=1)
    alone, together = fuse([renamed(speaking)]), fuse([renamed(speaking), silent])
    assert np.array_equal(alone.value, together.value, equal_nan=True)
    assert np.array_equal(alone.high, together.high, equal_nan=True)


def renamed(witness):
    return replace(witness, name="other")


def test_accounts_with_few_ties_and_those_that_nothing_reaches_are_passed_over(rng):
    loner, island = 2 * HALF, range(2 * HALF + 1, 2 * HALF + 8)
    inside = circles(rng)
    pairs = [*zip(inside.edge_sources().tolist(), inside.targets.tolist(), strict=True), (loner, HALF), (HALF, loner)]
    pairs += [(a, b) for a in island for b in island if a != b]
    n = 2 * HALF + 8
    witness = propagation(spread(audience_of(pairs, n), LABELS, np.full(n, np.nan)))
    assert np.isnan(witness.share[[loner, *island]]).all()
    assert witness.note is None
    assert witness.sample_size[island[0]] == len(island) - 1


def test_evidence_names_followed_suspects_and_nobody_who_is_cleared(rng):
    audience = circles(rng)
    found = spread(audience, LABELS, UNKNOWN)
    witness = propagation(found)
    for index in range(0, 2 * HALF, 13):
        rows = witness.evidence(index, limit=1000)
        following = audience.following(index)
        assert {row.followee for row in rows} == set(following[found.score[following] > 0.0001].tolist())
        said = [row.numbers["suspicious"] for row in rows]
        assert said == sorted(said, reverse=True)
        assert all(row.follower == index and row.code == "follows_suspicious" for row in rows)
        assert all(row.numbers["returned"] == 1.0 for row in rows)
    assert len(witness.evidence(HALF, limit=2)) == 2


def test_evidence_tells_since_when():
    friends = [(a, b) for a in range(6) for b in range(6) if a != b]
    source, target = np.array(friends).T
    audience = Audience.from_edges(26, source=source, target=target, time=np.arange(len(friends)))
    conduct = np.full(26, np.nan)
    conduct[5], conduct[0] = 0.1, 0.9
    row = propagation(spread(audience, Labels(NOBODY, NOBODY), conduct), min_sample=1).evidence(1)[0]
    assert row.numbers["since_us"] == audience.since(1, row.followee)


def test_same_graph_has_the_same_bits_and_new_names_the_same_scores(rng):
    audience, order = circles(rng), np.random.default_rng(5).permutation(2 * HALF)
    expected = spread(audience, LABELS, UNKNOWN).score
    assert np.array_equal(spread(audience, LABELS, UNKNOWN).score, expected)
    other = Audience.from_edges(2 * HALF, source=order[audience.edge_sources()], target=order[audience.targets])
    renamed_labels = Labels(np.sort(order[LABELS.honest]), np.sort(order[LABELS.fake]))
    assert spread(other, renamed_labels, UNKNOWN).score[order] == pytest.approx(expected, abs=1e-3)


def test_impossible_arguments_are_refused(rng):
    audience = circles(rng)
    with pytest.raises(ParameterError, match=r"authenticity has shape \(3,\), not \(400,\)"):
        spread(audience, LABELS, np.ones(3))
    with pytest.raises(ParameterError, match="fake holds 400, not one of the 400 accounts"):
        spread(audience, Labels(LABELS.honest, np.arange(2 * HALF, 2 * HALF + 12)), UNKNOWN)
    with pytest.raises(ParameterError, match="min_sample is 0, not 1 or more"):
        propagation(spread(audience, LABELS, UNKNOWN), min_sample=0)
