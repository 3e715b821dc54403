"""Files for ``neo4j-admin database import``: the first load of a large graph, while the server is stopped."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

from guanxi.bundle import store_error
from guanxi.errors import DamagedError, NotReadyError, ParameterError, StoreError
from guanxi.events import EVENT_SCHEMA
from guanxi.schema import Model
from guanxi.stores.embedded import EmbeddedStore
from guanxi.stores.neo4j import statements
from guanxi.stores.neo4j.batches import Part, keys, parts
from guanxi.stores.neo4j.client import Neo4jClient
from guanxi.stores.neo4j.store import Neo4jStore

RECORD = "guanxi-import.json"
"""Says what the other files hold; written last, so that a folder with it is complete."""

_TYPES = {"time": "long", "value": "double"}
_STORED = {"undoes": "retracts"}  # how EVENT_SCHEMA calls it


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """Header and data files for the import tool.

    Attributes
    ----------
    seq, key : int, str
        The files hold every event of the log up to ``seq``, the last one having this key.
    erasure : int
        Number of the last erasure before they were written.
    nodes, relationships : dict of str to int
        How many there are, by label and by type.
    arguments : tuple of str
        What the import tool is told of the files, their names being relative to the folder.
    """

    seq: int
    key: str
    nodes: dict[str, int]
    relationships: dict[str, int]
    arguments: tuple[str, ...]
    erasure: int = 0

    def command(self, folder: Path, *, database: str = "neo4j") -> list[str]:
        """The command that imports them into a database that is empty or not there."""
        at = folder.resolve()
        options = [_placed(argument, at) for argument in self.arguments]
        fixed = ["--id-type=string", "--input-encoding=UTF-8", f"--report-file={at / 'import.report'}"]
        return ["neo4j-admin", "database", "import", "full", database, *fixed, *options]


def write_import(log: EmbeddedStore, folder: Path, model: Model, *, gzip: bool = False) -> ImportFiles:
    """Write all events of a log, as relationships that stand and what was before them, with their nodes.

    Parameters
    ----------
    folder : Path
        Where the files go; made if missing.
    gzip : bool
        Whether to compress the data files; the import tool reads both.

    Raises
    ------
    ParameterError
        If the folder holds files already, or its name has a comma, which parts names for the import tool.
    NotReadyError
        If the log has no events.
    StoreError
        If a file cannot be written.

    Notes
    -----
    Memory: the largest relation type, a few times over.
    """
    _check_folder(folder)
    erasure, seq = log.last_erasure(), log.last_seq()
    events = pa.concat_tables([EVENT_SCHEMA.empty_table(), *log.events(upto=seq)])
    if not len(events):
        raise NotReadyError(f"the store at {log.home} has no events; load some first")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writer = _Writer(folder, gzip=gzip)
        for part in parts(events, model):
            writer.add(part, model)
        writer.add_nodes()
        key = _last_key(pa.concat_tables([EVENT_SCHEMA.empty_table(), *log.events(after=seq - 1, upto=seq)]))
        files = ImportFiles(seq, key, writer.nodes, writer.relationships, tuple(writer.arguments), erasure)
        (folder / RECORD).write_text(json.dumps(asdict(files), indent=2), encoding="utf-8")
    except OSError as exc:
        raise store_error(exc, folder) from exc
    return files


def read_import(folder: Path) -> ImportFiles:
    """Read what the files in a folder hold.

    Raises
    ------
    NotReadyError
        If there are no complete files.
    DamagedError
        If the record of them cannot be read.
    """
    path = folder / RECORD
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return ImportFiles(**record | {"arguments": tuple(record["arguments"])})
    except FileNotFoundError as exc:
        raise NotReadyError(
            f"{folder} has no {RECORD}; `guanxi export neo4j-import` writes it when all files are complete"
        ) from exc
    except (OSError, ValueError, KeyError, TypeError) as exc:
        raise DamagedError(f"{path} cannot be read: {exc}") from exc


def adopt_import(store: Neo4jStore, folder: Path, model: Model) -> ImportFiles:
    """Take the events in the files as applied, once the import tool has put them into the database.

    Raises
    ------
    StoreError
        If the files are not of this store's log, or the database does not hold what they do.
    NotReadyError
        If a schema migration is missing, or the files are incomplete.
    """
    files = read_import(folder)
    if store.last_erasure() != files.erasure:
        raise StoreError(f"accounts were erased after the files in {folder} were written; remove them and export again")
    last = pa.concat_tables([EVENT_SCHEMA.empty_table(), *store.log.events(after=files.seq - 1, upto=files.seq)])
    if _last_key(last) != files.key:
        raise StoreError(f"the files in {folder} are not of the store {store.home}: its event {files.seq:,} is another")
    applied = store.lag().applied
    if applied == files.seq:
        return files
    if applied:
        raise StoreError(f"{store.target} has applied {applied:,} events of this store already, by another way")
    _compare(store, files, model)
    store.adopt(files.seq)
    return files


def _compare(store: Neo4jStore, files: ImportFiles, model: Model) -> None:
    """Raise StoreError unless the database has as many nodes and relationships as the files."""
    client = Neo4jClient(store.target.patient())
    try:
        for what, names, wanted, counting in (
            ("nodes labelled", _labels(model), files.nodes, statements.n_nodes),
            ("relationships of type", _relationship_types(model), files.relationships, _n_relationships),
        ):
            for name in names:
                found = client.read(counting(name))[0]["n"]
                if found != wanted.get(name, 0):
                    raise StoreError(
                        f"{store.target} has {found:,} {what} {name}, the files have {wanted.get(name, 0):,}; was the "
                        "import done, into this database, when it was empty?"
                    )
    finally:
        client.close()


def _labels(model: Model) -> list[str]:
    return [statements.label(kind) for kind in model.kinds.values()]


def _relationship_types(model: Model) -> list[str]:
    of_relations = [name for r in model.relations.values() for name in (r.neo4j_type, r.neo4j_retraction_type)]
    return [name for name in (*of_relations, model.neo4j_superseded_type) if name is not None]


def _n_relationships(type_: str) -> str:
    return f"MATCH ()-[r:{type_}]->() RETURN count(r) AS n"


def _check_folder(folder: Path) -> None:
    if "," in str(folder.resolve()):
        raise ParameterError(f"the folder {folder.resolve()} has a comma in its name, which neo4j-admin cannot read")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ParameterError(f"{folder} is there already and is no empty folder; name another one")


class _Writer:
    """Writes one header and one data file for each label, and for each way in which events become relationships."""

    def __init__(self, folder: Path, *, gzip: bool) -> None:
        self.nodes: dict[str, int] = {}
        self.relationships: dict[str, int] = {}
        self.arguments: list[str] = []
        self._folder, self._gzip = folder, gzip
        self._ids: dict[str, list[pa.ChunkedArray]] = {}

    def add(self, part: Part, model: Model) -> None:
        """Write the relationships of some events, and remember their ends."""
        edge, events = part.edge, part.events
        self._remember(edge.source, events["source"])
        self._remember(edge.target, events["target"])
        self._remember(statements.label(model.kinds["account"]), events["via"])
        name = f"{edge.type}-{edge.source}-{edge.target}" + (f"-{part.relation.name}" if part.superseded else "")
        self._write(f"--relationships={edge.type}", name, dict(_columns(part)))
        self.relationships[edge.type] = self.relationships.get(edge.type, 0) + len(events)

    def add_nodes(self) -> None:
        """Write every end once."""
        for label, found in sorted(self._ids.items()):
            ids = pa.chunked_array([chunk for column in found for chunk in column.chunks], pa.string()).unique()
            self._write(f"--nodes={label}", label, {f"id:ID({label})": ids})
            self.nodes[label] = len(ids)

    def _remember(self, label: str, ids: pa.ChunkedArray) -> None:
        some = ids.drop_null().unique()
        if len(some):
            self._ids.setdefault(label, []).append(pa.chunked_array([some]))

    def _write(self, option: str, name: str, columns: Mapping[str, pa.Array | pa.ChunkedArray]) -> None:
        header, data = f"{name}-header.csv", f"{name}.csv" + (".gz" if self._gzip else "")
        (self._folder / header).write_text(",".join(columns) + "\n", encoding="utf-8")
        # Text always stands in quotes and null never does, so that the import tool can tell null from empty text.
        options = csv.WriteOptions(include_header=False, quoting_style="needed")
        compression = "gzip" if self._gzip else None
        with pa.output_stream(self._folder / data, compression=compression) as stream:
            csv.write_csv(pa.table(dict(columns)), stream, options)
        self.arguments.append(f"{option}={header},{data}")


def _columns(part: Part) -> Iterator[tuple[str, pa.Array | pa.ChunkedArray]]:
    """Columns of a part's data file under their names in its header; what no event has is left out."""
    edge, events = part.edge, part.events
    yield f":START_ID({edge.source})", events["source"]
    yield f":END_ID({edge.target})", events["target"]
    yield "key:string", _hexadecimal(events)
    if part.superseded:
        yield "relation:string", pa.array([part.relation.name]).take(pa.array(np.zeros(len(events), np.int32)))
    if part.relation.form == "state":
        yield "retracted:boolean", events["retract"]
    for name in statements.OPTIONAL:
        column = events[_STORED.get(name, name)]
        if column.null_count < len(column):
            yield f"{edge.value if name == 'value' else name}:{_TYPES.get(name, 'string')}", column


def _hexadecimal(events: pa.Table) -> pa.Array:
    """Key of every event as 32 hexadecimal digits, without a Python object for each."""
    words = np.column_stack([events["key_hi"].to_numpy(), events["key_lo"].to_numpy()]).astype(">u8")
    octets = np.frombuffer(words.tobytes(), dtype=np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
    text = np.column_stack([digits[octets >> 4], digits[octets & 15]]).tobytes()
    offsets = np.arange(len(events) + 1, dtype=np.int64) * 32
    return pa.LargeStringArray.from_buffers(len(events), pa.py_buffer(offsets), pa.py_buffer(text))


def _placed(argument: str, folder: Path) -> str:
    """An argument whose files are named from the root."""
    option, _, names = argument.rpartition("=")
    return f"{option}={','.join(str(folder / name) for name in names.split(','))}"


def _last_key(events: pa.Table) -> str:
    return keys(events.slice(len(events) - 1))[0] if len(events) else ""
