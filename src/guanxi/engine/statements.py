"""What accounts say about each other, as the snapshot has it, and a model of what they would say."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from guanxi.schema import load_model
from guanxi.snapshot import Snapshot
from guanxi.trust import PairwiseModel, Statements, fit_pairwise
from guanxi.trust.pairwise import TERMS

RELATION = "trust"
MIN_STATEMENTS = 2 * len(TERMS)
"""Two for each weight that is to be learned."""
SURE = 3.0
"""Standard errors by which predictions must be better than the mean: among few statements chance alone makes two."""
DOUBTED = 0.5
"""What accounts say whose own conduct is likelier not authentic is left out."""
MAX_EXAMPLES = 100_000
"""More would sharpen the weights of two dozen terms by next to nothing, and keep the first answer waiting."""


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Statements of trust and distrust, and the model that was learned from them.

    Attributes
    ----------
    statements : Statements
        What stands in the snapshot, scaled to [-1, 1].
    n_heard : int
        How many of them the model rests on: those of accounts that are likelier authentic than not.
    model : PairwiseModel or None
        What predicts statements; None where ``why_not`` says why there is none.
    why_not : str
        Code of the reason; see ``guanxi.engine.pairwise.REASONS``.
    """

    statements: Statements
    n_heard: int
    model: PairwiseModel | None
    why_not: str

    @classmethod
    def of(cls, snapshot: Snapshot, *, doubted: npt.NDArray[np.bool_]) -> Self:
        """Read the statements of a snapshot, and learn from them where they are enough to learn from.

        What ``doubted`` accounts, shape (n,), say is not learned from: who makes accounts makes statements.
        """
        said = statements_of(snapshot)
        heard = _without(said, doubted)
        if heard.m < MIN_STATEMENTS:
            return cls(said, heard.m, None, "too_few_statements")
        if np.ptp(heard.value) == 0:
            return cls(said, heard.m, None, "all_say_the_same")
        model = fit_pairwise(heard, max_examples=MAX_EXAMPLES)
        if not model.evidence_of_gain > SURE:
            return cls(said, heard.m, None, "nothing_to_learn")
        return cls(said, heard.m, model, "")

    def said(self, source: int, targets: Sequence[int]) -> list[float | None]:
        """What one account really says about each of others; None where it says nothing."""
        about = np.array(targets, dtype=np.int64)
        at = self.statements.find(np.full(len(about), source), about)
        return [None if place < 0 else float(self.statements.value[place]) for place in at.tolist()]


def _without(said: Statements, doubted: npt.NDArray[np.bool_]) -> Statements:
    kept = ~doubted[said.source]
    if kept.all():
        return said
    return Statements.of(said.n, source=said.source[kept], target=said.target[kept], value=said.value[kept])


def statements_of(snapshot: Snapshot) -> Statements:
    """Statements of trust in a snapshot, scaled to [-1, 1] by the greatest level of the model.

    One without a level counts as the model's default.
    """
    trust = snapshot.relation(RELATION, "account")
    return Statements.of(
        snapshot.n_accounts,
        source=trust.sources(),
        target=trust.targets,
        value=scaled(np.full(len(trust), np.nan) if trust.values is None else trust.values),
    )


def scaled(levels: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Levels of trust on the scale from -1 to 1; NaN stands for the default of the model."""
    spec = load_model().relation(RELATION).value
    if spec is None or spec.maximum is None:
        return np.ones(len(levels))
    known = np.where(np.isnan(levels), spec.maximum if spec.default is None else spec.default, levels)
    return np.asarray(np.clip(known / spec.maximum, -1, 1), dtype=np.float64)
