"""Slow and obviously right: which links count, which accounts are one actor, and what the actors say of each other."""

from itertools import pairwise, permutations


def verdict_of(statements, *, proofs, confidence, as_of, blocked=False):
    """Verdict on one pair, without the bound on the number of accounts; and the confidence of a link that holds.

    ``statements`` has one (proof, confidence, expires) for each side that speaks.
    """

    def holds(some):
        found = [value for proof, value, _ in some if proof in proofs]
        if len(some) == 2 and "mutual" in proofs:
            found.append(min(value for _, value, _ in some))
        return max(found, default=None)

    sure = [said for said in statements if said[1] >= confidence]
    live = [said for said in statements if said[2] is None or as_of is None or said[2] > as_of]
    both = [said for said in sure if said in live]
    if holds(both) is not None:
        return ("BLOCKED", None) if blocked else ("LINKED", holds(both))
    if holds(sure) is not None:
        return "EXPIRED", None
    if holds(live) is not None:
        return "UNSURE", None
    return ("EXPIRED" if holds(statements) is not None else "UNPROVEN"), None


def groups_of(n, links, most):
    """Accounts as sets, and which links were left out; ``links`` are (confidence, since, first, second)."""
    groups, left_out = [{account} for account in range(n)], []
    late = float("inf")
    for link in sorted(links, key=lambda of: (-of[0], late if of[1] is None else of[1], of[2], of[3])):
        one, other = (next(group for group in groups if end in group) for end in link[2:])
        if one is other:
            continue
        if len(one) + len(other) > most:
            left_out.append(link[2:])
            continue
        groups.remove(other)
        one |= other
    return groups, left_out


def confidence_of(account, home, group, links):
    """Best product along a path of links, over every path there is."""
    known = {frozenset(ends): value for value, _, *ends in links}
    if account == home:
        return 1.0
    best = 0.0
    inner = sorted(group - {account, home})
    for length in range(len(inner) + 1):
        for middle in permutations(inner, length):
            value = 1.0
            for ends in pairwise((account, *middle, home)):
                value *= known.get(frozenset(ends), 0.0)
            best = max(best, value)
    return best


def shared(groups, standing, discount):
    """Discount of every account."""
    found = {}
    for group in groups:
        home = min(group, key=lambda b: (-standing[b], b))
        total = sum(standing[a] for a in group)
        mean = sum(standing[a] * discount[a] for a in group) / total
        found |= dict.fromkeys(group, min(mean, discount[home]))
    return found


def contracted(weights, groups, links, standing, blocks):
    """Trust between actors: (representative, representative) -> weight."""
    home = {a: min(group, key=lambda b: (-standing[b], b)) for group in groups for a in group}
    q = {a: confidence_of(a, home[a], group, links) for group in groups for a in group}
    said = {a: sum(w for (source, _), w in weights.items() if source == a) for a in home}
    f = {}
    for group in groups:
        speakers = [a for a in group if said[a] > 0] or sorted(group)
        lead = min(speakers, key=lambda b: (-standing[b], b))
        for a in group:
            f[a] = q[a] * (min(1.0, said[lead] / said[a]) if said[a] else 1.0)
    refused = {(home[a], home[b]) for a, b in blocks}
    found = {}
    for (a, b), w in weights.items():
        pair = home[a], home[b]
        if pair[0] != pair[1] and pair not in refused and w * f[a] > 0:
            found[pair] = max(found.get(pair, 0.0), w * f[a])
    return found
