"""What can be learned of a strategy: a point is one number per parameter, the binary logarithm of its change.

At the origin stands the strategy that the search starts from. Every parameter has a prior: a change by a factor of two
is one standard deviation, so that little data changes little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Self

import numpy as np
import numpy.typing as npt

from guanxi.engine.options import Strategy
from guanxi.errors import DataError
from guanxi.events.values import DAY_US
from guanxi.local_trust import Actions, RelationWeight, Setting, evidence
from guanxi.snapshot import NO_TIME, Snapshot

Point = npt.NDArray[np.float64]
Part = Literal["weight", "half_life_days", "attribution_days"]
DEVIATION = 1.0
"""Standard deviation of the prior of every parameter, in doublings."""

_WEIGHT_RANGE, _DAYS_RANGE = 6.0, 4.0
_LONG = 4.0
"""What does not fade starts, where it may, from a half-life of so many times the span of the data."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One number of a strategy.

    Attributes
    ----------
    relation : str
        Its relation type; empty for ``attribution_days``.
    part : str
        Which number it is.
    before : float or None
        What it is at the origin; None for a half-life that is none.
    origin : float
        What is multiplied: ``before``, or a half-life so long that it makes no difference.
    low, high : float
        Range of its coordinate.
    """

    relation: str
    part: Part
    before: float | None
    origin: float
    low: float
    high: float

    @property
    def label(self) -> str:
        """For people, such as ``weight of follow``."""
        names = {"weight": "weight of", "half_life_days": "half-life in days of", "attribution_days": ""}
        return f"{names[self.part]} {self.relation}" if self.relation else "attribution_days"

    def number(self, coordinate: float) -> float:
        """The number at a coordinate, to three digits; at 0 to the bit."""
        return self.origin if coordinate == 0 else float(f"{self.origin * 2**coordinate:.3g}")

    def value(self, coordinate: float) -> float | None:
        """The same, but None at 0 for a half-life that was none."""
        return self.before if coordinate == 0 else self.number(coordinate)


@dataclass(frozen=True, slots=True)
class Space:
    """The parameters of a strategy that make a difference in the data.

    Attributes
    ----------
    base : Strategy
        Where the search starts.
    reference : str
        The relation type whose weight stays: trust is shared out, so only ratios of weights count.
    parameters : tuple of Parameter
    """

    base: Strategy
    reference: str
    parameters: tuple[Parameter, ...]

    @classmethod
    def of(cls, snapshot: Snapshot, base: Strategy) -> Self:
        """Find out what makes a difference: whatever changes the evidence that the snapshot gives.

        Raises
        ------
        DataError
            If there is no evidence of trust, or nothing in it that could be learned.
        """
        probe = _Probe(snapshot, base)
        sizes = {name: probe.n_pieces(name) for name, of in base.weights.items() if of.weight > 0}
        there = [name for name, size in sizes.items() if size]
        if not there:
            raise DataError("nothing before validation says whom anybody trusts, with what the strategy gives weight")
        reference = max(there, key=lambda name: sizes[name])
        parameters = [_weight(base, name) for name in there if name != reference]
        parameters += [_half_life(base, name, probe.span_days) for name in there if probe.fades(name)]
        parameters += [_attribution(base)] if "purchase" in there and probe.attributes() else []
        if not parameters:
            raise DataError(f"{reference} is the only evidence of trust and has no times: there is nothing to learn")
        return cls(base, reference, tuple(parameters))

    def strategy(self, point: Point) -> Strategy:
        """The strategy at a point; at the origin ``base`` itself."""
        weights, changed = dict(self.base.weights), self.base
        for parameter, coordinate in zip(self.parameters, point.tolist(), strict=True):
            name = parameter.relation
            if parameter.part == "attribution_days":
                changed = replace(changed, attribution_days=parameter.number(coordinate))
            elif parameter.part == "weight":
                weights[name] = replace(weights[name], weight=parameter.number(coordinate))
            else:
                weights[name] = replace(weights[name], half_life_days=parameter.value(coordinate))
        return replace(changed, weights=weights)

    def log_prior(self, point: Point) -> float:
        """Logarithm of the prior density, 0 at the origin; weights count by how far they move from each other."""
        is_weight = np.array([parameter.part == "weight" for parameter in self.parameters], dtype=bool)
        weights = np.append(point[is_weight], 0.0)  # the reference, too
        moves = np.concatenate([weights - weights.mean(), point[~is_weight]])
        return -float((moves**2).sum()) / (2 * DEVIATION**2)

    def changes(self, point: Point) -> Sequence[tuple[Parameter, float | None]]:
        """Every parameter and its number at a point."""
        return [(of, of.value(at)) for of, at in zip(self.parameters, point.tolist(), strict=True)]


def _weight(base: Strategy, name: str) -> Parameter:
    weight = base.weights[name].weight
    return Parameter(name, "weight", weight, weight, -_WEIGHT_RANGE, _WEIGHT_RANGE)


def _half_life(base: Strategy, name: str, span_days: float) -> Parameter:
    days = base.weights[name].half_life_days
    if days is None:  # it can only fade faster
        return Parameter(name, "half_life_days", None, _LONG * span_days, -_DAYS_RANGE - math.log2(_LONG), 0.0)
    return Parameter(name, "half_life_days", days, days, -_DAYS_RANGE, _DAYS_RANGE)


def _attribution(base: Strategy) -> Parameter:
    days = base.attribution_days
    return Parameter("", "attribution_days", days, days, -_DAYS_RANGE, _DAYS_RANGE)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Asks local trust itself what a parameter changes, so that nothing about evidence is repeated here."""

    snapshot: Snapshot
    base: Strategy

    def n_pieces(self, name: str) -> int:
        """How many pieces of evidence a relation type gives."""
        return len(self._weights(name, None))

    def fades(self, name: str) -> bool:
        """Whether the half-life of a relation type matters."""
        return self.span_days > 0 and self._weights(name, None).sum() > self._weights(name, self.span_days).sum()

    def attributes(self) -> bool:
        """Whether it matters how long after a share a purchase is credited to it."""
        return self.base.attribution_days > 0 and self.n_pieces("purchase") > len(self._weights("purchase", None, 0.0))

    @property
    def span_days(self) -> float:
        """From the first dated edge to the date of the snapshot."""
        dated = [r.times[r.times != NO_TIME] for r in self.snapshot.relations.values()]
        first = min((int(times.min()) for times in dated if len(times)), default=None)
        return 0.0 if first is None or self.snapshot.as_of is None else (self.snapshot.as_of - first) / DAY_US

    def _weights(self, name: str, half_life_days: float | None, days: float | None = None) -> npt.NDArray[np.float64]:
        """Weights of all evidence where only one relation type counts."""
        setting = Setting.of(self.snapshot, {name: RelationWeight(1.0, half_life_days)})
        setting = replace(setting, attribution_days=self.base.attribution_days if days is None else days)
        return evidence(Actions.of_all(self.snapshot), setting)[2]
