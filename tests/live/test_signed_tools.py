"""Tools of the signed registry in a real gateway: exact names, pinned definitions and endpoints, a person where the
owner asks for one (A10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openai
import pytest

from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Entry, Flag, Kind, OutcomeCode
from brightline.registry import Kind as Registers
from brightline.registry import Tool, endpoint_digest
from tests.gateway.calling import CHAT, MESSAGES, Asks, calling, definition
from tests.live.clients import anthropic_client, openai_client
from tests.live.signed import SignedSite, signed_site
from tests.live.stage import MODEL, serving, upstream

SIMULATOR = endpoint_digest({"url": "https://simulator.example/mcp"})
LIVE = endpoint_digest({"url": "https://bus.example/mcp"})


def pinned(name: str, **more: Any) -> Tool:
    facts = {"effect": "informational", "actuation": "read", "phase": "plan", "activity": "gen.office"} | more
    return Tool(definition=digest_of(definition(name, MESSAGES)), **facts)


TOOLS = {
    "look": pinned("look"),
    "lab.fire": pinned(
        "lab.fire",
        effect="kinetic",
        actuation="act",
        phase="simulate",
        activity="weapon.design_autonomy",
        endpoint=SIMULATOR,
    ),
    "send_order": pinned("send_order", needs_person=True),
    "sift": pinned("sift", facts={"protected_persons": "none"}),
}
GO: Any = [{"role": "user", "content": "Go."}]


def asking(name: str) -> Any:
    async def model(request: Request, reply: Reply) -> None:
        await calling(Asks("call_1", name, "{}"))(request, reply)

    return model


async def released(url: str, name: str, description: str = "Does it.", **headers: str) -> tuple[bool, str]:
    """Whether the call of this tool came through, and what the answer says; the same through both SDKs."""
    named = {f"Brightline-{n.title()}": v for n, v in headers.items()} | {"Brightline-Purpose": "permit"}
    tools: Any = [definition(name, CHAT, description)]
    async with openai_client(url) as chat, anthropic_client(url) as messages:
        said = await chat.chat.completions.create(model=MODEL, messages=GO, tools=tools, extra_headers=named)
        tools = [definition(name, MESSAGES, description)]
        other: Any = await messages.messages.create(
            model=MODEL, max_tokens=9, messages=GO, tools=tools, extra_headers=named
        )
    one = said.choices[0].message
    uses = [b for b in other.content if b.type == "tool_use"]
    assert bool(uses) == bool(one.tool_calls)
    return bool(one.tool_calls), one.content or ""


def decided(site: SignedSite) -> list[Entry]:
    found = [(e, bodies.unpack(Kind.DECISION, e.body)) for e in site.entries() if e.kind == Kind.DECISION]
    return [e for e, b in found if isinstance(b, DecisionBody) and b.act == Act.TOOL_CALL]


async def test_a10_a_repointed_tool_is_denied_with_an_alarm(tmp_path: Path) -> None:
    async with upstream(asking("lab.fire")) as (url, _):
        site = signed_site(tmp_path / "site", url, {Registers.TOOLS: TOOLS})
        async with serving(site) as gateway:
            assert (await released(gateway.url, "lab.fire", endpoints=f"lab.fire={SIMULATOR}"))[0]
            for headers in ({"endpoints": f"lab.fire={LIVE}"}, {}):
                passed, text = await released(gateway.url, "lab.fire", **headers)
                assert not passed
                assert "T7, Tools are as registered" in text
                assert "Brightline-Endpoints" in text
            passed, _ = await released(gateway.url, "lab.fire", "Starts a run.", endpoints=f"lab.fire={SIMULATOR}")
            assert not passed
            assert gateway.said.count("integrity alarm: a tool is not as registered") == 6
            assert "CRITICAL" in gateway.said
            assert await gateway.stop() == 0
        entries = decided(site)
        assert [e.outcome for e in entries] == [OutcomeCode.PERMIT] * 2 + [OutcomeCode.DENY] * 6
        assert [bool(e.flags & Flag.DRIFTED) for e in entries] == [False] * 2 + [True] * 6
        # where its calls go, only the caller says: what the owner attests of it rests on that claim
        assert [bool(e.flags & Flag.CLAIMED) for e in entries[:2]] == [True] * 2
        assert site.verified("b.zip")["verified"]


@pytest.mark.parametrize("name", ["1ook", "Look", "lооk", "look_session"])
async def test_a_look_alike_is_named_and_not_the_tool(tmp_path: Path, name: str) -> None:
    async with upstream(asking(name)) as (url, _):
        site = signed_site(tmp_path / "site", url, {Registers.TOOLS: TOOLS})
        async with serving(site) as gateway:
            passed, text = await released(gateway.url, name)
            assert not passed
            assert "not registered" in text
            assert ("looks like the registered 'look'" in text) is (name != "look_session")
            assert await gateway.stop() == 0


async def test_a_tool_that_needs_a_person_waits_for_one(tmp_path: Path) -> None:
    async with upstream(asking("send_order")) as (url, _):
        site = signed_site(tmp_path / "site", url, {Registers.TOOLS: TOOLS})
        async with serving(site) as gateway:
            with pytest.raises(openai.PermissionDeniedError) as raised:
                await released(gateway.url, "send_order")
            body: Any = raised.value.body
            assert body["code"] == "use_held"
            assert await gateway.stop() == 0
        assert [e.outcome for e in decided(site)] == [OutcomeCode.HOLD]


async def test_a_tool_does_not_whiten_its_data(tmp_path: Path) -> None:
    """Its owner says that it concerns nobody; the owner of the data, that they concern many."""
    async with upstream(asking("sift")) as (url, _):
        site = signed_site(tmp_path / "site", url, {Registers.TOOLS: TOOLS})
        async with serving(site) as gateway:
            assert (await released(gateway.url, "sift", datasets="bought"))[0]
            assert await gateway.stop() == 0
        (entry, _) = decided(site)
        assert entry.flags & Flag.ALTERNATIVE
