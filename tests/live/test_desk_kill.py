"""`kill -9` at the desk: between hold, grant and use; a grant serves once, and what people said is kept."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from brightline.record.body import Verdict
from brightline.record.entry import OutcomeCode
from tests.agreement.founding import CUSTOMER, VENDOR, signed
from tests.gateway.calling import CHAT, asked
from tests.gateway.plain import Got, post
from tests.live.desks import desk_site, says
from tests.live.stage import API_KEY, Gateway, agreed, refused_start, serving, upstream
from tests.live.test_desk import approvals, decisions, states
from tests.live.test_tools import TOOLS, model


async def call(gateway: Gateway, word: str = "Profile.") -> Got:
    content = [{"role": "user", "content": word}]
    body = asked(CHAT, stream=False, tools=list(TOOLS), messages=content)
    return await post(gateway.url, body, CHAT, key=API_KEY)


def hold_of(got: Got) -> str:
    shown: dict[str, Any] = got.json["error"]["brightline"]
    return str(shown["hold"]["id"])


async def test_a_grant_before_the_kill_serves_once_after_it(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            hold = hold_of(await call(gateway))
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            await gateway.kill()
        async with serving(site) as gateway:
            await states(gateway.url, hold, "granted")
            assert (await call(gateway)).status == 200
            await gateway.kill()
        async with serving(site) as gateway:
            await states(gateway.url, hold, "used")
            again = await call(gateway)
            assert again.status == 403
            assert hold_of(again) != hold, "it is held anew"
            assert await gateway.stop() == 0
        assert [v.verdict for _, v in approvals(site)] == [Verdict.GRANTED], "and nobody's word was taken twice"
        assert site.verified("after.bundle")["verified"]


@pytest.mark.parametrize("delay", [0.0, 0.002, 0.005, 0.01, 0.02])
async def test_killed_while_it_is_used_it_is_never_used_twice(delay: float, tmp_path: Path) -> None:
    """Whatever was on its way: of the answers that clients got whole, at most one has the granted call."""
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        whole = 0
        async with serving(site) as gateway:
            hold = hold_of(await call(gateway))
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            sent = [asyncio.create_task(call(gateway)) for _ in range(4)]
            await asyncio.sleep(delay)
            await gateway.kill()
            for got in await asyncio.gather(*sent, return_exceptions=True):
                whole += isinstance(got, Got) and got.whole and got.status == 200
        async with serving(site) as gateway:
            for _ in range(3):
                whole += (await call(gateway)).status == 200
            assert await gateway.stop() == 0
        spent = [d for outcome, d in decisions(site) if outcome is OutcomeCode.PERMIT and d.approval]
        assert len(spent) <= 1
        assert whole <= len(spent)


async def test_what_was_said_while_it_was_down_counts_at_the_start(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            hold = hold_of(await call(gateway))
            async with asyncio.timeout(10):
                while not list((site.folder / "desk" / "posted").glob("*.json")):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await gateway.kill()
        says(site, "grant", hold)
        async with serving(site) as gateway:
            assert (await call(gateway)).status == 200, "the model is asked again, and its call is the granted one"


async def test_a_conversation_that_waited_for_a_result_goes_on_after_a_kill(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            first = (await call(gateway, "Look.")).json["choices"][0]["message"]
            await gateway.kill()
        results = [{"role": "tool", "tool_call_id": c["id"], "content": "4"} for c in first["tool_calls"]]
        turns = [{"role": "user", "content": "Look."}, first, *results]
        async with serving(site) as gateway:
            body = asked(CHAT, stream=False, tools=list(TOOLS), messages=turns)
            assert (await post(gateway.url, body, CHAT, key=API_KEY)).status == 200
            forged = json.loads(body)
            forged["messages"][1]["tool_calls"][0]["function"]["arguments"] = '{"track": 9}'
            got = await post(gateway.url, json.dumps(forged).encode(), CHAT, key=API_KEY)
            assert got.json["error"]["code"] == "unreleased_tool_result"


async def test_a_desk_of_another_agreement_does_not_start(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        paper = site.folder / "desk" / "agreement.json"
        paper.write_bytes(signed(agreed(), VENDOR, CUSTOMER).to_bytes())
        assert "no desk of this agreement" in await refused_start(site)
        paper.unlink()
        assert "no desk of this agreement" in await refused_start(site)
