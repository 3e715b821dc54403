"""The commands around a store: serve it, examine it, show the settings, show everything on a demo."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guanxi.cli.opening import opened, say_next, settings_of
from guanxi.cli.options import JsonOption, PortOption, StoreOption, number, whole

if TYPE_CHECKING:
    from guanxi.settings import Settings


def serve(
    store: StoreOption = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; 127.0.0.1 by default.")
    ] = None,
    port: Annotated[int | None, PortOption] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", metavar="NUMBER", parser=whole, help="Processes; 1 by default.")
    ] = None,
    refresh_every: Annotated[
        float | None,
        typer.Option(
            "--refresh-every",
            metavar="SECONDS",
            parser=number,
            help="Look for new events so often, and take them into a new run; never by default.",
        ),
    ] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="First bring the schema in Neo4j up to date, as soon as it answers.")
    ] = False,
) -> None:
    """Serve the API."""
    from guanxi.cli.output import say

    _serve(
        settings_of(
            store=store,
            host=host,
            port=port,
            workers=workers,
            refresh_every=refresh_every,
            neo4j_migrate=migrate or None,
        ),
        lambda at: say(f"Serving at {at}/v1; end with Ctrl-C."),
    )


def _serve(settings: "Settings", ready: Callable[[str], None]) -> None:
    import importlib

    # By name: faces do not import each other. This one only starts the other.
    importlib.import_module("guanxi.service").serve(settings, ready=ready)


def doctor(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check versions, the store and the data.

    Exit code 1 if there is a warning or an error.
    """
    from guanxi.cli import EXIT_FINDING, reports

    with opened(store) as engine:
        findings = engine.doctor()
    reports.findings(findings, as_json=as_json)
    if any(finding.severity in ("warning", "error") for finding in findings):
        raise typer.Exit(EXIT_FINDING)


def config(as_json: JsonOption = False) -> None:
    """Show the settings, and where each comes from."""
    from guanxi.cli import reports

    reports.config(settings_of(), as_json=as_json)


def demo(
    store: Annotated[
        str, typer.Option("--store", metavar="FOLDER|URI", help="Folder that the demo makes anew; or an empty Neo4j.")
    ] = "demo-store",
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API at the end.")] = True,
    port: Annotated[int, PortOption] = 8000,
    as_json: JsonOption = False,
) -> None:
    """Show all of it on a real data set, LastFM."""
    from guanxi.cli.demo import run, things_to_try
    from guanxi.stores.neo4j.target import is_neo4j

    uri = store if is_neo4j(store) else None
    home = Path("demo-store" if uri else store)
    account, viewer = run(home, neo4j=settings_of(neo4j_uri=uri).neo4j() if uri else None, as_json=as_json)
    if serving:
        flags = {"store": home / "store", "neo4j_uri": uri, "host": "127.0.0.1", "port": port, "workers": 1}
        _serve(settings_of(**flags), lambda at: things_to_try(account, viewer, at))
    else:
        say_next(f"recommend {viewer} --explain", str(home / "store"), hush=as_json)
