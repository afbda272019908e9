"""Break-glass on a real disk that fails: an official begins it, service goes on, and evidence tells of it."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from tests.gateway import scripts
from tests.gateway.plain import post
from tests.live.clients import CHAT, body_of
from tests.live.desks import FOLDER, desk_site
from tests.live.stage import API_KEY, Gateway, serving, upstream
from tests.live.test_disk import LAUNCHER


async def status(gateway: Gateway, purpose: str = "permit") -> int:
    body = body_of(CHAT, "Go.", stream=False)
    return (await post(gateway.url, body, CHAT, key=API_KEY, brightline_purpose=purpose)).status


async def becomes(gateway: Gateway, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await status(gateway) != wanted:  # noqa: ASYNC110 - the gateway looks once a second
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("kill", [False, True])
async def test_a_full_disk_at_night(tmp_path: Path, kill: bool) -> None:
    order = tmp_path / "order"
    async with upstream(scripts.model) as (url, _):
        site = desk_site(tmp_path / "site", url)
        async with serving(site, launcher=(LAUNCHER, str(order))) as gateway:
            assert await status(gateway) == 200
            order.write_text(f"pwrite {errno.ENOSPC} /journal/")
            assert await status(gateway) == 503, "no durable record, no answer"
            said = site.shell(
                "break-glass", "start", FOLDER, "--key", "quinn.key", "--reason", "the disk is full", "--minutes", "60"
            )
            assert said.status == 0, said.err
            await becomes(gateway, 200)
            assert [await status(gateway) for _ in range(3)] == [200] * 3
            assert await status(gateway, "deny") == 403
            assert (await post(gateway.url, b"", "/readyz", method="GET")).status == 200
            await asyncio.sleep(1.5)  # the count is written each second
            if kill:
                await gateway.kill()
            else:
                await gateway.stop()
        order.unlink()
        async with serving(site) as gateway:
            assert await status(gateway) == 200
            said = site.shell("break-glass", "end", FOLDER, "--key", "quinn.key", "--reason", "a new disk")
            assert said.status == 0, said.err
            await asyncio.sleep(2.5)
            assert await gateway.stop() == 0
        verdict = site.verified("after.bundle")
        flagged = verdict["totals"]["flags"]["break_glass"]
        assert flagged["permit"] >= 4
        assert flagged["deny"] == 1
        assert verdict["totals"]["exceptions"] == {"break_glass_started": 1, "break_glass_ended": 1}
        assert "break_glass" in [f["code"] for f in verdict["findings"]]
