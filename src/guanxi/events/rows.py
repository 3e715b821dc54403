"""Rows as JSON gives them to raw columns: each field gets one type, and a value of another type is refused."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from guanxi.events.checked import Reject
from guanxi.events.record import FIELDS

_NUMERIC = ("time", "value")
_MAX_INTEGER_BITS = 256  # an id has at most 256 bytes, and Python will not write out the largest integers


def columns_from_rows(
    rows: Sequence[object], *, keys: Mapping[str, str] | None = None
) -> tuple[dict[str, pa.Array], list[int], list[Reject]]:
    """Turn rows into columns named as in ``FIELDS``.

    Parameters
    ----------
    rows : sequence
        Objects as JSON gives them.
    keys : mapping of field name to key, optional
        Under which key of a row each field is found; every field under its own name unless given.

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
    keys = keys if keys is not None else {name: name for name in FIELDS}
    objects = [row if isinstance(row, Mapping) else None for row in rows]
    refused = {position for position, row in enumerate(objects) if row is None}
    rejects = [Reject(position, "", "is not a JSON object", _shown(rows[position])) for position in sorted(refused)]
    texts: dict[str, list[Any]] = {}
    for name, key in keys.items():
        values = [None if row is None else row.get(key) for row in objects]
        texts[name] = _texts(name, values)
        for position in [at for at, text in enumerate(texts[name]) if text is _WRONG]:
            if position not in refused:
                rejects.append(_wrong_type(position, name, values[position]))
            refused.add(position)
    rejects.sort(key=lambda reject: reject.row)
    positions = [position for position in range(len(rows)) if position not in refused]
    if refused:
        texts = {name: [column[position] for position in positions] for name, column in texts.items()}
    return {name: pa.array(column, pa.string()) for name, column in texts.items()}, positions, rejects


_WRONG: Any = object()


def _texts(name: str, values: list[object]) -> list[Any]:
    """Each value as text, null or the mark _WRONG."""
    if set(map(type, values)) <= {str, type(None)} and name != "properties" and _is_encodable(values):
        return values
    return [_text(name, value) for value in values]


def _text(name: str, value: object) -> Any:  # noqa: ANN401 - text, null or the mark _WRONG
    if value is None:
        return None
    if name == "properties":
        return _written(value) if isinstance(value, Mapping) else _WRONG
    if isinstance(value, str):
        return value if _is_encodable([value]) else _WRONG
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _WRONG
    if isinstance(value, int):
        return repr(value) if value.bit_length() <= _MAX_INTEGER_BITS else _WRONG
    return repr(value) if name in _NUMERIC else _WRONG


def _written(value: object) -> Any:  # noqa: ANN401 - text or the mark _WRONG
    """An object as JSON text, or the mark _WRONG where there is no such text."""
    try:
        written = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return _WRONG
    return written if _is_encodable([written]) else _WRONG


def _is_encodable(values: Sequence[Any]) -> bool:
    """Lone surrogates pass through JSON escapes, but are no text."""
    try:
        "".join(value for value in values if value is not None).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _wrong_type(position: int, name: str, value: object) -> Reject:
    wanted = "a number" if name in _NUMERIC else "an object" if name == "properties" else "text"
    shown = _shown(value)
    return Reject(position, name, f"is {shown}, not {wanted}", shown)


def _shown(value: object) -> str:
    try:
        return json.dumps(value, default=str)[:80]
    except (ValueError, RecursionError):
        return "a value too large to show"
