"""Answers: what the engine says, in an envelope."""

import pytest

from guanxi.engine import Engine
from guanxi.service import shapes
from guanxi.service.app import ROUTES
from service.running import event, ids, problem

ITEMS = "/v1/accounts/ann/recommendations/items"
ACCOUNTS = "/v1/accounts/ann/recommendations/accounts"


@pytest.fixture
def view(example_home):
    engine = Engine(example_home)
    yield engine.view()
    engine.close()


def test_answers_are_those_of_the_engine(reading, view):
    asked = {
        f"{ITEMS}?explain=paths&limit=3": view.items("ann", limit=3),
        f"{ACCOUNTS}?explain=paths": view.accounts("ann"),
        "/v1/trust/ann/dan": view.trust("ann", "dan"),
        "/v1/trust/ann?limit=2": view.trusted_by("ann", limit=2),
        "/v1/rankings/balanced?limit=4": view.ranking(limit=4),
        "/v1/accounts/dan/authenticity": view.authenticity("dan"),
    }
    for path, (data, meta) in asked.items():
        assert reading.get(path).json() == {"data": data, "meta": meta}


@pytest.mark.parametrize("path", [ITEMS, ACCOUNTS])
def test_explain_says_how_much_of_the_reasons_comes(reading, path):
    fields = {
        explain: set(reading.get(path, params={"explain": explain}).json()["data"][path.rpartition("/")[2]][0])
        for explain in ("none", "summary", "paths")
    }
    sure = {"confidence", "evidence", "standing"} if path == ACCOUNTS else set()
    assert fields["none"] == {"rank", "id", "score", "recommendation_id"} | sure
    assert fields["summary"] == fields["none"] | {"summary"}
    assert fields["paths"] == fields["summary"] | {"explanation"}
    assert reading.get(path).json() == reading.get(path, params={"explain": "summary"}).json()


@pytest.mark.parametrize("path", [ITEMS, ACCOUNTS])
def test_exact_solver_answers_where_it_is_asked_for(reading, path):
    fast, exact = reading.get(path), reading.get(path, params={"solver": "exact"})
    assert [answer.json()["meta"]["solver"] for answer in (fast, exact)] == ["push", "exact"]
    kind = path.rpartition("/")[2]
    assert ids(exact, kind) == ids(fast, kind)


def test_explanation_adds_up_to_the_score(reading):
    for entry in reading.get(ITEMS, params={"explain": "paths"}).json()["data"]["items"]:
        parts = entry["explanation"]
        total = sum(component["amount"] for component in parts["components"]) + parts["remainder"]
        assert total == pytest.approx(entry["score"], abs=1e-9)


def test_language_follows_the_caller(reading):
    chinese = reading.get(ITEMS, headers={"Accept-Language": "fr;q=1, zh-Hans;q=0.9, en;q=0.1"})
    english = reading.get(ITEMS, headers={"Accept-Language": "fr"})
    assert (chinese.headers["content-language"], english.headers["content-language"]) == ("zh", "en")
    assert "您信任的" in chinese.json()["data"]["items"][0]["summary"]["text"]
    assert "you trust" in english.json()["data"]["items"][0]["summary"]["text"]
    assert "Accept-Language" in chinese.headers["vary"]


def test_limit_and_exclude_seen_are_kept(reading):
    assert len(ids(reading.get(ITEMS, params={"limit": 1}))) == 1
    assert "pen" not in ids(reading.get(ITEMS))
    assert "pen" in ids(reading.get(ITEMS, params={"exclude_seen": "false"}))
    assert len(reading.get("/v1/rankings/balanced", params={"limit": 2}).json()["data"]["accounts"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=true", "limit=", "explain=full"),
        *("solver=best", "exclude_seen=7", "min_price=3", "limt=3"),
    ],
)
def test_parameter_that_is_wrong_or_unknown_is_refused(reading, query):
    errors = problem(reading.get(f"{ITEMS}?{query}"), 422, "invalid_parameter")["errors"]
    assert [error["pointer"] for error in errors] == ["/query/" + query.partition("=")[0]]


def test_cold_account_is_answered(reading):
    for path in (
        "/v1/accounts/nobody/recommendations/items",
        "/v1/accounts/nobody/recommendations/accounts",
        "/v1/trust/nobody",
        "/v1/trust/nobody/ann",
    ):
        assert reading.get(path).status_code == 200
    data = reading.get("/v1/accounts/nobody/recommendations/items").json()
    assert data["data"]["known"] is False
    assert data["meta"]["confidence"] == "low"


def test_unknown_target_account_or_strategy_is_a_problem(reading):
    for path in ("/v1/trust/ann/nobody", "/v1/accounts/nobody/authenticity", "/v1/rankings/boldest"):
        problem(reading.get(path), 404, "unknown_id")


@pytest.mark.parametrize("escaped", ["a%2Fb", "a%2fb%2F", "%E5%BC%A0%20%E4%B8%89", "%2e%2e", "a%3Fb%23c", "100%25%2F"])
def test_id_may_hold_any_printable_character(client, escaped):
    from urllib.parse import unquote

    id_ = unquote(escaped)
    answer = client.get(f"/v1/accounts/x{escaped}/recommendations/items")
    assert answer.json()["data"]["account"] == f"x{id_}"
    client.post("/v1/events", json=event("follow", f"x{id_}", "bob", 20))
    assert client.get(f"/v1/trust/x{escaped}/bob").json()["data"]["personal"]["score"] > 0


@pytest.mark.parametrize(
    ("escaped", "status", "code"),
    [("%FF", 400, "invalid_path"), ("a%00", 422, "invalid_parameter"), ("x" * 257, 422, "invalid_parameter")],
)
def test_id_that_can_be_no_id_is_refused(reading, escaped, status, code):
    problem(reading.get(f"/v1/trust/{escaped}"), status, code)


def test_graph_stats_count_what_was_loaded(reading):
    data = reading.get("/v1/graph/stats").json()["data"]
    assert data["entities"] == {"account": 5, "item": 3}
    assert data["n_edges"] == data["n_events"] == 13
    assert {row["relation"]: row["n_edges"] for row in data["relations"]}["follow"] == 6


def test_real_answers_have_the_shapes_that_openapi_promises(reading):
    names = {"{account}": "dan", "{viewer}": "ann", "{target}": "dan", "{strategy}": "balanced"}
    checked = 0
    for route in ROUTES:
        if route.method == "GET" and route.answers is not None:
            path = route.template
            for name, id_ in names.items():
                path = path.replace(name, id_)
            query = "?explain=paths" if "recommendations" in path else ""
            route.answers.model_validate_json(reading.get(path + query).content)
            checked += 1
    assert checked == sum(route.method == "GET" and route.answers is not None for route in ROUTES) > 5
    shapes.ProblemShape.model_validate_json(reading.get("/nowhere").content)
    answer = reading.post("/v1/events:batch", json=[event("follow", "ann", "ann", 1)])
    shapes.BatchAnswer.model_validate_json(answer.content)
