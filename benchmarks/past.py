"""What answers as of past days cost: ``python benchmarks/past.py FOLDER`` makes a store there and prints the times."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from guanxi.engine import Engine
from guanxi.engine.history import history

N_ACCOUNTS, N_EVENTS, YEARS = 100_000, 1_600_000, 3
START_S = 1_500_000_000
T = TypeVar("T")


def write_events(path: Path) -> None:
    """Follows and purchases at random, few accounts being followed by many, evenly over the years."""
    rng = np.random.default_rng(0)
    source = rng.integers(0, N_ACCOUNTS, N_EVENTS)
    target = (N_ACCOUNTS * rng.random(N_EVENTS) ** 2).astype(np.int64)
    apart = source != target
    ids = pa.array([f"a{n}" for n in range(N_ACCOUNTS)])
    relation = np.where(rng.random(N_EVENTS) < 0.8, "follow", "purchase")[apart]
    times = START_S + (rng.random(N_EVENTS) * YEARS * 365 * 86_400).astype(np.int64)[apart]
    source, target = ids.take(pa.array(source[apart])), ids.take(pa.array(target[apart]))
    pq.write_table(pa.table({"relation": relation, "source": source, "target": target, "time": times}), path)


def timed(what: str, work: Callable[[], T]) -> T:
    started = time.perf_counter()
    found = work()
    print(f"{what:<40} {time.perf_counter() - started:8.2f} s", flush=True)
    return found


def main(folder: Path) -> None:
    folder.mkdir(parents=True)
    write_events(folder / "events.parquet")
    engine = Engine(folder / "store", create=True)
    engine.load([folder / "events.parquet"])
    timed("snapshot", engine.snapshot)
    timed("score", engine.score)
    for day in ("2018-07-31", "2018-12-31", "2019-06-30"):
        view = timed(f"as of {day}", lambda day=day: engine.view(as_of=day))
        timed("  again", lambda day=day: engine.view(as_of=day))
        timed("  an answer", lambda view=view: view.items("a1"))
    days = ["2019-08-31", "2019-10-31", "2019-12-31", "2020-02-29"]
    timed("history of 4 days", lambda: history(engine, "a5", days))
    timed("history of 4 days, of another account", lambda: history(engine, "a6", days))
    engine.append([{"relation": "follow", "source": "a1", "target": "a2", "time": "2020-08-01"}])
    timed("refresh", engine.refresh)
    timed("as of 2019-06-30, after new events", lambda: engine.view(as_of="2019-06-30"))
    engine.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
