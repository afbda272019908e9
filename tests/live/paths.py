"""Every way to ask a gateway: the APIs by the vendors' SDKs, whole and streamed, agents of a framework, and MCP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
from pydantic_ai import Agent, UnexpectedModelBehavior
from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.tools import Tool

from tests.gateway.calling import CHAT, MESSAGES, RESPONSES, definition
from tests.gateway.mcp.stage import client
from tests.live.stage import API_KEY, MODEL

REFUSED = (openai.APIError, anthropic.APIError, ModelAPIError, UnexpectedModelBehavior)
Ran = list[tuple[str, dict[str, Any]]]
"""The tools that the agent got to run, with their arguments."""


@dataclass(frozen=True)
class Asked:
    """One use: what is said under a purpose, and the tools that are offered."""

    text: str = "Go."
    purpose: str = "permit"
    tools: Sequence[str] = ()

    def offered(self, path: str) -> Any:
        return [closed(name, path) for name in self.tools]

    @property
    def headers(self) -> dict[str, str]:
        return {"Brightline-Purpose": self.purpose}

    @property
    def turns(self) -> Any:
        return [{"role": "user", "content": self.text}]


def closed(name: str, path: str) -> dict[str, Any]:
    """A tool's definition, with its schema closed as the framework closes each: one definition on every path."""
    made = definition(name, path)
    inner = made["function"] if path == CHAT else made
    key = "input_schema" if path == MESSAGES else "parameters"
    inner[key] = inner[key] | {"additionalProperties": False}
    return made


@dataclass(frozen=True)
class Clients:
    url: str
    openai: openai.AsyncOpenAI
    anthropic: anthropic.AsyncAnthropic


@asynccontextmanager
async def clients(url: str) -> AsyncIterator[Clients]:
    # Over plain HTTP there is nothing to verify, and loading the authorities takes most of a second.
    async with (
        openai.DefaultAsyncHttpxClient(verify=False) as one,
        anthropic.DefaultAsyncHttpxClient(verify=False) as two,
    ):
        yield Clients(
            url,
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=API_KEY, max_retries=0, http_client=one),
            anthropic.AsyncAnthropic(base_url=url, api_key=API_KEY, max_retries=0, http_client=two),
        )


async def chat(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    more: Any = {"model": MODEL, "messages": asked.turns, "extra_headers": asked.headers}
    more |= {"tools": asked.offered(CHAT)} if asked.tools else {}
    if stream:
        async with c.openai.chat.completions.stream(**more) as events:
            async for _ in events:
                pass
            said: Any = await events.get_final_completion()
    else:
        said = await c.openai.chat.completions.create(**more)
    return [(t.function.name, json.loads(t.function.arguments)) for t in said.choices[0].message.tool_calls or ()]


async def responses(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    more: Any = {"model": MODEL, "input": asked.turns, "extra_headers": asked.headers}
    more |= {"tools": asked.offered(RESPONSES)} if asked.tools else {}
    if stream:
        async with c.openai.responses.stream(**more) as events:
            async for _ in events:
                pass
            said: Any = await events.get_final_response()
    else:
        said = await c.openai.responses.create(**more)
    return [(i.name, json.loads(i.arguments)) for i in said.output if i.type == "function_call"]


async def messages(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    more: Any = {"model": MODEL, "max_tokens": 99, "messages": asked.turns, "extra_headers": asked.headers}
    more |= {"tools": asked.offered(MESSAGES)} if asked.tools else {}
    if stream:
        async with c.anthropic.messages.stream(**more) as events:
            said: Any = await events.get_final_message()
    else:
        said = await c.anthropic.messages.create(**more)
    return [(b.name, b.input) for b in said.content if b.type == "tool_use"]


async def completions(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    more: Any = {"model": MODEL, "prompt": asked.text, "extra_headers": asked.headers}
    if stream:
        async for _ in await c.openai.completions.create(stream=True, **more):
            pass
    else:
        await c.openai.completions.create(**more)
    return []


async def embeddings(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    assert not stream
    await c.openai.embeddings.create(model=MODEL, input=[asked.text], extra_headers=asked.headers)
    return []


async def count_tokens(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    assert not stream
    await c.anthropic.messages.count_tokens(model=MODEL, messages=asked.turns, extra_headers=asked.headers)
    return []


class RanError(Exception):
    """Ends an agent of the framework once it has run a tool."""


async def framework(c: Clients, asked: Asked, *, stream: bool, model: Any = OpenAIChatModel) -> Ran:
    """An agent of pydantic-ai, which runs by itself the tools that it is given."""
    ran: Ran = []

    def tool(name: str) -> Tool[None]:
        async def run(**arguments: Any) -> str:
            ran.append((name, arguments))
            raise RanError

        schema = definition(name, MESSAGES)["input_schema"]
        return Tool.from_schema(run, name=name, description="Does it.", json_schema=schema)

    agent: Any = Agent(
        model(MODEL, provider=OpenAIProvider(openai_client=c.openai)),
        tools=[tool(name) for name in asked.tools],
        retries=0,
        model_settings={"extra_headers": asked.headers},
    )
    try:
        if stream:
            async with agent.run_stream(asked.text) as run:
                await run.get_output()
        else:
            await agent.run(asked.text)
    except RanError:
        assert ran
    return ran


async def framework_responses(c: Clients, asked: Asked, *, stream: bool) -> Ran:
    return await framework(c, asked, stream=stream, model=OpenAIResponsesModel)


async def by_mcp(c: Clients, asked: Asked, tool: str, arguments: dict[str, Any]) -> bool:
    """Call a tool of the MCP server `bus`: whether it ran."""
    async with client(f"{c.url}/mcp/bus", key=API_KEY, purpose=asked.purpose) as made:
        return not (await made.call_tool(tool, arguments)).is_error


Path = Callable[..., Awaitable[Ran]]
WITH_TOOLS: dict[str, Path] = {
    "chat": chat,
    "responses": responses,
    "messages": messages,
    "framework": framework,
    "framework, responses": framework_responses,
}
EVERY: dict[str, Path] = {**WITH_TOOLS, "completions": completions, "embeddings": embeddings, "count": count_tokens}
STREAMED = tuple(name for name in EVERY if name not in ("embeddings", "count"))
