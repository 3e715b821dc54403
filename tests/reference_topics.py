"""Slow, obviously right topic trust: the events of the topic alone, dense matrices, and the average in a loop."""

import numpy as np

import reference
import reference_graph

SPEAK = (("share", "item"), ("purchase", "item"))
TIES = (("follow", "account"), ("trust", "account"), ("block", "account"))


def items_of(found, topic):
    """Items of a topic, from what ``reference_graph.relations`` returns."""
    return {item for item, of, *_ in found.get(("categorise", "topic"), []) if of == topic}


def local_trust(found, weights, as_of, topic, *, attribution_days=90.0):
    """{(source, target): weight} of what was done to the items of a topic."""
    items = items_of(found, topic)
    narrow = {key: found[key] for key in TIES if key in found}
    narrow |= {key: [edge for edge in found[key] if edge[1] in items] for key in SPEAK if key in found}
    nothing = type(weights["follow"])(0.0)
    return reference_graph.local_trust(
        narrow, {**weights, "follow": nothing, "trust": nothing}, as_of, attribution_days=attribution_days
    )


def fallback(graph, viewer, *, half, row=None, discount=None, restart=0.15):
    """Weight of general trust: by how much the accounts that trust passes through lack evidence."""
    weights, place = reference.personal_weights(graph, viewer, row)
    trust = np.append(*reference.personal_trust(graph, viewer, row=row, discount=discount, restart=restart))
    if viewer is not None:
        trust[-1] = 0.0  # the place of an unknown viewer
    arrives = np.append(np.ones(graph.n) if discount is None else discount, 1.0)
    if weights[place] @ arrives == 0:
        return 1.0
    lacking = passed = 0.0
    for account in range(graph.n + 1):
        evidence = weights[account] @ arrives
        if evidence > 0:
            passes = trust[account] * evidence / weights[account].sum()
            lacking += passes * half / (half + evidence)
            passed += passes
    return lacking / passed


def topic_trust(general, graph, viewer, *, half, row=None, general_row=None, discount=None, restart=0.15):
    """Trust of every account on a topic, from the graph of everything and that of the topic."""
    own, _ = reference.personal_trust(graph, viewer, row=row, discount=discount, restart=restart)
    other, _ = reference.personal_trust(general, viewer, row=general_row, discount=discount, restart=restart)
    weight = fallback(graph, viewer, half=half, row=row, discount=discount, restart=restart)
    return (1 - weight) * own + weight * other
