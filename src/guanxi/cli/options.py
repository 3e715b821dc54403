"""Options that several commands share, and how the texts of options are read."""

from typing import Annotated

import typer


def number(text: str) -> float:
    """A number, or wrong usage that names the text."""
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a number") from None


def whole(text: str) -> int:
    """A whole number, or wrong usage that names the text."""
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a whole number") from None


def account_id(text: str | None) -> str | None:
    """An id as it is, unless the bytes typed were no UTF-8."""
    if text is not None and not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise typer.BadParameter(f"{text!r} is not UTF-8 text") from None
    return text


StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="FOLDER|URI",
        help="Folder of the store, or neo4j://HOST[:PORT][/DATABASE]; by default GUANXI_STORE or guanxi-store.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")]
LimitOption = Annotated[
    int, typer.Option("--limit", "-n", metavar="NUMBER", parser=whole, help="How many to show, 1 to 1000.")
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        "--as-of", metavar="DATE", help="Answer from what was known then: 2024-05-31 is the end of that day in UTC."
    ),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, and no hint of what comes next.")]
PortOption = typer.Option("--port", "-p", metavar="NUMBER", parser=whole, help="Port to listen on; 8000 by default.")
