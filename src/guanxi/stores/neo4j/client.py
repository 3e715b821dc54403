"""A connection to Neo4j with deadlines, and transactions that are repeated when they failed for a passing reason."""

import contextlib
import logging
import threading
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
from neo4j.exceptions import IncompleteCommit

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
    heard : callable, optional
        Called whenever the server is asked and has answered, with how many questions are open.
    """

    def __init__(self, target: Neo4jTarget, *, heard: Callable[[int], None] | None = None) -> None:
        self.target = target
        self._heard, self._n_open, self._lock = heard, 0, threading.Lock()
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
        with self._asking(WRITE_ACCESS) as session:
            try:
                return session.execute_write(work)
            except IncompleteCommit:  # done or not: the driver cannot tell and repeats nothing, but ``work`` can
                if not self.target.deadlines.retry_s:
                    raise
                return session.execute_write(work)

    def read(self, cypher: str, **parameters: object) -> list[Row]:
        """Every row that a reading statement gives."""
        return list(self.stream(cypher, **parameters))

    def stream(self, cypher: str, **parameters: object) -> Iterator[Row]:
        """Rows of a reading statement in one transaction, repeated when it failed for a passing reason."""

        def work(tx: ManagedTransaction) -> list[Row]:
            return [record.data() for record in tx.run(statement(cypher), parameters)]

        with self._asking(READ_ACCESS) as session:
            rows = session.execute_read(work)
        yield from rows

    def lists(self, cypher: str, **parameters: object) -> list[list[Any]]:
        """The values of the only row that a reading statement gives, in their order."""

        def work(tx: ManagedTransaction) -> list[list[Any]]:
            return list(tx.run(statement(cypher), parameters).single(strict=True).values())

        with self._asking(READ_ACCESS) as session:
            return session.execute_read(work)

    def command(self, cypher: str, **parameters: object) -> None:
        """Run a statement outside a transaction of ours: changes of the schema want that."""
        with self._asking(WRITE_ACCESS) as session:
            session.run(Query(statement(cypher)), parameters).consume()

    @contextlib.contextmanager
    def _asking(self, access: str) -> Iterator[Session]:
        """A session that is a question to the server, answered unless the block raises."""
        self._count(1)
        try:
            with translated(self.target), self._session(access) as session:
                yield session
        except BaseException:
            with self._lock:
                self._n_open -= 1
            raise
        self._count(-1)

    def _session(self, access: str) -> Session:
        return self._driver.session(database=self.target.database, default_access_mode=access, fetch_size=1000)

    def _count(self, change: int) -> None:
        with self._lock:
            self._n_open += change
            if self._heard is not None:
                self._heard(self._n_open)


def statement(cypher: str) -> LiteralString:
    """Vouch for a statement: it is made of our files and the names in ``model.toml`` only."""
    return cypher
