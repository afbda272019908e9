"""Clients of one API before a model server that has only another: the same answers, decisions and records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brightline.gateway.codec import Api
from brightline.gateway.translate import Speaks
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from tests.gateway import scripts, test_paths
from tests.gateway.calling import (
    CHAT,
    CLAUSES,
    ENGAGE,
    LOOK,
    MESSAGES,
    RESPONSES,
    SIFT,
    WATCH,
    Asks,
    asked,
    calling,
    registered,
)
from tests.gateway.heard import Heard
from tests.gateway.plain import Got, post
from tests.gateway.stage import MODEL, Stage, stage
from tests.gateway.test_tool_calls import decisions, fields

ACROSS = [
    (MESSAGES, Speaks.OPENAI, CHAT),
    (CHAT, Speaks.ANTHROPIC, MESSAGES),
    (RESPONSES, Speaks.OPENAI_CHAT, CHAT),
    (RESPONSES, Speaks.ANTHROPIC, MESSAGES),
]
across = pytest.mark.parametrize(("path", "speaks", "upstream"), ACROSS, ids=[f"{a}-{b}" for a, b, _ in ACROSS])
streamed = pytest.mark.parametrize("stream", [False, True])


async def run(script: Any, path: str, speaks: Speaks, *, stream: bool, **more: Any) -> tuple[Heard, Stage, Got]:
    async with stage(script, terms=CLAUSES, tools=registered(), speaks=speaks, **more) as s:
        got = await post(s.url, asked(path, stream=stream), path)
        return Heard(got, path, stream=stream), s, got


@across
@streamed
@pytest.mark.parametrize("piece", [1, 1 << 20])
async def test_calls_are_released_taken_out_and_taught(
    path: str, speaks: Speaks, upstream: str, stream: bool, piece: int
) -> None:
    heard, s, _ = await run(calling(WATCH, LOOK, SIFT, piece=piece), path, speaks, stream=stream)
    assert heard.calls == [("call_1", "look", json.loads(LOOK.arguments))]
    assert heard.text.startswith("Let me see.\n\n[Brightline] The tool call watch was not released")
    assert heard.finish == "tool_calls"
    assert [request.path.decode() for request in s.seen] == [upstream]
    assert json.loads(s.seen[0].body)["model"] == "tiny-on-upstream"
    plain, t, _ = await run(calling(WATCH, LOOK, SIFT), path, Speaks.BOTH, stream=stream)
    assert (heard.text, heard.calls, decisions(s), fields(s)) == (plain.text, plain.calls, decisions(t), fields(t))
    assert s.recorder.statuses() == t.recorder.statuses()
    assert tokens(s) == tokens(t) == [(11, 3), (0, 0)]


def tokens(s: Stage) -> list[tuple[int, int]]:
    ends = [d.body for d in s.recorder.drafts if isinstance(d.body, OutcomeBody)]
    return [(end.input_tokens, end.output_tokens) for end in ends]


@across
@streamed
async def test_a_held_call_holds_the_answer(path: str, speaks: Speaks, upstream: str, stream: bool) -> None:
    heard, s, got = await run(calling(LOOK, ENGAGE), path, speaks, stream=stream)
    assert (heard.calls, "use_held" in json.dumps(heard.error)) == ([], True)
    assert got.status == (200 if stream else 403)
    assert [d[2] for d in decisions(s)][1:] == [OutcomeCode.PERMIT, OutcomeCode.HOLD]


@given(st.sampled_from(ACROSS), st.integers(1, 9), st.integers(1, 60))
async def test_every_cutting_is_one_answer_and_one_record(across: Any, piece: int, cut: int) -> None:
    path, speaks, _ = across
    heard, s, _ = await run(calling(WATCH, LOOK, SIFT, piece=piece, cut=cut), path, speaks, stream=True)
    plain, t, _ = await run(calling(WATCH, LOOK, SIFT), path, speaks, stream=False)
    assert (heard.calls, heard.text, heard.finish) == (plain.calls, plain.text, plain.finish)
    assert (decisions(s), fields(s), tokens(s)) == (decisions(t), fields(t), tokens(t))


@across
@streamed
async def test_arguments_that_are_no_object_reach_nobody(
    path: str, speaks: Speaks, upstream: str, stream: bool
) -> None:
    if upstream == MESSAGES and not stream:
        return  # there they are objects by the API's own shape
    heard, _, got = await run(calling(Asks("c", "look", '{"a": 1, "a": 2}')), path, speaks, stream=stream)
    assert heard.calls == []
    assert got.status == (502 if path == MESSAGES and not stream else 200)


@across
@pytest.mark.parametrize("how", ["", ", streamed"])
async def test_the_sdks_read_what_was_translated(path: str, speaks: Speaks, upstream: str, how: str) -> None:
    name = {CHAT: "chat", MESSAGES: "messages", RESPONSES: "responses"}[path] + how
    async with stage(scripts.model, speaks=speaks) as s:
        text, headers = await test_paths.PATHS[name](s, {})
        assert text.replace(" ", "") == scripts.TEXT.replace(" ", "")
        assert headers["brightline-decision"].startswith("permit")
        assert s.recorder.statuses() == [OutcomeStatus.COMPLETED]
        assert s.seen[0].path.decode() == upstream
        sent = dict(s.seen[0].headers)
        assert (b"anthropic-version" in sent) is (upstream == MESSAGES)
        assert sent[b"authorization"] == b"Bearer upstream-key"
        api = next(d.body.api for d in s.recorder.drafts if isinstance(d.body, DecisionBody))
        assert api == {CHAT: 1, RESPONSES: 2, MESSAGES: 5}[path], "the record has the client's API"


@across
@streamed
async def test_refusals_of_the_model_and_errors_stay_what_they_are(
    path: str, speaks: Speaks, upstream: str, stream: bool
) -> None:
    _, s, _ = await run(scripts.refuses, path, speaks, stream=False)
    assert s.recorder.statuses() == [OutcomeStatus.MODEL_REFUSED]
    _, s, got = await run(scripts.overloaded, path, speaks, stream=stream)
    assert (got.status, "too many slots" in got.body.decode()) == (429, True)
    _, s, got = await run(scripts.dies, path, speaks, stream=True)
    assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]
    assert b"upstream_broke_off" in got.body


@pytest.mark.parametrize(
    ("path", "speaks"),
    [("/v1/embeddings", Speaks.ANTHROPIC), ("/v1/completions", Speaks.ANTHROPIC),
     ("/v1/messages/count_tokens", Speaks.OPENAI)],
)  # fmt: skip
async def test_what_has_no_counterpart_is_refused_undecided(path: str, speaks: Speaks) -> None:
    async with stage(scripts.model, speaks=speaks) as s:
        name = Api(path).spoken[0]
        said = [{"role": "user", "content": "x"}] if name == "messages" else "x"
        got = await post(s.url, json.dumps({"model": MODEL, name: said}).encode(), path)
        assert (got.status, b"not_translated" in got.body, s.seen, s.recorder.drafts) == (400, True, [], [])
