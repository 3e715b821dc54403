"""The shapes of paths, counterfactuals and fragility, for the OpenAPI document and to check what is asked for."""

from typing import Annotated

from pydantic import Field

from guanxi.service.shapes.base import Adjustment, Envelope, Placed, Shape


class Hop(Shape):
    """One hop of a path: it passes on ``(1 - restart) * share * authenticity``."""

    class Evidence(Shape):
        """One relation type that the hop rests on."""

        relation: str
        weight: float = Field(description="Local trust, after it has faded")
        newest: str | None
        age_days: float | None

    from_: str = Field(alias="from")
    to: str
    share: float = Field(description="Of all the trust that `from` gives; it counts what is not public, too")
    authenticity: float = Field(description="The discount on trust into `to`")
    passes: float
    evidence: list[Evidence] = Field(description="The public relation types, all of them where the viewer is `from`")


class HiddenTies(Shape):
    """Accounts with ties on such paths that others may not see, and what comes by these."""

    n: int | None = None
    fewer_than: int | None = None
    amount: float | None


class PathsData(Shape):
    """Personal trust as a sum: paths, others, longer, adjustments and remainder add up to the score."""

    class Way(Shape):
        """One path."""

        rank: int
        contribution: float
        part: float = Field(description="Of the score")
        hops: list[Hop]

    class Others(Shape):
        """Paths of one length."""

        hops: int
        amount: float = Field(description="Of those that are not listed")
        total: float = Field(description="Of all")

    viewer: str
    target: str
    personal: Placed
    viewer_mass: float = Field(
        description="Trust that rests on the viewer; a path contributes what its hops pass on of it"
    )
    restart: float
    max_hops: int
    paths: list[Way]
    others: list[Others]
    longer: float = Field(description="Paths of more hops")
    adjustments: list[Adjustment]
    remainder: float
    not_public: HiddenTies


class Edge(Shape):
    """From one account to another."""

    source: str
    target: str


class AddedEdge(Edge):
    """A statement of trust."""

    level: float


class Remove(Shape):
    """What would not be."""

    accounts: list[str] = Field(default=[], description="By id")
    communities: list[int] = Field(default=[], description="By number")
    communities_of: list[str] = Field(default=[], description="Those of some accounts")
    relations: list[str] = Field(default=[], description="Relation types without any event")
    edges: list[Edge] = Field(default=[], description="What the source did that speaks for the target")


class Add(Shape):
    """What would be."""

    edges: list[AddedEdge] = Field(default=[], description="Statements of trust, without a date")


class NewCounterfactual(Shape):
    """What would be different, and whose answers are compared."""

    remove: Remove = Remove()
    add: Add = Add()
    viewer: str | None = Field(None, description="Whose personal trust and items are compared, too")
    targets: list[str] = Field(default=[], max_length=100, description="Accounts to compare in any case")
    limit: Annotated[int, Field(ge=1, le=100, description="How many movers and items")] = 10
    as_of: str | None = Field(None, description="As in the queries of other answers")


class Side(Shape):
    """A score and its rank."""

    score: float
    rank: int


class Moved(Shape):
    """A score before and after."""

    before: Side
    after: Side
    change: float


class Mover(Moved):
    """An account whose score changes."""

    id: str


class CounterfactualData(Shape):
    """Scores, ranks and recommendations before and after."""

    class Removed(Remove):
        """What would not be."""

        n_accounts: int

    class Graph(Shape):
        """The graph before and after."""

        class Size(Shape):
            """How large it is."""

            n_accounts: int
            n_trust_edges: int
            n_discounted: int

        before: Size
        after: Size

    class Target(Shape):
        """An account that was asked for."""

        class Factors(Shape):
            """What trust into it is multiplied with."""

            before: float
            after: float

        id: str
        global_: Moved = Field(alias="global")
        personal: Moved | None
        authenticity_factor: Factors

    class Items(Shape):
        """Recommended items."""

        class Item(Shape):
            """One of them."""

            rank: int
            id: str
            score: float

        before: list[Item]
        after: list[Item]

    removed: Removed
    added: list[AddedEdge]
    graph: Graph
    movers: list[Mover] = Field(description="Whose global trust changes most")
    targets: list[Target]
    viewer: str | None
    personal_movers: list[Mover] | None = None
    items: Items | None = None


class FragilityData(Shape):
    """The fewest accounts found that carry a share of somebody's trust."""

    class Carrier(Shape):
        """One of them."""

        id: str
        adds: float = Field(description="What it carries beside those before it, of all that others carry")

    class Hidden(Shape):
        """Carriers without public ties that lead to the account."""

        n: int | None = None
        fewer_than: int | None = None

    account: str
    viewer: str | None
    score: float
    share: float
    own_share: float = Field(description="The part of the trust that nobody else carries; the shares are of the rest")
    carried: float
    reached: bool
    n_accounts: int | None = Field(description="Null where it would say how few may not be named")
    accounts: list[Carrier]
    not_public: Hidden
    at_least: int | None = Field(description="No set of fewer carries the share")
    proven_smallest: bool


PathsAnswer = Envelope[PathsData]
CounterfactualAnswer = Envelope[CounterfactualData]
FragilityAnswer = Envelope[FragilityData]
