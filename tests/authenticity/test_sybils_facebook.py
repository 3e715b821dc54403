"""Fakes on real friendships; needs SNAP's Facebook graph, which the project does not contain."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from guanxi.authenticity.sybils import bounded_scar, embedded_ties, label_prior, mutual_ties, sybilscar
from guanxi.graph import TrustGraph

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
FRIENDS = DATA / "facebook_ego" / "edges.csv.gz"
N, N_LABELS = 4039, 100

pytestmark = pytest.mark.skipif(not FRIENDS.exists(), reason="facebook_ego/edges.csv.gz is not in GUANXI_DATA")


@pytest.fixture(scope="module")
def friends():
    with gzip.open(FRIENDS, "rt") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)


def auc(score, labelled):
    others = np.setdiff1d(np.arange(2 * N), labelled)
    ranks, n_fakes = rankdata(score[others]), np.count_nonzero(others >= N)
    above = ranks[others >= N].sum() - n_fakes * (n_fakes + 1) / 2
    return above / (n_fakes * (len(others) - n_fakes))


@pytest.mark.parametrize("aim", ["anybody", "seeds"])
def test_replica_under_5000_attack_edges_is_told_apart_and_better_than_by_scar_d(friends, aim):
    rng = np.random.default_rng(99)
    honest, fake = rng.choice(N, N_LABELS, replace=False), N + rng.choice(N, N_LABELS, replace=False)
    targets = rng.choice(N if aim == "anybody" else honest, 5000)
    attack = np.column_stack([targets, N + rng.integers(0, N, 5000)])
    ends = np.concatenate([friends, friends + N, attack])
    graph = TrustGraph.from_edges(
        2 * N, source=np.concatenate([ends[:, 0], ends[:, 1]]), target=np.concatenate([ends[:, 1], ends[:, 0]])
    )
    prior, labelled = label_prior(2 * N, honest=honest, fake=fake), np.concatenate([honest, fake])
    found = auc(bounded_scar(embedded_ties(graph), prior), labelled)
    assert found >= 0.975
    assert found > auc(sybilscar(mutual_ties(graph), prior), labelled)
