"""A Neo4j server for the benchmarks, as the tests start it: free port, throw-away data, bounded memory.

What is measured of a call: its seconds, and the seconds of processor time that the server and this process took.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[1:1] = [str(ROOT), str(ROOT / "tests")]  # behind this folder

from tests.neo4j.server import SCRIPT, Neo4jServer, fetch_jars, started  # noqa: E402 - found only now

from guanxi.stores.neo4j import Neo4jStore, Neo4jTarget  # noqa: E402 - stands behind it

HEAP, PAGE_CACHE = "3g", "2g"
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Took:
    """Seconds of a call: on the clock, of the server's processor time, and of ours."""

    seconds: float
    server: float
    client: float

    def __add__(self, other):
        return Took(self.seconds + other.seconds, self.server + other.server, self.client + other.client)


__all__ = ["HEAP", "PAGE_CACHE", "Bench", "Neo4jServer", "Took", "running", "version_of"]


class Bench:
    """A running server and a folder for what goes with it."""

    def __init__(self, server, folder):
        self.server, self.folder = server, folder
        self._n_homes = 0

    def driver(self):
        return self.server.driver(telemetry_disabled=True)

    def target(self):
        target = Neo4jTarget.parse(self.server.uri, user=self.server.user, password=self.server.password)
        return target.patient()

    def store(self):
        """A Neo4j store with an empty log."""
        self._n_homes += 1
        return Neo4jStore(self.folder / f"home-{self._n_homes}", self.target(), create=True)

    def run(self, cypher, **parameters):
        with self.driver() as driver, driver.session() as session:
            return session.run(cypher, parameters).data()

    def empty(self):
        """Delete everything but the schema."""
        for name, pattern in (("r", "()-[r]->()"), ("n", "(n) WHERE NOT n:GuanxiMigration")):
            self.run(f"MATCH {pattern} CALL ({name}) {{ DELETE {name} }} IN TRANSACTIONS OF 20000 ROWS")

    def timed(self, call):
        """Call it; what it returned, and what it took."""
        before = time.perf_counter(), self._server_seconds(), time.process_time()
        found = call()
        after = time.perf_counter(), self._server_seconds(), time.process_time()
        return found, Took(*(end - start for start, end in zip(before, after, strict=True)))

    def took(self, call):
        return self.timed(call)[1]

    def import_files(self, command):
        """Run the import tool while the server is stopped; the seconds of the tool alone."""
        self.server.stop()
        admin = [SCRIPT, "admin", self.server.lib, self.server.home, *command[1:], "--overwrite-destination"]
        started = time.perf_counter()
        done = subprocess.run(admin, capture_output=True, text=True, check=False, env=os.environ | {"NEO4J_HEAP": HEAP})
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(done.stdout + done.stderr)
        self.server.start()
        return seconds

    def _server_seconds(self):
        try:
            fields = Path(f"/proc/{self.server.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        except (OSError, AttributeError):  # not ours
            return float("nan")
        return (int(fields[11]) + int(fields[12])) / _TICKS


@contextlib.contextmanager
def running():
    """A server that ends with the block, and its data with it."""
    os.environ.setdefault("NEO4J_HEAP", HEAP)
    os.environ.setdefault("NEO4J_PAGECACHE", PAGE_CACHE)
    folder = Path(tempfile.mkdtemp(prefix="guanxi-benchmark-"))
    try:
        with contextlib.closing(started(fetch_jars(), folder / "server")) as server:
            yield Bench(server, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def version_of(bench):
    [found] = bench.run("CALL dbms.components() YIELD versions, edition RETURN versions[0] + ' ' + edition AS version")
    return found["version"]
