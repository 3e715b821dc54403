"""The shapes of events and answers, for the OpenAPI document; a test holds real answers against them.

Answers are written as bytes straight from the engine's data, so nothing here runs while a request is served.
"""

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


class IngestMeta(Shape):
    """How many events a request had."""

    n_events: int


class Envelope(Shape, Generic[Data]):
    """An answer and what it says about itself."""

    data: Data
    meta: Meta


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


class NoMeta(Shape):
    """Nothing."""


class ErasedAnswer(Shape):
    """Answer to an erasure."""

    data: ErasedData
    meta: NoMeta


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


class Adjustment(Shape):
    """What lowers a score as a whole: a term below 0."""

    code: Literal["distrust"]
    factor: float
    amount: float


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


class Sure(Shape):
    """How much a trust value rests on: voices, the confidence that they give, and what that amounts to."""

    confidence: float
    evidence: float
    standing: Literal["trusted", "mixed", "distrusted", "unknown"]


class RecommendedAccount(Recommendation, Sure):
    """One recommended account."""


class AccountsData(Recommended):
    """Recommended accounts."""

    accounts: list[RecommendedAccount]


class Placed(Shape):
    """A score among all accounts."""

    score: float
    rank: int
    percentile: float
    n_accounts: int


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


class SurelyPlaced(Placed, Sure):
    """A trust value among all accounts, with what it rests on."""


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


class StatsData(Shape):
    """How large the graph is."""

    class Row(Shape):
        """Edges of one relation type to one kind."""

        relation: str
        target_kind: str
        n_edges: int

    entities: dict[str, int]
    n_edges: int
    relations: list[Row]
    n_events: int
    n_trust_edges: int


class Alive(Shape):
    """The process answers."""

    status: Literal["alive"]


class Ready(Shape):
    """Answers can be given."""

    status: Literal["ready"]
    components: dict[str, Literal["ok"]]


ItemsAnswer = Envelope[ItemsData]
AccountsAnswer = Envelope[AccountsData]
TrustAnswer = Envelope[TrustData]
TrustedAnswer = Envelope[TrustedData]
RankingAnswer = Envelope[RankingData]
AuthenticityAnswer = Envelope[AuthenticityData]
StatsAnswer = Envelope[StatsData]
