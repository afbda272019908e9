"""Requests across APIs: what each becomes, and what is refused because it has no place there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError
from brightline.gateway.codec import Api, decode
from brightline.gateway.translate import Dialect, Speaks
from tests.gateway.codec.test_body import values
from tests.gateway.codec.vectors import asking, pack
from tests.hostile.laws import lawful

HELLO = [{"role": "user", "content": "Hello"}]
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Ulm"}'}}
PNG = "data:image/png;base64,QUJD"
SCHEMA = {"type": "object", "properties": {}}
FUNCTION = {"name": "weather", "description": "Tells it.", "parameters": SCHEMA}


def sent(api: Api, speaks: Speaks, **fields: Any) -> Any:
    turns = fields.pop(api.spoken[0], "Hello" if api is Api.RESPONSES else HELLO)
    asked = Dialect(speaks).asked(decode(api, pack({"model": "m", api.spoken[0]: turns, **fields})), "up")
    return json.loads(asked.body)


def test_a_messages_call_as_chat() -> None:
    body = sent(
        Api.MESSAGES, Speaks.OPENAI, max_tokens=9, stream=True, stop_sequences=["x"], temperature=0.5, top_k=3,
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        metadata={"user_id": "u"}, tool_choice={"type": "any", "disable_parallel_tool_use": True},
        tools=[{"name": "weather", "description": "Tells it.", "input_schema": SCHEMA}],
        thinking={"type": "disabled"},
        messages=[
            {"role": "user", "content": [
                {"type": "text", "text": "What?"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "So."},
                {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Ulm"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c1", "content": "Rain", "is_error": True},
                {"type": "text", "text": "And?"}]},
        ],
    )  # fmt: skip
    assert body == {
        "model": "up", "max_tokens": 9, "temperature": 0.5, "top_k": 3, "stop": ["x"], "stream": True,
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What?"},
                                         {"type": "image_url", "image_url": {"url": PNG}}]},
            {"role": "assistant", "content": "So.", "tool_calls": [CALL], "reasoning_content": "Hm."},
            {"role": "tool", "tool_call_id": "c1", "content": "Error: Rain"},
            {"role": "user", "content": "And?"},
        ],
        "tools": [{"type": "function", "function": FUNCTION}], "tool_choice": "required",
        "parallel_tool_calls": False, "user": "u", "stream_options": {"include_usage": True},
    }  # fmt: skip


CHATTED: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": PNG}}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL, {**CALL, "id": "c2"}]},
    {"role": "tool", "tool_call_id": "c1", "content": "Rain"},
    {"role": "tool", "tool_call_id": "c2", "content": "Sun"},
    {"role": "user", "content": "And?"},
]
MESSAGED = [
    {"role": "user", "content": [
        {"type": "text", "text": "What?"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "QUJD"}}]},
    {"role": "assistant", "content": [
        {"type": "tool_use", "id": "c1", "name": "weather", "input": {"city": "Ulm"}},
        {"type": "tool_use", "id": "c2", "name": "weather", "input": {"city": "Ulm"}}]},
    {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "Rain"}]},
        {"type": "tool_result", "tool_use_id": "c2", "content": [{"type": "text", "text": "Sun"}]}]},
    {"role": "user", "content": [{"type": "text", "text": "And?"}]},
]  # fmt: skip


def test_a_chat_call_as_messages() -> None:
    body = sent(
        Api.CHAT, Speaks.ANTHROPIC, messages=CHATTED, stop="x", stream=True, stream_options={"include_usage": True},
        user="u", n=1, tools=[{"type": "function", "function": FUNCTION}], parallel_tool_calls=False,
        tool_choice={"type": "function", "function": {"name": "weather"}},
    )  # fmt: skip
    assert body == {
        "max_tokens": 4096, "model": "up", "stream": True, "system": [{"type": "text", "text": "Be brief."}],
        "messages": MESSAGED, "stop_sequences": ["x"],
        "tools": [{"name": "weather", "description": "Tells it.", "input_schema": SCHEMA}],
        "tool_choice": {"type": "tool", "name": "weather", "disable_parallel_tool_use": True},
        "metadata": {"user_id": "u"},
    }  # fmt: skip
    assert sent(Api.CHAT, Speaks.ANTHROPIC, max_completion_tokens=7)["max_tokens"] == 7


ITEMS = [
    {"role": "developer", "content": "Be brief."},
    {"type": "message", "role": "user", "content": [
        {"type": "input_text", "text": "What?"}, {"type": "input_image", "image_url": PNG}]},
    {"type": "reasoning", "id": "rs_0", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]},
    {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather", "arguments": '{"city":"Ulm"}'},
    {"type": "function_call", "id": "fc_2", "call_id": "c2", "name": "weather", "arguments": '{"city":"Ulm"}'},
    {"type": "function_call_output", "call_id": "c1", "output": "Rain"},
    {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Sun"}]},
    {"role": "user", "content": "And?"},
]  # fmt: skip


def test_a_response_as_chat() -> None:
    body = sent(
        Api.RESPONSES, Speaks.OPENAI_CHAT, input=ITEMS, max_output_tokens=9, store=False, include=[],
        tools=[{"type": "function", **FUNCTION}], tool_choice={"type": "function", "name": "weather"},
        text={"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}}, reasoning={"effort": "low"},
    )  # fmt: skip
    assert body == {
        "model": "up", "max_tokens": 9,
        "messages": [*CHATTED[:2], {**CHATTED[2], "reasoning_content": "Hm."}, *CHATTED[3:]],
        "tools": [{"type": "function", "function": FUNCTION}],
        "tool_choice": {"type": "function", "function": {"name": "weather"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": SCHEMA}},
        "reasoning_effort": "low",
    }  # fmt: skip
    assert sent(Api.RESPONSES, Speaks.OPENAI_CHAT, instructions="Be brief.")["messages"] == [
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"},
    ]  # fmt: skip


def test_a_response_as_messages() -> None:
    plain = [item for item in ITEMS if item.get("type") != "reasoning"]
    body = sent(Api.RESPONSES, Speaks.ANTHROPIC, input=plain)
    assert (body["messages"], body["system"]) == (MESSAGED, [{"type": "text", "text": "Be brief."}])


def user(*parts: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(parts)}]}


REFUSED: list[tuple[Api, Speaks, dict[str, Any], str]] = [
    (Api.MESSAGES, Speaks.OPENAI, {"thinking": {"type": "enabled", "budget_tokens": 1024}}, "thinking"),
    (Api.MESSAGES, Speaks.OPENAI, {"a_field_of_tomorrow": 1}, "a_field_of_tomorrow"),
    (Api.MESSAGES, Speaks.OPENAI, {"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools[0]"),
    (Api.MESSAGES, Speaks.OPENAI, {"metadata": {"team": "x"}}, "metadata.team"),
    (Api.MESSAGES, Speaks.OPENAI, {"system": [{"type": "text", "text": "x", "citations": [1]}]}, "system[0].citations"),
    (Api.MESSAGES, Speaks.OPENAI, {"messages": [{"role": "assistant", "content": [
        {"type": "redacted_thinking", "data": "x"}]}]}, "messages[0].content[0]"),
    (Api.MESSAGES, Speaks.OPENAI, user({"type": "document", "source": {"type": "url", "url": "https://x"}}),
     "messages[0].content[0]"),
    (Api.MESSAGES, Speaks.OPENAI, user({"type": "tool_result", "tool_use_id": "c", "content": [
        {"type": "image", "source": {"type": "url", "url": "https://x"}}]}), "messages[0].content[0].content[0]"),
    (Api.CHAT, Speaks.ANTHROPIC, {"n": 2}, "n"),
    (Api.CHAT, Speaks.ANTHROPIC, {"seed": 7}, "seed"),
    (Api.CHAT, Speaks.ANTHROPIC, {"response_format": {"type": "json_object"}}, "response_format"),
    (Api.CHAT, Speaks.ANTHROPIC, {"tools": [{"type": "custom", "custom": {"name": "x"}}]}, "tools[0]"),
    (Api.CHAT, Speaks.ANTHROPIC, {"messages": [*HELLO, {"role": "system", "content": "x"}]}, "messages[1]"),
    (Api.CHAT, Speaks.ANTHROPIC, {"messages": [{"role": "user", "content": "x", "name": "a"}]}, "messages[0].name"),
    (Api.CHAT, Speaks.ANTHROPIC, user({"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}),
     "messages[0].content[0]"),
    (Api.CHAT, Speaks.ANTHROPIC, {"messages": [*HELLO, {"role": "assistant", "tool_calls": [
        {**CALL, "function": {"name": "weather", "arguments": "[1]"}}]}]}, "messages[1].tool_calls[0]"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"include": ["reasoning.encrypted_content"]}, "include"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"truncation": "auto"}, "truncation"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"reasoning": {"effort": "low", "summary": "auto"}}, "reasoning.summary"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"tools": [{"type": "custom", "name": "x"}]}, "tools[0]"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"input": [
        {"type": "reasoning", "summary": [], "encrypted_content": "x"}]}, "input[0].encrypted_content"),
    (Api.RESPONSES, Speaks.OPENAI_CHAT, {"input": [{"type": "compaction", "encrypted_content": "x"}]}, "input[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("api", "speaks", "fields", "place"), REFUSED, ids=str)
def test_what_has_no_place_there_is_refused_by_name(
    api: Api, speaks: Speaks, fields: dict[str, Any], place: str
) -> None:
    with pytest.raises(CallError) as caught:
        sent(api, speaks, **fields)
    assert (caught.value.status, caught.value.code, caught.value.place) == (400, "not_translated", place)
    assert caught.value.cure


FIELDS = [
    "system", "metadata", "tool_choice", "thinking", "stop", "stop_sequences", "parallel_tool_calls", "text",
    "reasoning", "include", "truncation", "response_format", "n", "user", "temperature", "instructions",
]  # fmt: skip
KINDS = ["text", "image", "image_url", "document", "file", "tool_result", "tool_use", "thinking", "input_text",
         "input_image", "output_text", "refusal", "input_audio"]  # fmt: skip
MEMBERS = ["text", "source", "content", "image_url", "file", "input", "id", "title", "tool_use_id", "thinking",
           "refusal", "is_error"]  # fmt: skip
parts = st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional=dict.fromkeys(MEMBERS, values))
turns = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"])},
    optional={"content": st.text(max_size=3) | st.lists(parts, max_size=2), "tool_calls": values, "refusal": values,
              "tool_call_id": values},
)  # fmt: skip
items = turns | st.fixed_dictionaries(
    {"type": st.sampled_from(["function_call", "function_call_output", "reasoning"])},
    optional={"call_id": st.text(max_size=3), "name": st.text(max_size=3), "arguments": st.text(max_size=3),
              "output": st.lists(parts, max_size=2), "summary": st.lists(parts, max_size=2)},
)  # fmt: skip
tools = st.lists(st.dictionaries(st.sampled_from(["type", "name", "function", "parameters", "input_schema"]), values))


@given(
    st.sampled_from([(Api.MESSAGES, Speaks.OPENAI), (Api.CHAT, Speaks.ANTHROPIC), (Api.RESPONSES, Speaks.OPENAI_CHAT),
                     (Api.RESPONSES, Speaks.ANTHROPIC)]),
    st.lists(turns | items, min_size=1, max_size=3),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=2),
    tools,
)  # fmt: skip
def test_any_call_is_translated_or_refused(across: Any, said: Any, fields: dict[str, Any], offered: Any) -> None:
    api, speaks = across
    more = {**fields, **({"tools": offered} if offered else {})}
    asked = lawful(lambda: Dialect(speaks).asked(decode(api, pack(asking(api, said, **more))), "up"), CallError)
    if asked is not None:
        decode(asked.api, asked.body)


@given(st.text("zebra", min_size=9, max_size=9))
def test_no_word_of_a_conversation_is_lost(word: str) -> None:
    said: list[dict[str, Any]] = [{"role": role, "content": word} for role in ("system", "user", "assistant")]
    said.append({"role": "user", "content": [{"type": "text", "text": word}]})
    for api, speaks in ((Api.CHAT, Speaks.ANTHROPIC), (Api.MESSAGES, Speaks.OPENAI)):
        assert json.dumps(sent(api, speaks, messages=said)).count(word) == len(said)
