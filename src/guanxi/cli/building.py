"""The commands that bring answers about: load events, build a snapshot, compute scores."""

from pathlib import Path
from typing import Annotated

import typer

from guanxi.cli.opening import opened, say_next
from guanxi.cli.options import JsonOption, QuietOption, StoreOption, number
from guanxi.cli.store import apply_to_neo4j, graph_at, neo4j_of


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
    with opened(store, create=True) as engine, progress_bar("Loading", quiet=hush) as progress:
        if of_graph:
            graph = graph_at(paths[0])
            report = engine.load_graph(graph, of_graph, limit=limit, rejects_file=rejects, progress=progress)
        else:
            files = [Path(path) for path in paths]
            report = engine.load(files, mappings, limit=limit, rejects_file=rejects, progress=progress)
    reports.load_report(report, as_json=as_json)
    apply_to_neo4j(store, hush=hush)
    say_next("snapshot", store, hush=hush or not report.n_created)


def snapshot(
    store: StoreOption = None,
    full: Annotated[bool, typer.Option("--full", help="Build from all events, even where little is new.")] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Build a snapshot of all events.

    Where little is new, it is made from the one before; its bytes are the same. Answers are made from that one until
    `guanxi score` puts the new one in use.
    """
    from guanxi.cli import reports
    from guanxi.cli.output import spinner

    with opened(store) as engine, spinner("Building a snapshot", quiet=quiet or as_json):
        report = engine.snapshot(full=full)
    reports.snapshot_report(report, as_json=as_json)
    say_next("score", store, hush=quiet or as_json)


def score(
    store: StoreOption = None,
    strategy: Annotated[
        str | None,
        typer.Option(
            "--strategy", metavar="NAME|FILE", help="Named parameters, or a .toml file with some; balanced by default."
        ),
    ] = None,
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
        bool | None, typer.Option("--discount/--no-discount", help="Apply authenticity before trust flows.")
    ] = None,
    warm: Annotated[
        bool, typer.Option("--warm", help="Start from the scores in use: faster, the same to 1e-9 but not to the bit.")
    ] = False,
    write_back: Annotated[
        bool, typer.Option("--write-back", help="Put the scores on the account nodes in Neo4j, too.")
    ] = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compute trust and authenticity on the snapshot.

    It takes the newest snapshot, and puts it in use together with its scores. A file's strategy is kept in the store.
    """
    from guanxi.cli import reports
    from guanxi.cli.arguments import strategy_of
    from guanxi.cli.output import progress_bar, spinner
    from guanxi.cli.strategies import strategy_named

    written = None
    with opened(store) as engine:
        named = strategy_named(strategy or "balanced", engine.store)
        parameters = strategy_of(named, seed or [], restart, weight or [], discount=discount)
        if write_back:
            neo4j_of(engine)
        with spinner("Computing trust", quiet=quiet or as_json):
            report = engine.score(parameters, warm=warm)
        if write_back:
            with progress_bar("Writing to Neo4j", quiet=quiet or as_json) as progress:
                written = engine.write_back(progress=progress)
    reports.run_report(report, written, as_json=as_json)
    say_next("trust, recommend ACCOUNT, vet ACCOUNT", store, hush=quiet or as_json)
