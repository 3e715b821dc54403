"""Parameters of a run, and of the answers made from it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from guanxi.errors import ParameterError
from guanxi.local_trust import RelationWeight, default_weights
from guanxi.schema import load_model


@dataclass(frozen=True, slots=True)
class Strategy:
    """A named, versioned set of parameters; every run names its own.

    Attributes
    ----------
    weights : mapping of relation type to RelationWeight
        Local trust per relation type.
    attribution_days : float
        How long after a share a purchase is credited to it; at least 0.
    restart : float
        Probability of returning to the seeds at each step, in (0, 1].
    seeds : tuple of str
        Ids of the accounts where global trust starts; all accounts where there is none.
    discounts : bool
        Whether authenticity is applied before trust flows.
    """

    name: str = "balanced"
    version: int = 1
    weights: Mapping[str, RelationWeight] = field(default_factory=lambda: default_weights(load_model()))
    attribution_days: float = 90.0
    restart: float = 0.15
    seeds: tuple[str, ...] = ()
    discounts: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.restart <= 1:
            raise ParameterError(f"restart is {self.restart}, not in (0, 1]")
        if not 0 <= self.attribution_days < float("inf"):
            raise ParameterError(f"attribution_days is {self.attribution_days}, not a finite number of at least 0")
        unknown = sorted(set(self.weights) - set(load_model().relations))
        if unknown:
            raise ParameterError(
                f"weights name relation type {unknown[0]!r}, not one of {', '.join(load_model().relations)}"
            )

    def with_weight(self, relation: str, weight: float) -> Self:
        """Return the same strategy with another weight for one relation type."""
        old = self.weights.get(load_model().relation(relation).name, RelationWeight(0.0))
        return replace(self, weights={**self.weights, relation: replace(old, weight=weight)})

    def to_json(self) -> str:
        """All parameters, in one order."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read back what ``to_json`` wrote."""
        fields: dict[str, Any] = json.loads(text)
        weights = {name: RelationWeight(**weight) for name, weight in fields.pop("weights").items()}
        return cls(**{**fields, "weights": weights, "seeds": tuple(fields["seeds"])})
