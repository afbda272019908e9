"""Members of a chat message that are not known here: read and noted, or refused where they could be a tool call."""

from typing import Any

import pytest

from brightline.errors import UpstreamError
from brightline.gateway.codec import Answer, reading
from tests.gateway.codec import vectors as v


def whole(message: dict[str, Any]) -> bytes:
    return v.pack({"choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}]})


def heard(member: dict[str, Any], *, stream: bool) -> Answer:
    said = {"content": "Yes. ", **member}
    body = v.chat_events([v.chunk(said), v.chunk({}, "stop")]) if stream else whole(said)
    passed, held, answer = v.read(v.CHAT_PLAIN_CALL, [body], v.SSE if stream else "application/json")
    assert passed + held == body, "it passes as it came"
    return answer


SILENT: list[dict[str, Any]] = [
    {"annotations": [{"type": "url_citation", "url_citation": {"title": "T", "url": "u"}}]},
    {"name": "m"}, {"audio": None}, {"prefix": False, "token_ids": [1, 2]}, {"executed_tools": None},
    {"tool_uses": []}, {"reasoning_details": []},
]  # fmt: skip
WORDS: list[tuple[dict[str, Any], list[str]]] = [
    ({"reasoning_details": [{"type": "reasoning.text", "text": "Hm", "format": "f-1", "index": 0}]},
     ["Hm", "f-1", "reasoning.text"]),
    ({"channel": "final"}, ["final"]),
    ({"aside": {"title": "Note", "lines": ["a", "b"]}}, ["Note", "a", "b"]),
    ({"audio": {"id": "a", "data": "QUJD", "transcript": "Spoken"}}, ["Spoken"]),
]  # fmt: skip
CALLS: list[dict[str, Any]] = [
    {"executed_tools": [{"x": "search"}]}, {"toolCalls": [{"x": "{}"}]}, {"tool_use": {"x": 1}},
    {"action": "open"}, {"extra": {"function": {"x": "y"}}}, {"extra": {"arguments": "{}"}},
    {"extra": [{"type": "tool_call", "x": "y"}]}, {"extra": {"input": {"gate": 7}}}, {"mcp": "x"},
]  # fmt: skip
both = pytest.mark.parametrize("stream", [False, True])


@both
@pytest.mark.parametrize("member", SILENT, ids=str)
def test_what_says_nothing_is_let_be(member: dict[str, Any], stream: bool) -> None:
    answer = heard(member, stream=stream)
    assert (answer.text, answer.understood) == ("Yes. ", True)


@both
@pytest.mark.parametrize(("member", "words"), WORDS, ids=str)
def test_words_are_read_and_noted(member: dict[str, Any], words: list[str], stream: bool) -> None:
    answer = heard(member, stream=stream)
    assert answer.understood is False
    assert answer.text.startswith("Yes. ")
    assert all(word in answer.text for word in words)


def test_sound_without_words_is_noted() -> None:
    assert heard({"audio": {"data": "QUJD"}}, stream=True).understood is False


@both
@pytest.mark.parametrize("member", CALLS, ids=str)
def test_what_could_be_a_call_is_no_answer(member: dict[str, Any], stream: bool) -> None:
    now = reading(v.CHAT_PLAIN_CALL, v.SSE if stream else "application/json")
    with pytest.raises(UpstreamError, match="could be a tool call"):
        assert (now.feed(v.chat_events([v.chunk(member)]) if stream else whole(member)), now.finish()) == (b"", b"")
