"""The proxy by itself, before a server that sends back what it gets."""

import contextlib
import socket
import socketserver
import threading
import time
from collections.abc import Iterator

import pytest
from tests.neo4j.proxy import TcpProxy

TIMEOUT_S = 5.0
SHORT_S = 0.3


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        with contextlib.suppress(OSError):
            while data := self.request.recv(65536):
                self.server.got.append(data)
                self.request.sendall(data)


class EchoServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer(("127.0.0.1", 0), Echo) as server:
        server.got = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def proxy(echo) -> Iterator[TcpProxy]:
    with TcpProxy(*echo.server_address) as running:
        yield running


@contextlib.contextmanager
def connected(proxy: TcpProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=TIMEOUT_S) as client:
        yield client


def receive(client: socket.socket, n_bytes: int) -> bytes:
    got = b""
    while len(got) < n_bytes and (data := client.recv(n_bytes - len(got))):
        got += data
    return got


def exchange(client: socket.socket, data: bytes) -> bytes:
    client.sendall(data)
    return receive(client, len(data))


def until(condition) -> bool:
    give_up = time.monotonic() + TIMEOUT_S
    while not condition() and time.monotonic() < give_up:
        time.sleep(0.01)
    return condition()


def test_everything_passes_in_order_in_both_directions(proxy):
    sent = bytes(range(256)) * 2000
    with connected(proxy) as client:
        writer = threading.Thread(target=client.sendall, args=(sent,))
        writer.start()
        assert receive(client, len(sent)) == sent
        writer.join()


def test_a_client_that_leaves_leaves_no_connection_behind(proxy):
    for _ in range(5):
        with connected(proxy) as client:
            assert exchange(client, b"hello") == b"hello"
    assert until(lambda: proxy.n_open == 0)
    assert proxy.n_accepted == 5


def test_refusal_resets_open_connections_and_refuses_new_ones_until_things_pass_again(proxy):
    with connected(proxy) as client:
        assert exchange(client, b"before") == b"before"
        proxy.refuse()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", proxy.port), timeout=TIMEOUT_S)
    proxy.let_pass()
    with connected(proxy) as client:
        assert exchange(client, b"after") == b"after"


def test_a_stall_holds_bytes_back_and_hands_them_on_when_it_ends(proxy, echo):
    with connected(proxy) as client:
        assert exchange(client, b"before") == b"before"
        proxy.stall()
        client.sendall(b"held")
        client.settimeout(SHORT_S)
        with pytest.raises(TimeoutError):
            client.recv(1)
        assert echo.got == [b"before"]
        client.settimeout(TIMEOUT_S)
        proxy.let_pass()
        assert receive(client, 4) == b"held"


def test_a_stall_accepts_new_connections_and_answers_nothing(proxy):
    proxy.stall()
    with connected(proxy) as client:
        client.settimeout(SHORT_S)
        client.sendall(b"anybody")
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_a_reset_ends_open_connections_and_new_ones_pass(proxy):
    with connected(proxy) as client:
        assert exchange(client, b"x") == b"x"
        proxy.reset()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    with connected(proxy) as client:
        assert exchange(client, b"y") == b"y"


def test_a_reset_after_some_bytes_hands_on_exactly_those_and_happens_once(proxy, echo):
    proxy.reset_after(7)
    with connected(proxy) as client:
        client.sendall(b"0123456789")
        with pytest.raises(ConnectionResetError):
            receive(client, 10)
    assert until(lambda: b"".join(echo.got) == b"0123456")
    with connected(proxy) as client:
        assert exchange(client, b"0123456789") == b"0123456789"


def test_a_reset_towards_the_client_loses_the_answer_and_not_the_request(proxy, echo):
    with connected(proxy) as client:
        assert exchange(client, b"one") == b"one"
        proxy.reset_after(0, towards="client")
        client.sendall(b"two")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert echo.got == [b"one", b"two"]


@pytest.mark.parametrize(("arrives", "reached"), [(True, [b"begin", b"COMMIT"]), (False, [b"begin"])])
def test_a_reset_at_some_bytes_happens_before_or_after_the_server_got_them(proxy, echo, arrives, reached):
    proxy.reset_at(b"COMMIT", arrives=arrives)
    with connected(proxy) as client:
        assert exchange(client, b"begin") == b"begin"
        client.sendall(b"COMMIT")
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert until(lambda: [part for part in echo.got if part] == reached)
    with connected(proxy) as client:
        assert exchange(client, b"COMMIT") == b"COMMIT"


def test_garbage_replaces_what_the_server_says_and_is_repeatable(proxy, echo):
    answers = []
    for _ in range(2):
        proxy.garble(seed=3)
        with connected(proxy) as client:
            answers.append(exchange(client, b"clear words"))
    assert answers[0] == answers[1] != b"clear words"
    assert echo.got == [b"clear words"] * 2
    proxy.let_pass()
    with connected(proxy) as client:
        assert exchange(client, b"clear words") == b"clear words"


def ask(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as client:
        return client.recv(1)


def test_without_a_server_the_client_is_reset():
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        with TcpProxy("127.0.0.1", nobody.getsockname()[1]) as proxy:
            with pytest.raises(ConnectionResetError):
                ask(proxy.port)
            assert proxy.n_open == 0


def test_a_hundred_rounds_of_faults_leave_no_thread_and_no_connection(proxy):
    before = threading.active_count()
    for _ in range(25):
        with connected(proxy) as client:
            assert exchange(client, b"x") == b"x"
            proxy.stall()
            client.sendall(b"y")
            proxy.refuse()
            proxy.let_pass()
        proxy.reset()
    assert until(lambda: proxy.n_open == 0 and threading.active_count() <= before)
