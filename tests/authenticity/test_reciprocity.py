import numpy as np
import pytest

import reference_authenticity as reference
from guanxi.authenticity import Audience, Subject, fuse, returned_followers, unreturned_follows
from guanxi.errors import ParameterError

WITNESSES = [unreturned_follows, returned_followers]


def test_account_that_nobody_follows_back_stands_out_among_its_peers():
    rng = np.random.default_rng(1)
    clean = reference.random_audience(rng, n=500, mutual=0.8)
    churner = 500
    source = np.r_[clean.edge_sources(), np.full(40, churner)]
    target = np.r_[clean.targets, rng.choice(500, 40, replace=False)]
    witness = unreturned_follows(Audience.from_edges(501, source=source, target=target))
    assert witness.subject is Subject.CONDUCT
    assert witness.share[churner] == 1.0
    assert witness.typical[churner] < 0.5
    assert witness.percentile[churner] > 95
    assert fuse([witness]).value[churner] == np.nanmin(fuse([witness]).value)


def test_audience_that_is_followed_back_to_the_last_stands_out_where_it_is_not_the_custom():
    rng = np.random.default_rng(1)
    clean = reference.random_audience(rng, n=500, mutual=0.05)
    pod, partners = 500, rng.choice(500, 40, replace=False)
    hub = np.full(40, pod)
    source, target = np.r_[clean.edge_sources(), hub, partners], np.r_[clean.targets, partners, hub]
    witness = returned_followers(Audience.from_edges(501, source=source, target=target))
    assert witness.subject is Subject.AUDIENCE
    assert witness.share[pod] == 1.0
    assert fuse([witness]).value[pod] == np.nanmin(fuse([witness]).value)
    assert fuse([witness]).value[pod] > 0.6  # one weak witness convicts nobody


def test_custom_of_following_back_is_not_held_against_anybody():
    witness = returned_followers(reference.random_audience(np.random.default_rng(1), n=500, mutual=0.95))
    assert witness.note is None
    assert np.isnan(witness.share[witness.typical >= 0.5]).all()
    assert np.isnan(witness.share).any()


@pytest.mark.parametrize("witness_of", WITNESSES)
@pytest.mark.parametrize(("mutual", "reason"), [(1.0, "symmetric"), (0.0, "unknown here")])
def test_relation_without_contrast_makes_it_abstain(witness_of, mutual, reason):
    rng = np.random.default_rng(1)
    low, high = np.sort(rng.integers(0, 100, (2, 600)), axis=0)
    source, target = (np.r_[low, high], np.r_[high, low]) if mutual else (low, high)
    witness = witness_of(Audience.from_edges(100, source=source, target=target))
    assert reason in witness.note
    assert np.isnan(witness.share).all()
    assert np.isnan(witness.percentile).all()


def test_evidence_rows_are_relations_and_agree_with_the_share():
    audience = reference.random_audience(np.random.default_rng(2), n=400, mutual=0.2)
    for witness, about in ((unreturned_follows(audience), "follower"), (returned_followers(audience), "followee")):
        index = int(np.nanargmax(witness.share * witness.sample_size))
        rows = witness.evidence(index, limit=10_000)
        assert len(rows) == round(witness.share[index] * witness.sample_size[index])
        for row in rows:
            assert getattr(row, about) == index
            assert row.followee in audience.following(row.follower)
            back = row.follower in audience.following(row.followee)
            assert back == (row.code == "followed_back")


def test_evidence_tells_both_times_where_they_are_known():
    source, target = [0, 0, 0, 1, 4, 5], [1, 2, 3, 0, 1, 1]
    audience = Audience.from_edges(6, source=source, target=target, time=[10, 20, 30, 40, 50, 60])
    assert unreturned_follows(audience, min_sample=3).evidence(0)[0].numbers == {"since_us": 20.0}
    row = returned_followers(audience, min_sample=3).evidence(1)[0]
    assert (row.follower, row.numbers) == (0, {"since_us": 10.0, "returned_since_us": 40.0})


@pytest.mark.parametrize("witness_of", WITNESSES)
def test_relabelled_accounts_have_the_same_shares(witness_of):
    audience = reference.random_audience(np.random.default_rng(2), n=300)
    names = np.random.default_rng(3).permutation(300)
    renamed = Audience.from_edges(300, source=names[audience.edge_sources()], target=names[audience.targets])
    assert np.array_equal(witness_of(renamed).share[names], witness_of(audience).share, equal_nan=True)
    assert np.array_equal(witness_of(renamed).typical[names], witness_of(audience).typical)


@pytest.mark.parametrize("witness_of", WITNESSES)
@pytest.mark.parametrize("n", [0, 1, 4])
def test_graph_without_relations_is_not_spoken_about(witness_of, n):
    witness = witness_of(Audience.from_edges(n, source=[], target=[]))
    assert witness.note == "there are no relations"
    assert np.isnan(witness.share).all()


@pytest.mark.parametrize("witness_of", WITNESSES)
def test_impossible_sample_is_refused(witness_of):
    with pytest.raises(ParameterError, match="min_sample is 0"):
        witness_of(Audience.from_edges(2, source=[0], target=[1]), min_sample=0)
