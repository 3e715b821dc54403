"""Events to batches: which relationships to write, sorted so that the server finds each node once."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.schema import Model, RelationType
from guanxi.snapshot import NO_TIME
from guanxi.stores.log import packed_keys
from guanxi.stores.neo4j.statements import OPTIONAL, Edge, label

BATCH_ROWS = 10_000
"""Rows of one transaction; a node that several of them name is looked up once."""

_COLUMN = {"undoes": "retracts"}  # how EVENT_SCHEMA calls it


@dataclass(frozen=True, slots=True)
class Part:
    """Events of one relation to one kind of target that are written in the same way.

    ``superseded`` events are those of a state that a later one in the same window replaces.
    """

    relation: RelationType
    kind: str
    edge: Edge
    events: pa.Table
    superseded: bool = False

    @property
    def is_state(self) -> bool:
        """Whether there is one relationship per pair."""
        return self.relation.form == "state" and not self.superseded

    def take(self, rows: list[int]) -> "Part":
        """Some of the events."""
        return replace(self, events=self.events.take(pa.array(rows, pa.int64())))


Batch = tuple[Part, ...]
"""What one transaction writes."""


def batches(events: pa.Table, model: Model, *, rows: int = BATCH_ROWS) -> list[Batch]:
    """Cut a window of events into transactions; the same window is always cut in the same way."""
    done: list[Batch] = []
    open_: list[Part] = []
    room = rows
    for part in parts(events, model):
        start = 0
        while start < len(part.events):
            piece = part.events.slice(start, room)
            open_.append(Part(part.relation, part.kind, part.edge, piece, part.superseded))
            start, room = start + len(piece), room - len(piece)
            if room == 0:
                done.append(tuple(open_))
                open_, room = [], rows
    return [*done, tuple(open_)] if open_ else done


def parts(events: pa.Table, model: Model) -> Iterator[Part]:
    """Events by relation, kind of target and how they are written; each part sorted by source."""
    for relation in model.relations.values():
        of_type = events.filter(pc.equal(events["relation"], relation.code))
        for kind in relation.targets if len(of_type) else ():
            of_kind = of_type.filter(pc.equal(of_type["target_kind"], model.kinds[kind].code))
            if len(of_kind):
                split = _states if relation.form == "state" else _facts
                yield from (part for part in split(of_kind, relation, kind, model) if len(part.events))


def _facts(events: pa.Table, relation: RelationType, kind: str, model: Model) -> Iterator[Part]:
    ordered = events.take(pc.sort_indices(events, sort_keys=[("source", "ascending"), ("target", "ascending")]))
    for retract in (False, True):
        edge = Edge.of(model, relation, kind, retract=retract)
        yield Part(relation, kind, edge, ordered.filter(pc.equal(ordered["retract"], retract)))


def _states(events: pa.Table, relation: RelationType, kind: str, model: Model) -> Iterator[Part]:
    """The last event of every pair, and the others, in the order in which states are resolved."""
    timed = events.append_column("_time", pc.fill_null(events["time"], NO_TIME))
    names = ("source", "target", "_time", "retract", "key_hi", "key_lo")
    ordered = events.take(pc.sort_indices(timed, sort_keys=[(name, "ascending") for name in names]))
    last = np.ones(len(ordered), dtype=bool)
    last[:-1] = ~(_repeats(ordered["source"]) & _repeats(ordered["target"]))
    yield Part(relation, kind, Edge.of(model, relation, kind), ordered.filter(pa.array(last)))
    old = Edge.superseded(model, relation, kind)
    yield Part(relation, kind, old, ordered.filter(pa.array(~last)), superseded=True)


def _repeats(column: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """Whether each value but the last is the same as the next."""
    same: npt.NDArray[np.bool_] = pc.equal(column.slice(0, len(column) - 1), column.slice(1)).to_numpy()
    return same


def keys(events: pa.Table) -> list[str]:
    """Key of every event as 32 hexadecimal digits."""
    digits = b"".join(packed_keys(events)).hex()
    return [digits[start : start + 32] for start in range(0, len(digits), 32)]


def columns(part: Part) -> dict[str, list[Any]]:
    """The properties of a part's relationships, by column; one that no event has is empty."""
    events = part.events
    found: dict[str, list[Any]] = {"key": keys(events)}
    if part.relation.form == "state":
        found["retracted"] = events["retract"].to_pylist()
    for name in OPTIONAL:
        column = events[_COLUMN.get(name, name)]
        found[name] = column.to_pylist() if column.null_count < len(column) else []
    return found


def maps(part: Part) -> list[dict[str, Any]]:
    """The properties of a part's relationships, each as a map without what is not set."""
    filled = {name: column for name, column in columns(part).items() if column}
    named = {part.edge.value if name == "value" else name: column for name, column in filled.items()}
    rows = [dict(zip(named, row, strict=True)) for row in zip(*named.values(), strict=True)]
    kept = [{name: value for name, value in row.items() if value is not None} for row in rows]
    return [{"relation": part.relation.name} | row for row in kept] if part.superseded else kept


def ends(part: Part) -> dict[str, list[Any]]:
    """The nodes of a part, each once, and which of them every row joins."""
    coded = {name: part.events[name].combine_chunks().dictionary_encode() for name in ("source", "target")}
    via = part.events["via"].drop_null().unique()
    return {
        "sources": coded["source"].dictionary.to_pylist(),
        "targets": coded["target"].dictionary.to_pylist(),
        "source": coded["source"].indices.to_pylist(),
        "target": coded["target"].indices.to_pylist(),
        "vias": via.to_pylist(),
    }


def ids(batch_list: list[Batch], model: Model) -> dict[str, list[str]]:
    """The ids that batches name, by label; each once, and sorted."""
    columns_of: dict[str, list[pa.ChunkedArray]] = {}
    account = label(model.kinds["account"])
    for part in (part for batch in batch_list for part in batch):
        for name, column in ((part.edge.source, "source"), (part.edge.target, "target"), (account, "via")):
            columns_of.setdefault(name, []).append(part.events[column].drop_null().unique())
    return {name: sorted(pa.chunked_array(some, pa.string()).unique().to_pylist()) for name, some in columns_of.items()}
