import numpy as np
import pytest

import reference_authenticity as reference
from guanxi.authenticity import Audience, fuse, low_trust_followers
from guanxi.authenticity.attacks import Purchase, plant
from guanxi.errors import ParameterError

# Accounts 0..3 are unknown, 4..9 are known; 10 has six followers, four of them unknown, and follows one of these back.
# 11..13 are followed by the six who are known.
SOURCE = [0, 1, 2, 3, 4, 5, 10] + [4, 5, 6, 7, 8, 9] * 3
TARGET = [10] * 6 + [3] + [11] * 6 + [12] * 6 + [13] * 6
TRUST = [0.01, 0.02, 0.01, 0.01] + [0.1] * 6 + [0.08] * 4


def audience_of_ten(**extra):
    return Audience.from_edges(14, source=SOURCE, target=TARGET, **extra)


def test_unknown_followers_count_unless_they_are_followed_back():
    witness = low_trust_followers(audience_of_ten(), TRUST, floor=0.01)
    assert witness.share[10:].tolist() == [0.5, 0.0, 0.0, 0.0]
    assert witness.sample_size[10:].tolist() == [6, 6, 6, 6]
    assert np.isnan(witness.share[:10]).all()
    assert witness.percentile[10:].tolist() == [87.5, 37.5, 37.5, 37.5]


def test_floor_may_differ_between_accounts():
    floor = np.full(14, 0.001)
    floor[1] = 0.01
    witness = low_trust_followers(audience_of_ten(), TRUST, floor=floor)
    assert witness.share[10] == pytest.approx(1 / 6)


def test_evidence_names_the_least_trusted_first_with_their_trust():
    witness = low_trust_followers(audience_of_ten(time=np.arange(len(SOURCE))), TRUST, floor=0.01)
    rows = witness.evidence(10)
    assert [(row.follower, row.followee) for row in rows] == [(0, 10), (2, 10), (1, 10)]
    assert rows[2].numbers == {"trust": 0.02, "threshold": 0.02, "since_us": 1.0}
    assert rows[0].code == "follower_with_little_trust"
    assert len(witness.evidence(10, limit=1)) == 1
    assert witness.evidence(0) == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_bought_followers_lower_the_fused_value_of_their_customers_alone(seed):
    rng = np.random.default_rng(seed)
    planted = plant(
        reference.random_audience(rng, degree=4), Purchase(n_fakes=300, n_customers=40, n_follows=10), rng=rng
    )
    trust, floor = reference.pagerank(planted.audience, np.ones(planted.audience.n))
    low = low_trust_followers(planted.audience, trust, floor=floor)
    mostly_bought = planted.customers & (low.share >= 0.8)
    assert mostly_bought.sum() >= 10
    fused = fuse([low])
    assert fused.value[mostly_bought].max() < 0.45
    assert np.nanmedian(fused.value[~planted.customers]) > 0.9
    assert np.mean(fused.value[~planted.customers & ~planted.fakes] < 0.5) <= 0.01


def test_graph_where_little_trust_is_usual_makes_it_abstain():
    audience = reference.random_audience(np.random.default_rng(1), n=300, mutual=0.0)
    witness = low_trust_followers(audience, np.full(300, 0.1), floor=0.1)
    assert np.isnan(witness.share).all()
    assert witness.note.startswith("the median share of low-trust followers is 0.")


def test_graph_of_friends_makes_it_abstain():
    audience = reference.community_audience(np.random.default_rng(1), n=120, symmetric=True)
    witness = low_trust_followers(audience, np.zeros(120), floor=0.0)
    assert np.isnan(witness.share).all()
    assert witness.note == "every relation is returned"


def test_relabelled_accounts_have_the_same_shares():
    audience = reference.random_audience(np.random.default_rng(2), n=300)
    trust, floor = reference.pagerank(audience, np.ones(300))
    names = np.random.default_rng(3).permutation(300)
    renamed = Audience.from_edges(300, source=names[audience.edge_sources()], target=names[audience.targets])
    renamed_trust = np.empty(300)
    renamed_trust[names] = trust
    share = low_trust_followers(audience, trust, floor=floor).share
    assert np.array_equal(
        low_trust_followers(renamed, renamed_trust, floor=floor[0]).share[names], share, equal_nan=True
    )


@pytest.mark.parametrize("n", [0, 1])
def test_graph_without_relations_is_not_spoken_about(n):
    witness = low_trust_followers(Audience.from_edges(n, source=[], target=[]), np.ones(n), floor=0.1)
    assert np.isnan(witness.share).all()
    assert len(witness.percentile) == n


@pytest.mark.parametrize(
    ("trust", "options", "message"),
    [
        (TRUST[:-1], {"floor": 0.1}, r"trust has shape \(13,\), not \(14,\)"),
        (0.1, {"floor": 0.1}, r"trust has shape \(\)"),
        (TRUST, {"floor": [0.1, 0.2]}, r"floor has shape \(2,\)"),
        (TRUST, {"floor": -0.1}, "floor has values"),
        ([*TRUST[:-1], np.nan], {"floor": 0.1}, "trust has values"),
        (TRUST, {"floor": 0.1, "factor": 0.5}, "factor is 0.5"),
        (TRUST, {"floor": 0.1, "factor": np.inf}, "factor is inf"),
        (TRUST, {"floor": 0.1, "min_sample": 0}, "min_sample is 0"),
    ],
)
def test_impossible_arguments_are_refused(trust, options, message):
    with pytest.raises(ParameterError, match=message):
        low_trust_followers(audience_of_ten(), trust, **options)


@pytest.mark.parametrize(
    ("index", "limit", "message"), [(14, 1, "index is 14"), (-1, 1, "index is -1"), (0, -1, "limit is -1")]
)
def test_evidence_about_nobody_is_refused(index, limit, message):
    with pytest.raises(ParameterError, match=message):
        low_trust_followers(audience_of_ten(), TRUST, floor=0.01).evidence(index, limit=limit)
