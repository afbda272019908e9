"""What an API adds to its answers: it passes where it can be no tool call, and is refused where it could be one."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from anthropic.types import beta
from hypothesis import given
from hypothesis import strategies as st

from brightline.errors import UpstreamError, UpstreamFault
from brightline.gateway.codec import Answer, reading
from brightline.gateway.codec.additions import BLOCKS, DELTAS, TOOL_USES, added_words
from tests.gateway.codec import vectors as v

START: dict[str, Any] = v.START
END: list[dict[str, Any]] = [
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
    {"type": "message_stop"},
]


def streamed(*events: dict[str, Any]) -> tuple[bytes, Answer]:
    """What the client got of a stream with these events in it, and what was read."""
    sent = v.message_events([START, *events, *END])
    passed, held, answer = v.read(v.MESSAGES_CALL, [sent])
    assert passed + held == sent
    return sent, answer


def whole(block: dict[str, Any]) -> bytes:
    return v.pack({"type": "message", "role": "assistant", "content": [block], "stop_reason": "end_turn"})


SILENT: list[dict[str, Any]] = [
    {"type": "heartbeat"},
    {"type": "content_block_progress", "index": 0, "progress": 0.5, "done": False},
    {"type": "usage_update", "usage": {"output_tokens": 3, "more": [1, None]}},
    {"type": "model_changed", "model": "m-2", "id": "evt_1"},
    {"type": "pause_hint", "text": ""},
]
WORDS: list[tuple[dict[str, Any], str]] = [
    ({"type": "summary", "text": "Half a summary"}, "Half a summary"),
    ({"type": "aside", "delta": {"type": "aside_delta", "thinking": "Hm"}}, "Hm"),
    ({"type": "snapshot", "content_block": {"type": "text", "text": "So far"}}, "So far"),
]
CALLS: list[dict[str, Any]] = [
    {"type": "tool_use_v2", "id": "t1"},
    {"type": "computer_call"},
    {"type": "mcp.call", "index": 0},
    {"type": "act", "name": "fire"},
    {"type": "act", "input": {"x": 1}},
    {"type": "act", "steps": [{"arguments": "{}"}]},
    {"type": "act", "tool_calls": []},
    {"type": "act", "target": "gate-7"},
    {"type": "act", "what": ["open", "gate-7"]},
    {"type": "act", "payload": "eyJ4IjoxfQ=="},
    {"type": "act now please"},
    {"type": "act", "inner": {"type": "tool_use"}},
    {"type": "act", "fire at will": 1},
    {"type": "snapshot", "content_block": {"type": "text", "text": "x"}, "then": "fire"},
]


@pytest.mark.parametrize("added", SILENT, ids=lambda d: d["type"])
def test_what_says_nothing_passes(added: dict[str, Any]) -> None:
    _, answer = streamed(added)
    assert (answer.text, answer.understood, answer.ended) == ("", True, True)


@pytest.mark.parametrize(("added", "words"), WORDS, ids=lambda d: d["type"] if isinstance(d, dict) else "")
def test_words_pass_are_read_and_noted(added: dict[str, Any], words: str) -> None:
    _, answer = streamed(added)
    assert (answer.text, answer.understood, answer.ended) == (words, False, True)


@pytest.mark.parametrize("added", CALLS, ids=str)
@pytest.mark.parametrize("form", ["event", "block", "delta", "start", "whole"])
def test_what_could_be_a_tool_call_is_refused_and_nothing_of_it_passes(added: dict[str, Any], form: str) -> None:
    now = reading(v.MESSAGES_CALL, "application/json" if form == "whole" else v.SSE)
    start = START | {"message": START["message"] | {"content": [added]}}
    told = {
        "event": [added],
        "block": [{"type": "content_block_start", "index": 0, "content_block": added}],
        "delta": [{"type": "content_block_delta", "index": 0, "delta": added}],
        "start": [start],
    }
    body = whole(added) if form == "whole" else v.message_events(told[form])
    with pytest.raises(UpstreamError, match="could be a tool call") as caught:
        assert (now.feed(body), now.finish()) == (b"", b"")
    assert (caught.value.fault, caught.value.sent) == (UpstreamFault.BAD_ANSWER, True)
    assert not now.answer().ended


def test_blocks_and_deltas_of_unknown_types_follow_the_same_law() -> None:
    _, answer = streamed(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "poem", "text": "Roses "}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "rhyme_delta", "text": "noses"}},
        {"type": "content_block_stop", "index": 0},
    )
    assert (answer.text, answer.understood) == ("Roses noses", False)
    _, _, answer = v.read(v.MESSAGES_CALL, [whole({"type": "poem", "text": "Roses"})], "application/json")
    assert (answer.text, answer.understood) == ("Roses", False)


def test_what_the_sdk_knows_is_known_here() -> None:
    def types(union: Any) -> set[str]:
        return {get_args(t.model_fields["type"].annotation)[0] for t in get_args(get_args(union)[0])}

    assert types(beta.BetaContentBlock) <= BLOCKS
    assert types(beta.BetaRawContentBlockDelta) <= DELTAS
    assert {t for t in types(beta.BetaContentBlock) if t.endswith("tool_use")} == set(TOOL_USES)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(min_size=1, max_size=8)
trees = st.recursive(leaves, lambda t: st.lists(t, max_size=3) | st.dictionaries(st.text(max_size=8), t, max_size=3))


@given(st.dictionaries(st.sampled_from(["type", "id", "text", "name", "a", "b c"]), trees, max_size=4))
def test_no_text_passes_unread(added: dict[str, Any]) -> None:
    """Every string in it is a word that is given out, a silent one, a type, or the reason that it is refused."""

    def texts(value: Any, key: str) -> list[tuple[str, str]]:
        if isinstance(value, dict):
            return [found for name, inner in value.items() for found in texts(inner, name)]
        if isinstance(value, list):
            return [found for inner in value for found in texts(inner, key)]
        return [(key, value)] if isinstance(value, str) and value else []

    try:
        words = added_words(added)
    except UpstreamError:
        return
    assert sorted(words) == sorted(text for key, text in texts(added, "") if key in ("text", "thinking"))
    assert {key for key, _ in texts(added, "")} <= {
        "type",
        "id",
        "model",
        "signature",
        "stop_reason",
        "text",
        "thinking",
    }
