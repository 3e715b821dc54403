"""The command that compares the run in use with one on an edited graph."""

from typing import Annotated, Any

import typer

from guanxi.cli.opening import opened, view_of
from guanxi.cli.options import AsOfOption, JsonOption, LimitOption, QuietOption, StoreOption, account_id, whole

Answer = dict[str, Any]


def whatif(
    accounts: Annotated[
        list[str] | None,
        typer.Option("--remove-account", metavar="ACCOUNT", help="Without this account; may be repeated."),
    ] = None,
    communities: Annotated[
        list[int] | None,
        typer.Option("--remove-community", metavar="NUMBER", parser=whole, help="Without a community, by number."),
    ] = None,
    communities_of: Annotated[
        list[str] | None,
        typer.Option("--remove-community-of", metavar="ACCOUNT", help="Without the community of this account."),
    ] = None,
    relations: Annotated[
        list[str] | None,
        typer.Option("--without", metavar="RELATION", help="Without all events of a type, such as follow."),
    ] = None,
    edges: Annotated[
        list[str] | None,
        typer.Option("--remove-edge", metavar="A,B", help="Without what A did that speaks for B."),
    ] = None,
    added: Annotated[
        list[str] | None,
        typer.Option("--add-edge", metavar="A,B,LEVEL", help="With a statement of trust of A in B."),
    ] = None,
    viewer: Annotated[
        str | None,
        typer.Option("--for", metavar="VIEWER", callback=account_id, help="Compare this account's answers, too."),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="ACCOUNT", help="Compare this account's scores; may be repeated."),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show what would be without some accounts, communities, relations or edges.

    Scores, ranks and recommendations before and after, computed anew. Nothing is stored.
    """
    from guanxi.cli.output import progress_bar
    from guanxi.engine.changes import Changes
    from guanxi.engine.counterfactuals import counterfactual

    changes = Changes(
        accounts=_ids(accounts),
        communities=tuple(communities or ()),
        communities_of=_ids(communities_of),
        relations=tuple(relations or ()),
        edges=tuple(_edge(text) for text in edges or ()),
        added=tuple(_added(text) for text in added or ()),
    )
    if changes == Changes():
        flags = "--remove-account, --remove-community, --remove-community-of, --without, --remove-edge or --add-edge"
        raise typer.BadParameter(f"nothing is changed; say what with {flags}")
    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        with progress_bar("Computing what would be", quiet=quiet or as_json) as progress:
            found = counterfactual(
                view,
                changes,
                viewer=viewer,
                targets=_ids(targets),
                limit=limit,
                seed_secret=engine.seed_secret,
                progress=progress,
            )
    _show(*found, as_json=as_json)


def _ids(texts: list[str] | None) -> tuple[str, ...]:
    return tuple(str(account_id(text)) for text in texts or ())


def _edge(text: str) -> tuple[str, str]:
    ends = text.split(",")
    if len(ends) != 2 or not all(ends):
        what = f"{text!r} is not A,B with two ids; where an id has a comma, use the API"
        raise typer.BadParameter(what, param_hint="'--remove-edge'")
    return str(account_id(ends[0])), str(account_id(ends[1]))


def _added(text: str) -> tuple[str, str, float]:
    try:
        source, target, level = text.split(",")
        return str(account_id(source)), str(account_id(target)), float(level)
    except ValueError:
        what = f"{text!r} is not A,B,LEVEL with two ids and a number; where an id has a comma, use the API"
        raise typer.BadParameter(what, param_hint="'--add-edge'") from None


def _show(data: Answer, meta: Answer, *, as_json: bool) -> None:
    from guanxi.cli.output import console, print_json, table

    if as_json:
        print_json({"data": data, "meta": meta})
        return
    out, graph = console(), data["graph"]
    names = {"n_accounts": "accounts", "n_trust_edges": "trust edges", "n_discounted": "accounts discounted"}
    rows = [(name, f"{graph['before'][key]:,}", f"{graph['after'][key]:,}") for key, name in names.items()]
    out.print(table("What would be", ("what", "before", "after"), rows, right=("before", "after")))
    if data["targets"]:
        _moved("Global trust of the targets", [{"id": t["id"], **t["global"]} for t in data["targets"]])
        if data["viewer"] is not None:
            personal = [{"id": t["id"], **t["personal"]} for t in data["targets"]]
            _moved(f"Trust of {data['viewer']} in the targets", personal)
    _moved("Whose global trust changes most", data["movers"])
    if data["viewer"] is not None:
        _moved(f"In whom the trust of {data['viewer']} changes most", data["personal_movers"])
        _items(data)


def _moved(title: str, rows: list[Answer]) -> None:
    from guanxi.cli.output import console, number, table

    columns = ("account", "before", "rank", "after", "rank ", "change")
    cells = [
        (
            row["id"],
            number(row["before"]["score"]),
            f"{row['before']['rank']:,}",
            number(row["after"]["score"]),
            f"{row['after']['rank']:,}",
            f"{row['change']:+.3g}",
        )
        for row in rows
    ]
    made = table(title, columns, cells, right=columns[1:])
    console().print(made if cells else f"{title}: nobody's does.")


def _items(data: Answer) -> None:
    from guanxi.cli.output import console, number, table

    before, after = data["items"]["before"], data["items"]["after"]
    ranks = {item["id"]: f"{item['rank']}" for item in before}
    rows = []
    for place in range(max(len(before), len(after))):
        was = before[place]["id"] if place < len(before) else ""
        now = after[place] if place < len(after) else None
        ends = (now["id"], number(now["score"]), ranks.get(now["id"], "below")) if now else ("", "", "")
        rows.append((place + 1, was, *ends))
    columns = ("rank", "item before", "item after", "score after", "rank before")
    title = f"Items for {data['viewer']}"
    console().print(table(title, columns, rows, right=("rank", "score after", "rank before")))
