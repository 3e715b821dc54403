"""Loading files into a store: all of them, or nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from guanxi.bundle import store_error
from guanxi.errors import ParameterError, StoreFullError, TooManyRejectsError
from guanxi.events import event_ids
from guanxi.loading import EventBatch, FileMapping, FileReject, RejectWriter, ahead, find_files, read_events
from guanxi.schema import load_model
from guanxi.stores import Appended, GraphStore

Progress = Callable[[int, int], None]
"""Called with bytes read and bytes in all."""


WAS_ERASED = "is from or to an account that was erased"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many records may be refused before a load fails: a number, or a part of all records."""

    count: int | None = None
    part: float | None = None

    def exceeded(self, n_rejects: int, n_records: int) -> bool:
        """Whether so many rejects are too many."""
        if self.count is not None:
            return n_rejects > self.count
        return self.part is not None and n_rejects > self.part * n_records

    def __str__(self) -> str:
        if self.count is not None:
            return f"{self.count:,}"
        return "no limit" if self.part is None else f"{100 * self.part:g} %"

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read ``100`` or ``5%``.

        >>> Limit.parse("5%").exceeded(6, 100)
        True
        """
        try:
            limit = cls(part=float(text[:-1]) / 100) if text.endswith("%") else cls(count=int(text))
        except ValueError:
            limit = cls(count=-1)
        if (limit.count or 0) < 0 or not 0 <= (limit.part or 0) <= 1:
            raise ParameterError(f"the limit of rejects is {text!r}, not a whole number or a percentage such as 5%")
        return limit


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What became of the records of a load.

    Attributes
    ----------
    n_files, n_records : int
        What was read.
    n_created, n_duplicates, n_rejects : int
        New events; events that were known; records that were refused. A record that holds both ways is two events.
    by_relation : dict
        New events by relation type.
    rejects_file : Path or None
        Where the refused records are listed.
    first_rejects : list of FileReject
        The first few of them.
    skipped : list of str
        Files in folders that were not read, and why.
    """

    n_files: int
    n_records: int = 0
    n_created: int = 0
    n_duplicates: int = 0
    n_rejects: int = 0
    by_relation: dict[str, int] = field(default_factory=dict)
    rejects_file: Path | None = None
    first_rejects: list[FileReject] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def load_files(
    store: GraphStore,
    paths: Sequence[str | Path],
    mappings: Sequence[FileMapping],
    *,
    now_us: int,
    limit: Limit,
    rejects_file: Path,
    progress: Progress | None = None,
) -> LoadReport:
    """Load files and folders into a store.

    Raises
    ------
    TooManyRejectsError
        If more records are refused than ``limit`` allows; then nothing is kept but the list of them.
    FileFormatError
        If a file cannot be read at all; nothing is kept.
    StoreFullError
        If the device is full; nothing is kept.
    """
    found = find_files(paths, mappings)
    empty = LoadReport(len(found.files), skipped=[f"{s.path}: {s.reason}" for s in found.skipped])
    with closing(ahead(read_events(paths, mappings, now_us=now_us))) as batches:
        return load_batches(store, batches, empty, limit=limit, rejects_file=rejects_file, progress=progress)


def load_batches(
    store: GraphStore,
    batches: Iterable[EventBatch],
    empty: LoadReport,
    *,
    limit: Limit,
    rejects_file: Path,
    progress: Progress | None = None,
) -> LoadReport:
    """Load checked batches into a store and add what became of them to an empty report; raises as ``load_files``."""
    tally = _Tally(empty)
    with ExitStack() as stack:
        stack.enter_context(_full_disk_named(rejects_file))
        rejects_file.parent.mkdir(parents=True, exist_ok=True)
        load = stack.enter_context(store.loading())
        writer = stack.enter_context(RejectWriter(rejects_file))
        for batch in batches:
            rejects = tally.add(batch, load.add(batch.events))
            writer.write(rejects)
            if progress is not None:
                progress(batch.bytes_read, batch.bytes_total)
        report = replace(tally.report, rejects_file=rejects_file if tally.report.n_rejects else None)
        if limit.exceeded(report.n_rejects, report.n_records):
            first = report.first_rejects[0]
            raise TooManyRejectsError(
                f"{report.n_rejects:,} of {report.n_records:,} records were refused, more than {limit}; nothing was "
                f"loaded. They are listed in {rejects_file}; the first is {first.file}, line {first.line}, "
                f"{first.field or 'record'}: {first.value!r} {first.reason}"
            )
    return report


@contextmanager
def _full_disk_named(rejects_file: Path) -> Iterator[None]:
    """The list of rejects is a file like any other: the disk may be full, too."""
    try:
        yield
    except OSError as exc:
        error = store_error(exc, rejects_file)
        if isinstance(error, StoreFullError):
            raise error from exc
        raise


_FIRST = 5


class _Tally:
    """Counts what became of the records."""

    def __init__(self, report: LoadReport) -> None:
        self.report = report
        self._names = {r.code: r.name for r in load_model().relations.values()}

    def add(self, batch: EventBatch, appended: Appended) -> list[FileReject]:
        """Count a batch; return everything in it that was refused."""
        report = self.report
        rejects = batch.rejects + _conflicts(batch, appended) + _erased(batch, appended)
        codes = batch.events["relation"].to_numpy()[appended.where("created")]
        for code, n in zip(*np.unique(codes, return_counts=True), strict=True):
            name = self._names[int(code)]
            report.by_relation[name] = report.by_relation.get(name, 0) + int(n)
        self.report = replace(
            report,
            n_records=report.n_records + len(batch.events) + len(batch.rejects),
            n_created=report.n_created + appended.count("created"),
            n_duplicates=report.n_duplicates + appended.count("duplicate"),
            n_rejects=report.n_rejects + len(rejects),
            first_rejects=(report.first_rejects + rejects)[:_FIRST],
        )
        return rejects


def _conflicts(batch: EventBatch, appended: Appended) -> list[FileReject]:
    rows = np.flatnonzero(appended.where("conflict"))
    ids = event_ids(batch.events.take(rows)) if len(rows) else []
    reason = "is the id of another event that says something else"
    return [
        FileReject(batch.file, int(batch.lines[row]), "id", reason, id_) for row, id_ in zip(rows, ids, strict=True)
    ]


def _erased(batch: EventBatch, appended: Appended) -> list[FileReject]:
    """Without the value: the list must not hold again what was erased."""
    lines = batch.lines[appended.where("erased")].tolist()
    return [FileReject(batch.file, line, "", WAS_ERASED, "") for line in lines]
