"""Made-up worlds in which it is known whom people listen to, and the measures of a fit done the slow way."""

import math

import numpy as np

from guanxi.trust import personal_trust
from strategies import day


def world(seed, *, heed, n=240, n_creators=60, n_items=1200, n_days=360, n_follows=12, n_trusts=3, n_buys=8):
    """Rows of events: creators share items; viewers follow many of them at random and trust few, and buy.

    Whose item is bought is drawn among those that a viewer follows or trusts; a trusted one is drawn ``heed`` times as
    often as one that is merely followed. ``heed`` None: what is bought has nothing to do with anybody.
    """
    rng = np.random.default_rng(seed)
    shared = {c: rng.choice(n_items, 20, replace=False).tolist() for c in range(n_creators)}
    rows = [_row("share", f"c{c}", f"i{item}", rng.integers(0, 60), rng) for c in shared for item in shared[c]]
    weights = np.repeat([heed or 1.0, 1.0], [n_trusts, n_follows])
    for viewer in range(n):
        heard = rng.choice(n_creators, n_trusts + n_follows, replace=False).tolist()
        ties = ["trust"] * n_trusts + ["follow"] * n_follows
        rows += [_row(tie, f"a{viewer}", f"c{c}", 0, rng) for tie, c in zip(ties, heard, strict=True)]
        for when in rng.integers(61, n_days, n_buys).tolist():
            sharer = rng.choice(heard, p=weights / weights.sum())
            item = rng.integers(n_items) if heed is None else rng.choice(shared[sharer])
            rows.append(_row("purchase", f"a{viewer}", f"i{item}", when, rng))
    return rows


def _row(relation, source, target, when, rng):
    return {"relation": relation, "source": source, "target": target, "time": day(when + float(rng.random()))}


def judged(question, run, *, spread=0.5, popularity=0.1, top=10, circle=200):
    """Log-likelihood, recall and NDCG of each viewer from exact personal trust, one candidate after the other."""
    found = []
    for place, viewer in enumerate(question.held_out.viewers.tolist()):
        trust = personal_trust(run.graph, viewer, discount=run.discount, restart=run.strategy.restart).scores
        blocked = _targets(run.snapshot, "block", "account", viewer)
        near = [a for a in range(run.graph.n) if a != viewer and trust[a] > 0]
        nearest = [a for a in sorted(near, key=lambda a: (-trust[a], a))[:circle] if a not in blocked]
        hidden = _hidden(question, run.snapshot, viewer)
        scores = {c: 0.0 for c in range(len(question.popularity)) if c not in hidden}
        if question.target == "accounts":
            scores |= {a: trust[a] for a in nearest if a in scores}
        else:
            for account in nearest:
                items, weights = run.interactions.items_of(account)
                for item, weight in zip(items.tolist(), weights.tolist(), strict=True):
                    if item in scores:
                        scores[item] += trust[account] * weight / max(len(items), 1) ** spread
        found.append(_measures(scores, question.popularity, question.held_out.of(place).tolist(), popularity, top))
    return np.array(found).T


def _hidden(question, snapshot, viewer):
    kind = "item" if question.target == "items" else "account"
    names = ("purchase", "share") if kind == "item" else ("follow", "trust", "block")
    own = set() if kind == "item" else {viewer}
    return own.union(*(_targets(snapshot, name, kind, viewer) for name in names))


def _targets(snapshot, name, kind, source):
    relation = snapshot.relation(name, kind)
    return set(relation.targets[relation.rows_of(source)].tolist())


def _measures(scores, popular, targets, part, top):
    total, crowd = sum(scores.values()), sum(popular[c] for c in scores)
    part = part if total > 0 else 1.0
    logs = [math.log((1 - part) * (scores[t] / total if total else 0.0) + part * popular[t] / crowd) for t in targets]
    best = sorted((c for c in scores if scores[c] > 0), key=lambda c: (-scores[c], c))[:top]
    gained = sum(1 / math.log2(rank + 2) for rank, c in enumerate(best) if c in targets)
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(top, len(targets))))
    return sum(logs) / len(logs), sum(c in targets for c in best) / len(targets), gained / ideal
