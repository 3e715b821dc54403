"""The trust graph, and rows of edges as they lie in memory."""

from guanxi.graph.rows import FloatArray, IndexArray, offsets_of, row_sums, sort_rows, spread, sum_by_key, transposed
from guanxi.graph.trust_graph import LARGEST_N, TrustGraph, as_weights

__all__ = [
    "LARGEST_N",
    "FloatArray",
    "IndexArray",
    "TrustGraph",
    "as_weights",
    "offsets_of",
    "row_sums",
    "sort_rows",
    "spread",
    "sum_by_key",
    "transposed",
]
