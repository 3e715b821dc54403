"""The event record as Arrow columns, and the keys by which the same event is recognised.

An event is one dated fact that makes or retracts a relation. Its key is a hash of its id; an event that has no id
gets one derived from its body, so that the same row loaded twice is one fact. Its body hash tells a duplicate (same
key, same body) from a conflict (same key, another body).
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from guanxi.hashing import murmur3

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
_SEPARATOR = "\x1f"  # refused in every text field, so bodies cannot be confused


def with_keys(body: pa.Table) -> pa.Table:
    """Add the key and body hashes to a table that has every other column of ``EVENT_SCHEMA``."""
    body_hi, body_lo = murmur3(_canonical_bodies(body))
    key_hi, key_lo = event_keys(body["id"])
    derived = pc.is_null(body["id"]).to_numpy()
    columns = [body[name] for name in EVENT_SCHEMA.names[:11]]
    columns += [np.where(derived, body_hi, key_hi), np.where(derived, body_lo, key_lo), body_lo]
    return pa.table(columns, schema=EVENT_SCHEMA)


def event_keys(ids: pa.Array | pa.ChunkedArray) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64]]:
    """Key of every event id, as two halves; a derived id carries its key in its text."""
    high, low = murmur3(ids)
    derived = pc.fill_null(pc.match_substring_regex(ids, f"^{DERIVED_PREFIX}[0-9a-f]{{32}}$"), pa.scalar(False))  # noqa: FBT003
    for row in np.flatnonzero(derived.to_numpy(zero_copy_only=False)):
        digits = ids[int(row)].as_py().removeprefix(DERIVED_PREFIX)
        high[row], low[row] = int(digits[:16], 16), int(digits[16:], 16)
    return high, low


def event_ids(events: pa.Table) -> list[str]:
    """Id of every event, derived ones included."""
    keys = zip(events["id"].to_pylist(), events["key_hi"].to_pylist(), events["key_lo"].to_pylist(), strict=True)
    return [f"{DERIVED_PREFIX}{high:016x}{low:016x}" if id_ is None else id_ for id_, high, low in keys]


def _canonical_bodies(body: pa.Table) -> pa.ChunkedArray:
    """Every body as one string: the same body is the same string, on every platform and in every version."""
    value_bits = pc.fill_null(body["value"], 0.0).to_numpy().view(np.int64)
    value = pc.if_else(pc.is_valid(body["value"]), pa.chunked_array([pa.array(value_bits)]), None)
    texts = [value if name == "value" else body[name] for name in _BODY_COLUMNS]
    texts = [text.cast(pa.int8()) if pa.types.is_boolean(text.type) else text for text in texts]
    return pc.binary_join_element_wise(
        *(pc.fill_null(text.cast(pa.large_string()), "") for text in texts), pa.scalar(_SEPARATOR, pa.large_string())
    )
