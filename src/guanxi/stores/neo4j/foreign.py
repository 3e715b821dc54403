"""Reading somebody's own graph in Neo4j, as a mapping file explains it; nothing is ever written there."""

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from neo4j import READ_ACCESS, ManagedTransaction
from neo4j.time import Date, DateTime

from guanxi.errors import FileFormatError, ParameterError, StoreError
from guanxi.schema import Model
from guanxi.stores.neo4j.client import Neo4jClient, statement
from guanxi.stores.neo4j.failures import translated

T = TypeVar("T")

BATCH_ROWS = 20_000
"""Relationships that are handed on at once."""

FROM_PROPERTIES = ("id", "time", "value", "via", "retracts")
"""Fields of an event that a property of a relationship may give."""

_NODE_KEYS = ("label", "id")
_RELATION_KEYS = ("type", "relation", "source", "target", "reverse", "properties", *FROM_PROPERTIES)


@dataclass(frozen=True, slots=True)
class NodeMapping:
    """Which label an entity kind has in the graph, and which property holds its id."""

    label: str
    id: str


@dataclass(frozen=True, slots=True)
class RelationMapping:
    """What a relationship type of the graph means.

    Attributes
    ----------
    type : str
        Of the relationships in the graph.
    verb : str
        Our relation type, or the verb that takes it back.
    source, target : NodeMapping
        Our ends.
    target_kind : str
        Our kind of the target.
    reverse : bool
        Whether their arrows point from our target to our source.
    fields : mapping of str to str
        Property that gives each field of the event.
    properties : tuple of str
        Properties that are kept as they are.
    """

    type: str
    verb: str
    source: NodeMapping
    target: NodeMapping
    target_kind: str
    reverse: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    properties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class GraphRows:
    """Some relationships of one type as rows, named as the fields of an event; ``first`` is the number of the first."""

    type: str
    first: int
    rows: list[dict[str, Any]]


class ReadOnlyClient(Neo4jClient):
    """A connection that cannot write: its sessions are for reading, which the server enforces, too."""

    def write(self, work: Callable[[ManagedTransaction], T]) -> NoReturn:
        """Raise StoreError."""
        del work
        self._refuse()

    def command(self, cypher: str, **parameters: object) -> NoReturn:
        """Raise StoreError."""
        del cypher, parameters
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError(f"{self.target} is read only here: it is somebody's own graph")

    def batches(self, cypher: str, *, rows: int, **parameters: object) -> Iterator[list[dict[str, Any]]]:
        """Rows of a statement as they come, so many at once; not repeated when it fails in the middle."""
        with (
            translated(self.target),
            self._session(READ_ACCESS) as session,
            session.begin_transaction() as tx,
        ):
            result = tx.run(statement(cypher), parameters)
            while found := result.fetch(rows):
                yield [record.data() for record in found]


def read_graph_mapping(path: Path, model: Model) -> tuple[RelationMapping, ...]:
    """Read a mapping file: a ``[nodes.KIND]`` table for each kind, a ``[[relations]]`` table for each type.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or says something that a mapping cannot say.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as exc:
        raise FileFormatError(f"{path}: {exc.strerror}") from exc
    except ValueError as exc:  # not UTF-8, or not TOML
        raise FileFormatError(f"{path}: is not a TOML file: {exc}") from exc
    try:
        return _mappings(document, model)
    except ParameterError as exc:
        raise FileFormatError(f"{path}: {exc}") from exc


def read_graph(
    client: ReadOnlyClient, mappings: Sequence[RelationMapping], *, batch_rows: int = BATCH_ROWS
) -> Iterator[GraphRows]:
    """Read every relationship that is mapped.

    Raises
    ------
    ParameterError
        If the graph has no such label, type or property.
    StoreError
        If Neo4j does not answer.
    """
    check_names(client, mappings)
    for mapping in mappings:
        first = 1
        names = [*mapping.fields.values(), *mapping.properties]
        cypher = _reading(mapping)
        parameters = {"source": mapping.source.id, "target": mapping.target.id, "names": names}
        for found in client.batches(cypher, rows=batch_rows, **parameters):
            yield GraphRows(mapping.type, first, [_row(mapping, record) for record in found])
            first += len(found)


def n_relationships(client: ReadOnlyClient, mappings: Sequence[RelationMapping]) -> int:
    """How many relationships the mapped types have; some may join other labels."""
    check_names(client, mappings)
    types = {_quoted(mapping.type) for mapping in mappings}
    return sum(client.read(f"MATCH ()-[r:{name}]->() RETURN count(r) AS n")[0]["n"] for name in types)


def check_names(client: ReadOnlyClient, mappings: Sequence[RelationMapping]) -> None:
    """Raise ParameterError unless the graph has every name in a mapping."""
    labels = {node.label for mapping in mappings for node in (mapping.source, mapping.target)}
    properties = {node.id for mapping in mappings for node in (mapping.source, mapping.target)}
    properties |= {name for mapping in mappings for name in (*mapping.fields.values(), *mapping.properties)}
    for what, wanted, cypher in (
        ("label", labels, "CALL db.labels() YIELD label AS name RETURN name"),
        ("type", {m.type for m in mappings}, "CALL db.relationshipTypes() YIELD relationshipType AS name RETURN name"),
        ("property", properties, "CALL db.propertyKeys() YIELD propertyKey AS name RETURN name"),
    ):
        known = {row["name"] for row in client.read(cypher)}
        for name in sorted(wanted - known):
            shown = ", ".join(sorted(known)[:20]) or "none at all"
            raise ParameterError(f"{client.target} has no {what} {name!r}; it has {shown}")


def _reading(mapping: RelationMapping) -> str:
    """Labels and types cannot be parameters where an index shall find them; the graph is known to have these."""
    source, target, type_ = (_quoted(name) for name in (mapping.source.label, mapping.target.label, mapping.type))
    left, right = ("<-", "-") if mapping.reverse else ("-", "->")
    return (
        f"MATCH (a:{source}){left}[r:{type_}]{right}(b:{target})\n"
        "RETURN a[$source] AS source, b[$target] AS target, [name IN $names | r[name]] AS found"
    )


def _quoted(name: str) -> str:
    """A name as an identifier of Cypher."""
    if "\\" in name:  # Cypher reads \u0060 as a backtick before it looks for backticks
        raise ParameterError(f"the name {name!r} has a backslash, which cannot be quoted safely")
    return "`" + name.replace("`", "``") + "`"


def _row(mapping: RelationMapping, record: Mapping[str, Any]) -> dict[str, Any]:
    row = {
        "relation": mapping.verb,
        "source": record["source"],
        "target": record["target"],
        "target_kind": mapping.target_kind,
    }
    n_fields = len(mapping.fields)
    row |= {name: _plain(value) for name, value in zip(mapping.fields, record["found"][:n_fields], strict=True)}
    kept = zip(mapping.properties, record["found"][n_fields:], strict=True)
    properties = {name: _plain(value) for name, value in kept if value is not None}
    return row | ({"properties": properties} if properties else {})


def _plain(value: object) -> object:
    """Moments as text; everything else is for the check of the field to accept or refuse."""
    return value.to_native().isoformat() if isinstance(value, DateTime | Date) else value


def _mappings(document: Mapping[str, Any], model: Model) -> tuple[RelationMapping, ...]:
    _only(document, ("nodes", "relations"))
    nodes = {kind: _node(kind, table, model) for kind, table in _tables(document, "nodes", dict).items()}
    tables = _tables(document, "relations", list)
    if not tables:
        raise ParameterError("has no [[relations]] table")
    return tuple(_relation(number, table, nodes, model) for number, table in enumerate(tables, 1))


def _tables(document: Mapping[str, Any], name: str, type_: type) -> Any:  # noqa: ANN401 - an instance of ``type_``
    found = document.get(name, type_())
    entries = list(found.values()) if isinstance(found, dict) else found
    if not isinstance(found, type_) or not all(isinstance(entry, dict) for entry in entries):
        raise ParameterError(f"{name} is not written as " + ("[nodes.KIND]" if type_ is dict else "[[relations]]"))
    return found


def _only(table: Mapping[str, Any], known: Sequence[str]) -> None:
    for key in table:
        if key not in known:
            raise ParameterError(f"key {key!r} is not one of {', '.join(known)}")


def _node(kind: str, table: Mapping[str, Any], model: Model) -> NodeMapping:
    where = f"[nodes.{kind}]"
    if kind not in model.kinds:
        raise ParameterError(f"{where}: kind {kind!r} is not one of {', '.join(model.kinds)}")
    _only(table, _NODE_KEYS)
    return NodeMapping(_text(where, table, "label"), _text(where, table, "id"))


def _relation(number: int, table: Mapping[str, Any], nodes: Mapping[str, NodeMapping], model: Model) -> RelationMapping:
    where = f"[[relations]] {number}"
    _only(table, _RELATION_KEYS)
    verb = _text(where, table, "relation")
    if verb not in model.verbs:
        raise ParameterError(f"{where}: relation {verb!r} is not one of {', '.join(model.verbs)}")
    relation = model.relations[model.verbs[verb][0]]
    source = _kind(where, table, "source", (relation.source,), nodes)
    target = _kind(where, table, "target", relation.targets, nodes)
    reverse = table.get("reverse", False)
    properties = table.get("properties", [])
    if not isinstance(reverse, bool):
        raise ParameterError(f"{where}: reverse is {reverse!r}, not true or false")
    if not isinstance(properties, list) or not all(isinstance(name, str) for name in properties):
        raise ParameterError(f"{where}: properties is {properties!r}, not a list of names")
    fields = {name: _text(where, table, name) for name in FROM_PROPERTIES if name in table}
    return RelationMapping(
        _text(where, table, "type"), verb, nodes[source], nodes[target], target, reverse, fields, tuple(properties)
    )


def _kind(
    where: str, table: Mapping[str, Any], key: str, allowed: Sequence[str], nodes: Mapping[str, NodeMapping]
) -> str:
    """The kind at one end: what the mapping names, else the one that is meant where nothing is named."""
    kind = _text(where, table, key) if key in table else allowed[0]
    if kind not in allowed:
        raise ParameterError(f"{where}: {key} {kind!r} is not one of {', '.join(allowed)}")
    if kind not in nodes:
        raise ParameterError(f"{where}: its {key} is of kind {kind}, and there is no [nodes.{kind}] table")
    return kind


def _text(where: str, table: Mapping[str, Any], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value:
        raise ParameterError(f"{where}: {key} is {value!r}, not a name")
    return value
