"""Forward push as one would write it down: dense matrices, a list as the queue, nothing shared with the kernels."""

import numpy as np

from reference import passing_matrix, personal_weights


def push(graph, viewer, *, eps, row=None, discount=None, restart=0.15):
    """Settled trust and residual of every account, an unknown viewer at the end, before scaling."""
    weights, place = personal_weights(graph, viewer, row)
    discount = np.ones(graph.n) if discount is None else np.asarray(discount)
    passing = passing_matrix(weights, np.append(discount, 1.0), restart)
    limits = eps * np.maximum(np.append(np.diff(graph.offsets), 0), 1)
    settled, residual = np.zeros(graph.n + 1), np.eye(graph.n + 1)[place]
    queue = [place]
    while queue:
        account = queue.pop(0)
        amount, residual[account] = residual[account], 0.0
        settled[account] += amount
        before = residual.copy()
        residual += passing[:, account] * amount
        queue += np.flatnonzero((before <= limits) & (residual > limits)).tolist()
    return settled, residual


def correction(graph, mean_residual, *, discount=None, restart=0.15):
    """Where a unit of the mean residual goes on to."""
    weights, _ = personal_weights(graph, None, None)
    discount = np.ones(graph.n) if discount is None else np.asarray(discount)
    passing = passing_matrix(weights, np.append(discount, 1.0), restart)[: graph.n, : graph.n]
    return np.linalg.solve(np.eye(graph.n) - passing, mean_residual) - mean_residual


def top(scores, viewer, size):
    """Accounts by falling score, equal ones by index, without the viewer and those without trust."""
    order = sorted((a for a in range(len(scores)) if a != viewer and scores[a] > 0), key=lambda a: (-scores[a], a))
    return order[:size]
