"""The commands on the database behind a store, and those that write the graph out for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guanxi.cli.opening import opened, settings_of
from guanxi.cli.options import JsonOption, QuietOption, StoreOption

if TYPE_CHECKING:
    from guanxi.engine import Engine
    from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, Pumped

store_app = typer.Typer(help="The Neo4j database behind a store.", no_args_is_help=True)
export_app = typer.Typer(help="Write the graph out for other programs.", no_args_is_help=True, rich_markup_mode=None)


@store_app.command("migrate")
def migrate(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Bring the schema of the Neo4j database up to date: constraints and indexes, each step recorded."""
    from guanxi.cli import reports

    with opened(store, create=True) as engine:
        reports.migrated(neo4j_of(engine).migrate(), as_json=as_json)


@store_app.command("apply")
def apply(store: StoreOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Apply to Neo4j what is durable in the folder and not there yet; `load` and `serve` do so, too."""
    from guanxi.cli import reports

    with opened(store) as engine:
        neo4j_of(engine)
    reports.pumped(apply_to_neo4j(store, hush=quiet or as_json), as_json=as_json)


@store_app.command("adopt")
def adopt(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where `guanxi export neo4j-import` wrote.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the events in exported files as applied, once neo4j-admin has imported them."""
    from guanxi.cli import reports

    with opened(store) as engine:
        neo4j_of(engine)
        reports.adopted(engine.adopt(folder), as_json=as_json)


@export_app.command("neo4j-import")
def export_neo4j_import(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the files go; new or empty.")],
    store: StoreOption = None,
    gzip: Annotated[bool, typer.Option("--gzip", help="Compress the data files.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write files for neo4j-admin's import tool, and print the command that imports them."""
    from guanxi.cli import reports
    from guanxi.cli.output import spinner

    with opened(store) as engine:
        database = engine.neo4j.target.database if engine.neo4j else None
        with spinner("Writing files", quiet=quiet or as_json):
            files = engine.export_import(folder, gzip=gzip)
    reports.import_files(files, files.command(folder, database=database or "neo4j"), as_json=as_json, quiet=quiet)


def graph_at(uri: str) -> "Neo4jTarget":
    """Somebody's own graph; user and password are those of the settings."""
    from guanxi.stores.neo4j import Neo4jTarget

    target = settings_of(store=".", neo4j_uri=uri).neo4j()
    return target or Neo4jTarget.parse(uri)


def apply_to_neo4j(store: str | None, *, hush: bool) -> "Pumped | None":
    """Bring Neo4j, where it holds the graph, up to what is durable here."""
    from guanxi.cli.output import progress_bar
    from guanxi.errors import NotReadyError, StoreError

    with opened(store) as prompt, opened(store, patient=True) as engine:
        if prompt.neo4j is None:
            return None
        try:
            prompt.neo4j.ping()  # who has no Neo4j there hears of it at once
            with progress_bar("Applying to Neo4j", quiet=hush) as progress:
                return engine.pump(progress=progress)
        except (StoreError, NotReadyError) as exc:
            safe = f"every event is safe in {engine.store.home}, and `guanxi store apply` goes on from there"
            raise type(exc)(f"{exc}; {safe}") from exc


def neo4j_of(engine: "Engine") -> "Neo4jStore":
    """The Neo4j store, for a command that makes no sense without one."""
    from guanxi.errors import ParameterError

    if engine.neo4j is None:
        raise ParameterError(f"the store {engine.store.home} is a folder; name a database: --store neo4j://HOST")
    return engine.neo4j
