"""Who may call what: keys are checked before anything of the body is read. Pure ASGI."""

import asyncio
import ipaddress
import time
from concurrent.futures import Executor
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from guanxi.engine.keys import SCOPES, allows, find_key, same_secret
from guanxi.errors import StoreError
from guanxi.service.context import CALLER, ROUTE
from guanxi.service.problems import Problem
from guanxi.service.table import Route
from guanxi.stores import ApiKey, GraphStore

KEYS_FRESH_S = 1.0
"""A new key works, and a revoked one stops to, after this time at most."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: the public prefix of a key, ``settings`` for the key from there, ``loopback`` where there is none."""

    name: str
    scopes: tuple[str, ...]


class KeyRing:
    """The keys of a store and the one from the settings.

    A store that ever had a key is closed to callers without one: revoking the last key opens nothing.
    """

    def __init__(self, store: GraphStore, secret: str | None, pool: Executor) -> None:
        self._store, self._secret, self._pool = store, secret, pool
        self._keys: list[ApiKey] = []
        self._read_at = float("-inf")

    @property
    def closed(self) -> bool:
        """Whether a key is needed."""
        return bool(self._secret or self._keys)

    async def refresh(self) -> None:
        """Read the store's keys again, unless that was done just now."""
        if time.monotonic() - self._read_at > KEYS_FRESH_S:
            self._keys = await asyncio.get_running_loop().run_in_executor(self._pool, self._store.keys)
            self._read_at = time.monotonic()

    def caller(self, presented: str) -> Caller | None:
        """Who presents a key; None where it is none of ours."""
        if self._secret and same_secret(presented, self._secret):
            return Caller("settings", SCOPES)
        key = find_key(presented, self._keys)
        return Caller(key.prefix, key.scopes) if key else None


class Access:
    """Let through whom the route's scope allows."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] == "http":
            route: Route | None = scope[ROUTE]
            if route is None or route.needs != "anyone":
                scope[CALLER] = caller = await _caller(scope, scope["app"].state.service.keys)
                _check_scope(caller, route)
        await self.app(scope, receive, send)


async def _caller(scope: Scope, keys: KeyRing) -> Caller:
    try:
        await keys.refresh()
    except StoreError as exc:
        raise Problem.of(exc) from exc
    headers = Headers(scope=scope)
    presented = _presented(headers)
    if presented is None:
        if not keys.closed and _is_local(scope, headers):
            return Caller("loopback", SCOPES)
        raise _unauthorised("a key is needed: Authorization: Bearer <key>, or X-API-Key: <key>")
    caller = keys.caller(presented)
    if caller is None:
        raise _unauthorised("the key is unknown or revoked")
    return caller


def _presented(headers: Headers) -> str | None:
    """The key that a request carries."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    return headers.get("x-api-key")


def _is_local(scope: Scope, headers: Headers) -> bool:
    """Whether the caller is on this machine: neither passed on by a proxy, nor a page that renamed itself localhost."""
    if "forwarded" in headers or "x-forwarded-for" in headers:
        return False
    client = scope.get("client")
    return client is not None and is_loopback(client[0]) and is_loopback(_hostname(headers.get("host", "")))


def _hostname(host: str) -> str:
    """Host header without its port."""
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether a name or address stands for this machine only.

    >>> [is_loopback(host) for host in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "example.org")]
    [True, True, True, False, False]
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_scope(caller: Caller, route: Route | None) -> None:
    if route is not None and not allows(caller.scopes, route.needs):
        raise Problem(
            403, "scope_missing", f"this route needs the scope {route.needs}; the key has {', '.join(caller.scopes)}"
        )


def _unauthorised(detail: str) -> Problem:
    return Problem(401, "unauthorised", detail, headers={"WWW-Authenticate": "Bearer"})
