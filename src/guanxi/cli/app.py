"""The commands. Each is a thin call of the engine; what is slow to import is imported when it is used."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from guanxi.cli.options import (
    JsonOption,
    LimitOption,
    PortOption,
    QuietOption,
    StoreOption,
    account_id,
    number,
    whole,
)

if TYPE_CHECKING:
    from guanxi.engine import Engine
    from guanxi.settings import Settings
    from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, Pumped

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
store_app = typer.Typer(help="The Neo4j database behind a store.", no_args_is_help=True)
app.add_typer(store_app, name="store")
export_app = typer.Typer(help="Write the graph out for other programs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(export_app, name="export")
keys_app = typer.Typer(help="Make, list and revoke keys of the API.", no_args_is_help=True, rich_markup_mode=None)
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


def _settings(**flags: object) -> "Settings":
    from guanxi.settings import load_settings

    return load_settings(**flags)


@contextmanager
def _engine(store: str | None, *, create: bool = False) -> Iterator["Engine"]:
    from guanxi.engine import Engine

    settings = _settings(store=store)
    with closing(Engine(settings.store, create=create, neo4j=settings.neo4j(), privacy=settings.privacy)) as engine:
        yield engine


def _next(commands: str, store: str | None, *, hush: bool) -> None:
    from guanxi.cli.arguments import with_store
    from guanxi.cli.output import say

    if not hush:
        say("Next: " + ", ".join(with_store(command, store) for command in commands.split(", ")))


def _graph(uri: str) -> "Neo4jTarget":
    """Somebody's own graph; user and password are those of the settings."""
    from guanxi.stores.neo4j import Neo4jTarget

    target = _settings(store=".", neo4j_uri=uri).neo4j()
    return target or Neo4jTarget.parse(uri)


def _apply(store: str | None, *, hush: bool) -> "Pumped | None":
    """Bring Neo4j, where it holds the graph, up to what is durable here."""
    from guanxi.cli.output import progress_bar
    from guanxi.errors import NotReadyError, StoreError

    with _engine(store) as engine:
        if engine.neo4j is None:
            return None
        try:
            with progress_bar("Applying to Neo4j", quiet=hush) as progress:
                return engine.pump(progress=progress)
        except (StoreError, NotReadyError) as exc:
            safe = f"every event is safe in {engine.store.home}, and `guanxi store apply` goes on from there"
            raise type(exc)(f"{exc}; {safe}") from exc


@app.command()
def load(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...", help="Files and folders: CSV, JSON lines, Parquet; or one neo4j:// URI, only read."
        ),
    ],
    store: StoreOption = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", "-m", metavar="FILE", help="TOML file that maps columns, or a graph.")
    ] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", "-c", metavar="FIELD=COLUMN", help="Where a field stands.")
    ] = None,
    constant: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="FIELD=VALUE", help="A field that is the same in all rows."),
    ] = None,
    symmetric: Annotated[bool, typer.Option("--symmetric", help="Each row holds both ways, as friendship.")] = False,
    encoding: Annotated[
        str | None, typer.Option("--encoding", metavar="NAME", help="Of text files; UTF-8 by default.")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option("--delimiter", metavar="CHAR", help="Of CSV files; found in the header.")
    ] = None,
    time_format: Annotated[
        str | None, typer.Option("--time-format", metavar="FORMAT", help="How times are written, as in strptime.")
    ] = None,
    max_rejects: Annotated[
        str, typer.Option("--max-rejects", metavar="N|P%", help="Keep nothing if more records are refused; exit 3.")
    ] = "100%",
    rejects: Annotated[
        Path | None, typer.Option("--rejects", metavar="FILE", help="Where refused records are listed.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Load events from files, or from somebody's own graph in Neo4j: all of them, or nothing.

    Refused records are listed with file, line and reason; the others are kept.
    """
    from guanxi.cli import reports
    from guanxi.cli.arguments import graph_mapping_of, mappings_of
    from guanxi.cli.output import progress_bar
    from guanxi.engine import Limit

    texts = {"encoding": encoding, "delimiter": delimiter, "time_format": time_format}
    limit, hush = Limit.parse(max_rejects), quiet or as_json
    others = bool(column or constant or symmetric or any(texts.values()))
    of_graph = graph_mapping_of(paths, mapping, others=others)
    mappings = () if of_graph else mappings_of(mapping, column or [], constant or [], symmetric=symmetric, **texts)
    with _engine(store, create=True) as engine, progress_bar("Loading", quiet=hush) as progress:
        if of_graph:
            graph = _graph(paths[0])
            report = engine.load_graph(graph, of_graph, limit=limit, rejects_file=rejects, progress=progress)
        else:
            files = [Path(path) for path in paths]
            report = engine.load(files, mappings, limit=limit, rejects_file=rejects, progress=progress)
    reports.load_report(report, as_json=as_json)
    _apply(store, hush=hush)
    _next("snapshot", store, hush=hush or not report.n_created)


@app.command()
def snapshot(store: StoreOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Build a snapshot of all events.

    Answers are made from the one before until `guanxi score` puts the new one in use.
    """
    from guanxi.cli import reports
    from guanxi.cli.output import spinner

    with _engine(store) as engine, spinner("Building a snapshot", quiet=quiet or as_json):
        report = engine.snapshot()
    reports.snapshot_report(report, as_json=as_json)
    _next("score", store, hush=quiet or as_json)


@app.command()
def score(
    store: StoreOption = None,
    seed: Annotated[
        list[str] | None,
        typer.Option("--seed", metavar="ACCOUNT", help="Where trust starts; may be repeated. All accounts by default."),
    ] = None,
    restart: Annotated[
        float | None,
        typer.Option(
            "--restart", metavar="NUMBER", parser=number, help="Probability of returning to the seeds, above 0 to 1."
        ),
    ] = None,
    weight: Annotated[
        list[str] | None, typer.Option("--weight", metavar="RELATION=NUMBER", help="Weight of a relation type.")
    ] = None,
    discount: Annotated[
        bool, typer.Option("--discount/--no-discount", help="Apply authenticity before trust flows.")
    ] = True,
    write_back: Annotated[
        bool, typer.Option("--write-back", help="Put the scores on the account nodes in Neo4j, too.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compute trust and authenticity on the snapshot.

    It takes the newest snapshot, and puts it in use together with its scores.
    """
    from guanxi.cli import reports
    from guanxi.cli.arguments import strategy_of
    from guanxi.cli.output import progress_bar, spinner

    strategy, written = strategy_of(seed or [], restart, weight or [], discount=discount), None
    with _engine(store) as engine:
        if write_back:
            _needed(engine)
        with spinner("Computing trust", quiet=quiet or as_json):
            report = engine.score(strategy)
        if write_back:
            with progress_bar("Writing to Neo4j", quiet=quiet or as_json) as progress:
                written = engine.write_back(progress=progress)
    reports.run_report(report, written, as_json=as_json)
    _next("trust, recommend ACCOUNT, vet ACCOUNT", store, hush=quiet or as_json)


@app.command()
def trust(
    viewer: Annotated[
        str | None,
        typer.Argument(
            metavar="VIEWER",
            callback=account_id,
            help="Whose trust, after -- if it begins with -; everybody's if not given.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", callback=account_id, help="In whom; the most trusted if not given."),
    ] = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """Show who is trusted, by all or by one account.

    With two accounts: how far the first trusts the second, and through whom.
    """
    from guanxi.cli import show

    with _engine(store) as engine:
        view = engine.view()
        if viewer is None:
            show.ranking(*view.ranking(limit=limit), as_json=as_json)
        elif target is None:
            show.trusted_by(*view.trusted_by(viewer, limit=limit), as_json=as_json)
        else:
            show.pair(*view.trust(viewer, target, at_most=limit), as_json=as_json)


@app.command()
def recommend(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="For whom; after -- if it begins with -.")
    ],
    what: Annotated[Literal["items", "accounts"], typer.Option("--what", help="What to recommend.")] = "items",
    store: StoreOption = None,
    limit: LimitOption = 10,
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Items that the account has, too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the terms that each score is the sum of.")] = False,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", help="Of the reasons.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Recommend items or accounts, with reasons.

    The terms of a score add up to it. An account that nothing is known of gets what suits everybody.
    """
    from guanxi.cli import show

    with _engine(store) as engine:
        view = engine.view()
        if what == "items":
            answer = view.items(account, limit=limit, exclude_seen=not include_seen, language=language)
        else:
            answer = view.accounts(account, limit=limit, language=language)
    show.recommendations(*answer, what=what, explain=explain, as_json=as_json)


@app.command()
def vet(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whom to vet; after -- if it begins with -.")
    ],
    store: StoreOption = None,
    evidence: Annotated[
        int,
        typer.Option("--evidence", metavar="NUMBER", parser=whole, help="How many facts to show per witness."),
    ] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show how real an account's influence is.

    A dossier: its audience, its own conduct, the witnesses and their evidence.
    """
    from guanxi.cli import show

    if evidence < 0:
        raise typer.BadParameter(f"{evidence} is below 0", param_hint="'--evidence'")
    with _engine(store) as engine:
        dossier, meta = engine.view().dossier(account, evidence=evidence)
    show.dossier(dossier, meta, as_json=as_json)


@app.command()
def serve(
    store: StoreOption = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Address to listen on; 127.0.0.1 by default.")
    ] = None,
    port: Annotated[int | None, PortOption] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", metavar="NUMBER", parser=whole, help="Processes; 1 by default.")
    ] = None,
) -> None:
    """Serve the API."""
    from guanxi.cli.output import say

    _serve(
        _settings(store=store, host=host, port=port, workers=workers),
        lambda at: say(f"Serving at {at}/v1; end with Ctrl-C."),
    )


def _serve(settings: "Settings", ready: Callable[[str], None]) -> None:
    import importlib

    # By name: faces do not import each other. This one only starts the other.
    importlib.import_module("guanxi.service").serve(settings, ready=ready)


@app.command()
def doctor(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check versions, the store and the data.

    Exit code 1 if there is a warning or an error.
    """
    from guanxi.cli import EXIT_FINDING, reports

    with _engine(store) as engine:
        findings = engine.doctor()
    reports.findings(findings, as_json=as_json)
    if any(finding.severity in ("warning", "error") for finding in findings):
        raise typer.Exit(EXIT_FINDING)


@app.command()
def config(as_json: JsonOption = False) -> None:
    """Show the settings, and where each comes from."""
    from guanxi.cli import reports

    reports.config(_settings(), as_json=as_json)


@app.command()
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
    account, viewer = run(home, neo4j=_settings(neo4j_uri=uri).neo4j() if uri else None, as_json=as_json)
    if serving:
        flags = {"store": home / "store", "neo4j_uri": uri, "host": "127.0.0.1", "port": port, "workers": 1}
        _serve(_settings(**flags), lambda at: things_to_try(account, viewer, at))
    else:
        _next(f"recommend {viewer} --explain", str(home / "store"), hush=as_json)


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

    with _engine(store, create=True) as engine:
        keys.create(engine, scope, label=label, as_json=as_json)


@keys_app.command("list")
def keys_list(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from guanxi.cli import keys

    with _engine(store) as engine:
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

    with _engine(store) as engine:
        keys.revoke(engine, prefix, as_json=as_json)


@store_app.command("migrate")
def store_migrate(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Bring the schema of the Neo4j database up to date: constraints and indexes, each step recorded."""
    from guanxi.cli import reports

    with _engine(store, create=True) as engine:
        reports.migrated(_needed(engine).migrate(), as_json=as_json)


@store_app.command("apply")
def store_apply(store: StoreOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Apply to Neo4j what is durable in the folder and not there yet; `load` and `serve` do so, too."""
    from guanxi.cli import reports

    with _engine(store) as engine:
        _needed(engine)
    reports.pumped(_apply(store, hush=quiet or as_json), as_json=as_json)


@store_app.command("adopt")
def store_adopt(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where `guanxi export neo4j-import` wrote.")],
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the events in exported files as applied, once neo4j-admin has imported them."""
    from guanxi.cli import reports

    with _engine(store) as engine:
        _needed(engine)
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

    with _engine(store) as engine:
        database = engine.neo4j.target.database if engine.neo4j else None
        with spinner("Writing files", quiet=quiet or as_json):
            files = engine.export_import(folder, gzip=gzip)
    reports.import_files(files, files.command(folder, database=database or "neo4j"), as_json=as_json, quiet=quiet)


def _needed(engine: "Engine") -> "Neo4jStore":
    """The Neo4j store, for a command that makes no sense without one."""
    from guanxi.errors import ParameterError

    if engine.neo4j is None:
        raise ParameterError(f"the store {engine.store.home} is a folder; name a database: --store neo4j://HOST")
    return engine.neo4j
