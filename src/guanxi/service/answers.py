"""Routes that answer from the run in use: recommendations, trust, rankings, authenticity."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

import orjson
from fastapi import Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from guanxi.engine import View
from guanxi.engine import topics as of_topics
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


def checked_id(id_: str) -> str:
    """An id as it is; ValueError where no id looks like that."""
    if not id_.isprintable() or not 0 < len(id_.encode()) <= MAX_ID_BYTES:
        raise ValueError(f"an id has 1 to {MAX_ID_BYTES} bytes and no control characters")
    return id_


Id = Annotated[str, Path(description="An id; a slash in it is written %2F"), AfterValidator(checked_id)]
Limit = Annotated[int, Field(ge=1, le=100, description="How many at most")]
Topic = Annotated[
    Annotated[str, AfterValidator(checked_id)] | None,
    Field(description="On what: a topic as GET /v1/topics names it; everything if not given"),
]


class _Strict(BaseModel):
    """Query parameters; one that is not known is refused, since ignoring a filter would give a wrong answer."""

    model_config = ConfigDict(extra="forbid")


class NoQuery(_Strict):
    """No parameters."""


class PastQuery(_Strict):
    """Parameters of every answer."""

    as_of: Annotated[
        str | None, Field(description="Answer from what was known by then: the end of a day in UTC, or a time")
    ] = None


class TopQuery(PastQuery):
    """Parameters of a list."""

    limit: Limit = 10


class TrustQuery(PastQuery):
    """Parameters of trust between two accounts."""

    topic: Topic = None


class TrustedQuery(TopQuery):
    """Parameters of whom an account trusts."""

    topic: Topic = None


class AccountsQuery(TopQuery):
    """Parameters of recommended accounts."""

    explain: Annotated[Explain, Field(description="How much of the reasons is wanted")] = "summary"
    solver: Annotated[
        Solver, Field(description="How trusted accounts are found: fast, or exactly, which takes far longer")
    ] = "push"


class ItemsQuery(AccountsQuery):
    """Parameters of recommended items."""

    exclude_seen: Annotated[bool, Field(description="Leave out what the account already has")] = True
    topic: Topic = None


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
        limit, unseen, exact = query.limit, query.exclude_seen, query.solver == "exact"
        if query.topic is not None:
            return of_topics.items(view, account, query.topic, limit=limit, exclude_seen=unseen, language=language)
        return view.items(account, limit=limit, exclude_seen=unseen, language=language, exact=exact)

    return await _recommended(request, compute, "items", query)


async def recommended_accounts(request: Request, account: Id, query: Annotated[AccountsQuery, Query()]) -> Response:
    """Accounts to follow for an account; those that it follows, trusts or blocks are left out."""

    def compute(view: View, language: Language) -> Answer:
        return view.accounts(account, limit=query.limit, language=language, exact=query.solver == "exact")

    return await _recommended(request, compute, "accounts", query)


async def _recommended(
    request: Request, compute: Callable[[View, Language], Answer], kind: str, query: AccountsQuery
) -> Response:
    language = preferred(request.headers.get("accept-language", ""))

    def answer(view: View) -> Response:
        data, meta = compute(view, language)
        data[kind] = [_explained(entry, query.explain) for entry in data[kind]]
        return envelope((data, meta), headers={"Content-Language": language, "Vary": "Accept-Language"})

    return await service_of(request).current.answer(answer, as_of=query.as_of)


def _explained(entry: dict[str, Any], explain: Explain) -> dict[str, Any]:
    dropped = {"none": ("summary", "explanation"), "summary": ("explanation",), "paths": ()}[explain]
    return {name: value for name, value in entry.items() if name not in dropped}


async def trust(request: Request, viewer: Id, target: Id, query: Annotated[TrustQuery, Query()]) -> Response:
    """How far one account trusts another, and through whom.

    An unknown viewer is a newcomer, whose trust rests on nothing yet; an unknown target or topic is an error.
    """

    def answer(view: View) -> Response:
        if query.topic is not None:
            return envelope(of_topics.pair(view, viewer, target, query.topic))
        return envelope(view.trust(viewer, target))

    return await service_of(request).current.answer(answer, as_of=query.as_of)


async def trusted(request: Request, viewer: Id, query: Annotated[TrustedQuery, Query()]) -> Response:
    """Whom an account trusts most."""

    def answer(view: View) -> Response:
        if query.topic is not None:
            return envelope(of_topics.trusted_by(view, viewer, query.topic, limit=query.limit))
        return envelope(view.trusted_by(viewer, limit=query.limit))

    return await service_of(request).current.answer(answer, as_of=query.as_of)


async def ranking(request: Request, strategy: Id, query: Annotated[TopQuery, Query()]) -> Response:
    """The most trusted accounts under a strategy; the one of the run in use is known."""

    def answer(view: View) -> Response:
        if strategy != view.run.strategy.name:
            raise UnknownIdError(f"no strategy {strategy!r}; the run in use follows {view.run.strategy.name!r}")
        return envelope(view.ranking(limit=query.limit))

    return await service_of(request).current.answer(answer, as_of=query.as_of)


async def authenticity(request: Request, account: Id, query: Annotated[PastQuery, Query()]) -> Response:
    """How much of what an account shows is real: of its audience, and of its own conduct."""
    return await service_of(request).current.answer(
        lambda view: envelope(view.authenticity(account)), as_of=query.as_of
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/accounts/{account:opaque}/recommendations/items",
        recommended_items,
        "read",
        shapes.topics.TopicItemsAnswer,
        (404, 422, 503),
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
    Route(
        "GET",
        "/v1/trust/{viewer:opaque}/{target:opaque}",
        trust,
        "read",
        shapes.topics.MaybeTopicTrustAnswer,
        (404, 422, 503),
    ),
    Route("GET", "/v1/trust/{viewer:opaque}", trusted, "read", shapes.topics.MaybeTopicTrustedAnswer, (404, 422, 503)),
    Route("GET", "/v1/rankings/{strategy:opaque}", ranking, "read", shapes.RankingAnswer, (404, 422, 503)),
)
