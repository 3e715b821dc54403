"""The commands. Each is a thin call of the engine; what is slow to import is imported when it is used."""

from typing import Annotated

import typer

from guanxi.cli.asking import recommend, trust, vet
from guanxi.cli.building import load, score, snapshot
from guanxi.cli.erase import erase
from guanxi.cli.everyone import export_trust
from guanxi.cli.fit import fit
from guanxi.cli.fragility import fragility
from guanxi.cli.history import history
from guanxi.cli.identities import identities
from guanxi.cli.leaders import leaders, ties
from guanxi.cli.opening import opened
from guanxi.cli.options import JsonOption, StoreOption, account_id
from guanxi.cli.running import config, demo, doctor, serve
from guanxi.cli.store import export_app, store_app
from guanxi.cli.strategies import strategies_app
from guanxi.cli.topics import topics
from guanxi.cli.whatif import whatif

_LOOK = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
# Plain help: it comes three times as fast as help in boxes, and can be searched.
app = typer.Typer(
    name="guanxi",
    help="Who trusts whom, whose influence is real, and what trusted people recommend.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_LOOK,
)
# Help lists them in this order.
for _command in (
    load,
    snapshot,
    score,
    fit,
    trust,
    recommend,
    topics,
    vet,
    leaders,
    ties,
    identities,
    history,
    whatif,
    fragility,
    serve,
    doctor,
    config,
    erase,
    demo,
):
    app.command()(_command)
keys_app = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True, rich_markup_mode=None)
export_app.command("trust")(export_trust)
app.add_typer(store_app, name="store")
app.add_typer(export_app, name="export")
app.add_typer(strategies_app, name="strategies")
app.add_typer(keys_app, name="keys")


def _version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        from importlib.metadata import version

        typer.echo(f"guanxi {version('guanxi')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Who trusts whom, whose influence is real, and what trusted people recommend.

    A first session: load, snapshot, score, then trust, recommend and vet.
    """


@keys_app.command("create")
def keys_create(
    scope: Annotated[
        list[str], typer.Option("--scope", metavar="SCOPE", help="read, ingest, vet or admin; may be repeated.")
    ],
    label: Annotated[
        str, typer.Option("--label", metavar="TEXT", callback=account_id, help="What the key is for.")
    ] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it, this once."""
    from guanxi.cli import keys

    with opened(store, create=True) as engine:
        keys.create(engine, scope, label=label, as_json=as_json)


@keys_app.command("list")
def keys_list(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from guanxi.cli import keys

    with opened(store) as engine:
        keys.show_all(engine, as_json=as_json)


@keys_app.command("revoke")
def keys_revoke(
    prefix: Annotated[
        str, typer.Argument(metavar="PREFIX", callback=account_id, help="As `guanxi keys list` shows it.")
    ],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key at once."""
    from guanxi.cli import keys

    with opened(store) as engine:
        keys.revoke(engine, prefix, as_json=as_json)
