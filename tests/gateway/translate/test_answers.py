"""Answers across APIs, as a hostile or an odd model server sends them: read whole, or an UpstreamError."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import UpstreamError
from brightline.gateway.codec import Answer, Api, decode, reading
from brightline.gateway.translate import Dialect, Speaks
from tests.gateway.codec import vectors as v
from tests.gateway.codec.test_robust import events

TOOLS: dict[Api, Any] = {
    Api.CHAT: v.CHAT_TOOL["tools"],
    Api.MESSAGES: [{"name": "weather", "input_schema": {}}],
    Api.RESPONSES: [{"type": "function", "name": "weather", "parameters": {}}],
}
ACROSS = [
    (Api.MESSAGES, Speaks.OPENAI),
    (Api.CHAT, Speaks.ANTHROPIC),
    (Api.RESPONSES, Speaks.OPENAI_CHAT),
    (Api.RESPONSES, Speaks.ANTHROPIC),
]
STREAMS = {Speaks.OPENAI: v.CHAT_TOOLS, Speaks.OPENAI_CHAT: v.CHAT_TOOLS, Speaks.ANTHROPIC: v.MESSAGES}


async def read(api: Api, speaks: Speaks, chunks: list[bytes], kind: str = v.SSE) -> Answer:
    """What the client's own reading makes of it. Raises UpstreamError."""

    async def coming() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    now = reading(decode(api, v.pack(v.asking(api, stream=True, tools=TOOLS[api]))), kind)
    async for chunk in Dialect(speaks).answer(api, kind, coming()):
        now.feed(chunk)
    now.finish()
    return now.answer()


@pytest.mark.parametrize("api", [Api.MESSAGES, Api.RESPONSES])
async def test_parallel_calls_whose_pieces_alternate(api: Api) -> None:
    speaks = Speaks.OPENAI_CHAT
    answer = await read(api, speaks, [v.CHAT_TOOLS])
    assert (answer.text, answer.output_tokens) == ("Let me look.", 5)
    assert [(t.id, t.name, t.arguments) for t in answer.tool_calls] == [
        ("call_a", "weather", '{"city":"Ulm"}'),
        ("call_b", "fire", '{"x":1}'),
    ]


@pytest.mark.parametrize("api", [Api.CHAT, Api.RESPONSES])
async def test_what_anthropics_server_ran_itself_is_no_answer(api: Api) -> None:
    with pytest.raises(UpstreamError, match="no place"):
        await read(api, Speaks.ANTHROPIC, [v.MESSAGES])  # it has a server_tool_use


@pytest.mark.parametrize(("api", "speaks"), ACROSS)
async def test_an_error_inside_stays_an_error_and_a_cut_stays_a_cut(api: Api, speaks: Speaks) -> None:
    anthropic = speaks is Speaks.ANTHROPIC
    told = v.MESSAGES_ERROR if anthropic else v.CHAT_ERROR
    answer = await read(api, speaks, [told])
    assert (bool(answer.error), answer.ended, answer.text) == (True, False, "Half")
    whole = v.MESSAGES_REFUSAL if anthropic else v.CHAT
    stops = whole.rindex(b"stop_reason" if anthropic else b'"stop"')
    with pytest.raises(UpstreamError, match="broke off"):
        await read(api, speaks, [whole[: whole.rindex(b"\n\n", 0, stops) + 2]])


@pytest.mark.parametrize("api", [Api.MESSAGES, Api.RESPONSES])
@pytest.mark.parametrize(
    "delta",
    [{"audio": {"data": "x"}}, {"executed_tools": [{"x": 1}]}, {"aside": "words"}, {"function_call": {"name": "f"}},
     {"tool_calls": [{"index": 0, "id": "c", "custom": {"name": "f", "input": "x"}}]},
     {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}, {"index": 0, "function": {"name": "g"}}]}],
)  # fmt: skip
async def test_what_has_no_place_is_no_answer(api: Api, delta: dict[str, Any]) -> None:
    with pytest.raises(UpstreamError):
        await read(api, Speaks.OPENAI_CHAT, [v.chat_events([v.chunk(delta), v.chunk({}, "stop")])])


async def test_a_server_that_leaves_out_its_end_mark_has_ended() -> None:
    answer = await read(Api.MESSAGES, Speaks.OPENAI, [v.CHAT.removesuffix(b"data: [DONE]\n\n")])
    assert (answer.text, answer.ended) == ("Grüße 世界 🙂", True)


async def test_nothing_follows_the_end() -> None:
    with pytest.raises(UpstreamError, match="after the end"):
        await read(Api.MESSAGES, Speaks.OPENAI, [v.CHAT, v.CHAT])


@given(st.sampled_from(ACROSS), st.lists(events, max_size=4), st.booleans())
async def test_any_events_are_an_answer_or_an_upstream_error(across: Any, told: list[Any], stream: bool) -> None:
    body = v.chat_events(told) if stream else v.pack(told[0] if told else {})
    try:
        answer = await read(across[0], across[1], [body], v.SSE if stream else "application/json")
    except UpstreamError as error:
        assert error.sent  # noqa: PT017 - an error is as good as an answer
        return
    assert isinstance(answer, Answer)


@given(st.sampled_from(ACROSS), st.integers(0, 3000), st.sampled_from([b"\x00", b"{", b'"', b"\n\n", b"data: {}\n\n"]))
async def test_any_flaw_in_a_stream_is_an_answer_or_an_upstream_error(across: Any, at: int, flaw: bytes) -> None:
    body = STREAMS[across[1]]
    at %= len(body)
    try:
        await read(across[0], across[1], [body[:at] + flaw + body[at:]])
    except UpstreamError as error:
        assert error.sent  # noqa: PT017 - likewise
