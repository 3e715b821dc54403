"""The ASGI app."""

import importlib.metadata
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from guanxi.errors import NotReadyError
from guanxi.service import (
    accounts,
    answers,
    events,
    explanations,
    history,
    identity,
    leaders,
    operations,
    problems,
    shapes,
    strategies,
    topics,
    trust_batch,
)
from guanxi.service.access import Access
from guanxi.service.bodies import BodyLimit
from guanxi.service.context import RequestContext
from guanxi.service.logs import configure_logs
from guanxi.service.state import Service
from guanxi.service.table import Route
from guanxi.settings import Settings, load_settings

ROUTES: tuple[Route, ...] = (
    *events.ROUTES,
    *accounts.ROUTES,
    *answers.ROUTES,
    *history.ROUTES,
    *identity.ROUTES,
    *topics.ROUTES,
    *leaders.ROUTES,
    *trust_batch.ROUTES,
    *explanations.ROUTES,
    *strategies.ROUTES,
    *operations.ROUTES,
)
_EVERY_KEYED_ROUTE = (401, 403)


def app_factory() -> FastAPI:
    """The app of one server process; settings come from the environment."""
    settings = load_settings()
    configure_logs(settings.log_level, as_json=settings.log_json)
    return create_app(settings)


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the ASGI app; its lifespan opens the store and warms up.

    Raises
    ------
    ParameterError
        If a setting is out of range.
    """
    settings = settings or load_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.service = service = Service.open(settings)
        try:
            await _warm_up(service)
            yield
        finally:
            await service.close()

    app = FastAPI(
        title="Guanxi",
        version=importlib.metadata.version("guanxi"),
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    for route in ROUTES:
        _add(app, route)
    problems.install(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(Access)
    app.add_middleware(RequestContext, routes=ROUTES)  # added last, so it comes first
    app.openapi = lambda: _described(app)  # type: ignore[method-assign]
    return app


async def _warm_up(service: Service) -> None:
    """Compile the kernels that take events in, and answer once where there is a run to answer from."""
    await service.ingest.warm()
    service.erasures.resume()
    if service.refresher is not None:
        service.refresher.start()
    try:
        await service.current.get()
    except NotReadyError:
        return


def _add(app: FastAPI, route: Route) -> None:
    problem = {"model": shapes.ProblemShape, "content": {"application/problem+json": {}}}
    keyed = () if route.needs == "anyone" else _EVERY_KEYED_ROUTE
    responses: dict[int | str, dict[str, Any]] = dict.fromkeys(sorted({*route.problems, *keyed}), problem)
    app.add_api_route(
        route.path,
        route.endpoint,
        methods=[route.method],
        status_code=route.status,
        response_model=route.answers,
        responses=responses,
        operation_id=route.endpoint.__name__,
        summary=(route.endpoint.__doc__ or "").partition("\n")[0],
        openapi_extra={"x-scope": route.needs, **(route.extra or {})},
    )


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with keys and the shape of an event in it."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            summary="Who trusts whom, whose influence is real, and what trusted people recommend",
            routes=app.routes,
        )
        parts = document["components"]
        parts["schemas"]["Event"] = shapes.Event.model_json_schema()
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        }
        for operation in (operation for path in document["paths"].values() for operation in path.values()):
            operation["security"] = [] if operation["x-scope"] == "anyone" else [{"bearer": []}, {"key": []}]
            _only_problems(operation["responses"])
        app.openapi_schema = document
    return app.openapi_schema


def _only_problems(responses: dict[str, Any]) -> None:
    """Errors are problems and nothing else; FastAPI would also describe its own."""
    for status, response in responses.items():
        if int(status) >= 400:
            reference = {"schema": {"$ref": "#/components/schemas/ProblemShape"}}
            response["content"] = {"application/problem+json": reference}
