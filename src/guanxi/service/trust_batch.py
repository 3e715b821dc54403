"""The route that says how far one account trusts each of many others."""

from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from guanxi.engine.trust_batch import MAX_TARGETS, trust_in_each
from guanxi.service.answers import PastQuery, checked_id, envelope
from guanxi.service.bodies import JSON, content_type, parse_document, read_body
from guanxi.service.problems import Problem
from guanxi.service.shapes import Envelope, PairwiseFigures, Shape, SurelyPlaced
from guanxi.service.state import service_of
from guanxi.service.table import Route

_FIELDS = ("viewer", "targets")


class TrustBatch(Shape):
    """Whose trust, and in whom."""

    viewer: str
    targets: list[str] = Field(max_length=MAX_TARGETS)


class TrustBatchData(Shape):
    """Trust of one account in others, in the order asked."""

    class Row(Shape):
        """Trust in one of them; nothing where the snapshot does not know it."""

        target: str
        known: bool
        personal: SurelyPlaced | None
        global_: SurelyPlaced | None = Field(alias="global")
        pairwise: PairwiseFigures | None

    viewer: str
    targets: list[Row]


TrustBatchAnswer = Envelope[TrustBatchData]


async def post_trust_batch(request: Request, query: Annotated[PastQuery, Query()]) -> Response:
    """How far one account trusts each of up to 1,000 others: personal, global and pairwise trust, without reasons.

    A target that is not known is said to be so and does not stop the others; an unknown viewer is a newcomer.
    """
    content_type(request, JSON)
    viewer, targets = _asked(parse_document(await read_body(request)))
    if len(targets) > MAX_TARGETS:
        detail = f"the batch has {len(targets):,} targets, more than {MAX_TARGETS:,}; send it in parts"
        raise Problem(413, "batch_too_large", detail)
    return await service_of(request).current.answer(
        lambda view: envelope(trust_in_each(view, viewer, targets)), as_of=query.as_of
    )


def _asked(document: object) -> tuple[str, list[str]]:
    if not isinstance(document, dict):
        raise _wrong("", "the body is not an object with viewer and targets")
    for name in document:
        if name not in _FIELDS:
            raise _wrong(f"/{name}", f"is not a field of a batch; {' and '.join(_FIELDS)} are")
    targets = document.get("targets")
    if not isinstance(targets, list):
        raise _wrong("/targets", "is not a list of account ids")
    return _id(document.get("viewer"), "/viewer"), [_id(id_, f"/targets/{at}") for at, id_ in enumerate(targets)]


def _id(value: Any, pointer: str) -> str:  # noqa: ANN401 - whatever JSON holds
    if not isinstance(value, str):
        raise _wrong(pointer, "is not the id of an account, as text")
    try:
        return checked_id(value)
    except ValueError as exc:
        raise _wrong(pointer, str(exc)) from None


def _wrong(pointer: str, detail: str) -> Problem:
    return Problem(422, "invalid_body", f"{pointer} {detail}".strip(), errors=[(pointer, detail)])


_BODY = {"requestBody": {"required": True, "content": {JSON: {"schema": TrustBatch.model_json_schema()}}}}

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/trust:batch",
        post_trust_batch,
        "read",
        TrustBatchAnswer,
        (400, 408, 413, 415, 422, 503),
        extra=_BODY,
    ),
)
