"""Paths, counterfactuals and fragility over HTTP."""

import pytest

from guanxi.engine import Engine
from guanxi.engine.changes import Changes
from guanxi.engine.counterfactuals import counterfactual
from guanxi.engine.fragility import fragility
from guanxi.engine.paths import paths
from guanxi.service import explanations
from guanxi.service.app import ROUTES
from service.running import problem

WHAT_IF = "/v1/counterfactuals"


@pytest.fixture
def view(example_home):
    engine = Engine(example_home)
    yield engine.view()
    engine.close()


def test_answers_are_those_of_the_engine(reading, view):
    asked = {
        "/v1/trust/ann/eve/paths": paths(view, "ann", "eve"),
        "/v1/trust/ann/eve/paths?limit=1&max_hops=3": paths(view, "ann", "eve", limit=1, max_hops=3),
        "/v1/accounts/eve/fragility": fragility(view, "eve"),
        "/v1/accounts/eve/fragility?viewer=ann&share=0.5&limit=3&effort=0": fragility(
            view, "eve", viewer="ann", share=0.5, limit=3, effort=0
        ),
    }
    for path, (data, meta) in asked.items():
        assert reading.get(path).json() == {"data": data, "meta": meta}


def test_counterfactual_is_that_of_the_engine(reading, view):
    body = {
        "remove": {
            "accounts": ["eve"],
            "relations": ["share"],
            "edges": [{"source": "ann", "target": "bob"}],
        },
        "add": {"edges": [{"source": "ann", "target": "dan", "level": 2}]},
        "viewer": "ann",
        "targets": ["dan"],
        "limit": 3,
    }
    changes = Changes(accounts=("eve",), relations=("share",), edges=(("ann", "bob"),), added=(("ann", "dan", 2.0),))
    data, meta = counterfactual(view, changes, viewer="ann", targets=("dan",), limit=3)
    assert reading.post(WHAT_IF, json=body).json() == {"data": data, "meta": meta}


def test_community_can_be_removed_by_number_or_member(reading):
    by_number = reading.post(WHAT_IF, json={"remove": {"communities": [0]}})
    by_member = reading.post(WHAT_IF, json={"remove": {"communities_of": ["ann"]}})
    assert {by_number.status_code, by_member.status_code} <= {200, 422}  # 422 where it is everybody's
    for answer in (by_number, by_member):
        assert answer.status_code == 200 or "every account is removed" in answer.json()["detail"]


def test_answers_have_the_documented_shapes(reading):
    body = {"remove": {"accounts": ["bob"]}, "viewer": "ann", "targets": ["dan"]}
    answers = {
        "/v1/trust/{viewer}/{target}/paths": reading.get("/v1/trust/ann/eve/paths"),
        "/v1/accounts/{account}/fragility": reading.get("/v1/accounts/eve/fragility"),
        WHAT_IF: reading.post(WHAT_IF, json=body),
    }
    routes = {route.template: route for route in ROUTES}
    for template, answer in answers.items():
        assert answer.status_code == 200, answer.text
        routes[template].answers.model_validate(answer.json())
    routes[WHAT_IF].answers.model_validate(reading.post(WHAT_IF, json={"remove": {"accounts": ["bob"]}}).json())


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ({}, "/remove", "0 changes are asked for"),
        ({"remove": {"acounts": ["ann"]}}, "/remove/acounts", "Extra inputs are not permitted"),
        ({"remove": {"relations": ["adore"]}}, "/remove/relations", "relation type 'adore' is not one of"),
        ({"remove": {"communities": [99]}}, "/remove/communities", "there is no community 99"),
        ({"add": {"edges": [{"source": "ann", "target": "bob"}]}}, "/add/edges/0/level", "Field required"),
        ({"add": {"edges": [{"source": "ann", "target": "bob", "level": 99}]}}, "/add/edges", "is 99.0, not in"),
        ({"remove": {"accounts": ["ann"]}, "viewer": "ann"}, "/viewer", "'ann' is removed"),
        ({"remove": {"accounts": ["bob"]}, "limit": 101}, "/limit", "less than or equal to 100"),
    ],
)
def test_counterfactual_that_makes_no_sense_says_where(reading, body, pointer, detail):
    found = problem(reading.post(WHAT_IF, json=body), 422, reading.post(WHAT_IF, json=body).json()["code"])
    assert found["errors"][0]["pointer"] == pointer
    assert detail in found["errors"][0]["detail"]


def test_body_that_is_no_json_is_refused(reading):
    problem(reading.post(WHAT_IF, content="{", headers={"Content-Type": "application/json"}), 400, "invalid_json")
    problem(reading.post(WHAT_IF, content="a=1"), 415, "unsupported_media_type")


@pytest.mark.parametrize("path", ["/v1/trust/ann/zed/paths", "/v1/accounts/zed/fragility"])
def test_unknown_account_is_not_found(reading, path):
    problem(reading.get(path), 404, "unknown_id")


@pytest.mark.parametrize(
    "path",
    ["/v1/trust/ann/bob/paths?max_hops=21", "/v1/accounts/bob/fragility?share=0", "/v1/accounts/bob/fragility?for=ann"],
)
def test_parameter_out_of_range_is_refused(reading, path):
    problem(reading.get(path), 422, "invalid_parameter")


def test_second_long_computation_is_sent_away(reading):
    with explanations._alone():
        busy = reading.get("/v1/accounts/eve/fragility")
        problem(busy, 503, "busy")
        assert busy.headers["Retry-After"]
        assert reading.get("/v1/trust/ann/eve/paths").status_code == 200
    assert reading.get("/v1/accounts/eve/fragility").status_code == 200
