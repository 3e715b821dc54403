"""Every error as ``application/problem+json`` (RFC 9457)."""

from collections.abc import Sequence
from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from guanxi.errors import (
    ConflictError,
    DamagedError,
    DataError,
    FieldError,
    GuanxiError,
    NotReadyError,
    ParameterError,
    StoreError,
    UnknownIdError,
)

REQUEST_ID = "guanxi.request_id"
"""Under which name the id of a request stands in its ASGI scope."""

_OF_ERROR: tuple[tuple[type[GuanxiError], int, str], ...] = (
    (UnknownIdError, 404, "unknown_id"),
    (ParameterError, 422, "invalid_parameter"),
    (NotReadyError, 503, "not_ready"),
    (ConflictError, 409, "conflict"),
    (DamagedError, 503, "damaged"),
    (DataError, 422, "invalid_data"),
    (StoreError, 503, "store_unavailable"),
)
_OF_STATUS = {404: "no_such_route", 405: "method_not_allowed"}
_RETRY_AFTER_S = "5"
_SHOWN = 80


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An error as the caller sees it.

    Parameters
    ----------
    status : int
        The HTTP status.
    code : str
        A stable word for programs.
    detail : str
        What was wrong, with what value, and what would be right.
    errors : sequence of (pointer, detail)
        Where in the request; a pointer begins with ``/query``, ``/path`` or names a place in the body.
    headers : dict, optional
        Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        errors: Sequence[tuple[str, str]] = (),
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = tuple(errors), dict(headers or {})
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.headers.setdefault("Retry-After", _RETRY_AFTER_S)

    def response(self, scope: Scope) -> Response:
        """The answer to the request with this ASGI scope."""
        body = {
            "type": f"urn:guanxi:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [{"pointer": pointer, "detail": detail} for pointer, detail in self.errors],
            "request_id": scope.get(REQUEST_ID),
        }
        content = orjson.dumps(body)
        return Response(content, self.status, headers=self.headers, media_type="application/problem+json")

    @classmethod
    def of(cls, error: GuanxiError) -> "Problem":
        """How the caller sees an error of the engine."""
        for kind, status, code in _OF_ERROR:
            if isinstance(error, kind):
                return cls(status, code, str(error), errors=_places_of(error))
        return cls.unexpected()

    @classmethod
    def unexpected(cls) -> "Problem":
        """An error of ours: the log knows more, the caller gets the request id to ask for it."""
        return cls(500, "internal_error", "something went wrong here; the request id leads to it in the server's log")


def _places_of(error: GuanxiError) -> list[tuple[str, str]]:
    """Where in a body an error is, as a JSON pointer."""
    if not isinstance(error, FieldError):
        return []
    return [("".join("/" + name.replace("~", "~0").replace("/", "~1") for name in error.path), str(error))]


def install(app: FastAPI) -> None:
    """Let an app answer every error with a problem."""
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(GuanxiError, _engine_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)


async def _problem(request: Request, exc: Exception) -> Response:
    return exc.response(request.scope) if isinstance(exc, Problem) else await _unexpected(request, exc)


async def _engine_error(request: Request, exc: Exception) -> Response:
    problem = Problem.of(exc) if isinstance(exc, GuanxiError) else Problem.unexpected()
    return problem.response(request.scope)


async def _http_error(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, HTTPException):
        return await _unexpected(request, exc)
    code = _OF_STATUS.get(exc.status_code, "http_error")
    detail = {
        404: "there is no such route; docs/api.md lists them",
        405: f"{request.method} is not among the methods of this route",
    }.get(exc.status_code, str(exc.detail))
    headers = dict(exc.headers) if exc.headers else None
    return Problem(exc.status_code, code, detail, headers=headers).response(request.scope)


async def _validation_error(request: Request, exc: Exception) -> Response:
    if not isinstance(exc, RequestValidationError):
        return await _unexpected(request, exc)
    errors = [("/" + "/".join(str(part) for part in error["loc"]), _said(error)) for error in exc.errors()]
    first = f"{errors[0][0]}: {errors[0][1]}"
    return Problem(422, "invalid_parameter", first, errors=errors).response(request.scope)


def _said(error: dict[str, object]) -> str:
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] in ("missing", "extra_forbidden"):
        return message
    value = repr(error.get("input"))
    return f"{message}, found {value if len(value) <= _SHOWN else value[:_SHOWN] + '…'}"


async def _unexpected(request: Request, exc: Exception) -> Response:
    del exc
    return Problem.unexpected().response(request.scope)
