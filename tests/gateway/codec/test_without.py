"""Answers with tool calls taken out: held from the first call on, in shape, and nothing else changed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import UpstreamError
from brightline.gateway.codec import Call, reading
from tests.gateway.codec import vectors as v

CALL_A = {"id": "call_a", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Ulm"}'}}
CALL_B = {
    "id": "call_b",
    "type": "function",
    "function": {"name": "fire", "arguments": '{"x":1}'},
    "extra": {"é": 1.50},
}
JSON = "application/json"


def chat_body(*calls: dict[str, Any], content: Any = "Let me look.", finish: str = "tool_calls") -> bytes:
    message = {"role": "assistant", "content": content, "tool_calls": list(calls), "thoughts": {"a": [1, 2.50]}}
    return v.pack({"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": finish}], "usage": v.USAGE})


def message_body(*calls: dict[str, Any]) -> bytes:
    blocks = [{"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}, {"type": "text", "text": "Let me look."}]
    return v.pack({"type": "message", "content": [*blocks, *calls], "stop_reason": "tool_use", "usage": {}})


USE_A = {"type": "tool_use", "id": "toolu_a", "name": "weather", "input": {"city": "Ulm"}}
USE_B = {"type": "tool_use", "id": "toolu_b", "name": "fire", "input": {"x": 1.50}}


def without(
    call: Call, answer: bytes, refused: dict[int, str], content_type: str = v.SSE, size: int = 1 << 20
) -> bytes:
    now = reading(call, content_type)
    out = b"".join([now.feed(answer[i : i + size]) for i in range(0, len(answer), size)])
    now.finish()
    return out + now.without(refused)


def gathered(stream: bytes) -> tuple[str, dict[int, list[str]], list[str]]:
    """Text, the calls by index as [id, name, arguments], and the reasons to stop, as a chat client adds them up."""
    text, calls, ends = "", {}, []
    for event in stream.split(b"\n\n"):
        if not event.startswith(b"data: {"):
            continue
        for choice in json.loads(event[6:])["choices"]:
            text += choice["delta"].get("content") or ""
            ends += [choice["finish_reason"]] if choice["finish_reason"] else []
            for piece in choice["delta"].get("tool_calls") or ():
                call = calls.setdefault(piece["index"], ["", "", ""])
                call[0] += piece.get("id", "")
                call[1] += piece["function"].get("name", "")
                call[2] += piece["function"].get("arguments", "")
    return text, calls, ends


@pytest.mark.parametrize("call", [v.CHAT_CALL, v.MESSAGES_CALL])
def test_what_stands_before_the_first_call_flows_and_nothing_after_it(call: Call) -> None:
    stream = v.CHAT_TOOLS if call is v.CHAT_CALL else v.MESSAGES
    passed, held, answer = v.read(call, [stream])
    first = b"call_a" if call is v.CHAT_CALL else b"toolu_a"
    assert first not in passed
    assert first in held
    assert ("Let me look." if call is v.CHAT_CALL else "世界").encode() in passed
    assert len(answer.tool_calls) == 2


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
def test_a_chat_stream_closes_up_its_indices(size: int) -> None:
    text, calls, ends = gathered(without(v.CHAT_CALL, v.CHAT_TOOLS, {0: "No."}, size=size))
    assert (text, calls, ends) == ("Let me look.\n\nNo.", {0: ["call_b", "fire", '{"x":1}']}, ["tool_calls"])
    text, calls, ends = gathered(without(v.CHAT_CALL, v.CHAT_TOOLS, {1: "No."}, size=size))
    assert (text, calls, ends) == (
        "Let me look.\n\nNo.",
        {0: ["call_a", "weather", '{"city":"Ulm"}']},
        ["tool_calls"],
    )
    text, calls, ends = gathered(without(v.CHAT_CALL, v.CHAT_TOOLS, {0: "No.", 1: "Never."}, size=size))
    assert (text, calls, ends) == ("Let me look.\n\nNo.\n\nNever.", {}, ["stop"])


def test_calls_without_an_index_are_told_apart_as_they_were_read() -> None:
    stream = v.chat_events([
        v.chunk({"tool_calls": [{"id": "a", "function": {"name": "weather", "arguments": "{"}}]}),
        v.chunk({"tool_calls": [{"function": {"arguments": "}"}}]}),
        v.chunk({"tool_calls": [{"id": "b", "function": {"name": "fire", "arguments": "{"}}]}),
        v.chunk({"tool_calls": [{"function": {"arguments": "}"}}]}),
        v.chunk({}, "tool_calls"),
    ])  # fmt: skip
    left = without(v.CHAT_CALL, stream, {0: "No."})
    assert b"weather" not in left
    assert b'"name":"fire"' in left
    assert left.count(b'"arguments"') == 2


def test_a_stream_that_never_tells_a_reason_still_says_what_was_taken_out() -> None:
    events = [v.chunk({"tool_calls": [v.asks(0, "{}", "fire", id="a")]})]
    assert gathered(without(v.CHAT_CALL, v.chat_events(events), {0: "No."}))[:2] == ("No.", {})


def test_the_older_function_call_is_taken_out_too() -> None:
    call = {"function_call": {"name": "fire", "arguments": "{}"}}
    stream = v.chat_events([v.chunk(call), v.chunk({}, "function_call")])
    left = without(v.CHAT_CALL, stream, {0: "No."})
    assert b"fire" not in left
    assert gathered(left) == ("No.", {}, ["stop"])
    body = v.pack({"choices": [{"index": 0, "message": {"content": None, **call}, "finish_reason": "function_call"}]})
    choice = json.loads(without(v.CHAT_CALL, body, {0: "No."}, JSON))["choices"][0]
    assert choice == {"index": 0, "message": {"content": "No."}, "finish_reason": "stop"}


def test_a_whole_chat_answer_keeps_its_shape() -> None:
    body = chat_body(CALL_A, CALL_B)
    left = without(v.CHAT_CALL, body, {0: "No."}, JSON)
    assert v.pack(CALL_B) in left, "what is left has its bytes"
    assert b'"thoughts":{"a":[1,2.5]}' in left
    choice = json.loads(left)["choices"][0]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] == "Let me look.\n\nNo."
    choice = json.loads(without(v.CHAT_CALL, body, {0: "No.", 1: "Never."}, JSON))["choices"][0]
    assert "tool_calls" not in choice["message"]
    assert choice["finish_reason"] == "stop"
    parts = [{"type": "text", "text": "A"}]
    body = chat_body(CALL_A, content=parts, finish="length")
    choice = json.loads(without(v.CHAT_CALL, body, {0: "No."}, JSON))["choices"][0]
    assert choice["message"]["content"] == [*parts, {"type": "text", "text": "No."}]
    assert choice["finish_reason"] == "length"


def test_only_the_choice_that_asked_is_changed() -> None:
    document = json.loads(chat_body(CALL_A))
    other = document["choices"][0] | {"index": 1, "message": {"role": "assistant", "tool_calls": [CALL_B]}}
    document["choices"].append(other)
    left = json.loads(without(v.CHAT_CALL, v.pack(document), {0: "No."}, JSON))
    assert left["choices"][1] == other
    assert "tool_calls" not in left["choices"][0]["message"]


def test_a_whole_message_has_words_in_the_calls_place() -> None:
    left = json.loads(without(v.MESSAGES_CALL, message_body(USE_A, USE_B), {0: "No."}, JSON))
    assert left["content"][2:] == [{"type": "text", "text": "No."}, USE_B]
    assert left["content"][0]["signature"] == "c2ln"
    assert left["stop_reason"] == "tool_use"
    left = json.loads(without(v.MESSAGES_CALL, message_body(USE_A, USE_B), {0: "No.", 1: "Never."}, JSON))
    assert left["stop_reason"] == "end_turn"


@given(st.sampled_from([v.CHAT_CALL, v.MESSAGES_CALL]), st.sets(st.integers(0, 1), min_size=1), st.data())
def test_any_cutting_gives_the_same_refusals(call: Call, numbers: set[int], data: st.DataObject) -> None:
    stream = v.CHAT_TOOLS if call is v.CHAT_CALL else v.MESSAGES
    refused = {number: f"No {number}." for number in numbers}
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    now = reading(call, v.SSE)
    out = b"".join([now.feed(stream[a:b]) for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)])
    now.finish()
    assert out + now.without(refused) == without(call, stream, refused)


@pytest.mark.parametrize(
    ("call", "content_type", "answer"),
    [
        # two calls in one place: a client could have either
        (v.MESSAGES_CALL, v.SSE, v.message_events([v.START, *v.block(0, USE_A), *v.block(0, USE_B)])),
        (v.MESSAGES_CALL, v.SSE, v.message_events([v.START, *v.block(0, USE_A), *v.block(0, {"type": "text"})])),
        # input of a call that never began
        (
            v.MESSAGES_CALL,
            v.SSE,
            v.message_events(
                [v.START, *v.block(0, {"type": "text"}, {"type": "input_json_delta", "partial_json": "{}"})]
            ),
        ),
        # two choices in one place
        (v.CHAT_CALL, JSON, v.pack({"choices": [{"index": 0, "message": {}}, {"index": 0, "message": {}}]})),
        # an error that asks for tools
        (v.CHAT_CALL, JSON, chat_body(CALL_A)[:-1] + b',"error":{"type":"x"}}'),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(call: Call, content_type: str, answer: bytes) -> None:
    with pytest.raises(UpstreamError):
        v.read(call, [answer], content_type)


@pytest.mark.parametrize("call", [v.CHAT_CALL, v.MESSAGES_CALL])
def test_an_error_after_half_a_call_lets_nothing_of_it_through(call: Call) -> None:
    if call is v.CHAT_CALL:
        begun = [v.chunk({"tool_calls": [v.asks(0, '{"x"', "fire", id="a")]}), {"error": {"type": "server_error"}}]
        stream = v.chat_events(begun, done=False)
    else:
        error = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}
        stream = v.message_events([v.START, *v.block(0, USE_A)[:1], error])
    passed, held, answer = v.read(call, [stream])
    assert b"fire" not in passed + held
    assert b"weather" not in passed + held
    assert b"error" in held
    assert answer.error is not None


def test_a_call_in_a_whole_message_goes_by_its_place_in_the_list() -> None:
    body = chat_body(CALL_A | {"index": 0}, CALL_B | {"index": 0})
    now = reading(v.CHAT_CALL, JSON)
    now.feed(body)
    now.finish()
    assert [t.name for t in now.answer().tool_calls] == ["weather", "fire"]
