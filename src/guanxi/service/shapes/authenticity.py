"""Shapes of answers about authenticity."""

from typing import Literal

from guanxi.service.shapes.base import Envelope, Shape


class Interval(Shape):
    """A number with its interval; null where it is unknown."""

    value: float | None
    low: float | None
    high: float | None
    n_witnesses: int | None = None


class WitnessSaid(Shape):
    """What one witness says."""

    name: str
    subject: str
    value: float | None
    typical: float | None
    percentile: float | None
    sample_size: int
    log_likelihood_ratio: float | None
    note: str | None


class AuthenticityData(Shape):
    """How much of what an account shows is real; ``factor`` is what trust into it is multiplied with."""

    account: str
    audience: Interval
    unsuspicious_followers: Interval
    conduct: Interval
    data_confidence: Literal["A", "B", "C", "D"]
    witnesses: list[WitnessSaid]
    factor: float


AuthenticityAnswer = Envelope[AuthenticityData]
