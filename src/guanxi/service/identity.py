"""The route that tells an account with which others it is one actor, and what became of every link."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from guanxi.engine import identity_answers
from guanxi.service.answers import Id, PastQuery, envelope
from guanxi.service.shapes.identity import IdentityAnswer
from guanxi.service.state import service_of
from guanxi.service.table import Route


async def identity(request: Request, account: Id, query: Annotated[PastQuery, Query()]) -> Response:
    """The accounts that are one actor with an account, and every link of theirs with what became of it.

    Identity links are not public: show the answer to the account itself, and to nobody else.
    """
    return await service_of(request).current.answer(
        lambda view: envelope(identity_answers.identity(view, account)), as_of=query.as_of
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/accounts/{account:opaque}/identity", identity, "vet", IdentityAnswer, (404, 422, 503)),
)
