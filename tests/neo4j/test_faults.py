"""Neo4j goes away in every way that it can; nothing is lost or doubled, and the API answers on."""

import contextlib
import re
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.neo4j.faults import (
    N_READS,
    NAMED_WITHIN_S,
    READY_WITHIN_S,
    RECOVERED_WITHIN_S,
    Reading,
    check_nothing_is_lost_or_doubled,
    gauges,
    go_through,
    in_a_batch,
    in_neo4j,
    is_degraded,
    is_ready,
    post,
    settings_of,
    store_before,
    target_of,
    waited,
)
from tests.neo4j.proxy import BOLT_COMMIT

from guanxi.engine import Engine
from guanxi.errors import StoreUnreachableError
from guanxi.service import outbox as service_outbox
from guanxi.service.outbox import Outbox
from guanxi.stores.neo4j import Deadlines, Neo4jClient, Neo4jStore, outbox
from service.running import event, make_store, serving
from strategies import row, table

N_CYCLES = 100


@pytest.fixture
def home(clean_neo4j, tmp_path):
    return store_before(clean_neo4j, tmp_path / "store")


@pytest.mark.parametrize(("fault", "hold_s"), [("stall", 10.0), ("garble", 0.0)])
def test_api_answers_on_and_catches_up_when_the_network_misbehaves(clean_neo4j, neo4j_proxy, home, fault, hold_s):
    with serving(home, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        away = getattr(neo4j_proxy, fault)
        go_through(client, clean_neo4j, home, away, neo4j_proxy.let_pass, hold_s=hold_s)


def test_api_and_commands_go_on_when_connections_are_refused(clean_neo4j, neo4j_proxy, home, command_line):
    settings = settings_of(clean_neo4j, neo4j_proxy.uri)

    def load():
        command_line.load_away(home, settings, 40, says="does not answer")
        return 40

    with serving(home, **settings) as client:
        go_through(client, clean_neo4j, home, neo4j_proxy.refuse, neo4j_proxy.let_pass, meanwhile=load)


def test_api_and_commands_go_on_when_the_server_is_killed_and_started(clean_neo4j, home, command_line):
    settings = settings_of(clean_neo4j)

    def load():
        command_line.load_away(home, settings, 40, says="does not answer")
        return 40

    with serving(home, **settings) as client:
        go_through(client, clean_neo4j, home, clean_neo4j.kill, clean_neo4j.start, meanwhile=load)


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
        waited(lambda: is_ready(client) and gauges(client)["lag"] == 0, within_s=READY_WITHIN_S)
        with Reading(client) as reading:
            for number, (step, arm) in enumerate(faults):
                accepted = neo4j_proxy.n_accepted
                in_a_batch(monkeypatch, step, arm)
                post(client, 20 * number)
                waited(lambda before=accepted: neo4j_proxy.n_accepted > before, within_s=RECOVERED_WITHIN_S)
                waited(lambda: is_ready(client) and gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
        reading.check()
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=40 * len(faults))


@pytest.mark.parametrize("arrives", [True, False])
def test_load_repeats_a_transaction_that_was_reset_at_its_commit(
    clean_neo4j, neo4j_proxy, home, monkeypatch, command_line, arrives
):
    in_a_batch(monkeypatch, "move", lambda: neo4j_proxy.reset_at(BOLT_COMMIT, arrives=arrives))
    code, said = command_line.load(home, settings_of(clean_neo4j, neo4j_proxy.uri), 0)
    assert (code, "does not answer" in said) == (0, False), said
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=40)


def test_load_waits_for_a_server_that_is_silent_for_a_while(clean_neo4j, neo4j_proxy, home, monkeypatch, command_line):
    again = threading.Timer(3.0, neo4j_proxy.let_pass)

    def stall():
        neo4j_proxy.stall()
        again.start()

    in_a_batch(monkeypatch, "take_turn", stall)
    started = time.monotonic()
    assert command_line.load(home, settings_of(clean_neo4j, neo4j_proxy.uri), 0)[0] == 0
    assert time.monotonic() - started >= 3.0
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=40)


@pytest.mark.parametrize("message", [b"\xb0\x55", b"\x01", b"\xb1\x70", b"\xb1\x7f\x01", b"\xb1\x70\x82\xff\xff"])
def test_message_that_is_none_of_neo4js_is_an_answer_that_did_not_come(clean_neo4j, neo4j_proxy, message):
    target = replace(target_of(clean_neo4j, neo4j_proxy.uri), deadlines=Deadlines(retry_s=0.0))
    with contextlib.closing(Neo4jClient(target)) as client:
        assert client.read("RETURN 1 AS one") == [{"one": 1}]
        neo4j_proxy.mislead(message)
        end = threading.Timer(0.5, neo4j_proxy.refuse)  # the driver says goodbye and would wait for an answer
        end.start()
        with pytest.raises(StoreUnreachableError, match="does not answer"):
            client.read("RETURN 1 AS one")
        end.join()


@pytest.mark.parametrize(
    ("wrong", "said", "command_says"),
    [
        ({"neo4j_password": "another"}, "user or password refused", "refuses user 'neo4j'"),
        ({"database": "nowhere"}, "no such database", "has no database 'nowhere'"),
    ],
    ids=["password", "database"],
)
def test_wrong_setting_is_named_and_events_are_applied_once_it_is_right(
    clean_neo4j, home, command_line, wrong, said, command_says
):
    uri = f"{clean_neo4j.uri}/{wrong['database']}" if "database" in wrong else clean_neo4j.uri
    password = {name: value for name, value in wrong.items() if name != "database"}
    with serving(home, **settings_of(clean_neo4j, uri, **password)) as client, Reading(client) as reading:
        post(client, 0)
        waited(lambda: said in client.get("/readyz").text, within_s=NAMED_WITHIN_S)
        assert clean_neo4j.password not in client.get("/readyz").text
        waited(lambda: is_degraded(client), within_s=NAMED_WITHIN_S)
        assert gauges(client) == {"lag": None, "up": 0}
        waited(lambda: len(reading.seconds) >= N_READS, within_s=READY_WITHIN_S)
    reading.check()
    command_line.load_away(home, settings_of(clean_neo4j, uri, **password), 20, says=command_says)
    with serving(home, **settings_of(clean_neo4j)) as client:
        waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
        waited(lambda: gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=80)


def test_database_without_the_schema_is_named_until_it_is_migrated(clean_neo4j, tmp_path, command_line):
    home, settings = tmp_path / "store", settings_of(clean_neo4j)
    make_store(home)
    with serving(home, **settings) as client:
        waited(lambda: "schema migrations missing" in client.get("/readyz").text, within_s=NAMED_WITHIN_S)
        command_line.load_away(home, settings, 0, says="`guanxi store migrate` applies them")
        assert command_line(home, settings, "store", "migrate")[0] == 0
        waited(lambda: is_ready(client), within_s=RECOVERED_WITHIN_S)
        waited(lambda: gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=40)


def test_server_that_migrates_does_so_once_neo4j_answers(clean_neo4j, neo4j_proxy, tmp_path):
    home = tmp_path / "store"
    make_store(home)
    neo4j_proxy.refuse()
    with serving(home, neo4j_migrate=True, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        waited(lambda: is_degraded(client), within_s=NAMED_WITHIN_S)
        post(client, 0)
        neo4j_proxy.let_pass()
        waited(lambda: is_ready(client) and gauges(client)["lag"] == 0, within_s=RECOVERED_WITHIN_S)
    check_nothing_is_lost_or_doubled(clean_neo4j, home, n_rows=40)


def test_shutdown_is_prompt_while_the_server_hangs(clean_neo4j, neo4j_proxy, home):
    with serving(home, **settings_of(clean_neo4j, neo4j_proxy.uri)) as client:
        waited(lambda: is_ready(client), within_s=READY_WITHIN_S)
        neo4j_proxy.stall()
        time.sleep(1.0)  # by now the outbox waits for an answer
        started = time.monotonic()
    assert time.monotonic() - started < NAMED_WITHIN_S
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("outbox")]


def test_docs_name_a_test_for_each_fault():
    docs = (Path(__file__).parents[2] / "docs" / "neo4j.md").read_text(encoding="utf-8")
    faults = docs.partition("| fault |")[2].partition("\n\n")[0].splitlines()[2:]
    there = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert len(faults) >= 8
    for fault in faults:
        named = re.findall(r"`(test_\w+)", fault.rpartition(" | ")[2])
        assert named, fault
        assert [name for name in named if f"def {name}(" not in there] == []


# -- the outbox by itself ----------------------------------------------------------------------------------------------


class _KilledError(Exception):
    """Stands for SIGKILL: nothing of the program runs after it."""


def test_window_of_a_killed_load_is_finished_without_a_cut_however_long_it_takes(clean_neo4j, home, monkeypatch):
    store = Neo4jStore(home, target_of(clean_neo4j))
    store.append(table([row("share", f"a{at % 97}", f"i{at}", id=f"s{at}") for at in range(6000)]))
    store._pump = replace(store._pump, batch_rows=50)

    def killed(n_applied, _n_events):
        if n_applied > 1000:
            raise _KilledError

    with pytest.raises(_KilledError):
        store.pump(progress=killed)
    assert 0 < sum(in_neo4j(clean_neo4j).values()) < 6013
    assert store.lag().applied == 0
    last = store.last_seq()
    store.close()
    mark = outbox.mark

    def slowly(*arguments):
        time.sleep(0.06)
        return mark(*arguments)

    monkeypatch.setattr(outbox, "mark", slowly)
    monkeypatch.setattr(service_outbox, "CUT_AFTER_S", 1.5)
    monkeypatch.setattr(service_outbox, "DEGRADED_AFTER_S", 1.5)
    monkeypatch.setattr(service_outbox, "EVERY_S", 0.05)
    monkeypatch.setattr(Outbox, "_cut", lambda _: pytest.fail("a connection that answered was cut"))
    target = replace(target_of(clean_neo4j), deadlines=Deadlines(retry_s=0.0))
    box, started = Outbox(lambda heard: Neo4jStore(home, target, heard=heard)), time.monotonic()
    box.start()
    seen = []
    while box.applied != last:
        seen.append((box.degraded, box.problem))
        time.sleep(0.02)
    seconds = time.monotonic() - started
    box.close()
    assert seconds > service_outbox.CUT_AFTER_S
    assert set(seen) <= {(False, None), (False, "no answer yet")}
    assert sum(in_neo4j(clean_neo4j).values()) == 6013


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
    box = Outbox(lambda heard: Neo4jStore(home, target, heard=heard))
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
    target = target_of(clean_neo4j)
    boxes = [Outbox(lambda heard: Neo4jStore(home, target, lock_timeout_s=0.05, heard=heard)) for _ in range(2)]
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
