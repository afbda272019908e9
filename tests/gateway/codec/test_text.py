"""Nothing that a model could read hides from the pieces: a marker put anywhere in a request is found in one of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import CallError
from brightline.gateway.codec import Api, Call, Kind, decode
from brightline.gateway.codec.text import strings
from tests.gateway.codec.vectors import CONVERSED, asking, pack

MARK = "zebra-7391"
KEYS = [
    "content",
    "type",
    "text",
    "name",
    "input",
    "data",
    "source",
    "url",
    "image_url",
    "id",
    "x",
    "arguments",
    "file",
]
TEXT = ["text", "tool_use", "tool_result", "thinking", "redacted_thinking", "base64", "future_part"]
MEDIA_TYPES = ["image_url", "image", "document", "file", "input_audio"]


@st.composite
def hidden(draw: st.DrawFn) -> dict[str, Any]:
    """A content part with the marker somewhere inside: a value or a key, at any depth. In a part of media the text
    around it is short, since long data of theirs is what is left out."""
    media = draw(st.booleans())
    text = MARK if media else MARK + "data:" * 20
    value: Any = draw(st.sampled_from([text, f"data:{text}", {text: 1}, [text], {"y": {text: "z"}}]))
    for key in draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4)):
        value = draw(st.sampled_from([{key: value}, {key: [value]}, {"type": "text", key: value}]))
    part: dict[str, Any] = dict.fromkeys(draw(st.lists(st.sampled_from(KEYS), max_size=3)), "w")
    part |= value if type(value) is dict else {"x": value}
    if type(part.get("type")) is not str or part["type"] == "w":
        part = {
            "type": draw(st.sampled_from(MEDIA_TYPES if media else TEXT)),
            **({"held": part} if "type" in part else part),
        }
    return part


def found(call: Call) -> int:
    return sum(piece.text.count(MARK) for piece in call.conversation())


@given(hidden(), st.sampled_from(["user", "assistant"]), st.sampled_from(CONVERSED))
def test_a_marker_in_any_part_is_in_the_text(part: dict[str, Any], role: str, api: Api) -> None:
    body = pack(asking(api, [{"role": role, "content": [{"type": "text", "text": "a"}, part]}]))
    call = decode(api, body)
    assert found(call) == body.count(MARK.encode())
    assert sum(p.text.count(MARK) for p in call.new()) == found(call)


@pytest.mark.parametrize(
    "fields",
    [
        {"system": MARK},
        {"system": [{"type": "text", "text": MARK}]},
        {"tools": [{"type": "function", "function": {"name": "a", "description": MARK}}]},
        {"tools": [{"name": "a", "input_schema": {"properties": {MARK: {"type": "string"}}}}]},
        {"tools": [{"name": MARK}]},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": [MARK]}}}},
        {"prediction": {"type": "content", "content": MARK}},
        {"documents": [{"text": MARK}]},
        {"a_field_of_tomorrow": {"deep": [[{"er": MARK}]]}},
        {"reasoning_effort": MARK},  # gpt-oss's template prints it
        {"messages": [{"role": "user", "content": MARK, "name": "x"}]},
        {"messages": [{"role": "user", "content": "x", "name": MARK}]},
        {"messages": [{"role": "user", "content": None, "reasoning_content": MARK}]},
        {"messages": [{"role": "user", "content": MARK}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "a", "arguments": MARK}}]}]},
        {"messages": [{"role": "user", "content": [{"type": MARK, "x": "y"}]}]},
    ],
)  # fmt: skip
def test_a_marker_beside_the_content_is_in_the_text(fields: dict[str, Any]) -> None:
    call = decode(Api.CHAT, pack({"model": "m", "messages": [{"role": "user", "content": "x"}], **fields}))
    assert found(call) == 1


MEDIA = "A" * 60 + MARK + "A" * 60


@pytest.mark.parametrize(
    ("part", "kind", "linked"),
    [
        ({"type": "image_url", "image_url": {"url": "data:image/png;base64," + MEDIA}}, Kind.IMAGE, 0),
        ({"type": "image_url", "image_url": "data:image/png;base64," + MEDIA}, Kind.IMAGE, 0),
        ({"type": "image", "source": {"type": "base64", "data": MEDIA}}, Kind.IMAGE, 0),
        ({"type": "input_audio", "input_audio": {"data": MEDIA, "format": "wav"}}, Kind.AUDIO, 0),
        ({"type": "video_url", "video_url": {"url": "data:video/mp4;base64," + MEDIA}}, Kind.VIDEO, 0),
        ({"type": "file", "file": {"file_data": MEDIA, "filename": "a.pdf"}}, Kind.FILE, 0),
        ({"type": "document", "source": {"type": "base64", "data": MEDIA}}, Kind.FILE, 0),
        ({"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "image", "source": {"type": "base64", "data": MEDIA}}]}, Kind.IMAGE, 0),
        ({"type": "document", "source": {"type": "content", "content": [
            {"type": "image", "source": {"type": "base64", "data": MEDIA}}]}}, Kind.IMAGE, 0),
        ({"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}, Kind.IMAGE, 1),
        ({"type": "input_image", "image_url": "data:image/png;base64," + MEDIA, "file_id": None}, Kind.IMAGE, 0),
        ({"type": "input_image", "image_url": "https://example.org/a.png"}, Kind.IMAGE, 1),
        ({"type": "input_file", "file_data": MEDIA, "filename": "a.pdf"}, Kind.FILE, 0),
        ({"type": "input_file", "file_url": "https://example.org/a.pdf"}, Kind.FILE, 1),
        ({"type": "redacted_thinking", "data": "x"}, Kind.OPAQUE, 0),
        ({"type": "hologram", "x": "y"}, Kind.OTHER, 0),
        ({"type": "file", "file": "y"}, Kind.FILE, 1),
    ],
)  # fmt: skip
def test_media_is_counted_and_only_its_data_left_out(part: dict[str, Any], kind: Kind, linked: int) -> None:
    call = decode(Api.MESSAGES, pack({"model": "m", "messages": [{"role": "user", "content": [part]}]}))
    assert (call.parts, call.linked) == ({kind: 1}, linked)
    assert found(call) == 0


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image", "source": {"type": "url", "url": MEDIA}},  # not inline: the words are read
        {"type": "image_url", "image_url": {"url": MEDIA}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": MEDIA}},
        {"type": "tool_use", "id": "t", "name": "a", "input": {"type": "base64", "data": MEDIA}},
        {"type": "tool_use", "id": "t", "name": "a", "input": {"url": "data:" + MEDIA}},
        {"type": "text", "text": "data:" + MEDIA},
        {"type": "file", "file": MEDIA},
        {"type": "text", "text": "x", "image_url": {"url": "data:" + MEDIA}},
    ],
)
def test_text_in_the_clothes_of_media_is_read(part: dict[str, Any]) -> None:
    call = decode(Api.CHAT, pack({"model": "m", "messages": [{"role": "user", "content": [part]}]}))
    assert found(call) == 1


def test_text_that_equals_short_media_data_is_read() -> None:
    audio = {"type": "input_audio", "input_audio": {"data": "A", "format": "wav"}}
    call = decode(Api.CHAT, pack({"model": "m", "messages": [{"role": "user", "content": [audio, text("A")]}]}))
    assert [p.text for p in call.new()] == ["A\nwav\nA"]


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def test_an_empty_message_has_no_piece() -> None:
    call = decode(Api.CHAT, pack({"model": "m", "messages": [{"role": "user", "content": ""}]}))
    assert list(call.conversation()) == []


def test_a_deep_value_is_walked_without_recursion() -> None:
    value: Any = MARK
    for _ in range(100_000):
        value = [value]
    assert list(strings(value)) == [MARK]


def test_nested_parts_of_any_shape_do_no_harm() -> None:
    odd = [{"type": []}, {"type": {}}, "x", None, {"type": "image", "source": "y"}, {"type": "document", "source": 7}]
    for outer in ("tool_result", "document"):
        part = {"type": outer, "content": odd, "source": {"type": "content", "content": odd}}
        call = decode(Api.MESSAGES, pack({"model": "m", "messages": [{"role": "user", "content": [part]}]}))
        assert call.parts[Kind.OTHER] == 2
    with pytest.raises(CallError):
        decode(Api.MESSAGES, pack({"model": "m", "messages": [{"role": "user", "content": odd}]}))
