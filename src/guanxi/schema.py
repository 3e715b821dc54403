"""The model of the stored graph, read from ``graph_schema/model.toml``."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from guanxi.errors import DataError, ParameterError


@dataclass(frozen=True, slots=True)
class EntityKind:
    """What an id can stand for."""

    name: str
    code: int
    description: str
    personal: bool
    neo4j_label: str | None = None


@dataclass(frozen=True, slots=True)
class ValueSpec:
    """The one number that a relation may carry."""

    name: str
    minimum: float = float("-inf")
    maximum: float = float("inf")
    default: float | None = None
    scales_trust: bool = False


@dataclass(frozen=True, slots=True)
class PropertySpec:
    """One of an event's properties that means something: a word out of a few, each with its number, or a time."""

    name: str
    words: tuple[tuple[str, int], ...] = ()

    @property
    def is_time(self) -> bool:
        """Whether it is a time; else it is one of the words."""
        return not self.words


@dataclass(frozen=True, slots=True)
class RelationType:
    """A typed, dated edge; see the head of ``model.toml`` for what each field means."""

    name: str
    code: int
    form: Literal["state", "fact"]
    source: str
    targets: tuple[str, ...]
    retraction: str
    value: ValueSpec | None
    via: bool
    trust_weight: float
    half_life_days: float | None
    public: bool
    personal: bool
    distrust_weight: float = 0.0
    neo4j_type: str | None = None
    neo4j_retraction_type: str | None = None
    properties: tuple[PropertySpec, ...] = ()


@dataclass(frozen=True, slots=True)
class Model:
    """Entity kinds and relation types of the graph.

    >>> model = load_model()
    >>> model.relation("follow").targets
    ('account',)
    >>> model.verbs["refund"]
    ('purchase', True)
    """

    version: int
    kinds: Mapping[str, EntityKind]
    relations: Mapping[str, RelationType]
    neo4j_superseded_type: str | None = None

    def relation(self, name: str) -> RelationType:
        """Return the relation type called ``name``, or raise ParameterError with the known ones."""
        if name not in self.relations:
            raise ParameterError(f"relation type {name!r} is not one of {', '.join(self.relations)}")
        return self.relations[name]

    @property
    def verbs(self) -> dict[str, tuple[str, bool]]:
        """Every word that input may use for a relation type: its name, or the verb that takes it back."""
        made = {name: (name, False) for name in self.relations}
        return made | {r.retraction: (r.name, True) for r in self.relations.values()}

    def relation_name(self, code: int) -> str:
        """Return the name of the relation type with this stable code."""
        return next(r.name for r in self.relations.values() if r.code == code)

    def kind_name(self, code: int) -> str:
        """Return the name of the entity kind with this stable code."""
        return next(k.name for k in self.kinds.values() if k.code == code)


def schema_folder() -> Path:
    """Return the folder ``graph_schema``: inside the installed package, else beside ``src`` in a checkout."""
    packaged = Path(__file__).parent / "graph_schema"
    return packaged if packaged.is_dir() else Path(__file__).parents[2] / "graph_schema"


@cache
def load_model() -> Model:
    """Read the model once per process."""
    return parse_model(tomllib.loads((schema_folder() / "model.toml").read_text(encoding="utf-8")))


def parse_model(document: Mapping[str, Any]) -> Model:
    """Build a model from a parsed ``model.toml`` and check that it is consistent.

    Raises
    ------
    DataError
        If a relation names an unknown kind, two entries share a code, a verb or a name in Neo4j, or such a name is not
        made of letters, digits and underscores.
    """
    kinds = {name: EntityKind(name=name, **fields) for name, fields in document["kinds"].items()}
    relations = {name: _relation_type(name, fields) for name, fields in document["relations"].items()}
    for relation in relations.values():
        for kind in (relation.source, *relation.targets):
            if kind not in kinds:
                raise DataError(f"relation {relation.name} names kind {kind!r}, not one of {', '.join(kinds)}")
    _all_different("kind code", [k.code for k in kinds.values()])
    _all_different("relation code", [r.code for r in relations.values()])
    _all_different("verb", [*relations, *(r.retraction for r in relations.values())])
    superseded = document.get("neo4j_superseded_type")
    _neo4j_names("label", [k.neo4j_label for k in kinds.values()])
    types = [name for r in relations.values() for name in (r.neo4j_type, r.neo4j_retraction_type)]
    _neo4j_names("type", [*types, superseded])
    return Model(document["schema_version"], kinds, relations, superseded)


def _relation_type(name: str, fields: Mapping[str, Any]) -> RelationType:
    spec = fields.get("value")
    return RelationType(
        name=name,
        code=fields["code"],
        form=fields["form"],
        source=fields["source"],
        targets=tuple(fields["targets"]),
        retraction=fields["retraction"],
        value=ValueSpec(**spec) if spec else None,
        via=fields.get("via", False),
        trust_weight=fields["trust_weight"],
        distrust_weight=fields.get("distrust_weight", 0.0),
        half_life_days=fields.get("half_life_days"),
        public=fields["public"],
        personal=fields["personal"],
        neo4j_type=fields.get("neo4j_type"),
        neo4j_retraction_type=fields.get("neo4j_retraction_type"),
        properties=tuple(_property(name, what, spec) for what, spec in fields.get("properties", {}).items()),
    )


def _property(relation: str, name: str, spec: Mapping[str, Any]) -> PropertySpec:
    words = spec.get("words", {})
    if bool(words) == (spec.get("type") == "time"):
        raise DataError(f"property {name} of relation {relation} has neither words nor the type time, or both")
    _all_different(f"number of a word of {name}", list(words.values()))
    if not all(1 <= number <= 255 for number in words.values()):
        raise DataError(f"property {name} of relation {relation} has a word whose number is not in 1..255")
    return PropertySpec(name, tuple(words.items()))


def _neo4j_names(what: str, names: list[str | None]) -> None:
    """These names become part of Cypher, so nothing else may stand in them."""
    given = [name for name in names if name is not None]
    for name in given:
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name, re.ASCII):
            raise DataError(f"the Neo4j {what} {name!r} is not a letter followed by letters, digits and underscores")
    _all_different(f"Neo4j {what}", given)


def _all_different(what: str, values: list[Any]) -> None:
    doubled = {value for value in values if values.count(value) > 1}
    if doubled:
        raise DataError(f"model.toml uses the {what} {doubled.pop()!r} twice")
