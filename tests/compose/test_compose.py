"""The image and docker-compose.yml as a user runs them; `make test-compose` prepares Docker and the image."""

import os
import subprocess
import time
from collections.abc import Iterator

import neo4j
import pytest
from tests.compose.services import ROOT, Services

pytestmark = pytest.mark.compose

EVENTS = [
    {"relation": "follow", "source": "ann", "target": "bob", "time": "2026-01-05", "id": "e1"},
    {"relation": "follow", "source": "cai", "target": "bob", "time": "2026-01-07", "id": "e2"},
    {"relation": "share", "source": "bob", "target": "tea", "time": "2026-02-01", "id": "e3"},
    {"relation": "purchase", "source": "bob", "target": "tea", "time": "2026-02-03", "id": "e4"},
    {"relation": "purchase", "source": "cai", "target": "tea", "time": "2026-02-04", "id": "e5"},
    {"relation": "purchase", "source": "cai", "target": "cup", "time": "2026-02-05", "id": "e6"},
]
MEANWHILE = {"relation": "share", "source": "bob", "target": "pot", "time": "2026-02-06", "id": "e7"}
ITEMS = "/v1/accounts/ann/recommendations/items"
PICKED_UP_TIMEOUT_S = 30.0


@pytest.fixture(scope="module")
def services() -> Iterator[Services]:
    running = Services()
    running.compose("down", "--volumes", check=False)
    try:
        running.up()
        yield running
    finally:
        running.compose("down", "--volumes", "--timeout", "5", check=False)


def counts(answer):
    return {name: n for name, n in answer["data"]["counts"].items() if n}


def send(services, events):
    status, answer = services.ask("/v1/events:batch", body={"events": events})
    assert status == 200
    return counts(answer)


def score(services):
    services.run_inside("guanxi", "snapshot", "--quiet")
    services.run_inside("guanxi", "score", "--quiet")


def recommended(services):
    return [item["id"] for item in services.get(ITEMS)["data"]["items"]]


def waits_for(condition) -> bool:
    """Whether it comes true; a new run is picked up within seconds, not at once."""
    give_up = time.monotonic() + PICKED_UP_TIMEOUT_S
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.2)
    return condition()


def is_answered(services) -> bool:
    return services.ask(ITEMS)[0] == 200


def cypher(services, statement):
    auth = ("neo4j", services.neo4j_password)
    with neo4j.GraphDatabase.driver(services.bolt_uri, auth=auth) as driver:
        return driver.execute_query(statement).records


def test_the_api_runs_without_root_on_a_read_only_file_system(services):
    assert services.run_inside("id", "-u").strip() == "10001"
    with pytest.raises(RuntimeError, match="Read-only file system"):
        services.run_inside("touch", "/opt/guanxi/written")
    assert services.run_inside("printenv", "OMP_WAIT_POLICY").strip() == "passive"


def test_a_caller_without_the_key_is_sent_away(services):
    assert services.ask(ITEMS, key="wrong")[0] == 401


def test_both_outlive_neo4j_and_their_own_containers_without_losing_anything(services):
    # A small file goes in, and comes out as a recommendation.
    assert send(services, EVENTS) == {"created": 6}
    score(services)
    assert waits_for(lambda: is_answered(services))
    before = services.get(ITEMS)["data"]["items"]
    assert [item["id"] for item in before] == ["tea", "cup"]
    cypher(services, "CREATE (:Probe {name: 'kept'})")

    # Without Neo4j the API answers the same, and takes events.
    services.compose("stop", "neo4j")
    assert services.get(ITEMS)["data"]["items"] == before
    assert send(services, [MEANWHILE]) == {"created": 1}

    # Neo4j is back with what it had, and nothing has to be sent again.
    services.compose("start", "neo4j")
    services.wait_healthy("neo4j")
    assert [row["name"] for row in cypher(services, "MATCH (p:Probe) RETURN p.name AS name")] == ["kept"]
    assert send(services, [*EVENTS, MEANWHILE]) == {"duplicate": 7}

    # The volumes hold everything: new containers know what the old ones knew.
    services.compose("down")
    services.up()
    assert recommended(services)
    assert send(services, [*EVENTS, MEANWHILE]) == {"duplicate": 7}
    score(services)
    assert waits_for(lambda: set(recommended(services)) == {"tea", "cup", "pot"})
    assert [row["name"] for row in cypher(services, "MATCH (p:Probe) RETURN p.name AS name")] == ["kept"]


@pytest.mark.parametrize("secret", ["GUANXI_API_KEY", "NEO4J_PASSWORD"])
def test_without_a_secret_nothing_starts_since_there_is_no_default(tmp_path, secret):
    services, settings = Services(), tmp_path / "settings.env"
    others = {name: value for name, value in services.environment.items() if name != secret}
    settings.write_text("".join(f"{name}={value}\n" for name, value in others.items()))
    done = subprocess.run(
        [*services.command, "--env-file", settings, "-f", ROOT / "docker-compose.yml", "config"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert f"set {secret} to" in done.stderr
