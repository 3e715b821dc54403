"""Routes for whoever runs the server: is it alive, is it ready, what does it count, how large is the graph."""

import asyncio
from typing import Annotated

import orjson
from fastapi import Query, Request
from starlette.responses import Response

from guanxi.bundle import MANIFEST
from guanxi.engine import View
from guanxi.errors import GuanxiError, StoreError
from guanxi.service import metrics, shapes
from guanxi.service.answers import PastQuery, envelope
from guanxi.service.metrics import Gauges, exposition
from guanxi.service.problems import Problem
from guanxi.service.state import Service, service_of
from guanxi.service.table import Route

CHECK_TIMEOUT_S = 2.0


async def livez(request: Request) -> Response:
    """Whether the process answers; touches no store."""
    del request
    return _plain({"status": "alive"})


async def readyz(request: Request) -> Response:
    """Whether all is well: the store answers, there is a run in use, and Neo4j answers where it holds the graph."""
    service = service_of(request)
    components = {"store": await _store(service), "run": await _run(service)}
    if service.outbox is not None:
        components["neo4j"] = service.outbox.problem
    failing = {name: said for name, said in components.items() if said}
    if failing:
        errors = [(f"/components/{name}", said) for name, said in failing.items()]
        detail = "; ".join(f"{name}: {said}" for name, said in failing.items())
        raise Problem(503, "not_ready", detail, errors=errors)
    return _plain({"status": "ready", "components": dict.fromkeys(components, "ok")})


async def prometheus(request: Request) -> Response:
    """Metrics as Prometheus text, of all workers together."""
    service = service_of(request)
    try:
        view: View | None = await service.current.get()
    except GuanxiError:
        view = None
    gauges = Gauges(
        accounts=view.snapshot.n_accounts if view else None,
        edges=view.snapshot.n_edges if view else None,
        snapshot_age_s=_age_s(service, view) if view else None,
        up=await _up(service),
        outbox_lag=await _lag(service),
    )
    text = await asyncio.get_running_loop().run_in_executor(service.pool, exposition, gauges)
    return Response(text, media_type="text/plain; version=0.0.4")


async def stats(request: Request, query: Annotated[PastQuery, Query()]) -> Response:
    """How large the graph is, by kind and relation type, and how many events came after the snapshot."""
    service = service_of(request)

    def answer(view: View) -> Response:
        snapshot = view.snapshot
        relations = [
            {"relation": name, "target_kind": kind, "n_edges": len(relation)}
            for (name, kind), relation in sorted(snapshot.relations.items())
        ]
        data = {
            "entities": {kind: len(ids) for kind, ids in sorted(snapshot.ids.items())},
            "n_edges": snapshot.n_edges,
            "relations": relations,
            "n_events": view.past.n_events if view.past else service.engine.store.n_events(),
            "n_trust_edges": view.run.graph.m,
        }
        newer = 0 if view.past else service.engine.store.last_seq() - view.seq
        return envelope((data, view.meta(personalised=False, n_newer=newer)))

    return await service.current.answer(answer, as_of=query.as_of)


async def openapi(request: Request) -> Response:
    """The API described as OpenAPI 3.1."""
    return _plain(request.app.openapi())


def _plain(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")


async def _store(service: Service) -> str | None:
    """What is wrong with the store; None where nothing is. Who asks without a key learns no path."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await loop.run_in_executor(service.pool, service.log.ping)
    except StoreError:
        return "the store does not answer"
    except TimeoutError:
        return f"the store did not answer within {CHECK_TIMEOUT_S:g} s"
    return None


async def _up(service: Service) -> dict[str, bool]:
    """Which of the stores answer."""
    up = {"log": await _store(service) is None}
    return up if service.outbox is None else up | {"neo4j": service.outbox.problem is None}


async def _lag(service: Service) -> int | None:
    """Events that are durable here and not known to be in Neo4j; None where there is no Neo4j or it never answered."""
    if service.outbox is None or service.outbox.applied is None:
        return None
    try:
        last = await asyncio.get_running_loop().run_in_executor(service.pool, service.log.last_seq)
    except StoreError:
        return None
    return max(0, last - service.outbox.applied)


async def _run(service: Service) -> str | None:
    """What is wrong with the run in use; None where nothing is."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            await service.current.get()
    except GuanxiError as exc:
        return str(exc)
    except TimeoutError:
        return "the run is still being opened"
    return None


def _age_s(service: Service, view: View) -> float | None:
    """Seconds since the snapshot of a view was built."""
    try:
        return metrics.age_s((service.engine.store.snapshots / view.snapshot.id / MANIFEST).stat().st_mtime)
    except FileNotFoundError:
        return None


ROUTES: tuple[Route, ...] = (
    Route("GET", "/livez", livez, "anyone", shapes.Alive),
    Route("GET", "/readyz", readyz, "anyone", shapes.Ready, (503,)),
    Route("GET", "/metrics", prometheus, "read"),
    Route("GET", "/v1/graph/stats", stats, "read", shapes.StatsAnswer, (422, 503)),
    Route("GET", "/v1/openapi.json", openapi, "read"),
)
