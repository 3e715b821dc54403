"""`guanxi trust A B --paths`: its options, and how its answer looks."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from guanxi.cli.options import whole

if TYPE_CHECKING:
    from guanxi.engine import View

Answer = dict[str, Any]
PathsOption = Annotated[bool, typer.Option("--paths", help="By which paths the first trusts the second, and how much.")]
MaxHopsOption = Annotated[
    int,
    typer.Option("--max-hops", metavar="NUMBER", parser=whole, help="Longest paths looked at with --paths, 1 to 20."),
]


def ask(view: "View", viewer: str | None, target: str | None, *, limit: int, max_hops: int, as_json: bool) -> None:
    """Show the paths from one account to another."""
    from guanxi.engine.paths import paths

    if viewer is None or target is None:
        raise typer.BadParameter("paths lead from one account to another: name both", param_hint="'--paths'")
    _show(*paths(view, viewer, target, limit=limit, max_hops=max_hops), as_json=as_json)


def _show(data: Answer, meta: Answer, *, as_json: bool) -> None:
    from guanxi.cli.output import console, number, print_json, table

    if as_json:
        print_json({"data": data, "meta": meta})
        return
    score, out = data["personal"]["score"] - sum(of["amount"] for of in data["adjustments"]), console()
    rows = [(_walk(data, path), number(path["contribution"]), f"{path['part']:.1%}") for path in data["paths"]]
    rest = [(_others(of), of["amount"]) for of in data["others"] if of["amount"] > _ROUNDING * score]
    if data["longer"] > _ROUNDING * score:
        rest.append((f"longer than {data['max_hops']} hops", data["longer"]))
    rows += [(name, number(amount), f"{amount / score:.1%}") for name, amount in rest]
    rows.append(("sum", number(score), "100.0%" if score else "–"))
    rows += [(f"what {of['code']} takes away", number(of["amount"]), "") for of in data["adjustments"]]
    rows.append(("personal trust", number(data["personal"]["score"]), ""))
    title = f"By which paths {data['viewer']} trusts {data['target']}"
    out.print(table(title, ("path", "contribution", "part"), rows, right=("contribution", "part")))
    if hops := _hops(data):
        columns = ("hop", "for", "age in days", "weight", "share of all it trusts", "authenticity", "passes on")
        out.print(table("What each hop rests on", columns, hops, right=columns[2:]))
    if "n" in data["not_public"]:
        amount = number(data["not_public"]["amount"])
        out.print(f"{amount} comes by ties of {data['not_public']['n']:,} accounts that others may not see.")


_ROUNDING = 1e-12


def _walk(data: Answer, path: Answer) -> str:
    return " → ".join([data["viewer"], *(hop["to"] for hop in path["hops"])])


def _others(others: Answer) -> str:
    hops = others["hops"]
    return f"others of {hops} hop{'' if hops == 1 else 's'}"


def _hops(data: Answer) -> list[tuple[str, ...]]:
    """Every hop once, in the order of the paths; a line for each relation type behind it."""
    from guanxi.cli.output import number

    hops = {(hop["from"], hop["to"]): hop for path in data["paths"] for hop in path["hops"]}
    rows: list[tuple[str, ...]] = []
    for (a, b), hop in hops.items():
        end = (f"{hop['share']:.1%}", number(hop["authenticity"]), number(hop["passes"]))
        for place, said in enumerate(hop["evidence"]):
            age = "–" if said["age_days"] is None else f"{said['age_days']:,.0f}"
            name, rest = (f"{a} → {b}", end) if place == 0 else ("", ("", "", ""))
            rows.append((name, said["relation"], age, number(said["weight"]), *rest))
    return rows
