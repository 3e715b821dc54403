"""Rows as JSON gives them to raw columns: each field gets one type, and a value of another type is refused."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from guanxi.events.parsing import Reject
from guanxi.events.record import FIELDS

_NUMERIC = ("time", "value")


def columns_from_rows(rows: Sequence[object]) -> tuple[dict[str, pa.Array], list[int], list[Reject]]:
    """Turn rows into columns named as in ``FIELDS``.

    Returns
    -------
    columns : dict of str to pyarrow.Array
        Text, with numbers written out, so that one odd value does not change the type of a column.
    positions : list of int
        Position in ``rows`` of each row of the columns.
    rejects : list of Reject
        Rows that are no objects, or in which a field has a type that it cannot have.

    Examples
    --------
    >>> columns, positions, rejects = columns_from_rows([{"source": "ann"}, {"source": True}, 7])
    >>> positions, [(r.row, r.field, r.reason) for r in rejects]
    ([0], [(1, 'source', 'is true, not text'), (2, '', 'is not a JSON object')])
    """
    texts: dict[str, list[str | None]] = {name: [] for name in FIELDS}
    positions: list[int] = []
    rejects: list[Reject] = []
    for position, row in enumerate(rows):
        if not isinstance(row, Mapping):
            rejects.append(Reject(position, "", "is not a JSON object", _shown(row)))
            continue
        fields = {name: _text(name, row.get(name)) for name in FIELDS}
        wrong = next((name for name, text in fields.items() if text is _WRONG), None)
        if wrong is not None:
            wanted = "a number" if wrong in _NUMERIC else "an object" if wrong == "properties" else "text"
            shown = _shown(row[wrong])
            rejects.append(Reject(position, wrong, f"is {shown}, not {wanted}", shown))
            continue
        positions.append(position)
        for name, text in fields.items():
            texts[name].append(text)
    return {name: pa.array(column, pa.string()) for name, column in texts.items()}, positions, rejects


_WRONG: Any = object()


def _text(name: str, value: object) -> Any:  # noqa: ANN401 - text, null or the mark _WRONG
    if value is None:
        return None
    if name == "properties":
        return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else _WRONG
    if isinstance(value, str):
        return value if _is_encodable(value) else _WRONG
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _WRONG
    if name in _NUMERIC or isinstance(value, int):
        return repr(value)
    return _WRONG


def _is_encodable(value: str) -> bool:
    """Lone surrogates pass through JSON escapes, but are no text."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:80]
