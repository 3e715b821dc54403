"""What every request passes first: its id, its route, the log line and the metrics. Pure ASGI."""

import re
import time
import traceback
import uuid
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

import structlog
from starlette.convertors import Convertor, register_url_convertor
from starlette.routing import compile_path
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.service import metrics
from guanxi.service.problems import REQUEST_ID, Problem
from guanxi.service.table import Route

log = structlog.stdlib.get_logger("guanxi.service")

ROUTE = "guanxi.route"
"""Under which name the matched ``Route`` stands in the ASGI scope; None where no route matches."""
CALLER = "guanxi.caller"

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,100}")
_SLASH_IN_ID = "\x1f"  # no id holds it
_HEADERS = [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]


class IdConvertor(Convertor[str]):
    """One path segment that is an id; an escaped slash in it is part of the id."""

    regex = "[^/]+"

    def convert(self, value: str) -> str:
        """Id as the engine knows it."""
        return value.replace(_SLASH_IN_ID, "/")

    def to_string(self, value: str) -> str:
        """Id as it stands in a path."""
        return quote(value, safe="")


register_url_convertor("opaque", IdConvertor())


@dataclass(slots=True)
class _Answered:
    """What is known of the answer while it is sent."""

    status: int = 0


class RequestContext:
    """Give every request an id, find its route, log and count it, and answer for what nobody caught."""

    def __init__(self, app: ASGIApp, *, routes: tuple[Route, ...]) -> None:
        self.app = app
        self._routes = [(compile_path(route.path)[0], route) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started, answered = time.perf_counter(), _Answered()
        scope[REQUEST_ID] = request_id = _request_id(scope)
        send = _noting(send, answered, request_id)
        try:
            scope["path"] = _path(scope)
            scope[ROUTE] = self._route(scope)
            await self.app(scope, receive, send)
        except Problem as problem:
            await problem.response(scope)(scope, receive, send)
        except Exception as exc:  # noqa: BLE001 - the last one to answer
            log.error("failed", request_id=request_id, error=type(exc).__name__, at=_places(exc))  # noqa: TRY400
            if not answered.status:
                await Problem.unexpected().response(scope)(scope, receive, send)
        finally:
            _report(scope, answered.status, time.perf_counter() - started)

    def _route(self, scope: Scope) -> Route | None:
        """The route that a request goes to; with another method still the one at its path."""
        at_path = [route for pattern, route in self._routes if pattern.match(scope["path"])]
        return next((r for r in at_path if r.method == scope["method"]), at_path[0] if at_path else None)


def _request_id(scope: Scope) -> str:
    """The caller's id of the request where it is a plain one, else one of ours."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode("ascii") if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex


def _path(scope: Scope) -> str:
    """The path, in which an escaped slash stays apart from one that separates."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode("ascii")
    escaped = re.sub(rb"%2[fF]", b"%1F", raw.partition(b"?")[0])
    try:
        return unquote_to_bytes(escaped).decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "invalid_path", "the path is not UTF-8 text") from None


def _noting(send: Send, answered: _Answered, request_id: str) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            answered.status = message["status"]
            message["headers"] = [*message["headers"], *_HEADERS, (b"x-request-id", request_id.encode("ascii"))]
        await send(message)

    return noting


def _places(exc: BaseException) -> list[str]:
    """Where an error came from, without its message: that may hold an id."""
    return [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(exc.__traceback__)[-6:]]


def _report(scope: Scope, status: int, seconds: float) -> None:
    """Log and count a request; the template of its route, never the path, which holds ids."""
    route = scope.get(ROUTE)
    template = route.template if route else "unmatched"
    caller = scope.get(CALLER)
    metrics.observe(scope["method"], template, status, seconds)
    log.info(
        "request",
        request_id=scope[REQUEST_ID],
        method=scope["method"] if scope["method"] in metrics.METHODS else "other",
        route=template,
        status=status,
        duration_ms=round(1000 * seconds, 3),
        key=caller.name if caller else None,
    )
