"""How distrust and confidence look: words and rows for the tables of trust and recommendations."""

from typing import Any

from guanxi.cli.output import number

Answer = dict[str, Any]
Row = tuple[str, str, str]
_VERBS = {"review": "rated below 0", "trust": "distrusted", "block": "blocked", "report": "reported"}


def standing(said: Answer) -> Row:
    """What an account amounts to in somebody's eyes, and how much that rests on."""
    n = number(said["evidence"], digits=3)
    return "standing", said["standing"], f"confidence {said['confidence']:.2f}, from {n} {_voices(said['evidence'])}"


def distrust(data: Answer) -> list[Row]:
    """What speaks against an account, for the viewer and for everybody."""
    said = data["distrust"]
    rows = [("distrust factor", number(said["factor"]), _against(said))]
    if data["global_distrust_factor"] < 1:
        rows.append(("global distrust factor", number(data["global_distrust_factor"]), "already in global trust"))
    return rows


def columns(rows: list[Answer]) -> tuple[str, ...]:
    """Columns that a list of trusted accounts needs beside its own: that of distrust only where there is any."""
    return (*(("distrust factor",) if _is_any(rows) else ()), "confidence", "standing")


def cells(row: Answer, rows: list[Answer]) -> tuple[str, ...]:
    """What stands in these columns."""
    factor = (number(row["distrust_factor"]),) if _is_any(rows) else ()
    return (*factor, f"{row['confidence']:.2f}", row["standing"])


def adjustments(said: list[Answer]) -> list[tuple[str, float]]:
    """What takes away from a score, in words, and how much."""
    return [(f"{of['code']} (factor {number(of['factor'])})", of["amount"]) for of in said]


def _is_any(rows: list[Answer]) -> bool:
    return any(row["distrust_factor"] < 1 for row in rows)


def _voices(evidence: float) -> str:
    return "voice" if evidence == 1 else "voices"


def _against(said: Answer) -> str:
    own = " and ".join(_VERBS[entry["relation"]] for entry in said["own"])
    counts = ", ".join(f"{_VERBS[count['relation']]} by {_people(count)}" for count in said["counts"])
    parts = [f"{own} by the viewer" if own else "", f"{counts} whom the viewer trusts" if counts else ""]
    return "; ".join(part for part in parts if part) or "nobody whom the viewer trusts speaks against it"


def _people(count: Answer) -> str:
    return f"{count['n']:,}" if "n" in count else f"fewer than {count['fewer_than']}"
