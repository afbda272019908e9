"""The eight steps, one by one: what each refuses, and what it leaves in the record."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from brightline.gateway import exchange as exchange_module
from brightline.gateway.wire import Reply, Request
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.terms import Decision, Outcome
from tests.gateway import scripts
from tests.gateway.plain import ask, post
from tests.gateway.stage import KEY, stage


@pytest.mark.parametrize(
    ("key", "headers", "code"),
    [
        (None, {}, "no_key"),
        ("bl-other", {}, "bad_key"),
        (None, {"authorization": f"Basic {KEY}"}, "bad_key"),
        (KEY, {"x_api_key": "bl-other"}, "bad_key"),
    ],
)
async def test_step_1_refuses_without_a_known_key(key: str | None, headers: dict[str, str], code: str) -> None:
    async with stage(scripts.model) as s:
        got = await post(s.url, ask(), key=key, **headers)
        assert (got.status, got.json["error"]["code"]) == (401, code)
        assert KEY.encode() not in got.body
        assert not s.recorder.drafts
        assert not s.seen


@pytest.mark.parametrize(
    ("more", "status", "code", "place"),
    [
        ({"grammar": "root ::= x"}, 400, "closed_field", "grammar"),
        ({"lora": [{"id": 0, "scale": 1}]}, 400, "closed_field", "lora"),
        ({"logit_bias": {"5": 100}}, 400, "closed_field", "logit_bias"),
        ({"model": "another"}, 404, "model_not_found", "model"),
        ({"messages": []}, 400, "bad_request", "messages"),
        ({"tools": [{"type": "web_search"}]}, 501, "tools_not_governed", "tools[0]"),
        ({"web_search_options": {}}, 501, "tools_not_governed", "web_search_options"),
    ],
)
async def test_step_2_refuses_what_it_cannot_stand_for(
    more: dict[str, Any], status: int, code: str, place: str
) -> None:
    async with stage(scripts.model) as s:
        got = await post(s.url, ask(**more))
        assert (got.status, got.json["error"]["code"], got.json["error"]["param"]) == (status, code, place)
        assert b"secret words" not in got.body
        assert not s.recorder.drafts
        assert not s.seen


@pytest.mark.parametrize(
    ("headers", "code", "said"),
    [
        ({"brightline_purpose": "nosuch"}, "unknown_purpose", "permit, note, hold, ask, deny"),
        ({"brightline_facts": "plase=home"}, "unknown_fact", "did you mean 'place'?"),
        ({"brightline_facts": "place=hom"}, "unknown_value", "did you mean 'home'?"),
        ({"brightline_facts": "place"}, "bad_request", "name=value"),
        ({"brightline_facts": "place=home, place=abroad"}, "bad_request", "twice"),
        ({"brightline_facts": "approvals=privacy_officer"}, "gateway_fact", "only the gateway sets it"),
        ({"brightline_facts": "end_user=identified"}, "gateway_fact", "only the gateway sets it"),
        ({"brightline_facts": "distinct_persons=0"}, "gateway_fact", "only the gateway sets it"),
    ],
)
async def test_step_3_refuses_words_that_are_none(headers: dict[str, str], code: str, said: str) -> None:
    async with stage(scripts.model) as s:
        got = await post(s.url, ask(), **headers)
        assert (got.status, got.json["error"]["code"]) == (400, code)
        assert said in got.json["error"]["message"]
        assert not s.recorder.drafts


async def test_step_3_a_caller_cannot_overrule_what_the_owner_attests() -> None:
    purposes = {"bulk": ("surv.bulk_analysis", {"data_origin": "commercial_purchase"})}
    async with stage(scripts.model, purposes=purposes) as s:
        got = await post(s.url, ask(), brightline_facts="data_origin=synthetic")
        assert (got.status, got.json["error"]["code"]) == (400, "attested_fact")


async def test_step_3_a_declared_fact_decides_and_is_recorded_as_a_claim() -> None:
    async with stage(scripts.model) as s:
        got = await post(s.url, ask(), brightline_purpose="ask", brightline_facts="data_origin=synthetic")
        assert got.status == 200
        draft = s.recorder.drafts[0]
        assert isinstance(draft.body, DecisionBody)
        assert draft.flags & Flag.CLAIMED
        assert draft.body.claimed
        assert ("fact.data_origin", b"synthetic declared") in draft.fields


async def test_step_3_people_behind_one_key_are_unidentified() -> None:
    async with stage(scripts.model, shared=True) as s:
        await post(s.url, ask())
        assert s.recorder.drafts[0].flags & Flag.UNIDENTIFIED


async def test_step_4_a_disagreement_of_the_two_readings_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(scripts.model) as s:
        digest = s.exchange.standing.pack.terms.digest
        wrong = Decision(Outcome.PERMIT, ("T1",), (), (), digest, "")
        monkeypatch.setattr(exchange_module, "decide", lambda *_: wrong)
        got = await post(s.url, ask(), brightline_purpose="deny")
        assert (got.status, got.json["error"]["code"]) == (403, "use_denied")
        assert s.recorder.drafts[0].flags & Flag.DISAGREED
        assert s.recorder.outcomes() == [OutcomeCode.DENY]
        assert not s.seen


async def test_step_4_an_error_in_deciding_denies(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> Decision:
        raise ZeroDivisionError

    async with stage(scripts.model) as s:
        monkeypatch.setattr(exchange_module, "decide", fails)
        got = await post(s.url, ask())
        assert got.status == 403
        assert s.recorder.drafts[0].flags & Flag.FAILED
        assert not s.seen


async def test_step_5_no_durable_record_no_answer() -> None:
    async with stage(scripts.model) as s:
        s.recorder.broken = True
        got = await post(s.url, ask())
        assert got.status == 503
        assert b"/secret/path" not in got.body
        assert not s.seen
        ready = await post(s.url, b"", "/readyz", method="GET")
        assert (ready.status, ready.json["fault"]) == (503, "disk full")


async def test_step_6_the_upstream_sees_its_own_key_and_name_and_nothing_of_the_caller() -> None:
    async with stage(scripts.model) as s:
        await post(s.url, ask(future_field={"a": [1]}), brightline_facts="place=home", x_secret="mine")
        request = s.seen[0]
        names = {n for n, _ in request.headers}
        assert request.header(b"authorization") == b"Bearer upstream-key"
        assert names <= {b"host", b"authorization", b"content-type", b"accept", b"accept-encoding", b"content-length"}
        body = json.loads(request.body)
        assert body["model"] == "tiny-on-upstream"
        assert body["future_field"] == {"a": [1]}


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
async def test_step_6_an_answer_is_asked_for_unpacked_and_refused_otherwise(path: str) -> None:
    """The gateway reads what passes; a client that could unpack it has no say in that."""

    async def packed(request: Request, reply: Reply) -> None:
        headers = [*scripts.JSON, (b"content-encoding", b"gzip")]
        reply.send(200, headers, gzip.compress(json.dumps(scripts.chat()).encode()))

    async with stage(packed) as s:
        got = await post(s.url, ask(max_tokens=9), path, accept_encoding="gzip, br")
        assert got.status == 502
        assert b"switch compression off" in got.body
        assert [v for n, v in s.seen[0].headers if n == b"accept-encoding"] == [b"identity"]
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]


async def test_step_7_the_last_byte_waits_for_the_outcome() -> None:
    for body in (ask(), ask(stream=True)):
        async with stage(scripts.model) as s:
            s.recorder.refuse_kinds = frozenset({OutcomeBody})
            got = await post(s.url, body)
            assert not got.whole or got.status == 503
            assert b"[DONE]" not in got.body


async def test_step_7_an_upstream_that_cannot_be_reached_is_not_sent() -> None:
    async with stage(scripts.model) as s:
        s.exchange.pool.close()
        got = await post(s.url, ask())
        assert (got.status, got.json["error"]["code"]) == (503, "upstream_busy")
        assert s.recorder.statuses() == [OutcomeStatus.NOT_SENT]


async def test_step_7_a_whole_answer_that_breaks_off_is_an_error_and_says_so() -> None:
    async def cut(request: Request, reply: Reply) -> None:
        reply.start(200, scripts.JSON)
        await reply.write(b'{"id": "c1", "choi')
        raise ConnectionResetError("scripted")

    async with stage(cut) as s:
        got = await post(s.url, ask())
        assert (got.status, got.whole) == (502, True)
        assert s.recorder.statuses() == [OutcomeStatus.UPSTREAM_DIED]


async def test_step_7_a_client_that_leaves_is_recorded() -> None:
    async with stage(scripts.hangs) as s:
        host, _, port = s.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        body = ask(stream=True)
        head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await reader.readuntil(b"data: ")
        writer.close()
        for _ in range(200):
            if s.recorder.statuses():
                break
            await asyncio.sleep(0.02)
        assert s.recorder.statuses() == [OutcomeStatus.CLIENT_GONE]


async def test_tokens_that_the_upstream_did_not_tell_are_estimated_and_flagged() -> None:
    async def silent(request: Request, reply: Reply) -> None:
        document = {k: v for k, v in scripts.chat().items() if k != "usage"}
        reply.send(200, scripts.JSON, json.dumps(document).encode())

    async with stage(silent) as s:
        await post(s.url, ask())
        outcome = s.recorder.drafts[-1]
        assert isinstance(outcome.body, OutcomeBody)
        assert outcome.flags & Flag.ESTIMATED
        assert outcome.body.output_tokens == 4  # sixteen letters


@pytest.mark.parametrize("stream", [False, True])
async def test_words_in_a_form_that_is_not_known_pass_and_are_flagged(stream: bool) -> None:
    block = {"type": "poem", "text": "Roses"}

    async def newer(request: Request, reply: Reply) -> None:
        if not stream:
            reply.send(200, scripts.JSON, json.dumps(scripts.message() | {"content": [block]}).encode())
            return
        events = scripts.message_events()
        added = f"event: aside\ndata: {json.dumps({'type': 'aside', 'block': block})}\n\n".encode()
        reply.start(200, scripts.SSE)
        for event in (*events[:1], added, *events[1:]):
            await reply.write(event)
        reply.end()

    async with stage(newer) as s:
        got = await post(s.url, ask(stream=stream, max_tokens=9), "/v1/messages")
        assert (got.status, got.whole) == (200, True)
        assert b"Roses" in got.body
        assert s.recorder.drafts[-1].flags & Flag.NOT_UNDERSTOOD
        assert s.recorder.statuses() == [OutcomeStatus.COMPLETED]


async def test_other_paths() -> None:
    async with stage(scripts.model) as s:
        assert (await post(s.url, b"", "/healthz", method="GET", key=None)).json == {"status": "ok"}
        assert (await post(s.url, b"", "/readyz", method="GET", key=None)).json == {"status": "ready"}
        models = await post(s.url, b"", "/v1/models", method="GET")
        assert [m["id"] for m in models.json["data"]] == ["tiny"]
        assert (await post(s.url, b"", "/v1/models", method="GET", key=None)).status == 401
        assert (await post(s.url, b"", "/v1/models/none", method="GET")).status == 404
        assert (await post(s.url, b"", "/v1/chat/completions", method="GET")).status == 405
        missing = await post(s.url, b"", "/v1/nothing")
        assert (missing.status, missing.json["error"]["code"]) == (404, "not_found")


async def test_a_broken_record_makes_the_gateway_unready_and_not_dead() -> None:
    async with stage(scripts.model) as s:
        s.recorder.broken = True
        assert (await post(s.url, b"", "/healthz", method="GET", key=None)).status == 200
