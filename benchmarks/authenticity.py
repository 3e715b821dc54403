"""Planted purchases of followers on Pokec-10k: who is found, who is accused wrongly.

Run from the repository root: ``python benchmarks/authenticity.py [folder of the data]``. Prints a Markdown table, means
over the seeds, and goes to docs/authenticity.md.
"""

import gzip
import os
import sys
import time
from pathlib import Path

import igraph
import numpy as np
from scipy.stats import rankdata

from guanxi.authenticity import (
    Audience,
    dense_block,
    dense_block_conduct,
    dense_blocks,
    fuse,
    low_trust_followers,
    returned_followers,
    unreturned_follows,
)
from guanxi.authenticity.attacks import Purchase, plant
from guanxi.authenticity.peeling import Edges, fraudar

SEEDS = (11, 12, 13, 14, 15)
RESTART = 0.15
N_TRUSTED_SEEDS = 100
ACCUSED_BELOW = 0.5

ROWS = {
    "nothing planted": None,
    "200, 50, 20, 0, 0": Purchase(n_fakes=200, n_customers=50, n_follows=20),
    "200, 50, 20, 3, 0": Purchase(n_fakes=200, n_customers=50, n_follows=20, camouflage=3),
    "500, 500, 5, 1, 0": Purchase(n_fakes=500, n_customers=500, n_follows=5, camouflage=1),
    "500, 500, 5, 1, .10, 5 links": Purchase(
        n_fakes=500, n_customers=500, n_follows=5, camouflage=1, follow_back=0.1, n_links=5
    ),
    "500, 500, 5, 1, .30, 5 links": Purchase(
        n_fakes=500, n_customers=500, n_follows=5, camouflage=1, follow_back=0.3, n_links=5
    ),
    "200, 200, 10, 3, .10, 5 links": Purchase(
        n_fakes=200, n_customers=200, n_follows=10, camouflage=3, follow_back=0.1, n_links=5
    ),
}

COLUMNS = (
    "fakes: plain FRAUDAR",
    "fakes: dense block",
    "fakes: fused conduct",
    "fakes: accounts followed",
    "customers: dense block",
    "customers: low trust",
    "customers: fused",
    "customers: follower count",
    "honest accused",
    "customers accused",
)


def auc(score, positive, among):
    """Area under the ROC curve; who is not spoken about gets the median score of the others."""
    score = np.where(np.isnan(score), np.nanmedian(score), score)[among]
    positive = positive[among]
    ranks, n = rankdata(score), positive.sum()
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(score) - n)) if n else np.nan


def pokec(folder):
    with gzip.open(folder / "pokec_10k" / "follows.csv.gz", "rt") as file:
        edges = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)
    return Audience.from_edges(int(edges.max()) + 1, source=edges[:, 0], target=edges[:, 1])


def global_trust(audience, n_honest, rng):
    """Personalised PageRank from a hundred random honest accounts; the floor is the mean restart."""
    graph = igraph.Graph(
        n=audience.n, edges=np.column_stack([audience.edge_sources(), audience.targets]), directed=True
    )
    seeds = rng.choice(n_honest, N_TRUSTED_SEEDS, replace=False)
    return np.array(graph.personalized_pagerank(damping=1 - RESTART, reset_vertices=seeds)), RESTART / audience.n


def plain_fraudar(audience):
    """The paper's ranking: all relations, and every account by the best objective of a block that it follows in."""
    score = np.zeros(audience.n)
    for block in fraudar(Edges.of(audience), audience.n):
        score[block.followers] = np.maximum(score[block.followers], block.objective)
    return score


def measure(clean, purchase, seed):
    rng = np.random.default_rng(seed)
    if purchase is None:
        audience, fakes, customers = clean, np.zeros(clean.n, dtype=bool), np.zeros(clean.n, dtype=bool)
    else:
        planted = plant(clean, purchase, rng=rng)
        audience, fakes, customers = planted.audience, planted.fakes, planted.customers
    trust, floor = global_trust(audience, clean.n, rng)
    blocks = dense_blocks(audience, rng=rng)
    block, conduct_block = dense_block(blocks), dense_block_conduct(blocks)
    low = low_trust_followers(audience, trust, floor=floor)
    about_audience = fuse([block, low, returned_followers(audience)])
    conduct = fuse([conduct_block, unreturned_follows(audience)])
    everybody, old = np.ones(audience.n, dtype=bool), ~fakes
    accused = about_audience.value < ACCUSED_BELOW
    return (
        auc(plain_fraudar(audience), fakes, everybody),
        auc(conduct_block.share, fakes, everybody),
        auc(-conduct.value, fakes, everybody),
        auc(audience.n_following.astype(float), fakes, everybody),
        auc(block.share, customers, old),
        auc(low.share, customers, old),
        auc(-about_audience.value, customers, old),
        auc(audience.n_followers.astype(float), customers, old),
        accused[old & ~customers].mean(),
        accused[customers].mean() if customers.any() else np.nan,
    )


def line(name, figures):
    return f"| {name} | " + " | ".join("-" if np.isnan(figure) else f"{figure:.3f}" for figure in figures) + " |"


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("GUANXI_DATA", "../shared/data"))
    clean = pokec(folder)
    print("| fakes, customers, follows, camouflage, follow-back | " + " | ".join(COLUMNS) + " |")
    print("|---|" + "---|" * len(COLUMNS))
    for name, purchase in ROWS.items():
        print(line(name, np.mean([measure(clean, purchase, seed) for seed in SEEDS], axis=0)), flush=True)


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
