"""The route that tells an account with which others it is one actor."""

import pytest

from guanxi.engine import Engine
from guanxi.engine.identity_answers import identity
from guanxi.engine.keys import create_key
from guanxi.service.shapes import TrustData
from guanxi.service.shapes.identity import IdentityAnswer
from service.running import EXAMPLE, STRANGER, event, make_store, problem, serving

PATH = "/v1/accounts/ann/identity"
LINKS = [
    event("identity_link", "ann", "安", 14, value=0.9, properties={"proof": "oauth", "expires": "2027-01-01"}),
    event("identity_link", "eve", "ann", 14, properties={"proof": "self"}),
]


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    home = tmp_path_factory.mktemp("linked") / "store"
    make_store(home, [*EXAMPLE, *LINKS])
    return home


def test_answer_is_that_of_the_engine_in_the_shape_that_is_documented(linked):
    engine = Engine(linked)
    data, meta = identity(engine.view(), "ann")
    engine.close()
    with serving(linked) as client:
        answered = client.get(PATH)
    assert answered.json() == {"data": data, "meta": meta}
    IdentityAnswer.model_validate_json(answered.content)
    assert [link["verdict"] for link in data["links"]] == ["unproven", "linked"]


def test_trust_gives_strangers_a_number_and_the_account_itself_names(linked):
    with serving(linked) as client:
        stranger, own = (client.get(f"/v1/trust/{viewer}/ann").json()["data"] for viewer in ("bob", "安"))
    assert (stranger["identity"], own["identity"]) == ({"fewer_than": 5}, {"accounts": ["安"]})
    for data in (stranger, own):
        TrustData.model_validate(data)


@pytest.mark.parametrize(("scopes", "status"), [(("read", "ingest"), 403), (("vet",), 200)])
def test_scope_vet_is_needed(linked, scopes, status):
    engine = Engine(linked)
    secret = create_key(engine.store, scopes=scopes, label="", now_us=0)[0]
    engine.close()
    with serving(linked, client=STRANGER, headers={"X-API-Key": secret}) as client:
        assert client.get(PATH).status_code == status


def test_unknown_account_is_404_and_a_filter_that_is_not_known_422(reading):
    assert problem(reading.get("/v1/accounts/nobody/identity"), 404, "unknown_id")
    assert reading.get(PATH, params={"limit": 3}).status_code == 422
