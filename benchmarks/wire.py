"""CPU per call of a process that forwards through `brightline.gateway.wire` and does nothing else.

Three processes: a load generator and a mock upstream on raw sockets, and the forwarder between them, whose
CPU (with that of its children) is what is reported. Alone: `PYTHONPATH=src python -m benchmarks.wire`.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import selectors
import socket
import sys
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import cast

from benchmarks.measure import Figure, build
from brightline.gateway.wire import Reply, Request, Upstream, serve
from brightline.gateway.wire import run as run_loop

CALLS, STREAMS, ROUNDS, CONNECTIONS, CHUNKS = 5_000, 128, 7, 32, 100
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)

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


def request(path: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (path, _SDK, len(_BODY), _BODY)


class Mock(asyncio.Protocol):
    """Answers every request at once; `/stream` with an event every two milliseconds."""

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
    async def main() -> None:
        upstream = Upstream(f"http://127.0.0.1:{port}")

        async def forward(request: Request, reply: Reply) -> None:
            with await upstream.send(request.method, request.path, request.headers, request.body) as response:
                if (b"content-type", b"text/event-stream") in response.headers:
                    reply.start(response.status, response.headers)
                    async for chunk in response:
                        await reply.write(chunk)
                    reply.end()
                else:
                    reply.send(response.status, response.headers, await response.read())

        server = await serve(forward, "127.0.0.1", 0)
        pipe.send(server.address[1])
        loop = asyncio.get_running_loop()
        while (await loop.run_in_executor(None, pipe.recv)) is not None:
            spent = os.times()  # the children count too, and time.process_time has the finer clock for this process
            pipe.send(time.process_time() + spent.children_user + spent.children_system)
        upstream.close()
        await server.drain(1)

    run_loop(main())


def load(port: int, path: bytes, calls: int) -> None:
    """`calls` requests over CONNECTIONS connections, each with one request under way at a time."""
    data = request(path)
    stream = path == b"/stream"
    selector = selectors.DefaultSelector()
    left = calls
    for _ in range(min(CONNECTIONS, calls)):
        opened = socket.create_connection(("127.0.0.1", port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(opened, selectors.EVENT_READ, bytearray())
        opened.sendall(data)
        left -= 1
    while selector.get_map():
        for key, _ in selector.select():
            client, answer = cast(socket.socket, key.fileobj), cast(bytearray, key.data)
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


def measure(pipe: Connection, port: int, path: bytes, calls: int) -> float:
    """CPU of the forwarder in microseconds a call: the least of some rounds, since others use the machine too."""
    rounds = []
    for count in [calls // 4] + [calls] * ROUNDS:  # the first is the warm-up
        pipe.send("spent")
        before: float = pipe.recv()
        worker = multiprocessing.get_context("spawn").Process(target=load, args=(port, path, count))
        worker.start()
        worker.join()
        if worker.exitcode:
            raise SystemExit("the load failed")
        pipe.send("spent")
        after: float = pipe.recv()
        rounds.append((after - before) / count * 1e6)
    return min(rounds[1:])


def run() -> Iterator[Figure]:
    """Measure; the processes are gone afterwards."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    upstream = context.Process(target=mock, args=(far,), daemon=True)
    upstream.start()
    pipe, end = context.Pipe()
    gateway = context.Process(target=forwarder, args=(end, near.recv()), daemon=True)
    gateway.start()
    port = pipe.recv()
    try:
        name = f"forward a chat call of {len(_BODY)} bytes, {CONNECTIONS} connections"
        yield Figure(name, measure(pipe, port, b"/chat", CALLS), "µs", 45)
        name = f"forward a stream of {CHUNKS} chunks"
        yield Figure(name, measure(pipe, port, b"/stream", STREAMS), "µs", 1_500)
    finally:
        pipe.send(None)
        near.send(None)
        gateway.join(10)
        upstream.join(10)


if __name__ == "__main__":
    print(build())
    for figure in run():
        print(figure)
