"""The command that erases accounts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from guanxi.cli.opening import opened
from guanxi.cli.options import JsonOption, QuietOption, StoreOption

if TYPE_CHECKING:
    from guanxi.engine import Engine, ErasureReport
    from guanxi.stores import Tombstone


def erase(
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="ACCOUNT...", help="Whom; after -- if one begins with -.")
    ] = None,
    store: StoreOption = None,
    allow_return: Annotated[
        bool, typer.Option("--allow-return", help="Let erased accounts come back by new events.")
    ] = False,
    listing: Annotated[bool, typer.Option("--list", help="List what is kept of erased accounts: no ids.")] = False,
    replay: Annotated[
        Path | None, typer.Option("--replay", metavar="FILE", help="Erase again, in a restored store, whom a list has.")
    ] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Erase accounts from events, snapshots, runs and lists of rejects, and keep them out.

    There is no way back: what they did and what was done to them is gone from every file of the store.
    """
    named = _checked(accounts or [], allow_return=allow_return, listing=listing, replay=replay)
    with opened(store, patient=True) as engine:
        if listing:
            _list(engine, as_json=as_json)
        elif allow_return:
            _let_return(engine, named, as_json=as_json)
        else:
            _erase(engine, named, replay, as_json=as_json, quiet=quiet)


def _checked(accounts: list[str], *, allow_return: bool, listing: bool, replay: Path | None) -> list[str]:
    """The ids, or wrong usage where flags do not go together."""
    from guanxi.cli.options import account_id

    if bool(accounts) + listing + (replay is not None) != 1 or (allow_return and not accounts):
        raise typer.BadParameter(
            "name accounts to erase or, with --allow-return, to let return; or --list, or --replay"
        )
    return [account_id(account) or "" for account in accounts]


def _erase(engine: "Engine", accounts: list[str], replay: Path | None, *, as_json: bool, quiet: bool) -> None:
    from guanxi.cli.output import spinner

    with spinner("Erasing", quiet=quiet or as_json):
        report = engine.replay(_read(replay)) if replay else engine.erase(*accounts)
    _show(report, as_json=as_json, quiet=quiet)


def _show(report: "ErasureReport", *, as_json: bool, quiet: bool) -> None:
    from guanxi.cli.output import console, print_json, say, table

    if as_json:
        print_json({"data": report})
        return
    rows = [
        ("events that are gone", f"{report.n_events:,}"),
        ("events of others that stay without a name", f"{report.n_unnamed:,}"),
        ("snapshot in use", report.snapshot or "–"),
        ("run in use", report.run or "–"),
        ("seconds", f"{report.seconds:.2f}"),
    ]
    console().print(table("Erased", ("what", "value"), rows, right=["value"]))
    if report.waits_for and not quiet:
        say("Neo4j or old answers may still hold them; `guanxi store apply` goes on.")


def _list(engine: "Engine", *, as_json: bool) -> None:
    from guanxi.cli.output import console, print_json, say, table
    from guanxi.events.values import isoformat

    found = engine.store.tombstones()
    rows = [(tombstone.digest, isoformat(tombstone.erased_us)) for tombstone in found]
    if as_json:
        print_json({"data": [{"digest": digest, "erased": erased} for digest, erased in rows]})
        return
    console().print(table("Erased accounts", ("hash", "erased"), rows))
    if not rows:
        say("Nobody was erased.")


def _let_return(engine: "Engine", accounts: list[str], *, as_json: bool) -> None:
    from guanxi.cli.output import print_json, say
    from guanxi.errors import UnknownIdError

    unknown = [account for account in accounts if not engine.store.allow_return(account)]
    if unknown:
        raise UnknownIdError(f"{unknown[0]!r} was not erased, or may return already")
    if as_json:
        print_json({"data": {"n_allowed": len(accounts)}})
    else:
        say("They may come back; load their events again.")


def _read(path: Path) -> list["Tombstone"]:
    """What ``guanxi erase --list --json`` wrote."""
    from guanxi.errors import FileFormatError
    from guanxi.stores import Tombstone

    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["data"]
        found = [Tombstone(row["digest"], 0) for row in rows]
        wrong = [tombstone for tombstone in found if len(bytes.fromhex(tombstone.digest)) != 18]
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise FileFormatError(f"{path} is not what `guanxi erase --list --json` writes: {exc}") from exc
    if wrong:
        raise FileFormatError(f"{path}: {wrong[0].digest!r} is not a hash of 18 bytes")
    return found
