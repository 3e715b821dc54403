"""The command that writes personal trust of everyone."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.cli.opening import opened
from guanxi.cli.options import JsonOption, QuietOption, StoreOption


def export_trust(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; new, empty, or begun before.")],
    store: StoreOption = None,
    top: Annotated[int, typer.Option("--top", metavar="N", help="Accounts per viewer, 1 to 1000.")] = 50,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write whom every account trusts most, as a folder of Parquet files.

    Interrupted work goes on where it stopped when the command is given again.
    """
    from guanxi.cli.output import print_json, progress_bar, say
    from guanxi.engine.everyone import write_everyone

    with opened(store) as engine, progress_bar("Accounts", quiet=quiet or as_json) as progress:
        report = write_everyone(engine.view().run, folder, size=top, progress=progress)
    if as_json:
        print_json({"data": report})
    elif not quiet:
        known = f", {report.n_viewers_before:,} of them before" if report.n_viewers_before else ""
        say(f"Wrote the top {top} of {report.n_viewers:,} accounts{known} into {folder}, run {report.run}.")
