"""The model of the graph: consistent as shipped, refused when it contradicts itself, and told truly by its README."""

import copy
import re
import tomllib

import pytest

from guanxi.errors import DataError, ParameterError
from guanxi.schema import EntityKind, Model, RelationType, ValueSpec, load_model, parse_model, schema_folder

MODEL = load_model()
RELATIONS = list(MODEL.relations.values())
README = (schema_folder() / "README.md").read_text("utf-8")


@pytest.fixture
def document() -> dict:
    """The shipped model as parsed TOML, free to be spoilt."""
    return copy.deepcopy(tomllib.loads((schema_folder() / "model.toml").read_text("utf-8")))


def test_shipped_model_is_read_once():
    assert load_model() is load_model()


def test_shipped_model_holds_what_the_file_says(document):
    assert parse_model(document) == MODEL
    assert MODEL.version == document["schema_version"]
    assert list(MODEL.kinds) == list(document["kinds"])
    assert list(MODEL.relations) == list(document["relations"])


@pytest.mark.parametrize("relation", RELATIONS, ids=lambda relation: relation.name)
def test_shipped_relation_makes_sense(relation):
    assert relation.form in {"state", "fact"}
    assert relation.targets
    assert relation.trust_weight >= 0
    assert relation.distrust_weight >= 0
    assert relation.distrust_weight == 0 or relation.source == "account"
    assert relation.half_life_days is None or relation.half_life_days > 0
    spoken_for = relation.via or "account" in relation.targets
    assert relation.trust_weight == 0 or (relation.source == "account" and spoken_for)
    assert relation.source != "account" or relation.personal


@pytest.mark.parametrize("relation", [r for r in RELATIONS if r.value], ids=lambda relation: relation.name)
def test_shipped_value_has_a_range_that_holds_its_default(relation):
    value = relation.value
    assert value.minimum < value.maximum
    assert value.default is None or value.minimum <= value.default <= value.maximum
    assert not value.scales_trust or relation.trust_weight > 0


@pytest.mark.parametrize("codes", [[k.code for k in MODEL.kinds.values()], [r.code for r in RELATIONS]])
def test_shipped_codes_fit_a_signed_byte(codes):
    assert all(1 <= code <= 127 for code in codes)


def test_codes_lead_back_to_names():
    assert [MODEL.relation_name(r.code) for r in RELATIONS] == list(MODEL.relations)
    assert [MODEL.kind_name(k.code) for k in MODEL.kinds.values()] == list(MODEL.kinds)


def test_verbs_are_the_names_and_their_retractions():
    assert MODEL.verbs["follow"] == ("follow", False)
    assert MODEL.verbs["revoke"] == ("certify", True)
    assert len(MODEL.verbs) == 2 * len(RELATIONS)
    assert sorted(MODEL.verbs.values()) == sorted((r.name, taken) for r in RELATIONS for taken in (False, True))


def test_unknown_relation_is_refused_with_the_known_ones():
    with pytest.raises(ParameterError, match="relation type 'befriend' is not one of follow, share, purchase"):
        MODEL.relation("befriend")


def test_absent_fields_take_their_defaults():
    fields = {"code": 7, "form": "fact", "source": "cat", "targets": ["cat"], "retraction": "unpurr"}
    fields |= {"trust_weight": 0.5, "public": True, "personal": False, "value": {"name": "volume"}}
    cat = {"code": 1, "description": "Purrs", "personal": False}
    model = parse_model({"schema_version": 3, "kinds": {"cat": cat}, "relations": {"purr": fields}})
    assert model == Model(
        version=3,
        kinds={"cat": EntityKind(name="cat", code=1, description="Purrs", personal=False)},
        relations={
            "purr": RelationType(
                name="purr",
                code=7,
                form="fact",
                source="cat",
                targets=("cat",),
                retraction="unpurr",
                value=ValueSpec("volume", float("-inf"), float("inf"), default=None, scales_trust=False),
                via=False,
                trust_weight=0.5,
                half_life_days=None,
                public=True,
                personal=False,
            )
        },
    )


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("relations", "follow", "source"), "robot", "relation follow names kind 'robot', not one of account, item"),
        (("relations", "share", "targets"), ["item", "robot"], "relation share names kind 'robot'"),
        (("kinds", "item", "code"), 1, "model.toml uses the kind code 1 twice"),
        (("relations", "block", "code"), 5, "model.toml uses the relation code 5 twice"),
        (("relations", "block", "retraction"), "unfollow", "model.toml uses the verb 'unfollow' twice"),
        (("relations", "block", "retraction"), "trust", "model.toml uses the verb 'trust' twice"),
    ],
)
def test_contradicting_model_is_refused(document, path, value, message):
    table, entry, field = path
    document[table][entry][field] = value
    with pytest.raises(DataError, match=message):
        parse_model(document)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "property proof of relation identity_link has neither words nor the type time, or both"),
        ({"words": {"a": 1}, "type": "time"}, "has neither words nor the type time, or both"),
        ({"words": {"a": 1, "b": 1}}, "model.toml uses the number of a word of proof 1 twice"),
        ({"words": {"a": 0}}, r"has a word whose number is not in 1\.\.255"),
    ],
)
def test_contradicting_property_is_refused(document, spec, message):
    document["relations"]["identity_link"]["properties"]["proof"] = spec
    with pytest.raises(DataError, match=message):
        parse_model(document)


@pytest.mark.parametrize("relation", [r for r in RELATIONS if r.properties], ids=lambda relation: relation.name)
def test_readme_names_every_property_and_its_words(relation):
    for spec in relation.properties:
        assert f"`{spec.name}`" in README
        assert all(f"`{word}`" in README for word, _ in spec.words)


def cells(heading: str) -> list[list[str]]:
    """Rows of the README's table under a heading, without its head."""
    section = README.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in lines[2:]]


def yes(flag: bool) -> str:
    return "yes" if flag else ""


def told(value: ValueSpec | None) -> str:
    """The README's words for a value."""
    if value is None:
        return ""
    top = "" if value.maximum == float("inf") else f" to {value.maximum:g}"
    otherwise = "" if value.default is None else f", else {value.default:g}"
    return f"{value.name}, from {value.minimum:g}{top}{otherwise}"


def test_readme_lists_every_kind():
    kinds = MODEL.kinds.values()
    assert cells("Kinds of entity") == [[str(k.code), k.name, k.description, yes(k.personal)] for k in kinds]


@pytest.mark.parametrize("position", range(len(RELATIONS)), ids=list(MODEL.relations))
def test_readme_lists_the_relation_as_it_is(position):
    relation = RELATIONS[position]
    fades = "" if relation.half_life_days is None else f"{relation.half_life_days:g} days"
    targets = ", ".join([f"**{relation.targets[0]}**", *relation.targets[1:]])
    assert cells("Relations")[position] == [
        str(relation.code),
        relation.name,
        relation.form,
        relation.source,
        targets,
        relation.retraction,
        told(relation.value),
        yes(relation.via),
        f"{relation.trust_weight:g}",
        f"{relation.distrust_weight:g}",
        fades,
        yes(relation.public),
        yes(relation.personal),
    ]


def test_readme_lists_no_relation_that_is_not_there():
    assert len(cells("Relations")) == len(RELATIONS)


def test_readme_draws_every_relation_between_its_kinds():
    drawn = re.findall(r"^  (\w+) -- (\w+) --> (\w+)$", README, flags=re.MULTILINE)
    assert sorted(drawn) == sorted((r.source, r.name, target) for r in RELATIONS for target in r.targets)


def test_migrations_are_numbered_without_a_gap():
    for store, suffix in (("sqlite", "sql"), ("neo4j", "cypher")):
        names = sorted(path.name for path in (schema_folder() / store).glob("V*"))
        assert all(re.fullmatch(rf"V\d{{4}}__\w+\.{suffix}", name) for name in names), names
        assert [int(name[1:5]) for name in names] == list(range(1, len(names) + 1))


def test_every_kind_and_relation_has_a_name_in_neo4j():
    assert all(kind.neo4j_label for kind in MODEL.kinds.values())
    assert all(relation.neo4j_type for relation in RELATIONS)
    assert all((relation.neo4j_retraction_type is not None) == (relation.form == "fact") for relation in RELATIONS)
    assert MODEL.neo4j_superseded_type


@pytest.mark.parametrize("name", ["A B", "A`", "1A", "", "A-B", "É", "A)", "A\n"])
def test_name_in_neo4j_that_could_be_cypher_is_refused(document, name):
    document["relations"]["follow"]["neo4j_type"] = name
    with pytest.raises(DataError, match="is not a letter followed by letters, digits and underscores"):
        parse_model(document)


def test_type_in_neo4j_that_two_relations_share_is_refused(document):
    document["relations"]["share"]["neo4j_retraction_type"] = "FOLLOWS"
    with pytest.raises(DataError, match="uses the Neo4j type 'FOLLOWS' twice"):
        parse_model(document)
