"""Single events into the store: what becomes of each, and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from guanxi.engine.loads import WAS_ERASED
from guanxi.events import columns_from_rows, event_ids, parse_events
from guanxi.stores import GraphStore


@dataclass(frozen=True, slots=True)
class EventOutcome:
    """What became of one event: created, duplicate, conflict or rejected, and why."""

    outcome: Literal["created", "duplicate", "conflict", "rejected"]
    id: str | None = None
    field: str | None = None
    detail: str | None = None


def append_rows(store: GraphStore, rows: Sequence[object], *, now_us: int) -> list[EventOutcome]:
    """Keep single events; see ``Engine.append``."""
    columns, positions, wrong = columns_from_rows(rows)
    outcomes: dict[int, EventOutcome] = {
        r.row: EventOutcome("rejected", field=r.field or None, detail=r.reason) for r in wrong
    }
    if positions:
        parsed = parse_events(columns, now_us=now_us)
        for reject in parsed.rejects:
            detail = f"{reject.value!r} {reject.reason}" if reject.value else reject.reason
            outcomes[positions[reject.row]] = EventOutcome("rejected", field=reject.field or None, detail=detail)
        appended = store.append(parsed.events) if len(parsed.events) else None
        said = appended.outcomes if appended else []
        for row, id_, outcome in zip(parsed.rows.tolist(), event_ids(parsed.events), said, strict=True):
            if outcome == "erased":
                outcomes[positions[row]] = EventOutcome("rejected", detail=WAS_ERASED)
            else:
                why = "another event with this id says something else" if outcome == "conflict" else None
                outcomes[positions[row]] = EventOutcome(outcome, id=id_, detail=why)
    return [outcomes[row] for row in range(len(rows))]
