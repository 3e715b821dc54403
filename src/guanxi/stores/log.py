"""The event log inside SQLite: rows in and out as Arrow tables."""

import sqlite3
from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from guanxi.events import EVENT_SCHEMA
from guanxi.events.record import DERIVED_PREFIX
from guanxi.stores.admission import account_code, relations_from_accounts
from guanxi.stores.segments import Keys

_COLUMNS = EVENT_SCHEMA.names[:11]
_INSERT = f"INSERT INTO events (key, body, {', '.join(_COLUMNS)}) VALUES ({', '.join('?' * (len(_COLUMNS) + 2))})"  # noqa: S608
_SELECT = f"SELECT key, body, {', '.join(_COLUMNS)} FROM events"  # noqa: S608 - the names are ours
_BATCH = 100_000


def insert(db: sqlite3.Connection, events: pa.Table) -> None:
    """Add events to the log."""
    columns = [events[name].to_pylist() for name in _COLUMNS]
    db.executemany(_INSERT, zip(packed_keys(events), packed_bodies(events), *columns, strict=True))


def packed_keys(events: pa.Table) -> list[bytes]:
    """Return the 16-byte key of every event."""
    return _packed(np.column_stack([events["key_hi"].to_numpy(), events["key_lo"].to_numpy()]), 16)


def packed_bodies(events: pa.Table) -> list[bytes]:
    """Return the 8-byte body hash of every event."""
    return _packed(events["body"].to_numpy(), 8)


def _packed(words: npt.NDArray[np.uint64], width: int) -> list[bytes]:
    octets = words.astype(">u8").tobytes()
    return [octets[start : start + width] for start in range(0, len(octets), width)]


def known_keys(db: sqlite3.Connection, events: pa.Table) -> Keys:
    """Return the keys of those of ``events`` that the log has, with the body hashes that it has."""
    keys, rows = packed_keys(events), []
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        query = f"SELECT key, body FROM events WHERE key IN ({', '.join('?' * len(some))})"  # noqa: S608 - marks only
        rows += db.execute(query, some).fetchall()
    return _keys(rows)


def all_keys(db: sqlite3.Connection) -> Keys:
    """Return the keys of all events in the log."""
    return _keys(db.execute("SELECT key, body FROM events").fetchall())


def _keys(rows: list[tuple[bytes, bytes]]) -> Keys:
    key = _words(tuple(row[0] for row in rows)).reshape(-1, 2)
    return Keys.sorted(key[:, 0], key[:, 1], _words(tuple(row[1] for row in rows)))


def select(db: sqlite3.Connection, where: str, parameters: tuple[object, ...]) -> Iterator[pa.Table]:
    """Events that a condition selects, in the order of their seqs, a batch at a time."""
    cursor = db.execute(f"{_SELECT} WHERE {where} ORDER BY seq", parameters)
    while rows := cursor.fetchmany(_BATCH):
        yield _table(rows)


def erase(db: sqlite3.Connection, accounts: Collection[str]) -> tuple[int, int]:
    """Delete every event from or to some accounts, and take their names out of others' events.

    Returns
    -------
    tuple of int
        Events that are gone, and events that stay without the name.
    """
    marks = ", ".join("?" * len(accounts))
    kinds = ", ".join(map(str, relations_from_accounts()))
    from_them = f"source IN ({marks}) AND relation IN ({kinds})"
    to_them = f"target IN ({marks}) AND target_kind = {account_code()}"
    gone = db.execute(f"DELETE FROM events WHERE ({from_them}) OR ({to_them})", (*accounts, *accounts))  # noqa: S608
    unnamed = db.execute(  # an event without an id keeps the one that was made from its body
        f"UPDATE events SET via = NULL, id = coalesce(id, '{DERIVED_PREFIX}' || lower(hex(key))) "  # noqa: S608 - ours
        f"WHERE via IN ({marks})",
        (*accounts,),
    )
    return gone.rowcount, unnamed.rowcount


def _table(rows: list[tuple[object, ...]]) -> pa.Table:
    keys, bodies, *columns = zip(*rows, strict=True)
    key = _words(keys).reshape(-1, 2)
    typed = {
        name: pa.array([bool(v) for v in column] if name == "retract" else list(column), EVENT_SCHEMA.field(name).type)
        for name, column in zip(_COLUMNS, columns, strict=True)
    }
    typed |= {"key_hi": pa.array(key[:, 0]), "key_lo": pa.array(key[:, 1]), "body": pa.array(_words(bodies))}
    return pa.table(typed, schema=EVENT_SCHEMA)


def _words(packed: tuple[object, ...]) -> npt.NDArray[np.uint64]:
    """Big-endian bytes to numbers."""
    return np.frombuffer(b"".join(packed), dtype=">u8").astype(np.uint64)  # type: ignore[arg-type]
