"""Which events speak against whom, and how much. None of this is ever local trust: it does not propagate.

- ``block`` and ``report`` speak against their target, each once per account however often it is repeated.
- ``review`` with a rating below 0 speaks against what it is about, times how far below.
- ``trust`` with a level below 0 speaks against the account, times how far below.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError
from guanxi.local_trust.evidence import Actions, IndexArray
from guanxi.local_trust.weights import SIGNED, FloatArray, RelationWeight, Weights, decay
from guanxi.schema import Model, load_model

SPEAKING: tuple[str, ...] = ("review", "trust", "block", "report")


def default_distrust(model: Model) -> dict[str, RelationWeight]:
    """Return the weights of distrust that ``model.toml`` names, by relation type."""
    relations = (model.relations[name] for name in SPEAKING)
    return {r.name: RelationWeight(r.distrust_weight, r.half_life_days) for r in relations}


@dataclass(frozen=True, slots=True)
class Distrust:
    """What counts as distrust, and how much.

    Attributes
    ----------
    weights : mapping of relation type to RelationWeight
        Of ``block``, ``report``, ``review`` and ``trust``; one that is left out says nothing. At weight 1, one report
        by an account that is trusted as much as the reported one takes away half of that one's trust.
    cap : float
        What one community of reporters may say at most, as a multiple of the trust that the reported one has; above 0.
        At 1, the default, a single community takes away at most half.

    Raises
    ------
    ParameterError
        If a value is out of range; the message begins with the name of the field.
    """

    weights: Weights = field(default_factory=lambda: default_distrust(load_model()))
    cap: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.cap < float("inf"):
            raise ParameterError(f"cap is {self.cap}, not a finite number above 0")
        unknown = sorted(set(self.weights) - set(SPEAKING))
        if unknown:
            raise ParameterError(f"weights name relation type {unknown[0]!r}, not one of {', '.join(SPEAKING)}")


class Against(NamedTuple):
    """Statements against something: one per source, target and relation type, in that order.

    Attributes
    ----------
    source, target : numpy.ndarray, shape (k,), uint32
        Account index of who says so, and whom or what it is about.
    amount : numpy.ndarray, shape (k,), float64
        Weight times severity, after fading; greater than 0.
    relation : numpy.ndarray, shape (k,), uint8
        Code of the relation type in ``model.toml``.
    """

    source: IndexArray
    target: IndexArray
    amount: FloatArray
    relation: npt.NDArray[np.uint8]


def statements_against(actions: Actions, kind: str, options: Distrust, *, as_of: int | None) -> Against:
    """What some accounts said against targets of one kind.

    Parameters
    ----------
    kind : str
        ``account``, ``item`` or ``merchant``.
    as_of : int or None
        Up to when statements fade, in microseconds since 1970; None: they do not.
    """
    parts = [_of_type(actions, name, kind, of, as_of) for name, of in _by_code(options.weights)]
    said = [part for part in parts if part is not None and len(part[0])]
    if not said:
        nothing = np.zeros(0, dtype=np.uint32)
        return Against(nothing, nothing, np.zeros(0), np.zeros(0, dtype=np.uint8))
    source, target, amount, relation = (np.concatenate([part[i] for part in said]) for i in range(4))
    return once_each(Against(source, target, amount, relation))


def said_by_actors(said: Against, representative: IndexArray, *, kind: str) -> Against:
    """The same with actors for accounts: several accounts of one actor have one voice, and are one target.

    Parameters
    ----------
    representative : numpy.ndarray, shape (n,)
        The account that stands for each account; what an actor says against itself is left out.
    """
    source = representative[said.source]
    target = representative[said.target] if kind == "account" else said.target
    others = (source != target) | (kind != "account")
    return once_each(Against(source[others], target[others], said.amount[others], said.relation[others]))


def _by_code(weights: Mapping[str, RelationWeight]) -> list[tuple[str, RelationWeight]]:
    of_type = load_model().relations
    return sorted(weights.items(), key=lambda entry: of_type[entry[0]].code)


def _of_type(
    actions: Actions, name: str, kind: str, of: RelationWeight, as_of: int | None
) -> tuple[IndexArray, IndexArray, FloatArray, npt.NDArray[np.uint8]] | None:
    found = actions.edges(name, kind)
    if found is None or of.weight == 0:
        return None
    row, relation = found
    amount = of.weight * decay(relation.times, half_life_days=of.half_life_days, as_of=as_of)
    if name in SIGNED:
        amount *= np.zeros(len(row)) if relation.values is None else np.maximum(-np.nan_to_num(relation.values), 0.0)
    kept = amount > 0
    code = np.full(int(kept.sum()), load_model().relations[name].code, dtype=np.uint8)
    return actions.accounts[row[kept]], relation.targets[kept], amount[kept], code


def once_each(said: Against) -> Against:
    """One statement per source, target and relation type, in that order: the one that has faded least."""
    source, target, amount, relation = said
    order = np.lexsort((-amount, relation, target, source))
    source, target, amount, relation = source[order], target[order], amount[order], relation[order]
    first = np.ones(len(source), dtype=bool)
    first[1:] = (source[1:] != source[:-1]) | (target[1:] != target[:-1]) | (relation[1:] != relation[:-1])
    return Against(source[first], target[first], amount[first], relation[first])
