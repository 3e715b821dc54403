"""The event record as Arrow columns, and the keys by which the same event is recognised.

An event is one dated fact that makes or retracts a relation. Its key is a hash of its id; an event that has no id
gets one derived from its body, so that the same row loaded twice is one fact. Its body hash tells a duplicate (same
key, same body) from a conflict (same key, another body).
"""

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.hashing import murmur3, murmur3_bodies

KeyArray = npt.NDArray[np.uint64]

FIELDS = (
    "id",
    "relation",
    "source",
    "target",
    "target_kind",
    "time",
    "value",
    "via",
    "retracts",
    "properties",
)
"""What a raw record may say, by name. Only relation, source and target must be there."""

EVENT_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string()),  # null: derived from the body
        pa.field("relation", pa.int8(), nullable=False),  # RelationType.code
        pa.field("retract", pa.bool_(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("target_kind", pa.int8(), nullable=False),  # EntityKind.code
        pa.field("target", pa.string(), nullable=False),
        pa.field("time", pa.int64()),  # microseconds since 1970 UTC; null: unknown
        pa.field("value", pa.float64()),
        pa.field("via", pa.string()),  # the account that led to it
        pa.field("retracts", pa.string()),  # id of the fact that is taken back
        pa.field("properties", pa.string()),  # a JSON object with sorted keys
        pa.field("key_hi", pa.uint64(), nullable=False),
        pa.field("key_lo", pa.uint64(), nullable=False),
        pa.field("body", pa.uint64(), nullable=False),
    ]
)

DERIVED_PREFIX = "auto-"
_BODY_COLUMNS = EVENT_SCHEMA.names[1:11]
_DERIVED = re.compile(f"{DERIVED_PREFIX}([0-9a-f]{{16}})([0-9a-f]{{16}})")
_SEPARATOR = 0x1F  # refused in every text field, so bodies cannot be confused


def with_keys(body: pa.Table) -> pa.Table:
    """Add the key and body hashes to a table that has every other column of ``EVENT_SCHEMA``."""
    body_hi, body_lo = _body_hashes(body)
    key_hi, key_lo = body_hi, body_lo
    if body["id"].null_count < len(body):
        derived = pc.is_null(body["id"]).to_numpy()
        id_hi, id_lo = event_keys(body["id"])
        key_hi, key_lo = np.where(derived, body_hi, id_hi), np.where(derived, body_lo, id_lo)
    columns = [*(body[name] for name in EVENT_SCHEMA.names[:11]), key_hi, key_lo, body_lo]
    return pa.table(columns, schema=EVENT_SCHEMA)


def event_keys(ids: pa.Array | pa.ChunkedArray) -> tuple[KeyArray, KeyArray]:
    """Key of every event id, as two halves; a derived id carries its key in its text."""
    high, low = murmur3(ids)
    derived = pc.fill_null(pc.starts_with(ids, DERIVED_PREFIX), pa.scalar(False))  # noqa: FBT003
    for row in np.flatnonzero(derived.to_numpy(zero_copy_only=False)):
        found = _DERIVED.fullmatch(ids[int(row)].as_py())
        if found:
            high[row], low[row] = int(found[1], 16), int(found[2], 16)
    return high, low


def event_ids(events: pa.Table) -> list[str]:
    """Id of every event, derived ones included."""
    keys = zip(events["id"].to_pylist(), events["key_hi"].to_pylist(), events["key_lo"].to_pylist(), strict=True)
    return [f"{DERIVED_PREFIX}{high:016x}{low:016x}" if id_ is None else id_ for id_, high, low in keys]


def _body_hashes(body: pa.Table) -> tuple[KeyArray, KeyArray]:
    """Hash every body as one text: the same body is the same text, on every platform and in every version."""
    return murmur3_bodies([_plain(name, body[name]) for name in _BODY_COLUMNS], _SEPARATOR)


def _plain(name: str, column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """One array of text or whole numbers; a value stands by its bits."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if name == "value":
        bits = pc.fill_null(array, 0.0).to_numpy(zero_copy_only=False).view(np.int64)
        return pc.if_else(array.is_valid(), pa.array(bits), None)
    return array.cast(pa.int8()) if pa.types.is_boolean(array.type) else array
