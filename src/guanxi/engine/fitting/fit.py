"""Learn a strategy's weights and half-lives from what viewers did later.

What was known at the first cut ranks what came between the cuts: there the search looks. The test part after the second
cut is looked at once, at the end, by the strategy that was started from and by the one that was found.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from guanxi.engine.fitting.ranking import (
    LOOK_EPS,
    FloatArray,
    Quality,
    Question,
    Ranker,
    actors_of,
    log_likelihoods,
    quality,
)
from guanxi.engine.fitting.report import Fit, Judged, Learned, Parts, described
from guanxi.engine.fitting.search import Trial, climb
from guanxi.engine.fitting.space import Point, Space
from guanxi.engine.fitting.splitting import (
    MIN_VIEWERS,
    HeldOut,
    Target,
    cuts_of,
    held_out,
    n_undated,
    snapshot_until,
)
from guanxi.engine.options import CUSTOM, Strategy
from guanxi.engine.scoring import Run, score
from guanxi.errors import DataError, NotReadyError, ParameterError
from guanxi.events.coded import Coded
from guanxi.snapshot import Snapshot
from guanxi.snapshot.numbering import parts_of
from guanxi.stores import GraphStore

_NOTICED = 0.02
"""What a step must add to the log-likelihood of all viewers together: less is noise, and not worth a look."""

MAX_BUDGET, MAX_VIEWERS = 10_000, 1_000_000
Progress = Callable[[int, int, float], None]
"""Told how many looks are done, how many there will be at most, and what the best has gained on validation."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How to fit.

    Attributes
    ----------
    name, version : str, int
        Of the strategy that comes out.
    target : {"items", "accounts"}
        What is to be foretold: what viewers buy and share, or whom they follow and trust.
    budget : int
        Looks at validation at most, in 1..10,000.
    n_viewers : int
        Viewers in validation at most, and in the test, drawn at random; in 50..1,000,000.
    seed : int
        Of the draws and of the order of the search, at least 0; the same gives the same.
    finish_early : bool
        Whether Ctrl-C ends the search, and what it found goes to the test, instead of ending everything.
    """

    name: str = "fitted"
    version: int = 1
    target: Target = "items"
    budget: int = 100
    n_viewers: int = 5000
    seed: int = 0
    finish_early: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.budget <= MAX_BUDGET:
            raise ParameterError(f"budget is {self.budget}, not in 1..{MAX_BUDGET:,}")
        if not MIN_VIEWERS <= self.n_viewers <= MAX_VIEWERS:
            raise ParameterError(f"viewers is {self.n_viewers}, not in {MIN_VIEWERS}..{MAX_VIEWERS:,}")
        if self.seed < 0:
            raise ParameterError(f"seed is {self.seed}, not at least 0")
        if self.name == CUSTOM:
            raise ParameterError(f"name is {CUSTOM!r}, which is what runs with changed parameters are called")
        Strategy(name=self.name, version=self.version)  # its own checks


def fit_store(
    store: GraphStore,
    base: Strategy | None = None,
    options: FitOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Fit:
    """Fit a strategy to all events of a store; nothing is written there. Raises as ``fit``.

    Raises
    ------
    NotReadyError
        If the store has no events.
    """
    events = list(store.coded_events(upto=store.last_seq()))
    if not events:
        raise NotReadyError(f"the store at {store.home} has no events; load some first")
    return fit(events, base, options, progress=progress)


def fit(
    events: Sequence[pa.Table | Coded],
    base: Strategy | None = None,
    options: FitOptions | None = None,
    *,
    progress: Progress | None = None,
) -> Fit:
    """Learn relation weights, half-lives and ``attribution_days`` from later events.

    Parameters
    ----------
    events : sequence of pyarrow.Table or Coded
        As ``build_snapshot`` takes them.
    base : Strategy, optional
        Where the search starts, and what the result is compared with; ``balanced`` by default. What it gives no weight
        stays without; everything that is not learned is as there.
    progress : callable, optional
        Called after every look.

    Raises
    ------
    DataError
        If there is nothing dated, too little to learn from, or nothing to learn.

    Notes
    -----
    Every look costs one build of local trust and a push per viewer. Snapshots and runs as of the cuts lie in a
    temporary folder meanwhile: up to three times a snapshot and its run.
    """
    base, options = base or Strategy(), options or FitOptions()
    draws = [np.random.default_rng(child) for child in np.random.SeedSequence(options.seed).spawn(4)]
    coded = list(parts_of(events))
    cuts = cuts_of(coded, options.target)
    ends = (cuts.train_end, cuts.validation_end, None)
    with tempfile.TemporaryDirectory(prefix="guanxi-fit-") as name:
        early, middle, late = (snapshot_until(coded, end, Path(name)) for end in ends)
        asking = _Asking(base, options, Path(name))
        validation, early_run = asking.about(early, middle, cuts.train_end, "validation", draws[0])
        test, base_run = asking.about(middle, late, cuts.validation_end, "the test", draws[2])  # too little is said now
        learned, found = _searched(validation, early_run, Space.of(early, base), options, draws[1], progress)
        fitted_run = base_run if found == base else run_of(middle, found, Path(name))
        judged = _judged(test, base_run, fitted_run, draws[3])
    evidence = [name for name, of in base.weights.items() if of.weight > 0]
    data = Parts(cuts, len(validation.held_out), len(test.held_out), n_undated(coded, evidence))
    strategy = replace(found, name=options.name, version=options.version, description="")
    fitted = Fit(strategy, base.label, options.target, data, learned, judged)
    return replace(fitted, strategy=replace(strategy, description=described(fitted)))


@dataclass(frozen=True, slots=True, eq=False)
class _Asking:
    """Puts questions to the strategy that is started from; its runs lie in a folder that goes away."""

    base: Strategy
    options: FitOptions
    folder: Path

    def about(
        self, now: Snapshot, later: Snapshot, end: int, part: str, rng: np.random.Generator
    ) -> tuple[Question, Run]:
        """What some viewers did between two snapshots, and the run of the first."""
        run = run_of(now, self.base, self.folder)
        target, actors = self.options.target, actors_of(run)
        asked = _drawn(held_out(now, later, end, target, actors), run, part, self.options.n_viewers, rng)
        return Question.of(now, target, asked, actors), run


def run_of(snapshot: Snapshot, strategy: Strategy, folder: Path) -> Run:
    """A run as `guanxi score` computes it; without seeds, which personal trust does not start from."""
    return Run.open(score(snapshot, replace(strategy, seeds=()), folder), snapshot, verify=False)


def _drawn(asked: HeldOut, run: Run, part: str, n_viewers: int, rng: np.random.Generator) -> HeldOut:
    """Some of the viewers who trust anybody: to the others every strategy says the same, namely nothing."""
    viewers = asked.viewers if run.identities is None else run.identities.representative[asked.viewers]
    trusting = np.flatnonzero(np.diff(run.graph.offsets)[viewers])
    if len(trusting) < MIN_VIEWERS:
        raise DataError(
            f"{part} has {len(trusting):,} viewers who trust somebody and later did something new with what was known "
            f"by then; at least {MIN_VIEWERS} are needed"
        )
    drawn = rng.choice(trusting, n_viewers, replace=False) if len(trusting) > n_viewers else trusting
    return asked.take(drawn)


def _searched(
    question: Question,
    run: Run,
    space: Space,
    options: FitOptions,
    rng: np.random.Generator,
    progress: Progress | None,
) -> tuple[Learned, Strategy]:
    """What the search learned, and the best strategy that it looked at; authenticity stays as it was at the start."""

    def objective(point: Point) -> float:
        strategy = space.strategy(point)
        ranker = Ranker.tried(run, strategy)
        eps = None if ranker.push.routes.is_small else LOOK_EPS
        found = log_likelihoods(question, ranker, eps=eps)
        return float(found.mean()) + space.log_prior(point) / len(found)

    ranges, margin = [(of.low, of.high) for of in space.parameters], _NOTICED / len(question.held_out)
    looks: list[Trial] = []
    finished = False
    try:
        for look in climb(objective, ranges, budget=options.budget, margin=margin, rng=rng):
            looks.append(look)
            if progress is not None:
                progress(look.number, options.budget, look.best_value - looks[0].value)
        finished = looks[-1].number < options.budget
    except KeyboardInterrupt:
        if not looks or not options.finish_early:
            raise
    return Learned.of(space, looks[-1], start=looks[0].value, finished=finished), space.strategy(looks[-1].best)


def _judged(test: Question, base: Run, fitted: Run, rng: np.random.Generator) -> Judged:
    """The test: two runs, and popularity."""
    by_base, by_fitted = (_told(test, run) for run in (base, fitted))
    return Judged.of(by_base, by_fitted, quality(test.held_out, test.by_popularity()), rng)


def _told(test: Question, run: Run) -> tuple[Quality, FloatArray]:
    ranker = Ranker.of(run)
    return quality(test.held_out, test.scored(ranker)), log_likelihoods(test, ranker)
