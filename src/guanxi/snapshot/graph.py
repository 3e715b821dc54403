"""The snapshot as it is read: ids per entity kind, and one table of edges per relation type and target kind."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.bundle import Bundle
from guanxi.errors import DamagedError, UnknownIdError
from guanxi.events.coded import NO_TIME
from guanxi.graph import transposed
from guanxi.schema import load_model

NO_INDEX = int(np.iinfo(np.uint32).max)
"""Stands for no entity."""

IndexArray = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of one entity kind, sorted; an index is a position here.

    >>> ids = Ids("account", pa.array(["ann", "bob"], pa.large_string()))
    >>> ids.index("bob"), ids[0], ids.find("eve")
    (1, 'ann', None)
    """

    kind: str
    values: pa.Array

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: int) -> str:
        return str(self.values[int(index)].as_py())

    def find(self, id_: str) -> int | None:
        """Index of ``id_``, or None where the snapshot does not know it."""
        low, high = 0, len(self.values)
        while low < high:
            middle = (low + high) // 2
            if self[middle] < id_:  # code points sort as their UTF-8 does
                low = middle + 1
            else:
                high = middle
        return low if low < len(self.values) and self[low] == id_ else None

    def index(self, id_: str) -> int:
        """Index of ``id_``, or raise UnknownIdError."""
        index = self.find(id_)
        if index is None:
            raise UnknownIdError(f"no {self.kind} {id_!r} among {len(self):,} in this snapshot")
        return index


@dataclass(frozen=True, slots=True)
class Relation:
    """Edges of one relation type to one kind of target, by source; within a source by target, time and event.

    Attributes
    ----------
    offsets : numpy.ndarray, shape (n_sources + 1,), int64
        The edges of source ``i`` are ``slice(offsets[i], offsets[i + 1])``.
    targets : numpy.ndarray, shape (m,), uint32
    times : numpy.ndarray, shape (m,), int64
        Microseconds since 1970 UTC, or ``NO_TIME``.
    values : numpy.ndarray, shape (m,), float64, or None
        The relation's number, NaN where an event had none; None where no event had one.
    via : numpy.ndarray, shape (m,), uint32, or None
        Account that led to it, or ``NO_INDEX``; None where no event named one.
    properties : mapping of name to numpy.ndarray, shape (m,)
        What ``model.toml`` declares beside, as numbers; without those that no event says.
    """

    name: str
    target_kind: str
    offsets: npt.NDArray[np.int64]
    targets: IndexArray
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64] | None
    via: IndexArray | None
    properties: Mapping[str, npt.NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.targets)

    def sources(self) -> IndexArray:
        """Source of every edge, shape (m,)."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.uint32), np.diff(self.offsets))

    def rows_of(self, source: int) -> slice:
        """Where the edges of ``source`` are."""
        return slice(int(self.offsets[source]), int(self.offsets[source + 1]))

    def take(self, rows: slice) -> "Relation":
        """The edges in ``rows`` as a relation with a single source, index 0."""
        return Relation(
            self.name,
            self.target_kind,
            np.array([0, rows.stop - rows.start], dtype=np.int64),
            self.targets[rows],
            self.times[rows],
            None if self.values is None else self.values[rows],
            None if self.via is None else self.via[rows],
            {name: column[rows] for name, column in self.properties.items()},
        )


@dataclass(frozen=True)
class Snapshot:
    """An immutable copy of the graph.

    Attributes
    ----------
    id : str
        Hash of the content: the same events give the same id, in whatever order they came.
    as_of : int or None
        Time of the newest event, in microseconds since 1970; None when no event is dated.
    ids : mapping of kind to Ids
    relations : mapping of (relation type, target kind) to Relation
        Only those that have edges.
    """

    id: str
    as_of: int | None
    ids: Mapping[str, Ids]
    relations: Mapping[tuple[str, str], Relation]

    @property
    def accounts(self) -> Ids:
        """Ids of the accounts."""
        return self.ids["account"]

    @property
    def n_accounts(self) -> int:
        """Number of accounts."""
        return len(self.ids["account"])

    @property
    def n_edges(self) -> int:
        """Number of edges of all relation types."""
        return sum(len(relation) for relation in self.relations.values())

    @property
    def deeds(self) -> dict[tuple[str, str], Relation]:
        """Edges of what accounts did; other sources are merchants, issuers and items."""
        of_type = load_model().relations
        return {key: relation for key, relation in self.relations.items() if of_type[key[0]].source == "account"}

    def relation(self, name: str, target_kind: str) -> Relation:
        """Edges of one type; an empty relation where there are none."""
        found = self.relations.get((name, target_kind))
        return found if found is not None else self._empty(name, target_kind)

    def _empty(self, name: str, target_kind: str) -> Relation:
        nothing = np.zeros(0, dtype=np.uint32)
        offsets = np.zeros(self.n_accounts + 1, dtype=np.int64)
        return Relation(name, target_kind, offsets, nothing, np.zeros(0, dtype=np.int64), None, None)

    @cached_property
    def followers(self) -> tuple[npt.NDArray[np.int64], IndexArray]:
        """Who follows each account: offsets, shape (n + 1,), and sources, shape (m,)."""
        follow = self.relation("follow", "account")
        offsets, sources, _ = transposed(follow.offsets, follow.targets)
        return offsets, sources

    @classmethod
    def open(cls, folder: Path, *, verify: bool = True, thorough: bool = False) -> Self:
        """Map a saved snapshot; see ``Bundle.open`` for what is checked."""
        bundle = Bundle.open(folder, verify=verify, thorough=thorough)
        if bundle.meta.get("holds") != "snapshot":
            raise DamagedError(f"{folder.name} holds a {bundle.meta.get('holds')}, not a snapshot")
        ids = {kind: Ids(kind, _only_column(bundle.table(f"ids.{kind}"))) for kind in bundle.meta["kinds"]}
        relations = {(name, kind): _open_relation(bundle, name, kind) for name, kind in bundle.meta["relations"]}
        return cls(bundle.id, bundle.meta["as_of"], ids, relations)


def _only_column(table: pa.Table) -> pa.Array:
    column = table.column(0)
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _open_relation(bundle: Bundle, name: str, kind: str) -> Relation:
    def optional(field: str) -> npt.NDArray[np.generic] | None:
        full = f"{name}.{kind}.{field}"
        return bundle.array(full) if bundle.has(full) else None

    targets = bundle.array(f"{name}.{kind}.targets")
    times = optional("times")
    declared = [spec.name for spec in load_model().relation(name).properties]
    return Relation(
        name,
        kind,
        bundle.array(f"{name}.{kind}.offsets"),
        targets,
        np.full(len(targets), NO_TIME) if times is None else times,  # type: ignore[arg-type]
        optional("values"),  # type: ignore[arg-type]
        optional("via"),  # type: ignore[arg-type]
        {of: bundle.array(f"{name}.{kind}.{of}") for of in declared if bundle.has(f"{name}.{kind}.{of}")},
    )
