"""The commands on strategies: named, versioned parameters of runs."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from guanxi.cli.opening import opened
from guanxi.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from guanxi.engine import Strategy
    from guanxi.engine.strategies import Listed
    from guanxi.stores import GraphStore

Answer = TypeVar("Answer")
strategies_app = typer.Typer(help="Named parameters of runs.", no_args_is_help=True, rich_markup_mode=None)


@strategies_app.command("list")
def list_(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the strategies that come with Guanxi, and those of the store where there is one."""
    from guanxi.cli.output import console, print_json, table
    from guanxi.engine.strategies import listed

    found = _asked(store, listed)
    if as_json:
        print_json({"data": {"strategies": [of.summary() for of in found]}})
        return
    rows = [(of.strategy.label, _origin(of), of.strategy.description) for of in found]
    console().print(table("Strategies", ("strategy", "from", "what it is for"), rows))


@strategies_app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A strategy, or one version of it as NAME@VERSION.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a strategy as a TOML file, to change and to give to `score --strategy`."""
    from guanxi.cli.output import console, print_json
    from guanxi.engine.strategies import as_toml, described

    if as_json:
        print_json({"data": _asked(store, lambda at: described(_listed(name, at).strategy.label, at))})
        return
    found = _asked(store, lambda at: _listed(name, at))
    console().print(as_toml(found.strategy), end="", soft_wrap=True, markup=False, highlight=False, emoji=False)


@strategies_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A TOML file.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a strategy in a file; its name and version must not stand for another one.

    Nothing is kept: `guanxi score --strategy FILE` does that.
    """
    from guanxi.cli.output import print_json, say
    from guanxi.engine.strategies import as_document, is_known, read_strategy

    strategy = read_strategy(file)
    known = _asked(store, lambda at: is_known(strategy, at))
    if as_json:
        print_json({"data": as_document(strategy) | {"known": known}})
    else:
        say(f"{strategy.label} is in order{', and known already' if known else ''}.")


def strategy_named(text: str, store: "GraphStore") -> "Strategy":
    """A strategy by its name, or from a file: whatever ends in .toml or names a folder.

    Raises
    ------
    ParameterError
        If no strategy has this name.
    FileFormatError
        If the file cannot be read, or says something that a strategy cannot say.
    """
    from guanxi.engine.strategies import read_strategy

    path = Path(text)
    is_file = path.suffix == ".toml" or len(path.parts) > 1
    return read_strategy(path) if is_file else _listed(text, store).strategy


def _listed(name: str, store: "GraphStore | None") -> "Listed":
    """A strategy by its name; that there is none is wrong usage, and nothing about accounts."""
    from guanxi.engine.strategies import find
    from guanxi.errors import ParameterError, UnknownIdError

    try:
        return find(name, store)
    except UnknownIdError as exc:
        raise ParameterError(f"{exc}; a file is named with its ending, .toml") from exc


def _asked(store: str | None, question: Callable[["GraphStore | None"], Answer]) -> Answer:
    """Ask about the strategies of a store; where none is named and there is none, about those of Guanxi alone."""
    from guanxi.errors import NotReadyError

    try:
        with opened(store) as engine:
            return question(engine.store)
    except NotReadyError:
        if store is not None:
            raise
        return question(None)


def _origin(of: "Listed") -> str:
    created = of.summary()["created"]
    return f"the store, {created}" if created else "Guanxi"
