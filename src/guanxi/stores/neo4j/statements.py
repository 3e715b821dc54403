"""Cypher, generated from ``model.toml``; what comes from input travels as parameters only.

What writes takes one parameter, a map named ``batch``: the server compiles a statement anew for parameters of another
size, but does not look into maps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from guanxi.errors import ParameterError
from guanxi.schema import EntityKind, Model, RelationType

OPTIONAL = ("id", "time", "value", "via", "undoes", "properties")
"""Columns that an event may lack; ``value`` is stored under the name that the relation gives it."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One relationship type between two labels.

    Attributes
    ----------
    type : str
        Of the relationships.
    source, target : str
        Labels of the ends.
    value : str
        Name of the property that holds the relation's number.
    """

    type: str
    source: str
    target: str
    value: str

    @classmethod
    def of(cls, model: Model, relation: RelationType, kind: str, *, retract: bool = False) -> "Edge":
        """The edge of a relation to one kind of target; ``retract`` for taking back facts."""
        name = relation.neo4j_retraction_type if retract and relation.form == "fact" else relation.neo4j_type
        return cls.named(model, relation, kind, name)

    @classmethod
    def superseded(cls, model: Model, relation: RelationType, kind: str) -> "Edge":
        """The edge of events of a state that a later one has replaced."""
        return cls.named(model, relation, kind, model.neo4j_superseded_type)

    @classmethod
    def named(cls, model: Model, relation: RelationType, kind: str, name: str | None) -> "Edge":
        """The edge with this type."""
        if name is None:
            raise ParameterError(f"relation {relation.name} has no neo4j_type in model.toml")
        return cls(name, label(model.kinds[relation.source]), label(model.kinds[kind]), value_name(relation))


def label(kind: EntityKind) -> str:
    """Label of an entity kind, or raise ParameterError."""
    if kind.neo4j_label is None:
        raise ParameterError(f"kind {kind.name} has no neo4j_label in model.toml")
    return kind.neo4j_label


def value_name(relation: RelationType) -> str:
    """Property that holds the relation's number."""
    return relation.value.name if relation.value else "value"


def merged_nodes(edge: Edge, *, via: str | None = None) -> str:
    """Find or make every node that a batch names, once, and hand them on as lists ``sources`` and ``targets``."""
    steps = [_merged("sources", edge.source, ""), _merged("targets", edge.target, "sources, ")]
    if via is not None:
        steps.append(f"CALL () {{ UNWIND $batch.vias AS id MERGE (:{via} {{id: id}}) }}")
    return "\n".join(
        [*steps, "WITH sources, targets WHERE size(sources) = size($batch.sources) AND size(targets) = size($batch.targets)"]
    )


def _merged(name: str, label_: str, kept: str) -> str:
    return (
        f"UNWIND range(0, size($batch.{name}) - 1) AS at MERGE (n:{label_} {{id: $batch.{name}[at]}})\n"
        f"WITH {kept}n, at ORDER BY at WITH {kept}collect(n) AS {name}"
    )


_EACH = """UNWIND range(0, size($batch.key) - 1) AS row
WITH sources[$batch.source[row]] AS a, targets[$batch.target[row]] AS b, row"""


def create(edge: Edge, columns: Sequence[str], *, via: str | None = None) -> str:
    """Make one relationship for each row of a batch; gives their number."""
    properties = ", ".join(f"{_property(edge, name)}: $batch.{name}[row]" for name in columns)
    return (
        f"{merged_nodes(edge, via=via)}\n{_EACH}\nCREATE (a)-[:{edge.type} {{{properties}}}]->(b)\nRETURN count(*) AS n"
    )


def merge(edge: Edge, columns: Sequence[str]) -> str:
    """Make the relationship of each pair that has none; gives their number, and what stands where there is another."""
    properties = ", ".join(f"r.{_property(edge, name)} = $batch.{name}[row]" for name in columns)
    return (
        f"{merged_nodes(edge)}\n{_EACH}\nMERGE (a)-[r:{edge.type}]->(b) ON CREATE SET {properties}\n"
        "RETURN count(*) AS n, collect(CASE WHEN r.key <> $batch.key[row] THEN [row, properties(r)] END) AS others"
    )


def replace(edge: Edge) -> str:
    """Give the relationship of each pair other properties."""
    return (
        f"UNWIND $batch.rows AS row MATCH (a:{edge.source} {{id: row.source}})-[r:{edge.type}]->"
        f"(b:{edge.target} {{id: row.target}}) SET r = row.properties RETURN count(*) AS n"
    )


def create_superseded(edge: Edge) -> str:
    """Make one relationship for each row of maps; gives their number."""
    return (
        f"UNWIND $batch.rows AS row MERGE (a:{edge.source} {{id: row.source}}) MERGE (b:{edge.target} {{id: row.target}})\n"
        f"CREATE (a)-[r:{edge.type}]->(b) SET r = row.properties RETURN count(*) AS n"
    )


def known_keys(edge: Edge) -> str:
    """Which of the keys there are already."""
    return f"UNWIND $batch.keys AS key MATCH ()-[r:{edge.type} {{key: key}}]->() RETURN collect(key) AS keys"


def _property(edge: Edge, column: str) -> str:
    return edge.value if column == "value" else column


def count(edge: Edge) -> str:
    """How many relationships of a type start at this kind; the server knows without looking."""
    return f"MATCH (:{edge.source})-[r:{edge.type}]->() RETURN count(r) AS n"


def n_nodes(label_: str) -> str:
    """How many nodes have a label."""
    return f"MATCH (n:{label_}) RETURN count(n) AS n"


def next_border(label_: str) -> str:
    """The id that stands ``step`` places after another one."""
    return f"MATCH (n:{label_}) WHERE n.id > $after WITH n.id AS id ORDER BY id SKIP $step LIMIT 1 RETURN id"


def export(edge: Edge, *, of_relation: bool, last: bool) -> str:
    """Every column of the relationships whose sources have ids in a range, as one row of lists.

    Unset values come as stand-ins, since ``collect`` leaves nulls out; a column of nothing else comes empty.
    """
    upto = "" if last else " AND a.id <= $upto"
    only = " WHERE r.relation = $relation" if of_relation else ""
    stand_ins = {"time": "$never", "value": "$nan"}
    optional = ", ".join(
        f"CASE WHEN count(r.{_property(edge, c)}) = 0 THEN [] "
        f"ELSE collect(coalesce(r.{_property(edge, c)}, {stand_ins.get(c, '$nothing')})) END AS {c}"
        for c in OPTIONAL
    )
    return (
        f"MATCH (a:{edge.source}) WHERE a.id > $after{upto}\n"
        f"MATCH (a)-[r:{edge.type}]->(b:{edge.target}){only}\n"
        "RETURN collect(a.id) AS source, collect(b.id) AS target, collect(coalesce(r.retracted, false)) AS retract, "
        f"{optional}"
    )
