"""Slow, obviously right: reach with one exact solution per viewer, peers one account at a time, grounds by hand."""

from collections import defaultdict

import numpy as np

from guanxi.trust import personal_trust


def reach(graph, labels, *, weights=None, discount=None, restart=0.15):
    """Sums over viewers, as dicts of lists per account."""
    found = {name: np.zeros(graph.n) for name in ("scores", "trust", "known", "effective", "n_communities", "home")}
    for account in range(graph.n):
        strangers, roots = [], defaultdict(float)
        for viewer in range(graph.n):
            known, _ = graph.row(viewer)
            if not len(known) or viewer == account:
                continue
            worth = 1.0 if weights is None else weights[viewer]
            amount = worth * personal_trust(graph, viewer, discount=discount, restart=restart).scores[account]
            if account in known:
                found["known"][account] += amount
            else:
                strangers.append(amount)
                roots[labels[viewer]] += (worth * amount) ** 0.5
        total = sum(roots.values())
        found["scores"][account] = total
        found["trust"][account] = sum(strangers)
        if total:
            found["effective"][account] = sum(strangers) ** 2 / sum(x * x for x in strangers)
            found["n_communities"][account] = total**2 / sum(x * x for x in roots.values())
            found["home"][account] = roots[labels[account]] / total
    return found


def expected(size, value, *, at_least=5, n_peers=200, fewest=40):
    """Value on the line through the peers of each account, and its ends; None where there are too few."""
    pool = sorted((a for a in range(len(size)) if size[a] >= at_least), key=lambda a: (size[a], a))
    if len(pool) <= fewest:
        return [None] * len(size)
    width = min(n_peers, len(pool) - 1) + 1
    found = [None] * len(size)
    for place, account in enumerate(pool):
        first = min(max(place - width // 2, 0), len(pool) - width)
        peers = [other for other in pool[first : first + width] if other != account]
        x, y = np.log([size[a] for a in peers]), np.log1p([value[a] for a in peers])
        slope, shift = np.polyfit(x, y, 1) if np.ptp(x) > 0 else (0.0, y.mean())
        apart = y - slope * x - shift
        at = slope * np.log(size[account]) + shift
        ends = (at, *(at + np.quantile(apart, q) for q in (0.05, 0.95)))
        found[account] = tuple(max(np.expm1(end), 0.0) for end in ends)
    return found
