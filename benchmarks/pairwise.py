"""Pairwise trust: how well is a statement predicted that was left out, next to ranks, reciprocity and goodness?

Run from the repository root: ``python benchmarks/pairwise.py [folder of the data] --write docs/pairwise.md``. Prints
Markdown tables; ``--write`` puts them between that page's markers. ``--quick`` takes fewer seeds and samples where
everything else takes all. ``--nostr FILE`` adds the follows and mutes of ``data/socialGraph.json`` in the npm package
nostr-social-graph (MIT).

Nothing is set on statements that are left out: penalties and cuts are chosen among the others, by leaving each out.
"""

import argparse
import gzip
import json
import os
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numba as nb
import numpy as np
from scipy.stats import rankdata

import tables
from guanxi.graph import TrustGraph
from guanxi.trust import Statements, eigentrust, fit_pairwise, pagerank

SHARES = (0.1, 0.2, 0.5, 0.9)
PUBLISHED = {  # Kumar et al., ICDM 2016, Bitcoin OTC, leave one out: RMSE, correlation
    "EigenTrust": (".37", ".01"),
    "PageRank": (".37", ".07"),
    "reciprocity": (".32", ".46"),
    "goodness": (".32", ".48"),
    "fairness x goodness": (".31", ".49"),
    "**pairwise trust**": (".26, the best", ".66, the best"),
}


# Data: every set becomes Statements.


def rows_of(path):
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)


def named(source, target, value, time=None):
    """Statements of accounts under any names."""
    names, index = np.unique(np.concatenate([source, target]), return_inverse=True)
    half = len(source)
    return Statements.of(len(names), source=index[:half], target=index[half:], value=value, time=time)


def bitcoin_otc(folder):
    rater, ratee, rating, when = rows_of(folder / "bitcoin_otc" / "ratings.csv.gz").T
    return named(rater, ratee, rating / 10, when)


def ciao(folder):
    """What members say about products: nobody answers and nobody is both, so only biases and likeness are left."""
    rows = rows_of(folder / "ciao" / "ratings.csv.gz")
    user, item, _, rating, _, when = rows[rows[:, 3] > 0].T  # a few are 0, outside the scale of 1 to 5
    return named(user, item + user.max() + 1, (rating - 3) / 2, when)


def nostr(path):
    """Follows are 1, mutes -1; who does both, mutes."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    lists = [(stored["followLists"], 1.0), (stored["muteLists"], -1.0)]
    said = [(row[0], other, value) for part, value in lists for row in part for other in row[1]]
    source, target, value = (np.array(column) for column in zip(*said, strict=True))
    return named(source, target, value)


def planted(rng, n=3000, n_statements=40_000):
    """Quality and habit of every account, two camps that distrust each other, and noise of standard deviation .2.

    Half the accounts speak at random, half of those that answer, so that all of the terms have something to say.
    """
    quality, habit, camp = rng.normal(0, 0.3, n), rng.normal(0, 0.2, n), rng.integers(0, 2, n)
    fame = rng.pareto(1.5, n) + 1
    source, target = (rng.choice(n, n_statements, p=fame / fame.sum()) for _ in range(2))
    answers = rng.random(n_statements) < 0.3
    source, target = np.append(source, target[answers]), np.append(target, source[answers])
    liking = 0.25 * np.where(camp[source] == camp[target], 1, -1)
    value = quality[target] + habit[source] + liking + rng.normal(0, 0.2, len(source))
    return Statements.of(n, source=source, target=target, value=np.clip(value, -1, 1))


def only(statements, kept):
    return Statements.of(
        statements.n, source=statements.source[kept], target=statements.target[kept], value=statements.value[kept]
    )


# Methods: (what is known, pairs) -> Found.


class Found(NamedTuple):
    """Predicted values, NaN where a method has nothing to go by; the cut between signs where the method brings one.

    What a method does not know counts as ``usual``, so that all are measured on the same statements: as the mean; for
    pairwise trust as what the source says on average; for reciprocity as 0, as it was published, and which suits it.
    """

    values: np.ndarray
    usual: float | np.ndarray
    cut: float | None = None

    @property
    def filled(self):
        return np.where(np.isnan(self.values), self.usual, self.values)

    @property
    def share_known(self):
        return float(np.mean(~np.isnan(self.values)))


@nb.njit(cache=True)
def settle(source, target, value, skipped, fairness, goodness, tol):
    """Fairness and goodness (Kumar et al.) without one statement, from a first guess, in place."""
    n = len(fairness)
    n_by, n_about = np.zeros(n), np.zeros(n)
    for e in range(len(value)):
        if e != skipped:
            n_by[source[e]] += 1
            n_about[target[e]] += 1
    change = 1.0
    while change > tol:
        change = 0.0
        good, far = np.zeros(n), np.zeros(n)
        for e in range(len(value)):
            if e != skipped:
                good[target[e]] += fairness[source[e]] * value[e] / n_about[target[e]]
        for e in range(len(value)):
            if e != skipped:
                far[source[e]] += abs(value[e] - good[target[e]]) / 2 / n_by[source[e]]
        for a in range(n):
            change = max(change, abs(good[a] - goodness[a]), abs(1 - far[a] - fairness[a]))
            goodness[a], fairness[a] = good[a], 1 - far[a]


def fairness_and_goodness(known, skipped=-1, start=None, tol=1e-9):
    fairness, goodness = (np.ones(known.n), np.ones(known.n)) if start is None else (start[0].copy(), start[1].copy())
    settle(known.source, known.target, known.value, skipped, fairness, goodness, tol)
    return fairness, goodness


def if_spoken_of(values, known, targets):
    return Found(np.where(np.isin(targets, known.target), values, np.nan), known.value.mean())


def goodness(known, _sources, targets):
    return if_spoken_of(fairness_and_goodness(known)[1][targets], known, targets)


def fairness_x_goodness(known, sources, targets):
    fairness, good = fairness_and_goodness(known)
    return if_spoken_of(fairness[sources] * good[targets], known, targets)


def reciprocity(known, sources, targets):
    back = known.find(targets, sources)
    return Found(np.where(back >= 0, np.append(known.value, 0.0)[back], np.nan), 0.0)


def calibrated(rank, known, targets):
    """A straight line from the logarithm of the rank to the value, fitted on what is known: kinder than the rank."""
    score = np.log(rank)
    slope, base = np.polyfit(score[known.target], known.value, 1)
    return Found(base + slope * score[targets], known.value.mean())


def by_eigentrust(known, _sources, targets):
    good = known.value > 0
    graph = TrustGraph.from_edges(
        known.n, source=known.source[good], target=known.target[good], weight=known.value[good]
    )
    return calibrated(eigentrust(graph, np.ones(known.n)), known, targets)


def by_pagerank(known, _sources, targets):
    graph = TrustGraph.from_edges(known.n, source=known.source, target=known.target)
    return calibrated(pagerank(graph), known, targets)


def mean(known, sources, _targets):
    return Found(np.full(len(sources), known.value.mean()), known.value.mean())


def biases(known, sources, targets, shrinkage=5.0):
    """Mean, how much better the target fares, how much kinder the source is, in this order, each shrunk."""
    usual = known.value.mean()

    def habits(ends, rest):
        return np.bincount(ends, rest, known.n) / (np.bincount(ends, minlength=known.n) + shrinkage)

    fares = habits(known.target, known.value - usual)
    kinder = habits(known.source, known.value - usual - fares[known.target])
    return Found(usual + fares[targets] + kinder[sources], usual)


def pairwise(known, sources, targets, *, outcome="value"):
    model = fit_pairwise(known, outcome=outcome)
    found = model.predict(sources, targets)
    return Found(found.values, found.habits, model.cut)


BASELINES = {
    "mean of all": mean,
    "EigenTrust": by_eigentrust,
    "PageRank": by_pagerank,
    "reciprocity": reciprocity,
    "goodness": goodness,
    "fairness x goodness": fairness_x_goodness,
    "biases of both ends": biases,
}
METHODS = BASELINES | {
    "**pairwise trust**": pairwise,
    "**pairwise trust, sign**": partial(pairwise, outcome="sign"),
}


# Measures.


def rmse(found, truth):
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def correlation(found, truth):
    return float(np.corrcoef(found, truth)[0, 1]) if found.std() > 1e-12 else float("nan")


def auc(found, positive):
    ranks, n = rankdata(found), positive.sum()
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(found) - n)))


def f1(called, there):
    return 2 * (called & there).sum() / (called.sum() + there.sum())


def macro_f1(called, positive):
    return float((f1(called, positive) + f1(~called, ~positive)) / 2)


def best_cut(found, positive):
    tried = np.append(found.min() - 1, np.unique(np.quantile(found, np.linspace(0, 1, 401))))
    return tried[np.argmax([macro_f1(found > cut, positive) for cut in tried])]


def cut_of(method, known, rng):
    """The cut of a method that brings none: the best on a fifth of what is known, predicted from the rest."""
    aside = rng.random(known.m) < 0.2
    found = method(only(known, ~aside), known.source[aside], known.target[aside])
    return best_cut(found.filled, known.value[aside] > 0)


def measure(method, statements, share, seed):
    """RMSE, correlation, AUC, macro-F1 and share known of a share of the statements, left out at random."""
    rng = np.random.default_rng(seed)
    aside = rng.random(statements.m) < share
    known, truth = only(statements, ~aside), statements.value[aside]
    found = method(known, statements.source[aside], statements.target[aside])
    cut, values = cut_of(method, known, rng) if found.cut is None else found.cut, found.filled
    signs = auc(values, truth > 0), macro_f1(values > cut, truth > 0)
    return rmse(values, truth), correlation(values, truth), *signs, found.share_known


def spread(values):
    middle, sd = np.mean(values), np.std(values, ddof=1) if len(values) > 1 else 0.0
    return "-" if np.isnan(middle) else f"{middle:.3f} ± {sd:.3f}"


def split_rows(statements, shares, seeds, head=()):
    for share in shares:
        for name, method in METHODS.items():
            found = np.array([measure(method, statements, share, seed) for seed in seeds]).T
            cells = [*(spread(values) for values in found[:4]), f"{found[4].mean():.0%}"]
            if "sign" in name:
                cells[:2] = ["-", "-"]  # its values are signs, not ratings
            yield [*head, f"{share:.0%}", name, *cells]


# Leave one out.


@dataclass
class LeftOut:
    """What each method says about every statement without it; for some only of a sample."""

    statements: Statements
    rng: np.random.Generator
    n_sample: int

    def __post_init__(self):
        everything = np.arange(self.statements.m)
        self.sample = np.sort(self.rng.choice(everything, min(self.n_sample, len(everything)), replace=False))

    def in_tenths(self, method):
        """Ranks are not computed once per statement: every statement is left out with a tenth of the others."""
        values, tenth = np.empty(self.statements.m), self.rng.permutation(self.statements.m) % 10
        for part in range(10):
            aside = tenth == part
            known = only(self.statements, ~aside)
            values[aside] = method(known, self.statements.source[aside], self.statements.target[aside]).filled
        return values

    def fairness_and_goodness(self):
        """Both methods on the sample, each settled anew without the statement."""
        said = self.statements
        start = fairness_and_goodness(said)
        found = np.empty((2, len(self.sample)))
        for place, at in enumerate(self.sample):
            fairness, good = fairness_and_goodness(said, skipped=at, start=start, tol=1e-6)
            found[:, place] = good[said.target[at]], fairness[said.source[at]] * good[said.target[at]]
        alone = np.diff(said.in_offsets)[said.target[self.sample]] == 1
        return np.where(alone, self.usual[self.sample], found)

    @property
    def usual(self):
        """Mean of all other statements."""
        return (self.statements.value.sum() - self.statements.value) / (self.statements.m - 1)

    def reciprocity(self):
        said = self.statements
        return reciprocity(said, said.source, said.target).filled

    def pairwise(self):
        trust = fit_pairwise(self.statements).left_out()
        return np.where(trust.known, trust.values, trust.habits), trust


def left_out_rows(left_out):
    said, everything = left_out.statements, np.arange(left_out.statements.m)
    good, product = left_out.fairness_and_goodness()
    ours, trust = left_out.pairwise()
    found = {
        "EigenTrust, a tenth left out at once": (left_out.in_tenths(by_eigentrust), everything),
        "PageRank, a tenth left out at once": (left_out.in_tenths(by_pagerank), everything),
        "reciprocity": (left_out.reciprocity(), everything),
        "goodness": (good, left_out.sample),
        "fairness x goodness": (product, left_out.sample),
        "biases of both ends, a tenth left out at once": (left_out.in_tenths(biases), everything),
        "**pairwise trust**": (ours, everything),
        "**pairwise trust**, a tenth left out at once": (left_out.in_tenths(pairwise), everything),
        "**pairwise trust**, where it is known": (trust.values[trust.known], everything[trust.known]),
    }
    for name, (values, at) in found.items():
        measured = [f"{rmse(values, said.value[at]):.3f}", f"{correlation(values, said.value[at]):.3f}"]
        yield [name, f"{len(at):,}", *measured, *PUBLISHED.get(name.partition(", a tenth")[0], ("", ""))]


def strict(left_out, n_strict):
    """Differences from removing a statement, counting everything anew and fitting again; on a few statements."""
    said = left_out.statements
    trust = fit_pairwise(said).left_out()
    picked = left_out.rng.choice(np.flatnonzero(trust.known), n_strict, replace=False)
    anew = np.empty(n_strict)
    for place, at in enumerate(picked):
        model = fit_pairwise(only(said, np.arange(said.m) != at))
        anew[place] = model.predict(said.source[at : at + 1], said.target[at : at + 1]).values[0]
    apart = np.abs(anew - trust.values[picked])
    errors = rmse(anew, said.value[picked]), rmse(trust.values[picked], said.value[picked])
    return (
        f"{n_strict} statements, each removed, all terms counted anew and all weights fitted again: predictions differ "
        f"by at most {apart.max():.1e} (mean {apart.mean():.1e}) from the closed form; RMSE {errors[0]:.4f} against "
        f"{errors[1]:.4f} on them."
    )


def cost(said):
    """Seconds of learning and asking, next to settling fairness and goodness in the same run."""
    fit_pairwise(said)  # compiles

    def seconds(call):
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    model = fit_pairwise(said)
    rounds = [
        [seconds(call) for call in (partial(fairness_and_goodness, said), partial(fit_pairwise, said), model.left_out)]
        for _ in range(5)
    ]
    fit, ask = (np.median([row[at] / row[0] for row in rounds]) for at in (1, 2))
    return (
        f"Learning takes {np.median(rounds, axis=0)[1]:.2f} s, {fit:.0f} times as long as settling fairness and "
        f"goodness once; predicting all {said.m:,} statements, each left out, {ask:.0f} times."
    )


def confidence_rows(left_out):
    _, trust = left_out.pairwise()
    value = left_out.statements.value
    for low, high, name in ((1, 1, "1"), (2, 2, "2"), (3, 5, "3-5"), (6, 10, "6-10"), (11, np.inf, "over 10")):
        at = (trust.evidence >= low) & (trust.evidence <= high)
        confidence = f"{trust.confidence[at].min():.2f}"
        yield [name, confidence, f"{at.sum():,}", f"{rmse(trust.values[at], value[at]):.3f}", f"{value[at].std():.3f}"]


# Report.


def others(options):
    rng = np.random.default_rng(2026)
    yield "planted", planted(rng)
    if (options.folder / "ciao").is_dir():
        yield "Ciao, members on products", ciao(options.folder)
    if options.nostr:
        yield "Nostr, follows and mutes", nostr(options.nostr)
    else:
        print("skipped: Nostr, no --nostr FILE")


SPLIT_HEAD = ["left out", "method", "RMSE", "correlation", "sign: AUC", "sign: macro-F1", "known"]


def report(options):
    said, seeds = bitcoin_otc(options.folder), range(1, 2 if options.quick else 6)
    n_sample, n_strict = (500, 5) if options.quick else (10_000, 40)
    left_out = LeftOut(said, np.random.default_rng(2026), n_sample)
    yield (
        f"Bitcoin OTC: {said.n:,} accounts, {said.m:,} statements, {(said.value > 0).mean():.1%} positive, standard "
        f"deviation {said.value.std():.3f}; seeds {seeds[0]} to {seeds[-1]}."
    )
    yield tables.versions("numpy", "scipy", "numba") + "; " + tables.machine() + "."
    yield "**Leave one out, Bitcoin OTC**"
    head = ["method", "statements", "RMSE", "correlation", "published RMSE", "published correlation"]
    yield tables.markdown(head, left_out_rows(left_out))
    yield strict(left_out, n_strict)
    yield cost(said)
    yield "**By evidence, leave one out, Bitcoin OTC**"
    head = ["evidence", "confidence from", "statements", "RMSE", "standard deviation of the values"]
    yield tables.markdown(head, confidence_rows(left_out))
    yield "**A random share left out, Bitcoin OTC**"
    yield tables.markdown(SPLIT_HEAD, split_rows(said, SHARES, seeds), n_left=2)
    yield "**Other statements, nothing changed**"
    rows = [row for name, data in others(options) for row in split_rows(data, [0.2], seeds, [name])]
    yield tables.markdown(["data", *SPLIT_HEAD], rows, n_left=3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("GUANXI_DATA", "../shared/data")))
    parser.add_argument("--nostr", type=Path, help="socialGraph.json of the npm package nostr-social-graph")
    parser.add_argument("--quick", action="store_true", help="one seed, samples of 500 and 5: does it run?")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    options = parser.parse_args()
    if not (options.folder / "bitcoin_otc").is_dir():
        print(f"skipped: no bitcoin_otc in {options.folder}")
        return
    started = time.perf_counter()
    parts = []
    for part in report(options):
        print(part, end="\n\n", flush=True)
        parts.append(part)
    print(f"{time.perf_counter() - started:.0f} s")
    if options.write:
        tables.write(options.write, "measured pairwise", "\n\n".join(parts))


if __name__ == "__main__":
    main()
