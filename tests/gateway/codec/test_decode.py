"""The neutral call: both APIs' requests, as their SDKs write them."""

from typing import Any

import pytest

from brightline.errors import CallError
from brightline.gateway.codec import Api, Call, Family, Kind, Role, decode
from tests.gateway.codec.vectors import capture, pack

PNG = "data:image/png;base64," + "A" * 99
USER = {"role": "user", "content": "Hello"}


def chat(**fields: Any) -> Call:
    return decode(Api.CHAT, pack({"model": "m", "messages": [USER], **fields}))


def messages(**fields: Any) -> Call:
    return decode(Api.MESSAGES, pack({"model": "m", "max_tokens": 9, "messages": [USER], **fields}))


def texts(call: Call) -> list[tuple[Role, str, int]]:
    return [(p.role, p.text, p.message) for p in call.conversation()]


@pytest.mark.parametrize(
    "name",
    ["chat", "chat-stream", "chat-stream-usage", "chat-schema", "chat-tools", "chat-two-choices", "chat-image",
     "messages", "messages-stream", "messages-system", "messages-tools", "messages-no-max-tokens"],
)  # fmt: skip
def test_what_the_engine_was_sent_decodes(name: str) -> None:
    sent = capture(name)
    call = decode(Api(sent.path), sent.sent)
    assert call.model == "m"
    assert len(call.turns) == 1
    assert call.stream is ("stream" in name)
    assert call.api.family is (Family.OPENAI if name.startswith("chat") else Family.ANTHROPIC)
    assert call.tools == (("weather",) if "tools" in name else ())
    assert call.answers == (2 if "two-choices" in name else 1)


def test_a_whole_openai_request() -> None:
    call = chat(
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "What is this?"},
                                         {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}},
                                         {"type": "image_url", "image_url": {"url": PNG}},
                                         {"type": "input_audio", "input_audio": {"data": "B" * 99, "format": "wav"}},
                                         {"type": "file", "file": {"file_url": "https://a.org/b"}}]},
        ],
        stream=True, max_tokens=7, max_completion_tokens=9, n=3, user="u-1", stream_options={"include_usage": True},
        tools=[{"type": "function", "function": {"name": "weather", "parameters": {}}},
               {"type": "custom", "custom": {"name": "shell"}}],
        functions=[{"name": "old"}], web_search_options={},
    )  # fmt: skip
    assert (call.api, call.model, call.stream, len(call.turns)) == (Api.CHAT, "m", True, 2)
    assert (call.max_tokens, call.answers, call.user, call.usage_asked) == (9, 3, "u-1", True)
    assert call.parts == {Kind.IMAGE: 2, Kind.AUDIO: 1, Kind.FILE: 1}
    assert call.linked == 2
    assert call.tools == ("weather", "shell", "old", "web_search")
    assert texts(call)[0] == (Role.SYSTEM, "Be brief.", 0)
    assert texts(call)[1][:2] == (Role.USER, "What is this?\nhttps://example.org/a.png\nwav\nfile_url\nhttps://a.org/b")


def test_a_whole_anthropic_request() -> None:
    call = messages(
        system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        messages=[
            {"role": "user", "content": "Weather in Ulm?"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Ulm"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": [
                    {"type": "text", "text": "Rain"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A" * 99}}]},
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Read me"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "B" * 99}},
                {"type": "text", "text": "And?"}]},
        ],
        stream=True, metadata={"user_id": "u-1"},
        tools=[{"name": "weather", "input_schema": {}}, {"type": "browser_toolset_20260801"}],
        mcp_servers=[{"type": "url", "name": "files", "url": "https://example.org/"}],
    )  # fmt: skip
    assert (call.api, call.stream, len(call.turns), call.max_tokens) == (Api.MESSAGES, True, 3, 9)
    assert (call.user, call.answers, call.usage_asked) == ("u-1", 1, False)
    assert call.tools == ("weather", "files", "browser_toolset_20260801")
    assert call.parts == {Kind.IMAGE: 1, Kind.FILE: 1}
    assert call.linked == 0
    assert texts(call)[0] == (Role.SYSTEM, "Be brief.", -1)
    assert [(p.role, p.text) for p in call.new()] == [
        (Role.TOOL, "t1\nRain\nimage/png"),
        (Role.USER, "text/plain\nRead me\napplication/pdf\nAnd?"),
    ]


def roles(*names: str) -> list[dict[str, str]]:
    return [{"role": name, "content": f"{index} {name}"} for index, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["user"], 0),
        (["system", "user"], 0),
        (["system", "user", "assistant", "user"], 3),
        (["user", "assistant", "tool", "tool"], 2),
        (["user", "assistant", "user", "user"], 2),
        (["user", "assistant", "user", "assistant"], 2),  # a prefill: the client wrote it
        (["user", "assistant"], 0),
        (["assistant"], 0),
        (["user", "assistant", "user", "assistant", "assistant"], 2),
    ],
)
def test_the_new_turn_begins_after_the_last_assistant_turn(names: list[str], first: int) -> None:
    call = chat(messages=roles(*names))
    assert call.first_new == first
    assert [p.message for p in call.new()] == list(range(first, len(names)))


def test_on_the_first_turn_everything_is_new() -> None:
    call = messages(system="Be brief.", tools=[{"name": "weather", "description": "Tell it", "input_schema": {}}])
    assert list(call.new()) == list(call.conversation())
    assert [p.role for p in call.new()] == [Role.SYSTEM, Role.USER, Role.DEFINITION]


@pytest.mark.parametrize(
    ("fields", "most"),
    [
        ({}, None),
        ({"max_tokens": 0}, 0),
        ({"max_tokens": None, "n_predict": 5}, 5),
        ({"max_tokens": 5, "n_predict": 900}, 900),  # llama.cpp follows n_predict
        ({"max_tokens": 5, "n_predict": -1}, None),  # there: no bound
    ],
)
def test_the_most_tokens_that_any_field_asks(fields: dict[str, Any], most: int | None) -> None:
    assert chat(**fields).max_tokens == most


@pytest.mark.parametrize(
    ("fields", "user"),
    [({"user": "a"}, "a"), ({"safety_identifier": "b", "user": "a"}, "b"), ({"metadata": {"topic": "x"}}, None)],
)
def test_the_user_that_a_client_names(fields: dict[str, Any], user: str | None) -> None:
    assert chat(**fields).user == user


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"model": None}, "model"),
        ({"model": 7}, "model"),
        ({"model": ""}, "model"),
        ({"model": "m\x00x"}, "model"),
        ({"model": "m" * 257}, "model"),
        ({"messages": None}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": "no"}, "messages"),
        ({"messages": ["no"]}, "messages[0]"),
        ({"messages": [{"content": "x"}]}, "messages[0].role"),
        ({"messages": [USER, {"role": "Assistant", "content": "x"}]}, "messages[1].role"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": {"text": "x"}}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0]"),
        ({"messages": [{"role": "user", "content": [{"type": ["text"]}]}]}, "messages[0].content[0]"),
        ({"stream": "true"}, "stream"),
        ({"stream": 1}, "stream"),
        ({"stream_options": []}, "stream_options"),
        ({"stream_options": {"include_usage": "yes"}}, "stream_options.include_usage"),
        ({"max_tokens": "5"}, "max_tokens"),
        ({"max_tokens": 5.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"user": {}}, "user"),
        ({"tools": {}}, "tools"),
        ({"tools": ["x"]}, "tools[0]"),
        ({"tools": [{}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {"name": ""}}]}, "tools[0]"),
        ({"tools": [{"name": "a"}, {"name": "a"}]}, "tools"),
        ({"tools": [{"name": "a"}], "functions": [{"name": "a"}]}, "tools"),
    ],
)
def test_a_field_of_the_wrong_shape_is_named(fields: dict[str, Any], place: str) -> None:
    with pytest.raises(CallError) as caught:
        chat(**fields)
    assert caught.value.place == place
    assert caught.value.status == 400
    assert caught.value.cure


def test_a_missing_field_is_named() -> None:
    for body, place in [
        (b"{}", "model"),
        (b'{"model":"m"}', "messages"),
        (b'{"model":"m","messages":[{}]}', "messages[0].role"),
    ]:
        with pytest.raises(CallError) as caught:
            decode(Api.CHAT, body)
        assert caught.value.place == place


def test_an_error_never_quotes_the_request() -> None:
    for fields in ({"messages": [{"role": "SECRET words", "content": "x"}]}, {"n": "SECRET"}, {"stream": "SECRET"}):
        with pytest.raises(CallError) as caught:
            chat(**fields)
        assert "SECRET" not in str(caught.value)


def test_roles_differ_by_api() -> None:
    assert chat(messages=roles("developer", "user", "tool", "function")).turns == roles(
        "developer", "user", "tool", "function"
    )
    assert messages(messages=roles("user", "system")).turns == roles("user", "system")
    with pytest.raises(CallError):
        messages(messages=roles("tool"))


def test_another_path_is_no_api() -> None:
    with pytest.raises(ValueError, match="moderations"):
        Api("/v1/moderations")
