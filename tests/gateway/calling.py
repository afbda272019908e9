"""Tools, and models that call them: the same calls on both APIs, whole or streamed, in pieces of any size."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from brightline.gateway.config import ToolConfig
from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from tests.gateway import replies, scripts
from tests.gateway.stage import MODEL, TERMS, Script

CHAT, MESSAGES, RESPONSES = "/v1/chat/completions", "/v1/messages", "/v1/responses"
CLAUSES = (
    TERMS
    + """
@id("T6") @title("No shot without its operator") @text("Who chose the target approves each shot.") @source("test")
forbid (principal, action == Action::"weapon.engage", resource) unless { context.approvals.contains("operator") };
@id("T7") @title("Tools are as registered") @text("No tool runs that was rewired.") @source("test")
forbid (principal, action in Action::"weapon", resource) when { context.integrity == "drifted" };
"""
)
GO = [{"role": "user", "content": "Go."}]
SCHEMA = {"type": "object", "properties": {"track": {"type": "number", "minimum": 0.5}}}
ACTIVITIES = {
    "look": ("gen.office", "none", "read", "plan"),
    "effector.engage": ("weapon.engage", "kinetic", "act", "execute"),
    "watch": ("surv.dissent", "informational", "read", "execute"),
    "sift": ("surv.bulk_analysis", "informational", "read", "plan"),
}


class Asks(NamedTuple):
    """A call that the model asks for."""

    id: str
    name: str
    arguments: str


LOOK = Asks("call_1", "look", '{"track": 7, "note": "größer 🙂"}')
ENGAGE = Asks("call_2", "effector.engage", '{"track": 7}')
WATCH = Asks("call_3", "watch", '{"who": "a named person"}')
SIFT = Asks("call_4", "sift", "{}")


def definition(name: str, path: str, description: str = "Does it.") -> dict[str, Any]:
    """A tool as a request of this API offers it."""
    if path == MESSAGES:
        return {"name": name, "description": description, "input_schema": SCHEMA}
    function = {"name": name, "description": description, "parameters": SCHEMA}
    return {"type": "function", **function} if path == RESPONSES else {"type": "function", "function": function}


def registered(*names: str) -> dict[str, ToolConfig]:
    """These tools, as the customer registered them."""
    return {
        name: ToolConfig(name, digest_of(definition(name, MESSAGES)), effect, actuation, phase, activity)
        for name in names or ACTIVITIES
        for activity, effect, actuation, phase in [ACTIVITIES[name]]
    }


def asked(path: str, *, stream: bool, tools: Sequence[str] = tuple(ACTIVITIES), **more: Any) -> bytes:
    """A call that offers tools."""
    body: dict[str, Any] = {"model": MODEL, "input" if path == RESPONSES else "messages": GO}
    body |= {"tools": [definition(name, path) for name in tools]} | ({"max_tokens": 99} if path == MESSAGES else {})
    return json.dumps(body | ({"stream": True} if stream else {}) | more).encode()


def calling(*calls: Asks, text: str = "Let me see.", piece: int = 1 << 20, cut: int = 1 << 20) -> Script:
    """A model that says `text` and asks for these calls: arguments in pieces of `piece` characters, the bytes of its
    answer in chunks of `cut`."""

    async def script(request: Request, reply: Reply) -> None:
        path = request.path.decode()
        if not json.loads(request.body).get("stream"):
            reply.send(200, scripts.JSON, json.dumps(WHOLE[path](calls, text)).encode())
            return
        answer = b"".join(EVENTS[path](calls, text, piece))
        reply.start(200, scripts.SSE)
        for at in range(0, len(answer), cut):
            await reply.write(answer[at : at + cut])
        reply.end()

    return script


def whole_chat(calls: Sequence[Asks], text: str) -> dict[str, Any]:
    made = [{"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.arguments}} for c in calls]
    return scripts.chat(text, message={"tool_calls": made}, finish_reason="tool_calls")


def whole_message(calls: Sequence[Asks], text: str) -> dict[str, Any]:
    document = scripts.message(text, "tool_use")
    document["content"] += [
        {"type": "tool_use", "id": c.id, "name": c.name, "input": json.loads(c.arguments)} for c in calls
    ]
    return document


def chat_events(calls: Sequence[Asks], text: str, piece: int) -> list[bytes]:
    first, *middle, end, usage, done = scripts.chat_events(text)
    del middle
    chunk = json.loads(first[6:])

    def event(delta: dict[str, Any]) -> bytes:
        return b"data: " + json.dumps(chunk | {"choices": [{"index": 0, "delta": delta}]}).encode() + b"\n\n"

    out = [first, event({"content": text})]
    for i, call in enumerate(calls):
        begun = {"index": i, "id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
        out.append(event({"tool_calls": [begun]}))
        for at in range(0, len(call.arguments), piece):
            part = {"index": i, "function": {"arguments": call.arguments[at : at + piece]}}
            out.append(event({"tool_calls": [part]}))
    return [*out, end.replace(b'"stop"', b'"tool_calls"'), usage, done]


def message_events(calls: Sequence[Asks], text: str, piece: int) -> list[bytes]:
    start, *_, delta, stop = scripts.message_events(text, "tool_use")

    def event(index: int, kind: str, **more: Any) -> bytes:
        document = {"type": f"content_block_{kind}", "index": index, **more}
        return f"event: content_block_{kind}\ndata: {json.dumps(document)}\n\n".encode()

    out = [
        start,
        event(0, "start", content_block={"type": "text", "text": ""}),
        event(0, "delta", delta={"type": "text_delta", "text": text}),
        event(0, "stop"),
    ]
    for i, call in enumerate(calls, 1):
        block = {"type": "tool_use", "id": call.id, "name": call.name, "input": {}}
        out.append(event(i, "start", content_block=block))
        for at in range(0, len(call.arguments), piece):
            part = {"type": "input_json_delta", "partial_json": call.arguments[at : at + piece]}
            out.append(event(i, "delta", delta=part))
        out.append(event(i, "stop"))
    return [*out, delta, stop]


WHOLE: dict[str, Any] = {
    CHAT: whole_chat,
    MESSAGES: whole_message,
    RESPONSES: lambda calls, text: replies.response(text, calls),
}
EVENTS: dict[str, Any] = {
    CHAT: chat_events,
    MESSAGES: message_events,
    RESPONSES: lambda calls, text, piece: replies.events(text, calls, piece),
}
