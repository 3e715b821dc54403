"""Neo4j as a store: events are durable in a local folder first, then applied to the database in their order."""

from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.failures import (
    Neo4jCredentialsError,
    Neo4jDatabaseError,
    Neo4jFullError,
    Neo4jUnreachableError,
)
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
    "Neo4jCredentialsError",
    "Neo4jDatabaseError",
    "Neo4jFullError",
    "Neo4jStore",
    "Neo4jTarget",
    "Neo4jUnreachableError",
    "Pumped",
    "is_neo4j",
    "migrate",
    "migrations",
]
