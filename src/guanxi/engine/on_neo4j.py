"""The part of the engine that has to do with Neo4j only."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from guanxi.engine.loads import Limit, LoadReport, Progress
from guanxi.stores import EmbeddedStore, GraphStore

if TYPE_CHECKING:
    from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget
    from guanxi.stores.neo4j.importing import ImportFiles
    from guanxi.stores.neo4j.writeback import WrittenBack

# Every import of guanxi.stores.neo4j stands in a function: only where there is a Neo4j does anybody pay for its driver.


class OnNeo4j:
    """What an engine does where Neo4j holds the graph, or with somebody's own graph there."""

    store: GraphStore
    _now_us: Callable[[], int]

    @property
    def neo4j(self) -> "Neo4jStore | None":
        """The store, where Neo4j holds the graph."""
        if isinstance(self.store, EmbeddedStore):
            return None
        from guanxi.stores.neo4j import Neo4jStore  # noqa: PLC0415

        return self.store if isinstance(self.store, Neo4jStore) else None

    def load_graph(
        self,
        source: "Neo4jTarget",
        mapping_file: Path,
        *,
        limit: Limit | None = None,
        rejects_file: Path | None = None,
        progress: Progress | None = None,
    ) -> LoadReport:
        """Load somebody's own graph from Neo4j, as a mapping file explains it; all of it, or nothing.

        Nothing is written there. The report's records are relationships.

        Raises
        ------
        FileFormatError
            If the mapping file cannot be used.
        ParameterError
            If the graph lacks a label, type or property of the mapping, or is the store itself.
        StoreError
            If Neo4j does not answer; nothing is kept.
        """
        from guanxi.engine import graph_database  # noqa: PLC0415

        now = self._now_us()
        return graph_database.load_graph(
            self.store,
            source,
            mapping_file,
            now_us=now,
            limit=limit or Limit(),
            rejects_file=rejects_file or self.store.home / "rejects" / f"{now}.csv",
            progress=progress,
        )

    def write_back(self, *, progress: Progress | None = None) -> "WrittenBack":
        """Put the scores of the run in use on the account nodes in Neo4j.

        Raises
        ------
        ParameterError
            If the store is a folder: it has no nodes.
        NotReadyError
            If there is no run yet, or a schema migration is missing.
        StoreError
            If Neo4j does not answer; the next call completes what was begun.
        """
        from guanxi.engine import graph_database  # noqa: PLC0415

        return graph_database.write_back(self.store, progress=progress)

    def export_import(self, folder: Path, *, gzip: bool = False) -> "ImportFiles":
        """Write every event into files for ``neo4j-admin database import``; see ``neo4j.importing.write_import``."""
        from guanxi.engine import graph_database  # noqa: PLC0415

        return graph_database.export_import(self.store, folder, gzip=gzip)

    def adopt(self, folder: Path) -> "ImportFiles":
        """Take the events in such files as applied to Neo4j; see ``neo4j.importing.adopt_import``."""
        from guanxi.engine import graph_database  # noqa: PLC0415

        return graph_database.adopt(self.store, folder)
