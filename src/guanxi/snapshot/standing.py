"""The edges of one relation type and target kind that stand, by rows.

Most pairs of source and target have one event, which stands. Only pairs with several, and retractions, are looked
at more closely; ``resolve`` says what is left of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.events import event_keys
from guanxi.events.coded import NO_TIME
from guanxi.events.declared import NOT_SAID, declared, nothing_said
from guanxi.events.dictionary import NO_CODE
from guanxi.graph import offsets_of, sort_rows, spread
from guanxi.schema import Model, PropertySpec, RelationType
from guanxi.snapshot.graph import NO_INDEX
from guanxi.snapshot.numbering import Part
from guanxi.snapshot.resolve import Edges, standing_facts, standing_states

Arrays = dict[str, npt.NDArray[Any]]
PositionArray = npt.NDArray[np.int64]
_OPTIONAL = ("values", "via", "retract")
_NOTHING = {"i": NO_TIME, "u": NOT_SAID}
"""What a declared property that is a time, or a word, has where an event does not say it."""


@dataclass(slots=True)
class Rows:
    """Edges by source, sorted by target within a source; ``event`` numbers them over all parts."""

    offsets: npt.NDArray[np.int64]
    targets: npt.NDArray[np.uint32]
    times: npt.NDArray[np.int64]
    event: npt.NDArray[Any]
    values: npt.NDArray[np.float64] | None = None
    via: npt.NDArray[np.uint32] | None = None
    retract: npt.NDArray[np.bool_] | None = None
    properties: Arrays = field(default_factory=dict)
    """What ``model.toml`` declares beside, once it is known which edges stand."""

    def columns(self) -> Arrays:
        """Every array of one entry per edge, by name, but for declared properties."""
        named = {column.name: getattr(self, column.name) for column in fields(self)[1:-1]}
        return {name: array for name, array in named.items() if array is not None}

    def keep(self, rows: npt.NDArray[np.bool_]) -> None:
        """Leave only some edges."""
        before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(rows)])
        self.offsets = before[self.offsets]
        for name, array in self.columns().items():
            setattr(self, name, array[rows])

    def arrays(self, name: str) -> Arrays:
        """What a snapshot keeps under the name of the relation; arrays that would say nothing are left out."""
        kept: Arrays = {f"{name}.offsets": self.offsets, f"{name}.targets": self.targets}
        if (self.times != NO_TIME).any():
            kept[f"{name}.times"] = self.times
        if self.values is not None and np.isfinite(self.values).any():
            kept[f"{name}.values"] = self.values
        if self.via is not None and (self.via != NO_INDEX).any():
            kept[f"{name}.via"] = self.via
        said = {of: column for of, column in self.properties.items() if (column != _NOTHING[column.dtype.kind]).any()}
        return kept | {f"{name}.{of}": column for of, column in said.items()}


def all_standing(parts: Sequence[Part], sizes: Mapping[str, int], model: Model) -> dict[tuple[str, str], Rows]:
    """Edges of every relation type and target kind that has any, in the order of the model."""
    found: dict[tuple[str, str], Rows] = {}
    for relation in model.relations.values():
        for kind in relation.targets:
            rows = _standing(parts, relation, kind, model, sizes[relation.source])
            if rows is not None and len(rows.targets):
                found[relation.name, kind] = rows
    return found


def _standing(parts: Sequence[Part], relation: RelationType, kind: str, model: Model, n_sources: int) -> Rows | None:
    chosen = [of_type(part, relation.code, model.kinds[kind].code) for part in parts]
    if not sum(map(len, chosen)):
        return None
    rows = _placed(parts, chosen, relation, kind, n_sources)
    names = [name for name in rows.columns() if name != "targets"]
    sort_rows(rows.offsets, rows.targets, *(getattr(rows, name) for name in names))
    slots = _contested(rows)
    if len(slots):
        _resolve(rows, slots, parts, relation)
    rows.properties = {spec.name: _declared(rows, parts, spec) for spec in relation.properties}
    return rows


def _declared(rows: Rows, parts: Sequence[Part], spec: PropertySpec) -> npt.NDArray[Any]:
    """A declared property of every edge, from the event that it stands for."""
    column = nothing_said(spec, len(rows.targets))
    at = np.searchsorted([part.first for part in parts], rows.event, side="right") - 1
    for number, part in enumerate(parts):
        mine = np.flatnonzero(at == number)
        if len(mine) and "properties" in part.events.texts.column_names:
            texts = part.events.text("properties").take(pa.array(rows.event[mine] - part.first))
            column[mine] = declared(texts, spec)
    return column


def of_type(part: Part, relation: int, kind: int) -> PositionArray:
    """Positions of the events of one relation type and target kind."""
    return np.flatnonzero((part.events.relation == relation) & (part.events.target_kind == kind))


def _placed(
    parts: Sequence[Part], chosen: Sequence[PositionArray], relation: RelationType, kind: str, n_sources: int
) -> Rows:
    """Every event at its source; nothing is sorted yet."""
    offsets = np.zeros(n_sources + 1, dtype=np.int64)
    for part, some in zip(parts, chosen, strict=True):
        if len(some):
            offsets += offsets_of(part.indices[relation.source][part.events.source[some]], n_sources)
    rows = _empty(parts, chosen, offsets)
    cursor = offsets[:-1].copy()
    for part, some in zip(parts, chosen, strict=True):
        if not len(some):
            continue
        columns = _columns(part, some, kind, rows)
        into = rows.columns()
        sources = part.indices[relation.source][part.events.source[some]]
        spread(sources, [columns[name] for name in into], cursor, list(into.values()))
    return rows


def _empty(parts: Sequence[Part], chosen: Sequence[PositionArray], offsets: npt.NDArray[np.int64]) -> Rows:
    """Room for all edges, with the columns that some event needs."""
    m, n_events = int(offsets[-1]), parts[-1].first + len(parts[-1].events)
    rows = Rows(
        offsets,
        np.empty(m, dtype=np.uint32),
        np.empty(m, dtype=np.int64),
        np.empty(m, dtype=np.uint32 if n_events < NO_CODE else np.int64),
    )
    some = [(part.events, at) for part, at in zip(parts, chosen, strict=True) if len(at)]
    if any(events.value is not None and not np.isnan(events.value[at]).all() for events, at in some):
        rows.values = np.empty(m, dtype=np.float64)
    if any(events.via is not None and (events.via[at] != NO_CODE).any() for events, at in some):
        rows.via = np.empty(m, dtype=np.uint32)
    if any(events.retract[at].any() for events, at in some):
        rows.retract = np.empty(m, dtype=np.bool_)
    return rows


def _columns(part: Part, some: PositionArray, kind: str, rows: Rows) -> Arrays:
    events = part.events
    columns: Arrays = {
        "targets": part.indices[kind][events.target[some]],
        "times": events.time[some],
        "event": (some + part.first).astype(rows.event.dtype),
    }
    if rows.values is not None:
        columns["values"] = np.full(len(some), np.nan) if events.value is None else events.value[some]
    if rows.via is not None:
        columns["via"] = _via(part, some)
    if rows.retract is not None:
        columns["retract"] = events.retract[some]
    return columns


def _via(part: Part, some: PositionArray) -> npt.NDArray[np.uint32]:
    """Account index of whom each event names, or ``NO_INDEX``."""
    if part.events.via is None:
        return np.full(len(some), NO_INDEX, dtype=np.uint32)
    accounts = np.append(part.indices["account"], np.uint32(NO_INDEX))
    return accounts[np.minimum(part.events.via[some], np.uint32(len(accounts) - 1))]


def _contested(rows: Rows) -> PositionArray:
    """Edges that share their pair with another, and retractions."""
    same = rows.targets[1:] == rows.targets[:-1]
    starts = rows.offsets[1:-1]
    same[starts[(starts > 0) & (starts < len(rows.targets))] - 1] = False
    contested = np.zeros(len(rows.targets), dtype=bool) if rows.retract is None else rows.retract.copy()
    contested[1:] |= same
    contested[:-1] |= same
    return np.flatnonzero(contested)


def _resolve(rows: Rows, slots: PositionArray, parts: Sequence[Part], relation: RelationType) -> None:
    """Put what stands of the contested edges into the places of their pairs, and drop the other places."""
    edges = _edges(rows, slots, parts)
    standing = (standing_states if relation.form == "state" else standing_facts)(edges).row
    starts = np.flatnonzero(np.append(True, (np.diff(edges.source) != 0) | (np.diff(edges.target) != 0)))
    group = np.searchsorted(starts, standing, side="right") - 1
    first = np.append(True, group[1:] != group[:-1]) if len(group) else np.zeros(0, dtype=bool)
    rank = np.arange(len(group)) - np.flatnonzero(first)[np.cumsum(first) - 1]
    places = slots[starts[group] + rank]
    for name, array in rows.columns().items():
        if name != "targets":
            array[places] = array[slots[standing]]
    kept = np.ones(len(rows.targets), dtype=bool)
    kept[slots] = False
    kept[places] = True
    rows.keep(kept)


def _edges(rows: Rows, slots: PositionArray, parts: Sequence[Part]) -> Edges:
    m, event = len(slots), rows.event[slots].astype(np.int64)
    keys = np.zeros((4, m), dtype=np.uint64)
    names = np.zeros(m, dtype=bool)
    at = np.searchsorted([part.first for part in parts], event, side="right") - 1
    for number, part in enumerate(parts):
        mine = np.flatnonzero(at == number)
        if len(mine):
            _fill_keys(part, event[mine] - part.first, mine, keys, names)
    return Edges(
        source=np.searchsorted(rows.offsets, slots, side="right") - 1,
        target=rows.targets[slots].astype(np.int64),
        time=rows.times[slots],
        retract=np.zeros(m, dtype=bool) if rows.retract is None else rows.retract[slots],
        key_hi=keys[0],
        key_lo=keys[1],
        undoes_hi=keys[2],
        undoes_lo=keys[3],
        names=names,
        row=np.arange(m),
    )


def _fill_keys(
    part: Part, some: PositionArray, into: PositionArray, keys: npt.NDArray[np.uint64], names: npt.NDArray[np.bool_]
) -> None:
    """Keys of some events, and of the events that they take back."""
    keys[0, into], keys[1, into] = part.events.key_hi[some], part.events.key_lo[some]
    if "retracts" not in part.events.texts.column_names:
        return
    undone = part.events.text("retracts").take(pa.array(some))
    named = undone.is_valid().to_numpy()
    names[into] = named
    if named.any():
        keys[2, into[named]], keys[3, into[named]] = event_keys(undone.drop_null())
