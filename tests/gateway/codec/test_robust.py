"""Whatever comes, from a client or from a model server: a value or our own error, never another exception."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError, UpstreamError
from brightline.gateway.codec import Answer, Api, Call, Family, decode, forward_body, reading, upstream
from tests.gateway.codec import responses as r
from tests.gateway.codec import vectors as v
from tests.gateway.codec.test_body import texts, values

FIELDS = [
    "model", "messages", "stream", "stream_options", "max_tokens", "n", "user", "metadata", "tools", "functions",
    "mcp_servers", "system", "instructions", "store", "previous_response_id", "chat_template_kwargs", "logit_bias",
    "response_format", "web_search_options", "thinking",
]  # fmt: skip
PARTS = [
    "text",
    "image_url",
    "image",
    "document",
    "tool_use",
    "tool_result",
    "file",
    "input_audio",
    "redacted_thinking",
]
KEYS = ["type", "text", "source", "content", "image_url", "file", "input", "data", "url", "name", "tool_calls"]

parts = st.fixed_dictionaries({"type": st.sampled_from(PARTS) | values}) | st.dictionaries(
    st.sampled_from(KEYS), values
)
nested = st.recursive(parts, lambda inner: st.dictionaries(st.sampled_from(KEYS), inner | st.lists(inner, max_size=3)))
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "tool", "system"]) | values},
    optional={"content": texts | st.lists(nested | values, max_size=3) | values, "tool_calls": values},
)
items = messages | st.fixed_dictionaries(
    {"type": st.sampled_from(["function_call", "function_call_output", "reasoning", "message"]) | values},
    optional={"call_id": texts, "name": texts, "arguments": texts, "output": values, "summary": values, "id": values},
)
fields = st.dictionaries(st.sampled_from(FIELDS), values, max_size=4)
turns = st.lists(messages | items, max_size=3) | texts


@given(st.sampled_from(list(Api)), turns, fields)
def test_any_json_is_a_call_or_a_call_error(api: Api, said: Any, fields: dict[str, Any]) -> None:
    try:
        call = decode(api, v.pack({"model": "m", api.spoken[0]: said, **fields}))
    except CallError as error:
        told = (400 <= error.status < 500 or error.code == "item_not_governed", bool(error.place), bool(error.cure))
    else:
        told = (True, True, True)
        works(call)
    assert told == (True, True, True)


def works(call: Call) -> None:
    assert len(tuple(call.new())) <= len(list(call.conversation()))
    assert forward_body(call, "up")
    assert sum(call.parts.values()) >= call.linked


@given(st.sampled_from(list(Api)), st.binary(max_size=60))
def test_any_bytes_are_a_call_error(api: Api, body: bytes) -> None:
    with pytest.raises(CallError):
        decode(api, body)


CHUNK = ["choices", "usage", "error", "moderation", "type", "delta", "message", "content_block", "index", "content"]
DELTA = [
    "content",
    "refusal",
    "tool_calls",
    "function_call",
    "reasoning",
    "text",
    "partial_json",
    "stop_reason",
    "type",
]
TYPES = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "response.completed",
    "response.output_item.added",
    "response.output_item.done",
    "response.output_text.delta",
    "response.function_call_arguments.delta",
    "error",
    "message",
]
deltas = st.dictionaries(
    st.sampled_from(DELTA), values | st.lists(st.fixed_dictionaries({"function": values})), max_size=3
)
choices = st.lists(st.fixed_dictionaries({}, optional={"delta": deltas, "message": deltas, "finish_reason": values}))
events = st.dictionaries(st.sampled_from(CHUNK), values | deltas | choices, max_size=4) | st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES)},
    optional={
        "delta": deltas | texts,
        "content_block": deltas,
        "usage": values,
        "error": values,
        "item": deltas,
        "response": st.fixed_dictionaries({}, optional={"output": values | st.lists(deltas), "usage": values}),
        "item_id": values,
        "output_index": values,
    },
)


CALLS = [v.CHAT_CALL, v.MESSAGES_CALL, r.CALL]


@given(st.sampled_from(CALLS), st.lists(events | values, max_size=4), st.booleans())
def test_any_events_are_an_answer_or_an_upstream(call: Call, told: list[Any], stream: bool) -> None:
    body = v.chat_events(told) if stream else v.pack(told[0] if told else {})
    now = reading(call, v.SSE if stream else "application/json")
    try:
        now.feed(body)
        now.finish()
    except UpstreamError:
        assert not now.answer().ended
    assert isinstance(now.answer(), Answer)


@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"data: ", b"event: x", b"\n", b"\r\n", b"\r", b"{}"])))
def test_any_bytes_of_a_stream_are_an_answer_or_an_upstream(chunks: list[bytes]) -> None:
    for call in CALLS:
        now, passed = reading(call, v.SSE), b""
        try:
            for chunk in chunks:
                passed += now.feed(chunk)
            passed += now.finish()
        except UpstreamError:
            assert not now.answer().ended
        assert b"".join(chunks).startswith(passed)


@given(st.sampled_from(list(Family)), st.integers(0, 700), values.map(v.pack) | st.binary(max_size=40))
def test_any_error_of_a_model_server_is_passed_on(family: Family, status: int, body: bytes) -> None:
    reply = upstream(family, status, body)
    assert 400 <= reply.status <= 599
    assert reply.body.startswith(b'{"type":"error"' if family is Family.ANTHROPIC else b'{"error"')
