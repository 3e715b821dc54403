"""Events edited one by one: what a counterfactual must be equal to, once a snapshot is built of them anew."""

from strategies import ACCOUNTS, ITEMS, MODEL, row


def anchored(rows):
    """The rows with ids of their own, and some that keep every account and item known, and the date where it is.

    What stands does not depend on these: they retract what was never said, and a shop sells something.
    """
    pairs = [("shopper", item) for item in ITEMS] + [(who, "tea") for who in ACCOUNTS]
    known = [row("unreport", who, item, target_kind="item") for who, item in pairs]
    date = row("sell", "shop", "tea", at=900)
    numbered = {repr(r): r | {"id": r.get("id") or f"r{i}"} for i, r in reversed(list(enumerate(rows)))}
    return [numbered[repr(r)] for r in rows], [*known, date]


def without(rows, *, accounts=(), relations=(), ties=(), trusted=None):
    """The rows that are left, and those that are added."""
    left = []
    for r in rows:
        name, _ = MODEL.verbs[r["relation"]]
        ends = {r["source"]} if MODEL.relations[name].source == "account" else set()
        of_account = r.get("target_kind", MODEL.relations[name].targets[0]) == "account"
        ends |= {r["target"]} if of_account else set()
        if name in relations or ends & set(accounts) or (of_account and (r["source"], r["target"]) in ties):
            continue
        if (name, r["source"], r["target"]) in {("trust", a, b) for a, b in trusted or {}}:
            continue
        forgets = r.get("via") in accounts or (r["source"], r.get("via")) in ties
        left.append({key: value for key, value in r.items() if key != "via"} if forgets else r)
    return left + [row("trust", a, b, value=level) for (a, b), level in (trusted or {}).items()]
