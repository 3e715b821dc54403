"""Trust in many accounts by one request."""

import pytest

from guanxi.engine import Engine
from guanxi.engine.trust_batch import trust_in_each
from guanxi.service.trust_batch import TrustBatchAnswer
from service.running import problem

PATH = "/v1/trust:batch"


def test_answer_is_that_of_the_engine_and_has_its_shape(reading, example_home):
    engine = Engine(example_home)
    data, meta = trust_in_each(engine.view(), "ann", ["dan", "nobody", "bob"])
    engine.close()
    answer = reading.post(PATH, json={"viewer": "ann", "targets": ["dan", "nobody", "bob"]})
    assert answer.status_code == 200
    assert answer.json() == {"data": data, "meta": meta}
    TrustBatchAnswer.model_validate_json(answer.content)


@pytest.mark.parametrize(
    ("body", "pointer", "detail"),
    [
        ([], "", "the body is not an object with viewer and targets"),
        (
            {"viewer": "ann", "targets": ["bob"], "limit": 3},
            "/limit",
            "is not a field of a batch; viewer and targets are",
        ),
        ({"targets": ["bob"]}, "/viewer", "is not the id of an account, as text"),
        ({"viewer": "ann"}, "/targets", "is not a list of account ids"),
        ({"viewer": "ann", "targets": ["bob", 7]}, "/targets/1", "is not the id of an account, as text"),
        ({"viewer": "ann", "targets": [""]}, "/targets/0", "an id has 1 to 256 bytes and no control characters"),
    ],
)
def test_body_that_is_no_batch_is_refused_and_says_where(reading, body, pointer, detail):
    answer = reading.post(PATH, json=body)
    problem(answer, 422, "invalid_body")
    assert answer.json()["errors"] == [{"pointer": pointer, "detail": detail}]


def test_too_many_targets_and_other_bodies_are_refused(reading):
    many = reading.post(PATH, json={"viewer": "ann", "targets": ["bob"] * 1001})
    problem(many, 413, "batch_too_large")
    problem(reading.post(PATH, content=b"{", headers={"Content-Type": "application/json"}), 400, "invalid_json")
    problem(reading.post(PATH, content=b"viewer=ann"), 415, "unsupported_media_type")
    problem(reading.post(f"{PATH}?limit=3", json={"viewer": "ann", "targets": []}), 422, "invalid_parameter")
