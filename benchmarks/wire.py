"""CPU per call of a process that forwards through `brightline.gateway.wire` and does nothing else.

Three processes: a load generator and a mock upstream on raw sockets, and the forwarder between them, whose
CPU (os.times, with its children) is what is reported. Run it alone:

    PYTHONPATH=src python -m benchmarks.wire
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import selectors
import socket
import sys
import sysconfig
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import cast

from brightline.gateway.wire import Reply, Request, Upstream, run as run_loop, serve

CALLS, CONNECTIONS, WARMUP = 20_000, 32, 2_000
CHUNKS = 100
_LENGTH = re.compile(rb"content-length: *(\d+)", re.I)

_BODY = b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % (b"lorem ipsum " * 122)
# The headers that the `openai` Python SDK sends.
_SDK = (
    b"Host: 127.0.0.1:8080\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nAccept: application/json\r\n"
    b"Content-Type: application/json\r\nUser-Agent: OpenAI/Python 1.99.0\r\nX-Stainless-Lang: python\r\n"
    b"X-Stainless-Package-Version: 1.99.0\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\n"
    b"X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.11.7\r\nAuthorization: Bearer 0123456789abcdef\r\n"
    b"X-Stainless-Async: false\r\nX-Stainless-Retry-Count: 0\r\nX-Stainless-Read-Timeout: 600\r\n"
)
_ANSWER = b'{"id":"c","object":"chat.completion","choices":[{"message":{"content":"%b"}}]}' % (b"dolor sit amet " * 40)
_EVENT = b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"delta":{"content":" word"}}]}\n\n'


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: CPU of the forwarder in microseconds a call, user and system apart."""

    case: str
    calls: int
    user: float
    system: float

    @property
    def total(self) -> float:
        return self.user + self.system


def request(path: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (path, _SDK, len(_BODY), _BODY)


class Mock(asyncio.Protocol):
    """Answers every request at once; `/stream` with one event a millisecond-free turn of the loop."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.data = cast(asyncio.Transport, transport), b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head = self.data.find(b"\r\n\r\n")
        if head < 0:
            return
        match = _LENGTH.search(self.data, 0, head + 2)
        end = head + 4 + (int(match.group(1)) if match else 0)
        if len(self.data) < end:
            return
        stream = self.data.startswith(b"POST /stream")
        self.data = self.data[end:]
        if stream:
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
            )
            self.event(CHUNKS)
        else:
            self.transport.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
                % (len(_ANSWER), _ANSWER)
            )

    def event(self, left: int) -> None:
        if left:
            self.transport.write(b"%x\r\n%b\r\n" % (len(_EVENT), _EVENT))
            asyncio.get_running_loop().call_later(0.002, self.event, left - 1)
        else:
            self.transport.write(b"0\r\n\r\n")


def mock(pipe: Connection) -> None:
    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    run_loop(main())


def forwarder(pipe: Connection, port: int) -> None:
    async def forward(request: Request, reply: Reply) -> None:
        with await upstream.send(request.method, request.path, request.headers, request.body) as response:
            if any(value == b"text/event-stream" for name, value in response.headers if name == b"content-type"):
                reply.start(response.status, response.headers)
                async for chunk in response:
                    await reply.write(chunk)
                reply.end()
            else:
                reply.send(response.status, response.headers, await response.read())

    async def main() -> None:
        nonlocal upstream
        upstream = Upstream(f"http://127.0.0.1:{port}")
        server = await serve(forward, "127.0.0.1", 0)
        pipe.send(server.address[1])
        loop = asyncio.get_running_loop()
        while (await loop.run_in_executor(None, pipe.recv)) is not None:
            pipe.send(os.times())
        upstream.close()
        await server.drain(1)

    upstream: Upstream = None  # type: ignore[assignment]
    if path := os.environ.get("WIRE_PROFILE"):
        import cProfile  # noqa: PLC0415 - only where it is asked for

        with cProfile.Profile() as profile:
            run_loop(main())
        profile.dump_stats(path)
    else:
        run_loop(main())


def load(port: int, path: bytes, calls: int) -> None:
    """`calls` requests over CONNECTIONS connections, each with one request under way at a time."""
    data = request(path)
    stream = path == b"/stream"
    selector = selectors.DefaultSelector()
    left = calls
    for _ in range(min(CONNECTIONS, calls)):
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(client, selectors.EVENT_READ, bytearray())
        client.sendall(data)
        left -= 1
    while selector.get_map():
        for key, _ in selector.select():
            client, answer = key.fileobj, key.data
            assert isinstance(client, socket.socket)
            piece = client.recv(262_144)
            answer += piece
            if not piece:
                sys.exit("the forwarder closed a connection")
            if not whole(answer, stream):
                continue
            if not answer.startswith(b"HTTP/1.1 200 "):
                sys.exit(f"not 200: {bytes(answer[:200])!r}")
            answer.clear()
            if left:
                left -= 1
                client.sendall(data)
            else:
                selector.unregister(client)
                client.close()


def whole(answer: bytearray, stream: bool) -> bool:
    if stream:
        return answer.endswith(b"\r\n0\r\n\r\n")
    head = answer.find(b"\r\n\r\n")
    match = _LENGTH.search(answer, 0, head + 2) if head >= 0 else None
    return match is not None and len(answer) >= head + 4 + int(match.group(1))


def measure(pipe: Connection, port: int, case: str, path: bytes, calls: int) -> Row:
    """Run the load in a process of its own; CPU is read before and after, by the forwarder itself."""
    times = []
    for count in (max(CONNECTIONS, calls // 10), calls):  # the first is the warm-up
        pipe.send("times")
        before = pipe.recv()
        worker = multiprocessing.get_context("spawn").Process(target=load, args=(port, path, count))
        worker.start()
        worker.join()
        if worker.exitcode:
            sys.exit("the load failed")
        pipe.send("times")
        after = pipe.recv()
        times.append((before, after, count))
    before, after, count = times[-1]
    user = after.user + after.children_user - before.user - before.children_user
    system = after.system + after.children_system - before.system - before.children_system
    return Row(case, count, user / count * 1e6, system / count * 1e6)


def run(calls: int = CALLS) -> list[Row]:
    """Measure and return the rows; the processes are gone afterwards."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    upstream = context.Process(target=mock, args=(far,), daemon=True)
    upstream.start()
    port = near.recv()
    pipe, end = context.Pipe()
    gateway = context.Process(target=forwarder, args=(end, port), daemon=True)
    gateway.start()
    port = pipe.recv()
    try:
        return [
            measure(pipe, port, f"forward a {len(_BODY)} B chat call, {CONNECTIONS} connections", b"/chat", calls),
            measure(pipe, port, f"forward a stream of {CHUNKS} chunks", b"/stream", max(CONNECTIONS, calls // 50)),
        ]
    finally:
        pipe.send(None)
        near.send(None)
        gateway.join(10)
        upstream.join(10)


def main() -> None:
    try:
        import uvloop  # noqa: PLC0415 - only its presence is reported

        loop = f"uvloop {uvloop.__version__}"
    except ImportError:
        loop = "asyncio"
    optimised = "PGO" if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or "") else "no PGO"
    print(f"Python {sys.version.split()[0]} ({optimised}), {loop}, {os.cpu_count()} cores")
    for row in run():
        print(f"{row.case:50} {row.total:8.1f} µs CPU  (user {row.user:.1f}, system {row.system:.1f}; {row.calls} calls)")


if __name__ == "__main__":
    main()
