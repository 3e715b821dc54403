from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from guanxi.events import event_ids
from guanxi.loading import FileMapping, FileReject, ReadOptions, read_events
from guanxi.schema import load_model

NOW_US = 1_800_000_000_000_000


@dataclass(frozen=True)
class Loaded:
    """Everything that came out of some files."""

    rows: list[dict[str, object]]
    lines: list[int]
    ids: list[str]
    rejects: list[FileReject]

    @property
    def pairs(self) -> list[tuple[object, object]]:
        return [(row["source"], row["target"]) for row in self.rows]

    @property
    def reasons(self) -> list[tuple[int, str, str]]:
        return [(reject.line, reject.field, reject.reason) for reject in self.rejects]


def load_paths(
    *paths: Path, mapping: FileMapping | Sequence[FileMapping] = (), chunk_bytes: int = 1 << 20, batch_rows: int = 1000
) -> Loaded:
    loaded = Loaded([], [], [], [])
    options = ReadOptions(chunk_bytes=chunk_bytes, batch_rows=batch_rows)
    for batch in read_events(paths, mapping, now_us=NOW_US, options=options):
        names = [load_model().relation_name(code) for code in batch.events["relation"].to_pylist()]
        rows = batch.events.to_pylist()
        loaded.rows.extend(row | {"relation": name} for row, name in zip(rows, names, strict=True))
        loaded.lines.extend(batch.lines.tolist())
        loaded.ids.extend(event_ids(batch.events))
        loaded.rejects.extend(batch.rejects)
    return loaded


@pytest.fixture(scope="session")
def load() -> Callable[..., Loaded]:
    """Read files and collect what comes out."""
    return load_paths


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., Loaded]:
    """Write a file, read it, and collect what comes out."""

    def load_content(content: str | bytes, *, name: str = "events.csv", **options: object) -> Loaded:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load_paths(path, **options)

    return load_content
