"""The list of refused records that the checks of a batch share."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from guanxi.events.values import BoolArray

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Reject:
    """Why one record was refused."""

    row: int
    field: str
    reason: str
    value: str


@dataclass(slots=True)
class Checked:
    """Collects the first reason for which each record is refused.

    Attributes
    ----------
    n : int
        How many records there are.
    raw : mapping of field name to pyarrow.Array
        What they said, to be shown in the rejects.
    bad : numpy.ndarray of bool, shape (n,)
        Which records have been refused so far.
    """

    n: int
    raw: Mapping[str, pa.Array]
    bad: BoolArray = field(init=False)
    rejects: list[Reject] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bad = np.zeros(self.n, dtype=bool)

    def refuse(self, where: BoolArray, field_name: str, reason: str) -> None:
        """Refuse the records that ``where`` marks, unless they have been refused for an earlier reason."""
        if not where.any():
            return
        for row in np.flatnonzero(where & ~self.bad).tolist():
            self.rejects.append(Reject(row, field_name, reason, self._shown(field_name, row)))
        self.bad |= where

    def _shown(self, field_name: str, row: int) -> str:
        if field_name not in self.raw:
            return ""
        scalar = self.raw[field_name][row]
        try:
            value = scalar.as_py()
        except (ValueError, OverflowError):  # a timestamp that Python's datetime cannot hold
            value = scalar.value
        text = (
            value.decode("utf-8", "backslashreplace")
            if isinstance(value, bytes)
            else str("" if value is None else value)
        )
        return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
