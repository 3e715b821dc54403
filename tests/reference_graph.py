"""Slow, obviously right versions: what events amount to, local trust and recommendations, with dicts and loops."""

from collections import defaultdict

import numpy as np

from guanxi.events import event_ids
from guanxi.events.values import DAY_US
from guanxi.schema import load_model

MODEL = load_model()
BEFORE_ALL, AFTER_ALL = float("-inf"), float("inf")


def relations(events):
    """What a table of events amounts to: {(relation, target kind): [(source, target, time, value, via)]}, sorted."""
    by_id = dict(zip(event_ids(events), events.to_pylist(), strict=True))
    groups = defaultdict(dict)
    for id_, event in by_id.items():
        groups[event["relation"], event["target_kind"]][id_] = event
    found = {}
    for (code, kind), group in groups.items():
        relation = MODEL.relation(MODEL.relation_name(code))
        standing = _states(group) if relation.form == "state" else _facts(group)
        if standing:
            ordered = sorted(standing, key=lambda e: (e["source"], e["target"], *_when(e)))
            edges = [tuple(e[name] for name in ("source", "target", "time", "value", "via")) for e in ordered]
            found[relation.name, MODEL.kind_name(kind)] = edges
    return found


def _when(event):
    """Order of events of one pair: by time, unknown first; at one time by key."""
    time = BEFORE_ALL if event["time"] is None else event["time"]
    return time, event["key_hi"], event["key_lo"]


def _states(group):
    last = {}
    for event in group.values():
        pair = event["source"], event["target"]
        time, *key = _when(event)
        rank = (time, event["retract"], *key)
        if pair not in last or rank > last[pair][0]:
            last[pair] = rank, event
    return [event for _, event in last.values() if not event["retract"]]


def _facts(group):
    standing = {id_: event for id_, event in group.items() if not event["retract"]}
    retractions = [event for event in group.values() if event["retract"]]
    for retraction in retractions:
        fact = standing.get(retraction["retracts"])
        if fact and _pair(fact) == _pair(retraction):
            del standing[retraction["retracts"]]
    unnamed = [event for event in retractions if event["retracts"] is None]
    for retraction in sorted(unnamed, key=_moment):
        before = {
            id_: fact
            for id_, fact in standing.items()
            if _pair(fact) == _pair(retraction) and _when(fact)[0] <= _moment(retraction)
        }
        if before:
            del standing[max(before, key=lambda id_: _when(before[id_]))]
    return list(standing.values())


def _pair(event):
    return event["source"], event["target"]


def _moment(retraction):
    return AFTER_ALL if retraction["time"] is None else retraction["time"]


# -- graphs -----------------------------------------------------------------------------------------------------------


def trust_graph(n, source, target, weight):
    """The arrays of a trust graph as they were first built: sorted as a whole, summed by numpy."""
    kept = source != target
    key, value = source[kept] * n + target[kept], weight[kept]
    order = np.lexsort((value, key))
    pairs, groups = np.unique(key[order], return_inverse=True)
    total = np.bincount(groups, weights=value[order], minlength=len(pairs))
    float32 = np.finfo(np.float32)
    weights = np.clip(total, float(float32.tiny), float(float32.max)).astype(np.float32)
    rows, columns = pairs // n, pairs % n
    back = np.argsort(columns, kind="stable")
    forward = [_offsets(rows, n), columns.astype(np.uint32), weights]
    return [*forward, _offsets(columns, n), rows[back].astype(np.uint32), weights[back]]


def _offsets(rows, n):
    return np.searchsorted(np.sort(rows), np.arange(n + 1))


# -- local trust ------------------------------------------------------------------------------------------------------


def faded(time, half_life_days, as_of):
    if time is None or half_life_days is None or as_of is None:
        return 1.0
    return 0.5 ** (max(as_of - time, 0) / DAY_US / half_life_days)


def local_trust(found, weights, as_of, *, attribution_days=90.0):
    """{(source, target): weight} from what ``relations`` returns."""

    def worth(name, time):
        return weights[name].weight * faded(time, weights[name].half_life_days, as_of)

    last = last_actions(found)
    trust = defaultdict(float)
    for source, target, time, _, _ in found.get(("follow", "account"), []):
        silence = faded(last.get(target), weights["follow"].half_life_days, as_of)
        trust[source, target] += worth("follow", time) * silence
    for source, target, time, level, _ in found.get(("trust", "account"), []):
        trust[source, target] += worth("trust", time) * (1.0 if level is None else level)
    for name, kind in (("share", "item"), ("share", "post"), ("purchase", "item")):
        for source, _, time, _, via in found.get((name, kind), []):
            if via is not None:
                trust[source, via] += worth(name, time)
    for source, item, time, _, via in found.get(("purchase", "item"), []):
        sharers = sharers_of(found, source, item, time, attribution_days) if via is None else set()
        for sharer in sharers:
            trust[source, sharer] += worth("purchase", time) / len(sharers)
    blocks = {(source, target) for source, target, *_ in found.get(("block", "account"), [])}
    return {pair: w for pair, w in trust.items() if w > 0 and pair not in blocks and pair[0] != pair[1]}


def sharers_of(found, buyer, item, time, attribution_days):
    """Whom of those that the buyer follows or trusts shared the item shortly before."""
    ties = {t for name in ("follow", "trust") for s, t, *_ in found.get((name, "account"), []) if s == buyer}
    if time is None:
        return set()
    return {
        sharer
        for sharer, shared, at, *_ in found.get(("share", "item"), [])
        if sharer in ties and shared == item and at is not None and 0 <= time - at <= attribution_days * DAY_US
    }


def last_actions(found):
    last = {}
    for (name, _), edges in found.items():
        if MODEL.relation(name).source == "account":
            for source, _, time, *_ in edges:
                if time is not None:
                    last[source] = max(time, last.get(source, time))
    return last


# -- recommendations --------------------------------------------------------------------------------------------------


def holdings(found, as_of, *, likelihood, floor=0.1):
    """{account: {item: weight}}; actions add up as independent witnesses do."""
    doubt = defaultdict(lambda: defaultdict(lambda: 1.0))
    for name, alone in likelihood.items():
        for source, item, time, *_ in found.get((name, "item"), []):
            left = faded(time, MODEL.relation(name).half_life_days, as_of)
            doubt[source][item] *= 1 - alone * (floor + (1 - floor) * left)
    return {account: {item: 1 - d for item, d in items.items()} for account, items in doubt.items()}


def popularity(held, standing, *, spread=0.5):
    """Standing of every item: the trust of its holders, each spread over their items; sums to one."""
    raw = defaultdict(float)
    for account, items in held.items():
        for item, weight in items.items():
            raw[item] += standing[account] / len(items) ** spread * weight
    total = sum(raw.values())
    return {item: amount / total for item, amount in raw.items()} if total else {}


def trusted_items(held, circle, *, spread=0.5):
    raw = defaultdict(float)
    for account, trust in circle.items():
        for item, weight in held.get(account, {}).items():
            raw[item] += trust * weight / len(held[account]) ** spread
    return raw


def closeness(held, own, viewer, *, alpha=0.7):
    """How close every account is in taste: RP3beta's first step."""
    holders = _holders(held)
    near = defaultdict(float)
    for item, weight in own.items():
        for account in holders.get(item, ()):
            if account != viewer:
                near[account] += weight / len(holders[item]) ** alpha
    return near


def taste(held, own, viewer, *, alpha=0.7, beta=0.4):
    """Score of every item by taste: RP3beta."""
    holders = _holders(held)
    raw = defaultdict(float)
    for account, close in closeness(held, own, viewer, alpha=alpha).items():
        for item in held[account]:
            raw[item] += close / len(held[account]) ** alpha / len(holders[item]) ** beta
    return raw


def _holders(held):
    holders = defaultdict(list)
    for account, items in held.items():
        for item in items:
            holders[item].append(account)
    return holders


def mixture(parts, weights, excluded):
    """{candidate: score}: each part scaled to one over the candidates; the weight of empty parts goes to the others."""
    open_ = {name: {k: v for k, v in part.items() if k not in excluded and v > 0} for name, part in parts.items()}
    live = {name: weights[name] for name in open_ if open_[name]}
    if live and not sum(live.values()):
        live = dict.fromkeys(live, 1.0)
    scores = defaultdict(float)
    for name, weight in live.items():
        for candidate, amount in open_[name].items():
            scores[candidate] += weight / sum(live.values()) * amount / sum(open_[name].values())
    return {candidate: score for candidate, score in scores.items() if score > 0}
