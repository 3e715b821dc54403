"""A connection to Neo4j with deadlines, and transactions that are repeated when they failed for a passing reason."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any, LiteralString, TypeVar

from neo4j import (
    READ_ACCESS,
    WRITE_ACCESS,
    Driver,
    GraphDatabase,
    ManagedTransaction,
    NotificationMinimumSeverity,
    Query,
    Session,
)

from guanxi.stores.neo4j.failures import translated
from guanxi.stores.neo4j.target import Neo4jTarget

T = TypeVar("T")
Row = dict[str, Any]

_MAX_CONNECTIONS = 16
logging.getLogger("neo4j").addHandler(logging.NullHandler())  # its retries are ours to report


class Neo4jClient:
    """Runs Cypher on one database; safe to share between threads.

    Parameters
    ----------
    target : Neo4jTarget
        Nothing is connected before the first call.
    """

    def __init__(self, target: Neo4jTarget) -> None:
        self.target = target
        deadlines = target.deadlines
        with translated(target):
            self._driver: Driver = GraphDatabase.driver(
                target.uri,
                auth=None if target.user is None else (target.user, target.password or ""),
                connection_timeout=deadlines.connect_s,
                connection_acquisition_timeout=deadlines.acquire_s,
                max_transaction_retry_time=deadlines.retry_s,
                max_connection_pool_size=_MAX_CONNECTIONS,
                notifications_min_severity=NotificationMinimumSeverity.OFF,
                telemetry_disabled=True,
            )

    def close(self) -> None:
        """Close every connection; what is broken already is let go."""
        with contextlib.suppress(OSError):
            self._driver.close()

    def write(self, work: Callable[[ManagedTransaction], T]) -> T:
        """Run ``work`` in a transaction; it may be run more than once, and must come to the same then."""
        with translated(self.target), self._session(WRITE_ACCESS) as session:
            return session.execute_write(work)

    def read(self, cypher: str, **parameters: object) -> list[Row]:
        """Every row that a reading statement gives."""
        return list(self.stream(cypher, **parameters))

    def stream(self, cypher: str, **parameters: object) -> Iterator[Row]:
        """Rows of a reading statement in one transaction, repeated when it failed for a passing reason."""

        def work(tx: ManagedTransaction) -> list[Row]:
            return [record.data() for record in tx.run(statement(cypher), parameters)]

        with translated(self.target), self._session(READ_ACCESS) as session:
            yield from session.execute_read(work)

    def lists(self, cypher: str, **parameters: object) -> list[list[Any]]:
        """The values of the only row that a reading statement gives, in their order."""

        def work(tx: ManagedTransaction) -> list[list[Any]]:
            return list(tx.run(statement(cypher), parameters).single(strict=True).values())

        with translated(self.target), self._session(READ_ACCESS) as session:
            return session.execute_read(work)

    def command(self, cypher: str, **parameters: object) -> None:
        """Run a statement outside a transaction of ours: changes of the schema want that."""
        with translated(self.target), self._session(WRITE_ACCESS) as session:
            session.run(Query(statement(cypher)), parameters).consume()

    def _session(self, access: str) -> Session:
        return self._driver.session(database=self.target.database, default_access_mode=access, fetch_size=1000)


def statement(cypher: str) -> LiteralString:
    """Vouch for a statement: it is made of our files and the names in ``model.toml`` only."""
    return cypher
