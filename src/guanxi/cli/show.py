"""How each answer looks: as a table, or as JSON in the same shape that the API gives."""

from typing import Any

from rich.markup import escape

from guanxi.cli.output import console, messages, number, print_json, shown, table
from guanxi.engine import Finding, LoadReport, RunReport, SnapshotReport
from guanxi.events.values import isoformat
from guanxi.settings import CONFIG_VARIABLE, Settings, config_file
from guanxi.stores import ApiKey

Answer = dict[str, Any]
_STYLES = {"ok": "green", "note": "cyan", "warning": "yellow", "error": "bold red"}


def load_report(report: LoadReport, *, as_json: bool) -> None:
    """What became of the records."""
    if as_json:
        print_json({"data": report})
        return
    rows: list[tuple[str, str]] = [("files", f"{report.n_files:,}"), ("records", f"{report.n_records:,}")]
    rows += [(f"new {name} events", f"{n:,}") for name, n in sorted(report.by_relation.items())]
    rows += [("known already", f"{report.n_duplicates:,}"), ("refused", f"{report.n_rejects:,}")]
    console().print(table("Loaded", ("what", "count"), rows, right=("count",)))
    for skipped in report.skipped:
        messages().print(f"Skipped {escape(skipped)}")
    if report.rejects_file is not None:
        first = report.first_rejects[0]
        where = escape(f"{first.file}, line {first.line}, {first.field or 'record'}: {first.value!r} {first.reason}")
        messages().print(f"[yellow]{report.n_rejects:,} records were refused[/], the first: {where}")
        messages().print(f"All of them: {escape(str(report.rejects_file))}", soft_wrap=True)


def snapshot_report(report: SnapshotReport, *, as_json: bool) -> None:
    """What a snapshot holds."""
    if as_json:
        print_json({"data": report})
        return
    rows = [
        ("accounts", f"{report.n_accounts:,}"),
        ("items", f"{report.n_items:,}"),
        ("relations", f"{report.n_edges:,}"),
        ("events", f"{report.n_events:,}"),
        ("seconds", f"{report.seconds:.2f}"),
    ]
    title = f"Snapshot {report.id}" + ("" if report.new else " (nothing new)")
    console().print(table(title, ("what", "count"), rows, right=("count",)))


def run_report(report: RunReport, *, as_json: bool) -> None:
    """What a run computed."""
    if as_json:
        print_json({"data": report})
        return
    rows = [
        ("snapshot", report.snapshot),
        ("strategy", report.strategy),
        ("accounts", f"{report.n_accounts:,}"),
        ("trust edges", f"{report.n_trust_edges:,}"),
        ("accounts discounted", f"{report.n_discounted:,}"),
        ("seconds", f"{report.seconds:.2f}"),
    ]
    console().print(table(f"Run {report.id}", ("what", "value"), rows, right=("value",)))


def ranking(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """The most trusted accounts."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    rows = [
        (a["rank"], a["id"], number(a["trust"]), f"{a['n_trusting']:,}", number(a["authenticity_factor"]))
        for a in data["accounts"]
    ]
    columns = ("rank", "account", "global trust", "trusted by", "authenticity factor")
    console().print(table(f"Most trusted of {data['n_accounts']:,} accounts", columns, rows, right=columns[2:]))


def trusted_by(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """Whom one account trusts most."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    rows = [(a["rank"], a["id"], number(a["trust"])) for a in data["accounts"]]
    columns = ("rank", "account", "personal trust")
    if not rows:
        messages().print(f"{escape(data['viewer'])} trusts nobody that is known.")
    console().print(table(f"Whom {data['viewer']} trusts most", columns, rows, right=("personal trust",)))


def pair(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """How far one account trusts another."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    counts = data["counts"]
    rows = [
        ("personal trust", number(data["personal"]["score"]), _place(data["personal"])),
        ("global trust", number(data["global"]["score"]), _place(data["global"])),
        ("direct", number(data["direct"]), "local trust from the viewer's own events"),
        ("authenticity factor", number(data["authenticity_factor"]), "applied before trust flows"),
        (
            "trusted by",
            counts["n_trusting"],
            f"{counts['n_trusting_whom_the_viewer_follows']} of them followed by the viewer",
        ),
    ]
    out = console()
    out.print(table(f"How far {data['viewer']} trusts {data['target']}", ("what", "value", ""), rows, right=("value",)))
    terms = [(term["account"], number(term["amount"])) for term in data["terms"]]
    if data["others"]["n"]:
        terms.append((f"{data['others']['n']} others", number(data["others"]["amount"])))
    out.print(table("Through whom personal trust arrives", ("account", "amount"), terms, right=("amount",)))


def _place(placed: Answer) -> str:
    return f"rank {placed['rank']:,} of {placed['n_accounts']:,}, percentile {placed['percentile']:.1f}"


def recommendations(data: Answer, meta: Answer, *, what: str, explain: bool, as_json: bool) -> None:
    """Recommended items or accounts."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    out = console()
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
    rows.append(("", "sum", number(found["score"], digits=6)))
    console().print(
        table(f"{found['id']}: the terms of its score", ("part", "term", "amount"), rows, right=("amount",))
    )


def _term(term: Answer) -> str:
    code, about = term["code"].replace("_", " "), term.get("account") or term.get("item") or ""
    people = f"({term['n']})" if "n" in term else f"(fewer than {term['fewer_than']})" if "fewer_than" in term else ""
    factor = term.get("authenticity", 1.0)
    discount = "" if factor == 1.0 else f"(authenticity {number(factor)})"
    return " ".join(part for part in (code, about, people, discount) if part)


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
        ("data confidence", data["data_confidence"]),
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


def _with_interval(about: Answer) -> str:
    if about["value"] is None:
        return "unknown: too little to say"
    return f"{about['value']:.0%} (90 % interval {about['low']:.0%} to {about['high']:.0%})"


def findings(found: list[Finding], *, as_json: bool) -> None:
    """Results of the examination."""
    if as_json:
        print_json({"data": found})
        return
    for finding in found:
        style = _STYLES[finding.severity]
        console().print(f"[{style}]{finding.severity:>7}[/]  {finding.check}: {escape(finding.detail)}", soft_wrap=True)


def config(settings: Settings, *, as_json: bool) -> None:
    """The settings in force."""
    values = settings.model_dump(mode="json")
    values["public_relations"] = sorted(values["public_relations"])
    if as_json:
        print_json({"data": values})
        return
    file = config_file()
    rows = [(name, values[name], Settings.model_fields[name].description) for name in Settings.model_fields]
    console().print(table("Settings", ("name", "value", "what it is"), rows))
    there = "" if file.is_file() else " (not there)"
    messages().print(f"File: {file}{there}; another one with {CONFIG_VARIABLE}. Environment: GUANXI_<NAME>.")


def new_key(secret: str, key: ApiKey, *, as_json: bool) -> None:
    """A key that was just made; the only time that it is shown."""
    if as_json:
        print_json({"data": {"key": secret, "prefix": key.prefix, "scopes": list(key.scopes), "label": key.label}})
        return
    messages().print(f"Key {key.prefix} with {', '.join(key.scopes)}; it cannot be shown again:")
    console().print(secret, soft_wrap=True, highlight=False)


def keys(found: list[ApiKey], *, as_json: bool) -> None:
    """The keys, without secrets."""
    rows = [
        {
            "prefix": key.prefix,
            "scopes": list(key.scopes),
            "label": key.label,
            "created": isoformat(key.created_us),
            "revoked": None if key.revoked_us is None else isoformat(key.revoked_us),
        }
        for key in found
    ]
    if as_json:
        print_json({"data": rows})
        return
    cells = [(r["prefix"], ", ".join(r["scopes"]), r["label"], r["created"], r["revoked"] or "–") for r in rows]  # type: ignore[arg-type]
    console().print(table("API keys", ("prefix", "scopes", "label", "created", "revoked"), cells))
