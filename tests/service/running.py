"""A small graph, the app over it in this process, and a real server over it in processes of its own."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from starlette.testclient import TestClient

from guanxi.engine import Engine
from guanxi.service import create_app
from guanxi.settings import Settings

LOOPBACK = ("127.0.0.1", 50_000)
STRANGER = ("203.0.113.9", 50_000)


def event(relation, source, target, day, **more):
    return {"relation": relation, "source": source, "target": target, "time": f"2026-01-{day:02}T12:00:00Z", **more}


EXAMPLE = [
    event("follow", "ann", "bob", 1),
    event("follow", "ann", "cat", 2),
    event("follow", "bob", "cat", 3),
    event("follow", "bob", "dan", 4),
    event("follow", "cat", "dan", 5),
    event("follow", "dan", "eve", 6),
    event("share", "cat", "cup", 7),
    event("purchase", "bob", "tea", 8),
    event("purchase", "cat", "tea", 9),
    event("purchase", "dan", "cup", 10),
    event("purchase", "ann", "pen", 11),
    event("purchase", "bob", "pen", 12),
    event("review", "dan", "tea", 13, value=5),
]


def make_store(home, events=EXAMPLE):
    """Fill a store, and publish a run of it."""
    engine = Engine(home, create=True)
    assert {outcome.outcome for outcome in engine.append(events)} == {"created"}
    publish(engine)
    engine.close()


def publish(engine):
    engine.snapshot()
    return engine.score().id


@contextmanager
def serving(home, *, client=LOOPBACK, headers=None, raise_errors=True, **settings):
    """A client of an app in this process."""
    app = create_app(Settings(store=home, **settings))
    with TestClient(
        app, base_url="http://127.0.0.1", client=client, headers=headers, raise_server_exceptions=raise_errors
    ) as running:
        yield running


@dataclass
class Server:
    """A server in processes of its own."""

    process: subprocess.Popen
    address: str
    log: Path

    def stop(self, how=signal.SIGTERM):
        """Stop the server as a whole: its main process asks the others, unless it is killed with them."""
        if how == signal.SIGKILL:
            os.killpg(self.process.pid, how)
        else:
            self.process.send_signal(how)
        return self.process.wait(30)


SCRIPT = """
from guanxi.service import serve
from guanxi.settings import load_settings
serve(load_settings(), ready=lambda address: print(address, flush=True))
"""


@contextmanager
def served(home, log, *, workers, **settings):
    """Run a server on a free port."""
    values = {"store": home, "port": 0, "workers": workers, **settings}
    environment = os.environ | {f"GUANXI_{name.upper()}": str(value) for name, value in values.items()}
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT],
            env=environment,
            cwd=log.parent,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
    address = process.stdout.readline().strip()
    assert address.startswith("http://127.0.0.1:"), log.read_text()
    server = Server(process, address, log)
    try:
        yield server
    finally:
        if process.poll() is None:
            server.stop(signal.SIGKILL)
        process.stdout.close()


def ids(answer, kind="items"):
    """Ids of what is recommended."""
    assert answer.status_code == 200, answer.text
    return [entry["id"] for entry in answer.json()["data"][kind]]


def problem(answer, status, code):
    """Check that an answer is a problem, and return it."""
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code), body
    assert set(body) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert body["request_id"] == answer.headers["x-request-id"]
    return body
