"""Numbered changes of the Neo4j schema, recorded in the database with their checksums."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from neo4j import ManagedTransaction

from guanxi.errors import NotReadyError, StoreError, StoreVersionError
from guanxi.schema import schema_folder
from guanxi.stores.neo4j.client import Neo4jClient

_NAME = re.compile(r"V(\d{4})__(\w+)\.cypher")
_RECORDED = "MATCH (m:GuanxiMigration) RETURN m.number AS number, m.name AS name, m.sha256 AS sha256 ORDER BY m.number"
_RECORD = """
MERGE (m:GuanxiMigration {number: $number})
ON CREATE SET m.name = $name, m.sha256 = $sha256, m.applied = datetime()
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of statements."""

    number: int
    name: str
    sha256: str
    statements: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> "Migration":
        """Read ``V0001__name.cypher``: statements that end in semicolons, comments from ``//`` to the end of a line."""
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise StoreError(f"{path.name} is not named V0001__name.cypher")
        octets = path.read_bytes().replace(b"\r\n", b"\n")
        code = re.sub(r"^\s*//.*$", "", octets.decode("utf-8"), flags=re.MULTILINE)
        statements = tuple(part.strip() for part in code.split(";") if part.strip())
        return cls(int(match[1]), match[2], hashlib.sha256(octets).hexdigest(), statements)


def migrations(folder: Path | None = None) -> list[Migration]:
    """Every migration in order.

    Raises
    ------
    StoreError
        If a number is missing or there twice.
    """
    folder = folder or schema_folder() / "neo4j"
    found = sorted((Migration.read(path) for path in folder.glob("V*.cypher")), key=lambda m: m.number)
    if [m.number for m in found] != list(range(1, len(found) + 1)):
        raise StoreError(
            f"the migrations in {folder.name} have the numbers {[m.number for m in found]}, not 1, 2, 3 ..."
        )
    return found


def recorded(client: Neo4jClient) -> dict[int, tuple[str, str]]:
    """Name and checksum of every migration that the database has."""
    return {row["number"]: (row["name"], row["sha256"]) for row in client.read(_RECORDED)}


def pending(client: Neo4jClient, known: list[Migration] | None = None) -> list[Migration]:
    """Migrations that the database lacks.

    Raises
    ------
    StoreVersionError
        If the database has a migration that this program does not know.
    StoreError
        If a migration has changed since it was applied.
    """
    known = migrations() if known is None else known
    done = recorded(client)
    newest = len(known)
    if done and max(done) > newest:
        raise StoreVersionError(
            f"{client.target} has schema version {max(done)}; this version of Guanxi knows up to {newest}. "
            "Use a newer version of Guanxi, or another database"
        )
    for migration in known:
        name, sha256 = done.get(migration.number, (migration.name, migration.sha256))
        if sha256 != migration.sha256:
            raise StoreError(
                f"migration {migration.number} ({name}) has changed since it was applied to {client.target}: "
                f"its checksum is {migration.sha256[:12]}, the database has {sha256[:12]}. Undo the change and add "
                "a new migration"
            )
    return [migration for migration in known if migration.number not in done]


def require_current(client: Neo4jClient) -> None:
    """Raise NotReadyError if the database lacks a migration."""
    missing = pending(client)
    if missing:
        raise NotReadyError(
            f"{client.target} lacks {len(missing)} schema migration(s), the first being {missing[0].name}; "
            "`guanxi store migrate` applies them"
        )


def migrate(client: Neo4jClient, known: list[Migration] | None = None) -> list[Migration]:
    """Apply what is missing, in order; return it. What was killed half-way is done again."""
    missing = pending(client, known)
    for migration in missing:
        for cypher in migration.statements:
            client.command(cypher)
        client.command("CALL db.awaitIndexes(300)")
        client.write(lambda tx, migration=migration: _record(tx, migration))  # type: ignore[misc]
    return missing


def _record(tx: ManagedTransaction, migration: Migration) -> None:
    tx.run(_RECORD, number=migration.number, name=migration.name, sha256=migration.sha256).consume()
