"""The same ranking as OpenGDS on the same graph, where the plugin is installed."""

import numpy as np
import pytest
from scipy.stats import rankdata

from guanxi.engine import Engine, Strategy
from guanxi.stores.neo4j import Neo4jTarget
from guanxi.trust import pagerank
from strategies import row

N = 400
OPTIONS = (
    "{dampingFactor: 0.85, maxIterations: 500, tolerance: 1e-12, concurrency: 1, relationshipWeightProperty: $weight}"
)
RANKED = (
    f"CALL gds.pageRank.stream($name, {OPTIONS}) YIELD nodeId, score RETURN gds.util.asNode(nodeId).id AS id, score"
)
STANDING = """
MATCH (a:Account) OPTIONAL MATCH (a)-[r:FOLLOWS|TRUSTS]->(b:Account) WHERE NOT r.retracted
WITH DISTINCT a, b RETURN gds.graph.project('standing', a, b) AS g
"""
WEIGHTED = """
UNWIND $edges AS edge MATCH (a:Account {id: edge[0]}), (b:Account {id: edge[1]})
RETURN gds.graph.project('weighted', a, b, {relationshipProperties: {weight: edge[2]}}) AS g
"""


def rows():
    """Follows and trust with a heavy tail, some taken back; the last quarter of the accounts trusts nobody."""
    rng = np.random.default_rng(11)
    sources = rng.integers(N * 3 // 4, size=8 * N)
    targets = np.minimum(rng.zipf(1.4, size=8 * N), 10**6) * 7919 % N
    pairs = dict.fromkeys(zip(sources.tolist(), targets.tolist(), strict=True))
    pairs |= dict.fromkeys((int(rng.integers(N // 2)), N // 2 + at) for at in range(N // 2))  # nobody is left out
    pairs = [pair for pair in pairs if pair[0] != pair[1]]
    told = [row("follow", f"a{a}", f"a{b}", at=(a + b) % 900) for a, b in pairs]
    told += [row("trust", f"a{a}", f"a{b}", at=a % 900, value=1 + b % 9) for a, b in pairs[::5]]
    return told + [row("unfollow", f"a{a}", f"a{b}", at=950) for a, b in pairs[1:2000:7]]


@pytest.fixture
def ask(clean_neo4j):
    """Rows that a statement gives; graphs that were projected are dropped at the end."""
    if not clean_neo4j.has_gds:
        pytest.skip("the server has no OpenGDS")
    with clean_neo4j.driver(warn_notification_severity="OFF") as driver:
        yield lambda cypher, **values: [record.data() for record in driver.execute_query(cypher, values).records]
        driver.execute_query(
            "CALL gds.graph.list() YIELD graphName CALL gds.graph.drop(graphName) YIELD nodeCount FINISH"
        )


@pytest.fixture
def run(ask, clean_neo4j, tmp_path):
    """Scores of that graph, without discounts: OpenGDS knows none."""
    target = Neo4jTarget.parse(clean_neo4j.uri, user=clean_neo4j.user, password=clean_neo4j.password)
    engine = Engine(tmp_path / "home", create=True, neo4j=target)
    engine.neo4j.migrate()
    assert {outcome.outcome for outcome in engine.append(rows())} <= {"created", "duplicate"}
    engine.snapshot()
    engine.score(Strategy(name="custom", discounts=False))
    yield engine.view().run
    engine.close()


def ranked(ask, run, name, weight=None):
    """Scores of OpenGDS in the order of our accounts."""
    found = {row["id"]: row["score"] for row in ask(RANKED, name=name, weight=weight)}
    assert len(found) == run.snapshot.n_accounts
    return np.array([found[id_] for id_ in run.snapshot.accounts.values.to_pylist()])


def spearman(ours, theirs):
    """Correlation of ranks; what differs in the last digits only is a tie."""
    ranks = [rankdata(np.round(scores / scores.sum(), 12)) for scores in (ours, theirs)]
    return float(np.corrcoef(ranks)[0, 1])


def same(ours, theirs):
    """The same ranking, and more: the same scores, but for one factor."""
    assert spearman(ours, theirs) > 0.9999
    assert theirs / theirs.sum() == pytest.approx(ours, rel=1e-6)
    assert ours.sum() == pytest.approx(1.0)


def test_pagerank_ranks_as_opengds_does(ask, run):
    [projected] = ask(STANDING)
    assert (projected["g"]["nodeCount"], projected["g"]["relationshipCount"]) == (run.graph.n, run.graph.m)
    same(run.pagerank, ranked(ask, run, "standing"))


def test_trust_ranks_as_weighted_pagerank_of_opengds(ask, run):
    ids = run.snapshot.accounts.values.to_pylist()
    ends = zip(run.graph.edge_sources().tolist(), run.graph.targets.tolist(), run.graph.weights.tolist(), strict=True)
    [projected] = ask(WEIGHTED, edges=[[ids[a], ids[b], weight] for a, b, weight in ends])
    assert (projected["g"]["nodeCount"], projected["g"]["relationshipCount"]) == (run.graph.n, run.graph.m)
    theirs = ranked(ask, run, "weighted", "weight")
    same(run.global_trust, theirs)
    same(pagerank(run.graph, weighted=True), theirs)


def test_opengds_loses_what_accounts_without_trust_hold_and_guanxi_does_not(ask, run):
    assert (run.graph.out_sums == 0).sum() >= N // 4
    ask(STANDING)
    theirs = ranked(ask, run, "standing")
    assert theirs.sum() < run.graph.n * 0.99  # it would be n, were nothing lost
    assert run.pagerank.sum() == pytest.approx(1.0)
