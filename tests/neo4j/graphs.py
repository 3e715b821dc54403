"""Rows for the tests of Neo4j: every relation, every field, and what is hard about them."""

import numpy as np

from strategies import MODEL, row, table

NAMES = ("ann", "bob", "邓小明", "eve's", "ünï", "😀", "a`b", "ن", "Ann", "zoë", "￿", "𐀀", "auto-1", "0")
KINDS = {kind: [f"{name}-{kind[0]}" for name in NAMES] for kind in MODEL.kinds} | {"account": list(NAMES)}


def rich_rows(n, *, seed=7, days=6):
    """Rows of all relations with ties, unknown times, values, via, properties, retractions named and not."""
    rng = np.random.default_rng(seed)
    verbs = sorted(MODEL.verbs)
    return [_row(number, verbs[rng.integers(len(verbs))], rng, days) for number in range(n)]


def rich_table(n, *, seed=7, days=6):
    return table(rich_rows(n, seed=seed, days=days))


def _row(number, verb, rng, days):
    name, retracts = MODEL.verbs[verb]
    relation = MODEL.relations[name]
    kind = relation.targets[rng.integers(len(relation.targets))]
    source = KINDS[relation.source][rng.integers(len(NAMES))]
    others = [id_ for id_ in KINDS[kind] if id_ != source]
    fields = {"target_kind": kind}
    if rng.random() < 0.5:
        fields["id"] = f"e{number}" if rng.random() < 0.9 else f"事件'{number}"
    if relation.via and rng.random() < 0.5:
        fields["via"] = NAMES[rng.integers(len(NAMES))]
    if retracts and relation.form == "fact" and rng.random() < 0.5:
        fields["retracts"] = f"e{rng.integers(number + 1)}"
    if relation.value and rng.random() < 0.7:
        fields["value"] = float(rng.choice([0.0, 1.0, 0.1, 1 / 3]))
    if rng.random() < 0.2:
        fields["properties"] = {"量": float(rng.integers(9)), "n": None, "deep": [{"a": "'\"\\"}]}
    at = None if rng.random() < 0.15 else int(rng.integers(days))
    return row(verb, source, others[rng.integers(len(others))], at=at, **fields)
