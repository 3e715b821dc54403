"""Fake accounts on real friendships and a replica of them, under ever more attack edges.

Run from the repository root: ``python benchmarks/sybils.py [folder of the data [section ...]]``, where a section is
facebook, elsewhere, one-way or engine. Writes the tables into docs/sybils.md: means over the seeds, with the standard
deviation. The options of the methods were set on Pokec, LastFM and Ciao; Facebook and Epinions took no part in it.
"""

import gzip
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import norm, rankdata

from guanxi.authenticity import Subject
from guanxi.authenticity.sybils import (
    bounded_scar,
    classifier_prior,
    embedded_ties,
    gang,
    label_prior,
    mutual_ties,
    rotating_seeds,
    sybilrank,
    sybilscar,
)
from guanxi.engine import Engine
from guanxi.graph import TrustGraph
from guanxi.trust import eigentrust
from tables import markdown, write

SEEDS = (1, 2, 3, 4, 5)
N_LABELS = 100
N_VETTED = 1000
HONEST_LOSS = 0.05
FACEBOOK_TIES = 88_234
RESTART = 0.15
PAGE = Path(__file__).parents[1] / "docs" / "sybils.md"


@dataclass(frozen=True, slots=True)
class Attack:
    """So many attack edges, whom they go to, and what the defender knows.

    ``aim`` is one of "anybody", "seeds", "last seeds" (of the period before), "popular" (in proportion to ties) and
    "circles" (an account and four of its friends at once). ``wrong`` is the part of labels that are wrong, ``known``
    the AUC of a classifier that speaks about everybody.
    """

    n_edges: int
    aim: str = "anybody"
    wrong: float = 0.0
    known: float | None = None
    goal: str = ""


ATTACKS = {
    "1,000 at random": Attack(1_000, goal=".998 (.011)"),
    "5,000 at random": Attack(5_000, goal=".963 (.120)"),
    "20,000 at random": Attack(20_000, goal=".812 (.102)"),
    "60,000 at random": Attack(60_000),
    "1,000 at the seeds": Attack(1_000, "seeds", goal=".981"),
    "5,000 at the seeds": Attack(5_000, "seeds"),
    "5,000 at the seeds of last period": Attack(5_000, "last seeds"),
    "5,000 at the popular": Attack(5_000, "popular"),
    "5,000 into circles of friends": Attack(5_000, "circles"),
    "20,000 into circles of friends": Attack(20_000, "circles"),
    "5,000 at random, 10 % of labels wrong": Attack(5_000, wrong=0.1),
    "60,000 at random, classifier of AUC .75": Attack(60_000, known=0.75),
}


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A graph of honest accounts, then as many fakes, with labels, prior and both kinds of ties."""

    graph: TrustGraph
    equal: TrustGraph
    embedded: TrustGraph
    honest: np.ndarray
    fake: np.ndarray
    prior: np.ndarray

    @property
    def seeds(self):
        seeds = np.zeros(self.equal.n)
        seeds[self.honest] = 1.0
        return seeds


# Options were set on the first two; the third took no part in it.
OTHERS = {"Pokec": "pokec_10k/follows.csv.gz", "Ciao": "ciao/trust.csv.gz", "Epinions": "epinions/trust.csv.gz"}
ELSEWHERE = ("5,000 at random", "20,000 at random", "5,000 at the seeds", "5,000 into circles of friends")

THROUGH_THE_ENGINE = (
    *("1,000 at random", "5,000 at random", "20,000 at random", "60,000 at random"),
    *("1,000 at the seeds", "5,000 at the seeds", "20,000 into circles of friends"),
)
ASKED = ("honest below .9", "fakes below .9", "factor on trust, honest", "factor on trust, fakes")
RUN_PRIOR = 0.9

OURS = "bounded SCAR-D, embedded ties"
HEDGED = "mean of this and GANG"


@lru_cache(maxsize=1)
def ours(case):
    return bounded_scar(case.embedded, case.prior)


@lru_cache(maxsize=1)
def guilt(case):
    return gang(case.graph, case.prior)


@lru_cache(maxsize=1)
def personal(case):
    return eigentrust(case.graph, case.seeds, restart=RESTART)


def per_tie(trust, ties):
    return trust / np.maximum(ties.out_sums, np.finfo(float).tiny)


METHODS = {
    "SCAR-D": lambda case: sybilscar(case.equal, case.prior),
    OURS: ours,
    "GANG": guilt,
    HEDGED: lambda case: (ours(case) + guilt(case)) / 2,
    "bounded SCAR-D, equal ties": lambda case: bounded_scar(case.equal, case.prior),
    "SCAR-D, embedded ties": lambda case: sybilscar(case.embedded, case.prior),
    "SybilRank": lambda case: sybilrank(case.equal, case.honest),
    "personal trust": lambda case: -personal(case),
    "personal trust per tie": lambda case: -per_tie(personal(case), case.equal),
}


def read(folder, name):
    with gzip.open(folder / name, "rt") as file:
        pairs = np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64, usecols=(0, 1))
    return pairs[pairs[:, 0] != pairs[:, 1]]


def facebook(folder):
    pairs = read(folder, "facebook_ego/edges.csv.gz")
    return mutual_ties(both_ways(int(pairs.max()) + 1, pairs))


def returned_relations(folder, name):
    """Ties among the accounts that have any."""
    pairs = read(folder, name)
    ties = mutual_ties(TrustGraph.from_edges(int(pairs.max()) + 1, source=pairs[:, 0], target=pairs[:, 1]))
    kept = np.cumsum(ties.in_degrees > 0) - 1
    return TrustGraph.from_edges(int(kept[-1]) + 1, source=kept[ties.edge_sources()], target=kept[ties.targets])


def both_ways(n, pairs):
    return TrustGraph.from_edges(
        n, source=np.concatenate([pairs[:, 0], pairs[:, 1]]), target=np.concatenate([pairs[:, 1], pairs[:, 0]])
    )


def attacked(clean, attack, honest, last, rng):
    """Pairs (honest, fake) of the attack, each once."""
    n, pairs = clean.n, np.zeros((0, 2), dtype=np.int64)
    while len(pairs) < attack.n_edges:
        n_more = attack.n_edges - len(pairs)
        fakes = n + rng.integers(0, n, n_more)
        targets = {
            "anybody": lambda k: rng.integers(0, n, k),
            "seeds": lambda k: rng.choice(honest, k),
            "last seeds": lambda k: rng.choice(last, k),
            "popular": lambda k: clean.targets[rng.integers(0, clean.m, k)].astype(np.int64),
            "circles": lambda k: circles(clean, k, rng),
        }[attack.aim](n_more)
        if attack.aim == "circles":
            fakes = np.repeat(fakes, 5)[:n_more]
        more = np.column_stack([targets, fakes])
        pairs = np.unique(np.concatenate([pairs, more]), axis=0)
    return pairs


def circles(clean, n_targets, rng):
    """An account and four of its friends (with repetition where it has fewer), over and over."""
    first = rng.choice(np.flatnonzero(clean.in_degrees), -(-n_targets // 5))
    friends = clean.offsets[first][:, None] + rng.integers(0, clean.in_degrees[first][:, None], (len(first), 4))
    return np.column_stack([first, clean.targets[friends].astype(np.int64)]).ravel()[:n_targets]


def seeds_of(period, n, rng):
    """Rotating seeds among vetted honest and found fake accounts, for a period and the one before it."""
    secret = rng.bytes(32)
    honest, fake = rng.permutation(n)[:N_VETTED], n + rng.permutation(n)[:N_VETTED]
    return [
        [
            pool[rotating_seeds([str(i) for i in pool], secret=secret, period=f"{when}", n_seeds=N_LABELS)]
            for when in (period, period - 1)
        ]
        for pool in (honest, fake)
    ]


def prior_of(attack, n, honest, fake, rng):
    n_wrong = round(attack.wrong * N_LABELS)
    said_honest = np.concatenate([honest[n_wrong:], fake[:n_wrong]])
    said_fake = np.concatenate([fake[n_wrong:], honest[:n_wrong]])
    if attack.known is None:
        return label_prior(2 * n, honest=said_honest, fake=said_fake)
    # Two normal scores this far apart have the AUC; the probability is Bayes' rule for them.
    apart = np.sqrt(2) * norm.ppf(attack.known)
    signal = rng.normal(np.repeat([-apart / 2, apart / 2], n))
    return classifier_prior(1 / (1 + np.exp(-apart * signal)), honest=said_honest, fake=said_fake)


def case_of(clean, attack, seed):
    rng = np.random.default_rng(seed)
    n = clean.n
    (honest, last), (fake, _) = seeds_of(seed, n, rng)
    source, target = clean.edge_sources().astype(np.int64), clean.targets.astype(np.int64)
    inside = np.column_stack([source, target])
    pairs = np.concatenate([inside, inside + n, attacked(clean, attack, honest, last, rng)])
    ties = mutual_ties(both_ways(2 * n, pairs))
    return Case(ties, ties, embedded_ties(ties), honest, fake, prior_of(attack, n, honest, fake, rng))


def figures(score, case, n_edges):
    """AUC, and accepted fakes per attack edge where 5 % of honest accounts are lost; labelled accounts left out."""
    n = len(score) // 2
    others = np.ones(2 * n, dtype=bool)
    others[case.honest] = others[case.fake] = False
    honest, fake = score[:n][others[:n]], score[n:][others[n:]]
    ranks = rankdata(np.concatenate([honest, fake]))[len(honest) :]
    auc = (ranks.sum() - len(fake) * (len(fake) + 1) / 2) / (len(honest) * len(fake))
    threshold = np.sort(honest)[int(np.ceil((1 - HONEST_LOSS) * len(honest))) - 1]
    return auc, np.count_nonzero(fake <= threshold) / n_edges


def measure(cases, methods, n_edges):
    """Figures of every method, shape (cases, methods, 2)."""
    return np.array([[figures(METHODS[name](case), case, n_edges) for name in methods] for case in cases])


def short(value):
    return f"{value:.3f}".removeprefix("0")


def cells(values, best):
    """Mean and spread of each method; the best in bold."""
    means, spread = values.mean(axis=0), values.std(axis=0, ddof=1)
    chosen = short(best(means))
    texts = [(short(mean), f" ± {short(sd)}") for mean, sd in zip(means, spread, strict=True)]
    return [f"**{mean}**{sd}" if mean == chosen else mean + sd for mean, sd in texts]


def on_facebook(folder):
    """Both figures under every attack."""
    clean, aucs, accepted = facebook(folder), [], []
    for name, attack in ATTACKS.items():
        values = measure((case_of(clean, attack, seed) for seed in SEEDS), METHODS, attack.n_edges)
        aucs.append([name, *cells(values[..., 0], np.max), attack.goal or "-"])
        accepted.append([name, *cells(values[..., 1], np.min)])
    write(PAGE, "auc", markdown(["attack edges", *METHODS, "SCAR-D, known before"], aucs))
    write(PAGE, "accepted", markdown(["attack edges", *METHODS], accepted))


def elsewhere(folder):
    """AUC on other graphs; as many attack edges per tie as on Facebook."""
    methods, rows = ("SCAR-D", OURS, "GANG", HEDGED, "SybilRank"), []
    for graph, name in OTHERS.items():
        clean = returned_relations(folder, name)
        for title in ELSEWHERE:
            attack = ATTACKS[title]
            scaled = Attack(round(attack.n_edges * clean.m / 2 / FACEBOOK_TIES), attack.aim)
            values = measure((case_of(clean, scaled, seed) for seed in SEEDS), methods, scaled.n_edges)
            rows.append([graph, f"{scaled.n_edges:,} {title.split(' ', 1)[1]}", *cells(values[..., 0], np.max)])
    write(PAGE, "elsewhere", markdown(["graph", "attack edges", *methods], rows, n_left=2))


def one_way(folder):
    """Fakes that follow on Pokec, where relations have a direction: one follow in ten is returned."""
    methods, rows = ("SCAR-D", OURS, "GANG", HEDGED, "personal trust"), []
    pairs = read(folder, OTHERS["Pokec"])
    for n_follows in (5_000, 20_000, 60_000):
        cases = [one_way_case(pairs, n_follows, seed) for seed in SEEDS]
        values = measure(cases, methods, n_follows / 10)
        rows.append([f"{n_follows:,}", *cells(values[..., 0], np.max), *cells(values[..., 1], np.min)])
    head = ["follows", *(f"AUC: {name}" for name in methods), *(f"accepted: {name}" for name in methods)]
    write(PAGE, "directed", markdown(head, rows))


def one_way_case(pairs, n_follows, seed):
    rng = np.random.default_rng(seed)
    n = int(pairs.max()) + 1
    (honest, _), (fake, _) = seeds_of(seed, n, rng)
    follows = np.column_stack([n + rng.integers(0, n, n_follows), rng.integers(0, n, n_follows)])
    returned = follows[: n_follows // 10, ::-1]
    ends = np.concatenate([pairs, pairs + n, follows, returned])
    graph = TrustGraph.from_edges(2 * n, source=ends[:, 0], target=ends[:, 1])
    prior = label_prior(2 * n, honest=honest, fake=fake)
    return Case(graph, mutual_ties(graph), embedded_ties(graph), honest, fake, prior)


def through_the_engine(folder):
    """Loaded, labelled, scored and asked as a user would; accounts that no witness speaks about stand at the prior."""
    clean, follows, rows = facebook(folder), read(folder, OTHERS["Pokec"]), []
    for name in THROUGH_THE_ENGINE:
        attack = ATTACKS[name]
        rows.append([name, *figures_of_runs((case_of(clean, attack, seed) for seed in SEEDS), attack.n_edges)])
    for n_follows in (5_000, 20_000, 60_000):
        cases = (one_way_case(follows, n_follows, seed) for seed in SEEDS)
        rows.append([f"Pokec, {n_follows:,} follows, one in ten returned", *figures_of_runs(cases, n_follows / 10)])
    head = ("AUC of own conduct", "accepted per attack edge", *ASKED)
    write(PAGE, "engine", markdown(["attack edges", *head], rows))


def figures_of_runs(cases, n_edges):
    """Mean and spread of each figure."""
    values = np.array([asked(case, n_edges) for case in cases])
    return [cells(values[:, [at]], np.max)[0].replace("**", "") for at in range(values.shape[1])]


def asked(case, n_edges):
    """Figures of a run over the events of a case."""
    n = case.graph.n // 2
    with tempfile.TemporaryDirectory() as home:
        engine = Engine(Path(home) / "store", create=True)
        engine.load([events_of(case, Path(home))])
        engine.snapshot()
        engine.score()
        run = engine.view().run
        value, factor = run.authenticity[Subject.CONDUCT].value, run.discount
        engine.close()
    fused = np.where(np.isnan(value), run.authenticity[Subject.CONDUCT].prior, value)
    others = np.ones(2 * n, dtype=bool)
    others[case.honest] = others[case.fake] = False
    honest, fake = others & (np.arange(2 * n) < n), others & (np.arange(2 * n) >= n)
    accused = [np.mean(fused[side] < RUN_PRIOR) for side in (honest, fake)]
    return *figures(-fused, case, n_edges), *accused, factor[honest].mean(), factor[fake].mean()


def events_of(case, folder):
    """Follows both ways and the labels of an office, as a file; ids in the order of the indices."""
    ids = np.array([f"{i:06}" for i in range(case.graph.n)])
    parts = [
        ("follow", ids[case.graph.edge_sources()], ids[case.graph.targets]),
        ("certify", "office", ids[case.honest]),
        ("flag", "office", ids[case.fake]),
    ]
    tables_ = [
        pa.table({"relation": np.full(len(to), name), "source": np.broadcast_to(of, len(to)), "target": to})
        for name, of, to in parts
    ]
    path = folder / "events.parquet"
    pq.write_table(pa.concat_tables(tables_), path)
    return path


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("GUANXI_DATA", "../shared/data"))
    if not (folder / "facebook_ego").is_dir():
        print(f"skipped: no data in {folder}")
        return
    sections = {"facebook": on_facebook, "elsewhere": elsewhere, "one-way": one_way, "engine": through_the_engine}
    for section in sys.argv[2:] or sections:
        sections[section](folder)
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)
