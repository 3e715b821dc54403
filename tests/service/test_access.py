"""Who may call what."""

import time

import pytest

from guanxi.engine import Engine
from guanxi.engine.keys import SCOPES, create_key
from guanxi.service import access
from guanxi.service.app import ROUTES, create_app
from guanxi.settings import Settings
from service.running import STRANGER, event, make_store, problem, serving

ITEMS = "/v1/accounts/ann/recommendations/items"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """A store with a key for each scope: its folder, and the secrets by scope."""
    home = tmp_path_factory.mktemp("keyed") / "store"
    make_store(home)
    engine = Engine(home)
    secrets = {scope: create_key(engine.store, scopes=[scope], label=scope, now_us=1)[0] for scope in SCOPES}
    engine.close()
    return home, secrets


@pytest.fixture(scope="module")
def stranger(keyed):
    """A client from elsewhere of a server that has keys."""
    with serving(keyed[0], client=STRANGER) as client:
        yield client


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_every_route_of_the_app_declares_a_scope(tmp_path):
    app = create_app(Settings(store=tmp_path / "store"))
    declared = {(route.method, route.template): route.needs for route in ROUTES}
    walked = {(method, route.path_format) for route in app.routes for method in route.methods}
    assert walked == set(declared)
    assert set(declared.values()) <= {"anyone", *SCOPES}
    assert {path for (_, path), needs in declared.items() if needs == "anyone"} == {"/livez", "/readyz"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.template)
def test_route_serves_the_scope_it_needs_and_no_other(keyed, stranger, route):
    path = route.template.replace("{strategy}", "balanced")
    for name in ("{account}", "{viewer}", "{target}"):
        path = path.replace(name, "nobody" if route.method == "DELETE" else "ann")
    if route.needs == "anyone":
        assert stranger.get(path).status_code == 200
        return
    problem(stranger.request(route.method, path), 401, "unauthorised")
    for scope, secret in keyed[1].items():
        answer = stranger.request(route.method, path, headers=bearer(secret))
        if scope in (route.needs, "admin"):
            assert answer.status_code in (200, 202, 415)  # 415: it went on to look for a body
        else:
            assert route.needs in problem(answer, 403, "scope_missing")["detail"]


def test_key_is_taken_from_either_header(keyed, stranger):
    secret = keyed[1]["read"]
    assert stranger.get(ITEMS, headers={"X-API-Key": secret}).status_code == 200
    assert stranger.get(ITEMS, headers={"Authorization": f"bearer  {secret} "}).status_code == 200


@pytest.mark.parametrize("presented", ["nonsense", "gx_abcdefgh_" + "A" * 43, "é", " "])
def test_wrong_key_is_refused_even_on_loopback(keyed, presented):
    with serving(keyed[0]) as client:
        answer = client.get(ITEMS, headers={"X-API-Key": presented.encode()})
        assert problem(answer, 401, "unauthorised")["detail"] == "the key is unknown or revoked"
        assert answer.headers["www-authenticate"] == "Bearer"


def test_stranger_learns_nothing_of_which_routes_there_are(stranger):
    problem(stranger.get("/v1/nowhere"), 401, "unauthorised")
    problem(stranger.put("/v1/events"), 401, "unauthorised")


def test_stranger_is_refused_before_the_body_is_read(stranger):
    taken = []

    def body():
        for _ in range(1000):
            taken.append(1)
            yield b"x" * 10_000

    problem(stranger.post("/v1/events", content=body()), 401, "unauthorised")


def test_server_without_keys_serves_loopback_only(example_home):
    with serving(example_home, client=STRANGER) as client:
        problem(client.get(ITEMS), 401, "unauthorised")
        assert client.get("/livez").status_code == 200
        assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"X-Forwarded-For": "203.0.113.9"}, {"Forwarded": "for=203.0.113.9"}, {"Host": "guanxi.example:8000"}]
)
def test_server_without_keys_refuses_what_only_seems_local(reading, headers):
    problem(reading.get(ITEMS, headers=headers), 401, "unauthorised")


def test_key_from_the_settings_has_every_scope_and_closes_the_server(home):
    with serving(home, api_key="a-secret-of-mine") as client:
        problem(client.get(ITEMS), 401, "unauthorised")
        assert client.get(ITEMS, headers=bearer("a-secret-of-mine")).status_code == 200
        answer = client.post("/v1/events", json=event("follow", "bob", "eve", 20), headers=bearer("a-secret-of-mine"))
        assert answer.status_code == 201


def test_new_and_revoked_keys_count_while_the_server_runs(home, monkeypatch):
    monkeypatch.setattr(access, "KEYS_FRESH_S", 0.0)
    engine = Engine(home)
    with serving(home) as client:
        assert client.get(ITEMS).status_code == 200
        secret, key = create_key(engine.store, scopes=["read"], label="", now_us=time.time_ns() // 1000)
        problem(client.get(ITEMS), 401, "unauthorised")
        assert client.get(ITEMS, headers=bearer(secret)).status_code == 200
        engine.store.revoke_key(key.prefix, now_us=1)
        problem(client.get(ITEMS, headers=bearer(secret)), 401, "unauthorised")
        problem(client.get(ITEMS), 401, "unauthorised")  # revoking the last key opens nothing
    engine.close()
