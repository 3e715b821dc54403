"""Request bodies: bounded in size, time and depth, and nothing but JSON."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guanxi.service.problems import Problem

MAX_DEPTH = 32
MAX_CONTAINERS = 200_000
BODY_TIMEOUT_S = 30.0
JSON = "application/json"
NDJSON = ("application/x-ndjson", "application/ndjson")


class BodyLimit:
    """Refuse a body that is too large: at once where its length is given, else when it has grown too long."""

    def __init__(self, app: ASGIApp, *, max_bytes: int) -> None:
        self.app, self._max_bytes = app, max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not length.isdigit():
            raise Problem(400, "invalid_length", "Content-Length is not a number")
        if int(length) > self._max_bytes:
            raise self._too_large()
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > self._max_bytes:
                raise self._too_large()
            return message

        await self.app(scope, counted, send)

    def _too_large(self) -> Problem:
        return Problem(413, "body_too_large", f"the body has more than {self._max_bytes:,} bytes; send it in parts")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a body holds.

    Attributes
    ----------
    rows : list
        One entry for each record, as JSON gives it; None for a line that is no JSON.
    broken : dict of int to str
        Why a line is no JSON, by position.
    """

    rows: list[object]
    broken: dict[int, str] = field(default_factory=dict)


async def read_body(request: Request) -> bytes:
    """The whole body; a caller that takes too long is sent away."""
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "unsupported_encoding", "Content-Encoding is not supported; send the body as it is")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.body()
    except TimeoutError:
        raise Problem(408, "body_timeout", f"the body did not arrive within {BODY_TIMEOUT_S:g} s") from None
    except ClientDisconnect:
        raise Problem(400, "disconnected", "the connection ended before the body did") from None


def content_type(request: Request, *allowed: str) -> str:
    """The media type of a body, which must be one of ``allowed``.

    Forms and plain text are refused: a browser sends those to any server without asking it first.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in allowed:
        raise Problem(
            415, "unsupported_media_type", f"Content-Type is {given or 'missing'}, not {' or '.join(allowed)}"
        )
    return given


def parse_json(body: bytes) -> object:
    """One JSON document.

    Raises
    ------
    ValueError
        If it is none (NaN and Infinity are no JSON), or is nested too deep or has too many parts.
    """
    if body.count(b"[") + body.count(b"{") > MAX_CONTAINERS:
        raise ValueError(f"has more than {MAX_CONTAINERS:,} objects and lists")
    try:
        document: object = orjson.loads(body)
    except orjson.JSONDecodeError as exc:
        raise ValueError(f"is not JSON: {exc}") from None
    if _is_deeper(document, MAX_DEPTH):
        raise ValueError(f"is nested more than {MAX_DEPTH} levels deep")
    return document


def _is_deeper(document: object, depth: int) -> bool:
    """Whether objects and lists are nested more than ``depth`` levels deep."""
    level = [document] if isinstance(document, dict | list) else []
    while level and depth:
        parts = (inner.values() if isinstance(inner, dict) else inner for inner in level)
        level = [entry for part in parts for entry in part if isinstance(entry, dict | list)]
        depth -= 1
    return bool(level)


def parse_document(body: bytes) -> object:
    """One JSON document, or a problem 400."""
    try:
        return parse_json(body)
    except ValueError as exc:
        raise Problem(400, "invalid_json", f"the body {exc}") from None


def rows_of_json(body: bytes) -> Rows:
    """Records from ``{"events": [...]}`` or a bare list."""
    document = parse_document(body)
    if isinstance(document, Mapping):
        unknown = sorted(set(document) - {"events"})
        if unknown:
            raise _shape("/" + unknown[0], "is not a field of a batch; events is the only one")
        document = document.get("events")
    if not isinstance(document, list):
        raise _shape("/events", "is not a list of events")
    return Rows(document)


def rows_of_lines(body: bytes) -> Rows:
    """Records from NDJSON; empty lines are nothing."""
    rows: list[object] = []
    broken: dict[int, str] = {}
    for line in body.split(b"\n"):
        if line.strip():
            try:
                rows.append(parse_json(line))
            except ValueError as exc:
                broken[len(rows)] = str(exc)
                rows.append(None)
    return Rows(rows, broken)


def _shape(pointer: str, detail: str) -> Problem:
    return Problem(422, "invalid_body", f"{pointer} {detail}", errors=[(pointer, detail)])
