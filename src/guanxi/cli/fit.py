"""The command that learns a strategy from what viewers did later."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from guanxi.cli.opening import opened, say_next
from guanxi.cli.options import JsonOption, QuietOption, StoreOption, whole

if TYPE_CHECKING:
    from guanxi.engine.fitting import Fit, Progress
    from guanxi.stores import GraphStore


def fit(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where it is written: a .toml file that is not there yet.")
    ],
    store: StoreOption = None,
    target: Annotated[
        Literal["items", "accounts"],
        typer.Option("--target", help="What to foretell: what viewers buy and share, or whom they follow and trust."),
    ] = "items",
    start: Annotated[
        str,
        typer.Option("--from", metavar="NAME|FILE", help="The strategy to start from and to compare with."),
    ] = "balanced",
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What to call it; its version is the next that is free.")
    ] = "fitted",
    budget: Annotated[
        int, typer.Option("--budget", metavar="NUMBER", parser=whole, help="Strategies to try at most, 1 to 10000.")
    ] = 100,
    viewers: Annotated[
        int, typer.Option("--viewers", metavar="NUMBER", parser=whole, help="Viewers at most; 50 are the least.")
    ] = 5000,
    seed: Annotated[
        int,
        typer.Option("--random-seed", metavar="NUMBER", parser=whole, help="Of all chance."),
    ] = 0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it in the store, too.")] = False,
    keep_best: Annotated[
        bool,
        typer.Option("--keep-best", help="On Ctrl-C test and write the best so far, not nothing."),
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Learn relation weights and half-lives from what viewers did later.

    It says how much was gained over the strategy that it started from, on events that it never looked at before.
    """
    from guanxi.cli.output import print_json
    from guanxi.cli.strategies import strategy_named
    from guanxi.engine.fitting import FitOptions, fit_store
    from guanxi.engine.strategies import as_toml

    _check(file)
    with opened(store) as engine, _progress(quiet=quiet or as_json) as progress:
        base = strategy_named(start, engine.store)
        version = _next_version(name, engine.store)
        options = FitOptions(name, version, target, budget, viewers, seed, keep_best)
        fitted = fit_store(engine.store, base, options, progress=progress)
        file.write_text(as_toml(fitted.strategy), encoding="utf-8")
        if keep:
            engine.keep_strategy(fitted.strategy)
    if as_json:
        print_json({"data": fitted.to_json() | {"file": str(file), "kept": keep}})
        return
    _show(fitted, file, kept=keep)
    say_next(f"score --strategy {file}", store, hush=quiet or fitted.test.ndcg.verdict != "gain")


def _check(file: Path) -> None:
    """Refuse a file that cannot be written, before the work."""
    from guanxi.errors import ParameterError

    if file.suffix != ".toml":
        raise ParameterError(f"{file} is no name of a strategy's file, which ends in .toml")
    if file.exists():
        raise ParameterError(f"{file} is there already; name another file")
    if not file.parent.is_dir():
        raise ParameterError(f"{file.parent} is no folder")


def _next_version(name: str, store: "GraphStore") -> int:
    """The version after the newest of this name that the store knows.

    Raises
    ------
    ConflictError
        If the name is that of a strategy that comes with Guanxi.
    """
    from guanxi.engine import Strategy
    from guanxi.engine.strategies import is_known, listed

    version = 1 + max((of.strategy.version for of in listed(store) if of.strategy.name == name), default=0)
    is_known(Strategy(name=name, version=version), store)
    return version


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Progress | None]":
    """Show how many strategies were tried and what the best has gained, if standard error is a terminal."""
    import sys

    from guanxi.cli.output import messages

    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages(), transient=True) as bar:
        task = bar.add_task("Splitting events", total=None)
        yield _told(lambda done, total, text: bar.update(task, completed=done, total=total, description=text))


def _told(update: Callable[[int, int, str], None]) -> "Progress":
    return lambda done, total, gain: update(done, total, f"Trying strategies (on validation {gain:+.4f})")


def _show(fitted: "Fit", file: Path, *, kept: bool) -> None:
    """What was learned, how it did in the test, and what to do with it."""
    from rich.markup import escape

    from guanxi.cli.output import console, number, say, table

    label, test = fitted.strategy.label, fitted.test
    rows = [(of.parameter, number(of.before), number(of.after)) for of in fitted.learned.changes]
    console().print(table("Learned", ("parameter", fitted.base, label), rows, right=(fitted.base, label)))
    measured = [("popularity", test.popularity), (fitted.base, test.base), (label, test.fitted)]
    columns = ("ranking by", "Recall@10", "NDCG@10", "log-likelihood")
    cells = [(who, f"{of.recall:.4f}", f"{of.ndcg:.4f}", _fixed(of.log_likelihood)) for who, of in measured]
    title = f"The test: {fitted.parts.n_test:,} viewers, trust alone, all {fitted.target} ranked"
    console().print(table(title, columns, cells, right=columns[1:]))
    gain = test.ndcg
    console().print(f"NDCG@10 {gain.mean:+.4f}, 95 % interval [{gain.low:+.4f}, {gain.high:+.4f}].", markup=False)
    console().print(fitted.advice, markup=False, highlight=False)
    if test.popularity.ndcg > test.fitted.ndcg:
        say("Popularity alone ranks better than trust alone here; a recommendation mixes the two with taste.")
    for relation, n in fitted.parts.undated.items():
        say(f"[yellow]{n:,} {escape(relation)} events have no time[/] and were taken as known from the beginning.")
    if not fitted.learned.finished:
        say(f"The search ended after {fitted.learned.n_looks:,} strategies, before it was finished.")
    say(f"Wrote {escape(str(file))}{' and kept it in the store' if kept else ''}.")


def _fixed(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
