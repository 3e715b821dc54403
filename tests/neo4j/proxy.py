"""A TCP proxy that misbehaves on demand: refuses, stalls, resets, garbles."""

import asyncio
import contextlib
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, Literal, Self

BOLT_COMMIT = b"\x00\x02\xb0\x12\x00\x00"
"""The message COMMIT of the Bolt protocol as it stands on the wire: length, structure, end of message."""

Side = Literal["client", "server"]
_CHUNK = 65_536
_LINGER_NOT = struct.pack("ii", 1, 0)
"""Linger for 0 seconds: closing sends RST instead of FIN."""


@dataclass(eq=False, slots=True)
class _Link:
    """A client's connection and ours to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter

    def reset(self) -> None:
        for writer in (self.client, self.server):
            with contextlib.suppress(OSError):  # It may just have closed by itself.
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
            writer.transport.abort()


@dataclass(slots=True)
class _Cut:
    """Resets all connections once so many bytes, or some bytes, went towards a side."""

    towards: Side
    left: int = 0
    pattern: bytes | None = None
    arrives: bool = False
    passed: bool = field(default=False)

    def split(self, towards: Side, data: bytes) -> tuple[bytes, bool]:
        """What of the data is still let through, and whether the connections are reset after it."""
        if self.pattern is not None:
            return self._at_pattern(towards, data, self.pattern)
        if towards != self.towards:
            return data, False
        if len(data) <= self.left:
            self.left -= len(data)
            return data, False
        return data[: self.left], True

    def _at_pattern(self, towards: Side, data: bytes, pattern: bytes) -> tuple[bytes, bool]:
        if self.passed and towards != self.towards:
            return b"", True  # The answer shows that what was sent has been taken in; nobody will hear of it.
        if towards == self.towards and not self.passed and pattern in data:
            self.passed = True
            return (data, False) if self.arrives else (data.partition(pattern)[0], True)
        return data, False


def held_port() -> socket.socket:
    """A free port of this machine that stays ours while nobody listens on it.

    Without it another program may take the port between two listeners, and a client that connects to it again and again
    may even be given it as its own port and so meet itself. A listener that reuses addresses can have it all the same.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder


class TcpProxy:
    """A proxy on a free port before ``host``:``port``, run by one thread; a context manager.

    Everything passes at first. The modes hold for open connections and new ones until the next call of a mode.

    Attributes
    ----------
    port : int
        Where it listens, on 127.0.0.1.
    n_accepted : int
        Connections accepted so far.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self.port = 0
        self.n_accepted = 0
        self._links: set[_Link] = set()
        self._garbage: Callable[[bytes], bytes] | None = None
        self._cut: _Cut | None = None

    @property
    def uri(self) -> str:
        """Address for a driver of Neo4j."""
        return f"bolt://127.0.0.1:{self.port}"

    @property
    def n_open(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    # -- modes ---------------------------------------------------------------------------------------------------------

    def let_pass(self) -> None:
        """Hand on everything, also what was held back by a stall; listen again after a refusal."""
        self._call(self._let_pass)

    def refuse(self) -> None:
        """Refuse new connections and reset the open ones, as where no server runs."""
        self._call(self._refuse)

    def stall(self) -> None:
        """Accept connections and hold back every byte, in both directions."""
        self._call(self._stall)

    def garble(self, seed: int = 0) -> None:
        """Hand random bytes to the client in place of the server's."""
        noise = random.Random(seed)  # noqa: S311 - repeatable
        self._call(lambda: self._set(garbage=lambda data: noise.randbytes(len(data))))

    def mislead(self, message: bytes) -> None:
        """Hand a message of ours to the client, framed as Bolt does, in place of whatever the server sends."""
        framed = len(message).to_bytes(2, "big") + message + b"\0\0"
        self._call(lambda: self._set(garbage=lambda _: framed))

    def reset(self) -> None:
        """Reset every open connection (RST) and let new ones pass."""
        self._call(self._reset)

    def reset_after(self, n_bytes: int, *, towards: Side = "server") -> None:
        """Hand on exactly ``n_bytes`` more towards a side, over all connections; then reset them, once."""
        self._call(lambda: self._set(cut=_Cut(towards, left=n_bytes)))

    def reset_at(self, pattern: bytes, *, arrives: bool) -> None:
        """Reset every connection when a client sends some bytes, once.

        With ``arrives`` the server gets them and acts on them, and its answer is lost; without, it never sees them. The
        bytes must not be spread over two packets, so they should be few.
        """
        self._call(lambda: self._set(cut=_Cut("server", pattern=pattern, arrives=arrives)))

    # -- life ----------------------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self._held = held_port()
        self.port = self._held.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="tcp-proxy", daemon=True)
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._held.close()

    def _run(self, doing: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(doing, self._loop).result(timeout=10)

    def _call(self, change: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        async def in_loop() -> None:
            doing = change()
            if doing is not None:
                await doing

        self._run(in_loop())

    async def _open(self) -> None:
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        await self._listen()

    async def _close(self) -> None:
        self._refuse()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(0)  # Aborted transports close in the next round.

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    # -- in the loop ---------------------------------------------------------------------------------------------------

    def _set(
        self, *, garbage: Callable[[bytes], bytes] | None = None, cut: _Cut | None = None
    ) -> Coroutine[Any, Any, None]:
        self._garbage, self._cut = garbage, cut
        self._flowing.set()
        return self._listen()

    def _let_pass(self) -> Coroutine[Any, Any, None]:
        return self._set()

    def _stall(self) -> Coroutine[Any, Any, None]:
        listening = self._set()
        self._flowing.clear()
        return listening

    def _reset(self) -> Coroutine[Any, Any, None]:
        self._reset_links()
        return self._set()

    def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._garbage, self._cut = None, None
        self._flowing.set()
        self._reset_links()

    def _reset_links(self) -> None:
        for link in tuple(self._links):
            link.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.n_accepted += 1
        with contextlib.suppress(asyncio.CancelledError):
            await self._join(reader, writer)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:
            _Link(writer, writer).reset()
            return
        link = _Link(writer, server_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, server_writer, "server"))
                both.create_task(self._pump(server_reader, writer, "client"))
        finally:
            self._links.discard(link)
            link.client.close()
            link.server.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, towards: Side) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(_CHUNK):
                await self._flowing.wait()
                if sink.is_closing():
                    return
                through, cut = self._treat(towards, data)
                sink.write(through)
                await sink.drain()
                if cut:
                    self._cut = None
                    self._reset_links()
            sink.write_eof()

    def _treat(self, towards: Side, data: bytes) -> tuple[bytes, bool]:
        if self._garbage is not None and towards == "client":
            return self._garbage(data), False
        return self._cut.split(towards, data) if self._cut is not None else (data, False)
