"""The queries of graph_schema/neo4j/README.md give the right answers, and its picture shows the model."""

import re

import pytest
from tests.neo4j.stores import asked, migrated

from guanxi.schema import load_model, schema_folder
from strategies import row, table

README = (schema_folder() / "neo4j" / "README.md").read_text("utf-8")
QUERIES = dict(re.findall(r"### (.+?)\n\n```cypher\n(.+?)```", README, re.DOTALL))
HOUR = 1 / 24

EVENTS = [
    *(
        row("trust", *pair, at=1, value=2.0)
        for pair in (("ann", "bob"), ("bob", "cat"), ("bob", "ann"), ("ann", "dan"))
    ),
    *(row("trust", *pair, at=1) for pair in (("dan", "cat"), ("dan", "eve"))),
    row("untrust", "dan", "eve", at=2),
    *(row("follow", "ann", target, at=1) for target in ("bob", "cat")),
    *(row("follow", "bob", target, at=1) for target in ("ann", "dan", "eve")),
    *(row("follow", "cat", target, at=1) for target in ("ann", "dan")),
    row("unfollow", "cat", "ann", at=3),
    row("follow", "fan", "dan"),
    row("follow", "fan", "eve"),
    row("follow", "dan", "eve", at=1),
    row("block", "bob", "eve", at=2),
    row("block", "ann", "eve", at=2),
    row("block", "cat", "bob", at=2),
    row("unblock", "cat", "bob", at=3),
    row("purchase", "ann", "tea", at=1, id="p1", value=2),
    row("purchase", "bob", "tea", at=5, via="dan"),
    row("purchase", "cat", "tea", at=0, via="dan"),
    row("purchase", "bob", "pot", at=2, id="p2"),
    row("refund", "ann", "tea", at=2, retracts="p1"),
    row("refund", "bob", "pot", at=3),
    row("share", "dan", "tea", at=3),
    row("share", "dan", "tea", at=4),
    row("share", "eve", "tea", at=3 + HOUR / 10),
    row("share", "eve", "cup", at=6),
    row("share", "dan", "cup", at=6 + HOUR / 10),
    row("share", "fan", "cup", at=8),
    row("share", "bob", "cup"),
]
RING = ["dan", "eve"]
EXPECTED = {
    "Whom do I trust through whom?": [["cat", "bob"], ["cat", "dan"]],
    "Who follows the members of a ring?": [["bob", 2], ["fan", 2], ["cat", 1]],
    "Which purchases were given back by name?": [["ann", "tea", 2.0]],
    "Who bought after whose share?": [["dan", "tea", "bob"], ["dan", "tea", "bob"]],
    "Who follows each other?": [["ann", "bob"]],
    "Who shares an item most?": [["dan", 2], ["eve", 1]],
    "Whom do the people I follow follow, and I do not?": [["dan", 2], ["eve", 1]],
    "Who has blocked whom, and still follows?": [["ann", "eve", False], ["bob", "eve", True]],
    "Of how many relations is the date unknown?": [["FOLLOWS", 2], ["SHARED", 1]],
    "Who shared the same things in the same hour?": [["dan", "eve", 2]],
}


@pytest.fixture(scope="module")
def toy(neo4j_server, tmp_path_factory):
    """The server with the toy graph."""
    neo4j_server.make_usable()
    store = migrated(neo4j_server, tmp_path_factory.mktemp("toy") / "home")
    store.append(table(EVENTS))
    store.pump()
    store.close()
    return neo4j_server


@pytest.mark.parametrize("question", EXPECTED)
def test_question_has_the_right_answer(toy, question):
    found = asked(toy, QUERIES[question], me="ann", ring=RING, item="tea", least=2)
    assert found == EXPECTED[question]


def test_every_question_of_the_page_is_asked():
    assert len(QUERIES) == 10
    assert set(QUERIES) == set(EXPECTED)


def test_picture_shows_every_relation_of_the_model():
    model = load_model()
    labels = {kind.name: kind.neo4j_label for kind in model.kinds.values()}
    wanted = {(labels[r.source], r.neo4j_type, labels[kind]) for r in model.relations.values() for kind in r.targets}
    assert set(re.findall(r"^  (\w+) -- (\w+) --> (\w+)$", README, re.MULTILINE)) == wanted


def test_page_names_every_type_of_a_retraction_and_every_value():
    model = load_model()
    names = [r.neo4j_retraction_type for r in model.relations.values()]
    names += [r.value.name for r in model.relations.values() if r.value]
    assert all(f"`{name}`" in README for name in [*names, model.neo4j_superseded_type] if name)
