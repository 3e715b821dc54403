"""Slow, obviously right versions: every walk one by one, and dense matrices; nothing shared with the package."""

import itertools

import numpy as np

from reference import passing_matrix, personal_weights


def _passing(graph, viewer, row, discount, restart):
    """Entry (a, b) is what the hop from a to b passes on; nothing goes back to the viewer. And the viewer's place."""
    weights, place = personal_weights(graph, viewer, row)
    discount = np.append(np.ones(graph.n) if discount is None else discount, 1.0)
    passing = passing_matrix(weights, discount, restart).T
    return passing, place


def all_walks(graph, viewer, target, *, viewer_mass, max_hops, row=None, discount=None, restart=0.15, is_open=None):
    """Every walk of at most ``max_hops`` hops that carries something, with what it carries, by accounts."""
    passing, place = _passing(graph, viewer, row, discount, restart)
    outside = -1 if viewer is None else viewer
    if target == viewer:
        return {(viewer,): viewer_mass}
    found, walks = {}, {(place,): viewer_mass}
    for _ in range(max_hops):
        walks = {
            (*walk, b): carried * passing[walk[-1], b]
            for walk, carried in walks.items()
            for b in range(graph.n)
            if b != place and passing[walk[-1], b] > 0
        }
        found |= {(outside, *walk[1:]): carried for walk, carried in walks.items() if walk[-1] == target}
    if is_open is None:
        return found
    return {w: c for w, c in found.items() if all(is_open(a, b) for a, b in itertools.pairwise(w) if a != outside)}


def totals(graph, viewer, target, *, viewer_mass, max_hops, row=None, discount=None, restart=0.15):
    """What walks of each length carry together, and what all longer ones do."""
    passing, place = _passing(graph, viewer, row, discount, restart)
    start = np.eye(len(passing))[place]
    if target == viewer:
        return np.append(viewer_mass, np.zeros(max_hops)), 0.0
    passing[:, place] = 0
    found, mass = [], start
    for _ in range(max_hops + 1):
        found.append(viewer_mass * mass[target])
        mass = mass @ passing
    rest = np.linalg.solve((np.eye(len(passing)) - passing).T, mass)
    return np.array(found), viewer_mass * rest[target]


def passing_by(graph, start, target, accounts, *, discount=None, restart=0.15, silent=None):
    """What part of a unit from ``start`` first arrives at the target by walks through none of ``accounts``."""
    weights, _ = personal_weights(graph, None, None)
    passing = passing_matrix(weights, np.append(np.ones(graph.n) if discount is None else discount, 1.0), restart).T
    passing = passing[: graph.n, : graph.n]
    stays = [target, *([] if silent is None else [silent])]
    passing[stays] = 0
    passing[list(accounts)], passing[:, list(accounts)] = 0, 0
    start = np.array(start, dtype=float) / np.sum(start)
    start[list(accounts)] = 0
    return float(np.linalg.solve((np.eye(graph.n) - passing).T, start)[target])


def smallest_carriers(graph, start, target, *, share, barred, silent=None, **options):
    """The size of the smallest set that carries a share of what others carry, by trying all; and the part of the rest.

    None where nobody carries anything.
    """
    candidates = [a for a in range(graph.n) if a not in {target, silent, *barred}]
    options |= {"silent": silent}
    whole, own = (passing_by(graph, start, target, of, **options) for of in ([], candidates))
    if whole - own <= 1e-12 * whole:
        return None, 1.0
    for size in range(1, len(candidates) + 1):
        for chosen in itertools.combinations(candidates, size):
            if whole - passing_by(graph, start, target, chosen, **options) >= (share - 1e-11) * (whole - own):
                return size, own / whole
    raise AssertionError("all candidates together carry everything")
