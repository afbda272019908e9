"""SIGTERM: what has begun is finished, nothing new is taken. And one record has one writer."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest

from brightline.gateway.wire import Reply, Request
from brightline.record.body import OutcomeStatus
from brightline.storage.disk import IN_USE
from tests.gateway import scripts
from tests.live.clients import (
    CHAT,
    MESSAGES,
    Ledger,
    Raw,
    assert_recorded,
    openai_call,
    openai_client,
    settled,
)
from tests.live.stage import Gateway, make_site, refused_start, serving, snapshot, upstream


class Held:
    """A model that begins every answer and ends it when it is let."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = asyncio.Semaphore(0)

    async def __call__(self, request: Request, reply: Reply) -> None:
        self.begun.release()
        if not json.loads(request.body).get("stream"):
            await self.go_on.wait()
            await scripts.model(request, reply)
            return
        first, *rest = scripts.chat_events() if request.path == CHAT.encode() else scripts.message_events()
        reply.start(200, scripts.SSE)
        await reply.write(first)
        await self.go_on.wait()
        for event in rest:
            await reply.write(event)
        reply.end()


async def test_sigterm_finishes_what_has_begun(tmp_path: Path) -> None:
    model, ledger = Held(), Ledger()
    async with upstream(model) as (url, _):
        site = make_site(tmp_path, url)
        async with serving(site) as gateway, Raw(gateway.port) as idle, openai_client(gateway.url) as sdk:
            # 1. twelve calls have begun, of both APIs, streamed and not; one through an SDK; one connection is idle
            assert (await idle.get("/healthz")).status == 200
            calls = [asyncio.create_task(openai_call(sdk, ledger, stream=True))]
            raws = [await Raw(gateway.port, ledger).__aenter__() for _ in range(11)]
            calls += [
                asyncio.create_task(raw.call((CHAT, MESSAGES)[n % 2], stream=n % 4 < 2)) for n, raw in enumerate(raws)
            ]
            for _ in calls:
                await model.begun.acquire()
            # 2. told to stop, it takes nothing new, and drops what is idle
            gateway.process.send_signal(signal.SIGTERM)
            await refusing(gateway)
            assert await idle.reader.read() == b""
            assert gateway.process.returncode is None
            assert not any(call.done() for call in calls)
            # 3. and ends when they have ended
            model.go_on.set()
            seen = await asyncio.gather(*calls)
            assert await asyncio.wait_for(gateway.process.wait(), 60) == 0
            for raw in raws:
                raw.writer.close()
    assert all(s.whole and s.status == 200 for s in seen)
    assert_recorded(ledger, site.entries())
    assert list(settled(site.entries()).values()) == [OutcomeStatus.COMPLETED] * len(calls)
    site.verified("evidence.bundle")


async def test_what_does_not_end_is_cut_off_in_time(tmp_path: Path) -> None:
    """A stream that never ends does not keep the gateway: after drain_seconds it is cut, and recorded so."""
    model, ledger = Held(), Ledger()
    async with upstream(model) as (url, _):
        site = make_site(tmp_path, url, limits={"drain_seconds": 0.2})
        async with serving(site) as gateway, Raw(gateway.port, ledger) as raw:
            seen = await raw.begin()
            assert await gateway.stop() == 0
            with pytest.raises((OSError, EOFError)):  # cut off, so that it cannot pass for the whole
                async for _ in raw.pieces(seen):
                    pass
    assert list(settled(site.entries()).values()) == [OutcomeStatus.INTERRUPTED]


async def test_one_record_has_one_writer(tmp_path: Path) -> None:
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path, url)
        async with serving(site) as gateway, Raw(gateway.port) as raw:
            with snapshot(site.data):
                sentence = await refused_start(site)
            assert IN_USE in sentence
            assert sentence.startswith("data: ")
            # the first does not notice
            assert (await raw.call()).status == 200


async def refusing(gateway: Gateway) -> None:
    """Return when new connections are refused."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        except ConnectionRefusedError:
            return
        writer.close()
        await asyncio.sleep(0.01)
