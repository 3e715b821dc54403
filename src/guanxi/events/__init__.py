"""What an event record means, and the checks that make one out of raw columns or rows."""

from guanxi.events.checked import Reject
from guanxi.events.parsing import Parsed, parse_events
from guanxi.events.record import EVENT_SCHEMA, FIELDS, event_ids, event_keys, with_keys
from guanxi.events.rows import columns_from_rows

__all__ = [
    "EVENT_SCHEMA",
    "FIELDS",
    "Parsed",
    "Reject",
    "columns_from_rows",
    "event_ids",
    "event_keys",
    "parse_events",
    "with_keys",
]
