"""Cypher, generated from ``model.toml``; what comes from input travels as parameters only.

What writes takes one parameter, a map named ``batch``: the server compiles a statement anew for parameters of another
size, but does not look into maps.
"""

from collections.abc import Mapping, Sequence
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


def _nodes(edge: Edge, *, there: bool, via: str | None = None) -> str:
    """Find every node that a batch names, once, and hand them on as lists ``sources`` and ``targets``.

    Those that are not there are made, unless ``there`` says that all are.
    """
    verb = "MATCH" if there else "MERGE"
    steps = [_listed(verb, "sources", edge.source, ""), _listed(verb, "targets", edge.target, "sources, ")]
    if via is not None and not there:
        steps.append(f"CALL () {{ UNWIND $batch.vias AS id MERGE (:{via} {{id: id}}) }}")
    whole = "size(sources) = size($batch.sources) AND size(targets) = size($batch.targets)"
    return "\n".join([*steps, f"WITH sources, targets WHERE {whole}"])


def _listed(verb: str, name: str, label_: str, kept: str) -> str:
    return (
        f"UNWIND range(0, size($batch.{name}) - 1) AS at {verb} (n:{label_} {{id: $batch.{name}[at]}})\n"
        f"WITH {kept}n, at ORDER BY at WITH {kept}collect(n) AS {name}"
    )


_EACH = """UNWIND range(0, size($batch.key) - 1) AS row
WITH sources[$batch.source[row]] AS a, targets[$batch.target[row]] AS b, row"""


def make_nodes(label_: str) -> str:
    """Make the nodes that are not there yet."""
    return f"UNWIND $batch.ids AS id MERGE (:{label_} {{id: id}})"


def create(edge: Edge, *, state: bool, there: bool, via: str | None = None) -> str:
    """Make one relationship for each row of a batch; gives their number. A list may be empty: then nothing is set."""
    names = ("key", "retracted", *OPTIONAL) if state else ("key", *OPTIONAL)
    properties = ", ".join(f"{_property(edge, name)}: $batch.{name}[row]" for name in names)
    return (
        f"{_nodes(edge, there=there, via=via)}\n{_EACH}\n"
        f"CREATE (a)-[:{edge.type} {{{properties}}}]->(b)\nRETURN count(*) AS n"
    )


def joined(edge: Edge) -> str:
    """Which rows of a batch have pairs that are joined already."""
    where = f"WHERE EXISTS {{ (a)-[:{edge.type}]->(b) }}"
    return f"{_nodes(edge, there=True)}\n{_EACH} {where}\nRETURN collect(row) AS rows"


def merge(edge: Edge) -> str:
    """Make the relationship of each pair that has none; gives their number, and what stands where there is another."""
    named = ("key", "retracted", *OPTIONAL)
    properties = ", ".join(f"r.{_property(edge, name)} = $batch.{name}[row]" for name in named)
    return (
        f"{_nodes(edge, there=False)}\n{_EACH}\nMERGE (a)-[r:{edge.type}]->(b) ON CREATE SET {properties}\n"
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
        "UNWIND $batch.rows AS row\n"
        f"MERGE (a:{edge.source} {{id: row.source}}) MERGE (b:{edge.target} {{id: row.target}})\n"
        f"CREATE (a)-[r:{edge.type}]->(b) SET r = row.properties RETURN count(*) AS n"
    )


def known_keys(edge: Edge) -> str:
    """Which of the keys there are already."""
    return f"UNWIND $batch.keys AS key MATCH ()-[r:{edge.type} {{key: key}}]->() RETURN collect(key) AS keys"


def held_keys(edge: Edge, types: Sequence[str]) -> str:
    """Keys of all relationships of some types that start at the sources, but of a source with over ``most`` none."""
    pattern = f"(a)-[r:{'|'.join(types)}]->()"
    return (
        f"UNWIND range(0, size($batch.sources) - 1) AS at MATCH (a:{edge.source} {{id: $batch.sources[at]}})\n"
        f"WHERE COUNT {{ {pattern.replace('r:', ':', 1)} }} <= $batch.most[at] MATCH {pattern}\n"
        "RETURN collect(r.key) AS keys"
    )


def _property(edge: Edge, column: str) -> str:
    return edge.value if column == "value" else column


def counts(starts: Sequence[tuple[str, str]]) -> str:
    """How many relationships of each (label, type) start there; the server knows without looking."""
    return f"RETURN [{', '.join(f'COUNT {{ (:{source})-[:{type_}]->() }}' for source, type_ in starts)}] AS n"


def n_nodes(label_: str) -> str:
    """How many nodes have a label."""
    return f"MATCH (n:{label_}) RETURN count(n) AS n"


def starts(source: str) -> str:
    """Ids of every ``$step``-th node in the index's order: what comes after each is one range of ``export``."""
    return (
        f"MATCH (a:{source}) USING INDEX SEEK a:{source}(id) WHERE a.id > '' WITH a.id AS id ORDER BY a.id\n"
        "WITH collect(id) AS ids RETURN [at IN range($step - 1, size(ids) - 2, $step) | ids[at]] AS starts"
    )


LISTS = ("source", "target", "kind", "retract", "relation", *OPTIONAL)
"""What ``export`` hands out, in this order."""


def export(source: str, type_: str, kinds: Mapping[str, int], columns: Mapping[str, str]) -> str:
    """Columns of the relationships of the next ``$step`` sources, as one row of lists.

    Unset values come as stand-ins, since ``collect`` leaves nulls out; a column of nothing else comes empty. The order
    is the index's own and only ever begun after an id. Bounds on both sides would lose ids: Neo4j sorts text in
    two ways, its indexes by code points and its ``<`` by UTF-16 units, and an emoji can fall between the two.

    Parameters
    ----------
    kinds : mapping of label to int
        What the targets may be, and the code of each; not handed out where there is but one.
    columns : mapping of name to Cypher
        The columns that relationships of this type may have; the others come empty.
    """
    read = {"source": "collect(a.id)", "target": "collect(b.id)"}
    if len(kinds) > 1:
        choices = " ".join(f"WHEN b:{name} THEN {code}" for name, code in kinds.items())
        read["kind"] = f"collect(CASE {choices} ELSE 0 END)"
    read |= {name: _collected(name, value) for name, value in columns.items()}
    return (
        f"MATCH (a:{source}) USING INDEX SEEK a:{source}(id) WHERE a.id > $after\n"
        "WITH a ORDER BY a.id LIMIT $step WITH collect(a) AS page\n"
        f"CALL (page) {{ UNWIND page AS a MATCH (a)-[r:{type_}]->(b)\n"
        f"RETURN {', '.join(f'{value} AS {name}' for name, value in read.items())} }}\n"
        f"RETURN {', '.join(name if name in read else f'[] AS {name}' for name in LISTS)}"
    )


def _collected(name: str, value: str) -> str:
    stand_in = {"time": "$never", "value": "$nan", "retract": "false"}.get(name, "$nothing")
    listed = f"collect(coalesce({value}, {stand_in}))"
    return listed if name == "retract" else f"CASE WHEN count({value}) = 0 THEN [] ELSE {listed} END"
