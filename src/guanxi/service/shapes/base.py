"""What shapes of several answers are made of."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Data = TypeVar("Data", bound=BaseModel)
Confidence = Literal["low", "medium", "high"]


class Shape(BaseModel):
    """A shape knows every field that it has."""

    model_config = ConfigDict(extra="forbid", strict=True)


class ProblemShape(Shape):
    """An error, as RFC 9457 has it."""

    class Error(Shape):
        """Where something is wrong."""

        pointer: str
        detail: str

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[Error]
    request_id: str | None


class Past(Shape):
    """What an answer as of a past moment rests on; without a single event, nothing was known then."""

    newest_event: str | None
    n_events: int = Field(description="Of that moment or before it")
    n_undated_events: int = Field(description="Left out: nothing shows that they were known then")


class Meta(Shape):
    """What every answer says about itself."""

    run: str
    snapshot: str
    as_of: str | None = Field(description="The moment that was asked for, else that of the newest event that counts")
    past: Past | None = Field(None, description="Only where a past moment was asked for")
    strategy: str
    degraded: bool
    personalised: bool
    n_newer_events: int
    solver: Literal["exact", "push"] | None = Field(None, description="How personal trust was found")
    confidence: Confidence | None = None


class Envelope(Shape, Generic[Data]):
    """An answer and what it says about itself."""

    data: Data
    meta: Meta


class NoMeta(Shape):
    """Nothing."""


class Adjustment(Shape):
    """What lowers a score as a whole: a term below 0."""

    code: Literal["distrust"]
    factor: float
    amount: float


class Sure(Shape):
    """How much a trust value rests on: voices, the confidence that they give, and what that amounts to."""

    confidence: float
    evidence: float
    standing: Literal["trusted", "mixed", "distrusted", "unknown"]


class Placed(Shape):
    """A score among all accounts."""

    score: float
    rank: int
    percentile: float
    n_accounts: int


class SurelyPlaced(Placed, Sure):
    """A trust value among all accounts, with what it rests on."""
