"""Events with numbers for ids: a tenth of the work wherever events are many."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events.dictionary import NO_CODE, CodeArray, Dictionary, sort_order
from guanxi.events.record import EVENT_SCHEMA, KeyArray

NO_TIME = int(np.iinfo(np.int64).min)
"""Stands for an unknown time; earlier than every known one."""

TEXTS = ("id", "retracts", "properties")
_CODED = ("source", "target", "via")
_PLAIN = ("relation", "retract", "target_kind", "time", "value", "key_hi", "key_lo", "body")
_STAND_INS: dict[str, Any] = {"time": NO_TIME, "value": float("nan")}


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """Events as parallel arrays, shape (m,) each; an id is a position in one column of ids.

    Attributes
    ----------
    ids : pyarrow.Array
        The ids that occur, of whatever kind, each once, in the order of their bytes.
    source, target : numpy.ndarray of uint32
    via : numpy.ndarray of uint32, or None
        ``NO_CODE`` where an event names nobody; None where none does.
    relation, target_kind : numpy.ndarray of int8
    retract : numpy.ndarray of bool
    time : numpy.ndarray of int64
        ``NO_TIME`` where unknown.
    value : numpy.ndarray of float64, or None
        NaN where an event has none; None where none has.
    key_hi, key_lo : numpy.ndarray of uint64
    body : numpy.ndarray of uint64, or None
        None where it is ``key_lo`` everywhere, as it is without ids.
    texts : pyarrow.Table
        Those of ``TEXTS`` that an event has.
    """

    ids: pa.Array
    source: CodeArray
    target: CodeArray
    via: CodeArray | None
    relation: npt.NDArray[np.int8]
    retract: npt.NDArray[np.bool_]
    target_kind: npt.NDArray[np.int8]
    time: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64] | None
    key_hi: KeyArray
    key_lo: KeyArray
    body: KeyArray | None
    texts: pa.Table

    def __len__(self) -> int:
        return len(self.source)

    @property
    def bodies(self) -> KeyArray:
        """Hash of every event's body."""
        return self.key_lo if self.body is None else self.body

    def text(self, name: str) -> pa.ChunkedArray:
        """One of ``TEXTS`` of every event."""
        if name in self.texts.column_names:
            return self.texts[name]
        return pa.chunked_array([pa.nulls(len(self), pa.string())])

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays that say something, by name."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in named.items() if isinstance(value, np.ndarray)}

    def take(self, rows: npt.NDArray[np.int64]) -> Self:
        """The events at ``rows``; the ids stay as they are."""
        changed: dict[str, Any] = {name: array[rows] for name, array in self.arrays().items()}
        texts = self.texts.take(pa.array(rows)) if self.texts.num_columns else self.texts
        changed = {"via": None, "value": None, "body": None, **changed}
        return type(self)(ids=self.ids, texts=texts, **changed)

    def table(self, start: int = 0, stop: int | None = None) -> pa.Table:
        """The events at positions ``start`` to ``stop`` with their ids, in ``EVENT_SCHEMA``."""
        part = slice(start, len(self) if stop is None else stop)
        length = max(part.stop - start, 0)
        columns: dict[str, Any] = {name: self.text(name).slice(start, length) for name in TEXTS}
        for name in _CODED:
            codes = getattr(self, name)
            columns[name] = pa.nulls(length, pa.string()) if codes is None else self._decoded(codes[part])
        for name in ("relation", "retract", "target_kind", "key_hi", "key_lo"):
            columns[name] = pa.array(getattr(self, name)[part])
        columns["body"] = pa.array(self.bodies[part])
        columns["time"] = _with_nulls(self.time[part], self.time[part] == NO_TIME)
        values = np.full(length, np.nan) if self.value is None else self.value[part]
        columns["value"] = _with_nulls(values, np.isnan(values))
        return pa.table([columns[name] for name in EVENT_SCHEMA.names], schema=EVENT_SCHEMA)

    def _decoded(self, codes: CodeArray) -> pa.Array:
        return self.ids.take(_with_nulls(codes, codes == NO_CODE)).cast(pa.string())

    @classmethod
    def of(cls, tables: Iterable[pa.Table]) -> Self:
        """Code events in ``EVENT_SCHEMA``."""
        coding = Coding()
        for table in tables:
            coding.add(table)
        return cls(**coding.columns())


class Coding:
    """Events that are coded as they come.

    Attributes
    ----------
    n_events, n_bytes : int
        How many there are, and the size of their texts.
    """

    def __init__(self) -> None:
        self.n_events = self.n_bytes = 0
        self._dictionary = Dictionary()
        self._parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in (*_CODED, *_PLAIN)}
        self._texts: dict[str, list[pa.Array]] = {name: [] for name in TEXTS}

    def add(self, events: pa.Table) -> None:
        """Take in events in ``EVENT_SCHEMA``."""
        for name in _CODED:
            self._parts[name].append(self._dictionary.codes(events[name]))
        for name in _PLAIN:
            column = events[name]
            filled = pc.fill_null(column, _STAND_INS[name]) if column.null_count else column
            self._parts[name].append(filled.to_numpy())
        for name in TEXTS:
            self._texts[name] += events[name].chunks
            self.n_bytes += events[name].nbytes if events[name].null_count < len(events) else 0
        self.n_events += len(events)

    def finish(self) -> Coded:
        """Return what was added; nothing can be added any more."""
        return Coded(**self.columns())

    def columns(self) -> dict[str, Any]:
        """What makes a ``Coded``; see ``finish``."""
        ids = self._dictionary.values()
        order = sort_order(ids)
        rank = np.empty(len(order) + 1, dtype=np.uint32)
        rank[order], rank[-1] = np.arange(len(order), dtype=np.uint32), NO_CODE
        arrays: dict[str, Any] = {name: self._joined(name) for name in _PLAIN}
        for name in _CODED:
            codes = self._joined(name)
            arrays[name] = rank[np.minimum(codes, np.uint32(len(order)))]
        if (arrays["via"] == NO_CODE).all():
            arrays["via"] = None
        if np.isnan(arrays["value"]).all():
            arrays["value"] = None
        if (arrays["body"] == arrays["key_lo"]).all():
            arrays["body"] = None
        texts = {name: pa.chunked_array(parts, pa.string()) for name, parts in self._texts.items()}
        said = {name: column for name, column in texts.items() if column.null_count < len(column)}
        return {"ids": ids.take(pa.array(order)), "texts": pa.table(said), **arrays}

    def _joined(self, name: str) -> npt.NDArray[Any]:
        parts, self._parts[name] = self._parts[name], []
        width = np.uint32 if name in _CODED else EVENT_SCHEMA.field(name).type.to_pandas_dtype()
        return np.concatenate(parts) if parts else np.zeros(0, dtype=width)


def _with_nulls(values: npt.NDArray[Any], missing: npt.NDArray[np.bool_]) -> pa.Array:
    return pa.array(values, mask=missing) if missing.any() else pa.array(values)
