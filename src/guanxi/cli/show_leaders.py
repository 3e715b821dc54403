"""How leaders and ties look: as tables, or as JSON in the same shape that the API gives."""

from typing import Any

from rich.markup import escape

from guanxi.cli.output import console, number, print_json, say, table

Answer = dict[str, Any]
_LABELS = {
    "leader": "leader",
    "as_expected": "as expected",
    "merely_followed": "merely followed",
    "inauthentic": "audience not authentic",
    "unknown": "nobody to compare with",
}
_COLUMNS = ("rank", "account", "reach", "peers have", "trusted by", "from", "communities", "buyers led", "authenticity")


def leaders(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """Leaders, the most followed, and the communities."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    out, where = console(), _where(data)
    if data["leaders"]:
        columns = (*_COLUMNS, "trust comes through")
        rows = [(*_row(row), _through(row)) for row in data["leaders"]]
        known = any(row["label"] == "leader" for row in data["leaders"])
        title = f"Leaders{where}: trust reaches further than followers explain" if known else f"Furthest reach{where}"
        out.print(table(title, columns, rows, right=_RIGHT))
    else:
        say(f"No leaders{escape(where)}: of {_accounts(data)}, nobody's trust reaches further than peers' does.")
    if any(row["label"] == "unknown" for row in data["leaders"]):
        say("Too few accounts have 5 followers to be compared with: these may not lead, they are ordered by reach.")
    if data["most_followed"]:
        rows = [(*_row(row), _LABELS[row["label"]]) for row in data["most_followed"]]
        out.print(table(f"Most followed{where}", (*_COLUMNS, "which is"), rows, right=_RIGHT))
    if data["communities"]:
        rows = [(c["number"], f"{c['n_accounts']:,}", ", ".join(c["leaders"]) or "–") for c in data["communities"]]
        out.print(table("Largest communities", ("number", "accounts", "leaders"), rows, right=("number", "accounts")))
    if data["n_asked"] < data["n_viewers"]:
        say(f"Estimated from {data['n_asked']:,} of the {data['n_viewers']:,} accounts that trust somebody.")


_RIGHT = ("rank", *_COLUMNS[2:])


def _where(data: Answer) -> str:
    community = "" if data["community"] is None else f" of community {data['community']['number']}"
    return community + ("" if data["topic"] is None else f" on {data['topic']}")


def _accounts(data: Answer) -> str:
    n = data["n_compared"]
    return "1 account that could be compared" if n == 1 else f"{n:,} accounts that could be compared"


def _row(row: Answer) -> tuple[object, ...]:
    reach = row["reach"]
    peers = "–" if reach["low"] is None else f"{number(reach['low'])} to {number(reach['high'])}"
    error = f" ± {number(reach['error'], digits=2)}" if reach["error"] else ""
    return (
        row["rank"],
        row["id"],
        number(reach["score"]) + error,
        peers,
        f"{row['n_trusting']:,}",
        f"{row['n_strangers']:,.0f}",
        number(row["communities"]["n"], digits=2),
        _people(row["buyers"]),
        number(row["authenticity_factor"]),
    )


def _through(row: Answer) -> str:
    named = [f"{term['account']} {term['amount']:.0%}" for term in row["terms"]]
    others = row["others"]["amount"]
    return ", ".join([*named, *([f"others {others:.0%}"] if others > 0 else [])])


def _people(count: Answer) -> str:
    return f"{count['n']:,}" if "n" in count else f"under {count['fewer_than']}"


def ties(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """The strongest relations of an account."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    if not data["ties"]:
        say(f"No public relation of {escape(repr(data['account']))} with anybody is in this snapshot.")
    else:
        columns = ("rank", "account", "kind", "strength", "given", "received", "personal trust", "shared", "rests on")
        rows = [_tie(row) for row in data["ties"]]
        title = f"Strongest of the {data['n_ties']:,} relations of {data['account']}"
        console().print(table(title, columns, rows, right=("rank", *columns[3:8])))
    hidden = data["unnamed"]
    if hidden.get("n", 1):
        say(f"Accounts whose relation with it shows in nothing public: {_people(hidden)}.")


def _tie(row: Answer) -> tuple[object, ...]:
    personal = row["personal"]
    grounds = [("gives", row["given_rests_on"]), ("gets", row["received_rests_on"])]
    return (
        row["rank"],
        row["id"],
        row["label"],
        number(row["strength"]),
        number(row["given"]),
        number(row["received"]),
        f"{number(personal['given'])} / {number(personal['received'])}",
        f"{row['n_shared']:,} ({row['overlap']:.0%})",
        "; ".join(f"{way}: {', '.join(map(_ground, said))}" for way, said in grounds if said),
    )


def _ground(said: Answer) -> str:
    times = "" if said["n"] == 1 else f"{said['n']:,} x "
    age = "undated" if said["age_days"] is None else f"{said['age_days']:,.0f} days old"
    return f"{times}{said['relation']} ({age}, {said['left']:.0%} left)"
