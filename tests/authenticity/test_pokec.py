"""Planted purchases on real follows; needs the public Pokec sample, which the project does not contain."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

import reference_authenticity as reference
from guanxi.authenticity import (
    Audience,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    fuse,
    low_trust_followers,
    returned_followers,
)
from guanxi.authenticity.attacks import Purchase, plant

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
FOLLOWS = DATA / "pokec_10k" / "follows.csv.gz"

pytestmark = pytest.mark.skipif(not FOLLOWS.exists(), reason="pokec_10k/follows.csv.gz is not in GUANXI_DATA")


def auc(score, positive):
    score = np.where(np.isnan(score), np.nanmedian(score), score)
    n = positive.sum()
    return (rankdata(score)[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n))


@pytest.fixture(scope="module")
def pokec():
    with gzip.open(FOLLOWS, "rt") as file:
        edges = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)
    return Audience.from_edges(int(edges.max()) + 1, source=edges[:, 0], target=edges[:, 1])


def audience_witnesses(audience, blocks):
    trust, floor = reference.pagerank(audience, np.ones(audience.n))
    return [
        dense_block(blocks),
        low_trust_followers(audience, trust, floor=floor),
        returned_followers(audience),
    ]


@pytest.mark.parametrize("camouflage", [0, 3])
def test_purchase_on_pokec_is_found_and_honest_accounts_are_left_alone(pokec, camouflage):
    rng = np.random.default_rng(21)
    purchase = Purchase(n_fakes=200, n_customers=50, n_follows=20, camouflage=camouflage)
    planted = plant(pokec, purchase, rng=rng)
    blocks = dense_blocks(planted.audience, rng=rng)
    assert auc(dense_block_conduct(blocks).share, planted.fakes) >= 0.99
    old = ~planted.fakes
    witnesses = audience_witnesses(planted.audience, blocks)
    fused = fuse(witnesses)
    assert auc(witnesses[1].share[old], planted.customers[old]) >= 0.98
    assert auc(-fused.value[old], planted.customers[old]) >= 0.98
    assert np.nanmax(fused.value[planted.customers]) < 0.5
    assert np.mean(fused.value[old & ~planted.customers] < 0.5) <= 0.01


def test_untouched_pokec_accuses_hardly_anybody(pokec):
    fused = fuse(audience_witnesses(pokec, dense_blocks(pokec, rng=np.random.default_rng(22))))
    assert np.nanmedian(fused.value) > 0.9
    assert np.mean(fused.value < 0.5) <= 0.01
