"""An answer on its way: the same reading and the same bytes however they are cut, and the end held back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.codec import Call, reading
from brightline.gateway.codec.answer import AnswerLimits
from tests.gateway.codec import responses as r
from tests.gateway.codec import vectors as v


def crlf(stream: bytes) -> bytes:
    return stream.replace(b"\n", b"\r\n")


STREAMS = {
    "chat": (v.CHAT_CALL, v.CHAT),
    "chat, usage asked": (v.CHAT_USAGE_CALL, v.CHAT),
    "chat tools": (v.CHAT_CALL, v.CHAT_TOOLS),
    "chat refusal": (v.CHAT_CALL, v.CHAT_REFUSAL),
    "chat error": (v.CHAT_CALL, v.CHAT_ERROR),
    "chat CRLF": (v.CHAT_CALL, crlf(v.CHAT)),
    "engine chat": (v.CHAT_CALL, v.capture("chat-stream-usage").body),
    "messages": (v.MESSAGES_CALL, v.MESSAGES),
    "messages refusal": (v.MESSAGES_CALL, v.MESSAGES_REFUSAL),
    "messages error": (v.MESSAGES_CALL, v.MESSAGES_ERROR),
    "messages CRLF": (v.MESSAGES_CALL, crlf(v.MESSAGES)),
    "engine messages": (v.MESSAGES_CALL, v.capture("messages-stream").body),
    "responses": (r.PLAIN_CALL, r.PLAIN),
    "responses tools": (r.CALL, r.TOOLS),
    "responses custom": (r.CALL, r.CUSTOM),
    "responses refusal": (r.PLAIN_CALL, r.REFUSAL),
    "responses error": (r.PLAIN_CALL, r.ERROR),
    "responses failed": (r.PLAIN_CALL, r.FAILED),
    "responses CRLF": (r.CALL, crlf(r.TOOLS)),
    "engine responses": (r.PLAIN_CALL, v.capture("responses-stream").body),
}


@given(st.sampled_from(sorted(STREAMS)), st.data())
def test_any_cutting_gives_the_same_bytes_and_the_same_reading(name: str, data: st.DataObject) -> None:
    call, stream = STREAMS[name]
    end = data.draw(st.sampled_from([len(stream), data.draw(st.integers(0, len(stream)))]))  # whole, or cut short
    stream = stream[:end]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=30)))
    chunks = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    whole = end == len(STREAMS[name][1])
    assert v.read(call, chunks, whole=whole) == v.read(call, [stream], whole=whole)


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_byte_by_byte_is_the_same(name: str) -> None:
    call, stream = STREAMS[name]
    assert v.read(call, (stream[i : i + 1] for i in range(len(stream)))) == v.read(call, [stream])


@pytest.mark.parametrize(
    "name", ["chat, usage asked", "chat error", *(n for n in STREAMS if "messages" in n or "resp" in n)]
)
def test_what_came_in_goes_out(name: str) -> None:
    call, stream = STREAMS[name]
    passed, held, _ = v.read(call, [stream])
    assert passed + held == stream


@pytest.mark.parametrize(
    ("call", "stream", "tail"),
    [
        (v.CHAT_CALL, v.CHAT, b"data: [DONE]\n\n"),
        (v.MESSAGES_CALL, v.MESSAGES, b'event: message_stop\ndata: {"type":"message_stop"}\n\n'),
        (v.CHAT_CALL, v.CHAT_ERROR, b'data: {"error":'),
        (v.MESSAGES_CALL, v.MESSAGES_ERROR, b"event: error\n"),
        (v.CHAT_CALL, v.CHAT + b": bye\n\n", b"data: [DONE]\n\n: bye\n\n"),
    ],
)
def test_the_end_is_held_back(call: Call, stream: bytes, tail: bytes) -> None:
    passed, held, _ = v.read(call, [stream])
    assert tail in held
    assert tail not in passed
    assert held.startswith(tail) or b"tool_use" in held


def payloads(stream: bytes) -> list[Any]:
    return [json.loads(e[6:]) for e in stream.split(b"\n\n") if e.startswith(b"data: {")]


def test_a_client_that_did_not_ask_sees_no_usage() -> None:
    passed, held, answer = v.read(v.CHAT_CALL, [v.CHAT])
    unasked = [{k: x for k, x in chunk.items() if k != "usage"} for chunk in payloads(v.CHAT) if chunk["choices"]]
    assert payloads(passed) == unasked
    assert b"usage" not in passed + held
    assert (answer.input_tokens, answer.output_tokens) == (12, 5)


def test_the_engine_asked_for_usage_says_to_the_client_what_it_says_unasked() -> None:
    def steady(stream: bytes) -> list[Any]:
        # the engine writes its timings on the last chunk: with the usage chunk gone, they are gone too
        return [{k: x for k, x in c.items() if k not in ("id", "created", "timings")} for c in payloads(stream)]

    passed, _, answer = v.read(v.CHAT_CALL, [v.capture("chat-stream-usage").body])
    plain, _, told = v.read(v.CHAT_CALL, [v.capture("chat-stream").body])
    assert steady(passed) == steady(plain)
    assert answer.output_tokens == 8
    assert told.output_tokens is None


def test_a_client_that_asked_sees_every_byte() -> None:
    passed, held, answer = v.read(v.CHAT_USAGE_CALL, [v.CHAT])
    assert passed + held == v.CHAT
    assert answer.output_tokens == 5


def test_usage_told_unasked_on_chunks_with_text_stays() -> None:
    stream = v.chat_events([v.chunk({"content": "x"}, usage=v.USAGE), v.chunk({}, "stop", usage=v.USAGE)])
    passed, held, answer = v.read(v.CHAT_CALL, [stream])
    assert passed + held == stream
    assert answer.input_tokens == 12


def test_a_moderation_chunk_stays() -> None:
    stream = v.chat_events([v.chunk({}, "stop"), v.chunk(None, moderation={"input": {}, "output": {}}, usage=None)])
    passed, _, _ = v.read(v.CHAT_CALL, [stream])
    assert payloads(passed)[-1]["moderation"] == {"input": {}, "output": {}}
    assert "usage" not in payloads(passed)[-1]


@pytest.mark.parametrize(("call", "stream"), [(v.CHAT_CALL, v.CHAT), (v.MESSAGES_CALL, v.MESSAGES)])
def test_a_stream_cut_anywhere_has_not_ended(call: Call, stream: bytes) -> None:
    for end in range(0, len(stream), 7):
        _, _, answer = v.read(call, [stream[:end]], whole=False)
        assert not answer.ended
    # An HTTP message that came whole, but not to the end mark: only where every choice gave its reason has it ended.
    for end in [i + 2 for i in range(len(stream)) if stream[i : i + 2] == b"\n\n"][:-1]:
        now = reading(call, v.SSE)
        now.feed(stream[:end])
        if now.answer().finish is not None and call is v.CHAT_CALL:
            assert now.finish() == b""
            assert now.answer().ended
            continue
        with pytest.raises(UpstreamError, match="broke off") as failure:
            now.finish()
        assert failure.value.fault is UpstreamFault.BROKE_OFF
        assert not now.answer().ended
        assert now.finish(whole=False) == b""


def test_after_a_fault_nothing_of_the_model_servers_is_given() -> None:
    now = reading(v.CHAT_CALL, v.SSE)
    with pytest.raises(UpstreamError):
        now.feed(v.CHAT + v.CHAT)  # the end mark is held when the fault comes
    assert now.finish(whole=False) == b""
    assert not now.answer().ended


def test_half_an_event_of_a_cut_stream_is_dropped() -> None:
    passed, held, answer = v.read(v.CHAT_CALL, [v.CHAT_TOOLS[:-40]], whole=False)
    assert v.CHAT_TOOLS.startswith(passed)
    assert passed.endswith(b"\n\n")
    assert held == b""
    assert not answer.ended


def test_an_end_without_its_blank_line_is_an_end() -> None:
    for missing in (1, 2):
        _, held, answer = v.read(v.CHAT_CALL, [v.CHAT_REFUSAL[:-missing]])
        assert held == b"data: [DONE]\n\n"[:-missing]
        assert answer.ended


def test_one_choice_that_goes_on_keeps_the_answer_open() -> None:
    stream = v.chat_events([v.chunk({}, "stop"), v.chunk({"content": "x"}, index=1)], done=False)
    with pytest.raises(UpstreamError, match="broke off"):
        v.read(v.CHAT_CALL, [stream])
    assert v.read(v.CHAT_CALL, [stream + v.chat_events([v.chunk({}, "length", index=1)], done=False)])[2].ended


@pytest.mark.parametrize(
    ("limits", "stream"),
    [
        (AnswerLimits(event=100), b"data: " + b"x" * 200),
        (AnswerLimits(event=100), b": " + b"x" * 200 + b"\n\n"),
        (AnswerLimits(event=100), b": x\n\n" + b": " + b"x" * 200 + b"\n\n"),
        (AnswerLimits(whole=300), b": x\n\n" * 100),
        (AnswerLimits(whole=300), b": " + b"x" * 400),
        (AnswerLimits(tool_calls=3), v.chat_events(v.chunk({"tool_calls": [{"index": i}]}) for i in range(4))),
        (AnswerLimits(choices=3), v.chat_events(v.chunk({"content": "x"}, index=i) for i in range(4))),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_memory_is_bounded(limits: AnswerLimits, stream: bytes, size: int) -> None:
    now = reading(v.CHAT_CALL, v.SSE, limits)
    chunks = [stream[start : start + size] for start in range(0, len(stream), size)]
    with pytest.raises(UpstreamError):
        b"".join(map(now.feed, chunks))


def test_a_body_is_bounded() -> None:
    now = reading(v.CHAT_CALL, "application/json", AnswerLimits(whole=300))
    with pytest.raises(UpstreamError):
        b"".join(map(now.feed, [b"x" * 100] * 4))


def test_the_content_type_decides() -> None:
    assert reading(v.CHAT_CALL, "Text/Event-Stream; charset=utf-8").streamed
    assert reading(v.CHAT_CALL, "Text/Event-Stream; charset=utf-8").feed(v.CHAT)
    assert not reading(v.CHAT_CALL, "application/json").streamed
    assert reading(v.CHAT_CALL, "application/json; charset=utf-8").feed(b"{") == b""
