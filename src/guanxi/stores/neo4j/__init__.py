"""Neo4j as a store: events are durable in a local folder first, then applied to the database in their order.

Each name is imported when it is first used, so that nobody pays for the driver without a Neo4j.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from guanxi.stores.neo4j.client import Neo4jClient
    from guanxi.stores.neo4j.migrations import Migration, migrate
    from guanxi.stores.neo4j.pump import Pumped
    from guanxi.stores.neo4j.store import Lag, Neo4jStore
    from guanxi.stores.neo4j.target import PATIENT, PROMPT, Deadlines, Neo4jTarget, is_neo4j

_HOMES = {
    "Deadlines": "target",
    "Lag": "store",
    "Migration": "migrations",
    "Neo4jClient": "client",
    "Neo4jStore": "store",
    "Neo4jTarget": "target",
    "PATIENT": "target",
    "PROMPT": "target",
    "Pumped": "pump",
    "is_neo4j": "target",
    "migrate": "migrations",
}

__all__ = [
    "PATIENT",
    "PROMPT",
    "Deadlines",
    "Lag",
    "Migration",
    "Neo4jClient",
    "Neo4jStore",
    "Neo4jTarget",
    "Pumped",
    "is_neo4j",
    "migrate",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever is asked for
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
