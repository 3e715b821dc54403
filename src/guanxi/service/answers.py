"""Routes that answer from the run in use: recommendations, trust, rankings, authenticity."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from guanxi.engine import View
from guanxi.engine.wording import Language
from guanxi.errors import UnknownIdError
from guanxi.events.parsing import MAX_ID_BYTES
from guanxi.service import shapes
from guanxi.service.language import preferred
from guanxi.service.state import service_of
from guanxi.service.table import Route

Answer = tuple[dict[str, Any], dict[str, Any]]
Explain = Literal["none", "summary", "paths"]
Solver = Literal["push", "exact"]


def _checked_id(id_: str) -> str:
    if not id_.isprintable() or not 0 < len(id_.encode()) <= MAX_ID_BYTES:
        raise ValueError(f"an id has 1 to {MAX_ID_BYTES} bytes and no control characters")
    return id_


Id = Annotated[str, Path(description="An id; a slash in it is written %2F"), AfterValidator(_checked_id)]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most")]


class _Strict(BaseModel):
    """Query parameters; one that is not known is refused, since ignoring a filter would give a wrong answer."""

    model_config = ConfigDict(extra="forbid")


class NoQuery(_Strict):
    """No parameters."""


class TopQuery(_Strict):
    """Parameters of a list."""

    limit: Limit = 10


class AccountsQuery(TopQuery):
    """Parameters of recommended accounts."""

    explain: Annotated[Explain, Field(description="How much of the reasons is wanted")] = "summary"
    solver: Annotated[
        Solver, Field(description="How trusted accounts are found: fast, or exactly, which takes far longer")
    ] = "push"


class ItemsQuery(AccountsQuery):
    """Parameters of recommended items."""

    exclude_seen: Annotated[bool, Field(description="Leave out what the account already has")] = True


def envelope(answer: Answer, *, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """Data and meta as bytes."""
    data, meta = answer
    content = orjson.dumps({"data": data, "meta": meta})
    return Response(content, status, headers=headers, media_type="application/json")


async def recommended_items(request: Request, account: Id, query: Annotated[ItemsQuery, Query()]) -> Response:
    """Items for an account.

    An account that nothing is known of gets an answer, too: `rests_on` says what it is made from.
    """

    def compute(view: View, language: Language) -> Answer:
        exact = query.solver == "exact"
        return view.items(account, limit=query.limit, exclude_seen=query.exclude_seen, language=language, exact=exact)

    return await _recommended(request, compute, "items", query.explain)


async def recommended_accounts(request: Request, account: Id, query: Annotated[AccountsQuery, Query()]) -> Response:
    """Accounts to follow for an account; those that it follows, trusts or blocks are left out."""

    def compute(view: View, language: Language) -> Answer:
        return view.accounts(account, limit=query.limit, language=language, exact=query.solver == "exact")

    return await _recommended(request, compute, "accounts", query.explain)


async def _recommended(
    request: Request, compute: Callable[[View, Language], Answer], kind: str, explain: Explain
) -> Response:
    language = preferred(request.headers.get("accept-language", ""))

    def answer(view: View) -> Response:
        data, meta = compute(view, language)
        data[kind] = [_explained(entry, explain) for entry in data[kind]]
        return envelope((data, meta), headers={"Content-Language": language, "Vary": "Accept-Language"})

    return await service_of(request).current.answer(answer)


def _explained(entry: dict[str, Any], explain: Explain) -> dict[str, Any]:
    dropped = {"none": ("summary", "explanation"), "summary": ("explanation",), "paths": ()}[explain]
    return {name: value for name, value in entry.items() if name not in dropped}


async def trust(request: Request, viewer: Id, target: Id, query: Annotated[NoQuery, Query()]) -> Response:
    """How far one account trusts another, and through whom.

    An unknown viewer is a newcomer, whose trust rests on nothing yet; an unknown target is an error.
    """
    del query
    return await service_of(request).current.answer(lambda view: envelope(view.trust(viewer, target)))


async def trusted(request: Request, viewer: Id, query: Annotated[TopQuery, Query()]) -> Response:
    """Whom an account trusts most."""
    return await service_of(request).current.answer(lambda view: envelope(view.trusted_by(viewer, limit=query.limit)))


async def ranking(request: Request, strategy: Id, query: Annotated[TopQuery, Query()]) -> Response:
    """The most trusted accounts under a strategy; the one of the run in use is known."""

    def answer(view: View) -> Response:
        if strategy != view.run.strategy.name:
            raise UnknownIdError(f"no strategy {strategy!r}; the run in use follows {view.run.strategy.name!r}")
        return envelope(view.ranking(limit=query.limit))

    return await service_of(request).current.answer(answer)


async def authenticity(request: Request, account: Id, query: Annotated[NoQuery, Query()]) -> Response:
    """How much of what an account shows is real: of its audience, and of its own conduct."""
    del query
    return await service_of(request).current.answer(lambda view: envelope(view.authenticity(account)))


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/accounts/{account:opaque}/recommendations/items",
        recommended_items,
        "read",
        shapes.ItemsAnswer,
        (422, 503),
    ),
    Route(
        "GET",
        "/v1/accounts/{account:opaque}/recommendations/accounts",
        recommended_accounts,
        "read",
        shapes.AccountsAnswer,
        (422, 503),
    ),
    Route(
        "GET",
        "/v1/accounts/{account:opaque}/authenticity",
        authenticity,
        "read",
        shapes.AuthenticityAnswer,
        (404, 422, 503),
    ),
    Route("GET", "/v1/trust/{viewer:opaque}/{target:opaque}", trust, "read", shapes.TrustAnswer, (404, 422, 503)),
    Route("GET", "/v1/trust/{viewer:opaque}", trusted, "read", shapes.TrustedAnswer, (422, 503)),
    Route("GET", "/v1/rankings/{strategy:opaque}", ranking, "read", shapes.RankingAnswer, (404, 422, 503)),
)
