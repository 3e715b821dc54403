import numpy as np
import pytest

import reference_authenticity as reference
from guanxi.authenticity import (
    Audience,
    BlockRule,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    discount,
    fuse,
    unreturned_follows,
)
from guanxi.authenticity.attacks import Purchase, plant
from guanxi.errors import ParameterError

# Sold accounts follow at least a tenth of their list from within the block under three-fold camouflage.
ACCUSED_SHARE = 0.1


def found_in(audience, seed=5, **options):
    return dense_blocks(audience, rng=np.random.default_rng(seed), **options)


def f1(accused, truth):
    return 2 * np.count_nonzero(accused & truth) / (np.count_nonzero(accused) + np.count_nonzero(truth))


@pytest.mark.parametrize("camouflage", [0, 1, 2, 3])
@pytest.mark.parametrize("n_follows", [10, 25])
def test_planted_block_is_found_without_a_mistake_under_camouflage(camouflage, n_follows):
    clean = reference.random_audience(np.random.default_rng(1))
    purchase = Purchase(n_fakes=120, n_customers=50, n_follows=n_follows, camouflage=camouflage)
    planted = plant(clean, purchase, rng=np.random.default_rng(2))
    blocks = found_in(planted.audience)
    assert len(blocks.suspicious) == 1
    assert blocks.suspicious[0].block.density >= BlockRule().min_density
    assert f1(dense_block_conduct(blocks).share > ACCUSED_SHARE, planted.fakes) == 1.0
    assert set(np.flatnonzero(planted.customers)) <= set(blocks.suspicious[0].block.followees)
    assert np.mean(dense_block(blocks).share[~planted.customers] > 0.5) <= 0.01


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "make",
    [
        reference.random_audience,
        reference.community_audience,
        lambda rng: reference.community_audience(rng, symmetric=True),
        lambda rng: reference.community_audience(rng, inside=0.8, outside=0.01),
    ],
    ids=["random", "communities", "friends", "close communities"],
)
def test_clean_graph_accuses_nobody(make, seed):
    audience = make(np.random.default_rng(seed))
    blocks = found_in(audience)
    assert len(blocks.suspicious) == 0
    assert not np.any(dense_block(blocks).share > 0)


def test_graph_of_friends_makes_both_witnesses_abstain():
    audience = reference.community_audience(np.random.default_rng(1), n=300, symmetric=True)
    blocks = found_in(audience)
    for witness in (dense_block(blocks), dense_block_conduct(blocks)):
        assert np.isnan(witness.share).all()
        assert "every relation is returned" in witness.note


def test_popularity_alone_is_no_suspicious_block():
    # Thirty stars and three hundred who follow half of them: dense, but exactly what rewiring gives again.
    rng = np.random.default_rng(4)
    source, star = np.nonzero(rng.random((300, 30)) < 0.5)
    blocks = found_in(Audience.from_edges(330, source=source, target=300 + star))
    assert blocks.found[0].block.density > 0.4
    assert blocks.found[0].null_objective > 0.9 * blocks.found[0].block.objective
    assert len(blocks.suspicious) == 0


def test_block_that_is_all_there_is_one_way_does_not_explain_itself():
    # Friends follow each other; the only relations that are not returned are the sold ones and their camouflage.
    rng = np.random.default_rng(8)
    friends = rng.integers(0, 500, (2, 4000))
    sold = np.repeat(np.arange(500, 560), 11)
    bought = np.concatenate([np.concatenate([np.arange(8), rng.choice(500, 3, replace=False)]) for _ in range(60)])
    source = np.concatenate([friends[0], friends[1], sold])
    target = np.concatenate([friends[1], friends[0], bought])
    blocks = found_in(Audience.from_edges(560, source=source, target=target))
    assert [entry.block.followees.tolist() for entry in blocks.suspicious] == [list(range(8))]
    assert blocks.suspicious[0].block.followers.tolist() == list(range(500, 560))


def test_relabelled_accounts_have_the_same_shares():
    planted = plant(
        reference.random_audience(np.random.default_rng(1), n=600),
        Purchase(n_fakes=60, n_customers=30, n_follows=15),
        rng=np.random.default_rng(2),
    )
    audience = planted.audience
    names = np.random.default_rng(3).permutation(audience.n)
    renamed = Audience.from_edges(audience.n, source=names[audience.edge_sources()], target=names[audience.targets])
    share, renamed_share = (dense_block(found_in(graph)).share for graph in (audience, renamed))
    assert np.array_equal(renamed_share[names], share, equal_nan=True)


def test_evidence_rows_are_relations_of_the_graph_inside_the_block():
    planted = plant(
        reference.random_audience(np.random.default_rng(1), n=600),
        Purchase(n_fakes=60, n_customers=30, n_follows=15),
        rng=np.random.default_rng(2),
    )
    blocks = found_in(planted.audience)
    customer, fake = int(np.flatnonzero(planted.customers)[0]), int(np.flatnonzero(planted.fakes)[0])
    audience_rows = dense_block(blocks).evidence(customer, limit=1000)
    conduct_rows = dense_block_conduct(blocks).evidence(fake, limit=1000)
    assert {row.followee for row in audience_rows} == {customer}
    assert {row.follower for row in conduct_rows} == {fake}
    assert len(conduct_rows) == 15
    for row in audience_rows + conduct_rows:
        assert row.followee in planted.audience.following(row.follower)
        assert row.numbers["objective"] > row.numbers["null_objective"]
        assert row.numbers["density"] == blocks.suspicious[0].block.density
    share = dense_block(blocks).share[customer]
    assert len(audience_rows) == round(share * planted.audience.n_followers[customer])
    assert len(dense_block(blocks).evidence(customer, limit=3)) == 3


def test_evidence_tells_since_when_where_it_is_known():
    source, target = np.divmod(np.arange(200), 10)
    noise = np.random.default_rng(1).integers(30, 400, (2, 900))
    source, target = np.r_[source, noise[0]], np.r_[20 + target, noise[1]]
    audience = Audience.from_edges(400, source=source, target=target, time=np.full(len(source), 1_700_000_000_000_000))
    rows = dense_block(found_in(audience)).evidence(20, limit=5)
    assert [row.numbers["since_us"] for row in rows] == [1.7e15] * 5


def test_sold_accounts_are_discounted_and_their_neighbours_are_not():
    planted = plant(
        reference.random_audience(np.random.default_rng(1)),
        Purchase(n_fakes=120, n_customers=50, n_follows=25),
        rng=np.random.default_rng(2),
    )
    conduct = fuse([dense_block_conduct(found_in(planted.audience)), unreturned_follows(planted.audience)])
    assert conduct.value[planted.fakes].max() < 0.5
    assert np.mean(conduct.value[~planted.fakes] < 0.5) <= 0.01
    assert discount(conduct)[planted.fakes].max() < discount(conduct)[~planted.fakes].min()


@pytest.mark.parametrize("n", [0, 1, 5])
def test_graph_without_relations_has_no_blocks_and_no_shares(n):
    blocks = found_in(Audience.from_edges(n, source=[], target=[]))
    assert blocks.found == ()
    assert np.isnan(dense_block(blocks).share).all()
    assert np.isnan(dense_block_conduct(blocks).share).all()


def test_small_samples_are_not_spoken_about():
    audience = Audience.from_edges(6, source=[0, 1, 2, 3], target=[5, 5, 5, 4])
    witness = dense_block(found_in(audience), min_sample=3)
    assert witness.share[5] == 0.0
    assert np.isnan(witness.share[:5]).all()
    assert witness.sample_size.tolist() == [0, 0, 0, 0, 1, 3]
    assert witness.evidence(4) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_density": 0}, r"min_density is 0, not in \(0, 1\]"),
        ({"min_density": 1.5}, "min_density is 1.5"),
        ({"min_followers": 0}, "0 and 5"),
        ({"min_followees": 0}, "10 and 0"),
        ({"max_overlap": 1.1}, "max_overlap is 1.1"),
        ({"margin": 0.9}, "margin is 0.9"),
        ({"margin": float("nan")}, "margin is nan"),
    ],
)
def test_impossible_rules_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        BlockRule(**options)


def test_impossible_options_are_refused():
    audience = Audience.from_edges(3, source=[0], target=[1])
    with pytest.raises(ParameterError, match="n_rewired is 0"):
        found_in(audience, n_rewired=0)
    with pytest.raises(ParameterError, match="max_blocks is 0"):
        found_in(audience, max_blocks=0)
    with pytest.raises(ParameterError, match="min_sample is 0"):
        dense_block(found_in(audience), min_sample=0)
    with pytest.raises(ParameterError, match="min_sample is 0"):
        dense_block_conduct(found_in(audience), min_sample=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_follows": 6}, r"n_follows is 6, not in 1..5"),
        ({"n_links": 10}, r"n_links is 10, not in 0..9"),
        ({"camouflage": -1}, "camouflage is -1"),
        ({"follow_back": 2.0}, "follow_back is 2.0"),
    ],
)
def test_impossible_purchases_are_refused(options, message):
    with pytest.raises(ParameterError, match=message):
        Purchase(**{"n_fakes": 10, "n_customers": 5, "n_follows": 2} | options)


def test_purchase_by_more_customers_than_accounts_is_refused():
    clean = Audience.from_edges(3, source=[0], target=[1])
    with pytest.raises(ParameterError, match="n_customers is 5, not at most 3"):
        plant(clean, Purchase(n_fakes=2, n_customers=5, n_follows=2), rng=np.random.default_rng(0))
