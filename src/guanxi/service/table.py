"""A route as data: what it is for, who may call it, and what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from starlette.responses import Response

Needs = Literal["anyone", "read", "ingest", "vet", "admin"]


@dataclass(frozen=True, slots=True)
class Route:
    """One route.

    Attributes
    ----------
    needs : str
        The scope that a key must have; ``anyone`` needs no key.
    answers : type of BaseModel or None
        The answer as OpenAPI describes it; None where it is no JSON.
    problems : tuple of int
        Statuses with which it may refuse, beside those that every route has.
    extra : dict, optional
        What else OpenAPI says of it.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    endpoint: Callable[..., Awaitable[Response]]
    needs: Needs
    answers: type[BaseModel] | None = None
    problems: tuple[int, ...] = ()
    status: int = 200
    extra: dict[str, Any] | None = None

    @property
    def template(self) -> str:
        """The path as the documentation and the metrics write it."""
        return self.path.replace(":opaque}", "}")
