"""Which Neo4j database to use, and how long to wait for it."""

from dataclasses import dataclass, field, replace
from typing import Self
from urllib.parse import urlsplit

from guanxi.errors import ParameterError

SCHEMES = ("neo4j", "bolt", "neo4j+s", "bolt+s", "neo4j+ssc", "bolt+ssc")


def is_neo4j(store: str) -> bool:
    """Whether the name of a store is the URI of a Neo4j server.

    >>> is_neo4j("neo4j://localhost"), is_neo4j("guanxi-store")
    (True, False)
    """
    return store.partition("://")[0].lower() in SCHEMES and "://" in store


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long one call may wait, in seconds.

    Attributes
    ----------
    connect_s : float
        For a connection to the server.
    acquire_s : float
        For a connection out of the pool, connecting included.
    retry_s : float
        For repeating a transaction that failed for a passing reason.
    """

    connect_s: float = 1.0
    acquire_s: float = 2.0
    retry_s: float = 1.0


PROMPT = Deadlines()
"""Where somebody waits for an answer."""
PATIENT = Deadlines(connect_s=5.0, acquire_s=15.0, retry_s=30.0)
"""Loads and exports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neo4jTarget:
    """A database on a Neo4j server; without a database name the server's own default."""

    uri: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    database: str | None = None
    deadlines: Deadlines = PROMPT

    @classmethod
    def parse(cls, uri: str, *, user: str | None = None, password: str | None = None) -> Self:
        """Read ``scheme://host[:port][/database]``.

        Raises
        ------
        ParameterError
            If the scheme is not one of Neo4j's, there is no host, or the URI holds a password: command lines and logs
            are read by others.

        Examples
        --------
        >>> Neo4jTarget.parse("neo4j://db.example:7687/social", user="guanxi").database
        'social'
        """
        shown = uri.rpartition("@")[2]
        if not is_neo4j(uri):
            raise ParameterError(f"{shown!r} is not a Neo4j URI such as neo4j://localhost:7687; schemes: {SCHEMES}")
        parts = urlsplit(uri)
        if parts.username is not None or parts.password is not None:
            raise ParameterError(
                f"the URI of {shown} holds a user or password; give them as GUANXI_NEO4J_USER and GUANXI_NEO4J_PASSWORD"
            )
        if not parts.hostname or not _port_is_valid(uri) or parts.query or parts.fragment:
            raise ParameterError(f"{shown!r} is not scheme://host[:port][/database]")
        database = parts.path.strip("/") or None
        address = f"{parts.scheme}://{parts.netloc}"
        return cls(uri=address, user=user, password=password, database=database)

    def patient(self) -> Self:
        """The same database with the deadlines of loads and exports."""
        return replace(self, deadlines=PATIENT)

    def __str__(self) -> str:
        return f"{self.uri}/{self.database}" if self.database else self.uri


def _port_is_valid(uri: str) -> bool:
    try:
        port = urlsplit(uri).port
    except ValueError:
        return False
    return port is None or port > 0
