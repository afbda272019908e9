"""Servers and callers that mean no good: look-alike names, tools that change, arguments without end, a death."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

from brightline.gateway.mcp_config import McpConfig
from brightline.record.body import OutcomeStatus
from brightline.record.entry import Flag, Kind, OutcomeCode
from tests.gateway.mcp.stage import PROGRAM, client, mcp_stage, refusal
from tests.gateway.mcp.test_calls import gateway


@pytest.mark.parametrize("name", ["lооk", "look2", "Look", "look ", "loo", "effector"])
async def test_only_the_exact_name_is_the_tool(name: str) -> None:
    async with gateway("http") as (s, url, scripted), client(url) as c:
        result = await c.call_tool(name, {})
    assert result.is_error
    assert refusal(result)["outcome"] == "deny"
    assert scripted.calls == []
    assert s.recorder.outcomes() == [OutcomeCode.DENY]


@pytest.mark.parametrize("transport", ["http", "stdio"])
async def test_a_definition_that_changes_is_denied_with_an_alarm(
    transport: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with gateway(transport) as (s, url, scripted), client(url) as c:
        assert not (await c.call_tool("look", {})).is_error
        assert not (await c.call_tool("morph", {})).is_error
        with caplog.at_level(logging.CRITICAL, "brightline.gateway"):
            result = await c.call_tool("look", {})
        assert result.is_error
        assert "integrity alarm" in caplog.text
        assert "look" not in [t.name for t in (await c.list_tools()).tools]
    assert [n for n, _ in scripted.calls] == (["look", "morph"] if transport == "http" else [])
    last = [e for e in s.recorder.entries if e.kind == Kind.DECISION][-1]
    assert (last.outcome, bool(last.flags & Flag.DRIFTED)) == (OutcomeCode.DENY, True)


async def test_a_tool_listed_twice_is_none() -> None:
    async with gateway("http") as (_, url, scripted), client(url) as c:
        scripted.twice = True
        assert (await c.call_tool("look", {})).is_error
        assert "look" not in [t.name for t in (await c.list_tools()).tools]
    assert scripted.calls == []


def deep(levels: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for _ in range(levels):
        made = {"a": made}
    return made


async def test_arguments_too_deep_go_nowhere() -> None:
    async with gateway("http") as (s, url, scripted), client(url) as c:
        try:
            refused = (await c.call_tool("look", deep(150))).is_error
        except Exception:  # noqa: BLE001 - the SDK, at either end, may refuse them first
            refused = True
        assert refused
        assert scripted.calls == []
        assert not (await c.call_tool("look", {})).is_error, "and the gateway goes on"
    assert s.recorder.outcomes()[-1] == OutcomeCode.PERMIT


async def test_what_is_forwarded_is_what_was_decided() -> None:
    async with gateway("http") as (s, url, scripted), client(url) as c:
        await c.call_tool("look", {"n": 2**80, "b": [1, "\u202e"], "a": None})
    content = dict(s.recorder.drafts[0].fields)["content"]
    assert scripted.calls == [("look", json.loads(content))]


async def test_arguments_over_the_limit_are_refused() -> None:
    async with gateway("http") as (s, url, scripted), client(url) as c:
        with pytest.raises(Exception):  # noqa: B017, PT011 - HTTP 413, as the SDK's transport says it
            await c.call_tool("look", {"text": "x" * (80 << 20)})
    assert (s.recorder.drafts, scripted.calls) == ([], [])


async def test_a_server_that_dies_is_recorded_and_started_again() -> None:
    async with mcp_stage(PROGRAM) as (s, url), client(url) as c:
        result = await c.call_tool("die", {})
        assert result.is_error
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]
        assert not (await c.call_tool("look", {})).is_error
    assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED, OutcomeStatus.COMPLETED]
    assert not s.recorder.log.open


async def test_a_server_that_stalls_is_given_up() -> None:
    async with mcp_stage(PROGRAM, limits={"whole_seconds": 0.5}) as (s, url), client(url) as c:
        assert (await c.call_tool("stall", {})).is_error
    assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]


async def test_a_client_that_goes_leaves_an_outcome() -> None:
    async with gateway("http") as (s, url, scripted):
        async with client(url) as c:
            calling = asyncio.create_task(c.call_tool("stall", {}))
            while not scripted.calls:  # noqa: ASYNC110 - until it has begun
                await asyncio.sleep(0.01)
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        for _ in range(200):
            if s.recorder.statuses():
                break
            await asyncio.sleep(0.02)
    assert s.recorder.statuses() == [OutcomeStatus.CLIENT_GONE]


async def test_a_server_that_is_not_there_is_said_to_be() -> None:
    async with mcp_stage(McpConfig(command=("/nowhere/program",))) as (s, url), client(url) as c:
        with pytest.raises(Exception, match="bus: the MCP server is not reached"):
            await c.call_tool("look", {})
    assert s.recorder.drafts == []
