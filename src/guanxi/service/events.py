"""Routes that take events; each is answered after the events are on disk."""

from collections import Counter
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from guanxi.engine import EventOutcome
from guanxi.service import shapes
from guanxi.service.answers import envelope
from guanxi.service.bodies import JSON, NDJSON, content_type, parse_document, read_body, rows_of_json, rows_of_lines
from guanxi.service.problems import Problem
from guanxi.service.state import service_of
from guanxi.service.table import Route

MAX_EVENTS = 1000
_INLINE_BYTES = 65_536
"""A longer body is parsed in a thread, so that others need not wait for it."""


async def post_event(request: Request) -> Response:
    """Take one event.

    201 when it is new and 200 when it was known; the same id with another body is a conflict. It is on disk when the
    answer comes.
    """
    content_type(request, JSON)
    event = parse_document(await read_body(request))
    (outcome,) = await service_of(request).ingest.append([event])
    if outcome.outcome == "rejected":
        pointer = f"/{outcome.field}" if outcome.field else ""
        detail = outcome.detail or ""
        raise Problem(422, "invalid_event", f"{outcome.field or 'the event'}: {detail}", errors=[(pointer, detail)])
    if outcome.outcome == "conflict":
        detail = outcome.detail or ""
        raise Problem(409, "conflict", f"event {outcome.id!r}: {detail}", errors=[("/id", detail)])
    data = {"outcome": outcome.outcome, "id": outcome.id}
    return envelope((data, {"n_events": 1}), status=201 if outcome.outcome == "created" else 200)


async def post_batch(request: Request) -> Response:
    """Take up to 1,000 events, as JSON (`{"events": [...]}` or a list) or NDJSON.

    A bad event does not stop the others: each has its own outcome. What was created is on disk when the answer comes.
    """
    kind = content_type(request, JSON, *NDJSON)
    body, read = await read_body(request), rows_of_json if kind == JSON else rows_of_lines
    found = read(body) if len(body) <= _INLINE_BYTES else await run_in_threadpool(read, body)
    if len(found.rows) > MAX_EVENTS:
        detail = f"the batch has {len(found.rows):,} events, more than {MAX_EVENTS:,}; send it in parts"
        raise Problem(413, "batch_too_large", detail)
    outcomes = await service_of(request).ingest.append(found.rows) if found.rows else []
    shown = [_shown(index, outcome, found.broken.get(index)) for index, outcome in enumerate(outcomes)]
    counts = Counter(outcome.outcome for outcome in outcomes)
    every = {name: counts[name] for name in ("created", "duplicate", "conflict", "rejected")}
    return envelope(({"counts": every, "outcomes": shown}, {"n_events": len(found.rows)}))


def _shown(index: int, outcome: EventOutcome, broken: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"index": index, "outcome": outcome.outcome, "id": outcome.id}
    if outcome.detail is not None:
        shown["problem"] = {"field": outcome.field, "detail": broken or outcome.detail}
    return shown


def _body(*, lines: bool) -> dict[str, Any]:
    """How OpenAPI describes a body that is read here and not by FastAPI."""
    event = {"$ref": "#/components/schemas/Event"}
    if not lines:
        return {"requestBody": {"required": True, "content": {JSON: {"schema": event}}}}
    events = {"type": "array", "items": event, "maxItems": MAX_EVENTS}
    batch = {
        "oneOf": [{"type": "object", "properties": {"events": events}, "required": ["events"]}, events],
    }
    text = {"type": "string", "description": "One event as JSON on each line"}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": batch}, NDJSON[0]: {"schema": text}}}}


ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/events",
        post_event,
        "ingest",
        shapes.EventAnswer,
        (400, 408, 409, 413, 415, 422, 503),
        status=201,
        extra=_body(lines=False),
    ),
    Route(
        "POST",
        "/v1/events:batch",
        post_batch,
        "ingest",
        shapes.BatchAnswer,
        (400, 408, 413, 415, 422, 503),
        extra=_body(lines=True),
    ),
)
