"""Slow, obviously right versions of the kernels of ``guanxi.authenticity``, and graphs to try them on."""

import math

import numpy as np

from guanxi.authenticity import Audience

SCALE = 2**30


def densest(pairs):
    """FRAUDAR's greedy peeling from the definition: every sum is taken anew at every step.

    Members are ("follower", index) before ("followee", index); returns both sides and the objective.
    """
    followers_of = {}
    for follower, followee in pairs:
        followers_of.setdefault(followee, set()).add(follower)
    weight = {b: round(SCALE / math.log(len(who) + 5.0)) for b, who in followers_of.items()}
    members = sorted({(0, a) for a, _ in pairs} | {(1, b) for _, b in pairs})
    best, best_members = -1.0, members
    while members:
        inside = [(a, b) for a, b in pairs if (0, a) in members and (1, b) in members]
        objective = sum(weight[b] for _, b in inside) / len(members)
        if objective > best:
            best, best_members = objective, list(members)
        loss = {(side, index): sum(weight[b] for a, b in inside if (a, b)[side] == index) for side, index in members}
        members.remove(min(members, key=lambda member: (loss[member], member)))
    sides = [sorted(index for side, index in best_members if side == which) for which in range(2)]
    return *sides, best / SCALE


def fraudar(pairs, max_blocks):
    """Blocks one after the other, each as (followers, followees, objective)."""
    pairs, blocks = sorted(set(pairs)), []
    while pairs and len(blocks) < max_blocks:
        followers, followees, objective = densest(pairs)
        blocks.append((followers, followees, objective))
        pairs = [(a, b) for a, b in pairs if not (a in followers and b in followees)]
    return blocks


def random_audience(rng, n=2000, degree=10, *, mutual=0.3):
    """Relations at random, popularity by a heavy tail, part of them returned."""
    popularity = rng.pareto(2.0, n) + 0.1
    source = np.repeat(np.arange(n), rng.poisson(degree, n))
    target = rng.choice(n, len(source), p=popularity / popularity.sum())
    back = rng.random(len(source)) < mutual
    return Audience.from_edges(
        n, source=np.concatenate([source, target[back]]), target=np.concatenate([target, source[back]])
    )


def community_audience(rng, n=1200, size=30, *, inside=0.4, outside=0.002, symmetric=False):
    """Communities of ``size``, dense inside; relations go one way unless chance or ``symmetric`` returns them."""
    same = np.arange(n)[:, None] // size == np.arange(n)[None, :] // size
    there = rng.random((n, n)) < np.where(same, inside, outside)
    source, target = np.nonzero(there | there.T if symmetric else there)
    return Audience.from_edges(n, source=source, target=target)


def pagerank(audience, pre_trust, restart=0.15):
    """Global trust with restart, and the floor: what an account gets that nobody trusts."""
    pre_trust = pre_trust / pre_trust.sum()
    trust, degree = pre_trust.copy(), audience.n_following
    source = audience.edge_sources()
    for _ in range(200):
        flow = np.bincount(audience.targets, (trust / np.maximum(degree, 1))[source], minlength=audience.n)
        trust = (1 - restart) * (flow + trust[degree == 0].sum() * pre_trust) + restart * pre_trust
    return trust, (restart + (1 - restart) * trust[degree == 0].sum()) * pre_trust
