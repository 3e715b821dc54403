"""Properties that ``model.toml`` declares for a relation type: what they may say, and as numbers.

An event says them in its ``properties``, beside whatever else it says there. Checked when events are parsed, and read
once more when a snapshot is built; so stores keep nothing but the text.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.events.checked import Checked
from guanxi.events.coded import NO_TIME
from guanxi.events.values import EARLIEST, BoolArray, as_mask, microseconds, times
from guanxi.schema import Model, PropertySpec

NOT_SAID = 0
"""Number of a word that an event does not say."""


def nothing_said(spec: PropertySpec, n: int) -> npt.NDArray[Any]:
    """The column of a property that no event says, shape (n,)."""
    return np.full(n, NO_TIME, dtype=np.int64) if spec.is_time else np.zeros(n, dtype=np.uint8)


def declared(texts: pa.Array | pa.ChunkedArray, spec: PropertySpec) -> npt.NDArray[Any]:
    """A property of every event as a number, shape (n,): the number of its word, or microseconds since 1970.

    What is not said, or not as it must be, is ``NOT_SAID`` or ``NO_TIME``.

    >>> proof = PropertySpec("proof", (("self", 1), ("oauth", 3)))
    >>> declared(pa.array(['{"proof":"oauth"}', None, '{"proof":"magic"}']), proof).tolist()
    [3, 0, 0]
    """
    column = nothing_said(spec, len(texts))
    given = np.flatnonzero(as_mask(texts.is_valid()))
    if len(given):
        column[given] = _numbers(_said(texts.take(pa.array(given)), spec), spec)[0]
    return column


def check_declared(checked: Checked, body: Mapping[str, Any], model: Model) -> None:
    """Refuse events whose declared properties are not as they must be, or which end before they begin.

    ``body`` holds the columns of the events under the names of ``EVENT_SCHEMA``.
    """
    texts, relation = body["properties"], np.asarray(body["relation"])
    given = as_mask(texts.is_valid()) & ~checked.bad
    for type_ in model.relations.values() if given.any() else ():
        rows = np.flatnonzero(given & (relation == type_.code))
        for spec in type_.properties if len(rows) else ():
            said, bad = _numbers(_said(texts.take(pa.array(rows)), spec), spec)
            _refuse(checked, rows[bad], f"{spec.name} is not {_wanted(spec)}")
            if spec.is_time:
                began = pc.fill_null(body["time"].take(pa.array(rows)), NO_TIME).to_numpy(zero_copy_only=False)
                ended = ~np.asarray(body["retract"])[rows] & (said != NO_TIME) & (said <= began)
                _refuse(checked, rows[ended], f"{spec.name} is not after the time of the event")


def _refuse(checked: Checked, rows: npt.NDArray[np.int64], reason: str) -> None:
    where = np.zeros(checked.n, dtype=bool)
    where[rows] = True
    checked.refuse(where, "properties", reason)


def _wanted(spec: PropertySpec) -> str:
    """What a property must be."""
    if spec.is_time:
        return f"a time from {EARLIEST:%Y} on (ISO 8601 text or a number of seconds)"
    return f"one of {', '.join(word for word, _ in spec.words)}"


def _said(texts: pa.Array | pa.ChunkedArray, spec: PropertySpec) -> list[Any]:
    """What JSON objects say of a property; None where they say nothing."""
    return [json.loads(text).get(spec.name) for text in texts.to_pylist()]


def _numbers(said: list[Any], spec: PropertySpec) -> tuple[npt.NDArray[Any], BoolArray]:
    if spec.is_time:
        return _moments(said)
    words = dict(spec.words)
    column = np.array([words.get(word, NOT_SAID) if isinstance(word, str) else NOT_SAID for word in said], np.uint8)
    return column, _given(said) & (column == NOT_SAID)


def _moments(said: list[Any]) -> tuple[npt.NDArray[np.int64], BoolArray]:
    plain = [_plain(value) for value in said]
    moment, bad = times(pa.array(plain, pa.string()))
    bad |= as_mask(pc.less(moment, microseconds(EARLIEST)))
    missing = np.array([text is None for text in plain], dtype=bool)
    column = pc.fill_null(moment, NO_TIME).to_numpy(zero_copy_only=False).astype(np.int64)
    column[bad] = NO_TIME
    return column, bad | (_given(said) & missing)


def _plain(value: object) -> str | None:
    """A time as a record would write it; None for what is no time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return value if isinstance(value, str) else repr(value)


def _given(said: Iterable[Any]) -> BoolArray:
    return np.array([value is not None for value in said], dtype=bool)
