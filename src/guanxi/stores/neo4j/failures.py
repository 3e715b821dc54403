"""What can go wrong between here and the server, in words of ours."""

from collections.abc import Iterator
from contextlib import contextmanager

from neo4j import exceptions as driver

from guanxi.errors import StoreError
from guanxi.stores.neo4j.target import Neo4jTarget


class Neo4jUnreachableError(StoreError):
    """No server answers at the address, or it stopped answering."""


class Neo4jCredentialsError(StoreError):
    """The server refuses the user or password."""


class Neo4jDatabaseError(StoreError):
    """The server has no database of this name."""


class Neo4jFullError(StoreError):
    """The server cannot write: its disk or its memory is full."""


_NO_DATABASE = ("Neo.ClientError.Database.DatabaseNotFound", "Neo.ClientError.Database.IllegalAliasChain")
_UNREACHABLE = (
    driver.ServiceUnavailable,
    driver.SessionExpired,
    driver.ConnectionAcquisitionTimeoutError,
    driver.DatabaseUnavailable,
    driver.BrokenRecordError,
    OSError,
)


@contextmanager
def translated(target: Neo4jTarget) -> Iterator[None]:
    """Turn the driver's errors into the store's."""
    try:
        yield
    except (driver.Neo4jError, driver.DriverError, OSError) as exc:
        raise store_error(exc, target) from exc


def store_error(exc: Exception, target: Neo4jTarget) -> StoreError:
    """Return the store's error for one of the driver's."""
    code = str(getattr(exc, "code", "") or "")
    detail = _short(exc)
    if isinstance(exc, driver.AuthError) or code.startswith("Neo.ClientError.Security."):
        return Neo4jCredentialsError(
            f"{target} refuses user {target.user!r}: {detail}; check GUANXI_NEO4J_USER and GUANXI_NEO4J_PASSWORD"
        )
    if code in _NO_DATABASE:
        return Neo4jDatabaseError(f"{target.uri} has no database {target.database!r}: {detail}")
    if "OutOfMemory" in code or "OutOfDisk" in code or "DiskFull" in code:
        return Neo4jFullError(f"{target} cannot write: {detail}")
    if isinstance(exc, _UNREACHABLE):
        return Neo4jUnreachableError(f"{target} does not answer: {detail}")
    return StoreError(f"{target}: {detail}")


def _short(exc: Exception) -> str:
    """The first line of what was said."""
    message = getattr(exc, "message", None) or str(exc) or type(exc).__name__
    return str(message).splitlines()[0][:300]
