"""The image and docker-compose.yml as a user runs them; `make test-compose` prepares Docker and the image.

The tests follow each other on the same volumes, in their order.
"""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

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
WHILE_STOPPED = {"relation": "share", "source": "bob", "target": "pot", "time": "2026-02-06", "id": "e7"}
BEFORE_IT_CAME = {"relation": "follow", "source": "ann", "target": "dan", "time": "2026-02-07", "id": "e8"}
OF_SERVICE = {"api": ["GUANXI_API_KEY", "GUANXI_NEO4J_PASSWORD"], "neo4j": ["NEO4J_AUTH"]}
ITEMS = "/v1/accounts/ann/recommendations/items"
WAIT_TIMEOUT_S = 30.0


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
    """Whether it comes true; a new run is picked up within seconds, and Neo4j follows the log, neither at once."""
    give_up = time.monotonic() + WAIT_TIMEOUT_S
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.2)
    return condition()


def is_answered(services) -> bool:
    return services.ask(ITEMS)[0] == 200


def is_degraded(services) -> bool:
    return services.get(ITEMS)["meta"]["degraded"]


def failing(services) -> list[str]:
    """The components that /readyz names."""
    return [error["pointer"] for error in services.ask("/readyz")[1].get("errors", ())]


def cypher(services, statement):
    auth = ("neo4j", services.neo4j_password)
    with neo4j.GraphDatabase.driver(services.bolt_uri, auth=auth) as driver:
        return driver.execute_query(statement).records


def in_neo4j(services) -> tuple[int, int]:
    """How many relationships there are, and how many different events they stand for."""
    row = cypher(services, "MATCH ()-[r]->() RETURN count(r) AS n, count(DISTINCT r.key) AS n_events")[0]
    return row["n"], row["n_events"]


def test_the_api_runs_without_root_on_a_read_only_file_system(services):
    assert services.run_inside("id", "-u").strip() == "10001"
    with pytest.raises(RuntimeError, match="Read-only file system"):
        services.run_inside("touch", "/opt/guanxi/written")
    assert services.run_inside("printenv", "OMP_WAIT_POLICY").strip() == "passive"


def test_a_caller_without_the_key_is_sent_away(services):
    assert services.ask(ITEMS, key="wrong")[0] == 401


def test_neo4j_goes_away_and_comes_back_and_holds_every_accepted_event_once(services):
    # A small file goes in, reaches Neo4j, and comes out as a recommendation.
    assert send(services, EVENTS) == {"created": 6}
    assert waits_for(lambda: in_neo4j(services) == (6, 6))
    score(services)
    assert waits_for(lambda: is_answered(services) and not failing(services))
    before = services.get(ITEMS)["data"]["items"]
    assert [item["id"] for item in before] == ["tea", "cup"]
    assert not is_degraded(services)

    # Without Neo4j the API answers the same, says so, and takes events.
    services.compose("stop", "neo4j")
    assert waits_for(lambda: is_degraded(services) and failing(services) == ["/components/neo4j"])
    assert services.get(ITEMS)["data"]["items"] == before
    assert send(services, [WHILE_STOPPED]) == {"created": 1}

    # Neo4j is back, catches up, and nothing has to be sent again.
    services.compose("start", "neo4j")
    services.wait_healthy("neo4j")
    assert waits_for(lambda: not failing(services) and in_neo4j(services) == (7, 7))
    assert not is_degraded(services)
    assert send(services, [*EVENTS, WHILE_STOPPED]) == {"duplicate": 7}
    score(services)
    assert waits_for(lambda: set(recommended(services)) == {"tea", "cup", "pot"})


def test_new_containers_know_all_and_the_api_starts_before_neo4j(services):
    services.compose("down")
    services.up("api")
    assert waits_for(lambda: is_degraded(services) and failing(services) == ["/components/neo4j"])
    assert set(recommended(services)) == {"tea", "cup", "pot"}
    assert send(services, [*EVENTS, WHILE_STOPPED, BEFORE_IT_CAME]) == {"duplicate": 7, "created": 1}
    services.up("neo4j")
    assert waits_for(lambda: not failing(services) and in_neo4j(services) == (8, 8))
    assert not is_degraded(services)


def test_secrets_may_stand_in_files_as_the_compose_file_says(services, tmp_path):
    secrets = {
        "GUANXI_API_KEY": services.key,
        "GUANXI_NEO4J_PASSWORD": services.neo4j_password,
        "NEO4J_AUTH": f"neo4j/{services.neo4j_password}",
    }
    text = services.files[0].read_text()
    for name, value in secrets.items():
        (tmp_path / name).write_text(value)
        text, n = re.subn(rf"^( +){name}: .*$", rf"\1{name}_FILE: /run/secrets/{name}", text, flags=re.MULTILINE)
        assert n == 1
    (tmp_path / "edited.yml").write_text(text)
    mounts = {
        service: [f"{tmp_path / name}:/run/secrets/{name}:ro" for name in of] for service, of in OF_SERVICE.items()
    }
    mounted = {"services": {service: {"volumes": volumes} for service, volumes in mounts.items()}}
    (tmp_path / "mounts.yml").write_text(json.dumps(mounted))
    services.compose("down")
    by_files = replace(services, files=[tmp_path / "edited.yml", tmp_path / "mounts.yml"])
    by_files.up()
    assert waits_for(lambda: not failing(by_files))
    assert by_files.ask(ITEMS)[0] == 200
    for service in OF_SERVICE:
        environment = by_files.inspect(service, "{{json .Config.Env}}")
        assert services.key not in environment
        assert services.neo4j_password not in environment


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
