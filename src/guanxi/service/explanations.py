"""Routes that explain and vary: paths of trust, what would be if, and on whom somebody's trust rests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import Field, ValidationError
from starlette.responses import Response

from guanxi.engine import View
from guanxi.engine.changes import Changes
from guanxi.engine.counterfactuals import counterfactual
from guanxi.engine.fragility import fragility as on_whom
from guanxi.engine.paths import paths as by_paths
from guanxi.service.answers import Answer, Id, PastQuery, TopQuery, envelope
from guanxi.service.bodies import JSON, content_type, parse_document, read_body
from guanxi.service.problems import Problem
from guanxi.service.shapes.explanations import CounterfactualAnswer, FragilityAnswer, NewCounterfactual, PathsAnswer
from guanxi.service.state import service_of
from guanxi.service.table import Route

_AT_WORK = Lock()
"""One long computation at a time in a process: others find a thread for short answers."""


class PathsQuery(TopQuery):
    """Parameters of paths."""

    max_hops: Annotated[int, Field(ge=1, le=20, description="Length of the longest paths that are looked at")] = 6


class FragilityQuery(PastQuery):
    """Parameters of fragility."""

    viewer: Annotated[str | None, Field(description="Whose personal trust; global trust if not given")] = None
    share: Annotated[float, Field(gt=0, le=1, description="How much of what others carry")] = 0.8
    limit: Annotated[int, Field(ge=1, le=100, description="Accounts in the set at most")] = 100
    effort: Annotated[
        int | None,
        Field(ge=0, le=1000, description="Sets tried to find a smaller one; fewer on large graphs by default"),
    ] = None


async def paths(request: Request, viewer: Id, target: Id, query: Annotated[PathsQuery, Query()]) -> Response:
    """By which paths one account trusts another; contributions and remainders add up to the personal trust."""

    def compute(view: View) -> Response:
        return envelope(by_paths(view, viewer, target, limit=query.limit, max_hops=query.max_hops))

    return await service_of(request).current.answer(compute, as_of=query.as_of)


async def fragility(request: Request, account: Id, query: Annotated[FragilityQuery, Query()]) -> Response:
    """The fewest accounts that most of somebody's trust comes through."""

    def compute(view: View) -> Answer:
        asked = {"viewer": query.viewer, "share": query.share, "limit": query.limit, "effort": query.effort}
        return on_whom(view, account, **asked)  # type: ignore[arg-type]

    return await _at_length(request, compute, query.as_of)


async def counterfactuals(request: Request) -> Response:
    """What would be without some accounts, communities, relation types or edges, or with some more edges.

    Everything is computed anew on the edited graph, which takes about as long as `guanxi score`. Nothing is stored.
    """
    content_type(request, JSON)
    asked, secret = _asked(parse_document(await read_body(request))), service_of(request).engine.seed_secret

    def compute(view: View) -> Answer:
        return counterfactual(
            view,
            _changes(asked),
            viewer=asked.viewer,
            targets=tuple(asked.targets),
            limit=asked.limit,
            seed_secret=secret,
        )

    return await _at_length(request, compute, asked.as_of)


async def _at_length(request: Request, compute: Callable[[View], Answer], as_of: str | None) -> Response:
    with _alone():
        return await service_of(request).current.answer(lambda view: envelope(compute(view)), as_of=as_of)


@contextmanager
def _alone() -> Iterator[None]:
    if not _AT_WORK.acquire(blocking=False):
        raise Problem(503, "busy", "another counterfactual or fragility is being computed here; ask again in a while")
    try:
        yield
    finally:
        _AT_WORK.release()


def _asked(document: object) -> NewCounterfactual:
    try:
        return NewCounterfactual.model_validate(document)
    except ValidationError as exc:
        errors = [("/" + "/".join(str(part) for part in error["loc"]), error["msg"]) for error in exc.errors()]
        raise Problem(422, "invalid_body", ": ".join(errors[0]), errors=errors) from None


def _changes(asked: NewCounterfactual) -> Changes:
    remove = asked.remove
    return Changes(
        accounts=tuple(remove.accounts),
        communities=tuple(remove.communities),
        communities_of=tuple(remove.communities_of),
        relations=tuple(remove.relations),
        edges=tuple((edge.source, edge.target) for edge in remove.edges),
        added=tuple((edge.source, edge.target, edge.level) for edge in asked.add.edges),
    )


def _body() -> dict[str, Any]:
    """How OpenAPI describes a body that is read here and not by FastAPI."""
    schema = NewCounterfactual.model_json_schema(ref_template="#/components/schemas/{model}")
    schema["properties"] |= {name: schema["$defs"][name.capitalize()] for name in ("remove", "add")}
    del schema["$defs"]  # the answer brings the others
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/trust/{viewer:opaque}/{target:opaque}/paths", paths, "read", PathsAnswer, (404, 422, 503)),
    Route("GET", "/v1/accounts/{account:opaque}/fragility", fragility, "vet", FragilityAnswer, (404, 422, 503)),
    Route(
        "POST",
        "/v1/counterfactuals",
        counterfactuals,
        "vet",
        CounterfactualAnswer,
        (400, 404, 408, 413, 415, 422, 503),
        extra=_body(),
    ),
)
