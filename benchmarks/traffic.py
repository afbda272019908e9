"""Traffic for the gateways: a mock model server, and clients that keep connections busy. Loopback only.

Both run in processes of their own, pinned away from the gateway that is measured, and are the same for all gateways.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import re
import selectors
import socket
import statistics
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import cast

from benchmarks.codec import request
from benchmarks.machine import TRAFFIC_CORE
from brightline.gateway.wire import run as run_loop

MODEL, CHUNKS, EVENT_SECONDS = "smollm2-135m-instruct", 100, 0.002
CONNECTIONS = 32
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
# The headers that the `openai` Python SDK sends.
_SDK = (
    b"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nAccept: application/json\r\n"
    b"Content-Type: application/json\r\nUser-Agent: OpenAI/Python 1.99.0\r\nX-Stainless-Lang: python\r\n"
    b"X-Stainless-Package-Version: 1.99.0\r\nX-Stainless-OS: Linux\r\nX-Stainless-Arch: x64\r\n"
    b"X-Stainless-Runtime: CPython\r\nX-Stainless-Runtime-Version: 3.11.7\r\n"
    b"X-Stainless-Async: false\r\nX-Stainless-Retry-Count: 0\r\nX-Stainless-Read-Timeout: 600\r\n"
)
_ANSWER = {
    "id": "chatcmpl-1SFzGem1RFNlqZ24YszOYRlnKWgD8Abk",
    "object": "chat.completion",
    "created": 1795438371,
    "model": MODEL,
    "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "dolor sit amet " * 33}, "finish_reason": "stop"}
    ],
    "usage": {"prompt_tokens": 300, "completion_tokens": 100, "total_tokens": 400},
}
_CHUNK = {key: _ANSWER[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}


def _pack(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _event(choices: list[object], **more: object) -> bytes:
    return b"data: " + _pack({**_CHUNK, "choices": choices, **more}) + b"\n\n"


_WORD = _event([{"index": 0, "delta": {"content": " word"}, "finish_reason": None}])
_STOP = _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
_USAGE = _event([], usage=_ANSWER["usage"])
_BODY = _pack(_ANSWER)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a gateway takes calls. `model`: the name under which it knows the mock's model."""

    port: int
    path: str = "/v1/chat/completions"
    model: str = MODEL
    key: str = "0123456789abcdef"
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, *, stream: bool) -> bytes:
        """One request of 1.5 KB as it stands on the wire."""
        body = request(1, 1500, stream=stream, model=self.model)
        own = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.key}\r\n{own}"
        return head.encode() + _SDK + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


class Mock(asyncio.Protocol):
    """Answers every call at once, or as a stream with an event every two milliseconds; anything else with 200."""

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
        body, self.data = self.data[head + 4 : end], self.data[end:]
        if b'"stream":true' not in body:
            self.answer(_BODY)
            return
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        last = [_STOP, _USAGE] if b'"include_usage":true' in body else [_STOP]
        self.events([*[_WORD] * CHUNKS, *last, b"data: [DONE]\n\n"], 0)

    def answer(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(head % len(body) + body)

    def events(self, events: list[bytes], at: int) -> None:
        if self.transport.is_closing():
            return
        if at == len(events):
            self.transport.write(b"0\r\n\r\n")
            return
        self.transport.write(b"%x\r\n%b\r\n" % (len(events[at]), events[at]))
        asyncio.get_running_loop().call_later(EVENT_SECONDS, self.events, events, at + 1)


def serve_mock(pipe: Connection) -> None:
    """Serve until something comes through `pipe`, into which the port is put first."""
    os.sched_setaffinity(0, {TRAFFIC_CORE})

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Mock, "127.0.0.1", 0, backlog=1024)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    run_loop(main())


def load(target: Target, calls: int, *, stream: bool = False, connections: int = CONNECTIONS) -> float:
    """`calls` calls over kept connections, one under way on each at a time. The median time of one, in seconds.

    Raises RuntimeError where one is not answered 200 and whole.
    """
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe(duplex=False)
    worker = context.Process(target=_clients, args=(far, target, calls, stream, connections))
    worker.start()
    far.close()
    try:
        answer: float | str = near.recv()
    except EOFError:
        answer = "the clients ended"
    worker.join()
    if isinstance(answer, str):
        raise RuntimeError(answer)
    return answer


def _clients(pipe: Connection, target: Target, calls: int, stream: bool, connections: int) -> None:
    os.sched_setaffinity(0, {TRAFFIC_CORE})
    try:
        pipe.send(_keep_busy(target, calls, stream, connections))
    except (OSError, RuntimeError) as e:
        pipe.send(f"{type(e).__name__}: {e}")


def _keep_busy(target: Target, calls: int, stream: bool, connections: int) -> float:
    data = target.call(stream=stream)
    selector, times = selectors.DefaultSelector(), list[float]()
    left = calls
    for _ in range(min(connections, calls)):
        opened = socket.create_connection(("127.0.0.1", target.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(opened, selectors.EVENT_READ, [bytearray(), time.perf_counter()])
        opened.sendall(data)
        left -= 1
    while selector.get_map():
        ready = selector.select(60)
        if not ready:
            raise RuntimeError("no answer in a minute")
        for key, _ in ready:
            client = cast(socket.socket, key.fileobj)
            answer, began = key.data
            piece = client.recv(262_144)
            answer += piece
            if not piece:
                raise RuntimeError(f"the gateway closed a connection: {bytes(answer[:300])!r}")
            if not _whole(answer):
                continue
            if not answer.startswith(b"HTTP/1.1 200 ") or (b" word" if stream else b"dolor sit amet") not in answer:
                raise RuntimeError(f"no answer: {bytes(answer[:600])!r}")
            times.append(time.perf_counter() - began)
            answer.clear()
            if left:
                left -= 1
                key.data[1] = time.perf_counter()
                client.sendall(data)
            else:
                selector.unregister(client)
                client.close()
    return statistics.median(times)


def _whole(answer: bytearray) -> bool:
    if answer.endswith(b"\r\n0\r\n\r\n"):
        return True
    head = answer.find(b"\r\n\r\n")
    match = _LENGTH.search(answer, 0, head + 2) if head >= 0 else None
    return match is not None and len(answer) >= head + 4 + int(match.group(1))
