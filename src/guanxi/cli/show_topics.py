"""How answers about topics look, and which question the flags of a command ask."""

from typing import Literal

import typer
from rich.markup import escape

from guanxi.cli.output import console, number, print_json, say, table
from guanxi.cli.show import Answer
from guanxi.engine import View
from guanxi.engine import topics as of_topics
from guanxi.engine.wording import Language


def ask_trust(view: View, viewer: str | None, target: str | None, topic: str, *, limit: int, as_json: bool) -> None:
    """Answer whom one account trusts on a topic, or how far it trusts another."""
    if viewer is None:
        raise typer.BadParameter("trust on a topic is somebody's; name a VIEWER", param_hint="'--topic'")
    if target is None:
        trusted_by(*of_topics.trusted_by(view, viewer, topic, limit=limit), as_json=as_json)
    else:
        pair(*of_topics.pair(view, viewer, target, topic, at_most=limit), as_json=as_json)


def ask_items(
    view: View,
    account: str,
    topic: str,
    *,
    what: Literal["items", "accounts"],
    limit: int,
    exclude_seen: bool,
    language: Language,
) -> tuple[Answer, Answer]:
    """Recommend items of a topic."""
    if what != "items":
        raise typer.BadParameter(
            "only items have topics; `guanxi trust ACCOUNT --topic TOPIC` shows accounts", param_hint="'--topic'"
        )
    return of_topics.items(view, account, topic, limit=limit, exclude_seen=exclude_seen, language=language)


def topics(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """The topics with the most items."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    if not data["topics"]:
        say("No item has a topic. Load categorise events, from items to topics: docs/topics.md says how.")
        return
    rows = [
        (of["rank"], of["id"], f"{of['n_items']:,}", _people(of["sharers"]), _people(of["buyers"]))
        for of in data["topics"]
    ]
    columns = ("rank", "topic", "items", "sharers", "buyers")
    title = f"Topics: {data['n_topics']:,}, of {data['n_items_with_topic']:,} of {data['n_items']:,} items"
    console().print(table(title, columns, rows, right=columns[2:]))


def trusted_by(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """Whom one account trusts most on a topic."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    topic = data["topic"]["id"]
    if not data["accounts"]:
        say(f"No trust is known from {escape(repr(data['viewer']))}, on {escape(repr(topic))} or in general.")
        return
    rows = [
        (a["rank"], a["id"], number(a["trust"]), number(a["topic"]), number(a["general"])) for a in data["accounts"]
    ]
    columns = ("rank", "account", "trust", "= on the topic", "+ in general")
    out = console()
    out.print(table(f"Whom {data['viewer']} trusts most on {topic}", columns, rows, right=columns[2:]))
    out.print(escape(_why(data)))


def pair(data: Answer, meta: Answer, *, as_json: bool) -> None:
    """How far one account trusts another on a topic."""
    if as_json:
        print_json({"data": data, "meta": meta})
        return
    trust, topic = data["trust"], data["topic"]["id"]
    place = f"rank {trust['rank']:,} of {trust['n_accounts']:,}, percentile {trust['percentile']:.1f}"
    rows = [("trust on the topic", number(trust["score"]), place)]
    rows += [
        (
            f"{sign} {'topic' if part['name'] == 'topic' else 'general'} part",
            number(part["amount"]),
            f"{number(part['weight'])} x {number(part['score'])}",
        )
        for sign, part in zip("=+", data["parts"], strict=True)
    ]
    rows += [
        (f"- {taken['code']}", number(taken["amount"]), f"factor {number(taken['factor'])}")
        for taken in data["adjustments"]
    ]
    rows.append(("direct", number(data["direct"]), "local trust from the viewer's own events on the topic"))
    rows.append(("authenticity factor", number(data["authenticity_factor"]), "applied before trust flows"))
    title = f"How far {data['viewer']} trusts {data['target']} on {topic}"
    out = console()
    out.print(table(title, ("what", "value", ""), rows, right=("value",)))
    out.print(escape(_why(data)))
    terms = [(term["account"], term["part"], number(term["amount"])) for term in data["terms"]]
    others = data["others"]
    if others["amount"]:
        terms.append((f"{others['n']} others" if others["n"] else "others", "", number(others["amount"])))
    out.print(table("Through whom it arrives", ("account", "part", "amount"), terms, right=("amount",)))


def why(data: Answer) -> None:
    """The topic that a list is about, and what it rests on."""
    topic = data["topic"]
    console().print(escape(f"Topic {topic['id']}, {topic['n_items']:,} items. {_why(data)}"))


def _why(data: Answer) -> str:
    """How much of the answer is general trust, and why."""
    fallback = data["fallback"]
    if not fallback["own_evidence"]:
        return f"{data.get('viewer') or data['account']} has given no evidence on this topic, so it is general trust."
    own, half = number(fallback["own_evidence"]), number(fallback["half"])
    return (
        f"General trust counts {fallback['weight']:.0%}: the viewer's own evidence on this topic is {own}, "
        f"and it takes {half} for an account's word to count half."
    )


def _people(count: Answer) -> str:
    return f"{count['n']:,}" if "n" in count else f"fewer than {count['fewer_than']}"
