"""A real Neo4j for the tests: one server per run, or the one that GUANXI_TEST_NEO4J_URI names."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.neo4j.faults import CommandLine
from tests.neo4j.proxy import TcpProxy
from tests.neo4j.server import USER, Neo4jServer, OwnServer, ServerUnavailableError, fetch_jars, n_nodes, started


@pytest.fixture(scope="session")
def neo4j_server() -> Iterator[Neo4jServer]:
    """The server; what is in it is nobody's, see `clean_neo4j`."""
    uri = os.environ.get("GUANXI_TEST_NEO4J_URI")
    if uri:
        yield _running(uri)
        return
    home = Path(tempfile.mkdtemp(prefix="guanxi-neo4j-"))
    try:
        with contextlib.closing(_own(home)) as server:
            yield server
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def clean_neo4j(neo4j_server: Neo4jServer) -> Neo4jServer:
    """The server with nothing in it: no node, no relation, no constraint, no index; running, whatever came before."""
    neo4j_server.make_usable()
    neo4j_server.empty()
    return neo4j_server


@pytest.fixture
def neo4j_proxy(neo4j_server: Neo4jServer) -> Iterator[TcpProxy]:
    """A proxy before the server, which lets everything pass until told otherwise."""
    with TcpProxy("127.0.0.1", neo4j_server.port) as proxy:
        yield proxy


@pytest.fixture
def command_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """The program in this process."""
    return CommandLine(monkeypatch, capsys, tmp_path)


def _own(home: Path) -> OwnServer:
    """Start a server. Where that cannot be done: an error in CI, a skip elsewhere, since not everybody has Java."""
    try:
        return started(fetch_jars(), home)
    except ServerUnavailableError as exc:
        if os.environ.get("CI"):
            pytest.fail(f"no Neo4j server: {exc}", pytrace=False)
        pytest.skip(f"no Neo4j server: {exc}")


def _running(uri: str) -> Neo4jServer:
    """The running server that the environment names; the tests empty it, so it must be empty or be given up by name."""
    password = os.environ.get("GUANXI_TEST_NEO4J_PASSWORD")
    if password is None:
        pytest.fail("GUANXI_TEST_NEO4J_URI is set and GUANXI_TEST_NEO4J_PASSWORD is not", pytrace=False)
    server = Neo4jServer(uri, os.environ.get("GUANXI_TEST_NEO4J_USER", USER), password)
    found = n_nodes(server)
    if found and os.environ.get("GUANXI_TEST_NEO4J_EMPTY") != "yes":
        pytest.fail(
            f"{uri} holds {found:,} nodes, which the tests would delete; set GUANXI_TEST_NEO4J_EMPTY=yes to let them",
            pytrace=False,
        )
    return server
