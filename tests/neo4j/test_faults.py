"""Neo4j goes away in every way that it can; nothing is lost or doubled, and the API answers on."""

import contextlib
import statistics
import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.neo4j.proxy import BOLT_COMMIT

from guanxi.engine import Engine
from guanxi.service import outbox as service_outbox
from guanxi.service.outbox import Outbox
from guanxi.stores.neo4j import Deadlines, Neo4jStore, Neo4jTarget, outbox
from service.running import event, make_store, serving

ITEMS = "/v1/accounts/ann/recommendations/items"
NAMED_WITHIN_S = 5.0
RECOVERED_WITHIN_S = 10.0
P99_S = 0.5
N_READS = 100
N_CYCLES = 100


def settings_of(server, uri=None, **more):
    return {"neo4j_uri": uri or server.uri, "neo4j_user": server.user, "neo4j_password": server.password} | more


def target_of(server, uri=None):
    return Neo4jTarget.parse(uri or server.uri, user=server.user, password=server.password)


@pytest.fixture
def home(clean_neo4j, tmp_path):
    """A store with a run, before a database that has the schema and nothing else."""
    make_store(tmp_path / "store")
    store = Neo4jStore(tmp_path / "store", target_of(clean_neo4j))
    store.migrate()
    store.close()
    return tmp_path / "store"


def waited(check, *, within_s):
    """Seconds until a check holds."""
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < within_s, f"not within {within_s:g} s"
        time.sleep(0.02)
    return time.monotonic() - started


def is_ready(client):
    return client.get("/readyz").status_code == 200


def names_neo4j(client):
    answer = client.get("/readyz")
    failing = [error["pointer"] for error in answer.json().get("errors", ())]
    assert failing in ([], ["/components/neo4j"]), failing
    return bool(failing)


def gauges(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    return {"lag": found.get(("guanxi_outbox_lag_events",)), "up": found["guanxi_store_up", "neo4j"]}


def post(client, first, n=20):
    """Send facts and states, each new; they must be accepted."""
    facts = [event("purchase", f"buyer-{at % 3}", f"thing-{at}", 20, id=f"p-{at}") for at in range(first, first + n)]
    states = [event("follow", f"fan-{at}", "ann", 20) for at in range(first, first + n)]
    counts = client.post("/v1/events:batch", json=facts + states).json()["data"]["counts"]
    assert counts["created"] == 2 * n, counts


def reads(client):
    """Ask many times; the seconds that each took, and whether each said that it was degraded."""
    seconds, degraded = [], []
    for _ in range(N_READS):
        started = time.monotonic()
        answer = client.get(ITEMS)
        seconds.append(time.monotonic() - started)
        assert answer.status_code == 200
        degraded.append(answer.json()["meta"]["degraded"])
    return seconds, degraded


def p99(seconds):
    return statistics.quantiles(seconds, n=100)[98]


def in_neo4j(server):
    """How many relationships of each type there are, and how many different keys."""
    with server.driver() as driver:
        rows = driver.execute_query("MATCH ()-[r]->() RETURN type(r) AS type, r.key AS key").records
    assert all(row["key"] for row in rows)
    assert len({row["key"] for row in rows}) == len(rows)
    return Counter(row["type"] for row in rows)


def durable(home):
    """How many events the log has, as the types that they have in Neo4j."""
    with contextlib.closing(Engine(home)) as engine:
        return sum(len(part) for part in engine.store.events())


def check_nothing_is_lost_or_doubled(client, server, home, *, n_posts):
    """The example's 13 events and 20 facts and 20 states of every post: in the log and in Neo4j, each once."""
    client_lag = waited(lambda: gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
    counts = in_neo4j(server)
    assert (counts["FOLLOWS"], counts["PURCHASED"]) == (6 + 20 * n_posts, 5 + 20 * n_posts), counts
    assert sum(counts.values()) == durable(home) == 13 + 40 * n_posts
    return client_lag


def go_through(client, server, home, away, back, *, hold_s=0.0):
    """Take Neo4j away, look at what the API says meanwhile, bring it back."""
    waited(lambda: is_ready(client) and gauges(client) == {"lag": 0, "up": 1}, within_s=20)
    assert client.get(ITEMS).json()["meta"]["degraded"] is False
    gone_at = time.monotonic()
    away()
    post(client, 0)
    named = waited(lambda: names_neo4j(client), within_s=NAMED_WITHIN_S)
    waited(lambda: client.get(ITEMS).json()["meta"]["degraded"], within_s=NAMED_WITHIN_S)
    post(client, 20)
    seconds, degraded = reads(client)
    assert all(degraded)
    assert p99(seconds) < P99_S
    assert gauges(client)["up"] == 0
    assert gauges(client)["lag"] >= 40
    time.sleep(max(0.0, hold_s - (time.monotonic() - gone_at)))
    back()
    recovered = waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
    assert client.get(ITEMS).json()["meta"]["degraded"] is False
    applied = check_nothing_is_lost_or_doubled(client, server, home, n_posts=2)
    print(f"named {named:.1f} s, p99 {p99(seconds) * 1000:.0f} ms, back {recovered:.1f} s, applied {applied:.1f} s")


@pytest.mark.parametrize(("fault", "hold_s"), [("refuse", 0.0), ("stall", 10.0), ("garble", 0.0)])
def test_api_answers_on_and_catches_up_when_the_network_misbehaves(clean_neo4j, neo4j_proxy, home, fault, hold_s):
    with serving(home, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        away = getattr(neo4j_proxy, fault)
        go_through(client, clean_neo4j, home, away, neo4j_proxy.let_pass, hold_s=hold_s)


def test_api_answers_on_and_catches_up_when_the_server_is_killed_and_started(clean_neo4j, home):
    with serving(home, **settings_of(clean_neo4j)) as client:
        go_through(client, clean_neo4j, home, clean_neo4j.kill, clean_neo4j.start)


def in_a_batch(monkeypatch, step, arm):
    """Call ``arm`` once, in the next transaction that writes a batch, right behind one of its steps."""
    real = getattr(outbox, step)

    def armed(*arguments):
        done = real(*arguments)
        monkeypatch.setattr(outbox, step, real)
        arm()
        return done

    monkeypatch.setattr(outbox, step, armed)


def test_resets_in_a_transaction_and_at_its_commit_lose_and_double_nothing(clean_neo4j, neo4j_proxy, home, monkeypatch):
    faults = [
        ("take_turn", lambda: neo4j_proxy.reset_after(0)),
        ("take_turn", lambda: neo4j_proxy.reset_after(700)),
        ("take_turn", lambda: neo4j_proxy.reset_after(3000)),
        ("take_turn", lambda: neo4j_proxy.reset_after(0, towards="client")),
        ("move", lambda: neo4j_proxy.reset_at(BOLT_COMMIT, arrives=False)),
        ("move", lambda: neo4j_proxy.reset_at(BOLT_COMMIT, arrives=True)),
    ]
    with serving(home, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        waited(lambda: is_ready(client) and gauges(client)["lag"] == 0, within_s=20)
        for number, (step, arm) in enumerate(faults):
            accepted = neo4j_proxy.n_accepted
            in_a_batch(monkeypatch, step, arm)
            post(client, 20 * number)
            waited(lambda before=accepted: neo4j_proxy.n_accepted > before, within_s=RECOVERED_WITHIN_S)
            waited(lambda: is_ready(client) and gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
        check_nothing_is_lost_or_doubled(client, clean_neo4j, home, n_posts=len(faults))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"neo4j_password": "another"}, "user or password refused"), ({"database": "nowhere"}, "no such database")],
    ids=["password", "database"],
)
def test_wrong_setting_is_named_and_events_are_applied_once_it_is_right(clean_neo4j, home, wrong, said):
    uri = f"{clean_neo4j.uri}/{wrong['database']}" if "database" in wrong else clean_neo4j.uri
    password = {name: value for name, value in wrong.items() if name != "database"}
    with serving(home, **settings_of(clean_neo4j, uri, **password)) as client:
        post(client, 0)
        waited(lambda: said in client.get("/readyz").text, within_s=NAMED_WITHIN_S)
        assert clean_neo4j.password not in client.get("/readyz").text
        waited(lambda: client.get(ITEMS).json()["meta"]["degraded"], within_s=NAMED_WITHIN_S)
        seconds, degraded = reads(client)
        assert all(degraded)
        assert p99(seconds) < P99_S
        assert gauges(client) == {"lag": None, "up": 0}
    with serving(home, **settings_of(clean_neo4j)) as client:
        waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
        check_nothing_is_lost_or_doubled(client, clean_neo4j, home, n_posts=1)


def test_database_without_the_schema_is_named_until_it_is_migrated(clean_neo4j, tmp_path):
    make_store(tmp_path / "store")
    with serving(tmp_path / "store", **settings_of(clean_neo4j)) as client:
        waited(lambda: "schema migrations missing" in client.get("/readyz").text, within_s=NAMED_WITHIN_S)
        with contextlib.closing(Neo4jStore(tmp_path / "store", target_of(clean_neo4j))) as store:
            store.migrate()
        waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
        check_nothing_is_lost_or_doubled(client, clean_neo4j, tmp_path / "store", n_posts=0)


def test_shutdown_is_prompt_while_the_server_hangs(clean_neo4j, neo4j_proxy, home):
    with serving(home, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        waited(lambda: is_ready(client), within_s=20)
        neo4j_proxy.stall()
        time.sleep(1.0)  # by now the outbox waits for an answer
        started = time.monotonic()
    assert time.monotonic() - started < NAMED_WITHIN_S
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("outbox")]


def sockets():
    """Open sockets of this process."""
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing itself is one that is gone by now
            found += str(entry.readlink()).startswith("socket:")
    return found


def test_a_hundred_faults_leave_no_thread_and_no_socket_behind(clean_neo4j, neo4j_proxy, home, monkeypatch):
    monkeypatch.setattr(service_outbox, "EVERY_S", 0.02)
    monkeypatch.setattr(service_outbox, "BACKOFF_S", (0.02,))
    monkeypatch.setattr(service_outbox, "CUT_AFTER_S", 0.5)
    target = replace(target_of(clean_neo4j, neo4j_proxy.uri), deadlines=Deadlines(retry_s=0.0))
    box = Outbox(lambda: Neo4jStore(home, target))
    box.start()
    waited(lambda: box.problem is None, within_s=RECOVERED_WITHIN_S)
    before = threading.active_count(), sockets()
    for cycle in range(N_CYCLES):
        # Garbage makes the driver wait for the rest of a message that never comes, until it is cut.
        neo4j_proxy.garble(seed=cycle) if cycle % 10 == 0 else neo4j_proxy.refuse()
        waited(lambda: box.problem is not None, within_s=RECOVERED_WITHIN_S)
        neo4j_proxy.let_pass()
        waited(lambda: box.problem is None, within_s=RECOVERED_WITHIN_S)
    waited(lambda: threading.active_count() <= before[0] and sockets() <= before[1], within_s=5)
    box.close()


def test_two_outboxes_on_one_folder_both_learn_how_far_it_is_and_apply_once(clean_neo4j, home):
    boxes = [Outbox(lambda: Neo4jStore(home, target_of(clean_neo4j), lock_timeout_s=0.05)) for _ in range(2)]
    for box in boxes:
        box.start()
    with contextlib.closing(Engine(home)) as engine:
        for at in range(20):
            engine.append([event("purchase", "ann", f"thing-{at}", 20)])
            boxes[at % 2].wake()
        last = engine.store.last_seq()
    waited(lambda: all(box.applied == last for box in boxes), within_s=RECOVERED_WITHIN_S)
    assert [box.problem for box in boxes] == [None, None]
    for box in boxes:
        box.close()
    assert sum(in_neo4j(clean_neo4j).values()) == last == 33
