"""A real Neo4j server for the tests: started, paused, killed and stopped like any other process."""

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import neo4j
import pytest
from neo4j.exceptions import DriverError, Neo4jError
from tests.neo4j.proxy import held_port

SCRIPT = Path(__file__).parents[2] / "tools" / "neo4j" / "neo4j.sh"
DEFAULT_VERSION = "5.26.31"
USER = "neo4j"
START_TIMEOUT_S = 120.0
STOP_TIMEOUT_S = 30.0
FETCH_TIMEOUT_S = 900.0
# Small and quick: no 256 MB transaction logs made in advance, no log of queries.
SETTINGS = {"db.tx_log.preallocate": "false", "db.logs.query.enabled": "OFF"}
MEMORY = {"NEO4J_HEAP": "1g", "NEO4J_PAGECACHE": "256m"}


class ServerUnavailableError(Exception):
    """No server can be started here; says what is missing."""


class Neo4jServer:
    """A server, ours or a running one that the environment names.

    Attributes
    ----------
    uri, user, password : str
        What a driver needs. The URI stays the same over restarts. Behind a proxy use ``bolt://``: with ``neo4j://`` the
        server tells the driver its own address and the proxy is passed by.
    lib, home : Path or None
        Folder of the jars, and of data, logs and settings; None where the server is not ours.
    """

    lib: Path | None = None
    home: Path | None = None

    def __init__(self, uri: str, user: str, password: str) -> None:
        self.uri, self.user, self.password = uri, user, password

    @property
    def has_gds(self) -> bool:
        """Whether OpenGDS answers."""
        with self.driver() as driver:
            found = driver.execute_query("SHOW PROCEDURES YIELD name WHERE name = 'gds.pageRank.stream' RETURN name")
        return bool(found.records)

    @property
    def port(self) -> int:
        return int(self.uri.rpartition(":")[2])

    def driver(self, **options: Any) -> neo4j.Driver:
        """A driver; to be closed, so best in a `with`."""
        return neo4j.GraphDatabase.driver(self.uri, auth=(self.user, self.password), **options)

    def empty(self) -> None:
        """Delete every relation, node, constraint and index."""
        with self.driver() as driver, driver.session() as session:
            for name, pattern in (("r", "()-[r]->()"), ("n", "(n)")):
                session.run(
                    f"MATCH {pattern} CALL ({name}) {{ DELETE {name} }} IN TRANSACTIONS OF 20000 ROWS"
                ).consume()
            for kind, plural, of_ours in (("CONSTRAINT", "S", ""), ("INDEX", "ES", "WHERE type <> 'LOOKUP'")):
                for name in session.run(f"SHOW {kind}{plural} YIELD * {of_ours} RETURN name").value():
                    session.run(f"DROP {kind} `{name.replace('`', '``')}` IF EXISTS").consume()

    def start(self) -> None:
        """Start it, or let it run on, and wait until Bolt answers. Does nothing where it runs."""
        pytest.skip(f"{self.uri} was not started by the tests, so they do not stop it either")

    stop = kill = restart = pause = resume = start

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Let the server stand still: connections stay open and nothing answers."""
        self.pause()
        try:
            yield
        finally:
            self.resume()

    def make_usable(self) -> None:
        """Undo what a test that failed half-way may have left behind."""


class OwnServer(Neo4jServer):
    """A server on a free port of this machine, with authentication on, that ends with the tests at the latest."""

    lib: Path
    home: Path

    def __init__(
        self, lib: Path, home: Path, *, settings: dict[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        self._held = held_port()
        super().__init__(f"bolt://127.0.0.1:{self._held.getsockname()[1]}", USER, secrets.token_urlsafe(12))
        self.lib, self.home = lib, home
        self._settings, self._prefix = SETTINGS | (settings or {}), prefix
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ServerUnavailableError("the server does not run")
        return self._process.pid

    def start(self) -> None:
        if self._process is not None:
            return
        self.home.mkdir(parents=True, exist_ok=True)
        lines = "\n".join(f"{name}={value}" for name, value in self._settings.items())
        command = [SCRIPT, "start", self.lib, self.home, str(self.port), self.password]
        with (self.home / "console.log").open("ab") as log:
            # Its own session, so that Ctrl-C ends the tests first and they the server.
            self._process = subprocess.Popen(
                [*ends_with_parent(), *self._prefix, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=MEMORY | os.environ | {"NEO4J_SETTINGS": lines},
                start_new_session=True,
            )
        try:
            self.wait()
        except BaseException:
            self.kill()
            raise

    def wait(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Wait until Bolt answers to our password."""
        give_up = time.monotonic() + timeout_s
        while True:
            problem = self._problem()
            if problem is None:
                return
            ended = self._process is None or self._process.poll() is not None
            if ended or time.monotonic() > give_up:
                how = "ended" if ended else f"did not answer within {timeout_s:g} s"
                raise ServerUnavailableError(f"the server {how} ({problem}); its last words:\n{self.last_words()}")
            time.sleep(0.2)

    def last_words(self, n_lines: int = 20) -> str:
        log = self.home / "console.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-n_lines:]) if log.exists() else ""

    def stop(self) -> None:
        """Stop it as an operator does, with SIGTERM; a server that does not obey is killed."""
        if self._process is None:
            return
        self.resume()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it for good and give its port back; by a kill, since nobody wants its data any more."""
        self.kill()
        self._held.close()

    def kill(self) -> None:
        """Kill it with SIGKILL, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def pause(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def make_usable(self) -> None:
        if self._process is not None and self._process.poll() is not None:
            self._process = None
        if self._process is not None:
            self.resume()
        self.start()

    def _problem(self) -> str | None:
        try:
            with self.driver(connection_timeout=2.0, max_transaction_retry_time=0.0) as driver:
                driver.execute_query("RETURN 1")  # Bolt answers before the database does
        except (DriverError, Neo4jError) as exc:
            return str(exc)
        return None


def started(lib: Path, home: Path, *, settings: dict[str, str] | None = None) -> OwnServer:
    """A server that runs; close it at the end."""
    server = OwnServer(lib, home, settings=settings)
    try:
        server.start()
    except BaseException:
        server.close()
        raise
    return server


def fetch_jars() -> Path:
    """Folder of the jars that NEO4J_VERSION names, with OpenGDS where it fits.

    Raises
    ------
    ServerUnavailableError
        If they cannot be fetched, or there is no Java for them.
    """
    if shutil.which("bash") is None:
        raise ServerUnavailableError("there is no bash on the PATH")
    version = os.environ.get("NEO4J_VERSION") or DEFAULT_VERSION
    plugin = ["gds"] if version.startswith("5.26.") else []
    lib = Path(_run_script("fetch", *plugin, env=os.environ | {"NEO4J_VERSION": version}))
    _run_script("java", str(lib), env=dict(os.environ))
    return lib


def _run_script(*arguments: str, env: dict[str, str]) -> str:
    try:
        done = subprocess.run(
            [SCRIPT, *arguments], capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False, env=env
        )
    except subprocess.TimeoutExpired as exc:
        raise ServerUnavailableError(f"{SCRIPT.name} {arguments[0]} took over {FETCH_TIMEOUT_S:g} s") from exc
    if done.returncode != 0:
        raise ServerUnavailableError(done.stderr.strip())
    return done.stdout.strip()


def ends_with_parent() -> list[str]:
    """Command prefix by which the server gets SIGTERM when the tests die without a word; Linux only."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def n_nodes(server: Neo4jServer) -> int:
    with server.driver() as driver:
        return int(driver.execute_query("MATCH (n) RETURN count(n) AS n").records[0]["n"])


def names_of_schema(server: Neo4jServer) -> list[str]:
    """Names of the constraints and indexes that somebody made."""
    with server.driver() as driver:
        rows = driver.execute_query("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").records
        rows += driver.execute_query("SHOW CONSTRAINTS YIELD name RETURN name").records
    return sorted({row["name"] for row in rows})
