"""Routes on strategies: which there are, one of them with its versions, and a new version."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response

from guanxi.engine.strategies import described, listed, strategy_of
from guanxi.errors import FieldError
from guanxi.service.answers import Id, NoQuery, envelope
from guanxi.service.bodies import JSON, content_type, parse_document, read_body
from guanxi.service.shapes import NoMeta, Shape
from guanxi.service.shapes.identity import IdentityRules, NewIdentityRules
from guanxi.service.state import service_of
from guanxi.service.table import Route

_SHOWN = 80


class RelationWeight(Shape):
    """What one event of a relation type is worth, and after how long half of it; null: it does not fade."""

    weight: float
    half_life_days: float | None = None


class DistrustRules(Shape):
    """What counts as distrust, and how much."""

    cap: float = Field(description="What one community may say at most, as a multiple of the trust that speaks for it")
    weights: dict[str, RelationWeight] = Field(description="Of review, trust, block and report")


class NewDistrustRules(Shape):
    """The same as they are given; what is left out is as in `balanced`."""

    cap: float = 1.0
    weights: dict[str, RelationWeight] = Field(
        default={}, description="One that is left out counts nothing, if any is named"
    )


class NewStrategy(Shape):
    """A strategy; what is left out is as in `balanced`."""

    name: str | None = Field(None, description="As in the path, where it is given")
    version: int
    description: str = ""
    restart: float = 0.15
    seeds: list[str] = Field(default=[], description="Ids of accounts; all accounts where there is none")
    attribution_days: float = 90.0
    discounts: bool = True
    distrust: Literal[False] | NewDistrustRules = Field(
        NewDistrustRules(), description="What counts as distrust; false: nothing does"
    )
    topic: float | None = Field(
        None, description="Evidence at which an account's word on a topic counts half; left out: one purchase's weight"
    )
    identity: Literal[False] | NewIdentityRules = Field(
        NewIdentityRules(), description="Which links make accounts one actor; false: none does"
    )
    weights: dict[str, RelationWeight] = Field(
        default={}, description="By relation type; one that is left out counts nothing, if any is named"
    )


class StrategySummary(Shape):
    """What a strategy is and where it comes from."""

    name: str
    version: int
    description: str
    shipped: bool = Field(description="Whether it comes with Guanxi")
    created: str | None = Field(description="When it was kept in this store")


class StrategyData(StrategySummary):
    """One version of a strategy, and which versions there are."""

    class Version(Shape):
        """One of them."""

        version: int
        created: str | None

    restart: float
    seeds: list[str]
    attribution_days: float
    discounts: bool
    distrust: Literal[False] | DistrustRules
    topic: float | None = None
    identity: Literal[False] | IdentityRules
    weights: dict[str, RelationWeight]
    versions: list[Version]


class StrategiesData(Shape):
    """Every version of every strategy."""

    strategies: list[StrategySummary]


class StrategyAnswer(Shape):
    """Answer about one strategy."""

    data: StrategyData
    meta: NoMeta


class StrategiesAnswer(Shape):
    """Answer about all strategies."""

    data: StrategiesData
    meta: NoMeta


async def strategies(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Every version of every strategy: those that come with Guanxi, and those of this store."""
    del query
    service = service_of(request)
    found = await asyncio.get_running_loop().run_in_executor(service.pool, listed, service.log)
    return envelope(({"strategies": [of.summary() for of in found]}, {}))


async def strategy(request: Request, strategy: Id, query: Annotated[NoQuery, Query()]) -> Response:
    """One strategy, and which versions there are: the newest, or another as `name@version`."""
    del query
    service = service_of(request)
    data = await asyncio.get_running_loop().run_in_executor(service.pool, described, strategy, service.log)
    return envelope((data, {}))


async def put_strategy(request: Request, strategy: Id, query: Annotated[NoQuery, Query()]) -> Response:
    """Keep a version of a strategy.

    201 when it is new and 200 when it was known; a known name and version with anything else is a conflict. It is on
    disk when the answer comes. Runs follow it by `guanxi score --strategy`.
    """
    del query
    content_type(request, JSON)
    parameters = strategy_of(_named(parse_document(await read_body(request)), strategy))
    service, loop = service_of(request), asyncio.get_running_loop()
    is_new = await loop.run_in_executor(service.writer, service.engine.keep_strategy, parameters)
    data = await loop.run_in_executor(service.pool, described, parameters.label, service.log)
    return envelope((data, {}), status=201 if is_new else 200)


def _named(document: object, name: str) -> object:
    """The document with the name that the path gives it."""
    if not isinstance(document, dict):
        return document
    given = document.get("name", name)
    if given != name:
        raise FieldError(f"name is {repr(given)[:_SHOWN]}, not {name!r} as in the path", "name")
    return {"name": name, **document}


def _body() -> dict[str, Any]:
    """How OpenAPI describes a body that is read here and not by FastAPI."""
    schema = NewStrategy.model_json_schema(ref_template="#/components/schemas/{model}")
    del schema["$defs"]  # the answer brings them
    return {"requestBody": {"required": True, "content": {JSON: {"schema": schema}}}}


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/strategies", strategies, "read", StrategiesAnswer, (422, 503)),
    Route("GET", "/v1/strategies/{strategy:opaque}", strategy, "read", StrategyAnswer, (404, 422, 503)),
    Route(
        "PUT",
        "/v1/strategies/{strategy:opaque}",
        put_strategy,
        "admin",
        StrategyAnswer,
        (400, 408, 409, 413, 415, 422, 503),
        status=201,
        extra=_body(),
    ),
)
