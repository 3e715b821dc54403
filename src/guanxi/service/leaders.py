"""Routes on influence: leaders, and the relations of an account."""

from typing import Annotated

from fastapi import Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from guanxi.engine.leaders import leaders as find_leaders
from guanxi.engine.ties import ties as find_ties
from guanxi.service.answers import Id, Topic, TopQuery, checked_id, envelope
from guanxi.service.shapes.leaders import LeadersAnswer, TiesAnswer
from guanxi.service.state import service_of
from guanxi.service.table import Route


class LeadersQuery(TopQuery):
    """Parameters of leaders."""

    community: Annotated[int | None, Field(ge=0, description="Only members of a community, by number")] = None
    community_of: Annotated[
        Annotated[str, AfterValidator(checked_id)] | None, Field(description="Only members of this account's community")
    ] = None
    topic: Topic = None


async def leaders(request: Request, query: Annotated[LeadersQuery, Query()]) -> Response:
    """Whose trust reaches further than followers explain, and who is followed most.

    The first answer after a new run takes longer: everybody, or a sample, is asked whom they trust.
    """
    wanted = {name: getattr(query, name) for name in ("community", "community_of", "topic", "limit")}
    return await service_of(request).current.answer(
        lambda view: envelope(find_leaders(view, **wanted)), as_of=query.as_of
    )


async def ties(request: Request, account: Id, query: Annotated[TopQuery, Query()]) -> Response:
    """The strongest relations of an account, both ways, and what each rests on. Only public actions show one."""
    return await service_of(request).current.answer(
        lambda view: envelope(find_ties(view, account, limit=query.limit)), as_of=query.as_of
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/leaders", leaders, "read", LeadersAnswer, (404, 422, 503)),
    Route("GET", "/v1/accounts/{account:opaque}/ties", ties, "read", TiesAnswer, (404, 422, 503)),
)
