"""The commands that ask the run in use: whom to trust, what to recommend, how real an account is."""

from typing import Annotated, Literal

import typer

from guanxi.cli.opening import opened
from guanxi.cli.options import JsonOption, LimitOption, StoreOption, account_id, whole


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
    store: StoreOption = None,
    limit: LimitOption = 10,
    as_json: JsonOption = False,
) -> None:
    """Show who is trusted, by all or by one account.

    With two accounts: how far the first trusts the second, and through whom.
    """
    from guanxi.cli import show

    with opened(store) as engine:
        view = engine.view()
        if viewer is None:
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
    from guanxi.cli import show

    with opened(store) as engine:
        view = engine.view()
        if what == "items":
            answer = view.items(account, limit=limit, exclude_seen=not include_seen, language=language, exact=exact)
        else:
            answer = view.accounts(account, limit=limit, language=language, exact=exact)
    show.recommendations(*answer, what=what, explain=explain, as_json=as_json)


def vet(
    account: Annotated[
        str, typer.Argument(metavar="ACCOUNT", callback=account_id, help="Whom to vet; after -- if it begins with -.")
    ],
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
        dossier, meta = engine.view().dossier(account, evidence=evidence)
    show.dossier(dossier, meta, as_json=as_json)
