"""Guanxi (关系): who trusts whom, whose influence is real, and what trusted people recommend.

What most programs need is here by name; each is imported when it is first used.

>>> import guanxi
>>> graph = guanxi.TrustGraph.from_edges(3, source=[0, 1, 2], target=[1, 2, 0])
>>> guanxi.eigentrust(graph, [1, 1, 1]).round(3).tolist()
[0.333, 0.333, 0.333]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guanxi.engine import Engine, FileMapping, Limit, Strategy, View
    from guanxi.errors import GuanxiError
    from guanxi.graph import TrustGraph
    from guanxi.trust.eigentrust import eigentrust
    from guanxi.trust.pagerank import pagerank
    from guanxi.trust.personal import personal_trust

_HOMES = {
    "Engine": "guanxi.engine",
    "FileMapping": "guanxi.engine",
    "GuanxiError": "guanxi.errors",
    "Limit": "guanxi.engine",
    "Strategy": "guanxi.engine",
    "TrustGraph": "guanxi.graph",
    "View": "guanxi.engine",
    "eigentrust": "guanxi.trust",
    "pagerank": "guanxi.trust",
    "personal_trust": "guanxi.trust",
}

__all__ = [
    "Engine",
    "FileMapping",
    "GuanxiError",
    "Limit",
    "Strategy",
    "TrustGraph",
    "View",
    "eigentrust",
    "pagerank",
    "personal_trust",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    if name not in _HOMES:
        raise AttributeError(f"module 'guanxi' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
