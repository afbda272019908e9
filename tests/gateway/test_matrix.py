"""One decision on every path (DESIGN section 5): each case through every API, whole and streamed, arguments in one
piece or many, by the SDKs, an agent framework as it comes, and MCP: one outcome, one record, the same clauses."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple

import anthropic
import openai
import pytest
from pydantic_ai import Agent, UnexpectedModelBehavior
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.tools import Tool

from brightline.gateway.config import ToolConfig
from brightline.gateway.mcp_config import McpConfig
from brightline.gateway.tools import digest_of
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Kind, OutcomeCode
from tests.gateway.calling import CHAT, CLAUSES, MESSAGES, RESPONSES, Asks, calling, definition, registered
from tests.gateway.mcp.scripted import Scripted, over_http
from tests.gateway.mcp.stage import KINDS, client, mcp_stage
from tests.gateway.stage import KEY, MODEL, Stage, stage

GO: Any = [{"role": "user", "content": "Go."}]
ARGUMENTS = {"track": 7}
PIECES = (1, 1 << 20)


class Case(NamedTuple):
    tool: str
    outcome: OutcomeCode
    clauses: tuple[str, ...]


CASES = (
    Case("look", OutcomeCode.PERMIT, ("T1",)),
    Case("watch", OutcomeCode.DENY, ("T5",)),
    Case("effector.engage", OutcomeCode.HOLD, ("T6",)),
    Case("profile", OutcomeCode.HOLD, ("T3",)),
    Case("look2", OutcomeCode.DENY, ()),  # not registered
)
EVERY = [case.tool for case in CASES]
TOOLS = {
    **registered("look", "watch", "effector.engage"),
    "profile": ToolConfig("profile", digest_of(definition("profile", MESSAGES)), *KINDS["profile"][1:], "surv.profile"),
}


def tools_of(path: str) -> dict[str, ToolConfig]:
    """The tools as they are registered. The framework closes each schema before it offers it: another definition, which
    has a digest of its own and is drifted where the plain one is registered."""
    if path != "framework":
        return TOOLS
    made = {n: definition(n, MESSAGES) for n in TOOLS}
    closed = {n: d | {"input_schema": d["input_schema"] | {"additionalProperties": False}} for n, d in made.items()}
    return {n: replace(tool, definition=digest_of(closed[n])) for n, tool in TOOLS.items()}


def recorded(s: Stage) -> tuple[OutcomeCode, tuple[str, ...], dict[str, str]]:
    """(outcome, clauses, private fields) of the one tool call in the record."""
    rank = {r: i for i, r in s.exchange.standing.pack.terms.rank.items()}
    kept = [e for e in s.recorder.entries if e.kind != Kind.COUNTERS]
    ((draft, entry),) = [
        (d, e)
        for d, e in zip(s.recorder.drafts, kept, strict=True)
        if isinstance(d.body, DecisionBody) and d.body.act != Act.MODEL_CALL
    ]
    clauses = tuple(rank[i] for i in range(len(rank)) if entry.clauses >> i & 1)
    fields = {n: v.decode() for n, v in draft.fields}
    return OutcomeCode(entry.outcome), clauses, fields


async def by_chat(url: str, *, stream: bool) -> list[str]:
    tools: Any = [definition(n, CHAT) for n in EVERY]
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as c:
        asked: Any = {"model": MODEL, "messages": GO, "tools": tools}
        if stream:
            async with c.chat.completions.stream(**asked) as events:
                async for _ in events:
                    pass
                said: Any = await events.get_final_completion()
        else:
            said = await c.chat.completions.create(**asked)
    return [t.function.name for t in said.choices[0].message.tool_calls or ()]


async def by_responses(url: str, *, stream: bool) -> list[str]:
    tools: Any = [definition(n, RESPONSES) for n in EVERY]
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as c:
        asked: Any = {"model": MODEL, "input": GO, "tools": tools}
        if stream:
            async with c.responses.stream(**asked) as events:
                async for _ in events:
                    pass
                said: Any = await events.get_final_response()
        else:
            said = await c.responses.create(**asked)
    return [item.name for item in said.output if item.type == "function_call"]


async def by_messages(url: str, *, stream: bool) -> list[str]:
    tools: Any = [definition(n, MESSAGES) for n in EVERY]
    async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY, max_retries=0) as c:
        asked: Any = {"model": MODEL, "max_tokens": 99, "messages": GO, "tools": tools}
        if stream:
            async with c.messages.stream(**asked) as events:
                said: Any = await events.get_final_message()
        else:
            said = await c.messages.create(**asked)
    return [b.name for b in said.content if b.type == "tool_use"]


class Ran(Exception):  # noqa: N818 - no error: what ends the agent once it has run a tool
    """The framework ran this tool."""


async def by_framework(url: str, *, stream: bool) -> list[str]:
    """An agent of pydantic-ai, which runs the tools that it is given by itself."""

    def tool(name: str) -> Tool[None]:
        async def run(**_: Any) -> str:
            raise Ran(name)

        schema = definition(name, MESSAGES)["input_schema"]
        return Tool.from_schema(run, name=name, description="Does it.", json_schema=schema)

    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as c:
        provider = OpenAIProvider(openai_client=c)
        agent = Agent(OpenAIChatModel(MODEL, provider=provider), tools=[tool(n) for n in EVERY], retries=0)
        try:
            if stream:
                async with agent.run_stream("Go.") as run:
                    await run.get_output()
            else:
                await agent.run("Go.")
        except Ran as ran:
            return [str(ran)]
    return []


PATHS: dict[str, Callable[..., Awaitable[list[str]]]] = {
    "chat": by_chat,
    "responses": by_responses,
    "messages": by_messages,
    "framework": by_framework,
}
REFUSED = (openai.APIError, anthropic.APIError, ModelAPIError, UnexpectedModelBehavior)


@pytest.mark.parametrize("case", CASES, ids=EVERY)
@pytest.mark.parametrize("piece", PIECES, ids=["by the letter", "whole"])
@pytest.mark.parametrize("stream", [False, True], ids=["", "streamed"])
@pytest.mark.parametrize("path", PATHS)
async def test_one_decision_on_every_path(path: str, stream: bool, piece: int, case: Case) -> None:
    script = calling(Asks("call_1", case.tool, json.dumps(ARGUMENTS)), piece=piece, cut=7 if piece == 1 else 1 << 20)
    async with stage(script, terms=CLAUSES, tools=tools_of(path)) as s:
        try:
            ran = await PATHS[path](s.url, stream=stream)
        except REFUSED:
            assert case.outcome is OutcomeCode.HOLD, "a denial leaves an answer"
            ran = []
        outcome, clauses, fields = recorded(s)
    assert (outcome, clauses) == (case.outcome, case.clauses)
    assert (fields["tool"], json.loads(fields["content"])) == (case.tool, ARGUMENTS)
    assert ran == ([case.tool] if case.outcome is OutcomeCode.PERMIT else [])


@pytest.mark.parametrize("case", CASES, ids=EVERY)
@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_same_by_mcp(mode: str, case: Case) -> None:
    scripted = Scripted()
    async with over_http(scripted) as url, mcp_stage_of(url) as (s, behind), client(behind, mode=mode) as c:
        result = await c.call_tool(case.tool, ARGUMENTS)
        outcome, clauses, fields = recorded(s)
    assert (outcome, clauses) == (case.outcome, case.clauses)
    assert (fields["tool"], json.loads(fields["content"])) == (case.tool, ARGUMENTS)
    assert result.is_error is (case.outcome is not OutcomeCode.PERMIT)
    assert [n for n, _ in scripted.calls] == ([case.tool] if case.outcome is OutcomeCode.PERMIT else [])


def mcp_stage_of(url: str) -> Any:
    """A gateway with the tools of this matrix, in front of the server there."""
    return mcp_stage(McpConfig(url=url), tools=TOOLS)
