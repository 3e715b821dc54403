"""The documentation says what the service does."""

import json
import re

import pytest

from guanxi.service import metrics
from guanxi.service.app import ROUTES
from service.examples import DOCS, examples, openapi, rewritten, steady

AGAIN = "write it anew: PYTHONPATH=tests python tests/service/examples.py"
PAGE = (DOCS / "api.md").read_text(encoding="utf-8")


def test_examples_are_answered_as_written():
    found = examples(PAGE)
    assert len(found) >= 8
    for example, answer in found:
        assert example["said"], AGAIN
        assert steady(answer) == json.loads(example["said"]), AGAIN


def test_writing_examples_anew_changes_nothing():
    assert rewritten(PAGE) == PAGE


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.template)
def test_route_is_documented_with_its_scope(route):
    needs = "none" if route.needs == "anyone" else route.needs
    assert f"| `{route.method} {route.template}` | {needs} |" in PAGE


def test_documented_routes_exist():
    documented = set(re.findall(r"\| `((?:GET|POST|PUT|DELETE) [^`]+)`", PAGE))
    assert documented == {f"{route.method} {route.template}" for route in ROUTES}


def test_every_problem_code_is_documented():
    sources = (DOCS.parent / "src" / "guanxi" / "service").glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    raised = set(re.findall(r'Problem\(\s*\d{3}, "(\w+)"', text)) | set(re.findall(r'\w+Error, \d{3}, "(\w+)"', text))
    raised |= set(re.findall(r'40[45]: "(\w+)"', text))
    assert len(raised) > 15
    assert {code for code in raised if f"`{code}`" not in PAGE} == set()


def test_every_metric_is_documented():
    gauges = metrics.Gauges(accounts=1, edges=1, snapshot_age_s=1.0, up={"log": True}, outbox_lag=1)
    exposed = metrics.exposition(gauges).decode()
    types = re.findall(r"# TYPE (\w+) (?:gauge|histogram|counter)", exposed)
    names = {name for name in types if not name.endswith("_created")}  # the client library's own
    assert len(names) == 8
    assert {name for name in names if f"`{name}`" not in PAGE} == set()


def test_checked_in_openapi_is_that_of_the_app():
    assert (DOCS / "openapi.json").read_text(encoding="utf-8") == openapi(), AGAIN


def test_openapi_names_scopes_keys_and_problems():
    document = json.loads(openapi())
    assert document["openapi"].startswith("3.1")
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len(operations) == len(ROUTES)
    for operation in operations:
        assert operation["summary"]
        assert bool(operation["security"]) == (operation["x-scope"] != "anyone")
        for status, response in operation["responses"].items():
            assert int(status) < 400 or set(response["content"]) == {"application/problem+json"}
    assert "HTTPValidationError" not in document["components"]["schemas"]
