"""What answers tell, whole and streamed, and what is no answer."""

import json
from typing import Any

import pytest

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.codec import Answer, AnswerLimits, Api, Call, Finish, ToolCall, decode, reading
from tests.gateway.codec import vectors as v

WEATHER = ToolCall("call_a", "weather", '{"city":"Ulm"}')


@pytest.mark.parametrize(
    ("call", "stream", "expected"),
    [
        (v.CHAT_CALL, v.CHAT, ("Grüße 世界 🙂", Finish.STOP, 12, 5, False, (), None, True)),
        (v.CHAT_CALL, v.CHAT_TOOLS, ("Let me look.", Finish.TOOL, 12, 5, False,
                              (WEATHER, ToolCall("call_b", "fire", '{"x":1}')), None, True)),
        (v.CHAT_CALL, v.CHAT_REFUSAL, ("I can't help with that.", Finish.STOP, 12, 5, True, (), None, True)),
        (v.CHAT_CALL, v.CHAT_ERROR, ("Half", None, None, None, False, (), "server_error", False)),
        (v.MESSAGES_CALL, v.MESSAGES, ("Hm. Grüße 世界 🙂", Finish.TOOL, 12, 5, False,
                                (ToolCall("toolu_a", "weather", '{"city":"Ulm"}'),
                                 ToolCall("srv_b", "web_search", '{"query":"x"}', server=True)), None, True)),
        (v.MESSAGES_CALL, v.MESSAGES_REFUSAL, ("I can't help.", Finish.REFUSED, 12, 5, True, (), None, True)),
        (v.MESSAGES_CALL, v.MESSAGES_ERROR, ("Half", None, 12, 1, False, (), "overloaded_error", False)),
    ],
)  # fmt: skip
def test_what_a_stream_tells(call: Call, stream: bytes, expected: tuple[Any, ...]) -> None:
    _, _, answer = v.read(call, [stream])
    assert tuple(getattr(answer, name) for name in Answer.__struct_fields__) == (*expected, True)  # all understood


@pytest.mark.parametrize("name", ["chat", "chat-cut-short", "chat-schema", "chat-tools", "chat-two-choices", "messages",
                                  "messages-cut-short", "messages-system", "messages-tools"])  # fmt: skip
def test_the_engines_whole_answers(name: str) -> None:
    c = v.capture(name)
    call = decode(Api(c.path), c.sent)
    passed, held, answer = v.read(call, [c.body[:9], c.body[9:]], c.content_type)
    assert (passed, held) == (b"", c.body)
    told = json.loads(c.body)
    said = (
        [b["text"] for b in told["content"]]
        if "content" in told
        else [x["message"]["content"] for x in told["choices"]]
    )
    assert answer.text == "".join(said)
    assert answer.ended
    assert answer.finish in (Finish.LENGTH, Finish.STOP)
    usage = told["usage"]
    counts = (
        (usage["prompt_tokens"], usage["completion_tokens"])
        if "prompt_tokens" in usage
        else (usage["input_tokens"] + usage["cache_read_input_tokens"], usage["output_tokens"])
    )
    assert (answer.input_tokens, answer.output_tokens) == counts


WHOLE_CHAT = {
    "choices": [
        {"index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "a", "reasoning_content": "b", "reasoning": "b", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                {"id": "c2", "type": "custom", "custom": {"name": "g", "input": "raw"}}]}},
        {"index": 1, "finish_reason": "content_filter", "message": {
            "content": [{"type": "text", "text": "d"}, {"type": "thinking"}],
            "function_call": {"name": "h", "arguments": "{}"}}},
    ],
    "usage": v.USAGE,
}  # fmt: skip
WHOLE_MESSAGE = {
    "type": "message", "stop_reason": "refusal", "usage": {"input_tokens": 3, "output_tokens": 4},
    "content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"x": [1]}}],
}  # fmt: skip


def test_what_whole_answers_tell() -> None:
    _, _, chat = v.read(v.CHAT_CALL, [v.pack(WHOLE_CHAT)], "application/json")
    assert (chat.text, chat.finish, chat.refused) == ("abd", Finish.TOOL, True)
    assert chat.tool_calls == (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "raw"), ToolCall("", "h", "{}"))
    _, _, message = v.read(v.MESSAGES_CALL, [v.pack(WHOLE_MESSAGE)], "application/json")
    assert (message.text, message.finish, message.refused) == ("ab", Finish.REFUSED, True)
    assert message.tool_calls == (ToolCall("t", "f", '{"x":[1]}'),)
    assert (message.input_tokens, message.output_tokens) == (3, 4)


def test_a_tool_call_without_an_index_goes_on_with_the_last() -> None:
    deltas = [{"id": "c1", "function": {"name": "f", "arguments": "{"}}, {"function": {"arguments": "}"}},
              {"id": "c2", "function": {"name": "g", "arguments": "[]"}}]  # fmt: skip
    _, _, answer = v.read(v.CHAT_CALL, [v.chat_events(v.chunk({"tool_calls": [d]}) for d in deltas)])
    assert answer.tool_calls == (ToolCall("c1", "f", "{}"), ToolCall("c2", "g", "[]"))


def test_a_tool_call_byte_by_byte_is_gathered_whole() -> None:
    arguments = json.dumps({"city": 'Köln \\ "x" 🙂'}, ensure_ascii=False)
    deltas = [{"index": 0, "function": {"arguments": c}} for c in arguments]
    first = {"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}
    _, _, answer = v.read(v.CHAT_CALL, [v.chat_events(v.chunk({"tool_calls": [d]}) for d in [first, *deltas])])
    assert answer.tool_calls == (ToolCall("c", "f", arguments),)


@pytest.mark.parametrize(
    ("call", "stream"),
    [
        (v.CHAT_CALL, b"data: not json\n\n"),
        (v.CHAT_CALL, b"data: 5\n\n"),
        (v.CHAT_CALL, b'data: {"choices":5}\n\n'),
        (v.CHAT_CALL, b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n'),
        (v.CHAT_CALL, b'data: {"choices":[{"delta":{"content":"\\ud800"}}]}\n\n'),
        (v.CHAT_CALL, b"data: " + b"[" * 5000 + b"\n\n"),
        (v.CHAT_CALL, b'data: {"usage":{"prompt_tokens":"many"}}\n\n'),
        (v.CHAT_CALL, b'data: {"choices":[\r{"delta":{"content":"x"}}]}\n\n'),
        (v.CHAT_CALL, v.CHAT + v.CHAT),  # going on after [DONE]
        (v.CHAT_CALL, v.CHAT_ERROR + v.CHAT),
        (v.CHAT_CALL, v.MESSAGES),
        (v.MESSAGES_CALL, v.CHAT),
        (v.MESSAGES_CALL, v.MESSAGES + v.MESSAGES),
        (v.MESSAGES_CALL, b'event: ping\ndata: {"type":"content_block_delta","index":0,"delta":{"text":"x"}}\n\n'),
        (v.MESSAGES_CALL, b"event: ping\ndata: {}\n\n"),
    ],
)
def test_what_is_no_such_stream_is_the_upstreams_error(call: Call, stream: bytes) -> None:
    now = reading(call, v.SSE)
    with pytest.raises(UpstreamError) as caught:
        now.feed(stream)
    assert caught.value.sent
    assert "secret" not in str(caught.value)
    assert not now.answer().ended


@pytest.mark.parametrize(
    ("call", "stream"),
    [(v.CHAT_PLAIN_CALL, v.CHAT_TOOLS), (v.MESSAGES_PLAIN_CALL, v.MESSAGES)],
    ids=["chat", "messages"],
)
def test_a_tool_call_that_nobody_offered_does_not_pass(call: Call, stream: bytes) -> None:
    """The request that offers tools is refused, so a tool call in an answer was decided by nobody."""
    now, passed, events = reading(call, v.SSE), b"", [event + b"\n\n" for event in stream.split(b"\n\n")]
    first = next(i for i, event in enumerate(events) if b"weather" in event)
    for event in events[:first]:
        passed += now.feed(event)
    with pytest.raises(UpstreamError, match="no tool was offered") as caught:
        now.feed(events[first])
    assert (caught.value.fault, caught.value.sent) == (UpstreamFault.BAD_ANSWER, True)
    assert passed == b"".join(events[:first])
    assert (now.answer().tool_calls, now.answer().ended) == ((), False)


WHOLE_CALLS = [
    (v.CHAT_PLAIN_CALL, {"choices": [{"index": 0, "message": {"tool_calls": [{"id": "c", "function": {}}]}}]}),
    (v.CHAT_PLAIN_CALL, {"choices": [{"index": 0, "message": {"function_call": {"name": "fire", "arguments": ""}}}]}),
    (v.MESSAGES_PLAIN_CALL, {"type": "message", "content": [{"type": "tool_use", "id": "t", "name": "fire"}]}),
    (v.MESSAGES_PLAIN_CALL, {"type": "message", "content": [{"type": "server_tool_use", "id": "t", "name": "web"}]}),
]


@pytest.mark.parametrize(("call", "told"), WHOLE_CALLS)
def test_nor_does_it_in_a_whole_answer(call: Call, told: dict[str, Any]) -> None:
    now = reading(call, "application/json")
    assert now.feed(v.pack(told)) == b""
    with pytest.raises(UpstreamError, match="no tool was offered"):
        now.finish()


TWICE = [
    (v.CHAT_CALL, '{"choices":[{"index":0,"delta":{"content":"good","content":"evil"}}]}'),
    (v.CHAT_CALL, '{"choices":[],"choices":[{"index":0,"delta":{"content":"x"}}]}'),
    (v.CHAT_CALL, '{"choices":[{"index":0,"delta":{"content":"x"}, "delta":{"tool_calls":[]}}]}'),
    (v.CHAT_CALL, '{"choices":[{"index":0,"message":{"content":"x","c\\u006fntent":"evil"}}]}'),
    (v.CHAT_CALL, '{"choices":[{"index":0,"delta":{"content":"\\u003A","content":"x"}}]}'),
    (v.MESSAGES_CALL, '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"x","text":"y"}}'),
    (v.MESSAGES_CALL, '{"type":"ping","type":"message_stop"}'),
    (v.MESSAGES_CALL, '{"type":"message","content":[{"type":"text","text":"x"}],"content":[]}'),
]


@pytest.mark.parametrize(("call", "told"), TWICE)
@pytest.mark.parametrize("streamed", [True, False])
def test_a_key_that_stands_twice_is_a_bad_answer(call: Call, told: str, streamed: bool) -> None:
    now = reading(call, v.SSE if streamed else "application/json")
    with pytest.raises(UpstreamError, match="stands twice") as caught:
        now.feed(b"data: " + told.encode() + b"\n\n") if streamed else (now.feed(told.encode()), now.finish())
    assert (caught.value.fault, caught.value.sent) == (UpstreamFault.BAD_ANSWER, True)
    assert not now.answer().text


def test_an_answer_of_too_many_values_is_not_built() -> None:
    now = reading(v.CHAT_CALL, "application/json", AnswerLimits(values=50))
    now.feed(b'{"choices":[{"index":0,"message":{"content":"x"}}],"more":[' + b"[]," * 30 + b"[]]}")
    with pytest.raises(UpstreamError, match="too many values"):
        now.finish()


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"choices":[]}', b'{"type":"other"}', b"\xff"])
@pytest.mark.parametrize("call", [v.CHAT_CALL, v.MESSAGES_CALL])
def test_what_is_no_such_body_is_the_upstreams_error(call: Call, body: bytes) -> None:
    now = reading(call, "application/json")
    assert now.feed(body) == b""
    with pytest.raises(UpstreamError):
        now.finish()
    assert not now.answer().ended


def test_a_body_broken_off_is_no_answer() -> None:
    now = reading(v.CHAT_CALL, "application/json")
    now.feed(v.pack(WHOLE_CHAT))
    assert now.finish(whole=False) == b""
    assert not now.answer().ended


def test_an_error_told_in_a_200_body() -> None:
    for call in (v.CHAT_CALL, v.MESSAGES_CALL):
        _, held, answer = v.read(call, [b'{"error":{"type":"overloaded","message":"secret"}}'], "application/json")
        assert held
        assert (answer.error, answer.ended) == ("overloaded", False)
