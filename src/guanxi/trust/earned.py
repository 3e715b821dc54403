"""The part of trust that others give, apart from what everybody is given for nothing."""

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.graph import TrustGraph
from guanxi.trust.options import Vector, check_discount, check_restart


def earned(graph: TrustGraph, trust: Vector, *, discount: npt.ArrayLike | None = None, restart: float = 0.15) -> Vector:
    """What reaches every account along edges: its global trust without its share of the restart.

    ``e[b] = (1 - restart) * d[b] * sum_a t[a] * w(a, b) / W(a)``, the first term of ``eigentrust``. Whoever makes a
    thousand accounts has a thousand shares of the restart, where all accounts are seeds, and earns nothing by them.

    Parameters
    ----------
    graph : TrustGraph
        Local trust between ``n`` accounts.
    trust : numpy.ndarray, shape (n,)
        Global trust, as ``eigentrust`` gives it.
    discount, restart
        As there.

    Returns
    -------
    numpy.ndarray, shape (n,)
        At most ``trust``, up to the solver's tolerance; 0 for an account that nobody trusts.

    Notes
    -----
    Time O(edges); sums are in the order of the rows.

    Examples
    --------
    >>> from guanxi.trust import eigentrust
    >>> graph = TrustGraph.from_edges(3, source=[0, 1], target=[1, 0])
    >>> earned(graph, eigentrust(graph, [1.0, 1.0, 1.0], restart=0.5), restart=0.5).round(4).tolist()
    [0.2, 0.2, 0.0]
    """
    arrives, restart = check_discount(discount, graph.n), check_restart(restart)
    sums = graph.out_sums
    per_weight = np.divide(trust, sums, out=np.zeros(graph.n), where=sums > 0)
    found = np.zeros(graph.n)
    _gather(graph.in_offsets, graph.sources, graph.in_weights, per_weight, found)
    return (1 - restart) * found * (1.0 if arrives is None else arrives)


@nb.njit(cache=True, nogil=True)
def _gather(in_offsets, sources, in_weights, per_weight, found):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    for account in range(len(found)):
        total = 0.0
        for edge in range(in_offsets[account], in_offsets[account + 1]):
            total += per_weight[sources[edge]] * np.float64(in_weights[edge])
        found[account] = total
