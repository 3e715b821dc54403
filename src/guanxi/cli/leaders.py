"""The commands on influence: whose trust reaches furthest, and what the relations of an account rest on."""

from typing import Annotated

import typer

from guanxi.cli.opening import opened, view_of
from guanxi.cli.options import AsOfOption, JsonOption, LimitOption, QuietOption, StoreOption, account_id, whole
from guanxi.cli.topics import TopicOption


def leaders(
    community: Annotated[
        int | None,
        typer.Option("--community", metavar="NUMBER", parser=whole, help="Only members of a community, by number."),
    ] = None,
    community_of: Annotated[
        str | None,
        typer.Option(
            "--community-of", metavar="ACCOUNT", callback=account_id, help="Only members of this account's community."
        ),
    ] = None,
    topic: TopicOption = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Show whose trust reaches further than followers explain.

    Opinion leaders, by community and topic, and the most followed accounts beside them, with the evidence.
    """
    from guanxi.cli import show_leaders
    from guanxi.cli.output import spinner
    from guanxi.engine.leaders import leaders as find

    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        with spinner("Asking everybody whom they trust", quiet=quiet or as_json):
            answer = find(view, community=community, community_of=community_of, topic=topic, limit=limit)
    show_leaders.leaders(*answer, as_json=as_json)


def ties(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whose; after -- if it begins with -.")
    ],
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """Show the strongest relations of an account, both ways.

    Local trust given and received by public actions, what each rests on, and what is left of it.
    """
    from guanxi.cli import show_leaders
    from guanxi.engine.ties import ties as find

    with opened(store) as engine:
        answer = find(view_of(engine, as_of, hush=as_json), account, limit=limit)
    show_leaders.ties(*answer, as_json=as_json)
