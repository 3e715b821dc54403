"""The trust graph: immutable arrays of weighted edges between accounts."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from guanxi import compiled as nb
from guanxi.errors import ParameterError
from guanxi.graph.rows import FloatArray, IndexArray, OffsetArray, row_sums, sort_rows, transposed

if TYPE_CHECKING:
    import igraph
    import networkx as nx

LARGEST_N = math.isqrt(2**63 - 1)  # a pair of indices must fit into one int64
_WEIGHT_RANGE = (float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max))


@dataclass(frozen=True, slots=True, eq=False)
class TrustGraph:
    """Local trust between ``n`` accounts, in compressed sparse rows, both ways.

    Row ``a`` of the forward half lists whom account ``a`` trusts, in increasing order of index and without
    repetition; row ``b`` of the backward half lists who trusts ``b``. Weights are raw (not scaled by row).

    Attributes
    ----------
    offsets : numpy.ndarray, shape (n + 1,), int64
        Row ``a`` is ``slice(offsets[a], offsets[a + 1])``.
    targets : numpy.ndarray, shape (m,), uint32
        Whom the edge points to.
    weights : numpy.ndarray, shape (m,), float32
        Local trust; finite, greater than zero.
    in_offsets, sources, in_weights : numpy.ndarray
        The same edges by target: ``sources`` are in increasing order within a row.

    Examples
    --------
    >>> graph = TrustGraph.from_edges(3, source=[0, 0, 1], target=[1, 2, 2], weight=[1.0, 1.0, 2.0])
    >>> graph.n, graph.m
    (3, 3)
    >>> graph.out_sums.tolist()
    [2.0, 2.0, 0.0]
    """

    offsets: npt.NDArray[np.int64]
    targets: npt.NDArray[np.uint32]
    weights: npt.NDArray[np.float32]
    in_offsets: npt.NDArray[np.int64]
    sources: npt.NDArray[np.uint32]
    in_weights: npt.NDArray[np.float32]

    @property
    def n(self) -> int:
        """Number of accounts."""
        return len(self.offsets) - 1

    @property
    def m(self) -> int:
        """Number of edges."""
        return len(self.targets)

    @property
    def out_sums(self) -> npt.NDArray[np.float64]:
        """Sum of weights that each account gives, shape (n,); added in the order of the row."""
        return row_sums(self.offsets, self.weights)

    @property
    def in_degrees(self) -> npt.NDArray[np.int64]:
        """Number of accounts that trust each account, shape (n,)."""
        return np.diff(self.in_offsets)

    def row(self, index: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
        """Whom account ``index`` trusts, and how much."""
        part = slice(int(self.offsets[index]), int(self.offsets[index + 1]))
        return self.targets[part], self.weights[part]

    def in_row(self, index: int) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.float32]]:
        """Who trusts account ``index``, and how much."""
        part = slice(int(self.in_offsets[index]), int(self.in_offsets[index + 1]))
        return self.sources[part], self.in_weights[part]

    def edge_sources(self) -> npt.NDArray[np.uint32]:
        """Source of every edge in forward order, shape (m,)."""
        return np.repeat(np.arange(self.n, dtype=np.uint32), np.diff(self.offsets))

    @classmethod
    def from_edges(
        cls,
        n: int,
        *,
        source: npt.ArrayLike,
        target: npt.ArrayLike,
        weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Build from parallel arrays of edges; parallel edges are added up, self-loops dropped.

        Edges may come in any order: weights of parallel edges are added in increasing order of weight, so that
        the result is the same to the bit. A sum beyond what float32 can hold becomes its largest number, a sum
        below its smallest normal one (about 1.2e-38) becomes that: a weight stays finite and greater than zero.

        Parameters
        ----------
        n : int
            Number of accounts, in 0..3037000499.
        source, target : array-like of int, shape (k,)
            Ends of each edge, in ``range(n)``.
        weight : array-like of float, shape (k,), optional
            Trust of each edge; finite, greater than zero. One where absent.

        Raises
        ------
        ParameterError
            If ``n`` or an index is out of range, the lengths differ, or a weight is not finite and positive.
        """
        src, dst = _indices("source", source), _indices("target", target)
        wgt = None if weight is None else np.asarray(weight, dtype=np.float64).ravel()
        _check_edges(n, src, dst, wgt)
        offsets = _kept_offsets(src, dst, np.zeros(n + 1, dtype=np.int64))
        targets = np.empty(offsets[-1], dtype=np.uint32)
        weights = np.empty(0 if wgt is None else offsets[-1], dtype=np.float64)
        _place(src, dst, np.zeros(0) if wgt is None else wgt, offsets[:-1].copy(), targets, weights)
        sort_rows(offsets, targets, *([] if wgt is None else [weights]))
        total = np.empty(len(targets), dtype=np.float32)
        m = _merge(offsets, targets, weights, total, *_WEIGHT_RANGE)
        return cls._of_rows(offsets, _cut(targets, m), _cut(total, m))

    @classmethod
    def _of_rows(cls, offsets: OffsetArray, targets: npt.NDArray[np.uint32], weights: npt.NDArray[np.float32]) -> Self:
        return cls(offsets, targets, weights, *transposed(offsets, targets, weights))

    def to_networkx(self) -> "nx.DiGraph[int]":
        """Convert to a networkx DiGraph over indices, with edge attribute ``weight``."""
        import networkx as nx  # noqa: PLC0415 - start-up does not pay for it

        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(self.n))
        edges = zip(self.edge_sources().tolist(), self.targets.tolist(), self.weights.tolist(), strict=True)
        graph.add_weighted_edges_from(edges)
        return graph

    def to_igraph(self) -> "igraph.Graph":
        """Convert to a directed igraph Graph over indices, with edge attribute ``weight``."""
        import igraph  # noqa: PLC0415 - start-up does not pay for it

        pairs = np.column_stack([self.edge_sources(), self.targets])
        graph = igraph.Graph(n=self.n, edges=pairs, directed=True)
        graph.es["weight"] = self.weights.tolist()
        return graph

    @classmethod
    def from_networkx(cls, graph: "nx.DiGraph[Any]", *, weight: str = "weight") -> tuple[Self, list[Any]]:
        """Convert from a networkx graph; return the trust graph and the node of every index.

        An undirected edge is trust both ways; an edge without ``weight`` weighs one.
        """
        nodes = list(graph)
        graph = graph if graph.is_directed() else graph.to_directed(as_view=True)
        index = {node: i for i, node in enumerate(nodes)}
        edges = [(index[u], index[v], data.get(weight, 1.0)) for u, v, data in graph.edges(data=True)]
        src, dst, wgt = zip(*edges, strict=True) if edges else ((), (), ())
        return cls.from_edges(len(nodes), source=src, target=dst, weight=wgt), nodes

    @classmethod
    def from_igraph(cls, graph: "igraph.Graph", *, weight: str = "weight") -> Self:
        """Convert from an igraph graph, vertices keeping their indices.

        An undirected edge is trust both ways; edges of a graph without ``weight`` weigh one.
        """
        ends = np.array(graph.get_edgelist(), dtype=np.int64).reshape(-1, 2)
        values = np.array(graph.es[weight] if weight in graph.es.attributes() else np.ones(len(ends)))
        if not graph.is_directed():
            ends, values = np.concatenate([ends, ends[:, ::-1]]), np.concatenate([values, values])
        return cls.from_edges(graph.vcount(), source=ends[:, 0], target=ends[:, 1], weight=values)


def _indices(name: str, values: npt.ArrayLike) -> IndexArray:
    array = np.asarray(values).ravel()
    if len(array) and array.dtype.kind not in "iu":
        raise ParameterError(f"{name} holds {array.dtype} values, not whole numbers")
    return array if len(array) else np.zeros(0, dtype=np.int64)


def _check_edges(n: int, src: IndexArray, dst: IndexArray, wgt: npt.NDArray[np.float64] | None) -> None:
    if not 0 <= n <= LARGEST_N:
        raise ParameterError(f"n is {n}, not in 0..{LARGEST_N}")
    n_weights = len(src) if wgt is None else len(wgt)
    if not len(src) == len(dst) == n_weights:
        raise ParameterError(
            f"source, target and weight have {len(src)}, {len(dst)} and {n_weights} entries, not the same"
        )
    for name, index in (("source", src), ("target", dst)):
        if len(index) and not (index.min() >= 0 and index.max() < n):
            outside = index[(index < 0) | (index >= n)][0]
            raise ParameterError(f"{name} holds {outside}, not an index below n = {n}")
    bad = -1 if wgt is None else _first_bad(wgt)
    if wgt is not None and bad >= 0:
        raise ParameterError(f"weight holds {wgt[bad]}, not only finite numbers greater than zero")


def as_weights(total: FloatArray) -> npt.NDArray[np.float32]:
    """Sums of local trust as edge weights: float32, clipped to its smallest normal and its largest number."""
    return np.clip(total, *_WEIGHT_RANGE).astype(np.float32)


def _cut(array: npt.NDArray[Any], length: int) -> npt.NDArray[Any]:
    """The beginning of an array, on memory of its own where much would be left over."""
    return array[:length] if length == len(array) else array[:length].copy()


@nb.njit(cache=True, nogil=True)
def _first_bad(weight):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Position of the first weight that is not finite and positive, or -1."""
    for i in range(len(weight)):
        if not 0 < weight[i] < np.inf:
            return i
    return -1


@nb.njit(cache=True, nogil=True)
def _kept_offsets(source, target, offsets):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Row offsets of the edges that are no self-loops."""
    for i in range(len(source)):
        if source[i] != target[i]:
            offsets[source[i] + 1] += 1
    for row in range(1, len(offsets)):
        offsets[row] += offsets[row - 1]
    return offsets


@nb.njit(cache=True, nogil=True)
def _place(source, target, weight, cursor, targets, weights):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Write each edge to its row."""
    for i in range(len(source)):
        if source[i] != target[i]:
            at = cursor[source[i]]
            cursor[source[i]] += 1
            targets[at] = target[i]
            if len(weight):
                weights[at] = weight[i]


@nb.njit(cache=True, nogil=True)
def _merge(offsets, targets, weights, total, least, most):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Add up equal neighbours in sorted rows, smallest weight first, in place; return how many edges are left."""
    m = start = 0
    for row in range(len(offsets) - 1):
        stop, edge = offsets[row + 1], start
        while edge < stop:
            last = edge + 1
            while last < stop and targets[last] == targets[edge]:
                last += 1
            added = float(last - edge)
            if len(weights):
                if last - edge > 1:
                    weights[edge:last].sort()
                added = 0.0
                for i in range(edge, last):
                    added += weights[i]
            targets[m], total[m] = targets[edge], np.float32(min(max(added, least), most))
            m, edge = m + 1, last
        start, offsets[row + 1] = stop, m
    return m
