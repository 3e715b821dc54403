"""Routes on one account."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from guanxi.service import shapes
from guanxi.service.answers import Id, NoQuery, envelope
from guanxi.service.bodies import JSON
from guanxi.service.state import service_of
from guanxi.service.table import Route


async def erase_account(request: Request, account: Id, query: Annotated[NoQuery, Query()]) -> Response:
    """Erase an account everywhere, and keep it out.

    Its events are gone when the answer comes. 202 as long as snapshots or Neo4j may still hold it, which `waits_for`
    names; ask again, and 200 says that nothing does.
    """
    del query
    erased = await service_of(request).erasures.erase(account)
    data = {"n_events": erased.n_events, "n_unnamed": erased.n_unnamed, "waits_for": list(erased.waits_for)}
    return envelope((data, {}), status=202 if erased.waits_for else 200)


_LATER = {
    "description": "Its events are gone; answers made from older ones are replaced soon",
    "content": {JSON: {"schema": {"$ref": "#/components/schemas/ErasedAnswer"}}},
}

ROUTES: tuple[Route, ...] = (
    Route(
        "DELETE",
        "/v1/accounts/{account:opaque}",
        erase_account,
        "admin",
        shapes.ErasedAnswer,
        (422, 503),
        extra={"responses": {"202": _LATER}},
    ),
)
