"""What the commands print: tables for people, JSON for programs, progress for terminals."""

import codecs
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

_PIPED_WIDTH = 160


class _Output(Console):
    """A console that ends quietly when the reader of its output has left, as `head` does."""

    def on_broken_pipe(self) -> NoReturn:
        _reader_left()


def _reader_left() -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(0)


def console() -> Console:
    """Return the console for data; piped output gets a fixed width, so that it does not depend on a window."""
    return _Output(soft_wrap=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH)


def messages() -> Console:
    """Return the console for messages."""
    return Console(stderr=True)


def say(text: str) -> None:
    """Print one message on standard error, in one line however long; ``text`` may have markup."""
    messages().print(text, soft_wrap=True, highlight=False)


def print_json(value: object) -> None:
    """Print one JSON document."""
    utf8 = codecs.lookup(sys.stdout.encoding).name == "utf-8"
    text = json.dumps(value, ensure_ascii=not utf8, indent=2, default=_plain)
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _reader_left()


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[str] = ()) -> Group:
    """Build a table under its title; columns in ``right`` are aligned right."""
    made = Table(header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(escape(str(cell)) for cell in row))
    return Group(Text(title, style="bold italic"), made)


@contextmanager
def progress_bar(label: str, *, quiet: bool = False) -> Iterator[Callable[[int, int], None] | None]:
    """Show a progress bar on standard error, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TransferSpeedColumn(), TimeElapsedColumn())
    with Progress(*columns, console=messages(), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


@contextmanager
def spinner(label: str, *, quiet: bool = False) -> Iterator[None]:
    """Show that something is going on, on standard error, if that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    with messages().status(label):
        yield


def number(value: float | None, *, digits: int = 3) -> str:
    """A number with a few significant digits; a dash where there is none.

    >>> number(0.00123456), number(None)
    ('0.00123', '–')
    """
    return "–" if value is None else f"{value:.{digits}g}"


def shown(value: Any) -> str:  # noqa: ANN401 - whatever JSON holds
    """A value of an evidence row as text."""
    return number(value) if isinstance(value, float) else str(value)
