"""Clients that keep a ledger: what each of them was told, up to the byte at which it ended.

`raw` speaks HTTP itself and so knows exactly which byte came last; `openai_calls` and `anthropic_calls` are the real
SDKs. What a client saw is noted when it saw it, so that a kill a moment later finds it in the ledger.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import anthropic
import httpx2
import openai

from brightline.record import body as bodies
from brightline.record.body import OutcomeBody, OutcomeStatus
from brightline.record.entry import Entry, Kind, OutcomeCode
from tests.live.stage import API_KEY, MODEL

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
_RECEIPT = re.compile(r"index=(\d+)")


@dataclass
class Seen:
    """One answer: its status and receipt; `whole` once its last byte had come; `nonce` stands in what was asked."""

    status: int
    index: int | None
    nonce: str
    body: bytes = b""
    whole: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Ledger:
    """What all clients of a test saw."""

    seen: list[Seen] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    grown: asyncio.Event = field(default_factory=asyncio.Event)

    def nonce(self) -> str:
        return f"nonce-{next(self.numbers)}-"

    async def grows(self, count: int) -> None:
        """Return when so many answers more have begun."""
        count += len(self.seen)
        while len(self.seen) < count:
            self.grown.clear()
            await self.grown.wait()

    def note(self, status: int, receipt: str | None, nonce: str) -> Seen:
        found = _RECEIPT.search(receipt or "")
        self.seen.append(Seen(status, int(found[1]) if found else None, nonce))
        self.grown.set()
        return self.seen[-1]


def body_of(path: str, nonce: str, *, stream: bool) -> bytes:
    asked: dict[str, Any] = {"model": MODEL, "messages": [{"role": "user", "content": nonce}]}
    if path == MESSAGES:
        asked["max_tokens"] = 16
    if stream:
        asked["stream"] = True
    return json.dumps(asked).encode()


def request(path: str, body: bytes, purpose: str = "permit", key: str = API_KEY) -> bytes:
    """One POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n"
        f"brightline-purpose: {purpose}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Raw:
    """One connection of our own."""

    def __init__(self, port: int, ledger: Ledger | None = None) -> None:
        self.port, self.ledger = port, ledger or Ledger()

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 20)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def call(self, path: str = CHAT, *, stream: bool = False, purpose: str = "permit") -> Seen:
        """Ask once and read to the end of the answer. Raises EOFError or OSError where it breaks off."""
        seen = await self.begin(path, stream=stream, purpose=purpose)
        async for _ in self.pieces(seen):
            pass
        return seen

    async def begin(self, path: str = CHAT, *, stream: bool = True, purpose: str = "permit") -> Seen:
        """Ask, and read the head of the answer."""
        nonce = self.ledger.nonce()
        self.writer.write(request(path, body_of(path, nonce, stream=stream), purpose))
        return await self.head(nonce)

    async def get(self, path: str) -> Seen:
        self.writer.write(f"GET {path} HTTP/1.1\r\nhost: gateway\r\n\r\n".encode())
        seen = await self.head("")
        async for _ in self.pieces(seen):
            pass
        return seen

    async def head(self, nonce: str) -> Seen:
        first, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if line)
        seen = self.ledger.note(int(first.split(" ")[1]), headers.get("brightline-receipt"), nonce)
        seen.headers = headers
        return seen

    async def pieces(self, seen: Seen) -> Any:
        """The pieces of the body as they come, each added to `seen.body` first."""
        if "content-length" in seen.headers:
            seen.body = await self.reader.readexactly(int(seen.headers["content-length"]))
        else:
            assert seen.headers.get("transfer-encoding") == "chunked"
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                seen.body += (await self.reader.readexactly(size + 2))[:-2]
                yield seen.body
            await self.reader.readexactly(2)
        seen.whole = True


def openai_client(url: str, api_key: str = API_KEY) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=api_key, max_retries=0, timeout=60)


def anthropic_client(url: str) -> anthropic.AsyncAnthropic:
    return anthropic.AsyncAnthropic(base_url=url, api_key=API_KEY, max_retries=0, timeout=60)


async def openai_call(client: openai.AsyncOpenAI, ledger: Ledger, *, stream: bool, purpose: str = "permit") -> Seen:
    """One call through the real SDK. Raises what it raises, but for a refusal (403), which is an answer."""
    nonce = ledger.nonce()
    try:
        raw = await client.chat.completions.with_raw_response.create(
            model=MODEL,
            messages=[{"role": "user", "content": nonce}],
            max_tokens=16,
            stream=stream,
            extra_headers={"Brightline-Purpose": purpose},
        )
    except openai.PermissionDeniedError as e:
        return _refused(ledger, e.response, nonce)
    seen = ledger.note(200, raw.headers["brightline-receipt"], nonce)
    answer: Any = raw.parse()
    if stream:
        async for chunk in answer:
            seen.body += "".join(c.delta.content or "" for c in chunk.choices).encode()
    else:
        seen.body = answer.choices[0].message.content.encode()
    seen.whole = True
    return seen


async def anthropic_call(
    client: anthropic.AsyncAnthropic, ledger: Ledger, *, stream: bool, purpose: str = "permit"
) -> Seen:
    """The same through the other SDK."""
    nonce = ledger.nonce()
    try:
        raw = await client.messages.with_raw_response.create(
            model=MODEL,
            messages=[{"role": "user", "content": nonce}],
            max_tokens=16,
            stream=stream,
            extra_headers={"Brightline-Purpose": purpose},
        )
    except anthropic.PermissionDeniedError as e:
        return _refused(ledger, e.response, nonce)
    seen = ledger.note(200, raw.headers["brightline-receipt"], nonce)
    answer: Any = await raw.parse()
    if stream:
        async for event in answer:
            if event.type == "content_block_delta":
                seen.body += event.delta.text.encode()
    else:
        seen.body = answer.content[0].text.encode()
    seen.whole = True
    return seen


def _refused(ledger: Ledger, response: httpx2.Response, nonce: str) -> Seen:
    seen = ledger.note(response.status_code, response.headers["brightline-receipt"], nonce)
    seen.whole = True
    return seen


def assert_recorded(ledger: Ledger, entries: list[Entry]) -> None:
    """Each answer that a client saw the head of has its decision where the receipt says; each whole one its end."""
    ends = settled(entries)
    for seen in ledger.seen:
        assert seen.status in (200, 403), seen
        assert seen.index is not None, seen
        assert seen.index < len(entries), f"answered, and not in the record: {seen}"
        entry = entries[seen.index]
        assert entry.kind == Kind.DECISION, seen
        assert (entry.outcome == OutcomeCode.PERMIT) is (seen.status == 200), seen
        if seen.status == 200 and seen.whole:
            assert ends.get(seen.index) is OutcomeStatus.COMPLETED, seen


def settled(entries: list[Entry]) -> dict[int, OutcomeStatus]:
    """How each call ended, by the index of its decision."""
    ends: dict[int, OutcomeStatus] = {}
    for entry in entries:
        if entry.kind == Kind.OUTCOME:
            body = bodies.unpack(Kind.OUTCOME, entry.body)
            assert isinstance(body, OutcomeBody)
            assert body.decision not in ends
            ends[body.decision] = OutcomeStatus(body.status)
    return ends
