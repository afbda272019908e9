"""The model server dies after every byte of a recorded answer: the outcome is recorded, and no client takes a part
for the whole."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import openai
import pytest

from brightline.record.body import OutcomeStatus
from tests.live.clients import (
    CHAT,
    MESSAGES,
    Ledger,
    Raw,
    Seen,
    anthropic_client,
    body_of,
    openai_client,
    request,
    settled,
)
from tests.live.stage import make_site, serving

CAPTURES = Path(__file__).parents[1] / "gateway" / "captures"
CUT = b"\n-----8<----- answer -----8<-----\n"
END = {CHAT: b"[DONE]", MESSAGES: b"message_stop"}
AT_ONCE = 16


class Recorded(NamedTuple):
    path: str
    stream: bool
    answer: bytes


def recorded(name: str, path: str) -> Recorded:
    """What the embedded model once answered, byte for byte (tools/capture_embedded.py)."""
    return Recorded(path, "stream" in name, (CAPTURES / f"{name}.txt").read_bytes().partition(CUT)[2])


def ended_by_closing(of: Recorded) -> Recorded:
    """The same answer with neither length nor chunks: it ends where the connection does (RFC 9112, 6.3)."""
    head, _, rest = of.answer.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length", b"transfer"))]
    body = b""
    if b"chunked" not in head:
        body, rest = rest, b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[: int(size, 16)]
        rest = rest[int(size, 16) + 2 :]
    return of._replace(answer=b"\r\n".join(lines) + b"\r\n\r\n" + body)


ANSWERS = {
    "chat": recorded("chat", CHAT),
    "chat-stream": recorded("chat-stream", CHAT),
    "messages": recorded("messages", MESSAGES),
    "messages-stream": recorded("messages-stream", MESSAGES),
}
ANSWERS |= {f"{name}-closing": ended_by_closing(answer) for name, answer in list(ANSWERS.items())}


async def _die(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read one call, whose message says `ANSWER BYTES MANNER`; give so many bytes of that answer, and close."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    asked = json.loads(await reader.readexactly(length))
    name, count, manner = asked["messages"][0]["content"].split()
    writer.write(ANSWERS[name].answer[: int(count)])
    if manner == "reset":
        await writer.drain()
        end = writer.get_extra_info("socket")
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


@asynccontextmanager
async def dying_upstream() -> AsyncIterator[str]:
    server = await asyncio.start_server(_die, "127.0.0.1", 0)
    try:
        yield "http://{}:{}".format(*server.sockets[0].getsockname())
    finally:
        server.close()


def all_cuts() -> Iterator[str]:
    """Every number of bytes, the connection closed in order; some of them again, with a reset."""
    for name, of in ANSWERS.items():
        first = of.answer.index(b"\r\n\r\n") if name.endswith("closing") else 0  # the heads differ by a line
        yield from (f"{name} {size} close" for size in range(first, len(of.answer) + 1))
        yield from (f"{name} {size} reset" for size in range(first, len(of.answer), 23))


async def test_death_at_every_byte(tmp_path: Path) -> None:
    ledger = Ledger()
    async with dying_upstream() as url:
        site = make_site(tmp_path, url)
        async with serving(site) as gateway:
            cuts = list(all_cuts())
            waiting = iter(cuts)

            async def client() -> None:
                async with Raw(gateway.port, ledger) as raw:
                    for said in waiting:
                        of = ANSWERS[said.split(maxsplit=1)[0]]
                        raw.writer.write(request(of.path, body_of(of.path, said, stream=of.stream)))
                        seen = await raw.head(said)
                        async for _ in raw.pieces(seen):
                            pass

            async with asyncio.TaskGroup() as clients:
                for _ in range(AT_ONCE):
                    clients.create_task(client())
            assert await gateway.stop() == 0
            assert "Traceback" not in gateway.said
    ends = settled(site.entries())
    assert len(ledger.seen) == len(cuts)
    whole = 0
    for seen in ledger.seen:
        complete = judged(seen)
        whole += complete
        assert seen.index is not None
        assert ends[seen.index] is (OutcomeStatus.COMPLETED if complete else OutcomeStatus.UPSTREAM_DIED), seen.nonce
    assert whole >= len(ANSWERS)
    site.verified("evidence.bundle")


def judged(seen: Seen) -> bool:
    """True where the client has the whole answer, False where it was told of an error in its API's shape.

    Anything between the two fails here: a part that looks like the whole.
    """
    name = seen.nonce.split()[0]
    of = ANSWERS[name]
    assert seen.whole, seen.nonce  # as far as HTTP goes, every answer of ours is
    if seen.status == 502:
        assert_shape(of.path, seen.document, seen.nonce)
        return False
    assert seen.status == 200
    if not of.stream:
        _, _, body = of.answer.partition(b"\r\n\r\n")
        assert seen.body == body, seen.nonce
        return True
    blocks = [block for block in seen.body.split(b"\n\n") if block]
    last = blocks[-1]
    # Some servers leave [DONE] out: where HTTP has an end of its own, the reason to stop will do.
    stopped = name == "chat-stream-closing" and b'"finish_reason":"length"' in seen.body
    if END[of.path] in last or (stopped and b"error" not in last):
        assert not any(b'"error"' in block for block in blocks), seen.nonce
        return True
    assert not any(END[of.path] in block for block in blocks), seen.nonce
    assert b"error" in last, (seen.nonce, last)
    assert_shape(of.path, json.loads(last.partition(b"data: ")[2]), seen.nonce)
    return False


def assert_shape(path: str, document: dict[str, object], said: str) -> None:
    error = document["error"]
    assert isinstance(error, dict), said
    assert isinstance(error["message"], str)
    if path == CHAT:
        assert error["code"] in ("upstream_broke_off", "upstream_bad_answer"), said
    else:
        assert document["type"] == "error", said
        assert error["type"] == "api_error", said


async def test_the_real_sdks_raise(tmp_path: Path) -> None:
    """A sample of the same through the SDKs: each raises, where the answer was not whole."""

    async def ask(said: str) -> None:
        of = ANSWERS[said.split(maxsplit=1)[0]]
        asked: Any = {"model": "tiny", "messages": [{"role": "user", "content": said}], "stream": of.stream}
        answer: Any
        if of.path == CHAT:
            answer = await chat.chat.completions.create(**asked)
        else:
            answer = await messages.messages.create(**asked, max_tokens=8)
        async for _ in answer:
            pass

    async with (
        dying_upstream() as url,
        serving(make_site(tmp_path, url)) as gateway,
        openai_client(gateway.url) as chat,
        anthropic_client(gateway.url) as messages,
    ):
        for name, of in ANSWERS.items():
            for count in (10, len(of.answer) // 2, len(of.answer) - 60):
                with pytest.raises((openai.APIError, anthropic.APIError)):
                    await ask(f"{name} {count} close")
