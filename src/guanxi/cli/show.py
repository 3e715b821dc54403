"""How each answer looks: as a table, or as JSON in the same shape that the API gives."""

from typing import Any

from rich.markup import escape

from guanxi.cli import judged, pairwise
from guanxi.cli.output import console, number, print_json, say, shown, table
from guanxi.vetting import GRADES

Answer = dict[str, Any]


def ranking(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """The most trusted accounts."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    found = data["accounts"]
    rows = [
        (
            a["rank"],
            a["id"],
            number(a["trust"]),
            f"{a['n_trusting']:,}",
            number(a["authenticity_factor"]),
            *judged.cells(a, found),
        )
        for a in found
    ]
    columns = ("rank", "account", "global trust", "trusted by", "authenticity factor", *judged.columns(found))
    console().print(table(f"Most trusted of {data['n_accounts']:,} accounts", columns, rows, right=columns[2:-1]))


def trusted_by(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """Whom one account trusts most."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    found = data["accounts"]
    rows = [(a["rank"], a["id"], number(a["trust"]), *judged.cells(a, found)) for a in found]
    columns = ("rank", "account", "personal trust", *judged.columns(found))
    if not rows:
        say(f"No trust is known from {escape(repr(data['viewer']))}: it follows nobody in this snapshot.")
        return
    console().print(table(f"Whom {data['viewer']} trusts most", columns, rows, right=columns[2:-1]))


def pair(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """How far one account trusts another."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    counts = data["counts"]
    rows = [
        ("personal trust", number(data["personal"]["score"]), _place(data["personal"])),
        judged.standing(data["personal"]),
        ("global trust", number(data["global"]["score"]), _place(data["global"])),
        pairwise.row(data["pairwise"]),
        ("direct", number(data["direct"]), "local trust from the viewer's own events"),
        ("authenticity factor", number(data["authenticity_factor"]), "applied before trust flows"),
        *judged.distrust(data),
        (
            "trusted by",
            counts["n_trusting"],
            f"{counts['n_trusting_whom_the_viewer_follows']} of them followed by the viewer",
        ),
        *_identity(data["identity"]),
    ]
    out = console()
    out.print(table(f"How far {data['viewer']} trusts {data['target']}", ("what", "value", ""), rows, right=("value",)))
    terms = [(term["account"], number(term["amount"])) for term in data["terms"]]
    others = data["others"]
    if others["amount"]:
        terms.append((f"{others['n']} others" if others["n"] else "others", number(others["amount"])))
    terms += [(what, number(amount)) for what, amount in judged.adjustments(data["adjustments"])]
    out.print(table("Through whom personal trust arrives", ("account", "amount"), terms, right=("amount",)))
    pairwise.terms(data["pairwise"])


def _identity(linked: Answer | None) -> list[tuple[str, str, str]]:
    """With how many accounts the target is one actor; a viewer that is one of them is told with which."""
    if linked is None:
        return []
    if "accounts" in linked:
        return [("linked with", f"{len(linked['accounts'])}", ", ".join(linked["accounts"]))]
    return [("linked with", _people(linked), "accounts of the same actor, which are trusted as one")]


def _people(number_: Answer) -> str:
    return f"{number_['n']:,}" if "n" in number_ else f"fewer than {number_['fewer_than']}"


def _place(placed: Answer) -> str:
    return f"rank {placed['rank']:,} of {placed['n_accounts']:,}, percentile {placed['percentile']:.1f}"


def recommendations(data: Answer, meta: Answer, *, what: str, explain: bool, as_json: bool) -> None:
    """Recommended items or accounts."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    out = console()
    if not data["known"]:
        say(f"Nothing is known of {escape(repr(data['account']))} yet; ids must match to the letter.")
    rows = [(r["rank"], r["id"], number(r["score"]), r["summary"]["text"]) for r in data[what]]
    title = f"{what.capitalize()} for {data['account']}, resting on {data['rests_on']['text']}"
    out.print(table(title, ("rank", what[:-1], "score", "why"), rows, right=("score",)))
    if explain:
        for found in data[what]:
            terms(found)


def terms(found: Answer) -> None:
    """The terms that one score is the sum of."""
    rows = [
        (component["name"], _term(term), number(term["amount"], digits=6))
        for component in found["explanation"]["components"]
        for term in component["terms"]
    ]
    taken = judged.adjustments(found["explanation"]["adjustments"])
    rows += [("all", what, number(amount, digits=6)) for what, amount in taken]
    rows.append(("", "sum", number(found["score"], digits=6)))
    console().print(
        table(f"{found['id']}: the terms of its score", ("part", "term", "amount"), rows, right=("amount",))
    )


def _term(term: Answer) -> str:
    code, about = term["code"].replace("_", " "), term.get("account") or term.get("item") or ""
    people = f"({term['n']})" if "n" in term else f"(fewer than {term['fewer_than']})" if "fewer_than" in term else ""
    factor = term.get("authenticity", 1.0)
    discount = "" if factor == 1.0 else f"(authenticity {number(factor)})"
    distrust = f"(distrust {number(term['distrust'])})" if "distrust" in term else ""
    return " ".join(part for part in (code, about, people, discount, distrust) if part)


def dossier(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """The vetting report on one account."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    out = console()
    standing, figures = data["standing"], data["figures"]
    rows = [
        ("followers that nothing speaks against", _with_interval(data["unsuspicious_followers"])),
        ("audience authenticity", _with_interval(data["audience"])),
        ("own conduct", _with_interval(data["conduct"])),
        ("data confidence", _confidence(data["data_confidence"])),
        ("global trust", f"{number(standing['score'])}, {_place(standing)}"),
        ("factor on trust", number(data["factor"])),
        ("followers, following", f"{figures['n_followers']:,}, {figures['n_following']:,}"),
        ("shares, purchases", f"{figures['n_shares']:,}, {figures['n_purchases']:,}"),
    ]
    out.print(table(f"Dossier on {data['account']}", ("what", "value"), rows))
    heard = [
        (
            w["name"].replace("_", " "),
            w["subject"],
            number(w["value"]),
            number(w["typical"]),
            number(w["percentile"]),
            f"{w['sample_size']:,}",
            number(w["log_likelihood_ratio"]),
            w["note"] or "",
        )
        for w in data["witnesses"]
    ]
    columns = ("witness", "about", "suspicious", "typical", "percentile", "sample", "evidence", "note")
    out.print(table("Witnesses (evidence below 0 speaks against the account)", columns, heard, right=columns[2:7]))
    for witness in data["witnesses"]:
        if witness["evidence"] and (witness["log_likelihood_ratio"] or 0) < 0:
            _facts(witness)


def _facts(witness: Answer) -> None:
    facts = witness["evidence"]
    columns = [key for key in facts[0] if key != "code"]
    rows = [[shown(fact[key]) if fact[key] is not None else "–" for key in columns] for fact in facts]
    out = console()
    out.print(table(f"{facts[0]['code'].replace('_', ' ')}: examples", columns, rows))
    for explanation in witness["innocent_explanations"]:
        out.print(f"  It may be innocent: {escape(explanation['text'])}")


def _confidence(grade: str) -> str:
    """A grade with the size of the largest sample behind a witness."""
    least = dict(GRADES)[grade]
    above = min((n for _, n in GRADES if n > least), default=None)
    upto = "or more" if above is None else f"to {above - 1:,}"
    return f"{grade}: a sample of {least:,} {upto}"


def _with_interval(about: Answer) -> str:
    if about["value"] is None:
        return "unknown: no witness can say"
    return f"{about['value']:.0%} (90 % interval {about['low']:.0%} to {about['high']:.0%})"
