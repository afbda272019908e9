"""A loop in a thread, so that tests can talk to the wire with plain blocking sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

import uvloop

from brightline.gateway.wire import Handler, Limits, Reply, Request, Server, Upstream, UpstreamLimits, serve

T = TypeVar("T")
PATIENCE = 20  # seconds after which a test that hangs fails; nothing is asserted of how long things take
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class Client:
    """A blocking socket that speaks raw bytes."""

    def __init__(self, address: tuple[str, int], tls: ssl.SSLContext | None = None) -> None:
        plain = socket.create_connection(address, timeout=PATIENCE)
        self.socket = tls.wrap_socket(plain, server_hostname="localhost") if tls else plain
        self.kept = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> Self:
        self.socket.sendall(data)
        return self

    def fill(self, data: bytes, most: int) -> int:
        """Send `data` again and again until nobody takes more; how many bytes went, at most about `most`."""
        sent = 0
        self.socket.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while sent < most:
                sent += self.socket.send(data[sent % len(data) :])
        self.socket.settimeout(PATIENCE)
        return sent

    def until(self, end: bytes) -> bytes:
        """What comes up to and with `end`."""
        while end not in self.kept:
            piece = self.socket.recv(65_536)
            assert piece, f"closed before {end!r}, after {self.kept!r}"
            self.kept += piece
        found, self.kept = self.kept[: self.kept.index(end) + len(end)], self.kept[self.kept.index(end) + len(end) :]
        return found

    def exactly(self, count: int) -> bytes:
        pieces, have = [self.kept], len(self.kept)
        while have < count:
            pieces.append(self.socket.recv(262_144))
            assert pieces[-1], f"closed after {have} of {count} bytes"
            have += len(pieces[-1])
        data = b"".join(pieces)
        self.kept = data[count:]
        return data[:count]

    def rest(self) -> bytes:
        """Everything until the other end closes in order; ConnectionResetError where it does not."""
        pieces, self.kept = [self.kept], b""
        while pieces[-1] or len(pieces) == 1:
            pieces.append(self.socket.recv(262_144))
        return b"".join(pieces)

    def answer(self) -> tuple[int, dict[bytes, bytes], bytes]:
        """One answer with a content-length: status, headers, body."""
        lines = self.until(b"\r\n\r\n")[:-4].split(b"\r\n")
        headers = dict(line.split(b": ", 1) for line in lines[1:])
        return int(lines[0].split()[1]), headers, self.exactly(int(headers.get(b"content-length", b"0")))


class Rig:
    """One running loop and what was started on it."""

    def __init__(self, kind: str) -> None:
        self.loop = LOOPS[kind]()
        self.faults: list[dict[str, Any]] = []
        self.loop.set_exception_handler(lambda _, context: self.faults.append(context))
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.servers: list[Server] = []
        self.upstreams: list[Upstream] = []
        self.scripts: list[Script] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def call(self, function: Callable[[], T]) -> T:
        """Run a plain function on the loop's thread."""

        async def inside() -> T:
            return function()

        return self.do(inside())

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something that becomes true on the loop; fails where it never does."""

        async def watch() -> None:
            while not holds():  # noqa: ASYNC110 - it is not ours to signal
                await asyncio.sleep(0.002)

        self.do(watch())

    def serve(self, handler: Handler, limits: Limits | None = None, **more: Any) -> Server:
        server = self.do(serve(handler, "127.0.0.1", 0, limits, **more))
        self.servers.append(server)
        return server

    def upstream(self, url: str | tuple[str, int], limits: UpstreamLimits | None = None, **more: Any) -> Upstream:
        upstream = Upstream(url if isinstance(url, str) else f"http://{url[0]}:{url[1]}", limits=limits, **more)
        self.upstreams.append(upstream)
        return upstream

    def script(self, talk: Callable[[Peer], None], **more: Any) -> Script:
        script = Script(talk, **more)
        self.scripts.append(script)
        return script

    def close(self) -> None:
        for upstream in self.upstreams:
            self.call(upstream.close)
        for server in self.servers:
            self.do(server.drain(0.05))
        for script in self.scripts:
            script.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
        assert not self.faults, self.faults


class Peer(Client):
    """The upstream's end of one connection; `number` counts connections from 0."""

    def __init__(self, connection: socket.socket, number: int) -> None:
        self.socket, self.number, self.kept = connection, number, b""
        self.socket.settimeout(PATIENCE)

    def request(self) -> bytes:
        """One request with its body; empty where the gateway closed instead."""
        try:
            head = self.until(b"\r\n\r\n")
        except (AssertionError, OSError):
            return b""
        length = next((int(x[16:]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length: ")), 0)
        return head + self.exactly(length)

    def pause(self, seconds: float) -> None:
        """Send nothing for a while."""
        threading.Event().wait(seconds)

    def reset(self) -> None:
        """Close so that the other end gets a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


class Script:
    """A server whose every connection is talked to by `talk(peer)`, in a thread of its own."""

    def __init__(self, talk: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        self.talk, self.tls = talk, tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.listener.getsockname()
        self.peers: list[Peer] = []
        self.failures: list[BaseException] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._run, args=(connection, len(self.threads) - 1))
            self.threads.append(thread)
            thread.start()

    def _run(self, connection: socket.socket, number: int) -> None:
        with connection:
            try:
                peer = Peer(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, number)
                self.peers.append(peer)
                with peer:
                    self.talk(peer)
            except OSError:
                pass  # the gateway closed: what a test wants to know of it, it asks the gateway
            except BaseException as error:  # noqa: BLE001 - handed to the test by `close`
                self.failures.append(error)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for peer in self.peers:
            with contextlib.suppress(OSError):
                peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(PATIENCE)
        assert not self.failures, self.failures


def post(path: bytes, body: bytes = b"", *lines: bytes) -> bytes:
    more = b"".join(line + b"\r\n" for line in lines)
    return b"POST %b HTTP/1.1\r\nHost: h\r\n%bContent-Length: %d\r\n\r\n%b" % (path, more, len(body), body)


def get(path: bytes, *lines: bytes) -> bytes:
    return b"GET %b HTTP/1.1\r\nHost: h\r\n%b\r\n" % (path, b"".join(line + b"\r\n" for line in lines))


async def echo(request: Request, reply: Reply) -> None:
    """The path and body back; enough to see which request was answered."""
    reply.send(200, [(b"content-type", b"text/plain")], request.path + b" " + request.body)
