"""Tool calls through the vendors' own SDKs, a real `brightline serve` between: an agent's loop, and what is left of it
in evidence that verifies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest

from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from brightline.record import body as bodies
from brightline.record.body import Act, DecisionBody
from brightline.record.entry import Entry, Flag, Kind, OutcomeCode
from tests.gateway import scripts
from tests.gateway.calling import CHAT, LOOK, MESSAGES, RESPONSES, WATCH, Asks, calling, definition
from tests.live.clients import anthropic_client, openai_client, settled
from tests.live.stage import MODEL, Site, make_site, serving, upstream

PROFILE = Asks("call_5", "profile", '{"who": 1}')
TOOLS = {"look": "gen.office", "watch": "surv.dissent", "profile": "surv.profile"}
GO: Any = [{"role": "user", "content": "Go."}]


def site_with_tools(folder: Path, url: str) -> Site:
    tables = [
        f'[tools."{name}"]\ndefinition = "{digest_of(definition(name, MESSAGES))}"\n'
        f'effect = "informational"\nactuation = "read"\nphase = "plan"\nactivity = "{activity}"\n'
        for name, activity in TOOLS.items()
    ]
    return make_site(folder, url, actor="\n".join(["", *tables]))


async def model(request: Request, reply: Reply) -> None:
    """Looks and watches first; with the result of the one it has left, it answers. Asked to profile, it does."""
    body = request.body
    if any(word in body for word in (b"tool_call_id", b"tool_result", b"function_call_output")):
        await scripts.model(request, reply)
    elif b"Profile" in body:
        await calling(LOOK, PROFILE, piece=1)(request, reply)
    else:
        await calling(WATCH, LOOK, piece=1, cut=7)(request, reply)


async def chat_agent(url: str, *, stream: bool) -> tuple[str, Any, str]:
    """One round of a chat agent: what it was told, the calls that it ran, the last answer."""
    tools: Any = [definition(name, CHAT) for name in TOOLS]
    async with openai_client(url) as client:
        if stream:
            async with client.chat.completions.stream(model=MODEL, messages=GO, tools=tools) as events:
                async for _ in events:
                    pass
                said: Any = (await events.get_final_completion()).choices[0]
        else:
            said = (await client.chat.completions.create(model=MODEL, messages=GO, tools=tools)).choices[0]
        assert said.finish_reason == "tool_calls"
        calls = [(c.function.name, json.loads(c.function.arguments)) for c in said.message.tool_calls]
        results: Any = [{"role": "tool", "tool_call_id": c.id, "content": "4"} for c in said.message.tool_calls]
        sent = said.message.model_dump(exclude_none=True, exclude={"parsed"})
        for call in sent["tool_calls"]:
            call["function"].pop("parsed_arguments", None)
        ended = await client.chat.completions.create(model=MODEL, messages=[*GO, sent, *results], tools=tools)
        return said.message.content, calls, ended.choices[0].message.content or ""


async def responses_agent(url: str, *, stream: bool) -> tuple[str, Any, str]:
    """The same through the Responses API, which tells text and calls as items of one output."""
    tools: Any = [definition(name, RESPONSES) for name in TOOLS]
    async with openai_client(url) as client:
        if stream:
            async with client.responses.stream(model=MODEL, input=GO, tools=tools) as events:
                async for _ in events:
                    pass
                said: Any = await events.get_final_response()
        else:
            said = await client.responses.create(model=MODEL, input=GO, tools=tools)
        made = [item for item in said.output if item.type == "function_call"]
        results: Any = [{"type": "function_call_output", "call_id": c.call_id, "output": "4"} for c in made]
        sent = [item.model_dump(exclude_none=True, exclude={"parsed_arguments", "parsed"}) for item in said.output]
        for item in sent:
            for part in item.get("content", ()):
                part.pop("parsed", None)
        ended = await client.responses.create(model=MODEL, input=[*GO, *sent, *results], tools=tools)
        text = "\n\n".join(item.content[0].text for item in said.output if item.type == "message")
        return text, [(c.name, json.loads(c.arguments)) for c in made], ended.output_text


async def messages_agent(url: str, *, stream: bool) -> tuple[str, Any, str]:
    """The same through the other SDK."""
    tools: Any = [definition(name, MESSAGES) for name in TOOLS]
    asked: Any = {"model": MODEL, "max_tokens": 99, "tools": tools}
    async with anthropic_client(url) as client:
        if stream:
            async with client.messages.stream(messages=GO, **asked) as events:
                said: Any = await events.get_final_message()
        else:
            said = await client.messages.create(messages=GO, **asked)
        assert said.stop_reason == "tool_use"
        uses = [b for b in said.content if b.type == "tool_use"]
        results: Any = [{"type": "tool_result", "tool_use_id": b.id, "content": "4"} for b in uses]
        history = [*GO, {"role": "assistant", "content": said.content}, {"role": "user", "content": results}]
        ended: Any = await client.messages.create(messages=history, **asked)
        text = "\n\n".join(b.text for b in said.content if b.type == "text")
        return text, [(b.name, b.input) for b in uses], ended.content[0].text


AGENTS = (chat_agent, responses_agent, messages_agent)


def tool_calls(entries: list[Entry]) -> list[tuple[Entry, DecisionBody]]:
    found = [(e, bodies.unpack(Kind.DECISION, e.body)) for e in entries if e.kind == Kind.DECISION]
    return [(e, b) for e, b in found if isinstance(b, DecisionBody) and b.act == Act.TOOL_CALL]


async def test_an_agents_loop_through_every_api_leaves_one_record(tmp_path: Path) -> None:
    async with upstream(model) as (url, _):
        site = site_with_tools(tmp_path / "site", url)
        async with serving(site) as gateway:
            told = [await agent(gateway.url, stream=s) for agent in AGENTS for s in (False, True)]
            for text, calls, ended in told:
                assert calls == [("look", json.loads(LOOK.arguments))]
                assert text.startswith("Let me see.\n\n[Brightline] The tool call watch was not released")
                assert "T5, No dissent: Nobody is watched for speech." in text
                assert ended == scripts.TEXT
            assert await gateway.stop() == 0
        entries = site.entries()
        made = tool_calls(entries)
        assert [e.outcome for e, _ in made] == [OutcomeCode.DENY, OutcomeCode.PERMIT] * 2 * len(AGENTS)
        assert len({(e.activity, e.outcome, e.clauses, e.flags & ~Flag.STREAMED & ~Flag.SAMPLED) for e, _ in made}) == 2
        for entry, body in made:
            parent = entries[body.parent]
            assert (parent.kind, parent.outcome) == (Kind.DECISION, OutcomeCode.PERMIT)
            assert body.parent < entry.sequence
        ends = settled(entries)
        assert {e.sequence in ends for e, _ in made if e.outcome == OutcomeCode.PERMIT} == {True}
        assert site.verified("b.zip")["verified"]


@pytest.mark.parametrize("stream", [False, True])
async def test_a_held_call_raises_what_the_sdks_raise(tmp_path: Path, stream: bool) -> None:
    profile: Any = [{"role": "user", "content": "Profile."}]
    async with upstream(model) as (url, _):
        site = site_with_tools(tmp_path / "site", url)
        async with serving(site) as gateway:
            tools: Any = [definition(name, CHAT) for name in TOOLS]
            async with openai_client(gateway.url) as client:
                with pytest.raises(openai.APIError) as raised:
                    await _drain(
                        await client.chat.completions.create(model=MODEL, messages=profile, tools=tools, stream=stream)
                    )
            body: Any = raised.value.body
            assert body["code"] == "use_held"
            assert body["brightline"]["tool_calls"][1]["tool"] == "profile"
            flat: Any = [definition(name, RESPONSES) for name in TOOLS]
            async with openai_client(gateway.url) as client:
                with pytest.raises(openai.APIError) as raised:
                    await _drain(await client.responses.create(model=MODEL, input=profile, tools=flat, stream=stream))
            assert raised.value.body["code"] == "use_held"  # type: ignore[index]  # an object
            tools = [definition(name, MESSAGES) for name in TOOLS]
            async with anthropic_client(gateway.url) as client_:
                with pytest.raises(anthropic.APIStatusError) as refused:
                    await _drain(
                        await client_.messages.create(
                            model=MODEL, max_tokens=9, messages=profile, tools=tools, stream=stream
                        )
                    )
            shown: Any = refused.value.body
            assert shown["brightline"]["needs"][0]["approvals"] == ["privacy_officer"]
            assert await gateway.stop() == 0
        assert [e.outcome for e, _ in tool_calls(site.entries())] == [OutcomeCode.PERMIT, OutcomeCode.HOLD] * 3
        assert site.verified("b.zip")["verified"]


async def _drain(answer: Any) -> None:
    if hasattr(answer, "__aiter__"):
        async for _ in answer:
            pass
