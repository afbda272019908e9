"""Many clients, slow clients, long runs: memory stays flat, and nobody is held up. No test here asserts a time."""

from __future__ import annotations

import asyncio
import hashlib
import json
import multiprocessing
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from benchmarks.traffic import Target, load, serve_mock
from brightline.gateway.wire import Reply, Request
from brightline.record.body import OutcomeStatus
from tests.gateway import scripts
from tests.live.clients import CHAT, MESSAGES, Ledger, Raw, body_of, openai_call, openai_client, request, settled
from tests.live.stage import API_KEY, MODEL, make_site, serving, upstream
from tests.live.test_drain import Held

STREAMS = 1_000
MIB = 1 << 20
WIDE = {"upstream_connections": 1_100}
MANY = "max_concurrent = 1100"


@asynccontextmanager
async def fast_upstream() -> AsyncIterator[str]:
    """A model server in a process of its own."""
    context = multiprocessing.get_context("spawn")
    near, far = context.Pipe()
    process = context.Process(target=serve_mock, args=(far,), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{await asyncio.to_thread(near.recv)}"
    finally:
        near.send(None)
        await asyncio.to_thread(process.join, 10)


async def test_a_thousand_streams_at_once(tmp_path: Path) -> None:
    async with fast_upstream() as url:
        site = make_site(tmp_path, url, limits=WIDE, actor=MANY)
        async with serving(site) as gateway:
            target = Target(gateway.port, model=MODEL, key=API_KEY)
            await asyncio.to_thread(load, target, STREAMS, stream=True, connections=STREAMS)
            before = gateway.memory()
            await asyncio.to_thread(load, target, STREAMS, stream=True, connections=STREAMS)
            assert gateway.memory() - before < 24 * MIB
            assert await gateway.stop() == 0
    assert list(settled(site.entries()).values()) == [OutcomeStatus.COMPLETED] * (2 * STREAMS)


@pytest.mark.parametrize("calls", [10_000, pytest.param(50_000, marks=pytest.mark.extras)])
async def test_a_long_run_in_flat_memory(tmp_path: Path, calls: int) -> None:
    async with fast_upstream() as url:
        site = make_site(tmp_path, url)
        async with serving(site) as gateway:
            target = Target(gateway.port, model=MODEL, key=API_KEY)
            await asyncio.to_thread(load, target, calls // 5)
            before = gateway.memory()
            await asyncio.to_thread(load, target, calls * 4 // 5)
            grown = gateway.memory() - before
            assert await gateway.stop() == 0
    assert grown < 8 * MIB + calls * 200  # bytes: a call that left its content or its answer behind would be over
    totals = site.verified("evidence.bundle")["totals"]
    assert totals["statuses"] == {"completed": calls}


async def test_slow_clients_hold_nobody_up(tmp_path: Path) -> None:
    """Those who read nothing cost a bounded amount each, and every other client is answered meanwhile.

    The bound is what the kernel takes for a socket (some 4 MiB), whose text the gateway keeps for the record.
    """
    slow, size, ledger = 16, 48 * MIB, Ledger()
    word = scripts.chat_events("x" * 65_000)[1]

    async def model(asked: Request, reply: Reply) -> None:
        if b"flood" not in asked.body:
            await scripts.model(asked, reply)
            return
        reply.start(200, scripts.SSE)
        for _ in range(size // len(word)):
            await reply.write(word)
        reply.end()

    async with upstream(model) as (url, _), AsyncExitStack() as stack:
        site = make_site(tmp_path, url)
        gateway = await stack.enter_async_context(serving(site))
        async with Raw(gateway.port, ledger) as raw:
            await raw.call()
            before = gateway.memory()
            floods = []
            for _ in range(slow):
                flood = socket.socket()
                flood.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                flood.connect(("127.0.0.1", gateway.port))
                flood.sendall(request(CHAT, body_of(CHAT, "flood", stream=True)))
                floods.append(flood)
            for path in (CHAT, MESSAGES):
                for stream in (False, True):
                    for _ in range(50):
                        assert (await raw.call(path, stream=stream)).whole
            assert gateway.memory() - before < slow * 12 * MIB  # of the 48 that the model would send each
            for flood in floods:
                flood.close()
        assert await gateway.stop() == 0
    ends = list(settled(site.entries()).values())
    assert ends.count(OutcomeStatus.COMPLETED) == len(ledger.seen)
    assert ends.count(OutcomeStatus.CLIENT_GONE) == slow


OTHER_ACTOR = """max_concurrent = 3
[[actors]]
name = "g2/analyst-8"
component = "army/g2"
key_sha256 = "{}"
purposes = ["permit"]
"""


async def test_one_key_takes_its_turns(tmp_path: Path) -> None:
    """One call too many is a 429 that says when to come again; other keys are not touched, and SDKs come again."""
    model, ledger = Held(), Ledger()
    async with upstream(model) as (url, _):
        other = OTHER_ACTOR.format(hashlib.sha256(b"bl-other").hexdigest())
        site = make_site(tmp_path, url, actor=other)
        async with serving(site) as gateway, AsyncExitStack() as stack:
            held = [await stack.enter_async_context(Raw(gateway.port, ledger)) for _ in range(3)]
            begun = [await raw.begin() for raw in held]
            async with Raw(gateway.port) as raw:
                for path in (CHAT, MESSAGES):
                    seen = await raw.call(path)
                    assert seen.status == 429
                    assert seen.headers["retry-after"] == "1"
                    assert seen.index is None
                    error = seen.document["error"]
                    assert error["type"] == "rate_limit_error"
                    assert (error.get("code") or error["details"]["error_code"]) == "too_many_calls"
                raw.writer.write(request(CHAT, body_of(CHAT, "other", stream=True), key="bl-other"))
                assert (await raw.head("other")).status == 200
            async with openai_client(gateway.url).with_options(max_retries=5) as sdk:
                patient = asyncio.create_task(openai_call(sdk, Ledger(), stream=False))
                model.go_on.set()
                for one, seen in zip(held, begun, strict=True):
                    async for _ in one.pieces(seen):
                        pass
                assert (await patient).whole
            # every turn was given back
            assert all([(await raw.call()).status == 200 for raw in held for _ in range(3)])


FEW_FILES = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (200, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from brightline.cli import main
main()
"""


async def test_idle_connections_take_no_file_from_the_record(tmp_path: Path) -> None:
    """Where a shell allows few open files, the gateway takes what its settings need: 600 idle clients stop nothing."""
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path, url, limits={"connections": 700})
        async with serving(site, launcher=("-c", FEW_FILES)) as gateway, AsyncExitStack() as stack:
            for _ in range(600):
                await stack.enter_async_context(Raw(gateway.port))
            raw = await stack.enter_async_context(Raw(gateway.port))
            for _ in range(20):
                assert (await raw.call()).status == 200


@pytest.mark.parametrize("answer", [b"", b"{}", json.dumps({"choices": []}).encode()])
async def test_an_answer_that_is_none_gives_its_turn_back(tmp_path: Path, answer: bytes) -> None:
    async def model(_: Request, reply: Reply) -> None:
        reply.send(200, scripts.JSON, answer)

    async with (
        upstream(model) as (url, _),
        serving(make_site(tmp_path, url, actor="max_concurrent = 1")) as gateway,
        Raw(gateway.port) as raw,
    ):
        for _ in range(5):
            assert (await raw.call()).status == 502
