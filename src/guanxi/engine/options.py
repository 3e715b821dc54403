"""Parameters of a run, and of the answers made from it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self

from guanxi.errors import ParameterError
from guanxi.local_trust import Distrust, IdentityOptions, RelationWeight, Weights, default_weights
from guanxi.schema import load_model

BALANCED, CUSTOM = "balanced", "custom"
LAST_VERSION = 1_000_000
_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


@dataclass(frozen=True, slots=True)
class Strategy:
    """A named, versioned set of parameters; every run names its own.

    Attributes
    ----------
    name : str
        By default ``balanced`` where every parameter is as there, else ``custom``.
    version : int
        In 1..1,000,000.
    weights : mapping of relation type to RelationWeight
        Local trust per relation type; one that is left out says nothing.
    attribution_days : float
        How long after a share a purchase is credited to it; at least 0.
    restart : float
        Probability of returning to the seeds at each step, in (0, 1].
    seeds : tuple of str
        Ids of the accounts where global trust starts; all accounts where there is none.
    discounts : bool
        Whether authenticity is applied before trust flows.
    distrust : Distrust or None
        What counts as distrust, and how much; None: nothing does.
    topic : float or None
        Evidence, in units of local trust, at which trust on a topic and general trust count alike; finite, at least 0.
        None: one purchase's weight, or one share's where that is more. For answers; no scores of a run depend on it.
    identity : IdentityOptions or None
        Which identity links make accounts one actor; None: none does.
    description : str
        For people; no parameter, so it counts neither in comparisons nor in the id of a run.

    Raises
    ------
    ParameterError
        If a value is out of range; the message begins with the name of the field.

    Examples
    --------
    >>> Strategy().label, Strategy(restart=0.3).label
    ('balanced@1', 'custom@1')
    """

    name: str = ""
    version: int = 1
    weights: Mapping[str, RelationWeight] = field(default_factory=lambda: default_weights(load_model()))
    attribution_days: float = 90.0
    restart: float = 0.15
    seeds: tuple[str, ...] = ()
    discounts: bool = True
    distrust: Distrust | None = field(default_factory=Distrust)
    topic: float | None = None
    identity: IdentityOptions | None = field(default_factory=IdentityOptions)
    description: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", BALANCED)
            if self != Strategy(name=BALANCED):
                object.__setattr__(self, "name", CUSTOM)
        self._check_name()
        if not 0 < self.restart <= 1:
            raise ParameterError(f"restart is {self.restart}, not in (0, 1]")
        if not 0 <= self.attribution_days < float("inf"):
            raise ParameterError(f"attribution_days is {self.attribution_days}, not a finite number of at least 0")
        if self.topic is not None and not 0 <= self.topic < float("inf"):
            raise ParameterError(f"topic is {self.topic}, not a finite number of at least 0")
        unknown = sorted(set(self.weights) - set(load_model().relations))
        if unknown:
            raise ParameterError(
                f"weights name relation type {unknown[0]!r}, not one of {', '.join(load_model().relations)}"
            )

    def _check_name(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ParameterError(
                f"name is {self.name[:100]!r}, not a letter a-z followed by at most 63 letters a-z, digits and hyphens"
            )
        if not 1 <= self.version <= LAST_VERSION:
            raise ParameterError(f"version is {self.version}, not in 1..{LAST_VERSION}")

    @property
    def label(self) -> str:
        """Name and version, as runs and answers give them."""
        return f"{self.name}@{self.version}"

    @property
    def topic_half(self) -> float:
        """Evidence at which trust on a topic and general trust count alike."""
        if self.topic is not None:
            return self.topic
        return max((self.weights[name].weight for name in ("purchase", "share") if name in self.weights), default=0.0)

    def with_weight(self, relation: str, weight: float) -> Self:
        """Return the same strategy with another weight for one relation type."""
        old = self.weights.get(load_model().relation(relation).name, RelationWeight(0.0))
        return replace(self, weights={**self.weights, relation: replace(old, weight=weight)})

    def parameters(self) -> dict[str, Any]:
        """Name, version and every parameter, as JSON has them."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.compare}
        # What is off is left out: a run keeps its id when a part is added that it does without.
        values = {name: value for name, value in values.items() if value is not None}
        if self.distrust is not None:
            values["distrust"] = {"cap": self.distrust.cap, "weights": _as_json(self.distrust.weights)}
        if self.identity is not None:
            values["identity"] = {**asdict(self.identity), "proofs": list(self.identity.proofs)}
        return {**values, "weights": _as_json(self.weights), "seeds": list(self.seeds)}

    def to_json(self) -> str:
        """All parameters, in one order."""
        return json.dumps(self.parameters(), sort_keys=True)

    @classmethod
    def from_json(cls, text: str, *, description: str = "") -> Self:
        """Read back what ``to_json`` wrote."""
        fields_: dict[str, Any] = json.loads(text)
        weights, distrust = _weights_of(fields_.pop("weights")), fields_.pop("distrust", None)  # left out where off
        if distrust is not None:
            distrust = Distrust(_weights_of(distrust["weights"]), distrust["cap"])
        identity = fields_.pop("identity", None)
        if identity is not None:
            identity = IdentityOptions(**{**identity, "proofs": tuple(identity["proofs"])})
        fields_ |= {"identity": identity, "seeds": tuple(fields_["seeds"])}
        return cls(**fields_, weights=weights, distrust=distrust, description=description)


def _as_json(weights: Weights) -> dict[str, dict[str, float | None]]:
    return {name: {"weight": of.weight, "half_life_days": of.half_life_days} for name, of in weights.items()}


def _weights_of(values: Mapping[str, dict[str, Any]]) -> dict[str, RelationWeight]:
    return {name: RelationWeight(**of) for name, of in values.items()}
