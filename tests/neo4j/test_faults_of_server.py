"""Faults that want a server set up for them: a disk that can be full, and a sign of life every few seconds."""

import contextlib
import time

import pytest
from tests.neo4j.disk import DiskUnavailableError, SmallDisk
from tests.neo4j.faults import check_nothing_is_lost_or_doubled, go_through, in_a_batch, settings_of, store_before
from tests.neo4j.proxy import TcpProxy
from tests.neo4j.server import OwnServer

from service.running import serving

# Neo4j tells drivers to give up when they heard nothing for twice this long; a minute by default.
SETTINGS = {"server.bolt.connection_keep_alive": "4s"}


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    try:
        mounted = SmallDisk(tmp_path_factory.mktemp("server") / "data", size="200m")
    except DiskUnavailableError as exc:
        pytest.skip(f"no disk can be made small and full here: {exc}")
    with contextlib.closing(mounted):
        yield mounted


@pytest.fixture(scope="module")
def server_on_disk(neo4j_server, disk):
    """A server on the small disk, beside the one of the other tests."""
    if neo4j_server.lib is None:
        pytest.skip(f"{neo4j_server.uri} was not started by the tests, so its disk is not theirs to fill")
    own = OwnServer(neo4j_server.lib, disk.folder.parent, settings=SETTINGS, prefix=disk.prefix)
    with contextlib.closing(own):
        yield own


@pytest.fixture
def server(server_on_disk):
    server_on_disk.make_usable()
    server_on_disk.empty()
    return server_on_disk


@pytest.fixture
def home(server, tmp_path):
    return store_before(server, tmp_path / "store")


def test_api_and_commands_go_on_when_the_disk_of_the_server_is_full(server, disk, home, command_line):
    settings = settings_of(server)

    def load():
        command_line.load_away(home, settings, 40, says="wants a restart")
        return 40

    def room_again():
        # Neo4j stops itself when it cannot write its transaction log, and wants to be started anew.
        disk.free()
        server.kill()
        server.start()

    with serving(home, **settings) as client:
        go_through(client, server, home, disk.fill, room_again, meanwhile=load)


@pytest.mark.parametrize("fault", ["stall", "garble"])
def test_load_gives_up_a_server_without_a_sign_of_life_and_goes_on_later(
    server, home, monkeypatch, command_line, fault
):
    with TcpProxy("127.0.0.1", server.port) as proxy:
        settings = settings_of(server, proxy.uri)

        def arm():
            getattr(proxy, fault)()
            armed_at.append(time.monotonic())

        armed_at = []
        in_a_batch(monkeypatch, "take_turn", arm)
        command_line.load_away(home, settings, 0, says="does not answer")
        assert armed_at
        proxy.let_pass()
        assert command_line(home, settings, "store", "apply")[0] == 0
    check_nothing_is_lost_or_doubled(server, home, n_rows=40)
