"""What flags amount to: mappings of files, the strategy of a run, and which command comes next."""

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from guanxi.engine import FileMapping, Strategy, parse_pairs, read_mapping_file
from guanxi.engine.options import CUSTOM
from guanxi.errors import ParameterError
from guanxi.stores.neo4j import is_neo4j


def mappings_of(
    file: Path | None, columns: Sequence[str], constants: Sequence[str], **options: str | bool | None
) -> tuple[FileMapping, ...]:
    """Mappings from a TOML file or from the other flags; none where nothing was given."""
    given = {name: value for name, value in options.items() if value}
    if file is not None:
        flags = [*(["column"] if columns else []), *(["set"] if constants else []), *given]
        if flags:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in flags)
            raise ParameterError(f"--mapping {file} is given together with {names}; write those into the file instead")
        return read_mapping_file(file)
    pairs = {"columns": parse_pairs("--column", columns), "constants": parse_pairs("--set", constants)}
    return (FileMapping(**pairs, **given),) if columns or constants or given else ()  # type: ignore[arg-type]


def graph_mapping_of(paths: Sequence[str], file: Path | None, *, others: bool) -> Path | None:
    """The mapping file of a graph in Neo4j; None where files are to be loaded."""
    graphs = [path for path in paths if is_neo4j(path)]
    if not graphs:
        return None
    if len(paths) > 1:
        raise ParameterError(f"{graphs[0]} is given together with other paths; load it on its own")
    if file is None or others:
        raise ParameterError(f"{graphs[0]} is a graph, which --mapping FILE explains, and no other flag")
    return file


def strategy_of(
    base: Strategy, seeds: Sequence[str], restart: float | None, weights: Sequence[str], *, discount: bool | None
) -> Strategy:
    """Return a strategy, or one called custom where a flag changes it."""
    strategy = base
    if seeds:
        strategy = replace(strategy, seeds=tuple(sorted(set(seeds))))
    if restart is not None:
        strategy = replace(strategy, restart=restart)
    if discount is not None:
        strategy = replace(strategy, discounts=discount)
    for pair in weights:
        strategy = strategy.with_weight(*_weight(pair))
    return strategy if strategy == base else replace(strategy, name=CUSTOM, version=1, description="")


def _weight(pair: str) -> tuple[str, float]:
    relation, _, text = pair.partition("=")
    try:
        return relation, float(text)
    except ValueError:
        raise ParameterError(f"--weight {pair!r} is not RELATION=NUMBER, such as follow=0.5") from None


def with_store(command: str, store: str | None) -> str:
    """Return a command line that the user may type next, on the same store."""
    return f"guanxi {command}" if store is None else f"guanxi {command} --store {shlex.quote(store)}"
