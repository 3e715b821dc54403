"""How pairwise trust looks in the answer about a pair of accounts."""

from typing import Any

from guanxi.cli.output import console, number, table

Answer = dict[str, Any]
SHOWN = 8


def row(pairwise: Answer) -> tuple[str, str, str]:
    """Name, value and what the value rests on."""
    said = "" if pairwise["said"] is None else f"; really said {number(pairwise['said'])}"
    if pairwise["value"] is None:
        return "pairwise trust", "unknown", pairwise["reason"]["text"] + said
    evidence = pairwise["evidence"]
    confidence = "over 0.99" if pairwise["confidence"] > 0.99 else number(pairwise["confidence"])
    rests_on = f"{evidence:,} statement{'' if evidence == 1 else 's'}, confidence {confidence}"
    about = f"what it would say, -1 to 1, ± {number(pairwise['error'])}; {rests_on}"
    return "pairwise trust", number(pairwise["value"]), about + said


def terms(pairwise: Answer) -> None:
    """The largest terms of the value, and the others together."""
    if not pairwise["terms"]:
        return
    rows = [(term["name"], number(term["amount"])) for term in pairwise["terms"][:SHOWN]]
    others = pairwise["terms"][SHOWN:]
    if others:
        rows.append((f"{len(others)} others", number(sum(term["amount"] for term in others))))
    rows.append(("sum", number(pairwise["value"])))
    console().print(table("What pairwise trust is the sum of", ("term", "amount"), rows, right=("amount",)))
