"""Topics over HTTP: the list, and the parameter of trust and recommendations."""

import pytest

from guanxi.engine import Engine, topics
from service.running import EXAMPLE, event, ids, make_store, problem, serving

ABOUT = [
    *(event("categorise", item, "茶 & tea", 1) for item in ("tea", "cup")),
    event("categorise", "pen", "office", 1),
    event("purchase", "ann", "cup", 14, via="bob"),
]
TEA = {"topic": "茶 & tea"}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    folder = tmp_path_factory.mktemp("topics") / "store"
    make_store(folder, [*EXAMPLE, *ABOUT])
    return folder


@pytest.fixture(scope="module")
def client(home):
    with serving(home) as running:
        yield running


@pytest.fixture
def view(home):
    engine = Engine(home)
    yield engine.view()
    engine.close()


def test_answers_are_those_of_the_engine(client, view):
    asked = {
        "/v1/topics?limit=1": topics.topics(view, limit=1),
        "/v1/trust/ann?topic=office&limit=2": topics.trusted_by(view, "ann", "office", limit=2),
        "/v1/trust/ann/bob?topic=office": topics.pair(view, "ann", "bob", "office"),
        "/v1/accounts/ann/recommendations/items?topic=office&exclude_seen=false&explain=paths": topics.items(
            view, "ann", "office", exclude_seen=False
        ),
    }
    for path, (data, meta) in asked.items():
        assert client.get(path).json() == {"data": data, "meta": meta}


def test_topic_may_hold_any_printable_character(client):
    data = client.get("/v1/trust/ann/bob", params=TEA).json()["data"]
    assert data["topic"] == {"id": TEA["topic"], "n_items": 2}
    assert 0 < data["fallback"]["weight"] < 1
    assert sum(part["amount"] for part in data["parts"]) == pytest.approx(data["trust"]["score"], abs=1e-9)


def test_only_items_of_the_topic_are_recommended(client):
    path = "/v1/accounts/ann/recommendations/items"
    assert ids(client.get(path, params=TEA)) == ["tea"]
    assert ids(client.get(path, params={"topic": "office"})) == []


def test_cold_account_is_answered(client):
    for path in ("/v1/trust/nobody", "/v1/trust/nobody/ann", "/v1/accounts/nobody/recommendations/items"):
        assert client.get(path, params=TEA).json()["data"]["fallback"]["weight"] == 1.0


@pytest.mark.parametrize("path", ["/v1/trust/ann", "/v1/trust/ann/bob", "/v1/accounts/ann/recommendations/items"])
def test_unknown_topic_is_a_problem_that_names_near_ones(client, path):
    said = problem(client.get(path, params={"topic": "Offices"}), 404, "unknown_id")
    assert said["detail"] == "no topic 'Offices' among 2 in this snapshot; similar: 'office'"


@pytest.mark.parametrize("topic", ["", "x" * 257, "a\0"])
def test_topic_that_can_be_no_id_is_refused(client, topic):
    errors = problem(client.get("/v1/trust/ann", params={"topic": topic}), 422, "invalid_parameter")["errors"]
    assert [error["pointer"] for error in errors] == ["/query/topic"]


@pytest.mark.parametrize("path", ["/v1/accounts/ann/recommendations/accounts", "/v1/rankings/balanced"])
def test_topic_is_refused_where_it_means_nothing(client, path):
    problem(client.get(path, params=TEA), 422, "invalid_parameter")


def test_answers_on_a_topic_have_the_shapes_that_openapi_promises(client):
    from guanxi.service.app import ROUTES

    paths = {"/v1/trust/{viewer}/{target}": "ann/bob", "/v1/trust/{viewer}": "ann"}
    paths |= {"/v1/accounts/{account}/recommendations/items": "ann"}
    for route in ROUTES:
        if route.template in paths:
            path = route.template
            for name, id_ in (("{viewer}", "ann"), ("{target}", "bob"), ("{account}", "ann")):
                path = path.replace(name, id_)
            explain = {"explain": "paths"} if path.endswith("items") else {}
            answer = client.get(path, params={**TEA, **explain})
            found = route.answers.model_validate_json(answer.content).model_dump(exclude_unset=True, by_alias=True)
            assert found == answer.json()
            paths.pop(route.template)
    assert not paths
