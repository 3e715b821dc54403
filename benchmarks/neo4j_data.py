"""Relations for the benchmarks of Neo4j, as tables of events."""

import numpy as np
import pyarrow as pa

from graphs import community_edges
from guanxi.events import parse_events

NOW_US = 1_800_000_000_000_000


def follows(n, rng):
    """Distinct pairs of a community graph in random order, with a time each."""
    n_accounts, source, target = community_edges(n + n // 5, rng)
    pairs = np.unique((source * n_accounts + target)[source != target])
    pairs = rng.permutation(pairs)[:n]
    return _events("follow", _named("u", pairs // n_accounts), _named("u", pairs % n_accounts), rng)


def purchases(n, rng):
    """Purchases with an order number, time and quantity: everybody buys about ten things, some things sell best."""
    items = np.minimum(rng.zipf(1.5, n), 10**7) * 7919 % max(10, n // 20)
    order = pa.array(f"order-{at:09d}" for at in rng.permutation(n).tolist())
    value = pa.array(rng.integers(1, 5, n).astype(np.float64))
    return _events(
        "purchase", _named("u", rng.integers(n // 10, size=n)), _named("i", items), rng, id=order, value=value
    )


def _events(relation, source, target, rng, **more):
    time = pa.array(1_600_000_000_000_000 + rng.integers(10**14, size=len(source)))
    raw = {"relation": pa.array([relation] * len(source)), "source": source, "target": target, "time": time}
    return parse_events(raw | more, now_us=NOW_US).events


def _named(letter, numbers):
    return pa.array(f"{letter}{number:08d}" for number in numbers.tolist())


KINDS = {"follows": follows, "purchases": purchases}
