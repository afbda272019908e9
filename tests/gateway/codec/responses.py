"""Requests and answers of the Responses API for codec tests, in the shapes that the SDK documents."""

from typing import Any

from brightline.gateway.codec import Api, Call, decode
from tests.gateway import replies
from tests.gateway.codec.vectors import pack

WEATHER: dict[str, Any] = {"type": "function", "name": "weather", "parameters": {}, "strict": True}
CALLS = (("call_a", "weather", '{"city":"Ulm"}'), ("call_b", "fire", '{"x":1}'))
PLAIN = b"".join(replies.events("Grüße 世界 🙂"))
TOOLS = b"".join(replies.events("Let me look.", CALLS, 3))


def asked(**fields: Any) -> Call:
    return decode(Api.RESPONSES, pack({"model": "m", "input": "Hello", **fields}))


CALL = asked(stream=True, tools=[WEATHER])
PLAIN_CALL = asked(stream=True)


def stream(*documents: dict[str, Any]) -> bytes:
    return b"".join(replies.written(document) for document in documents)


def added(at: int, item: dict[str, Any], last: str = "added") -> dict[str, Any]:
    return {"type": f"response.output_item.{last}", "output_index": at, "item": item}


def ended(kind: str = "completed", **more: Any) -> dict[str, Any]:
    return {"type": f"response.{kind}", "response": replies.response(status=kind, **more)}


def asks(at: int = 0, arguments: str = "", **more: Any) -> dict[str, Any]:
    return {**replies.function_call(("call_a", "weather", arguments), at), **more}


def delta(text: str, **of: Any) -> dict[str, Any]:
    return {"type": "response.function_call_arguments.delta", **of, "delta": text}


# Reasoning told in pieces and whole, then a refusal, as OpenAI's reasoning models send them.
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm. No."}],
           "encrypted_content": "c2VhbGVk"}  # fmt: skip
REFUSAL = stream(
    added(0, {"id": "rs_1", "type": "reasoning", "summary": []}),
    {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0,
     "delta": "Hm. "},
    {"type": "response.reasoning_summary_text.delta", "item_id": "rs_1", "output_index": 0, "summary_index": 0,
     "delta": "No."},
    {"type": "response.reasoning_summary_part.done", "item_id": "rs_1", "output_index": 0, "summary_index": 0,
     "part": THOUGHT["summary"][0]},
    added(0, THOUGHT, "done"),
    added(1, {"id": "msg_1", "type": "message", "role": "assistant", "content": []}),
    {"type": "response.refusal.delta", "item_id": "msg_1", "output_index": 1, "content_index": 0,
     "delta": "I can't help."},
    {"type": "response.refusal.done", "item_id": "msg_1", "output_index": 1, "content_index": 0,
     "refusal": "I can't help."},
    ended(output=[THOUGHT, replies.message("I can't help.", 1, refusal=True)]),
)  # fmt: skip
ERROR = stream({"type": "error", "code": "server_error", "message": "secret words", "param": None})
FAILED = stream(ended("failed", output=[], error={"code": "rate_limit_exceeded", "message": "secret words"}))
CUSTOM = stream(
    added(0, {"id": "ct_1", "type": "custom_tool_call", "call_id": "call_a", "name": "weather", "input": ""}),
    {"type": "response.custom_tool_call_input.delta", "item_id": "ct_1", "output_index": 0, "delta": "Ulm, "},
    {"type": "response.custom_tool_call_input.delta", "item_id": "ct_1", "output_index": 0, "delta": "now"},
    {"type": "response.custom_tool_call_input.done", "item_id": "ct_1", "output_index": 0, "input": "Ulm, now"},
    ended(output=[{"id": "ct_1", "type": "custom_tool_call", "call_id": "call_a", "name": "weather",
                   "input": "Ulm, now"}]),
)  # fmt: skip
