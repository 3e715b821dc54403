"""The route that lists topics; the answers on one are those of trust and recommendations."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from guanxi.engine import topics as of_topics
from guanxi.service.answers import TopQuery, envelope
from guanxi.service.shapes.topics import TopicsAnswer
from guanxi.service.state import service_of
from guanxi.service.table import Route


async def topics(request: Request, query: Annotated[TopQuery, Query()]) -> Response:
    """The topics with the most items, and how many accounts shared and bought those."""
    return await service_of(request).current.answer(
        lambda view: envelope(of_topics.topics(view, limit=query.limit)), as_of=query.as_of
    )


ROUTES: tuple[Route, ...] = (Route("GET", "/v1/topics", topics, "read", TopicsAnswer, (422, 503)),)
