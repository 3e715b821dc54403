"""Strategies through the API."""

import pytest

from guanxi.engine import Engine
from guanxi.engine.keys import create_key
from guanxi.engine.strategies import find, shipped
from service.running import STRANGER, problem, serving

NEAR = "/v1/strategies/near"
BODY = {"version": 1, "description": "Close friends.", "restart": 0.4, "weights": {"follow": {"weight": 1}}}


def test_strategies_of_guanxi_are_listed_and_told(reading):
    found = reading.get("/v1/strategies").json()["data"]["strategies"]
    assert [(of["name"], of["version"], of["shipped"], of["created"]) for of in found] == [
        (of.name, of.version, True, None) for of in shipped()
    ]
    strict = reading.get("/v1/strategies/strict").json()["data"]
    assert (strict["restart"], strict["versions"]) == (0.3, [{"version": 1, "created": None}])
    assert strict == reading.get("/v1/strategies/strict@1").json()["data"]


def test_put_strategy_is_kept_told_and_followed_by_a_run(client, home):
    made = client.put(NEAR, json=BODY)
    assert made.status_code == 201
    data = made.json()["data"]
    assert (data["name"], data["version"], data["shipped"], data["attribution_days"]) == ("near", 1, False, 90.0)
    assert data["weights"] == {"follow": {"weight": 1.0, "half_life_days": None}}
    assert client.get(NEAR).json() == made.json()
    engine = Engine(home)
    assert engine.score(find("near", engine.store).strategy).strategy == "near@1"
    engine.close()


def test_same_again_is_200_and_another_content_a_conflict_that_says_where(client):
    first = client.put(NEAR, json=BODY).json()
    again = client.put(NEAR, json=BODY | {"name": "near"})
    assert (again.status_code, again.json()) == (200, first)
    said = problem(client.put(NEAR, json=BODY | {"restart": 0.5}), 409, "conflict")
    assert "near@1 was defined before, where restart is 0.4, not 0.5" in said["detail"]
    assert client.get(NEAR).json() == first


def test_history_is_kept_and_the_newest_version_is_meant(client):
    for version in (1, 3, 2):
        assert client.put(NEAR, json=BODY | {"version": version, "restart": version / 10}).status_code == 201
    newest = client.get(NEAR).json()["data"]
    assert (newest["version"], newest["restart"]) == (3, 0.3)
    assert [of["version"] for of in newest["versions"]] == [1, 2, 3]
    assert all(of["created"] for of in newest["versions"])
    assert client.get(NEAR + "@1").json()["data"]["restart"] == 0.1
    labels = [(of["name"], of["version"]) for of in client.get("/v1/strategies").json()["data"]["strategies"]]
    assert {("near", 1), ("near", 2), ("near", 3), ("balanced", 1)} <= set(labels)


WRONG = {
    "unknown field": ({"restrat": 1}, "/restrat", "restrat is no field here; allowed are name, version, description"),
    "unknown relation": ({"weights": {"a/b~c": {}}}, "/weights/a~1b~0c", "allowed are follow, share, purchase"),
    "wrong weight": ({"weights": {"follow": {"weight": "x"}}}, "/weights/follow/weight", "is 'x', not a number"),
    "out of range": ({"restart": 0}, "/restart", "restart is 0.0, not in (0, 1]"),
    "other name": ({"name": "far"}, "/name", "name is 'far', not 'near' as in the path"),
}


@pytest.mark.parametrize(("fields", "pointer", "message"), WRONG.values(), ids=WRONG)
def test_wrong_field_is_refused_with_its_pointer_and_what_is_allowed(client, fields, pointer, message):
    body = problem(client.put(NEAR, json=BODY | fields), 422, "invalid_parameter")
    assert message in body["detail"]
    assert [error["pointer"] for error in body["errors"]] == [pointer]
    problem(client.get(NEAR), 404, "unknown_id")


def test_version_is_needed(client):
    problem(client.put(NEAR, json={}), 422, "invalid_parameter")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"{", 400, "invalid_json"), (b"[]", 422, "invalid_parameter"), (b'{"restart": NaN}', 400, "invalid_json")],
)
def test_body_that_is_no_strategy_is_a_problem(client, content, status, code):
    problem(client.put(NEAR, content=content, headers={"Content-Type": "application/json"}), status, code)


def test_form_is_refused(client):
    problem(client.put(NEAR, data={"version": "1"}), 415, "unsupported_media_type")


@pytest.mark.parametrize("name", ["Near", "near@2", "a" * 65, "关系", "a%2Fb"])
def test_name_that_can_be_none_is_refused(client, name):
    body = problem(client.put(f"/v1/strategies/{name}", json=BODY), 422, "invalid_parameter")
    assert body["errors"][0]["pointer"] == "/name"


def test_names_of_guanxi_are_taken(client):
    problem(client.put("/v1/strategies/strict", json=BODY), 409, "conflict")
    problem(client.put("/v1/strategies/strict", json=BODY | {"version": 2}), 409, "conflict")
    problem(client.put("/v1/strategies/custom", json=BODY), 422, "invalid_parameter")
    body = client.get("/v1/strategies/strict").json()["data"]
    for name in ("shipped", "created", "versions"):
        del body[name]
    assert client.put("/v1/strategies/strict", json=body).status_code == 200  # what was got may be put


def test_unknown_strategy_is_answered_with_those_there_are(reading):
    said = problem(reading.get("/v1/strategies/nix"), 404, "unknown_id")
    assert said["detail"] == "strategy 'nix' is not one of balanced, followers-only, purchases-first, strict"
    problem(reading.get("/v1/strategies/strict@2"), 404, "unknown_id")
    problem(reading.get("/v1/strategies?name=strict"), 422, "invalid_parameter")


def test_reading_key_may_not_put(home):
    engine = Engine(home)
    secret, _ = create_key(engine.store, scopes=["read", "ingest", "vet"], label="", now_us=1)
    engine.close()
    with serving(home, client=STRANGER, headers={"X-API-Key": secret}) as client:
        assert client.get("/v1/strategies/strict").status_code == 200
        problem(client.put(NEAR, json=BODY), 403, "scope_missing")
        problem(client.get(NEAR), 404, "unknown_id")


def test_erased_account_may_be_no_seed(client):
    client.delete("/v1/accounts/eve")
    said = problem(client.put(NEAR, json=BODY | {"seeds": ["ann", "eve"]}), 422, "invalid_parameter")
    assert "seeds name an account that was erased" in said["detail"]
