"""The guard: one receipt, one call, one body, now; and nothing else reaches the engine."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import RecordError
from brightline.gateway.guard import METRICS_PATH, Guard
from brightline.gateway.wire import Header, Reply, Request, Upstream, serve
from brightline.keys import SigningKey
from brightline.models.counters import read_values
from brightline.record.receipt import HEADER, RECEIPT_SECONDS, check, digest_of, issue

KEY = SigningKey.new("department.example/g1", bytes([9]) * 32)
OTHER = SigningKey.new("department.example/g1", bytes([8]) * 32)
NAMED = SigningKey.new("department.example/g2", bytes([9]) * 32)
PATH, BODY, NOW = b"/v1/chat/completions", b'{"model":"m"}', 1_800_000_000.5
DIGEST = digest_of(b"POST", PATH, BODY)


class TestReceipt:
    @given(index=st.integers(0, 10**15), body=st.binary(max_size=99))
    def test_what_is_issued_is_good_for_its_body(self, index: int, body: bytes) -> None:
        digest = digest_of(b"POST", PATH, body)
        receipt = check(issue(KEY, index, digest, NOW), KEY.public, digest, NOW)
        assert (receipt.origin, receipt.index, receipt.digest) == (KEY.name, index, digest)

    @pytest.mark.parametrize(
        ("text", "now", "why"),
        [
            (b"", NOW, "no receipt"),
            (b"v1 a 1 2 3 4", NOW, "no receipt"),
            (issue(OTHER, 7, DIGEST, NOW), NOW, "did not sign"),
            (issue(NAMED, 7, DIGEST, NOW), NOW, "did not sign"),
            (issue(KEY, 7, DIGEST, NOW).replace(b" 7 ", b" 8 "), NOW, "did not sign"),
            (issue(KEY, 7, digest_of(b"POST", PATH, BODY + b" "), NOW), NOW, "another body"),
            (issue(KEY, 7, digest_of(b"POST", b"/v1/messages", BODY), NOW), NOW, "another body"),
            (issue(KEY, 7, DIGEST, NOW), NOW + RECEIPT_SECONDS + 1, "time is over"),
            (issue(KEY, 7, DIGEST, NOW + 90), NOW, "time to come"),
            (issue(KEY, 7, DIGEST, NOW)[:-1] + b"A", NOW, "no receipt"),
            (issue(KEY, 7, DIGEST, NOW) + b"\n", NOW, "no receipt"),
        ],
    )
    def test_what_is_refused(self, text: bytes, now: float, why: str) -> None:
        with pytest.raises(RecordError, match=why):
            check(text, KEY.public, DIGEST, now)

    def test_no_part_can_be_shifted_into_the_next(self) -> None:
        assert digest_of(b"POST", b"/a", b"b") != digest_of(b"POST", b"/", b"ab")
        assert digest_of(b"POST", b"/a 1 x", b"") != digest_of(b"POST", b"/a", b"1 x ")


@dataclass
class Clock:
    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Scene:
    url: str
    guard: Guard
    clock: Clock
    seen: list[Request]

    async def send(
        self, *headers: Header, body: bytes = BODY, path: bytes = PATH, method: bytes = b"POST"
    ) -> tuple[int, bytes]:
        client = Upstream(self.url)
        try:
            with await client.send(method, path, headers, body) as response:
                return response.status, await response.read()
        finally:
            client.close()

    def receipt(self, index: int = 7, body: bytes = BODY) -> Header:
        return HEADER, issue(KEY, index, digest_of(b"POST", PATH, body), self.clock.now)


@asynccontextmanager
async def standing(key: bytes = b"") -> AsyncIterator[Scene]:
    seen: list[Request] = []

    async def engine(request: Request, reply: Reply) -> None:
        seen.append(request)
        reply.start(200, [(b"content-type", b"text/event-stream")])
        for piece in (b"data: 1\n\n", b"data: 2\n\n"):
            await reply.write(piece)
        reply.end()

    behind = await serve(engine, "127.0.0.1", 0)
    upstream = Upstream("http://{}:{}".format(*behind.address))
    clock = Clock()
    guard = Guard(KEY.public, upstream, ((b"authorization", b"Bearer " + key),) if key else (), clock)
    clock.now += 1  # whoever calls comes after the guard has started
    server = await serve(guard, "127.0.0.1", 0)
    try:
        yield Scene("http://{}:{}".format(*server.address), guard, clock, seen)
    finally:
        await server.drain(5)
        upstream.close()
        await behind.drain(5)


async def test_a_call_with_a_receipt_passes_once_and_as_it_is() -> None:
    async with standing() as scene:
        receipt = scene.receipt()
        assert await scene.send(receipt, (b"accept", b"text/event-stream")) == (200, b"data: 1\n\ndata: 2\n\n")
        assert (scene.seen[0].body, scene.seen[0].header(b"accept")) == (BODY, b"text/event-stream")
        assert scene.seen[0].header(HEADER) is None
        status, body = await scene.send(receipt)
        assert (status, json.loads(body)["error"]["code"]) == (403, "receipt_required")
        assert "used before" in json.loads(body)["error"]["message"]
        assert (len(scene.seen), scene.guard.accepted, scene.guard.refused) == (1, 1, 1)


async def test_nothing_without_a_receipt_reaches_the_engine() -> None:
    async with standing() as scene:
        for method, path in ((b"POST", PATH), (b"POST", b"/health"), (b"GET", b"/slots"), (b"GET", b"/metrics")):
            assert (await scene.send(method=method, path=path, body=b""))[0] == 403
        assert (await scene.send(scene.receipt(), body=BODY + b" "))[0] == 403
        assert (await scene.send(scene.receipt(), path=PATH + b"?x=1"))[0] == 403
        assert (await scene.send(scene.receipt(), scene.receipt(8)))[0] == 403
        assert not scene.seen


async def test_what_costs_nothing_is_open() -> None:
    async with standing() as scene:
        assert (await scene.send(method=b"GET", path=b"/health", body=b""))[0] == 200
        status, text = await scene.send(method=b"GET", path=METRICS_PATH, body=b"")
        values = read_values(text, "guard")
        assert (status, values["brightline_guard_accepted_total"], values["brightline_guard_refused_total"]) == (
            200,
            0,
            0,
        )
        assert values["process_start_time_seconds"] == NOW


async def test_a_receipt_from_before_the_guard_started_may_have_been_used() -> None:
    async with standing() as scene:
        old = (HEADER, issue(KEY, 7, DIGEST, NOW - 2))
        status, body = await scene.send(old)
        assert (status, b"older than this guard" in body) == (403, True)


async def test_memory_of_used_receipts_ends_with_their_time_and_not_before() -> None:
    async with standing() as scene:
        first = scene.receipt(1)
        await scene.send(first)
        scene.clock.now += RECEIPT_SECONDS - 1
        assert (await scene.send(first))[0] == 403
        scene.clock.now += 2 * RECEIPT_SECONDS
        await scene.send(scene.receipt(2))
        assert list(scene.guard._used) == [2]
        assert (await scene.send(first))[0] == 403  # forgotten, and expired


async def test_the_engine_s_own_key_is_the_guard_s_to_set() -> None:
    async with standing(key=b"sk-engine") as scene:
        await scene.send(scene.receipt(), (b"authorization", b"Bearer guessed"))
        assert scene.seen[0].header(b"authorization") == b"Bearer sk-engine"


async def test_an_engine_that_is_not_there() -> None:
    async with standing() as scene:
        scene.guard.upstream = Upstream("http://127.0.0.1:9")
        status, body = await scene.send(scene.receipt())
        assert (status, json.loads(body)["error"]["code"]) == (502, "engine_failed")
