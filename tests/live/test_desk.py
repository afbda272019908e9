"""Held calls through the vendors' own SDKs, a real `brightline serve`, and people at the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from brightline.keys import Envelope
from brightline.record import body as bodies
from brightline.record.body import ApprovalBody, DecisionBody, Verdict
from brightline.record.entry import Kind, OutcomeCode
from tests.gateway.calling import CHAT, MESSAGES, definition
from tests.live.clients import anthropic_client, openai_client
from tests.live.desks import desk_site, holds, says
from tests.live.stage import MODEL, Site, serving, upstream
from tests.live.test_tools import TOOLS, model

ASKED: Any = [{"role": "user", "content": "Profile."}]


async def chat(url: str, headers: dict[str, str] | None = None, purpose: str = "permit") -> list[str]:
    """The names of the tool calls that a chat agent is given, else its text."""
    tools: Any = [definition(name, CHAT) for name in TOOLS]
    async with openai_client(url) as client:
        said = await client.chat.completions.create(
            model=MODEL,
            messages=ASKED,
            tools=tools,
            extra_headers={"Brightline-Purpose": purpose, **(headers or {})},
        )
        calls: Any = said.choices[0].message.tool_calls or ()
        return [c.function.name for c in calls] or [said.choices[0].message.content or ""]


async def messages(url: str, headers: dict[str, str] | None = None, purpose: str = "permit") -> list[str]:
    """The same of the other SDK."""
    tools: Any = [definition(name, MESSAGES) for name in TOOLS]
    async with anthropic_client(url) as client:
        said = await client.messages.create(
            model=MODEL,
            max_tokens=99,
            messages=ASKED,
            tools=tools,
            extra_headers={"Brightline-Purpose": purpose, **(headers or {})},
        )
        calls = [b.name for b in said.content if b.type == "tool_use"]
        return calls or ["".join(b.text for b in said.content if b.type == "text")]


Path_ = Callable[..., Any]
both = pytest.mark.parametrize("path", [chat, messages])
DENIED = (openai.PermissionDeniedError, anthropic.PermissionDeniedError)


def shown(error: Any) -> dict[str, Any]:
    body = error.value.body
    found: dict[str, Any] = body["brightline"]
    return found


async def states(url: str, hold: str, wanted: str) -> None:
    """The gateway has taken what was said."""
    async with openai_client(url) as client, asyncio.timeout(20):
        while True:
            got = await client.get(f"{url}/brightline/holds/{hold}", cast_to=object)
            if got["state"] == wanted:  # type: ignore[index]
                return
            await asyncio.sleep(0.05)


def decisions(site: Site) -> list[tuple[OutcomeCode, DecisionBody]]:
    found = []
    for entry in site.entries():
        body = bodies.unpack(Kind(entry.kind), entry.body)
        if isinstance(body, DecisionBody):
            found.append((OutcomeCode(entry.outcome), body))
    return found


def approvals(site: Site) -> list[tuple[int, ApprovalBody]]:
    unpacked = [(e.sequence, bodies.unpack(Kind(e.kind), e.body)) for e in site.entries()]
    return [(n, b) for n, b in unpacked if isinstance(b, ApprovalBody)]


@both
async def test_a_held_tool_call_is_granted_and_happens_once(path: Path_, tmp_path: Path) -> None:
    seen = []

    async def counted(request: Any, reply: Any) -> None:
        seen.append(request)
        await model(request, reply)

    async with upstream(counted) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            with pytest.raises(DENIED) as error:
                await path(gateway.url)
            told = shown(error)["hold"]
            (row,) = await holds(site)
            assert row["hold"] == f"sha256:{told['id']}"
            says(site, "grant", told["id"])
            await states(gateway.url, told["id"], "granted")
            assert await path(gateway.url) == ["look", "profile"]
            assert len(seen) == 1, "the model was asked once"
            with pytest.raises(DENIED):
                await path(gateway.url)
            assert await gateway.stop() == 0
        (granted,) = [n for n, b in approvals(site) if b.verdict == Verdict.GRANTED]
        assert [d.approval for _, d in decisions(site) if d.approval] == [granted]
        assert site.verified("after.bundle")["verified"]
        (used,) = await holds(site, "used")
        assert used["hold"] == row["hold"]


@both
async def test_a_held_model_call_passes_once_after_the_grant(path: Path_, tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            with pytest.raises(DENIED) as error:
                await path(gateway.url, purpose="hold")
            hold = shown(error)["hold"]["id"]
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            with pytest.raises(DENIED):
                await path(gateway.url, {"Brightline-Facts": "place=abroad"}, purpose="hold")
            with pytest.raises(DENIED) as error:
                await path(gateway.url, purpose="hold")
            # The model call passed; the tool call in its answer is an act of its own.
            assert shown(error)["tool_calls"][1]["tool"] == "profile"
            says(site, "grant", shown(error)["hold"]["id"])
            await states(gateway.url, shown(error)["hold"]["id"], "granted")
            assert await path(gateway.url, purpose="hold") == ["look", "profile"]


@both
async def test_refused_with_a_reason_then_appealed_and_overturned(path: Path_, tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            with pytest.raises(DENIED) as error:
                await path(gateway.url)
            hold = shown(error)["hold"]["id"]
            says(site, "refuse", hold, "poe", "--reason", "no case number")
            await states(gateway.url, hold, "refused")
            with pytest.raises(DENIED) as error:
                await path(gateway.url)
            assert (shown(error)["hold"]["id"], shown(error)["hold"]["reason"]) == (hold, "no case number")
            async with openai_client(gateway.url) as client:
                appealed: Any = await client.post(
                    f"{gateway.url}/brightline/appeals",
                    body={"hold": hold, "reason": "case 17 is in the file"},
                    cast_to=object,
                )
            assert appealed["state"] == "appealed"
            await holds(site, "appealed")
            says(site, "grant", hold, "quinn", "--reason", "it is")
            await states(gateway.url, hold, "waiting")
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            assert await path(gateway.url) == ["look", "profile"]


@both
async def test_prefer_wait_keeps_the_call_open_until_somebody_decides(path: Path_, tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            call = asyncio.create_task(path(gateway.url, {"Prefer": "wait=25"}))
            (row,) = await holds(site)
            await asyncio.to_thread(says, site, "grant", row["hold"][7:])
            assert await call == ["look", "profile"]


async def test_content_is_for_those_who_decide_and_goes_when_it_is_done(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = desk_site(tmp_path, url)
        async with serving(site) as gateway:
            with pytest.raises(DENIED) as error:
                await chat(gateway.url)
            hold = shown(error)["hold"]["id"]
            await holds(site)
            document = site.shell("desk", "show", "desk", hold, "--key", "poe.key", "--json").document
            assert document["content"] == 'profile\n{"who":1}'
            assert "analyst" in document["will"]
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            assert await chat(gateway.url) == ["look", "profile"]
            await holds(site, "used")
            assert await gateway.stop() == 0
        files = [p.read_bytes() for p in (tmp_path / "desk" / "posted").iterdir()]
        posted = [json.loads(Envelope.from_bytes(f).payload) for f in files]
        assert sorted(p["event"]["event"] for p in posted) == ["held", "used"]
        assert all(p["letters"] == {} for p in posted)
