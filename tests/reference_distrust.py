"""Slow, obviously right versions of distrust and confidence: one statement at a time, in plain numbers."""

from collections import defaultdict

import numpy as np

import reference


def against(statements, target, voices, in_favour, communities, *, cap, without=None):
    """What counts against one target; ``statements`` are (source, target, amount) triples."""
    by_community = defaultdict(float)
    for source, about, amount in statements:
        if about == target and source != without:
            by_community[communities[source]] += voices[source] * amount / in_favour
    return sum(min(cap, said) for said in by_community.values())


def earned(graph, trust, discount, restart):
    """What reaches every account along edges."""
    return reference.passing_matrix(reference.weight_matrix(graph), discount, restart) @ trust


def unvouched(statements, graph, trust):
    """What every statement has left where fellow reporters do not count, in the order of the statements."""
    weights = reference.weight_matrix(graph)
    totals = weights.sum(axis=1)
    left = []
    for source, about, amount in statements:
        fellows = {s for s, t, _ in statements if t == about}
        given = {a: trust[a] * weights[a, source] / totals[a] for a in range(graph.n) if weights[a, source] > 0}
        every, others = sum(given.values()), sum(part for a, part in given.items() if a not in fellows)
        left.append(amount * others / every if every > 0 else 0.0)
    return left


def voices_for(graph, trust, target):
    """Voices for one account: whoever trusts it, at most one voice each."""
    n, weights = graph.n, reference.weight_matrix(graph)
    return sum(min(weights[a, target], 1.0) * trust[a] / (trust[a] + 1 / n) for a in range(n) if weights[a, target] > 0)


def voices_against(statements, trust, target):
    """Voices against one account: whoever reported it, at most one voice each."""
    by_source = defaultdict(float)
    for source, about, amount in statements:
        if about == target:
            by_source[source] += amount
    n = len(trust)
    return sum(min(amount, 1.0) * trust[a] / (trust[a] + 1 / n) for a, amount in by_source.items())


def confidence(evidence, rigor):
    """As GrapeRank writes it."""
    return 1 - np.exp(-evidence * -np.log(rigor))
