"""The shapes of answers about topics."""

from typing import Literal

from pydantic import Field, RootModel

from guanxi.service.shapes.base import Adjustment, Envelope, Placed, Shape
from guanxi.service.shapes.recommended import ItemsData
from guanxi.service.shapes.trust import TrustAnswer, TrustedAnswer


class People(Shape):
    """A number of accounts; a bound where the number would give somebody away."""

    n: int | None = None
    fewer_than: int | None = None


class Topic(Shape):
    """What an answer is about."""

    id: str
    n_items: int


class Fallback(Shape):
    """How much of an answer is general trust, and why."""

    weight: float = Field(description="Weight of general trust, from 0 to 1; 1 where the viewer gave no evidence")
    half: float = Field(description="Evidence at which trust on the topic and general trust would count alike")
    own_evidence: float = Field(description="Local trust that the viewer's own events give on the topic")
    giving: People = Field(description="Accounts whose evidence the trust on the topic rests on")


class TopicTrustData(Shape):
    """How far one account trusts another on a topic; the parts add up to the score, and so do the terms."""

    class Part(Shape):
        """One of the two parts: amount = weight x score."""

        name: Literal["topic", "general"]
        weight: float
        score: float
        amount: float

    class Term(Shape):
        """What comes through one account in one part."""

        part: Literal["topic", "general"]
        account: str
        amount: float

    class Others(Shape):
        """What comes through the accounts that are not listed."""

        n: int
        amount: float

    viewer: str
    target: str
    topic: Topic
    fallback: Fallback
    trust: Placed
    parts: list[Part]
    direct: float
    authenticity_factor: float
    terms: list[Term]
    others: Others
    adjustments: list[Adjustment]
    remainder: float


class TopicTrustedData(Shape):
    """Whom an account trusts most on a topic."""

    class Row(Shape):
        """One of them; topic and general add up to trust."""

        rank: int
        id: str
        trust: float
        topic: float
        general: float
        distrust_factor: float

    viewer: str
    topic: Topic
    fallback: Fallback
    accounts: list[Row]


class TopicItemsData(ItemsData):
    """Recommended items; with topic and fallback where they are of one topic."""

    topic: Topic | None = None
    fallback: Fallback | None = None


class TopicsData(Shape):
    """The topics with the most items."""

    class Row(Shape):
        """One of them."""

        rank: int
        id: str
        n_items: int
        sharers: People
        buyers: People

    topics: list[Row]
    n_topics: int
    n_items: int
    n_items_with_topic: int


TopicsAnswer = Envelope[TopicsData]
TopicItemsAnswer = Envelope[TopicItemsData]


class MaybeTopicTrustAnswer(RootModel[TrustAnswer | Envelope[TopicTrustData]]):
    """Trust in general, or on the topic that was asked for."""


class MaybeTopicTrustedAnswer(RootModel[TrustedAnswer | Envelope[TopicTrustedData]]):
    """Whom an account trusts most, in general or on the topic that was asked for."""
