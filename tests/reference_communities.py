"""Slow, obviously right: the modularity of a partition, with loops over all pairs."""


def modularity(graph, labels):
    """Newman's modularity of undirected weights, directions added up; 0 without edges."""
    weight = [[0.0] * graph.n for _ in range(graph.n)]
    for source in range(graph.n):
        for target, trust in zip(*graph.row(source), strict=True):
            weight[source][target] += float(trust)
            weight[target][source] += float(trust)
    degree = [sum(row) for row in weight]
    total = sum(degree)
    if total == 0:
        return 0.0
    pairs = [(a, b) for a in range(graph.n) for b in range(graph.n) if labels[a] == labels[b]]
    return sum(weight[a][b] - degree[a] * degree[b] / total for a, b in pairs) / total
