"""Leaders: does reach say more about what comes later than followers or global rank do?

Run from the repository root: ``python benchmarks/leaders.py [folder of the data] --write docs/leaders.md``. Prints
Markdown tables; ``--write`` puts them between that page's markers. ``--quick`` draws fewer bootstrap samples. LastFM is
read out of the wheel graphdatascience 2.2 where that is installed.

Reach was chosen among some twenty measures looking at what came after periods 2 and 4 on Epinions, which are marked.
What came there after period 6 came after those, too, so that it is no test; Bitcoin OTC, Ciao and LastFM took no part.
"""

import argparse
import gzip
import os
import time
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import scipy.sparse as sp
from scipy.stats import rankdata

import graphs
import tables
from guanxi.graph import TrustGraph
from guanxi.graph.communities import communities, ties
from guanxi.trust import Push, Routes, eigentrust, pagerank
from guanxi.trust.confidence import influence
from guanxi.trust.earned import earned
from guanxi.trust.peers import expected
from guanxi.trust.reach import reach

FEWEST_FOLLOWERS, FEWEST_SHARES = 5, 3
SEED = 1


@dataclass
class Task:
    """Who trusts whom before some moment, and what came of every account after it (NaN: nothing to go by)."""

    data: str
    outcome: str
    graph: TrustGraph
    later: np.ndarray
    recent: np.ndarray | None = None
    scores: dict = field(default_factory=dict)


# Data


def rows_of(path):
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)


def epinions(folder, cut, *, chosen_on=False):
    """Trust statements up to a period; later ones, and what was rated later."""
    said = rows_of(folder / "epinions" / "trust.csv.gz")
    rated = rows_of(folder / "epinions" / "ratings.csv.gz")
    n = int(max(said[:, :2].max(), rated[:, 0].max())) + 1
    before, after = said[said[:, 2] <= cut], said[said[:, 2] > cut]
    pair = after[:, 0] * n + after[:, 1]
    after = after[~np.isin(pair, before[:, 0] * n + before[:, 1])]
    graph = TrustGraph.from_edges(n, source=before[:, 0], target=before[:, 1])
    recent = np.bincount(before[before[:, 2] == cut, 1], minlength=n).astype(float)
    name = f"Epinions after {cut}" + (" (chosen on)" if chosen_on else "")
    yield Task(name, "later trusters", graph, np.bincount(after[:, 1], minlength=n).astype(float), recent)
    for task in adoptions(name, graph, rated[:, [0, 1, 5]], cut):
        task.recent = recent
        yield task


def bitcoin_otc(folder):
    """Positive ratings of traders, half of them earlier and half later."""
    said = rows_of(folder / "bitcoin_otc" / "ratings.csv.gz")
    said, n = said[said[:, 2] > 0], int(said[:, :2].max()) + 1
    before = said[:, 3] <= np.median(said[:, 3])
    early, late = said[before], said[~before]
    graph = TrustGraph.from_edges(n, source=early[:, 0], target=early[:, 1], weight=early[:, 2])
    recent = np.bincount(early[early[:, 3] > np.quantile(early[:, 3], 0.8), 1], minlength=n).astype(float)
    yield Task("Bitcoin OTC", "later trusters", graph, np.bincount(late[:, 1], minlength=n).astype(float), recent)


def ciao(folder):
    """Trust has no time here, so some of it came after what it is to predict."""
    said, rated = (rows_of(folder / "ciao" / f"{name}.csv.gz") for name in ("trust", "ratings"))
    n = int(max(said.max(), rated[:, 0].max())) + 1
    graph = TrustGraph.from_edges(n, source=said[:, 0], target=said[:, 1])
    yield from adoptions("Ciao", graph, rated[:, [0, 1, 5]], np.quantile(rated[:, 5], 0.7))


def lastfm():
    """Friendship has no time here, either; a tag is a share."""
    try:
        home = Path(str(distribution("graphdatascience").locate_file("graphdatascience/resources/lastfm")))
    except PackageNotFoundError:
        return
    ends = ["sourceNodeId", "targetNodeId"]
    friends = pq.read_table(home / "user_friend_df_directed.parquet.gzip", columns=ends)
    tags = pq.read_table(home / "user_tag_artist_rels.parquet.gzip", columns=[*ends, "timestamp"])
    a, b = (friends[name].to_numpy() for name in ends)
    shared = np.column_stack([tags[name].to_numpy().astype(np.int64) for name in [*ends, "timestamp"]])
    n = int(max(a.max(), b.max(), shared[:, 0].max())) + 1
    graph = TrustGraph.from_edges(n, source=np.append(a, b), target=np.append(b, a), weight=np.ones(2 * len(a)))
    yield from adoptions("LastFM", graph, shared, np.quantile(shared[:, 2], 0.7))


def adoptions(data, graph, shares, cut):
    """How many others share an item after an account's first share of it, per item, of those after the cut."""
    order = np.lexsort((shares[:, 2], shares[:, 1], shares[:, 0]))
    shares = shares[order]
    first = np.append(True, (shares[1:, :2] != shares[:-1, :2]).any(axis=1))
    shares = shares[first]
    account, item, when = shares[shares[:, 2] > cut].T
    followers = _taken_up_by_followers(graph, account, item, when)
    strangers = _taken_up_later(item, when) - followers
    n_shares = np.bincount(account, minlength=graph.n)
    for name, taken in (("followers who take up, per share", followers), ("strangers who do", strangers)):
        total = np.bincount(account, weights=taken, minlength=graph.n)
        later = np.where(n_shares >= FEWEST_SHARES, total / np.maximum(n_shares, 1), np.nan)
        yield Task(data, name, graph, later)


def _taken_up_later(item, when):
    """Number of first shares of the same item after each."""
    order = np.lexsort((when, item))
    later = np.empty(len(item), dtype=np.int64)
    moment = np.unique(when, return_inverse=True)[1]
    keys = item[order] * (len(when) + 1) + moment[order]
    last = np.searchsorted(item[order], item[order], side="right")
    later[order] = last - np.searchsorted(keys, keys, side="right")
    return later


def _taken_up_by_followers(graph, account, item, when):
    """Number of followers who shared the same item after each share."""
    taken = np.zeros(len(account))
    start = np.searchsorted(account, np.arange(graph.n + 1))
    for a in np.unique(account).tolist():
        mine = slice(start[a], start[a + 1])
        for follower in graph.in_row(a)[0].tolist():
            theirs = slice(start[follower], start[follower + 1])
            if start[follower] == start[follower + 1]:
                continue
            at = np.minimum(np.searchsorted(item[theirs], item[mine]), start[follower + 1] - start[follower] - 1)
            taken[mine] += (item[theirs][at] == item[mine]) & (when[theirs][at] > when[mine])
    return taken


# Measures


def scores_of(task, known={}):  # noqa: B006 - one graph has several tasks
    """What each method says of every account."""
    if id(task.graph) not in known:
        known[id(task.graph)] = (task.graph, _scores(task.graph))
    scores = dict(known[id(task.graph)][1])
    if task.recent is not None:
        scores["new followers lately"] = task.recent
    return scores


def _scores(graph):
    followers = graph.in_degrees.astype(float)
    trust = eigentrust(graph, np.full(graph.n, 1 / graph.n))
    weights = influence(earned(graph, trust))
    found = reach(Push(Routes.of(graph)), communities(graph), weights=weights, rng=np.random.default_rng(SEED))
    peers = expected(followers, found.scores)
    return {
        "followers": followers,
        "PageRank": pagerank(graph),
        "followers of followers": _second(graph),
        "**reach**": found.scores,
        "reach over that of peers": (1 + found.scores) / (1 + peers.value),
        "trust of strangers": found.trust,
        "accounts that it comes from": found.effective,
        "_high": peers.high,
        "_low": peers.low,
    }


def _second(graph):
    """Number of strangers whom a follower knows."""
    ends = (graph.edge_sources(), graph.targets)
    tied = sp.csr_matrix((np.ones(graph.m), ends), shape=(graph.n, graph.n))
    two = (tied @ tied) > 0
    two = two.astype(float) - two.multiply(tied > 0)
    two.setdiag(0)
    return np.asarray(two.sum(axis=0)).ravel()


def correlation(score, later, _):
    return np.corrcoef(rankdata(score), rankdata(later))[0, 1]


def within(score, later, followers, size=50):
    """Mean rank correlation among accounts of about the same number of followers, 50 at a time."""
    order = np.argsort(followers, kind="stable")
    found = []
    for some in np.array_split(order, max(len(order) // size, 1)):
        ranks, outcomes = rankdata(score[some]), rankdata(later[some])
        flat = ranks.std() == 0 or outcomes.std() == 0
        found.append(0.0 if flat else np.corrcoef(ranks, outcomes)[0, 1])
    return np.mean(found)


def lift(score, later, _, n=100):
    """What came of the 100 best, over what came of all."""
    return later[np.argsort(-score, kind="stable")[:n]].mean() / later.mean()


def measured_rows(task, n_samples):
    scores = {name: of for name, of in scores_of(task).items() if not name.startswith("_")}
    followers = task.graph.in_degrees
    some = np.flatnonzero((followers >= FEWEST_FOLLOWERS) & ~np.isnan(task.later))
    rng = np.random.default_rng(SEED)
    samples = [rng.choice(some, len(some)) for _ in range(n_samples)]
    for name, score in scores.items():
        cells = []
        for measure in (correlation, within, lift):
            value = measure(score[some], task.later[some], followers[some])
            spread = np.std([measure(score[of], task.later[of], followers[of]) for of in samples])
            cells.append(f"{value:.2f} ± {spread:.2f}")
        yield [task.data, task.outcome, f"{len(some):,}", name, *cells]


def label_rows(task):
    """What came of those called leaders and of those called merely followed, over accounts of the same size."""
    scores, followers = scores_of(task), task.graph.in_degrees
    there = ~np.isnan(task.later) & ~np.isnan(scores["_high"])
    order = np.flatnonzero(there)[np.argsort(followers[there], kind="stable")]
    first = np.clip(np.arange(len(order)) - 50, 0, len(order) - 101)
    sums = np.append(0, np.cumsum(task.later[order]))
    usual = np.full(task.graph.n, np.nan)
    usual[order] = (sums[first + 101] - sums[first]) / 101
    value = scores["**reach**"]
    kinds = {
        "leader": value > scores["_high"],
        "as expected": (value <= scores["_high"]) & (value >= scores["_low"]),
        "merely followed": value < scores["_low"],
    }
    rng = np.random.default_rng(SEED)
    for name, kind in kinds.items():
        some = np.flatnonzero(there & kind)
        if not len(some):
            continue
        ratios = [task.later[of].sum() / usual[of].sum() for of in (rng.choice(some, len(some)) for _ in range(500))]
        low, high = np.quantile(ratios, (0.05, 0.95))
        ratio = task.later[some].sum() / usual[some].sum()
        n_followers = f"{np.median(followers[some]):.0f}"
        yield [task.data, task.outcome, name, f"{len(some):,}", n_followers, f"{ratio:.2f} ({low:.2f} to {high:.2f})"]


# Report


def cost_rows():
    """Seconds and memory of communities, on generated graphs."""
    for name, generate in graphs.GENERATORS.items():
        graph = graphs.trust_graph(generate, 1_000_000, np.random.default_rng(SEED))
        started = time.perf_counter()
        found = communities(graph)
        seconds = time.perf_counter() - started
        modularity = _modularity(graph, found)
        yield [name, f"{graph.n:,}", f"{graph.m:,}", f"{seconds:.1f}", f"{found.max() + 1:,}", f"{modularity:.3f}"]


def _modularity(graph, labels):
    low, high, weight = ties(graph)
    degree = np.bincount(low, weight, graph.n) + np.bincount(high, weight, graph.n)
    inside = weight[labels[low] == labels[high]].sum() / weight.sum()
    return inside - ((np.bincount(labels, degree) / degree.sum()) ** 2).sum()


def tasks(folder):
    for cut in (2, 4):
        yield from epinions(folder, cut, chosen_on=True)
    yield from epinions(folder, 6)
    yield from bitcoin_otc(folder)
    yield from ciao(folder)
    yield from lastfm()


def report(options):
    done = list(tasks(options.folder))
    yield (
        f"Accounts with at least {FEWEST_FOLLOWERS} followers; for what is taken up, with at least {FEWEST_SHARES} "
        f"shares. ± is the standard deviation over {options.samples} bootstrap samples of accounts."
    )
    yield tables.versions("numpy", "scipy", "numba", "igraph") + "; " + tables.machine() + "."
    head = ["data", "what came later", "accounts", "method", "rank correlation", "at equal followers", "best 100"]
    yield "**What came later**"
    yield tables.markdown(head, [row for task in done for row in measured_rows(task, options.samples)], n_left=2)
    yield "**What came later of those who were labelled, over accounts with as many followers** (90 % interval)"
    head = ["data", "what came later", "label", "accounts", "followers, median", "ratio"]
    yield tables.markdown(head, [row for task in done for row in label_rows(task)], n_left=3)
    yield "**Communities of generated graphs**"
    head = ["graph", "accounts", "edges", "seconds", "communities", "modularity"]
    yield tables.markdown(head, list(cost_rows()))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("GUANXI_DATA", "../shared/data")))
    parser.add_argument("--quick", dest="samples", action="store_const", const=5, default=50, help="does it run?")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    options = parser.parse_args()
    if not (options.folder / "epinions").is_dir():
        print(f"skipped: no epinions in {options.folder}")
        return
    parts = []
    for part in report(options):
        print(part, end="\n\n", flush=True)
        parts.append(part)
    if options.write:
        tables.write(options.write, "measured leaders", "\n\n".join(parts))


if __name__ == "__main__":
    main()
