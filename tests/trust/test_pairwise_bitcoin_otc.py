"""The goals that pairwise trust is held to, on real statements, where these are at hand."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

import reference_pairwise as reference
from guanxi.trust import Statements, fit_pairwise

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
RATINGS = DATA / "bitcoin_otc" / "ratings.csv.gz"

pytestmark = pytest.mark.skipif(not RATINGS.exists(), reason="bitcoin_otc/ratings.csv.gz is not in GUANXI_DATA")


@pytest.fixture(scope="module")
def ratings():
    with gzip.open(RATINGS, "rt") as file:
        rows = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)
    names, index = np.unique(rows[:, :2], return_inverse=True)
    source, target = index.reshape(-1, 2).T
    return Statements.of(len(names), source=source, target=target, value=rows[:, 2] / 10, time=rows[:, 3])


def test_bitcoin_otc_each_left_out_beats_the_best_published(ratings):
    found = fit_pairwise(ratings).left_out()
    values = np.where(found.known, found.values, found.habits)
    assert found.known.mean() > 0.95
    assert np.sqrt(np.mean((values - ratings.value) ** 2)) <= 0.25
    assert np.corrcoef(values, ratings.value)[0, 1] >= 0.68


def test_bitcoin_otc_signs_of_a_fifth_left_out_reach_the_goals(ratings):
    aside = np.random.default_rng(1).random(ratings.m) < 0.2
    kept = {name: getattr(ratings, name)[~aside] for name in ("source", "target", "value")}
    model = fit_pairwise(Statements.of(ratings.n, **kept), outcome="sign")
    found = model.predict(ratings.source[aside], ratings.target[aside])
    values = np.where(found.known, found.values, found.habits)
    positive = ratings.value[aside] > 0
    ranks, n = rankdata(values), positive.sum()
    assert (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(values) - n)) >= 0.92
    assert reference.macro_f1(values > model.cut, positive) >= 0.80
