"""Slow, obviously right versions: dense matrices and a linear solver, nothing shared with the package's kernels."""

from itertools import pairwise

import numpy as np


def weight_matrix(graph, *, extra=0):
    """Dense local trust, shape (n + extra, n + extra): entry (a, b) is how much ``a`` trusts ``b``."""
    matrix = np.zeros((graph.n + extra, graph.n + extra))
    for account in range(graph.n):
        for edge in range(graph.offsets[account], graph.offsets[account + 1]):
            matrix[account, graph.targets[edge]] += float(graph.weights[edge])
    return matrix


def passing_matrix(weights, discount, restart):
    """Entry (b, a) is the part of the trust of ``a`` that one step brings to ``b``."""
    totals = weights.sum(axis=1, keepdims=True)
    rows = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    return (1 - restart) * np.asarray(discount, dtype=float)[:, None] * rows.T


def solve_trust(weights, seeds, discount, restart):
    """Solve for trust: it is proportional to what the seeds alone spread, and sums to one."""
    passing = passing_matrix(weights, discount, restart)
    spread = np.linalg.solve(np.eye(len(seeds)) - passing, np.asarray(seeds, dtype=float))
    return spread / spread.sum()


def eigentrust(graph, pre_trust, *, discount=None, restart=0.15):
    discount = np.ones(graph.n) if discount is None else discount
    return solve_trust(weight_matrix(graph), pre_trust, discount, restart)


def pagerank(graph, *, pre_trust=None, weighted=False, discount=None, restart=0.15):
    weights = weight_matrix(graph)
    seeds = np.ones(graph.n) if pre_trust is None else pre_trust
    discount = np.ones(graph.n) if discount is None else discount
    return solve_trust(weights if weighted else (weights > 0).astype(float), seeds, discount, restart)


def personal_weights(graph, viewer, row):
    """Dense local trust with a place for an unknown viewer at the end, and the viewer's place in it."""
    weights = weight_matrix(graph, extra=1)
    place = graph.n if viewer is None else viewer
    if row is not None:
        weights[place] = 0
        weights[place, np.asarray(row.targets, dtype=int)] = row.weights
    return weights, place


def personal_trust(graph, viewer, *, row=None, discount=None, restart=0.15):
    """Trust of every account, and of the viewer itself."""
    weights, place = personal_weights(graph, viewer, row)
    discount = np.ones(graph.n) if discount is None else discount
    trust = solve_trust(weights, np.eye(graph.n + 1)[place], np.append(discount, 1.0), restart)
    return trust[: graph.n], trust[place]


def inflow(graph, viewer, target, *, row=None, discount=None, restart=0.15):
    """Contribution of every source to the personal trust of ``target``; the key -1 is an unknown viewer."""
    weights, place = personal_weights(graph, viewer, row)
    discount = np.append(np.ones(graph.n) if discount is None else discount, 1.0)
    trust = solve_trust(weights, np.eye(graph.n + 1)[place], discount, restart)
    passed = passing_matrix(weights, discount, restart) * trust
    terms = {a if a < graph.n else -1: passed[target, a] for a in range(graph.n + 1) if passed[target, a] > 0}
    if target == viewer:
        terms[viewer] = 1 - passed.sum()
    return terms


def phased_sweeps(matrix, flow, base, bounds, *, n_sweeps):
    """States after each of some sweeps in which the slots between two bounds settle together, from dense arrays."""
    state, states = flow.trust.copy(), []
    for _ in range(n_sweeps):
        given = base + (flow.kept * state).sum() * flow.seeds
        given[flow.row.targets] += flow.row.passed * state[flow.row.viewer]
        for first, last in pairwise(bounds):
            arrived = matrix[first:last] @ (flow.inverse * state)
            state[first:last] = flow.share[first:last] * arrived + given[first:last]
        states.append(state.copy())
    return np.array(states)
