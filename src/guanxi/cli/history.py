"""The command that shows how an account stood on past days."""

from typing import Annotated, Any

import typer

from guanxi.cli.opening import left_out, opened
from guanxi.cli.options import JsonOption, QuietOption, StoreOption, account_id


def history(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whose; after -- if it begins with -.")
    ],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day; of the last twelve by default.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day; that of the newest event by default.")
    ] = None,
    every: Annotated[
        str, typer.Option("--every", metavar="STEP", help="day, week, month, or a number of days.")
    ] = "month",
    store: StoreOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show how an account stood on past days: trust, rank, followers, authenticity.

    Each day is answered from what was known by its end. Scores of a day are computed once and then kept.
    """
    from guanxi.cli.output import progress_bar
    from guanxi.engine import history as of_accounts

    step = of_accounts.every_of(every)
    with opened(store) as engine, progress_bar("Days", quiet=quiet or as_json) as progress:
        view = engine.view()
        view.snapshot.accounts.index(account)  # an id that is known at no time is wrong, not unknown yet
        days = of_accounts.days_of(view, first=first, last=last, every=step)
        points = of_accounts.history(engine, account, days, progress=progress)
        _show({"account": account, "every": step, "points": points}, view.meta(personalised=False), as_json=as_json)


def _show(data: dict[str, Any], meta: dict[str, Any], *, as_json: bool) -> None:
    from rich.markup import escape

    from guanxi.cli.output import console, print_json, say, table

    if as_json:
        print_json({"data": data, "meta": meta})
        return
    if not data["points"]:
        say("No event has a time, so nothing shows when anything was known.")
        return
    places = ("day", "global trust", "rank", "of", "percentile", "confidence")
    columns = (*places, "trusted by", "followers", "audience", "factor")
    title = f"How {data['account']} stood at the end of each day (UTC), by {meta['strategy']}"
    console().print(table(title, columns, [_row(point) for point in data["points"]], right=columns[1:]))
    if not all(point["known"] for point in data["points"]):
        say(f"Where there are dashes, nothing was known of {escape(repr(data['account']))} yet.")
    n_undated = data["points"][-1]["n_undated_events"]
    if n_undated:
        what, whom = left_out(n_undated)
        say(f"{what}: nothing shows when {whom} known.")


def _row(point: dict[str, Any]) -> tuple[str, ...]:
    from guanxi.cli.output import number

    if not point["known"]:
        return (point["day"], *("–" for _ in range(9)))
    standing, counts, heard = point["standing"], point["counts"], point["authenticity"]
    audience = heard["audience"]["value"]
    return (
        point["day"],
        number(standing["score"]),
        f"{standing['rank']:,}",
        f"{standing['n_accounts']:,}",
        f"{standing['percentile']:.1f}",
        f"{standing['confidence']:.2f}",
        f"{counts['n_trusting']:,}",
        f"{counts['n_followers']:,}",
        "unknown" if audience is None else f"{audience:.0%}",
        number(heard["factor"]),
    )
