"""What the package answers with whatever kernels it has; for processes that have others than the tests."""

import tempfile
from pathlib import Path

import numpy as np

from guanxi.engine.options import Strategy
from guanxi.engine.scoring import Run, score
from guanxi.trust import TrustRow, eigentrust, pagerank, personal_trust
from strategies import row, snapshot_of
from trust.graphs import crowded_graph

NAMES = ["ann", "bob", "cat", "dan", "eve"]


def of_trust():
    graph = crowded_graph(300)
    parts = [
        eigentrust(graph, np.ones(300), discount=np.linspace(0, 1, 300), tol=1e-13),
        pagerank(graph, tol=1e-13),
        personal_trust(graph, 5, row=TrustRow([2, 9], [1, 2])).scores,
    ]
    return np.concatenate(parts)


def of_a_run():
    rows = [row("follow", a, b, at=1) for a in NAMES for b in NAMES if a < b]
    rows += [row("share", "bob", "pot", at=2), row("purchase", "ann", "pot", at=3), row("purchase", "cat", "tea", at=3)]
    snapshot = snapshot_of(rows)
    with tempfile.TemporaryDirectory() as folder:
        run = Run.open(score(snapshot, Strategy(), Path(folder)), snapshot)
        return np.concatenate([run.global_trust, run.pagerank, run.prior, run.discount])
