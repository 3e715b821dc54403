"""Leaders and ties over HTTP."""

import pytest

from guanxi.engine.leaders import leaders
from guanxi.engine.ties import ties
from guanxi.service.app import ROUTES
from service.running import problem


def test_answers_are_those_of_the_engine(reading):
    view = reading.app.state.service.current._view
    for path, (data, meta) in {
        "/v1/leaders?limit=3": leaders(view, limit=3),
        "/v1/leaders?community=0": leaders(view, community=0, limit=10),
        "/v1/leaders?community_of=ann": leaders(view, community_of="ann", limit=10),
        "/v1/accounts/ann/ties": ties(view, "ann"),
    }.items():
        assert reading.get(path).json() == {"data": data, "meta": meta}


def test_shapes_hold_every_field_of_the_answers(reading):
    found = 0
    for route in ROUTES:
        if route.template in ("/v1/leaders", "/v1/accounts/{account}/ties"):
            answer = reading.get(route.template.replace("{account}", "cat"))
            parsed = route.answers.model_validate_json(answer.content)
            assert parsed.model_dump(exclude_unset=True) == answer.json()
            assert route.needs == "read"
            found += 1
    assert found == 2


def test_purchases_name_nobody_in_a_tie(reading):
    data = reading.get("/v1/accounts/cat/ties").json()["data"]
    said = [ground["relation"] for tie in data["ties"] for ground in tie["given_rests_on"] + tie["received_rests_on"]]
    assert set(said) <= {"follow", "share", "trust"}
    assert data["unnamed"] == {"fewer_than": 5}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/accounts/nobody/ties", 404, "unknown_id"),
        ("/v1/leaders?community_of=nobody", 404, "unknown_id"),
        ("/v1/leaders?topic=nothing", 404, "unknown_id"),
        ("/v1/leaders?community=-1", 422, "invalid_parameter"),
        ("/v1/leaders?community=99", 422, "invalid_parameter"),
        ("/v1/leaders?limit=0", 422, "invalid_parameter"),
        ("/v1/leaders?comunity=1", 422, "invalid_parameter"),
        ("/v1/leaders?community=0&community_of=ann", 422, "invalid_parameter"),
    ],
)
def test_wrong_question_is_a_problem(reading, path, status, code):
    problem(reading.get(path), status, code)
