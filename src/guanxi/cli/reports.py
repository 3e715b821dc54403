"""How reports on the store look: what was loaded, built, computed, found and set."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource
from rich.markup import escape

from guanxi.cli.output import console, print_json, say, table
from guanxi.engine import Finding, LoadReport, RunReport, SnapshotReport
from guanxi.settings import CONFIG_VARIABLE, Settings, config_file

if TYPE_CHECKING:
    from guanxi.stores.neo4j import Migration, Pumped
    from guanxi.stores.neo4j.importing import ImportFiles
    from guanxi.stores.neo4j.writeback import WrittenBack

_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}
_PREFIX = "GUANXI_"


def load_report(report: LoadReport, *, as_json: bool) -> None:
    """What became of the records."""
    if as_json:
        print_json({"data": report})
        return
    rows: list[tuple[str, str]] = [("files", f"{report.n_files:,}"), ("records", f"{report.n_records:,}")]
    rows += [(f"new {name} events", f"{n:,}") for name, n in sorted(report.by_relation.items())]
    rows += [("known already", f"{report.n_duplicates:,}"), ("refused", f"{report.n_rejects:,}")]
    console().print(table("Loaded", ("what", "count"), rows, right=("count",)))
    for skipped in report.skipped:
        say(f"Skipped {escape(skipped)}")
    if report.rejects_file is not None:
        first = report.first_rejects[0]
        where = escape(f"{first.file}, line {first.line}, {first.field or 'record'}: {first.value!r} {first.reason}")
        say(f"[yellow]{_n_records(report.n_rejects)} refused[/]; the first is {where}")
        say(f"All of them are listed in {escape(str(report.rejects_file))}")
    if report.n_created == 0:
        say("The files have no records." if report.n_records == 0 else "Nothing new was loaded.")


def _n_records(n: int) -> str:
    return "1 record was" if n == 1 else f"{n:,} records were"


def snapshot_report(report: SnapshotReport, *, as_json: bool) -> None:
    """What a snapshot holds."""
    if as_json:
        print_json({"data": report})
        return
    rows = [
        ("accounts", f"{report.n_accounts:,}"),
        ("items", f"{report.n_items:,}"),
        ("relations", f"{report.n_edges:,}"),
        ("events", f"{report.n_events:,}"),
        ("seconds", f"{report.seconds:.2f}"),
    ]
    title = f"Snapshot {report.id}" + ("" if report.new else " (nothing new)")
    console().print(table(title, ("what", "count"), rows, right=("count",)))


def run_report(report: RunReport, written: "WrittenBack | None" = None, *, as_json: bool) -> None:
    """What a run computed, and what of it was written to Neo4j."""
    if as_json:
        print_json({"data": asdict(report) | ({} if written is None else {"written_back": written})})
        return
    rows = [
        ("snapshot", report.snapshot),
        ("strategy", report.strategy),
        ("accounts", f"{report.n_accounts:,}"),
        ("trust edges", f"{report.n_trust_edges:,}"),
        ("accounts discounted", f"{report.n_discounted:,}"),
        ("seconds", f"{report.seconds:.2f}"),
    ]
    if written is not None:
        rows.append(("nodes with these scores", f"{written.n_accounts:,}"))
    console().print(table(f"Run {report.id}", ("what", "value"), rows, right=("value",)))


def findings(found: list[Finding], *, as_json: bool) -> None:
    """Results of the examination."""
    if as_json:
        print_json({"data": found})
        return
    for finding in found:
        style = _STYLES[finding.severity]
        console().print(f"[{style}]{finding.severity:>7}[/]  {finding.check}: {escape(finding.detail)}", soft_wrap=True)


def config(settings: Settings, *, as_json: bool) -> None:
    """The settings in force, and where each comes from; secrets are masked."""
    values, sources = settings.model_dump(mode="json"), _sources()
    values["public_relations"] = sorted(values["public_relations"])
    found = {
        name: {"value": values[name], "source": sources.get(name, "default"), "description": field.description}
        for name, field in Settings.model_fields.items()
    }
    if as_json:
        print_json({"data": found})
    else:
        rows = [(name, _as_text(of["value"]), of["source"], of["description"]) for name, of in found.items()]
        console().print(table("Settings", ("name", "value", "source", "what it is"), rows))
        there = "" if config_file().is_file() else " (not there)"
        say(f"File: {config_file()}{there}; another one with {CONFIG_VARIABLE}. Environment: {_PREFIX}<NAME>.")
    for name in _unknown_variables():
        say(f"[yellow]{escape(name)} in the environment is no setting[/]")


def _sources() -> dict[str, str]:
    """Where the settings come from that have not their default value."""
    file = TomlConfigSettingsSource(Settings, toml_file=config_file())()
    environment = EnvSettingsSource(Settings)()
    return dict.fromkeys(file, str(config_file())) | dict.fromkeys(environment, "environment")


def _unknown_variables() -> list[str]:
    known = {CONFIG_VARIABLE, *(_PREFIX + name.upper() for name in Settings.model_fields)}
    return sorted(name for name in os.environ if name.upper().startswith(_PREFIX) and name.upper() not in known)


def _as_text(value: object) -> str:
    if value is None:
        return "–"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def migrated(applied: list["Migration"], *, as_json: bool) -> None:
    """Which steps of the Neo4j schema were applied."""
    if as_json:
        print_json({"data": [{"number": step.number, "name": step.name} for step in applied]})
        return
    if not applied:
        say("The schema is up to date.")
    for step in applied:
        say(f"Applied V{step.number:04d} {step.name}.")


def pumped(done: "Pumped | None", *, as_json: bool) -> None:
    """What was applied to Neo4j."""
    if as_json:
        print_json({"data": done})
    elif done is not None:
        say(f"Wrote {done.n_written:,} events to Neo4j; {done.n_known:,} were there already.")


def import_files(files: "ImportFiles", command: Sequence[str], *, as_json: bool, quiet: bool) -> None:
    """What was written for the import tool; the command that imports it goes to standard output."""
    if as_json:
        counts = {"seq": files.seq, "nodes": files.nodes, "relationships": files.relationships}
        print_json({"data": counts | {"command": list(command)}})
        return
    console().print(shlex.join(command), soft_wrap=True, markup=False, highlight=False)
    if not quiet:
        say(f"Wrote {_imported(files)}. Stop Neo4j, run this command, start Neo4j; then")
        say("`guanxi store migrate` and `guanxi store adopt`, with this store's folder and the database's address.")


def adopted(files: "ImportFiles", *, as_json: bool) -> None:
    """What was taken as applied."""
    if as_json:
        print_json({"data": {"seq": files.seq, "nodes": files.nodes, "relationships": files.relationships}})
    else:
        say(f"Neo4j has {_imported(files)}: every event up to {files.seq:,}.")


def _imported(files: "ImportFiles") -> str:
    return f"{sum(files.nodes.values()):,} nodes and {sum(files.relationships.values()):,} relationships"
