"""Strategies in the embedded store: each version is written once, and never names an account that was erased."""

import json
import sqlite3
from collections.abc import Collection

import pyarrow as pa

from guanxi.errors import ParameterError
from guanxi.stores.admission import Graveyard
from guanxi.stores.protocol import StrategyRecord

SELECT = "SELECT name, version, description, parameters, created FROM strategies ORDER BY name, version"


def insert(db: sqlite3.Connection, record: StrategyRecord) -> bool:
    """Keep a strategy; False where there is one of its name and version, which stays as it is.

    Raises
    ------
    ParameterError
        If its seeds name an account that was erased.
    """
    seeds = pa.chunked_array([json.loads(record.parameters).get("seeds", [])], pa.string())
    if Graveyard.of(db).erased_among([seeds]):
        raise ParameterError("seeds name an account that was erased from this store, and may not come back")
    row = (record.name, record.version, record.description, record.parameters, record.created_us)
    sql = "INSERT OR IGNORE INTO strategies (name, version, description, parameters, created) VALUES (?, ?, ?, ?, ?)"
    return db.execute(sql, row).rowcount > 0


def forget(db: sqlite3.Connection, accounts: Collection[str]) -> None:
    """Take accounts out of the seeds of every strategy."""
    for name, version, parameters in db.execute("SELECT name, version, parameters FROM strategies").fetchall():
        fields = json.loads(parameters)
        kept = [seed for seed in fields.get("seeds", []) if seed not in accounts]
        if len(kept) < len(fields.get("seeds", [])):
            text = json.dumps({**fields, "seeds": kept}, sort_keys=True)
            db.execute("UPDATE strategies SET parameters = ? WHERE name = ? AND version = ?", (text, name, version))
