"""The commands. Each is a thin call of the engine; what is slow to import is imported when it is used."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from guanxi.engine import Engine, FileMapping, Strategy
    from guanxi.settings import Settings

app = typer.Typer(
    name="guanxi",
    help="Who trusts whom, whose influence is real, and what trusted people recommend.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
keys_app = typer.Typer(help="Keys of the API.", no_args_is_help=True)
app.add_typer(keys_app, name="keys")

StoreOption = Annotated[Path | None, typer.Option("--store", help="Folder of the store; GUANXI_STORE by default.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
LimitOption = Annotated[int, typer.Option("--limit", "-n", help="How many to show, 1 to 1000.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]


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
    """Who trusts whom, whose influence is real, and what trusted people recommend."""


def _settings(**flags: object) -> "Settings":
    from guanxi.settings import load_settings

    return load_settings(**flags)


def _engine(store: Path | None, *, create: bool = False) -> "Engine":
    from guanxi.engine import Engine

    settings = _settings(store=store)
    return Engine(settings.store, create=create, privacy=settings.privacy)


@app.command()
def load(
    paths: Annotated[list[Path], typer.Argument(help="Files and folders: CSV, JSON lines (plain or gzip), Parquet.")],
    store: StoreOption = None,
    mapping: Annotated[Path | None, typer.Option("--mapping", "-m", help="TOML file that maps columns.")] = None,
    column: Annotated[
        list[str] | None, typer.Option("--column", "-c", metavar="FIELD=COLUMN", help="Where a field stands.")
    ] = None,
    constant: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="FIELD=VALUE", help="A field that is the same in all rows."),
    ] = None,
    symmetric: Annotated[bool, typer.Option("--symmetric", help="Each row holds both ways, as friendship.")] = False,
    encoding: Annotated[str | None, typer.Option("--encoding", help="Of text files; UTF-8 by default.")] = None,
    delimiter: Annotated[str | None, typer.Option("--delimiter", help="Of CSV files; found in the header.")] = None,
    time_format: Annotated[
        str | None, typer.Option("--time-format", help="How times are written, as in strptime.")
    ] = None,
    max_rejects: Annotated[
        str, typer.Option("--max-rejects", metavar="N|P%", help="Keep nothing if more records are refused.")
    ] = "100%",
    rejects: Annotated[Path | None, typer.Option("--rejects", help="Where refused records are listed.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Load events: follows, shares, purchases and the like. All of it is kept, or nothing."""
    from guanxi.cli import show
    from guanxi.cli.output import progress_bar
    from guanxi.engine import Limit

    mappings = _mappings(
        mapping,
        column or [],
        constant or [],
        symmetric=symmetric,
        encoding=encoding,
        delimiter=delimiter,
        time_format=time_format,
    )
    engine, limit = _engine(store, create=True), Limit.parse(max_rejects)
    with progress_bar("Loading", quiet=quiet or as_json) as progress:
        report = engine.load(paths, mappings, limit=limit, rejects_file=rejects, progress=progress)
    show.load_report(report, as_json=as_json)


def _mappings(
    file: Path | None, columns: list[str], constants: list[str], **options: "str | bool | None"
) -> "tuple[FileMapping, ...]":
    from guanxi.engine import FileMapping, parse_pairs, read_mapping_file
    from guanxi.errors import ParameterError

    given = {name: value for name, value in options.items() if value}
    if file is not None:
        if columns or constants or given:
            raise ParameterError("--mapping names a file with all of it; give the file or the other flags, not both")
        return read_mapping_file(file)
    pairs = {"columns": parse_pairs("--column", columns), "constants": parse_pairs("--set", constants)}
    return (FileMapping(**pairs, **given),) if columns or constants or given else ()  # type: ignore[arg-type]


@app.command()
def snapshot(store: StoreOption = None, as_json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Build a snapshot of all events; `score` puts it in use."""
    from guanxi.cli import show
    from guanxi.cli.output import spinner

    engine = _engine(store)
    with spinner("Building a snapshot", quiet=quiet or as_json):
        report = engine.snapshot()
    show.snapshot_report(report, as_json=as_json)


@app.command()
def score(
    store: StoreOption = None,
    seed: Annotated[
        list[str] | None, typer.Option("--seed", help="Account where trust starts; all by default.")
    ] = None,
    restart: Annotated[float | None, typer.Option("--restart", help="Probability of returning to the seeds.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option("--weight", metavar="RELATION=NUMBER", help="Weight of a relation type.")
    ] = None,
    discount: Annotated[bool, typer.Option(help="Apply authenticity before trust flows.")] = True,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compute trust and authenticity on the newest snapshot, and put both in use."""
    from guanxi.cli import show
    from guanxi.cli.output import spinner

    engine, strategy = _engine(store), _strategy(seed or [], restart, weight or [], discount=discount)
    with spinner("Computing trust", quiet=quiet or as_json):
        report = engine.score(strategy)
    show.run_report(report, as_json=as_json)


def _strategy(seeds: list[str], restart: float | None, weights: list[str], *, discount: bool) -> "Strategy":
    from dataclasses import replace

    from guanxi.engine import Strategy
    from guanxi.errors import ParameterError

    strategy = Strategy(seeds=tuple(sorted(set(seeds))), discounts=discount)
    if restart is not None:
        strategy = replace(strategy, restart=restart)
    for pair in weights:
        relation, _, text = pair.partition("=")
        try:
            strategy = strategy.with_weight(relation, float(text))
        except ValueError as exc:
            if isinstance(exc, ParameterError):
                raise
            raise ParameterError(f"--weight {pair!r} is not RELATION=NUMBER") from None
    changed = seeds or restart is not None or weights or not discount
    return replace(strategy, name="custom") if changed else strategy


@app.command()
def trust(
    viewer: Annotated[str | None, typer.Argument(help="Whose trust; everybody's if not given.")] = None,
    target: Annotated[str | None, typer.Argument(help="In whom; the most trusted if not given.")] = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """Who is trusted: by everybody, by one account, or one account by another."""
    from guanxi.cli import show

    view = _engine(store).view()
    if viewer is None:
        show.ranking(*view.ranking(limit=limit), as_json=as_json)
    elif target is None:
        show.trusted_by(*view.trusted_by(viewer, limit=limit), as_json=as_json)
    else:
        show.pair(*view.trust(viewer, target, at_most=limit), as_json=as_json)


@app.command()
def recommend(
    account: Annotated[str, typer.Argument(help="For whom.")],
    what: Annotated[Literal["items", "accounts"], typer.Option("--what", help="What to recommend.")] = "items",
    store: StoreOption = None,
    limit: LimitOption = 10,
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Items that the account has, too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the terms that each score is the sum of.")] = False,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", help="Of the reasons.")] = "en",
    as_json: JsonOption = False,
) -> None:
    """Recommend items or accounts, with reasons that add up."""
    from guanxi.cli import show

    view = _engine(store).view()
    if what == "items":
        answer = view.items(account, limit=limit, exclude_seen=not include_seen, language=language)
    else:
        answer = view.accounts(account, limit=limit, language=language)
    show.recommendations(*answer, what=what, explain=explain, as_json=as_json)


@app.command()
def vet(
    account: Annotated[str, typer.Argument(help="Whom to vet.")],
    store: StoreOption = None,
    evidence: Annotated[int, typer.Option("--evidence", min=0, help="How many facts to show per witness.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show how much of an account's audience and conduct is real, with the evidence."""
    from guanxi.cli import show

    dossier, meta = _engine(store).view().dossier(account, evidence=evidence)
    show.dossier(dossier, meta, as_json=as_json)


@app.command()
def serve(
    store: StoreOption = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option("--port", "-p", help="Port to listen on; 8000 by default.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", "-w", help="Processes; 1 by default.")] = None,
) -> None:
    """Serve the API."""
    import importlib

    # By name: faces do not import each other. This one only starts the other.
    service = importlib.import_module("guanxi.service")
    service.serve(_settings(store=store, host=host, port=port, workers=workers))


@app.command()
def doctor(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Check versions, the store's integrity and the sanity of the data; exit 1 if something is wrong."""
    from guanxi.cli import EXIT_FINDING, show

    findings = _engine(store).doctor()
    show.findings(findings, as_json=as_json)
    if any(finding.severity in ("warning", "error") for finding in findings):
        raise typer.Exit(EXIT_FINDING)


@app.command()
def config(as_json: JsonOption = False) -> None:
    """Show the settings in force, and where they come from."""
    from guanxi.cli import show

    show.config(_settings(), as_json=as_json)


@app.command()
def demo(
    store: Annotated[Path, typer.Option("--store", help="Folder that the demo writes to.")] = Path("demo-store"),
    serving: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the API at the end.")] = True,
    port: Annotated[int, typer.Option("--port", "-p", help="Port to listen on.")] = 8000,
) -> None:
    """Load a real data set, compute trust and authenticity, and show what can be asked."""
    from guanxi.cli.demo import run

    run(store, port=port if serving else None)
    if serving:
        serve(store=store, host="127.0.0.1", port=port, workers=1)


@keys_app.command("create")
def keys_create(
    scope: Annotated[list[str], typer.Option("--scope", help="read, ingest, vet or admin; may be repeated.")],
    label: Annotated[str, typer.Option("--label", help="What the key is for.")] = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it; it is not kept and cannot be shown again."""
    from guanxi.cli import show

    secret, key = _engine(store, create=True).create_key(scope, label=label)
    show.new_key(secret, key, as_json=as_json)


@keys_app.command("list")
def keys_list(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the keys, without their secrets."""
    from guanxi.cli import show

    show.keys(_engine(store).store.keys(), as_json=as_json)


@keys_app.command("revoke")
def keys_revoke(
    prefix: Annotated[str, typer.Argument(help="Prefix of the key, as `keys list` shows it.")],
    store: StoreOption = None,
) -> None:
    """Revoke a key at once."""
    from guanxi.cli.output import messages

    _engine(store).revoke_key(prefix)
    messages().print(f"Revoked {prefix}.")
