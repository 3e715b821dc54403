"""Shapes of recommendations."""

from typing import Literal

from guanxi.service.shapes.base import Adjustment, Envelope, Shape, Sure


class RestsOn(Shape):
    """What an answer rests on."""

    parts: list[Literal["trust", "taste", "prior"]]
    text: str
    n_trusted_accounts: int
    n_own_items: int


class Count(Shape):
    """How many people did something; a bound where the number would give somebody away."""

    relation: str
    n: int | None = None
    fewer_than: int | None = None


class Summary(Shape):
    """Reasons in short."""

    text: str
    counts: list[Count]
    leading: Literal["trust", "taste", "prior"]


class Term(Shape):
    """One summand of a score."""

    code: str
    amount: float
    account: str | None = None
    item: str | None = None
    n: int | None = None
    fewer_than: int | None = None
    authenticity: float | None = None
    distrust: float | None = None


class Component(Shape):
    """One part of a score; its terms and the remainder add up to its amount."""

    name: Literal["trust", "taste", "prior"]
    weight: float
    amount: float
    terms: list[Term]
    remainder: float


class Explanation(Shape):
    """All parts of a score; amounts, adjustments and remainder add up to it."""

    components: list[Component]
    adjustments: list[Adjustment]
    remainder: float


class Recommendation(Shape):
    """One recommended item or account."""

    rank: int
    id: str
    score: float
    recommendation_id: str
    summary: Summary | None = None
    explanation: Explanation | None = None


class Recommended(Shape):
    """For whom, and what it rests on."""

    account: str
    known: bool
    rests_on: RestsOn


class ItemsData(Recommended):
    """Recommended items."""

    items: list[Recommendation]


class RecommendedAccount(Recommendation, Sure):
    """One recommended account."""


class AccountsData(Recommended):
    """Recommended accounts."""

    accounts: list[RecommendedAccount]


ItemsAnswer = Envelope[ItemsData]
AccountsAnswer = Envelope[AccountsData]
