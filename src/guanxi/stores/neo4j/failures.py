"""What can go wrong between here and the server, in words of ours."""

from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_tb

from neo4j import exceptions as driver

from guanxi.errors import (
    GuanxiError,
    StoreCredentialsError,
    StoreDatabaseError,
    StoreError,
    StoreFullError,
    StoreHaltedError,
    StoreUnreachableError,
)
from guanxi.stores.neo4j.target import Neo4jTarget

_NO_DATABASE = ("Neo.ClientError.Database.DatabaseNotFound", "Neo.ClientError.Database.IllegalAliasChain")
# What Neo4j says of itself when it could not write its transaction log, and of every transaction after that.
_HALTED = ("Neo.DatabaseError.Transaction.TransactionLogError", "Neo.DatabaseError.Transaction.TransactionStartFailed")
_FULL = ("OutOfMemory", "OutOfDisk", "DiskFull")
_UNREACHABLE = (
    driver.ServiceUnavailable,
    driver.SessionExpired,
    driver.ConnectionAcquisitionTimeoutError,
    driver.DatabaseUnavailable,
    driver.BrokenRecordError,
    driver.UnsupportedServerProduct,
    OSError,
)
_READS = "fetch_message"
"""The driver's function that takes a message of the server apart."""


@contextmanager
def translated(target: Neo4jTarget) -> Iterator[None]:
    """Turn the driver's errors into the store's."""
    try:
        yield
    except GuanxiError:
        raise
    except (driver.Neo4jError, driver.DriverError, OSError) as exc:
        raise store_error(exc, target) from exc
    except Exception as exc:
        if not _while_reading(exc):
            raise
        # The driver lets errors of its own innards out where a message is not one of Neo4j's.
        raise StoreUnreachableError(f"{target} does not answer as Neo4j does: {type(exc).__name__}: {exc}") from exc


def store_error(exc: Exception, target: Neo4jTarget) -> StoreError:
    """Return the store's error for one of the driver's."""
    code = str(getattr(exc, "code", "") or "")
    detail = _short(exc)
    if isinstance(exc, driver.AuthError) or code.startswith("Neo.ClientError.Security."):
        return StoreCredentialsError(
            f"{target} refuses user {target.user!r}: {detail}; check GUANXI_NEO4J_USER and GUANXI_NEO4J_PASSWORD"
        )
    if code in _NO_DATABASE:
        return StoreDatabaseError(f"{target.uri} has no database {target.database!r}: {detail}")
    if any(word in code for word in _FULL):
        return StoreFullError(f"{target} cannot write: {detail}")
    if code in _HALTED:
        return StoreHaltedError(f"{target} cannot write and wants a restart, often for a full disk: {detail}")
    if isinstance(exc, _UNREACHABLE):
        return StoreUnreachableError(f"{target} does not answer: {detail}")
    return StoreError(f"{target}: {detail}")


def _while_reading(exc: BaseException) -> bool:
    return any(frame.f_code.co_name == _READS for frame, _ in walk_tb(exc.__traceback__))


def _short(exc: Exception) -> str:
    """The first line of what was said."""
    said = exc.message if isinstance(exc, driver.Neo4jError) else str(exc)
    return (said or type(exc).__name__).splitlines()[0][:300].rstrip(": ")
