"""A held call waits with the model's whole answer; granted, the same request gets exactly that, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from brightline.approvals import Event, Refuse, Used, decode
from brightline.errors import ApprovalError
from brightline.gateway import kept as kept_module
from brightline.gateway.codec import Call
from brightline.gateway.decided import Decided, Heard
from brightline.gateway.desk import NO_DESK
from brightline.gateway.kept import MAX_KEPT, MAX_KEPT_SECONDS, Kept, KeptAnswers
from brightline.gateway.wire import Reply, Request
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from brightline.registry.tools import ToolFound
from tests.gateway.calling import CHAT, CLAUSES, ENGAGE, LOOK, MESSAGES, Asks, asked, calling, registered
from tests.gateway.desks import People
from tests.gateway.heard import Heard as Answered
from tests.gateway.plain import Got, post
from tests.gateway.stage import KEY, Script, Stage, stage
from tests.gateway.test_tool_calls import decisions, every_path

AGAIN = Asks("call_9", "effector.engage", '{"track": 8}')


@asynccontextmanager
async def desk_stage(script: Script, people: People) -> AsyncIterator[Stage]:
    async with stage(script, terms=CLAUSES, tools=registered(), desk=people.live) as s:
        people.recorder = s.recorder
        yield s


def held(s: Stage) -> int:
    return s.recorder.outcomes().count(OutcomeCode.HOLD)


def used(s: Stage) -> list[Event]:
    """The grants that were spent, as the record has them."""
    fields = [value for d in s.recorder.drafts for name, value in d.fields if name == "desk"]
    return [e for f in fields for e in decode(f) if isinstance(e, Used)]


def last_decision(s: Stage) -> DecisionBody:
    return [d.body for d in s.recorder.drafts if isinstance(d.body, DecisionBody)][-1]


@every_path
async def test_sent_again_after_the_grant_it_is_exactly_the_granted_call(path: str, stream: bool) -> None:
    people = People()
    async with desk_stage(calling(LOOK, ENGAGE, piece=2), people) as s:
        body = asked(path, stream=stream)
        assert b"use_held" in (await post(s.url, body, path)).body
        assert b"use_held" in (await post(s.url, body, path)).body, "nobody has granted it yet"
        assert len(s.seen) == 1, "the model is not asked again"
        (hold,) = people.waiting()
        act = hold.held.act
        assert (act.tool, act.actor, act.agent) == ("effector.engage", "desk/agent", True)
        assert s.recorder.entries[hold.entry].outcome == OutcomeCode.HOLD
        assert people.posted.events[0][1:] == (hold.entry, b'effector.engage\n{"track":7}')
        granted = await people.grant()
        got = await post(s.url, body, path)
        heard = Answered(got, path, stream=stream)
        assert [c[:2] for c in heard.calls] == [("call_1", "look"), ("call_2", "effector.engage")]
        assert heard.text == "Let me see."
        assert len(s.seen) == 1
        spent = last_decision(s)
        assert (spent.approval, spent.second_approval) == (granted, 0)
        assert len(used(s)) == 1
        assert decisions(s)[-1][2] == OutcomeCode.PERMIT
        assert not s.recorder.log.open
        counted = [d.body.output_tokens for d in s.recorder.drafts if isinstance(d.body, OutcomeBody)]
        assert sum(counted) == 3, "the model's tokens count once"
        # once: the next time the model is asked again, and its call is held again
        assert b"use_held" in (await post(s.url, body, path)).body
        assert len(s.seen) == 2
        assert len(people.waiting()) == 1


@pytest.mark.parametrize(
    "other",
    [
        Asks("call_2", "effector.engage", '{"track": 8}'),
        Asks("call_2", "effector.engage", '{"track": 7, "again": true}'),
    ],
)
async def test_a_grant_is_of_one_act(other: Asks) -> None:
    """The id may change between two sendings, an argument may not."""
    people, says = People(), [ENGAGE]

    async def script(request: Request, reply: Reply) -> None:
        await calling(says[-1])(request, reply)

    same = Asks("call_77", ENGAGE.name, '{ "track":7 }')
    async with desk_stage(script, people) as s:
        await post(s.url, asked(CHAT, stream=False), CHAT)
        await people.grant()
        for n, (call, passes) in enumerate(((other, False), (same, True), (same, False))):
            says.append(call)
            got = await post(s.url, asked(CHAT, stream=False, seed=n), CHAT)
            assert (got.status == 200) is passes


async def test_nothing_is_spent_while_another_call_of_the_answer_is_held() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE, AGAIN), people) as s:
        body = asked(CHAT, stream=False)
        first = await post(s.url, body, CHAT)
        one, other = people.waiting()
        await people.grant(hold=one)
        again = await post(s.url, body, CHAT)
        assert (first.status, again.status) == (403, 403)
        assert used(s) == []
        assert decisions(s)[-2][2] == OutcomeCode.HOLD, "the record has no permit of what did not leave"
        shown = again.json["error"]["brightline"]
        assert [c["hold"] for c in shown["tool_calls"]] == [one.id, other.id]
        await people.grant(hold=other)
        assert (await post(s.url, body, CHAT)).status == 200
        assert {e.hold for e in cast("list[Used]", used(s))} == {one.id, other.id}
        assert len(s.seen) == 1


async def test_the_same_call_twice_in_one_answer_is_two_acts() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE, ENGAGE._replace(id="call_3")), people) as s:
        body = asked(CHAT, stream=False)
        await post(s.url, body, CHAT)
        one, other = people.waiting()
        await people.grant(hold=one)
        assert (await post(s.url, body, CHAT)).status == 403
        await people.grant(hold=other)
        assert (await post(s.url, body, CHAT)).status == 200


async def test_who_asked_cannot_grant_and_a_refusal_sticks() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        body = asked(CHAT, stream=False)
        await post(s.url, body, CHAT)
        with pytest.raises(ApprovalError, match="an agent of theirs asked for it"):
            await people.grant("ortiz")
        (hold,) = people.waiting()
        await people.tell(people.says(Refuse, "lee", hold))
        got = await post(s.url, body, CHAT)
        assert got.status == 403
        shown = got.json["error"]["brightline"]
        assert (shown["hold"]["state"], shown["hold"]["reason"]) == ("refused", "not this one")
        assert "/brightline/appeals" in shown["next"]
        assert people.waiting() == []


async def test_a_grant_that_lapsed_and_a_hold_that_expired_let_nothing_pass() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        body = asked(CHAT, stream=False)
        await post(s.url, body, CHAT)
        await people.grant()
        people.skip(31)
        assert (await post(s.url, body, CHAT)).status == 403
        (hold,) = people.waiting()
        people.skip(3600)
        (again,) = [h for h in people.holds if h.id == hold.id]
        assert str(again.state) == "expired"
        with pytest.raises(ApprovalError, match="nobody spoke in time"):
            await people.grant(hold=hold)
        assert (await post(s.url, body, CHAT)).status == 403
        assert [h.id == hold.id for h in people.waiting()] == [False], "it is held anew"


@every_path
async def test_prefer_wait_keeps_the_connection_open_until_the_grant(path: str, stream: bool) -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        call = asyncio.create_task(post(s.url, asked(path, stream=stream), path, prefer="wait=20"))
        await people.asked()
        await people.grant()
        got = await call
        assert got.headers["preference-applied"] == "wait=20"
        assert [c[1] for c in Answered(got, path, stream=stream).calls] == ["effector.engage"]
        assert len(s.seen) == 1
        assert len(used(s)) == 1
        assert not s.recorder.log.open


async def test_prefer_wait_ends_with_the_refusal_and_with_its_time() -> None:
    people = People()
    people.live.wait_seconds = 1
    async with desk_stage(calling(ENGAGE), people) as s:
        got = await post(s.url, asked(CHAT, stream=False), CHAT, prefer="respond-async, wait=900")
        assert (got.status, got.headers["preference-applied"]) == (403, "wait=1")
        call = asyncio.create_task(post(s.url, asked(CHAT, stream=False), CHAT, prefer="wait=1"))
        await asyncio.sleep(0.1)
        await people.tell(people.says(Refuse, "lee", people.waiting()[0]))
        assert (await call).json["error"]["brightline"]["hold"]["state"] == "refused"
        assert not s.recorder.log.open


async def test_a_client_that_leaves_while_it_waits_leaves_nothing_open() -> None:
    people = People()
    async with desk_stage(calling(LOOK, ENGAGE), people) as s:
        body = asked(CHAT, stream=False)
        _, writer = await asyncio.open_connection("127.0.0.1", int(s.url.rpartition(":")[2]))
        head = f"POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\nprefer: wait=20\r\n"
        writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        await people.asked()
        writer.close()
        await asyncio.sleep(0.1)
        await people.grant()
        await asyncio.sleep(0.1)
        assert used(s) == []
        assert not s.recorder.log.open
        assert (await post(s.url, asked(CHAT, stream=False), CHAT)).status == 200


async def test_another_request_asks_the_model() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        await post(s.url, asked(CHAT, stream=False), CHAT)
        await post(s.url, asked(CHAT, stream=False, temperature=0), CHAT)
        await post(s.url, asked(MESSAGES, stream=False), MESSAGES)
        assert len(s.seen) == 3
        assert held(s) == 3
        assert len(people.waiting()) == 1, "they all ask for one act"


async def test_a_granted_stream_that_is_sent_again_and_still_held_is_a_clean_403() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        first = await post(s.url, asked(CHAT, stream=True), CHAT)
        again = await post(s.url, asked(CHAT, stream=True), CHAT)
        assert (first.status, again.status) == (200, 403)
        assert again.headers["brightline-decision"].startswith("hold;")
        assert s.recorder.statuses() == [OutcomeStatus.COMPLETED]


async def test_of_two_sendings_at_once_one_gets_the_granted_call() -> None:
    people = People()
    async with desk_stage(calling(ENGAGE), people) as s:
        body = asked(CHAT, stream=False)
        await post(s.url, body, CHAT)
        await people.grant()
        got: list[Got] = await asyncio.gather(*(post(s.url, body, CHAT) for _ in range(8)))
        assert sorted(g.status for g in got) == [200] + [403] * 7
        assert len(used(s)) == 1


class NeedsPerson:
    """The registered tools, of which `look` needs a person."""

    def __init__(self, tools: Any) -> None:
        self.tools = tools

    def tool(self, name: str, *more: Any) -> ToolFound:
        found: ToolFound = self.tools.tool(name, *more)
        return replace(found, needs_person=name == "look")


@pytest.mark.parametrize("desk", [True, False])
async def test_a_tool_that_needs_a_person_waits_for_one_whatever_the_terms_permit(desk: bool) -> None:
    people = People()
    live = people.live if desk else NO_DESK
    async with stage(calling(LOOK), terms=CLAUSES, tools=registered(), desk=live) as s:
        people.recorder = s.recorder
        object.__setattr__(s.exchange.release, "tools", NeedsPerson(s.exchange.tools))
        body = asked(CHAT, stream=False)
        got = await post(s.url, body, CHAT)
        assert (got.status, b"needs a person" in got.body) == (403, True)
        if desk:
            await people.grant()
            assert (await post(s.url, body, CHAT)).status == 200
            assert len(used(s)) == 1
        assert (await post(s.url, body, CHAT)).status == 403


async def test_sent_again_without_the_preference_it_is_not_said_to_be_applied() -> None:
    people = People()
    people.live.wait_seconds = 1
    async with desk_stage(calling(ENGAGE), people) as s:
        await post(s.url, asked(CHAT, stream=False), CHAT, prefer="wait=1")
        await people.grant()
        got = await post(s.url, asked(CHAT, stream=False), CHAT)
        assert (got.status, "preference-applied" in got.headers) == (200, False)


def _call(actor: str) -> Decided:
    """As much of a decided call as tells one from another."""
    caller = type("Caller", (), {"actor": type("Actor", (), {"name": actor})})
    said = type("Said", (), {"use": type("Use", (), {"activity": "gen.office"}), "fields": (("purpose", b"p"),)})
    call = type("Call", (), {"api": CHAT, "body": b"{}"})
    return Decided(caller, cast("Call", call), said, None, None, b"", True, [], None)  # type: ignore[arg-type]


def test_what_is_kept_is_bounded_in_number_bytes_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = KeptAnswers()
    some = Kept("application/json", b"x" * 10)

    def get(actor: str, now: float = 0) -> Kept | None:
        found = answers.get(cast("Heard", _call(actor)), now)
        return found[1] if found else None

    answers.keep(_call("a"), some, now=0)
    assert get("a", MAX_KEPT_SECONDS - 1) == some
    assert get("b") is None, "another actor's"
    assert get("a", MAX_KEPT_SECONDS) is None
    for n in range(MAX_KEPT + 1):
        answers.keep(_call(f"a{n}"), some, now=0)
    assert get("a0") is None
    assert get(f"a{MAX_KEPT}") == some
    monkeypatch.setattr(kept_module, "MAX_KEPT_BYTES", 25)
    answers.keep(_call("b"), some, now=0)
    assert [get(a) for a in (f"a{MAX_KEPT - 1}", f"a{MAX_KEPT}", "b")] == [None, some, some]
    answers.keep(_call("c"), Kept("", b"x" * 26), now=0)
    assert get("c") is None
    answers.drop(_call("b"))
    answers.keep(_call("d"), some, now=0)
    assert get(f"a{MAX_KEPT}") == some, "dropped is no longer counted"
