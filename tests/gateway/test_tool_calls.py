"""Each tool call is a use of its own, decided and recorded before the client sees it: one outcome on every path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brightline.gateway.tools import digest_of
from brightline.gateway.wire import Reply, Request
from brightline.record.body import Act, DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, Kind, OutcomeCode
from tests.gateway import scripts
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
    definition,
    registered,
)
from tests.gateway.heard import Heard
from tests.gateway.plain import Got, post
from tests.gateway.stage import Stage, stage

PATHS = [(path, stream) for path in (CHAT, MESSAGES, RESPONSES) for stream in (False, True)]
NAMES = [f"{name}{how}" for name in ("chat", "messages", "responses") for how in ("", ", streamed")]
every_path = pytest.mark.parametrize(("path", "stream"), PATHS, ids=NAMES)


def decisions(s: Stage) -> list[tuple[int, int, int, int]]:
    """(act, parent, outcome, clauses) of every decision."""
    found = []
    for draft, entry in zip(s.recorder.drafts, (e for e in s.recorder.entries if e.kind != Kind.COUNTERS), strict=True):
        if isinstance(draft.body, DecisionBody):
            found.append((draft.body.act, draft.body.parent, entry.outcome, entry.clauses))
    return found


def fields(s: Stage, act: int = Act.TOOL_CALL) -> list[dict[str, str]]:
    """The private fields of the decisions on tool calls."""
    made = [d for d in s.recorder.drafts if isinstance(d.body, DecisionBody) and d.body.act == act]
    return [{n: v.decode() for n, v in d.fields} for d in made]


async def run(script: Any, path: str, *, stream: bool, tools: Any = None, **more: Any) -> tuple[Heard, Stage, Got]:
    async with stage(script, terms=CLAUSES, tools=registered() if tools is None else tools, **more) as s:
        got = await post(s.url, asked(path, stream=stream), path)
        return Heard(got, path, stream=stream), s, got


@every_path
@pytest.mark.parametrize("piece", [1, 1 << 20])
async def test_permitted_calls_are_released_as_they_came(path: str, stream: bool, piece: int) -> None:
    script = calling(LOOK, Asks("call_9", "look", "{}"), piece=piece)
    heard, s, _ = await run(script, path, stream=stream)
    assert heard.calls == [("call_1", "look", json.loads(LOOK.arguments)), ("call_9", "look", {})]
    assert (heard.text, heard.finish) == ("Let me see.", "tool_calls")
    (model, *tools) = decisions(s)
    assert model[0] == Act.MODEL_CALL
    index = next(e.sequence for e in s.recorder.entries if e.kind == Kind.DECISION)
    assert [(act, parent, outcome) for act, parent, outcome, _ in tools] == [(2, index, OutcomeCode.PERMIT)] * 2
    assert s.recorder.statuses() == [OutcomeStatus.COMPLETED] * 3
    assert not s.recorder.log.open
    first = fields(s)[0]
    assert (first["tool"], first["call"], json.loads(first["content"])) == (
        "look",
        "call_1",
        json.loads(LOOK.arguments),
    )
    assert first["fact.actuation"] == "read attested"
    assert first["fact.integrity"] == "intact observed"


@every_path
async def test_an_answer_whose_calls_all_pass_has_every_byte(path: str, stream: bool) -> None:
    bare: list[bytes] = []

    async def script(request: Request, reply: Reply) -> None:
        await calling(LOOK, piece=3)(request, reply)

    async with stage(script, terms=CLAUSES, tools=registered()) as s:
        more = {"stream_options": {"include_usage": True}} if path == CHAT and stream else {}
        got = await post(s.url, asked(path, stream=stream, **more), path)
        upstream = s.exchange.pool.servers[0].upstream
        response = await upstream.send(b"POST", path.encode(), [], s.seen[0].body)
        bare.append(await response.read())
    assert got.body == bare[0]


@every_path
@pytest.mark.parametrize("piece", [1, 1 << 20])
async def test_a_denied_call_is_taken_out_and_the_agent_is_taught(path: str, stream: bool, piece: int) -> None:
    heard, s, _ = await run(calling(WATCH, LOOK, piece=piece), path, stream=stream)
    assert heard.calls == [("call_1", "look", json.loads(LOOK.arguments))]
    assert heard.finish == "tool_calls", "one call is left to make"
    entry = [e for e in s.recorder.entries if e.kind == Kind.DECISION][1]
    assert heard.text == (
        f"Let me see.\n\n[Brightline] The tool call watch was not released (decision {entry.sequence}). "
        "Denied by T5 (No dissent). T5, No dissent: Nobody is watched for speech. "
        "If this is wrong, name the decision to the official whom your agreement names for appeals."
    )
    assert [d[2] for d in decisions(s)] == [OutcomeCode.PERMIT, OutcomeCode.DENY, OutcomeCode.PERMIT]
    assert s.recorder.statuses() == [OutcomeStatus.COMPLETED] * 2, "what is denied has no outcome"


@every_path
async def test_where_no_call_is_left_the_answer_says_that_it_stopped(path: str, stream: bool) -> None:
    heard, s, _ = await run(calling(WATCH, SIFT), path, stream=stream)
    assert (heard.calls, heard.finish) == ([], "stop")
    assert "Brightline-Facts" in heard.text, "what is asked for is named"
    assert [d[2] for d in decisions(s)][1:] == [OutcomeCode.DENY, OutcomeCode.ASK]


@every_path
async def test_one_held_call_holds_the_answer(path: str, stream: bool) -> None:
    heard, s, got = await run(calling(LOOK, ENGAGE, WATCH), path, stream=stream)
    assert heard.calls == []
    shown = heard.error["brightline"] if path == MESSAGES else heard.error["error"]["brightline"]
    assert "use_held" in json.dumps(heard.error)
    assert got.status == (200 if stream else 403)
    assert [c["id"] for c in shown["clauses"]] == ["T6"]
    assert shown["needs"][0]["approvals"] == ["operator"]
    assert [(t["tool"], t["outcome"]) for t in shown["tool_calls"]] == [
        ("look", "permit"),
        ("effector.engage", "hold"),
        ("watch", "deny"),
    ]
    assert shown["decision"] == shown["tool_calls"][1]["decision"]
    assert b"message_stop" not in got.body
    assert b"response.completed" not in got.body
    assert b"[DONE]" not in got.body
    assert s.recorder.statuses() == [OutcomeStatus.COMPLETED, OutcomeStatus.NOT_SENT]


LOOKALIKES = ["lооk", "look ", "Look", "look_session", "loo", "look\u200b", "l\u006f\u0301ok"]


@every_path
@pytest.mark.parametrize("name", [*LOOKALIKES, "unknown"])
async def test_names_are_exact(path: str, stream: bool, name: str) -> None:
    """Not offered, however alike it looks; and offered but not registered."""
    heard, s, _ = await run(calling(Asks("c", name, "{}")), path, stream=stream)
    assert heard.calls == []
    assert "not released" in heard.text
    assert [d[2:] for d in decisions(s)][1:] == [(OutcomeCode.DENY, 0)]
    assert fields(s)[0]["fact.actuation"] == "unknown observed"
    async with stage(calling(Asks("c", "other", "{}")), terms=CLAUSES, tools=registered("look")) as s:
        got = await post(s.url, asked(path, stream=stream, tools=["look", "other"]), path)
        heard = Heard(got, path, stream=stream)
        assert heard.calls == []
        assert digest_of(definition("other", MESSAGES)) in heard.text, "how to register it"


@every_path
async def test_a_tool_that_drifted_is_denied_with_an_alarm(path: str, stream: bool, caplog: Any) -> None:
    for tool in ("effector.engage", "look"):
        async with stage(calling(Asks("c", tool, "{}")), terms=CLAUSES, tools=registered()) as s:
            other = definition(tool, path, "Does it on the live bus.")
            got = await post(s.url, asked(path, stream=stream, tools=[]).replace(b'"tools": []', _tools(other)), path)
            heard = Heard(got, path, stream=stream)
            assert heard.calls == []
            assert [d[2] for d in decisions(s)] == [OutcomeCode.PERMIT, OutcomeCode.DENY]
            assert s.recorder.entries[-2].flags & Flag.DRIFTED
            assert not s.recorder.entries[-1].flags & Flag.DRIFTED
            assert fields(s)[0]["fact.integrity"] == "drifted observed"
            assert ("T7" in heard.text) is (tool == "effector.engage"), "the terms' own clause where there is one"
    assert "alarm" in caplog.text
    assert "look" not in caplog.text


def _tools(*tools: Any) -> bytes:
    return b'"tools": ' + json.dumps(tools).encode()


MALFORMED = [
    '{"track": 7',
    "[7]",
    "7",
    '{"track": 1, "track": 2}',
    '{"a":1}{"b":2}',
    "not json",
    '{"a": NaN}',
    "[" * 99,
]


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
@pytest.mark.parametrize("arguments", MALFORMED)
async def test_malformed_arguments_are_denied_and_recorded(path: str, arguments: str) -> None:
    heard, s, _ = await run(calling(Asks("c", "look", arguments), LOOK), path, stream=True)
    assert [c[0] for c in heard.calls] == ["call_1"]
    assert "one reading" in heard.text
    assert [d[2] for d in decisions(s)][1:] == [OutcomeCode.DENY, OutcomeCode.PERMIT]
    assert fields(s)[0]["content"] == arguments


@pytest.mark.parametrize("path", [CHAT, MESSAGES, RESPONSES])
async def test_text_flows_before_the_first_call_is_decided(path: str) -> None:
    """The model stops after its text: the client has it, and no piece of the call that follows."""
    go = asyncio.Event()

    async def script(request: Request, reply: Reply) -> None:
        chunks: list[bytes] = []

        class Pieces:
            def send(self, *_: Any) -> None: ...
            def start(self, *_: Any) -> None: ...
            async def write(self, data: bytes) -> None:
                chunks.append(data)

            def end(self) -> None: ...

        await calling(LOOK)(request, Pieces())  # type: ignore[arg-type]
        answer = b"".join(chunks)
        at = answer.index(b"look") + 2
        reply.start(200, scripts.SSE)
        await reply.write(answer[:at])
        await go.wait()
        await reply.write(answer[at:])
        reply.end()

    async with stage(script, terms=CLAUSES, tools=registered()) as s:
        host, _, port = s.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = asked(path, stream=True)
        head = f"POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer bl-test-key\r\nconnection: close\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        before = await asyncio.wait_for(reader.readuntil(b"Let me see."), 20)
        assert len(decisions(s)) == 1, "the call is not decided yet"
        go.set()
        after = await reader.read()
        writer.close()
        assert b"call_1" not in before
        assert b"call_1" in after
        assert len(decisions(s)) == 2


@every_path
async def test_observing_releases_what_it_records_as_denied(path: str, stream: bool) -> None:
    heard, s, _ = await run(calling(WATCH, ENGAGE, Asks("c", "none", "{}")), path, stream=stream, observe=True)
    assert [c[1] for c in heard.calls] == ["watch", "effector.engage", "none"]
    assert [d[2] for d in decisions(s)][1:] == [OutcomeCode.DENY, OutcomeCode.HOLD, OutcomeCode.DENY]
    assert s.recorder.statuses() == [OutcomeStatus.COMPLETED] * 4


@every_path
async def test_no_durable_record_no_call(path: str, stream: bool) -> None:
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered()) as s:
        append = s.recorder.append
        s.recorder.append = lambda d: _refusing(s, append, d)  # type: ignore[method-assign]
        got = await post(s.url, asked(path, stream=stream), path)
        assert b"call_1" not in got.body
        assert not got.whole or got.status == 503


def _refusing(s: Stage, append: Any, draft: Any) -> Any:
    if isinstance(draft.body, DecisionBody) and draft.body.act == Act.TOOL_CALL:
        s.recorder.broken = True
    return append(draft)


@every_path
async def test_a_request_with_tools_whose_answer_calls_none_leaves_two_entries(path: str, stream: bool) -> None:
    heard, s, _ = await run(scripts.model, path, stream=stream)
    assert heard.text.replace(" ", "") == scripts.TEXT.replace(" ", "")
    assert [type(d.body) for d in s.recorder.drafts] == [DecisionBody, OutcomeBody]


async def test_a_tool_that_the_model_server_ran_itself_is_no_answer() -> None:
    async def script(request: Request, reply: Reply) -> None:
        block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"query": "x"}}
        reply.send(200, scripts.JSON, json.dumps(scripts.message() | {"content": [block]}).encode())

    _, s, got = await run(script, MESSAGES, stream=False)
    assert (got.status, "web_search" in got.body.decode()) == (502, False)
    assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]


@settings(max_examples=12, deadline=None)
@given(st.sampled_from([CHAT, MESSAGES, RESPONSES]), st.integers(1, 9), st.integers(1, 60))
async def test_every_cutting_is_one_outcome_and_one_record(path: str, piece: int, cut: int) -> None:
    heard, s, _ = await run(calling(WATCH, LOOK, SIFT, piece=piece, cut=cut), path, stream=True)
    plain, t, _ = await run(calling(WATCH, LOOK, SIFT), path, stream=False)
    assert (heard.calls, heard.text, heard.finish) == (plain.calls, plain.text, plain.finish)
    assert decisions(s) == decisions(t)
    assert fields(s) == fields(t)
    assert s.recorder.statuses() == t.recorder.statuses()


class _Slow(asyncio.Future[Any]):
    """Durable a moment later, as the disk has it; what is appended cannot be cancelled."""

    def cancel(self, msg: object = None) -> bool:
        return False


async def test_a_client_that_leaves_while_its_calls_are_recorded_gets_none_of_them() -> None:
    left = asyncio.Event()

    async with stage(calling(LOOK, WATCH), terms=CLAUSES, tools=registered()) as s:
        append = s.recorder.append

        def slowly(draft: Any) -> Any:
            if not isinstance(draft.body, DecisionBody) or draft.body.act != Act.TOOL_CALL:
                return append(draft)
            slow = _Slow()
            placed = append(draft).result()
            asyncio.get_running_loop().call_later(0.3, slow.set_result, placed)
            left.set()
            return slow

        s.recorder.append = slowly  # type: ignore[method-assign]
        host, _, port = s.url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        body = asked(CHAT, stream=True)
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer bl-test-key\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await left.wait()
        writer.close()
        for _ in range(200):
            if not s.recorder.log.open:
                break
            await asyncio.sleep(0.02)
        assert sorted(s.recorder.statuses()) == [OutcomeStatus.CLIENT_GONE, OutcomeStatus.NOT_SENT]
        assert not s.recorder.log.open
