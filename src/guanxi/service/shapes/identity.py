"""The shapes of answers about identities, and of the rules by which strategies merge accounts."""

from typing import Literal

from pydantic import Field

from guanxi.local_trust import IdentityOptions
from guanxi.service.shapes.base import Envelope, Shape

_USUAL = IdentityOptions()


class IdentityRules(Shape):
    """Which links make accounts one actor."""

    proofs: list[str] = Field(description="Proofs that are accepted; `mutual` for links that both accounts state")
    confidence: float = Field(description="Least confidence of a link, above 0 to 1")
    most_accounts: int = Field(description="How many accounts one identity has at most, 2 to 100")


class NewIdentityRules(Shape):
    """The same as they are given; what is left out is as in `balanced`."""

    proofs: list[str] = Field(default=list(_USUAL.proofs))
    confidence: float = _USUAL.confidence
    most_accounts: int = _USUAL.most_accounts


class IdentityData(Shape):
    """The accounts that are one actor with an account, and the links of all of them."""

    class Member(Shape):
        """One of the accounts; how sure it is that it belongs to the one that stands for all."""

        id: str
        confidence: float

    class Link(Shape):
        """What is stated about two accounts, and what became of it."""

        accounts: list[str] = Field(min_length=2, max_length=2)
        verdict: Literal["linked", "unproven", "unsure", "expired", "blocked", "full", "off"]
        proof: str | None
        mutual: bool = Field(description="Whether both accounts state it")
        confidence: float
        expires: str | None

    account: str
    rules: IdentityRules | None = Field(description="Null where the strategy of the run merges no accounts")
    representative: str = Field(description="The account that stands for all of them")
    accounts: list[Member]
    links: list[Link]


IdentityAnswer = Envelope[IdentityData]
