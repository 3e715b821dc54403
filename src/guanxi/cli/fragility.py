"""The command that says on whom somebody's trust rests."""

from typing import Annotated, Any

import typer

from guanxi.cli.opening import opened, say_next, view_of
from guanxi.cli.options import AsOfOption, JsonOption, QuietOption, StoreOption, account_id, number, whole

Answer = dict[str, Any]
_HINTED = 5


def fragility(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whose trust; after -- if it begins with -.")
    ],
    viewer: Annotated[
        str | None,
        typer.Option(
            "--for", metavar="VIEWER", callback=account_id, help="The trust of this account, not everybody's."
        ),
    ] = None,
    share: Annotated[
        float, typer.Option("--share", metavar="NUMBER", parser=number, help="How much they carry, above 0 to 1.")
    ] = 0.8,
    most: Annotated[
        int, typer.Option("--most", metavar="NUMBER", parser=whole, help="Accounts in the set at most, 1 to 1000.")
    ] = 100,
    effort: Annotated[
        int | None,
        typer.Option(
            "--effort", metavar="NUMBER", parser=whole, help="Sets tried to find a smaller one; fewer on large graphs."
        ),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show the fewest accounts that most of somebody's trust comes through."""
    from guanxi.cli.output import print_json, progress_bar
    from guanxi.engine.fragility import fragility as asked

    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        with progress_bar("Sets tried", quiet=quiet or as_json) as progress:
            data, meta = asked(view, account, viewer=viewer, share=share, limit=most, effort=effort, progress=progress)
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    _show(data)
    if data["accounts"]:
        removed = " ".join(f"--remove-account {found['id']}" for found in data["accounts"][:_HINTED])
        say_next(f"whatif {removed} --target {account}", store, hush=quiet)


def _show(data: Answer) -> None:
    from guanxi.cli.output import console, number, table

    out, whose = console(), "Global trust" if data["viewer"] is None else f"Trust of {data['viewer']}"
    rows, together = [], 0.0
    for place, found in enumerate(data["accounts"], start=1):
        together += found["adds"]
        rows.append((str(place), found["id"], f"{found['adds']:.1%}", f"{together:.1%}"))
    if data["carried"] - together > _ROUNDING:
        hidden = data["not_public"]
        n = f"{hidden['n']:,}" if "n" in hidden else f"fewer than {hidden['fewer_than']}"
        rows.append(
            ("", f"{n} by ties that others may not see", f"{data['carried'] - together:.1%}", f"{data['carried']:.1%}")
        )
    title = f"{whose} in {data['account']}, {number(data['score'])}: who carries it"
    out.print(table(title, ("", "account", "adds", "together"), rows, right=("adds", "together")))
    out.print("\n".join(_said(data)), highlight=False, markup=False, soft_wrap=True)


_ROUNDING = 1e-9


def _said(data: Answer) -> list[str]:
    own = "starts at the account itself" if data["viewer"] is None else "comes straight from the viewer"
    lines = [f"{data['own_share']:.1%} of it {own}; the shares are of the rest."]
    if not data["carried"]:
        return [*lines, "Nobody else carries any of it."]
    if not data["reached"]:
        lines.append(f"These carry less than {data['share']:.0%}; allow more with --most.")
    elif data["proven_smallest"]:
        lines.append(f"No smaller set carries {data['share']:.0%}.")
    elif data["at_least"] is not None:
        lines.append(f"A smaller set may do, but none below {data['at_least']}; --effort looks further.")
    return lines
