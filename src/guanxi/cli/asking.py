"""The commands that ask the run in use: whom to trust, what to recommend, how real an account is."""

from typing import Annotated, Literal

import typer

from guanxi.cli.opening import opened, view_of
from guanxi.cli.options import AsOfOption, JsonOption, LimitOption, StoreOption, account_id, whole
from guanxi.cli.paths import MaxHopsOption, PathsOption
from guanxi.cli.topics import TopicOption


def trust(
    viewer: Annotated[
        str | None,
        typer.Argument(
            metavar="VIEWER",
            callback=account_id,
            help="Whose trust, after -- if it begins with -; everybody's if not given.",
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Argument(metavar="TARGET", callback=account_id, help="In whom; the most trusted if not given."),
    ] = None,
    topic: TopicOption = None,
    by_paths: PathsOption = False,
    max_hops: MaxHopsOption = 6,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """Show who is trusted, by all or by one account.

    With two accounts: how far the first trusts the second, and through whom.
    """
    from guanxi.cli import paths, show, show_topics

    if by_paths and topic is not None:
        raise typer.BadParameter("paths are those of general trust, not of a topic", param_hint="'--paths'")

    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        if by_paths:
            paths.ask(view, viewer, target, limit=limit, max_hops=max_hops, as_json=as_json)
        elif topic is not None:
            show_topics.ask_trust(view, viewer, target, topic, limit=limit, as_json=as_json)
        elif viewer is None:
            show.ranking(*view.ranking(limit=limit), as_json=as_json)
        elif target is None:
            show.trusted_by(*view.trusted_by(viewer, limit=limit), as_json=as_json)
        else:
            show.pair(*view.trust(viewer, target, at_most=limit), as_json=as_json)


def recommend(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="For whom; after -- if it begins with -.")
    ],
    what: Annotated[Literal["items", "accounts"], typer.Option("--what", help="What to recommend.")] = "items",
    topic: TopicOption = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    limit: LimitOption = 10,
    include_seen: Annotated[bool, typer.Option("--include-seen", help="Items that the account has, too.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show the terms that each score is the sum of.")] = False,
    language: Annotated[Literal["en", "zh"], typer.Option("--language", help="Of the reasons.")] = "en",
    exact: Annotated[
        bool, typer.Option("--exact", help="Find trusted accounts by the exact solver, which takes far longer.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Recommend items or accounts, with reasons.

    The terms of a score add up to it. An account that nothing is known of gets what suits everybody.
    """
    from guanxi.cli import show, show_topics

    with opened(store) as engine:
        view = view_of(engine, as_of, hush=as_json)
        if topic is not None:
            seen = not include_seen
            answer = show_topics.ask_items(
                view, account, topic, what=what, limit=limit, exclude_seen=seen, language=language
            )
        elif what == "items":
            answer = view.items(account, limit=limit, exclude_seen=not include_seen, language=language, exact=exact)
        else:
            answer = view.accounts(account, limit=limit, language=language, exact=exact)
    show.recommendations(*answer, what=what, explain=explain, as_json=as_json)
    if topic is not None and not as_json:
        show_topics.why(answer[0])


def vet(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whom to vet; after -- if it begins with -.")
    ],
    as_of: AsOfOption = None,
    store: StoreOption = None,
    evidence: Annotated[
        int,
        typer.Option("--evidence", metavar="NUMBER", parser=whole, help="How many facts to show per witness."),
    ] = 5,
    as_json: JsonOption = False,
) -> None:
    """Show how real an account's influence is.

    A dossier: its audience, its own conduct, the witnesses and their evidence.
    """
    from guanxi.cli import show

    if evidence < 0:
        raise typer.BadParameter(f"{evidence} is below 0", param_hint="'--evidence'")
    with opened(store) as engine:
        dossier, meta = view_of(engine, as_of, hush=as_json).dossier(account, evidence=evidence)
    show.dossier(dossier, meta, as_json=as_json)
