"""Slow, obviously right versions of ``guanxi.authenticity.sybils``: sets and loops over accounts."""

import hashlib


def mutual(pairs):
    """Whom each account has ties with, from pairs (follower, followee) of which both directions are there."""
    there = {(a, b) for a, b in pairs if a != b}
    ties = {}
    for a, b in there:
        if (b, a) in there:
            ties.setdefault(a, set()).add(b)
    return ties


def embedded(pairs, floor):
    """Weight of every tie, by (account, account)."""
    ties = mutual(pairs)
    return {(a, b): floor + sum(1 / len(ties[c]) for c in ties[a] & ties[b]) for a in ties for b in ties[a]}


def mean_over_ties(weights, score, a):
    mine = {b: weight for (other, b), weight in weights.items() if other == a}
    return sum(weight * score[b] for b, weight in mine.items()) / sum(mine.values()) if mine else 0.0


def sybilscar(weights, prior, n_sweeps):
    score = list(prior)
    for _ in range(n_sweeps):
        score = [prior[a] + mean_over_ties(weights, score, a) for a in range(len(prior))]
    return score


def clip(value):
    return min(max(value, -0.5), 0.5)


def bounded_scar(weights, prior, restart):
    """In place, account by account: another way to the one solution."""
    score = [0.0] * len(prior)
    for _ in range(200):
        for a in range(len(prior)):
            score[a] = clip(prior[a] + (1 - restart) * mean_over_ties(weights, score, a))
    return score


def gang_step(pairs, prior, score, weight):
    """What the equation of GANG makes of ``score``."""
    there = {(a, b) for a, b in pairs if a != b}
    new = []
    for a in range(len(prior)):
        heard = 0.0
        for b in range(len(prior)):
            if (a, b) in there and (b, a) in there:
                heard += score[b]
            elif (b, a) in there:
                heard += min(score[b], 0.0)
            elif (a, b) in there:
                heard += max(score[b], 0.0)
        new.append(clip(prior[a] + 2 * weight * heard))
    return new


def gang(pairs, prior, weight):
    score = list(prior)
    for _ in range(600):
        new = gang_step(pairs, prior, score, weight)
        score = [(old + later) / 2 for old, later in zip(score, new, strict=True)]
    return score


def sybilrank(weights, honest, n, n_sweeps):
    trust = [1 / len(honest) if a in honest else 0.0 for a in range(n)]
    given = {a: sum(weight for (b, _), weight in weights.items() if a == b) for a in range(n)}
    for _ in range(n_sweeps):
        trust = [
            sum(trust[b] * weight / given[b] for (b, target), weight in weights.items() if target == a)
            for a in range(n)
        ]
    return [-trust[a] / given[a] if given[a] else 0.0 for a in range(n)]


def hmac_sha256(key, message):
    """RFC 2104, for keys of at most one block."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).digest()


def rotating_seeds(account_ids, secret, period, n_seeds):
    header = b"guanxi sybil seeds 1" + len(period.encode()).to_bytes(8, "big") + period.encode()
    by_digest = sorted((hmac_sha256(secret, header + name.encode()), at) for at, name in enumerate(account_ids))
    return sorted(at for _, at in by_digest[:n_seeds])


def transitivity(ties):
    """Closed part of all pairs of acquaintances, from whom each account has ties with."""
    pairs = [(b, c) for friends in ties.values() for b in friends for c in friends if b < c]
    return sum(c in ties[b] for b, c in pairs) / len(pairs) if pairs else 0.0
