"""Shapes of events, of what became of them, and of erasures."""

from typing import Literal

from pydantic import ConfigDict, Field

from guanxi.service.shapes.base import NoMeta, Shape


class Event(Shape):
    """One dated fact that makes or retracts a relation."""

    model_config = ConfigDict(extra="allow", strict=True)

    relation: str = Field(description="A relation type, or the verb that takes it back: purchase, refund")
    source: str | int = Field(description="Id of who did it")
    target: str | int = Field(description="Id of whom or what it was done to")
    id: str | int | None = Field(None, description="The same id twice is one event; made from the body if missing")
    target_kind: str | None = Field(None, description="Where the relation type has several: item, post, merchant")
    time: str | float | None = Field(None, description="ISO 8601 text or seconds since 1970")
    value: float | None = Field(None, description="The relation's number: quantity, rating, level")
    via: str | int | None = Field(None, description="Id of the account that led to it")
    retracts: str | None = Field(None, description="Id of the fact that is taken back")
    properties: dict[str, object] | None = Field(None, description="Whatever else is known")


class IngestMeta(Shape):
    """How many events a request had."""

    n_events: int


class EventData(Shape):
    """What became of one event."""

    outcome: Literal["created", "duplicate"]
    id: str


class EventAnswer(Shape):
    """Answer to one event."""

    data: EventData
    meta: IngestMeta


class Outcome(Shape):
    """What became of one event of a batch."""

    class Why(Shape):
        """Why it was refused."""

        field: str | None
        detail: str

    index: int
    outcome: Literal["created", "duplicate", "conflict", "rejected"]
    id: str | None
    problem: Why | None = None


class BatchData(Shape):
    """What became of a batch."""

    counts: dict[Literal["created", "duplicate", "conflict", "rejected"], int]
    outcomes: list[Outcome]


class BatchAnswer(Shape):
    """Answer to a batch."""

    data: BatchData
    meta: IngestMeta


class ErasedData(Shape):
    """What erasing an account did."""

    n_events: int = Field(description="Events from or to it, which are gone")
    n_unnamed: int = Field(description="Events of others that came about through it; they stay, without its name")
    waits_for: list[Literal["log", "graph", "answers"]] = Field(description="Where it may still be found, for now")


class ErasedAnswer(Shape):
    """Answer to an erasure."""

    data: ErasedData
    meta: NoMeta
