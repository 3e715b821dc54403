"""A run that is computed and never saved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy.typing as npt
import pyarrow as pa

from guanxi.bundle import Bundle
from guanxi.engine.options import Strategy
from guanxi.engine.scoring import Run, computed
from guanxi.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Unsaved(Bundle):
    """A bundle whose arrays are in memory; it has no folder and no checksums."""

    arrays: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    @classmethod
    def of(cls, meta: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> Self:
        """Return what a bundle of these would hold."""
        return cls("unsaved", Path(), meta, {}, arrays)

    def array(self, name: str) -> npt.NDArray[Any]:
        """Return the array called ``name``."""
        return self.arrays[name]

    def has(self, name: str) -> bool:
        """Whether the bundle holds an array called ``name``."""
        return name in self.arrays

    def table(self, name: str) -> pa.Table:
        """Raise: runs have no tables."""
        raise KeyError(name)


def unsaved_run(snapshot: Snapshot, strategy: Strategy, *, seed_secret: bytes | None = None) -> Run:
    """The run of a snapshot, as ``score`` computes it; nothing is written anywhere."""
    return Run.of(Unsaved.of(*computed(snapshot, strategy, seed_secret=seed_secret)), snapshot)
