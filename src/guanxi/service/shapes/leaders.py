"""The shapes of leaders and ties, for the OpenAPI document."""

from typing import Literal

from pydantic import Field

from guanxi.service.shapes.base import Envelope, Shape
from guanxi.service.shapes.topics import People


class Leader(Shape):
    """An account, how far the trust in it reaches, and the evidence."""

    class Reach(Shape):
        """Reach, and what accounts with about as many followers have; null where there are too few of them."""

        score: float
        error: float = Field(description="Standard error from asking a sample of viewers; 0 where all were asked")
        expected: float | None
        low: float | None
        high: float | None

    class Trust(Shape):
        """Personal trust of everybody, added up: every account has one to give."""

        of_strangers: float
        of_followers: float

    class Communities(Shape):
        """Its own community, from how many reach comes, and which part of it from its own."""

        own: int
        n: float
        own_share: float

    class Giver(Shape):
        """Which part of the trust that arrives somebody gives."""

        account: str
        amount: float

    class Rest(Shape):
        """What the accounts give that are not listed."""

        n: int
        amount: float

    rank: int
    id: str
    label: Literal["leader", "as_expected", "merely_followed", "inauthentic", "unknown"]
    reach: Reach
    n_trusting: int = Field(description="Accounts whose own events speak for it")
    trust: Trust
    n_strangers: float = Field(description="From how many accounts the trust of strangers comes")
    communities: Communities
    buyers: People = Field(description="Who bought what they came to by it")
    authenticity_factor: float
    distrust_factor: float = Field(description="What distrust leaves of its global trust; it takes no part in reach")
    terms: list[Giver]
    others: Rest


class LeadersData(Shape):
    """Who leads, who is followed most, and the largest communities."""

    class Asked(Shape):
        """The community that was asked for."""

        number: int
        n_accounts: int

    class Community(Shape):
        """A community and its first leaders."""

        number: int
        n_accounts: int
        leaders: list[str]

    community: Asked | None
    topic: str | None
    n_viewers: int = Field(description="Accounts that trust somebody")
    n_asked: int = Field(description="How many of them were asked")
    n_compared: int = Field(description="Accounts with peers to compare with")
    leaders: list[Leader]
    most_followed: list[Leader]
    communities: list[Community]


class Tie(Shape):
    """A relation with another account, and what it rests on."""

    class Personal(Shape):
        """Personal trust, both ways."""

        given: float
        received: float

    class Ground(Shape):
        """The events of one relation type."""

        relation: str
        n: int
        weight: float
        left: float = Field(description="Which part of its weight has not faded")
        newest: str | None
        age_days: float | None

    rank: int
    id: str
    label: Literal["mutual", "one-way, given", "one-way, received"]
    strength: float
    given: float
    received: float
    reciprocity: float
    personal: Personal
    authenticity_factor: float
    n_shared: int = Field(description="Accounts with a tie to both ends")
    overlap: float = Field(description="They over the accounts with a tie to either end")
    given_rests_on: list[Ground]
    received_rests_on: list[Ground]


class TiesData(Shape):
    """The strongest relations of an account."""

    account: str
    n_ties: int
    ties: list[Tie]
    unnamed: People = Field(description="Accounts whose relation with this one shows in nothing public")


LeadersAnswer = Envelope[LeadersData]
TiesAnswer = Envelope[TiesData]
