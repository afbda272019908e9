"""What scripted upstreams answer, in the shapes of real ones (tests/gateway/captures)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from brightline.gateway.wire import Reply, Request
from tests.gateway import replies

JSON = [(b"content-type", b"application/json"), (b"x-request-id", b"up-1")]
SSE = [(b"content-type", b"text/event-stream")]
TEXT = "Rosters matter."


def chat(text: str = TEXT, **choice: Any) -> dict[str, Any]:
    message = {"role": "assistant", "content": text} | choice.pop("message", {})
    return {
        "id": "c1",
        "object": "chat.completion",
        "created": 1,
        "model": "tiny-on-upstream",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14},
    }


def message(text: str = TEXT, stop_reason: str = "end_turn") -> dict[str, Any]:
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "tiny-on-upstream",
        "content": [{"type": "text", "text": text}],
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": {"input_tokens": 11, "output_tokens": 3},
    }


def chat_events(text: str = TEXT, *, usage: bool = True) -> list[bytes]:
    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "tiny", "choices": [choice]}

    documents: list[dict[str, Any]] = [chunk({"role": "assistant", "content": ""})]
    documents += [chunk({"content": word}) for word in text.split(" ")]
    documents.append(chunk({}, "stop"))
    if usage:
        totals = {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}
        documents.append(chunk({}) | {"choices": [], "usage": totals})
    return [b"data: " + json.dumps(d).encode() + b"\n\n" for d in documents] + [b"data: [DONE]\n\n"]


def message_events(text: str = TEXT, stop_reason: str = "end_turn") -> list[bytes]:
    start = message("", "end_turn") | {"content": [], "stop_reason": None}
    documents: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    ]
    documents += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": word}}
        for word in text.split(" ")
    ]
    documents += [
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, "stop_sequence": None},
            "usage": {"input_tokens": 11, "output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    return [f"event: {d['type']}\ndata: {json.dumps(d)}\n\n".encode() for d in documents]


WHOLE: dict[bytes, Any] = {
    b"/v1/chat/completions": chat,
    b"/v1/messages": message,
    b"/v1/responses": replies.response,
    b"/v1/completions": replies.completion,
    b"/v1/embeddings": replies.embeddings,
    b"/v1/messages/count_tokens": lambda: {"input_tokens": 11},
}
EVENTS: dict[bytes, Any] = {
    b"/v1/chat/completions": chat_events,
    b"/v1/messages": message_events,
    b"/v1/responses": replies.events,
    b"/v1/completions": replies.completion_events,
}


async def model(request: Request, reply: Reply) -> None:
    """A well-behaved model on every API, streamed where asked."""
    if json.loads(request.body).get("stream"):
        reply.start(200, SSE)
        for event in EVENTS[request.path]():
            await reply.write(event)
            await asyncio.sleep(0)
        reply.end()
    else:
        reply.send(200, JSON, json.dumps(WHOLE[request.path]()).encode())


async def dies(request: Request, reply: Reply) -> None:
    """Streams three events and then breaks off."""
    reply.start(200, SSE)
    for event in EVENTS[request.path]()[:3]:
        await reply.write(event)
        await asyncio.sleep(0.01)
    raise ConnectionResetError("scripted")


async def refuses(request: Request, reply: Reply) -> None:
    """The model itself declines."""
    match request.path:
        case b"/v1/chat/completions":
            document = chat("", message={"content": None, "refusal": "I will not."})
        case b"/v1/responses":
            document = replies.response(output=[replies.message("I will not.", refusal=True)])
        case _:
            document = message("", "refusal")
    reply.send(200, JSON, json.dumps(document).encode())


async def overloaded(request: Request, reply: Reply) -> None:
    """An error of the upstream, in OpenAI's shape whatever was asked."""
    document = {"error": {"message": "too many slots", "type": "server_error", "param": None, "code": "overloaded"}}
    reply.send(429, JSON, json.dumps(document).encode())


async def hangs(request: Request, reply: Reply) -> None:
    """Begins an answer and never ends it."""
    reply.start(200, SSE)
    await reply.write(chat_events()[0])
    await asyncio.sleep(60)
