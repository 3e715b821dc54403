"""What came out of a fit: the strategy, what was learned, and what it gained in the test."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np

from guanxi.engine.fitting.gains import FloatArray, Gain
from guanxi.engine.fitting.ranking import Quality
from guanxi.engine.fitting.search import Trial
from guanxi.engine.fitting.space import Space
from guanxi.engine.fitting.splitting import Cuts, Target
from guanxi.engine.options import Strategy
from guanxi.engine.strategies import as_document
from guanxi.events.values import isoformat

_FORETOLD: Mapping[Target, str] = {
    "items": "items viewers buy and share next",
    "accounts": "accounts viewers follow and trust next",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """The three parts of the data.

    Attributes
    ----------
    cuts : Cuts
    n_validation, n_test : int
        Viewers in each.
    undated : mapping of relation type to int
        Events without a time, which were taken as known from the beginning.
    """

    cuts: Cuts
    n_validation: int
    n_test: int
    undated: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """One learned number; None stands for a half-life that is none."""

    parameter: str
    before: float | None
    after: float | None


@dataclass(frozen=True, slots=True)
class Learned:
    """What the search did.

    Attributes
    ----------
    reference : str
        The relation type whose weight stays: only ratios of weights count.
    changes : tuple of Change
        Every parameter that could change.
    n_looks : int
        How often validation was looked at.
    finished : bool
        Whether no further step helped; False where the budget or Ctrl-C ended the search.
    gain : float
        Mean logarithm of the likelihood per viewer on validation, after the prior, beyond where the search started. It
        chose the best of many looks, so it says nothing about new data: the test does.
    """

    reference: str
    changes: tuple[Change, ...]
    n_looks: int
    finished: bool
    gain: float

    @classmethod
    def of(cls, space: Space, last: Trial, *, start: float, finished: bool) -> Self:
        """What a search found that started at a value of the objective."""
        changes = tuple(Change(of.label, of.before, value) for of, value in space.changes(last.best))
        return cls(space.reference, changes, last.number, finished, last.best_value - start)


@dataclass(frozen=True, slots=True)
class Means:
    """Means over the viewers of the test; popularity has no likelihood of its own."""

    recall: float
    ndcg: float
    log_likelihood: float | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The test: means of the strategy started from, the fitted one and popularity; what the fitted one gained.

    ``ndcg`` decides; the gains of recall and of the likelihood stand beside it.
    """

    base: Means
    fitted: Means
    popularity: Means
    ndcg: Gain
    recall: Gain
    log_likelihood: Gain

    @classmethod
    def of(
        cls,
        base: tuple[Quality, FloatArray],
        fitted: tuple[Quality, FloatArray],
        popular: Quality,
        rng: np.random.Generator,
    ) -> Self:
        """Compare two strategies, each with its quality and log-likelihoods viewer by viewer."""
        return cls(
            _means(*base),
            _means(*fitted),
            _means(popular, None),
            Gain.of(fitted[0].ndcg - base[0].ndcg, rng),
            Gain.of(fitted[0].recall - base[0].recall, rng),
            Gain.of(fitted[1] - base[1], rng),
        )


def _means(quality: Quality, log_likelihoods: FloatArray | None) -> Means:
    likelihood = None if log_likelihoods is None else float(log_likelihoods.mean())
    return Means(float(quality.recall.mean()), float(quality.ndcg.mean()), likelihood)


@dataclass(frozen=True, slots=True)
class Fit:
    """What came out: the strategy, and how much to think of it.

    Attributes
    ----------
    strategy : Strategy
        Its description says what it gained.
    base : str
        Name and version of the strategy that the search started from.
    """

    strategy: Strategy
    base: str
    target: Target
    parts: Parts
    learned: Learned
    test: Judged

    @property
    def advice(self) -> str:
        """One sentence: whether to use it."""
        if self.test.ndcg.verdict == "gain":
            return f"The interval is above 0: {self.strategy.label} ranks better than {self.base} on this data."
        if self.test.ndcg.verdict == "loss":
            return f"The interval is below 0: it ranks worse. Stay with {self.base}."
        if not any(change.before != change.after for change in self.learned.changes):
            return f"Nothing better was found on validation. Stay with {self.base}."
        return f"The interval contains 0: no gain was shown. Stay with {self.base}."

    def to_json(self) -> dict[str, Any]:
        """Everything, with times as text and the strategy as a document."""
        cuts = self.parts.cuts
        said = asdict(self.parts) | {
            "cuts": {"train_end": isoformat(cuts.train_end), "validation_end": isoformat(cuts.validation_end)},
            "n_dated": cuts.n_dated,
            "n_undated": cuts.n_undated,
        }
        test = asdict(self.test)
        gains = {name: test.pop(name) for name in ("ndcg", "recall", "log_likelihood")}
        return {
            "strategy": as_document(self.strategy),
            "base": self.base,
            "target": self.target,
            "parts": said,
            "learned": asdict(self.learned),
            "test": test | {"gain": gains},
            "verdict": self.test.ndcg.verdict,
            "advice": self.advice,
        }


def described(fit: Fit) -> str:
    """What the description of a fitted strategy says: whoever finds the file shall know what it is worth."""
    gain, cuts = fit.test.ndcg, fit.parts.cuts
    return (
        f"Learned by guanxi fit from {fit.base}, to foretell which {_FORETOLD[fit.target]}: on what was known at "
        f"{isoformat(cuts.train_end)}, from {fit.parts.n_validation:,} viewers' acts until "
        f"{isoformat(cuts.validation_end)}. On {fit.parts.n_test:,} viewers' acts after that, NDCG@10 of trust alone "
        f"is {fit.test.fitted.ndcg:.4f}, of {fit.base} {fit.test.base.ndcg:.4f}: {gain.mean:+.4f}, 95 % interval "
        f"[{gain.low:+.4f}, {gain.high:+.4f}]. {fit.advice}"
    )
