"""MCP through a real `brightline serve`: the official client, a real server over both transports, a desk, evidence."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client

from brightline.record import body as bodies
from brightline.record.body import Act, Api, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Kind, OutcomeCode
from tests.gateway import scripts
from tests.gateway.mcp import scripted
from tests.gateway.mcp.scripted import Scripted, over_http
from tests.gateway.mcp.stage import client, refusal, told, words
from tests.live.desks import desk_site, holds, says
from tests.live.stage import API_KEY, Gateway, Site, serving, upstream
from tests.live.test_desk import states

PROGRAM = [sys.executable, str(Path(scripted.__file__).resolve())]


@asynccontextmanager
async def site_with(folder: Path, transport: str) -> AsyncIterator[tuple[Site, Gateway]]:
    async with upstream(scripts.model) as (url, _), over_http(Scripted()) as server:
        site = desk_site(folder, url)
        line = f"url = {json.dumps(server)}" if transport == "http" else f"command = {json.dumps(PROGRAM)}"
        with (folder / "brightline.toml").open("a") as file:
            file.write(f"\n[mcp.bus]\n{line}\n")
        async with serving(site) as gateway:
            yield site, gateway


@asynccontextmanager
async def agent(gateway: Gateway, **headers: str) -> AsyncIterator[Client]:
    async with client(f"{gateway.url}/mcp/bus", key=API_KEY, **({"purpose": "permit"} | headers)) as c:
        yield c


def recorded(site: Site) -> tuple[list[tuple[OutcomeCode, DecisionBody]], list[OutcomeStatus]]:
    decisions, ends = [], []
    for entry in site.entries():
        body: Any = bodies.unpack(entry.kind, entry.body) if entry.kind in (Kind.DECISION, Kind.OUTCOME) else None
        if isinstance(body, DecisionBody):
            decisions.append((OutcomeCode(entry.outcome), body))
        if isinstance(body, OutcomeBody):
            ends.append(OutcomeStatus(body.status))
    return decisions, ends


@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_calls_are_decided_recorded_and_verified(tmp_path: Path, transport: str) -> None:
    async with site_with(tmp_path, transport) as (site, gateway):
        async with agent(gateway) as c:
            assert [t.name for t in (await c.list_tools()).tools] == ["look", "profile"]
            looked = await c.call_tool("look", {"track": 7})
            watched = await c.call_tool("watch", {"who": "a named person"})
        assert (words(looked), looked.is_error) == ("look {'track': 7}", False)
        assert told(looked)["decision"].startswith("permit;id=")
        assert (watched.is_error, refusal(watched)["outcome"]) == (True, "deny")
        assert await gateway.stop() == 0
        assert "named person" not in gateway.said
    decisions, ends = recorded(site)
    assert [(o, b.act, b.api, b.parent) for o, b in decisions] == [
        (OutcomeCode.PERMIT, Act.MCP_CALL, Api.MCP, 0),
        (OutcomeCode.DENY, Act.MCP_CALL, Api.MCP, 0),
    ]
    assert ends == [OutcomeStatus.COMPLETED]
    assert site.verified("after.bundle")["verified"]


async def test_a_held_call_passes_once_after_the_grant(tmp_path: Path) -> None:
    async with site_with(tmp_path, "stdio") as (site, gateway):
        async with agent(gateway) as c:
            held = await c.call_tool("profile", {"who": 1})
            hold = refusal(held)["hold"]["id"]
            says(site, "grant", hold)
            await states(gateway.url, hold, "granted")
            assert (await c.call_tool("profile", {"who": 2})).is_error, "another act"
            assert not (await c.call_tool("profile", {"who": 1})).is_error
            assert (await c.call_tool("profile", {"who": 1})).is_error, "once"
        assert await gateway.stop() == 0
    assert [o for o, _ in recorded(site)[0]] == [
        OutcomeCode.HOLD,
        OutcomeCode.HOLD,
        OutcomeCode.PERMIT,
        OutcomeCode.HOLD,
    ]
    assert site.verified("after.bundle")["verified"]


async def test_prefer_wait_keeps_the_call_open(tmp_path: Path) -> None:
    async with site_with(tmp_path, "stdio") as (site, gateway), agent(gateway, prefer="wait=20") as c:
        calling = asyncio.create_task(c.call_tool("profile", {"who": 1}))
        (row,) = await holds(site)
        says(site, "grant", row["hold"].removeprefix("sha256:"))
        assert not (await calling).is_error
