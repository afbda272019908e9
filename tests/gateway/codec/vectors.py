"""Answers that codec tests read: real captures of the embedded engine, and the shapes that the SDKs document."""

import http.client
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from brightline.gateway.codec import Answer, Api, Call, decode, reading

CAPTURES = Path(__file__).parents[1] / "captures"
CUT = b"\n-----8<----- answer -----8<-----\n"
SSE = "text/event-stream"


@dataclass(frozen=True)
class Capture:
    """One exchange with the embedded engine: the body sent, and what came back."""

    path: str
    sent: bytes
    status: int
    content_type: str
    body: bytes


class _Socket(io.BytesIO):
    def makefile(self, _mode: str) -> "_Socket":
        return self


def capture(name: str) -> Capture:
    request, cut, answer = (CAPTURES / f"{name}.txt").read_bytes().partition(CUT)
    assert cut, name
    head, _, sent = request.partition(b"\r\n\r\n")
    response = http.client.HTTPResponse(_Socket(answer))  # type: ignore[arg-type]
    response.begin()
    return Capture(
        head.split(b" ")[1].decode(), sent, response.status, response.headers["content-type"] or "", response.read()
    )


def pack(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def chat_events(chunks: Iterable[Any], *, done: bool = True) -> bytes:
    lines = [b"data: " + pack(chunk) + b"\n\n" for chunk in chunks]
    return b"".join([*lines, b"data: [DONE]\n\n"] if done else lines)


def message_events(events: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(b"event: " + e["type"].encode() + b"\ndata: " + pack(e) + b"\n\n" for e in events)


def chunk(delta: dict[str, Any] | None, finish: str | None = None, index: int = 0, **more: Any) -> dict[str, Any]:
    choices = [] if delta is None else [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1795438353,
        "model": "m",
        "choices": choices,
        **more,
    }


USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "total_tokens": 17}

# OpenAI's own stream with include_usage: every chunk says "usage": null, then the extra one.
CHAT = chat_events([
    chunk({"role": "assistant", "content": "", "refusal": None}, usage=None, obfuscation="aB"),
    chunk({"content": "Grüße"}, usage=None, obfuscation="c"),
    chunk({"content": " 世界 🙂"}, usage=None, obfuscation="dEf"),
    chunk({}, "stop", usage=None, obfuscation="g"),
    chunk(None, usage=USAGE, obfuscation="h"),
])  # fmt: skip


def asks(index: int, arguments: str, name: str | None = None, **more: str) -> dict[str, Any]:
    function = {"arguments": arguments} if name is None else {"name": name, "arguments": arguments}
    return {"index": index, **more, "function": function}


# Two tool calls in parallel, arguments in pieces, after some text.
CHAT_TOOLS = chat_events([
    chunk({"role": "assistant", "content": "Let me look."}),
    chunk({"tool_calls": [asks(0, "", "weather", id="call_a", type="function")]}),
    chunk({"tool_calls": [asks(0, '{"ci')]}),
    chunk({"tool_calls": [asks(1, "", "fire", id="call_b", type="function")]}),
    chunk({"tool_calls": [asks(1, '{"x":1}'), asks(0, 'ty":"Ulm"}')]}),
    chunk({}, "tool_calls"),
    chunk(None, usage=USAGE),
])  # fmt: skip
CHAT_REFUSAL = chat_events([
    chunk({"role": "assistant", "refusal": "I can't"}),
    chunk({"refusal": " help with that."}),
    chunk({}, "stop"),
    chunk(None, usage=USAGE),
])  # fmt: skip
CHAT_ERROR = chat_events(
    [chunk({"content": "Half"}), {"error": {"message": "secret words", "type": "server_error", "code": 500}}],
    done=False,
)

START = {
    "type": "message_start",
    "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "content": [], "model": "m", "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 9, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 1, "output_tokens": 1,
        },
    },
}  # fmt: skip


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def stop(reason: str, output: int = 5, **more: Any) -> list[dict[str, Any]]:
    delta = {"stop_reason": reason, "stop_sequence": None, **more}
    return [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": output}}, {"type": "message_stop"}]


# Thinking, text and two tool calls of Anthropic's own stream, with a ping and a comment between.
MESSAGES = (
    message_events([START, {"type": "ping"}])
    + b": keep-alive\n\n"
    + message_events([
        *block(0, {"type": "thinking", "thinking": "", "signature": ""}, {"type": "thinking_delta", "thinking": "Hm. "},
               {"type": "signature_delta", "signature": "c2ln"}),
        *block(1, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Grüße"},
               {"type": "text_delta", "text": " 世界 🙂"}),
        *block(2, {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": {}},
               {"type": "input_json_delta", "partial_json": ""}, {"type": "input_json_delta", "partial_json": '{"ci'},
               {"type": "input_json_delta", "partial_json": 'ty":"Ulm"}'}),
        *block(3, {"type": "server_tool_use", "id": "srv_b", "name": "web_search", "input": {}},
               {"type": "input_json_delta", "partial_json": '{"query":"x"}'}),
        *stop("tool_use"),
    ])
)  # fmt: skip
MESSAGES_REFUSAL = message_events([
    START,
    *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "I can't help."}),
    *stop("refusal", stop_details={"type": "refusal", "category": None, "explanation": None}),
])  # fmt: skip
MESSAGES_ERROR = message_events([
    START,
    *block(0, {"type": "text", "text": ""}, {"type": "text_delta", "text": "Half"}),
    {"type": "error", "error": {"type": "overloaded_error", "message": "secret words"}},
])  # fmt: skip


CONVERSED = [Api.CHAT, Api.MESSAGES, Api.RESPONSES, Api.COUNT_TOKENS]  # those with turns of several speakers


def asking(api: Api, turns: Any = "x", **fields: Any) -> dict[str, Any]:
    """A request of any API with this conversation; a text is one user's turn."""
    if api not in (Api.COMPLETIONS, Api.EMBEDDINGS) and type(turns) is str:
        turns = [{"role": "user", "content": turns}]
    return {"model": "m", api.spoken[0]: turns, **fields}


ASKED = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}
CHAT_TOOL: dict[str, Any] = {"tools": [{"type": "function", "function": {"name": "weather"}}]}
CHAT_CALL = decode(Api.CHAT, pack(ASKED | CHAT_TOOL))
CHAT_USAGE_CALL = decode(Api.CHAT, pack({**ASKED, **CHAT_TOOL, "stream_options": {"include_usage": True}}))
MESSAGES_CALL = decode(Api.MESSAGES, pack({**ASKED, "tools": [{"name": "weather", "input_schema": {}}]}))
CHAT_PLAIN_CALL = decode(Api.CHAT, pack(ASKED))  # no tool is offered
MESSAGES_PLAIN_CALL = decode(Api.MESSAGES, pack(ASKED))


def read(
    call: Call, chunks: Iterable[bytes], content_type: str = SSE, *, whole: bool = True
) -> tuple[bytes, bytes, Answer]:
    """What left at once, what was held, and the answer."""
    now = reading(call, content_type)
    passed = b"".join(now.feed(chunk) for chunk in chunks)
    held = now.finish(whole=whole)
    return passed, held, now.answer()
