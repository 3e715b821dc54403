"""Numbered changes of the SQLite schema, applied in order and never edited afterwards."""

import re
import sqlite3
from pathlib import Path

from guanxi.errors import StoreError, StoreVersionError
from guanxi.schema import schema_folder

_NAME = re.compile(r"V(\d{4})__\w+\.sql")


def migrations() -> list[tuple[int, Path]]:
    """Every migration with its number, in order."""
    found = ((_NAME.fullmatch(path.name), path) for path in (schema_folder() / "sqlite").glob("V*.sql"))
    return sorted((int(match[1]), path) for match, path in found if match)


def newest_version() -> int:
    """The version of the schema that this program writes."""
    return migrations()[-1][0]


def check_version(db: sqlite3.Connection, where: Path) -> int:
    """Return the version of the schema in ``db``; 0 where there is none yet.

    Raises
    ------
    StoreVersionError
        If this program is older than the store.
    StoreError
        If it is the database of another program.
    """
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    newest = newest_version()
    if version > newest:
        raise StoreVersionError(
            f"{where} has schema version {version}; this version of Guanxi knows up to {newest}. "
            "Use a newer version of Guanxi, or another store"
        )
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise StoreError(f"{where} is an SQLite database, but not a Guanxi store")
    return version


def migrate(db: sqlite3.Connection, where: Path) -> None:
    """Bring the schema up to date; each step is a transaction of its own."""
    version = check_version(db, where)
    for number, path in migrations():
        if number > version:
            script = path.read_text(encoding="utf-8")
            db.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")
