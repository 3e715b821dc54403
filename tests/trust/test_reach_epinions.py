"""Reach on real statements of trust with a time; skipped where the data is missing."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

from guanxi.graph import TrustGraph
from guanxi.graph.communities import communities
from guanxi.trust import Push, Routes, eigentrust, pagerank
from guanxi.trust.confidence import influence
from guanxi.trust.earned import earned
from guanxi.trust.peers import expected
from guanxi.trust.reach import reach

DATA = Path(os.environ.get("GUANXI_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
TRUST = DATA / "epinions" / "trust.csv.gz"
LAST_PERIOD = 6

pytestmark = pytest.mark.skipif(not TRUST.exists(), reason="epinions/trust.csv.gz is not in GUANXI_DATA")


@pytest.fixture(scope="module")
def found():
    """The graph after some periods, reach of a sample of viewers, and how many trusters came later."""
    with gzip.open(TRUST, "rt") as file:
        said = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)
    n, before = int(said[:, :2].max()) + 1, said[:, 2] <= LAST_PERIOD
    graph = TrustGraph.from_edges(n, source=said[before, 0], target=said[before, 1])
    later = np.bincount(said[~before, 1], minlength=n)
    voices = influence(earned(graph, eigentrust(graph, np.full(n, 1 / n))))
    reached = reach(
        Push(Routes.of(graph)), communities(graph), weights=voices, n_viewers=3000, rng=np.random.default_rng(1)
    )
    return graph, reached, later


def at_equal_followers(score, later, followers):
    """Mean rank correlation among 50 accounts of about as many followers at a time."""
    order = np.argsort(followers, kind="stable")
    ranks = [(rankdata(score[some]), rankdata(later[some])) for some in np.array_split(order, len(order) // 50)]
    return np.mean([np.corrcoef(x, y)[0, 1] if x.std() and y.std() else 0.0 for x, y in ranks])


def test_reach_says_more_of_later_trusters_than_followers_and_pagerank_do(found):
    graph, reached, later = found
    some = np.flatnonzero(graph.in_degrees >= 5)
    scores = {"reach": reached.scores, "followers": graph.in_degrees, "pagerank": pagerank(graph)}
    told = {
        name: at_equal_followers(score[some], later[some], graph.in_degrees[some]) for name, score in scores.items()
    }
    assert told["reach"] > told["pagerank"] > told["followers"]
    assert told["reach"] > 0.25


def test_leaders_gain_trusters_and_the_merely_followed_hardly_any(found):
    graph, reached, later = found
    peers = expected(graph.in_degrees, reached.scores)
    leaders, followed = reached.scores > peers.high, reached.scores < peers.low
    assert 200 < leaders.sum() < 500
    assert 200 < followed.sum() < 500
    assert later[leaders].mean() > 2 * later[graph.in_degrees >= 5].mean()
    assert later[followed].mean() < 0.3 * later[graph.in_degrees >= 5].mean()
