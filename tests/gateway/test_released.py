"""Tool results that come back are of calls that were released to the same actor."""

from __future__ import annotations

from typing import Any

import pytest

from brightline.errors import CallError
from brightline.gateway import released as released_module
from brightline.gateway.codec import Api, ToolCall, decode
from brightline.gateway.codec.body import encode
from brightline.gateway.released import Released
from tests.gateway.calling import CHAT, CLAUSES, LOOK, MESSAGES, RESPONSES, WATCH, asked, calling, registered
from tests.gateway.plain import Got, post
from tests.gateway.stage import Stage, stage

USER = {"role": "user", "content": "Go."}
ARGUMENTS = {"track": 7, "note": "größer 🙂"}


def conversation(
    path: str, *more: dict[str, Any], name: str = "look", arguments: Any = None, of: str = "call_1"
) -> Any:
    """A turn in which the model called a tool, and the tool's result."""
    arguments = ARGUMENTS if arguments is None else arguments
    if path == MESSAGES:
        use = {"type": "tool_use", "id": "call_1", "name": name, "input": arguments}
        result = {"type": "tool_result", "tool_use_id": of, "content": "4"}
        return [USER, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}, *more]
    if path == RESPONSES:
        said = encode(arguments).decode() if arguments != "" else ""
        made = {"type": "function_call", "call_id": "call_1", "name": name, "arguments": said}
        return [USER, made, {"type": "function_call_output", "call_id": of, "output": "4"}, *more]
    function = {"name": name, "arguments": encode(arguments).decode() if arguments != "" else ""}
    call = {"id": "call_1", "type": "function", "function": function}
    result = {"role": "tool", "tool_call_id": of, "content": "4"}
    return [USER, {"role": "assistant", "content": None, "tool_calls": [call]}, result, *more]


async def again(s: Stage, path: str, messages: Any) -> Got:
    return await post(s.url, asked(path, stream=False, **{Api(path).spoken[0]: messages}), path)


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
@pytest.mark.parametrize("stream", [False, True])
async def test_the_result_of_a_released_call_passes(path: str, stream: bool) -> None:
    async with stage(calling(LOOK, piece=1), terms=CLAUSES, tools=registered()) as s:
        await post(s.url, asked(path, stream=stream), path)
        assert (await again(s, path, conversation(path))).status == 200
        floats = {"note": "größer 🙂", "track": 7.0}  # as a program in another language writes it again
        assert (await again(s, path, conversation(path, arguments=floats))).status == 200


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
@pytest.mark.parametrize(
    "other", [{"name": "watch"}, {"arguments": {"track": 8}}, {"of": "call_9"}, {"of": ""}, {"arguments": ""}]
)
async def test_a_result_of_a_call_that_was_never_made_is_refused(path: str, other: dict[str, Any]) -> None:
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered()) as s:
        await post(s.url, asked(path, stream=False), path)
        before = len(s.recorder.drafts)
        got = await again(s, path, conversation(path, **other))
        assert got.status == 400
        assert "unreleased_tool_result" in got.body.decode()
        assert len(s.seen) == 1, "nothing is forwarded"
        assert len(s.recorder.drafts) == before


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_the_result_of_a_denied_call_is_refused_wherever_it_stands(path: str) -> None:
    denied = {"name": "watch", "arguments": {"who": "a named person"}}
    hidden = [{"role": "assistant", "content": "Good."}, USER]
    async with stage(calling(WATCH._replace(id="call_1")), terms=CLAUSES, tools=registered()) as s:
        assert (await again(s, path, conversation(path, *hidden, **denied))).status == 200, "not yet denied"
        for messages in (conversation(path, **denied), conversation(path, *hidden, **denied)):
            got = await again(s, path, messages)
            assert got.status == 400
            assert "was denied" in got.body.decode()


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_older_turns_and_observing_are_let_be(path: str) -> None:
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered()) as s:
        older = conversation(path, {"role": "assistant", "content": "Four."}, USER)
        assert (await again(s, path, older)).status == 200
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered(), observe=True) as s:
        assert (await again(s, path, conversation(path))).status == 200


def call_of(messages: Any) -> Any:
    return decode(Api.CHAT, encode({"model": "m", "messages": messages}))


def test_calls_belong_to_their_actor_and_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    released = Released()
    call = ToolCall("call_1", "look", encode(ARGUMENTS).decode())
    released.note("a", call, True)
    asks = call_of(conversation(CHAT))
    released.check("a", asks)
    with pytest.raises(CallError, match="never released here"):
        released.check("b", asks)
    monkeypatch.setattr(released_module, "MAX_REMEMBERED", 2)
    released.note("a", ToolCall("x", "look", ""), True)
    released.check("a", asks)
    released.note("a", ToolCall("y", "look", "{}"), True)
    with pytest.raises(CallError, match="forgotten"):
        released.check("a", asks)


def test_the_older_function_role_is_checked_by_name() -> None:
    said = {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}}
    asks = call_of([USER, said, {"role": "function", "name": "look", "content": "4"}])
    released = Released()
    with pytest.raises(CallError, match="never released"):
        released.check("a", asks)
    released.note("a", ToolCall("", "look", ""), True)
    released.check("a", asks)


@pytest.mark.parametrize(
    "message",
    [
        {"role": "assistant", "content": None, "tool_calls": [7, {"function": 7}, {"id": 7}, None]},
        {"role": "assistant", "content": None, "tool_calls": "x", "function_call": "y"},
        {"role": "assistant", "content": [{"type": "tool_use"}, {"type": "text", "text": "x"}]},
    ],
)
def test_misshapen_calls_are_none(message: dict[str, Any]) -> None:
    with pytest.raises(CallError) as raised:
        Released().check("a", call_of([USER, message, {"role": "tool", "tool_call_id": "q", "content": "4"}]))
    assert raised.value.place == "messages[2]"
    assert raised.value.code == "unreleased_tool_result"
