"""The trust graph: immutable arrays of weighted edges between accounts."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from guanxi.errors import ParameterError

if TYPE_CHECKING:
    import igraph
    import networkx as nx

FloatArray = npt.NDArray[np.floating[Any]]
IndexArray = npt.NDArray[np.integer[Any]]


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
        the result is the same to the bit.

        Raises
        ------
        ParameterError
            If an index is outside ``range(n)``, the lengths differ, or a weight is not finite and positive.
        """
        src, dst = np.asarray(source, dtype=np.int64).ravel(), np.asarray(target, dtype=np.int64).ravel()
        wgt = np.ones(len(src)) if weight is None else np.asarray(weight, dtype=np.float64).ravel()
        _check_edges(n, src, dst, wgt)
        kept = src != dst
        pair, total = sum_by_key(src[kept] * n + dst[kept], wgt[kept])
        return cls._from_sorted(n, pair // n if n else pair, pair % n if n else pair, total.astype(np.float32))

    @classmethod
    def _from_sorted(cls, n: int, src: IndexArray, dst: IndexArray, weights: npt.NDArray[np.float32]) -> Self:
        by_target = np.argsort(dst, kind="stable")
        return cls(
            offsets=offsets_of(src, n),
            targets=dst.astype(np.uint32),
            weights=weights,
            in_offsets=offsets_of(dst[by_target], n),
            sources=src[by_target].astype(np.uint32),
            in_weights=weights[by_target],
        )

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
        """Convert from a networkx graph; return the trust graph and the node of every index."""
        nodes = list(graph)
        index = {node: i for i, node in enumerate(nodes)}
        edges = [(index[u], index[v], data.get(weight, 1.0)) for u, v, data in graph.edges(data=True)]
        src, dst, wgt = zip(*edges, strict=True) if edges else ((), (), ())
        return cls.from_edges(len(nodes), source=src, target=dst, weight=wgt), nodes


def _check_edges(n: int, src: IndexArray, dst: IndexArray, wgt: FloatArray) -> None:
    if not len(src) == len(dst) == len(wgt):
        raise ParameterError(
            f"source, target and weight have {len(src)}, {len(dst)} and {len(wgt)} entries, not the same"
        )
    for name, index in (("source", src), ("target", dst)):
        if len(index) and not (index.min() >= 0 and index.max() < n):
            raise ParameterError(f"{name} has index {index.min()} or {index.max()}, not in 0..{n - 1}")
    if not (np.isfinite(wgt).all() and (wgt > 0).all()):
        raise ParameterError("every weight must be finite and greater than zero")


def offsets_of(sorted_rows: IndexArray, n: int) -> npt.NDArray[np.int64]:
    """Row offsets, shape (n + 1,), of edges sorted by row."""
    counts = np.bincount(sorted_rows, minlength=n) if len(sorted_rows) else np.zeros(n, dtype=np.int64)
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(counts, dtype=np.int64)])


def row_sums(offsets: npt.NDArray[np.int64], weights: FloatArray) -> npt.NDArray[np.float64]:
    """Sum of ``weights`` in every row, shape (n,), in float64 and in row order."""
    rows = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return np.bincount(rows, weights=weights, minlength=len(offsets) - 1).astype(np.float64)


def sum_by_key(key: npt.NDArray[np.int64], value: FloatArray) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Sum ``value`` for each distinct ``key``; return keys in increasing order and their sums.

    Values of one key are added in increasing order, so that the order of the input leaves no trace in the bits.
    """
    order = np.lexsort((value, key))
    key, value = key[order], value[order]
    first = np.ones(len(key), dtype=bool)
    first[1:] = key[1:] != key[:-1]
    groups = np.cumsum(first) - 1
    return key[first], np.bincount(groups, weights=value, minlength=int(first.sum())).astype(np.float64)
