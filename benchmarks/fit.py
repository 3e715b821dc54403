"""Does learning weights and half-lives help on real data? Popularity, the default and the fitted strategy together.

Run from the repository root: ``python benchmarks/fit.py [folder of the data] --write docs/fitting.md``; ``--only NAME``
takes one of them. Prints a Markdown table per data set; ``--write`` puts it between that page's markers. Everything is
split by time; the test part is looked at once per data set, at the end.

Ciao and Epinions: a rating is a purchase and a share of the same moment. Trust in Ciao has no times, so it is taken as
known from the beginning. Epinions has periods, taken as 91 days each. LastFM, from the wheel graphdatascience: a tag is
a share, a friendship an undated follow both ways.
"""

import argparse
import gzip
import os
import tempfile
import time
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import tables
from guanxi.engine import Engine
from guanxi.engine.fitting import FitOptions, fit_store
from guanxi.events.values import isoformat

PERIOD_S, EPOCH_S = 91 * 86_400, 978_307_200  # 2001-01-01


def rows_of(path):
    with gzip.open(path, "rt") as file:
        return np.loadtxt(file, delimiter=",", skiprows=1, dtype=np.int64)


def named(letter, numbers):
    return pa.array(np.char.add(letter, numbers.astype(str)))


def write(folder, relation, source, target, when=None):
    columns = {"relation": pa.array([relation] * len(source)), "source": source, "target": target}
    if when is not None:
        columns["time"] = pa.array(np.asarray(when).astype("datetime64[s]"))
    pq.write_table(pa.table(columns), folder / f"{relation}.parquet")


def ciao(data, folder):
    user, item, _, _, _, when = rows_of(data / "ciao" / "ratings.csv.gz").T
    truster, trustee = rows_of(data / "ciao" / "trust.csv.gz").T
    rated(folder, user, item, when)
    write(folder, "trust", named("u", truster), named("u", trustee))


def epinions(data, folder):
    user, item, _, _, _, period = rows_of(data / "epinions" / "ratings.csv.gz").T
    truster, trustee, since = rows_of(data / "epinions" / "trust.csv.gz").T
    rated(folder, user, item, EPOCH_S + (period - 1) * PERIOD_S)
    write(folder, "trust", named("u", truster), named("u", trustee), EPOCH_S + (since - 1) * PERIOD_S)


def rated(folder, user, item, when):
    for relation in ("purchase", "share"):
        write(folder, relation, named("u", user), named("i", item), when)


def lastfm(_data, folder):
    home = Path(str(distribution("graphdatascience").locate_file("graphdatascience/resources/lastfm")))
    tags = pq.read_table(home / "user_tag_artist_rels.parquet.gzip")
    user, artist, when = (tags[name].to_numpy() for name in ("sourceNodeId", "targetNodeId", "timestamp"))
    write(folder, "share", named("u", user), named("i", artist), when // 1000)
    friends = pq.read_table(home / "user_friend_df_directed.parquet.gzip")
    one, other = (friends[name].to_numpy() for name in ("sourceNodeId", "targetNodeId"))
    write(folder, "follow", named("u", np.append(one, other)), named("u", np.append(other, one)))


SETS = {
    "Ciao, items": (ciao, "items"),
    "Epinions, items": (epinions, "items"),
    "Epinions, accounts": (epinions, "accounts"),
    "LastFM, items": (lastfm, "items"),
}


def fitted(read, target, data, budget):
    """Load a data set into a store of its own, and fit; None where it is not there."""
    with tempfile.TemporaryDirectory() as name:
        files = Path(name) / "files"
        files.mkdir()
        try:
            read(data, files)
        except (OSError, PackageNotFoundError):
            return None
        engine = Engine(Path(name) / "store", create=True)
        engine.load([files])
        started = time.perf_counter()
        found = fit_store(engine.store, options=FitOptions(target=target, budget=budget))
        engine.close()
        return found, time.perf_counter() - started


def number(value):
    return "none" if value is None else f"{value:g}"


def report(name, found, seconds):
    cuts, test, learned = found.parts.cuts, found.test, found.learned
    undated = ", ".join(f"{n:,} of {relation}" for relation, n in found.parts.undated.items())
    yield (
        f"**{name}**: {cuts.n_dated:,} dated acts, cut at {isoformat(cuts.train_end)[:10]} and "
        f"{isoformat(cuts.validation_end)[:10]}; {found.parts.n_validation:,} viewers in validation, "
        f"{found.parts.n_test:,} in the test" + (f"; without a time: {undated}." if undated else ".")
    )
    means = {"popularity": test.popularity, found.base: test.base, "**fitted**": test.fitted}
    rows = [
        [who, f"{of.recall:.4f}", f"{of.ndcg:.4f}", "" if of.log_likelihood is None else f"{of.log_likelihood:.3f}"]
        for who, of in means.items()
    ]
    gains = [test.recall, test.ndcg, test.log_likelihood]
    rows.append(["gain", *(f"{of.mean:+.4f} [{of.low:+.4f}, {of.high:+.4f}]" for of in gains)])
    yield tables.markdown(["trust alone, ranked by", "Recall@10", "NDCG@10", "log-likelihood"], rows)
    changes = "; ".join(f"{of.parameter} {number(of.before)} to {number(of.after)}" for of in learned.changes)
    yield f"Learned, the weight of {learned.reference} fixed: {changes}. {found.advice}"
    how = "finished" if learned.finished else "ended by its budget"
    yield f"{learned.n_looks} strategies tried, {how}, {seconds:.0f} s in all."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(os.environ.get("GUANXI_DATA", "../shared/data")))
    parser.add_argument("--only", choices=list(SETS), help="one data set")
    parser.add_argument("--budget", type=int, default=100, help="strategies to try at most")
    parser.add_argument("--write", type=Path, help="page whose markers take the tables")
    options = parser.parse_args()
    print(tables.versions("numpy", "numba") + "; " + tables.machine())
    for name in [options.only] if options.only else SETS:
        found = fitted(*SETS[name], options.folder, options.budget)
        if found is None:
            print(f"skipped: {name} is not in {options.folder}")
            continue
        text = "\n\n".join(report(name, *found))
        print(text, end="\n\n", flush=True)
        if options.write:
            tables.write(options.write, f"measured fit {name}", text)


if __name__ == "__main__":
    main()
