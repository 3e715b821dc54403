"""What the tests of faults share: an API before Neo4j, the command line beside it, and what must hold afterwards."""

import contextlib
import statistics
import threading
import time
from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from guanxi.cli import EXIT_STORE, main
from guanxi.engine import Engine
from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget, outbox
from service.running import event, make_store

ITEMS = "/v1/accounts/ann/recommendations/items"
ROUTES = (ITEMS, "/v1/accounts/ann/recommendations/accounts", "/v1/trust/ann/dan", "/v1/trust/ann")
NAMED_WITHIN_S = 5.0
RECOVERED_WITHIN_S = 10.0
READY_WITHIN_S = 20.0
P99_S = 0.5
N_READS = 100
N_EXAMPLE = 13


def settings_of(server, uri=None, **more):
    return {"neo4j_uri": uri or server.uri, "neo4j_user": server.user, "neo4j_password": server.password} | more


def target_of(server, uri=None):
    return Neo4jTarget.parse(uri or server.uri, user=server.user, password=server.password)


def store_before(server, home):
    """A store with a run, before a database that has the schema and nothing else."""
    make_store(home)
    with contextlib.closing(Neo4jStore(home, target_of(server))) as store:
        store.migrate()
    return home


def waited(check, *, within_s, since=None):
    """Seconds until a check holds, from now or from another moment."""
    started = time.monotonic() if since is None else since
    while not check():
        assert time.monotonic() - started < within_s, f"not within {within_s:g} s"
        time.sleep(0.02)
    return time.monotonic() - started


# -- the API -----------------------------------------------------------------------------------------------------------


def is_ready(client):
    return client.get("/readyz").status_code == 200


def is_degraded(client):
    return client.get(ITEMS).json()["meta"]["degraded"]


def names_neo4j(client):
    answer = client.get("/readyz")
    failing = [error["pointer"] for error in answer.json().get("errors", ())]
    assert failing in ([], ["/components/neo4j"]), failing
    return bool(failing)


def gauges(client):
    families = text_string_to_metric_families(client.get("/metrics").text)
    found = {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}
    return {"lag": found.get(("guanxi_outbox_lag_events",)), "up": found["guanxi_store_up", "neo4j"]}


def rows(first, n=20):
    """Facts and states, each new."""
    facts = [event("purchase", f"buyer-{at % 3}", f"thing-{at}", 20, id=f"p-{at}") for at in range(first, first + n)]
    return facts + [event("follow", f"fan-{at}", "ann", 20) for at in range(first, first + n)]


def post(client, first):
    """Send rows; they must be accepted."""
    counts = client.post("/v1/events:batch", json=rows(first)).json()["data"]["counts"]
    assert counts["created"] == 40, counts


class Reading:
    """A caller in a thread of its own, who asks one thing after the other while the block runs.

    Attributes
    ----------
    seconds : list of float
        How long each answer took.
    degraded : list of bool
        Whether it said that it is degraded.
    """

    def __init__(self, client):
        self._client, self._done = client, threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.seconds, self.degraded, self.refused = [], [], []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()

    @property
    def p99(self):
        return statistics.quantiles(self.seconds, n=100)[98]

    def _ask(self):
        at = 0
        while not self._done.wait(0.01):
            started = time.monotonic()
            answer = self._client.get(ROUTES[at % len(ROUTES)])
            self.seconds.append(time.monotonic() - started)
            if answer.status_code == 200:
                self.degraded.append(answer.json()["meta"]["degraded"])
            else:
                self.refused.append(answer.text)
            at += 1

    def check(self):
        """Every read was answered, and all but one in a hundred soon."""
        assert self.refused == []
        assert len(self.seconds) >= N_READS
        assert self.p99 < P99_S, f"p99 {self.p99:.3f} s of {len(self.seconds)} reads"


# -- the command line --------------------------------------------------------------------------------------------------


class CommandLine:
    """The program in this process, with its settings in the environment."""

    def __init__(self, monkeypatch, capsys, folder):
        self._monkeypatch, self._capsys, self._folder = monkeypatch, capsys, folder

    def __call__(self, home, settings, *arguments):
        """Run a command; its exit code, and what it said on standard error."""
        with self._monkeypatch.context() as here:
            for name, value in {"store": home, **settings}.items():
                here.setenv(f"GUANXI_{name.upper()}", str(value))
            here.setattr("sys.argv", ["guanxi", *map(str, arguments)])
            with pytest.raises(SystemExit) as ended:
                main()
        return ended.value.code or 0, self._capsys.readouterr().err

    def load(self, home, settings, first):
        """Load a file of rows."""
        file = self._folder / f"rows-{first}.csv"
        lines = [",".join((r["relation"], r["source"], r["target"], r["time"], r.get("id", ""))) for r in rows(first)]
        file.write_text("\n".join(["relation,source,target,time,id", *lines]))
        return self(home, settings, "load", file)

    def load_away(self, home, settings, first, *, says):
        """Load a file of rows while Neo4j is away: it is said, and the events are durable all the same."""
        code, said = self.load(home, settings, first)
        assert (code, says in said) == (EXIT_STORE, True), said
        assert f"every event is safe in {home}, and `guanxi store apply` goes on from there" in said


# -- Neo4j -------------------------------------------------------------------------------------------------------------


def in_neo4j(server):
    """How many relationships of each type there are; each has the key of an event, and no two the same."""
    with server.driver() as driver:
        found = driver.execute_query("MATCH ()-[r]->() RETURN type(r) AS type, r.key AS key").records
    assert all(row["key"] for row in found)
    assert len({row["key"] for row in found}) == len(found)
    return Counter(row["type"] for row in found)


def durable(home):
    """How many events the log has."""
    with contextlib.closing(Engine(home)) as engine:
        return sum(len(part) for part in engine.store.events())


def check_nothing_is_lost_or_doubled(server, home, *, n_rows):
    """The example's 13 events and what was sent, half facts and half states: in the log and in Neo4j, each once."""
    counts = in_neo4j(server)
    assert (counts["FOLLOWS"], counts["PURCHASED"]) == (6 + n_rows // 2, 5 + n_rows // 2), counts
    assert sum(counts.values()) == durable(home) == N_EXAMPLE + n_rows


def in_a_batch(monkeypatch, step, arm):
    """Call ``arm`` once, in the next transaction that writes a batch, right behind one of its steps."""
    real = getattr(outbox, step)

    def armed(*arguments):
        done = real(*arguments)
        monkeypatch.setattr(outbox, step, real)
        arm()
        return done

    monkeypatch.setattr(outbox, step, armed)


def go_through(client, server, home, away, back, *, hold_s=0.0, meanwhile=None):
    """Take Neo4j away, look at what the API says all the while, bring it back.

    ``meanwhile`` does something of its own while Neo4j is away, and returns how many events it made durable.
    """
    waited(lambda: is_ready(client) and gauges(client) == {"lag": 0, "up": 1}, within_s=READY_WITHIN_S)
    assert is_degraded(client) is False
    gone_at = time.monotonic()
    with Reading(client) as reading:
        away()
        post(client, 0)
        named = waited(lambda: names_neo4j(client), within_s=NAMED_WITHIN_S, since=gone_at)
        waited(lambda: is_degraded(client), within_s=NAMED_WITHIN_S, since=gone_at)
        n_before = len(reading.degraded) + 1  # one may have been on its way
        post(client, 20)
        n_rows = 80 + (meanwhile() if meanwhile else 0)
        waited(lambda: len(reading.degraded) >= n_before + N_READS, within_s=READY_WITHIN_S)
        assert all(reading.degraded[n_before:])
        assert gauges(client)["up"] == 0
        assert gauges(client)["lag"] >= 40
        time.sleep(max(0.0, hold_s - (time.monotonic() - gone_at)))
    reading.check()
    back()
    recovered = waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
    assert is_degraded(client) is False
    applied = waited(lambda: gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
    check_nothing_is_lost_or_doubled(server, home, n_rows=n_rows)
    times = f"named {named:.1f} s, p99 {reading.p99 * 1000:.0f} ms of {len(reading.seconds)} reads"
    print(f"{times}, back {recovered:.1f} s, applied {applied:.1f} s")
