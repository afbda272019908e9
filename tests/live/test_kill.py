"""kill -9 while many clients are served: no answered call without its record, after any number of kills."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

from brightline.gateway.wire import Reply, Request
from brightline.record.body import OutcomeStatus
from brightline.record.entry import Kind, OutcomeCode
from brightline.storage.vault import Vault
from tests.gateway import scripts
from tests.live.clients import (
    CHAT,
    MESSAGES,
    Ledger,
    Raw,
    anthropic_call,
    anthropic_client,
    assert_recorded,
    openai_call,
    openai_client,
    settled,
)
from tests.live.stage import SITE_KEY, Gateway, Site, make_site, serving, upstream

KILLS = 10
RAW_CLIENTS = 20  # and four of the SDKs
PURPOSES = ("permit", "permit", "permit", "deny", "hold", "note")


async def _answered(ledger: Ledger, more: int) -> None:
    """Return after `more` further answers: a kill by the clock would find nothing to lose on a busy machine."""
    goal = len(ledger.seen) + more
    async with asyncio.timeout(60):
        while len(ledger.seen) < goal:  # noqa: ASYNC110 - the ledger is a list, not a bell
            await asyncio.sleep(0.001)


async def slow_model(request: Request, reply: Reply) -> None:
    """As a model does it: an event now and then, so that a kill finds calls in every state."""
    if not json.loads(request.body).get("stream"):
        await asyncio.sleep(random.uniform(0, 0.03))
        await scripts.model(request, reply)
        return
    reply.start(200, scripts.SSE)
    for event in scripts.chat_events() if request.path == CHAT.encode() else scripts.message_events():
        await reply.write(event)
        await asyncio.sleep(random.uniform(0, 0.01))
    reply.end()


async def raw_client(gateway: Gateway, ledger: Ledger, number: int) -> None:
    with suppress(OSError, EOFError):
        async with Raw(gateway.port, ledger) as raw:
            while True:
                purpose = random.choice(PURPOSES)
                await raw.call((CHAT, MESSAGES)[number % 2], stream=number % 4 < 2, purpose=purpose)


async def sdk_client(gateway: Gateway, ledger: Ledger, number: int) -> None:
    stream = number % 2 == 0
    # What an SDK raises when its server dies is its own affair; what it had answered before stands in the ledger.
    with suppress(Exception):
        if number < 2:
            async with openai_client(gateway.url) as chat:
                while True:
                    await openai_call(chat, ledger, stream=stream, purpose=random.choice(PURPOSES))
        async with anthropic_client(gateway.url) as messages:
            while True:
                await anthropic_call(messages, ledger, stream=stream, purpose=random.choice(PURPOSES))


async def test_no_answer_without_a_record(tmp_path: Path) -> None:
    ledger = Ledger()
    kept: list[Path] = []  # the checkpoints that a verifier kept, one from each life of the gateway
    async with upstream(slow_model) as (url, _):
        site = make_site(tmp_path, url)
        for life in range(KILLS + 1):
            async with serving(site) as gateway:
                # 1. what the last life left is whole: it verifies, and continues every checkpoint given out before
                checkpoint = tmp_path / f"{life}.checkpoint"
                shutil.copy(site.data / "log" / "checkpoint", checkpoint)
                site.verified(f"{life}.bundle", *kept)
                kept.append(checkpoint)
                # 2. and knows of every answer that anybody saw
                assert_recorded(ledger, site.entries())
                if life == KILLS:
                    assert await gateway.stop() == 0
                    break
                # 3. load, and a kill at any moment of it
                clients = [asyncio.create_task(raw_client(gateway, ledger, n)) for n in range(RAW_CLIENTS)]
                clients += [asyncio.create_task(sdk_client(gateway, ledger, n)) for n in range(4)]
                await _answered(ledger, random.randint(5, 60))
                await gateway.kill()
                await asyncio.wait_for(asyncio.gather(*clients), 60)
    entries = site.entries()
    assert_recorded(ledger, entries)
    assert_private_sides(ledger, site, len(entries))
    # 4. every call that was let through has one end, and the kills did cut some off
    ends = settled(entries)
    let_through = {e.sequence for e in entries if e.kind == Kind.DECISION and e.outcome == OutcomeCode.PERMIT}
    assert set(ends) == let_through
    statuses = list(ends.values())
    assert statuses.count(OutcomeStatus.INTERRUPTED) >= KILLS // 4
    assert sum(s.whole for s in ledger.seen) >= KILLS
    assert {s.status for s in ledger.seen} == {200, 403}


async def test_killed_while_it_starts(tmp_path: Path) -> None:
    """A start is cut short anywhere, recovery included, and the next one finds everything."""
    ledger = Ledger()
    async with upstream(scripts.model) as (url, _):
        site = make_site(tmp_path, url)
        async with serving(site) as gateway:
            async with Raw(gateway.port, ledger) as raw:
                for _ in range(300):  # more than a bundle, so that recovery reads tiles and journal
                    await raw.call(purpose=random.choice(PURPOSES))
            await gateway.kill()
        for _ in range(8):
            starting = site.shell.process("serve", "--json", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            await asyncio.sleep(random.uniform(0.5, 1.4))
            starting.kill()
            starting.wait()
        async with serving(site):
            pass
    site.verified("evidence.bundle")
    assert_recorded(ledger, site.entries())


def assert_private_sides(ledger: Ledger, site: Site, size: int) -> None:
    """The decision at the receipt's index is that of this very call: its content is what was asked."""
    vault = Vault.open(site.data / "private", SITE_KEY, size, 0)
    for seen in ledger.seen:
        assert seen.index is not None
        content = dict(vault.fields(seen.index))["content"]
        assert json.loads(content)["messages"][0]["content"] == seen.nonce
    vault.close()
