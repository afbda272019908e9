"""A held call waits with the model's whole answer; granted, the same request gets exactly that, and no other."""

from __future__ import annotations

import pytest

from brightline.gateway import kept as kept_module
from brightline.gateway.codec import Api, decode
from brightline.gateway.kept import MAX_KEPT, MAX_KEPT_SECONDS, Kept, KeptAnswers
from brightline.gateway.toolcalls import Act, Grant
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from tests.gateway.calling import CHAT, CLAUSES, ENGAGE, LOOK, MESSAGES, Asks, asked, calling, registered
from tests.gateway.plain import post
from tests.gateway.stage import Stage, stage
from tests.gateway.test_tool_calls import Heard, decisions, every_path

OPERATOR = Grant(frozenset({"operator"}), (1,))


class Desk:
    """Grants the act that waits, once, when a test says so. (An act has facts, so it is compared and not hashed.)"""

    def __init__(self) -> None:
        self.waiting: list[tuple[Act, int]] = []
        self.open: list[tuple[Act, Grant]] = []

    def granted(self, act: Act) -> Grant:
        return next((g for a, g in self.open if a == act), Grant(frozenset()))

    def spend(self, act: Act) -> None:
        self.open = [(a, g) for a, g in self.open if a != act]

    def held(self, act: Act, decision: int) -> None:
        self.waiting.append((act, decision))

    def grant(self) -> None:
        self.open.append((self.waiting[-1][0], OPERATOR))


def held(s: Stage) -> int:
    return s.recorder.outcomes().count(OutcomeCode.HOLD)


@every_path
async def test_sent_again_after_the_grant_it_is_exactly_the_granted_call(path: str, stream: bool) -> None:
    desk = Desk()
    async with stage(calling(LOOK, ENGAGE, piece=2), terms=CLAUSES, tools=registered(), approvals=desk) as s:
        body = asked(path, stream=stream)
        assert b"use_held" in (await post(s.url, body, path)).body
        assert b"use_held" in (await post(s.url, body, path)).body, "nobody has granted it yet"
        assert len(s.seen) == 1, "the model is not asked again"
        (act, decision), _ = desk.waiting
        assert (act.tool, act.arguments) == ("effector.engage", b'{"track":7}')
        assert s.recorder.entries[decision].outcome == OutcomeCode.HOLD
        desk.grant()
        got = await post(s.url, body, path)
        heard = Heard(got, path, stream=stream)
        assert [c[:2] for c in heard.calls] == [("call_1", "look"), ("call_2", "effector.engage")]
        assert heard.text == "Let me see."
        assert len(s.seen) == 1
        spent = [d.body for d in s.recorder.drafts if isinstance(d.body, DecisionBody)][-1]
        assert (spent.approval, spent.second_approval) == (1, 0)
        assert decisions(s)[-1][2] == OutcomeCode.PERMIT
        assert not s.recorder.log.open
        counted = [d.body.output_tokens for d in s.recorder.drafts if isinstance(d.body, OutcomeBody)]
        assert sum(counted) == 3, "the model's tokens count once"
        # once: the next time the model is asked again, and its call is held again
        assert b"use_held" in (await post(s.url, body, path)).body
        assert len(s.seen) == 2


@pytest.mark.parametrize(
    "other",
    [
        Asks("call_2", "effector.engage", '{"track": 8}'),
        Asks("call_2", "effector.engage", '{"track": 7, "again": true}'),
    ],
)
async def test_a_grant_is_of_one_act(other: Asks) -> None:
    """The id may change between two sendings, an argument may not."""
    desk = Desk()
    async with stage(calling(ENGAGE), terms=CLAUSES, tools=registered(), approvals=desk) as s:
        await post(s.url, asked(CHAT, stream=False), CHAT)
        desk.grant()
        granted = desk.open[0]
    same = Asks("call_77", ENGAGE.name, '{ "track":7 }')
    for call, passes in ((other, False), (same, True)):
        desk.open = [granted]
        async with stage(calling(call), terms=CLAUSES, tools=registered(), approvals=desk) as s:
            got = await post(s.url, asked(CHAT, stream=False), CHAT)
            assert (got.status == 200) is passes


async def test_another_request_asks_the_model() -> None:
    desk = Desk()
    async with stage(calling(ENGAGE), terms=CLAUSES, tools=registered(), approvals=desk) as s:
        await post(s.url, asked(CHAT, stream=False), CHAT)
        await post(s.url, asked(CHAT, stream=False, temperature=0), CHAT)
        await post(s.url, asked(MESSAGES, stream=False), MESSAGES)
        assert len(s.seen) == 3
        assert held(s) == 3


async def test_a_granted_stream_that_is_sent_again_and_still_held_is_a_clean_403() -> None:
    desk = Desk()
    async with stage(calling(ENGAGE), terms=CLAUSES, tools=registered(), approvals=desk) as s:
        first = await post(s.url, asked(CHAT, stream=True), CHAT)
        again = await post(s.url, asked(CHAT, stream=True), CHAT)
        assert (first.status, again.status) == (200, 403)
        assert again.headers["brightline-decision"].startswith("hold;")
        assert s.recorder.statuses() == [OutcomeStatus.COMPLETED] * 2


CALL = decode(Api.CHAT, asked(CHAT, stream=False))


def test_what_is_kept_is_bounded_in_number_bytes_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = KeptAnswers()
    some = Kept("application/json", b"x" * 10)
    answers.keep("a", CALL, some, now=0)
    assert answers.get("a", CALL, now=MAX_KEPT_SECONDS - 1) == some
    assert answers.get("b", CALL, now=0) is None, "another actor's"
    assert answers.get("a", CALL, now=MAX_KEPT_SECONDS) is None
    for n in range(MAX_KEPT + 1):
        answers.keep(f"a{n}", CALL, some, now=0)
    assert answers.get("a0", CALL, now=0) is None
    assert answers.get(f"a{MAX_KEPT}", CALL, now=0) == some
    monkeypatch.setattr(kept_module, "MAX_KEPT_BYTES", 25)
    answers.keep("b", CALL, some, now=0)
    assert [answers.get(a, CALL, now=0) for a in (f"a{MAX_KEPT - 1}", f"a{MAX_KEPT}", "b")] == [None, some, some]
    answers.keep("c", CALL, Kept("", b"x" * 26), now=0)
    assert answers.get("c", CALL, now=0) is None
    answers.drop("b", CALL)
    answers.keep("d", CALL, some, now=0)
    assert answers.get(f"a{MAX_KEPT}", CALL, now=0) == some, "dropped is no longer counted"
