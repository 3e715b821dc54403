"""Neo4j as a store: events are durable in a local folder first, then applied to the database in their order."""

from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.migrations import Migration, migrate, migrations
from guanxi.stores.neo4j.pump import Pumped
from guanxi.stores.neo4j.store import Lag, Neo4jStore
from guanxi.stores.neo4j.target import PATIENT, PROMPT, Deadlines, Neo4jTarget, is_neo4j

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
    "migrations",
]
