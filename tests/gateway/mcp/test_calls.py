"""Tool calls by MCP: decided and recorded like any use, over both transports to the server."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp.client.streamable_http import create_mcp_http_client
from mcp.shared.exceptions import MCPError

from brightline.gateway.mcp_config import McpConfig
from brightline.record.body import Act, Api, DecisionBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from tests.gateway.mcp.scripted import Scripted, over_http
from tests.gateway.mcp.stage import PROGRAM, client, mcp_stage, refusal, told, words
from tests.gateway.stage import KEY, Stage

TRANSPORTS = ("http", "stdio")


@asynccontextmanager
async def gateway(transport: str, **more: Any) -> AsyncIterator[tuple[Stage, str, Scripted]]:
    scripted = Scripted()
    if transport == "stdio":
        async with mcp_stage(PROGRAM, **more) as (s, url):
            yield s, url, scripted
        return
    async with over_http(scripted) as upstream, mcp_stage(McpConfig(url=upstream), **more) as (s, url):
        yield s, url, scripted


def decisions(s: Stage) -> list[DecisionBody]:
    return [d.body for d in s.recorder.drafts if isinstance(d.body, DecisionBody)]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_permitted_call_comes_back_with_its_progress(transport: str, mode: str) -> None:
    heard: list[tuple[float, float | None, str | None]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    async with gateway(transport) as (s, url, scripted), client(url, mode=mode) as c:
        result = await c.call_tool("look", {"track": 7}, progress_callback=progress)
    assert not result.is_error
    assert (words(result), result.structured_content) == ("look {'track': 7}", {"seen": {"track": 7}})
    assert heard == [(1, 2, "halfway")]
    assert told(result)["decision"].startswith("permit;id=")
    assert '"test.example/log";index=' in told(result)["receipt"]
    (body,) = decisions(s)
    assert (body.act, body.api, body.parent) == (Act.MCP_CALL, Api.MCP, 0)
    assert (s.recorder.outcomes(), s.recorder.statuses()) == ([OutcomeCode.PERMIT], [OutcomeStatus.COMPLETED])
    fields = {n: v.decode() for n, v in s.recorder.drafts[0].fields}
    assert (fields["tool"], json.loads(fields["content"])) == ("look", {"track": 7})
    assert transport == "stdio" or scripted.calls == [("look", {"track": 7})]
    assert not s.recorder.log.open


@pytest.mark.parametrize(
    ("name", "outcome", "clause"),
    [("effector.engage", "hold", "T6"), ("watch", "deny", "T5"), ("profile", "hold", "T3")],
)
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_what_is_not_permitted_is_refused_and_teaches(
    transport: str, name: str, outcome: str, clause: str
) -> None:
    async with gateway(transport) as (s, url, scripted), client(url) as c:
        result = await c.call_tool(name, {"track": 7})
    assert result.is_error
    shown = refusal(result)
    assert (shown["outcome"], [x["id"] for x in shown["clauses"]]) == (outcome, [clause])
    assert words(result).startswith(f"[Brightline] The tool call {name} was not released")
    assert clause in words(result)
    assert scripted.calls == []
    assert s.recorder.outcomes() == [OutcomeCode.HOLD if outcome == "hold" else OutcomeCode.DENY]
    assert s.recorder.statuses() == []


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_tools_are_listed_as_the_terms_allow(transport: str) -> None:
    async with gateway(transport) as (s, url, _), client(url) as c:
        names = [t.name for t in (await c.list_tools()).tools]
    assert names == ["look", "effector.engage", "profile", "morph", "die", "fail", "stall"]
    assert s.recorder.drafts == [], "a list is no use"


async def test_purpose_and_facts_come_in_headers() -> None:
    async with gateway("http") as (s, url, _):
        async with client(url, purpose="note", facts="place=abroad") as c:
            await c.call_tool("look", {})
        fields = {n: v.decode() for n, v in s.recorder.drafts[0].fields}
        assert (fields["purpose"], fields["fact.place"]) == ("note", "abroad declared")
        async with client(url, facts="actuation=act") as c:
            with pytest.raises(MCPError, match="actuation cannot be declared"):
                await c.call_tool("look", {})
        assert len(decisions(s)) == 1


async def test_without_a_key_nothing_is_answered() -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "look", "arguments": {}}}
    accepts = {"accept": "application/json, text/event-stream"}
    async with gateway("http") as (s, url, scripted), create_mcp_http_client() as http:
        for keys in ({}, {"authorization": "Bearer bl-wrong"}, {"x-api-key": "bl-wrong"}):
            said = await http.post(url, json=call, headers=accepts | keys)
            assert (said.status_code, said.json()["error"]["type"]) == (401, "authentication_error")
        said = await http.get(url, headers={"authorization": f"Bearer {KEY}"})
        assert said.status_code == 405, "there are no sessions"
        assert (await http.post(f"{url}2", json=call)).status_code == 404
    assert (s.recorder.drafts, scripted.calls) == ([], [])


@pytest.mark.parametrize("method", ["list_resources", "list_prompts", "list_resource_templates"])
async def test_nothing_but_tools_passes(method: str) -> None:
    async with gateway("http") as (_, url, _scripted), client(url) as c:
        with pytest.raises(MCPError, match="does not pass: this gateway decides tool calls"):
            await getattr(c, method)()


async def test_a_tool_that_fails_is_recorded_as_that() -> None:
    async with gateway("http") as (s, url, _), client(url) as c:
        result = await c.call_tool("fail", {})
    assert (result.is_error, words(result)) == (True, "no")
    assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_ERROR]


async def test_no_record_no_call() -> None:
    async with gateway("http") as (s, url, scripted), client(url) as c:
        s.recorder.broken = True
        with pytest.raises(MCPError, match="record cannot be written"):
            await c.call_tool("look", {})
        assert scripted.calls == []


async def test_whoever_observes_blocks_nothing() -> None:
    async with gateway("http", observe=True) as (s, url, scripted), client(url) as c:
        result = await c.call_tool("watch", {})
        assert len((await c.list_tools()).tools) == 10
    assert not result.is_error
    assert told(result)["decision"].endswith("mode=observe")
    assert (scripted.calls, s.recorder.outcomes()) == ([("watch", {})], [OutcomeCode.DENY])
