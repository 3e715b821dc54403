"""What one event is worth, and how that fades."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.events.values import DAY_US
from guanxi.schema import Model
from guanxi.snapshot import NO_TIME, Relation, Snapshot

SIGNED = frozenset({"review", "trust"})
"""Relation types whose number says whether they speak for or against what they are about."""

_CHUNK = 1 << 16
_EARLIEST = NO_TIME // 2  # so that no difference overflows
FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class RelationWeight:
    """Local trust of one event of a relation type.

    Attributes
    ----------
    weight : float
        At least 0; 0 leaves the relation type out.
    half_life_days : float or None
        After how long an event counts half; None: it does not fade.
    """

    weight: float
    half_life_days: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.weight < float("inf"):
            raise ParameterError(f"weight is {self.weight}, not a finite number of at least 0")
        if self.half_life_days is not None and not 0 < self.half_life_days < float("inf"):
            raise ParameterError(f"half_life_days is {self.half_life_days}, not a finite number above 0")


Weights = Mapping[str, RelationWeight]


def default_weights(model: Model) -> dict[str, RelationWeight]:
    """Return the weights that ``model.toml`` names, by relation type.

    What an item is about is nobody's deed and has none, not even 0: so strategies stay what they were before topics.
    """
    deeds = [r for r in model.relations.values() if r.source != "item"]
    return {r.name: RelationWeight(r.trust_weight, r.half_life_days) for r in deeds}


def decay(times: TimeArray, *, half_life_days: float | None, as_of: int | None) -> FloatArray:
    """What is left of events at ``as_of``: ``2 ** (-age / half life)``, shape of ``times``.

    An event without a time does not fade: nothing is known of its age.

    >>> from guanxi.events.values import DAY_US
    >>> decay(np.array([0, 10 * DAY_US, NO_TIME]), half_life_days=10.0, as_of=10 * DAY_US).tolist()
    [0.5, 1.0, 1.0]
    """
    left = np.ones(len(times))
    if half_life_days is None or as_of is None:
        return left
    for some in chunks(len(times)):
        age_us = np.where(times[some] == NO_TIME, 0, np.maximum(as_of - np.maximum(times[some], _EARLIEST), 0))
        np.exp2(-age_us / (half_life_days * DAY_US), out=left[some])
    return left


def chunks(n: int) -> Iterator[slice]:
    """Ranges that make up ``range(n)``, so small that what is computed between them stays in the cache."""
    return (slice(start, min(start + _CHUNK, n)) for start in range(0, n, _CHUNK))


def speaks_for(relation: Relation) -> npt.NDArray[np.bool_] | None:
    """Which edges of a signed relation type are not below 0; None where all are. Shape (m,)."""
    if relation.name not in SIGNED or relation.values is None:
        return None
    against = relation.values < 0
    return ~against if against.any() else None


def last_actions(snapshot: Snapshot) -> TimeArray:
    """Time of the last dated thing that each account did, shape (n,); ``NO_TIME`` where there is none.

    Saying whose account one's own is does not count: a link that verifies nothing has no effect whatever.
    """
    last = np.full(snapshot.n_accounts, NO_TIME, dtype=np.int64)
    for relation in (of for of in snapshot.deeds.values() if of.name != "identity_link"):
        active = np.flatnonzero(np.diff(relation.offsets))
        latest = np.maximum.reduceat(relation.times, relation.offsets[active])
        last[active] = np.maximum(last[active], latest)
    return last
