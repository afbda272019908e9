"""A real gateway between raw bytes and raw bytes: small limits, and an upstream that keeps all it got.

The words of http/VERDICTS: `forwarded` is a call that went upstream and was answered 200; `forwarded-smuggled` one that
says "smuggled", which its own client may well say, but nobody else for it; `answered N` is the gateway's own answer,
`answered-head N` one without a body; `refused N` comes from the data plane, in the API's shape, and closes.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brightline.gateway import pool
from brightline.gateway.codec import ListedModel
from brightline.gateway.routes import Routes, refused
from brightline.gateway.wire import Limits, Server, Upstream, UpstreamLimits, serve
from tests.gateway import scripts
from tests.gateway.stage import MODEL, MemoryRecorder, stage
from tests.gateway.wire.rig import Rig

LIMITS = Limits(
    target_bytes=512, head_bytes=8_192, header_count=32, body_bytes=8_192, framing_bytes=512,
    head_seconds=1.0, body_seconds=1.0, linger_seconds=0.5,
)  # fmt: skip
UPSTREAM_LIMITS = UpstreamLimits(
    head_bytes=4_096, header_count=32, body_bytes=65_536, framing_bytes=512, first_byte_seconds=1.0, chunk_seconds=1.0,
    whole_seconds=2.0,
)  # fmt: skip
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


@dataclass
class RawUpstream:
    """`requests`: the raw bytes of each, in order. `hostile`: what the next request gets instead of an answer; then the
    connection is closed, or kept, as `ending` says."""

    requests: list[bytes] = field(default_factory=list)
    hostile: bytes | None = None
    ending: str = "close"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lengths = re.findall(rb"\r\ncontent-length: (\d+)\r\n", head)
                self.requests.append(head + await reader.readexactly(int(lengths[0]) if lengths else 0))
                hostile, self.hostile = self.hostile, None
                if hostile is None:
                    messages = head.startswith(b"POST /v1/messages ")
                    body = json.dumps(scripts.message() if messages else scripts.chat()).encode()
                    writer.write(_ANSWER % (len(body), body))
                    continue
                writer.write(hostile)
                if self.ending == "close":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway closed its end
        finally:
            writer.close()


@dataclass
class House:
    """`address`: where the gateway listens."""

    address: tuple[str, int]
    server: Server
    upstream: RawUpstream
    recorder: MemoryRecorder

    def forget(self) -> None:
        """Begin a new test on the same gateway."""
        self.upstream.requests.clear()
        self.recorder.drafts.clear()


@asynccontextmanager
async def _open(limits: Limits) -> Any:
    raw = RawUpstream()
    listener = await asyncio.start_server(raw.talk, "127.0.0.1", 0)
    upstream = Upstream("http://{}:{}".format(*listener.sockets[0].getsockname()), limits=UPSTREAM_LIMITS)
    async with stage(scripts.model) as inner:
        exchange = replace(inner.exchange, pool=pool.Pool(pool.Server(upstream, b"upstream-key")))
        routes = Routes(exchange, (ListedModel(name=MODEL, owner="vendor"),), lambda: "")
        server = await serve(routes, "127.0.0.1", 0, limits, refusal=refused)
        try:
            yield House(server.address, server, raw, inner.recorder)
        finally:
            await server.drain(1)
            upstream.close()
            listener.close()


@contextmanager
def house(limits: Limits = LIMITS) -> Iterator[House]:
    """On a loop of its own in a thread, so that a test can talk to it with plain blocking sockets."""
    rig = Rig("uvloop")
    stack = AsyncExitStack()
    try:
        yield rig.do(stack.enter_async_context(_open(limits)))
    finally:
        rig.do(stack.aclose())
        rig.close()


@dataclass(frozen=True, slots=True)
class Verdict:
    """`answers`: (word, status) in order; `closes`: whether the connection ends with the last of them."""

    answers: tuple[tuple[str, int], ...]
    closes: bool


def verdicts(folder: Path) -> dict[str, Verdict]:
    """What stands in `folder`/VERDICTS, by the name of the file without its suffix."""
    found: dict[str, Verdict] = {}
    for line in (folder / "VERDICTS").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            name, said, why = re.split(r"\s{2,}", line, maxsplit=2)
            assert why
            assert name not in found, name
            *answers, end = said.split(", ")
            found[name] = Verdict(
                tuple(pair for a in answers for pair in _answers(a)), {"open": False, "close": True}[end]
            )
    return found


def _answers(text: str) -> list[tuple[str, int]]:
    word, status, times = (*text.split(" "), "", "")[:3]
    return [(word, int(status or 200))] * int(times[1:] or 1)
