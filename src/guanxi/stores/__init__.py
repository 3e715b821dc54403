"""Where events are kept: one protocol, and the embedded store that needs no server."""

from guanxi.stores.embedded import EmbeddedStore
from guanxi.stores.protocol import (
    ApiKey,
    Appended,
    Erased,
    GraphStore,
    Outcome,
    Place,
    Published,
    RunRecord,
    StrategyRecord,
    Tombstone,
)

__all__ = [
    "ApiKey",
    "Appended",
    "EmbeddedStore",
    "Erased",
    "GraphStore",
    "Outcome",
    "Place",
    "Published",
    "RunRecord",
    "StrategyRecord",
    "Tombstone",
]
