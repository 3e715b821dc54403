"""Shapes of answers about trust."""

from pydantic import Field

from guanxi.service.shapes.base import Adjustment, Envelope, Shape, Sure, SurelyPlaced


class PairwiseFigures(Shape):
    """The statement of trust expected from one account about another, from -1 to 1."""

    class Why(Shape):
        """Why there is no value."""

        code: str
        text: str

    value: float | None
    reason: Why | None
    evidence: int | None = Field(description="Statements that speak of the pair")
    confidence: float = Field(description="From 0 to 1, by the evidence")
    said: float | None = Field(description="What the viewer really said, which has no part in the value")
    n_statements: int = Field(description="Statements that were learned from")
    error: float | None = Field(description="Root mean square error on statements that were left out")


class Pairwise(PairwiseFigures):
    """The same with its terms, which add up to the value."""

    class Part(Shape):
        """What one term adds."""

        name: str
        amount: float

    terms: list[Part]


class Distrust(Shape):
    """What speaks against an account for one viewer: own, communities and others add up to ``1 / factor - 1``."""

    class Own(Shape):
        """What the viewer said in person."""

        relation: str
        amount: float

    class Community(Shape):
        """What reporters of one community say together; ``capped`` where they said more than counts."""

        n: int
        amount: float
        capped: bool

    class Count(Shape):
        """How many accounts that the viewer trusts spoke against it."""

        relation: str
        n: int | None = None
        fewer_than: int | None = None

    factor: float
    before: float
    own: list[Own]
    communities: list[Community]
    others: float
    counts: list[Count]


class TrustData(Shape):
    """How far one account trusts another; terms, others, adjustments and remainder add up to the personal score."""

    class Part(Shape):
        """What comes through one account."""

        account: str
        amount: float

    class Others(Shape):
        """What comes through the accounts that are not listed."""

        n: int
        amount: float

    class Counts(Shape):
        """Plain counts."""

        n_trusting: int
        n_trusting_whom_the_viewer_follows: int

    class Linked(Shape):
        """With which accounts the target is one actor: names for one of them, a number or a bound for others."""

        accounts: list[str] | None = None
        n: int | None = None
        fewer_than: int | None = None

    viewer: str
    target: str
    personal: SurelyPlaced
    global_: SurelyPlaced = Field(alias="global")
    pairwise: Pairwise
    pagerank: float
    direct: float
    authenticity_factor: float
    distrust: Distrust
    global_distrust_factor: float
    terms: list[Part]
    others: Others
    adjustments: list[Adjustment]
    remainder: float
    counts: Counts
    identity: Linked | None = Field(description="Null where the target is not linked")


class TrustedData(Shape):
    """Whom an account trusts most."""

    class Row(Sure):
        """One of them."""

        rank: int
        id: str
        trust: float
        distrust_factor: float

    viewer: str
    accounts: list[Row]


class RankingData(Shape):
    """The most trusted accounts."""

    class Row(Sure):
        """One of them."""

        rank: int
        id: str
        trust: float
        n_trusting: int
        authenticity_factor: float
        distrust_factor: float

    accounts: list[Row]
    n_accounts: int


TrustAnswer = Envelope[TrustData]
TrustedAnswer = Envelope[TrustedData]
RankingAnswer = Envelope[RankingData]
