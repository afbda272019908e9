"""Approval tempo through a gateway (SCENARIOS A16, POSITIONS K16), and who may approve."""

from __future__ import annotations

import json

import pytest

from brightline.approvals import Person, Rule
from brightline.errors import ApprovalError
from brightline.gateway.wire import Reply, Request
from brightline.record.entry import Flag, OutcomeCode
from tests.gateway.calling import CHAT, CLAUSES, Asks, asked, calling, registered
from tests.gateway.desks import People, person
from tests.gateway.plain import post
from tests.gateway.stage import stage

HURRIED = (
    CLAUSES
    + """
@id("K16") @title("A hurried approval needs a second approver") @text("Hurried approvals need a second.") @source("K16")
forbid (principal, action == Action::"weapon.engage", resource)
when { context.approval_tempo == "hurried" } unless { context.approvals.contains("operator_2") };
"""
)


async def shot(request: Request, reply: Reply) -> None:
    """Engages the track that the message names."""
    track = json.loads(request.body)["messages"][-1]["content"]
    await calling(Asks(f"call_{track}", "effector.engage", json.dumps({"track": track})))(request, reply)


def shoot(track: int) -> bytes:
    return asked(CHAT, stream=False, messages=[{"role": "user", "content": str(track)}])


@pytest.mark.parametrize(("seconds", "second"), [(1.2, True), (20.0, False)])
async def test_two_hundred_grants_in_six_minutes_need_a_second_approver(seconds: float, second: bool) -> None:
    """A16: median 1.2 s is hurried; who takes 20 seconds over each is not."""
    people = People(HURRIED, roles={"operator": Rule(grant_seconds=30)})
    rounds = 200 if second else 40
    async with stage(shot, terms=HURRIED, tools=registered(), desk=people.live) as s:
        people.recorder = s.recorder
        for track in range(rounds):
            await post(s.url, shoot(track))
            people.skip(seconds)
            (hold,) = people.waiting()
            await people.grant("lee", hold)
            got = await post(s.url, shoot(track))
            hurried = second and track >= 9  # ten grants in the window
            assert (got.status == 403) is hurried, track
            if hurried:
                shown = got.json["error"]["brightline"]
                assert shown["needs"][0]["approvals"] == ["operator_2"]
                assert [c["id"] for c in shown["clauses"]] == ["K16"]
                with pytest.raises(ApprovalError, match="one person is not two"):
                    await people.grant("lee", people.waiting()[0], role="operator_2")
                await people.grant("pell", people.waiting()[0], role="operator_2")
                assert (await post(s.url, shoot(track))).status == 200, track
        flags = [e for e in s.recorder.entries if e.flags & Flag.HURRIED]
        assert bool(flags) is second
        assert (OutcomeCode.PERMIT in {e.outcome for e in flags}) is second, "with two approvers it may happen"


async def test_the_second_approval_stands_in_the_entry_beside_the_first() -> None:
    people = People(HURRIED)
    async with stage(shot, terms=HURRIED, tools=registered(), desk=people.live) as s:
        people.recorder = s.recorder
        for track in range(10):
            await post(s.url, shoot(track))
        waiting = people.waiting()
        first = [await people.grant("lee", h) for h in waiting]
        await post(s.url, shoot(9))
        second = await people.grant("pell", people.waiting()[0], role="operator_2")
        await post(s.url, shoot(9))
        body = [d.body for d in s.recorder.drafts if getattr(d.body, "approval", 0) and hasattr(d.body, "parent")][-1]
        assert {body.approval, body.second_approval} == {first[9], second}  # type: ignore[union-attr]


async def test_an_agent_approves_nothing_and_a_person_what_they_asked_themselves() -> None:
    """The agent whose key asked is no person; the operator who asked with their own key may, as operator."""
    people = People()
    async with stage(shot, terms=CLAUSES, tools=registered(), desk=people.live) as s:
        people.recorder = s.recorder
        await post(s.url, shoot(1))
        with pytest.raises(ApprovalError, match="an agent of theirs asked for it"):
            await people.grant("ortiz")
    keyboard = People(persons=(person("ortiz", "operator"), person("lee", "operator"), _person_at_the_key()))
    async with stage(shot, terms=CLAUSES, tools=registered(), desk=keyboard.live) as s:
        keyboard.recorder = s.recorder
        await post(s.url, shoot(1))
        await keyboard.grant("desk/agent")
        assert (await post(s.url, shoot(1))).status == 200


def _person_at_the_key() -> Person:
    return person("desk/agent", "operator")
