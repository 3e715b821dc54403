"""The command that shows which accounts are one actor, and which links were left out."""

from typing import Annotated, Any

import typer

from guanxi.cli.opening import opened, view_of
from guanxi.cli.options import AsOfOption, JsonOption, LimitOption, StoreOption, account_id

Answer = dict[str, Any]
_WHY = {
    "linked": "counts",
    "unproven": "one side says so, without an accepted proof",
    "unsure": "its confidence is below the strategy's",
    "expired": "its time is over",
    "blocked": "one of the two blocks the other",
    "full": "the identity has as many accounts as it may",
    "off": "the strategy of the run merges no accounts",
}


def identities(
    account: Annotated[
        str | None,
        typer.Argument(
            metavar="ACCOUNT",
            callback=account_id,
            help="Whose identity, after -- if it begins with -; all identities if not given.",
        ),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """List accounts that are one actor, and links left out.

    Identity links are not public: what this prints is for whoever runs the store, and for the account itself.
    """
    from guanxi.cli.output import print_json
    from guanxi.engine import identity_answers as of_identities

    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        if account is None:
            data, meta = of_identities.identities(view, limit=limit)
        else:
            data, meta = of_identities.identity(view, account)
    if as_json:
        print_json({"data": data, "meta": meta})
    elif account is None:
        _show_all(data)
    else:
        _show_one(data)


def _show_all(data: Answer) -> None:
    from guanxi.cli.output import console, number, say, table

    _say_rules(data["rules"])
    if not data["n_links"]:
        say("No account says that another is its own: there are no identity links.")
        return
    if data["identities"]:
        rows = [
            (found["accounts"][0]["id"], ", ".join(map(_member, found["accounts"][1:])), number(found["global_trust"]))
            for found in data["identities"]
        ]
        title = f"{data['n_accounts']:,} accounts are {data['n_identities']:,} identities; the most trusted"
        columns = ("stands for all", "linked with it (confidence)", "global trust")
        console().print(table(title, columns, rows, right=columns[2:]))
    left_out = {word: n for word, n in data["n_links"].items() if word != "linked"}
    if left_out:
        said = "; ".join(f"{n:,} {word}: {_WHY[word]}" for word, n in left_out.items())
        _show_links(f"Links left out ({said})", data["left_out"])


def _show_one(data: Answer) -> None:
    from rich.markup import escape

    from guanxi.cli.output import say

    _say_rules(data["rules"])
    others = [found for found in data["accounts"] if found["id"] != data["account"]]
    account = escape(data["account"])
    if not others:
        say(f"{account} is one actor by itself.")
    else:
        named = ", ".join(escape(found["id"]) for found in others)
        say(f"{account} is one actor with {named}; {escape(data['representative'])} stands for all of them.")
    if data["links"]:
        _show_links(f"Identity links of {data['account']}", data["links"])
    else:
        say("Nobody states a link of it.")


def _show_links(title: str, links: list[Answer]) -> None:
    from guanxi.cli.output import console, number, table

    rows = [
        (
            *link["accounts"],
            ", ".join(filter(None, (link["proof"], "both say so" if link["mutual"] else None))) or "none",
            number(link["confidence"]),
            link["expires"] or "never",
            link["verdict"],
        )
        for link in links
    ]
    columns = ("account", "and", "proof", "confidence", "expires", "verdict")
    console().print(table(title, columns, rows, right=("confidence",)))


def _member(found: Answer) -> str:
    from guanxi.cli.output import number

    return f"{found['id']} ({number(found['confidence'])})"


def _say_rules(rules: Answer | None) -> None:
    from guanxi.cli.output import say

    if rules is None:
        say("The strategy of the run in use merges no accounts, whatever links say.")
