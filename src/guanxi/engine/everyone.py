"""Whom everyone trusts most, as Parquet: a folder of part files, one per block of viewers.

Work that was interrupted goes on where it stopped: a part file has its name only once it is complete and on disk, and
the manifest says for which run and with which options the parts were made.
"""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from guanxi.bundle import store_error
from guanxi.engine.scoring import Run
from guanxi.errors import ParameterError

MANIFEST = "_manifest.json"  # readers of Parquet folders pass over names with this beginning
BATCH_EPS = 3e-5
"""Threshold of the push, coarser than for single viewers; what it costs in recall is in docs/performance.md."""

LARGEST_SIZE = 1000
_PER_PART = 5000
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class EveryoneReport:
    """What was written: viewers in all, and how many of them were there from an earlier attempt."""

    run: str
    n_viewers: int
    n_viewers_before: int
    n_parts: int


def write_everyone(
    run: Run, folder: Path, *, size: int = 50, n_threads: int | None = None, progress: Progress | None = None
) -> EveryoneReport:
    """Write the ``size`` most trusted accounts of every account: viewer, rank, account, trust.

    Parameters
    ----------
    folder : Path
        New, empty, or the same as in a call that was interrupted.
    size : int
        Rows per viewer at most, in 1..1000; fewer where trust reaches fewer.
    n_threads : int, optional
        As many as there are processors for this process by default.
    progress : callable, optional
        Told how many viewers are done, of how many.

    Raises
    ------
    ParameterError
        If ``size`` is out of range, or the folder holds something else.
    StoreError
        If the folder cannot be written; what is complete is kept.
    """
    if not 1 <= size <= LARGEST_SIZE:
        raise ParameterError(f"size is {size}, not in 1..{LARGEST_SIZE}")
    n, say = run.snapshot.n_accounts, progress or (lambda _done, _of: None)
    try:
        _claim(folder, {"holds": "everyone's trust", "run": run.id, "size": size, "viewers_per_part": _PER_PART})
        parts = [(first, folder / f"part-{first // _PER_PART:06d}.parquet") for first in range(0, n, _PER_PART)]
        missing = [(first, path) for first, path in parts if not path.exists()]
        before = done = n - sum(min(_PER_PART, n - first) for first, _ in missing)
        say(done, n)
        for n_viewers in _written(run, missing, size=size, n_threads=n_threads or _n_processors()):
            done += n_viewers
            say(done, n)
    except OSError as exc:
        raise store_error(exc, folder) from exc
    return EveryoneReport(run.id, n, before, len(parts))


def _written(run: Run, missing: list[tuple[int, Path]], *, size: int, n_threads: int) -> Iterator[int]:
    """Write the missing parts; yield how many viewers each has, as they are done."""
    pool = ThreadPoolExecutor(n_threads)
    try:
        tasks = [pool.submit(_write_part, run, first, path, size) for first, path in missing]
        for task in as_completed(tasks):
            yield task.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _write_part(run: Run, first: int, path: Path, size: int) -> int:
    viewers = np.arange(first, min(first + _PER_PART, run.snapshot.n_accounts), dtype=np.uint32)
    actors = viewers if run.identities is None else run.identities.representative[viewers]
    eps = min(BATCH_EPS, run.push.routes.eps) if run.push.routes.is_small else BATCH_EPS
    counts, accounts, scores = run.push.top_of_each(actors, size=size, eps=eps)
    rank = np.broadcast_to(np.arange(1, size + 1, dtype=np.int32), accounts.shape)
    there = rank <= counts[:, None]
    ids = run.snapshot.accounts.values
    table = pa.table({
        "viewer": ids.take(pa.array(np.repeat(viewers, counts))),
        "rank": rank[there],
        "account": ids.take(pa.array(accounts[there])),
        "trust": scores[there],
    })  # fmt: skip
    _publish(table, path)
    return len(viewers)


def _publish(table: pa.Table, path: Path) -> None:
    draft = path.with_name(f"_{path.name}.draft")
    with draft.open("wb") as file:
        pq.write_table(table, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _claim(folder: Path, said: dict[str, object]) -> None:
    """Put the manifest into a new folder, or see that it is the same."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = folder / MANIFEST
    if not manifest.exists():
        if any(folder.iterdir()):
            raise ParameterError(f"{folder} is neither empty nor begun by this command")
        manifest.write_text(json.dumps(said), encoding="utf-8")
    try:
        there = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError:
        there = None
    if there != said:
        raise ParameterError(f"{folder} was begun for another run or size ({there}); name another folder")


def _n_processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
