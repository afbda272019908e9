"""Break-glass: served without a record, counted, never a tool that acts; and recorded at the next start (DESIGN 5)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from brightline.approvals import BreakGlass, Mend
from brightline.approvals.reading import digest_of
from brightline.errors import ApprovalError
from brightline.gateway.config import ToolConfig
from brightline.gateway.glass import FILE, Glass, settle
from brightline.gateway.inbox import Inbox
from brightline.record.body import DecisionBody, ExceptionAct, ExceptionBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from tests.gateway import scripts
from tests.gateway.calling import CHAT, CLAUSES, ENGAGE, LOOK, asked, calling, registered
from tests.gateway.desks import AGREEMENT, SECOND, People
from tests.gateway.plain import ask, post
from tests.gateway.stage import MemoryRecorder, Script, Stage, stage
from tests.live.stage import agreed

HOUR = 3600 * SECOND


@asynccontextmanager
async def broken_stage(
    script: Script, people: People, folder: Path, tools: Mapping[str, ToolConfig] | None = None
) -> AsyncIterator[tuple[Stage, Inbox, Glass]]:
    """A gateway whose record fails from now on."""
    async with stage(script, terms=CLAUSES, tools=tools or registered(), desk=people.live) as s:
        glass = Glass(s.recorder, people.live, folder)
        people.recorder = s.recorder
        object.__setattr__(s.exchange, "recorder", glass)
        object.__setattr__(s.exchange.release, "recorder", glass)
        inbox = Inbox(people.live, agreed(), s.recorder, folder)
        inbox.glass = glass
        s.recorder.broken = True
        yield s, inbox, glass


async def start(people: People, inbox: Inbox) -> None:
    now = people.live.now
    said = BreakGlass(desk="army", person="quinn", role="official", time=now, until=now + HOUR, reason="disk full")
    await inbox.take(people.signed(said, "quinn").to_bytes(), "said")


async def test_without_it_nothing_is_served_and_with_it_what_the_terms_permit(tmp_path: Path) -> None:
    people = People()
    async with broken_stage(scripts.model, people, tmp_path) as (s, inbox, _):
        assert (await post(s.url, ask())).status == 503
        await start(people, inbox)
        got = await post(s.url, ask())
        assert got.status == 200
        assert got.headers["brightline-decision"] == "permit;mode=break-glass"
        assert "brightline-receipt" not in got.headers
        streamed = await post(s.url, ask(stream=True))
        assert streamed.body.endswith(b"[DONE]\n\n")
        for purpose in ("deny", "ask", "hold"):
            assert (await post(s.url, ask(), brightline_purpose=purpose)).status == 403, "it still decides"
        assert people.holds == []
        assert people.posted.events == []
        people.skip(3601)
        assert (await post(s.url, ask())).status == 503, "its time is over"


@pytest.mark.parametrize(("actuation", "status"), [("act", 503), ("unknown", 503), ("stage", 200), ("read", 200)])
async def test_a_tool_that_acts_is_never_served(actuation: str, status: int, tmp_path: Path) -> None:
    people = People()
    tool = replace(registered("look")["look"], actuation=actuation)
    async with broken_stage(calling(LOOK), people, tmp_path, {"look": tool}) as (s, inbox, _):
        await start(people, inbox)
        assert (await post(s.url, asked(CHAT, stream=False, tools=["look"]))).status == status


async def test_nothing_that_was_granted_is_spent(tmp_path: Path) -> None:
    people = People()
    async with broken_stage(calling(ENGAGE), people, tmp_path) as (s, inbox, _):
        s.recorder.broken = False
        await post(s.url, asked(CHAT, stream=False))
        await people.grant()
        s.recorder.broken = True
        await start(people, inbox)
        assert (await post(s.url, asked(CHAT, stream=False))).status == 503


async def test_somebody_else_cannot_begin_it(tmp_path: Path) -> None:
    people = People()
    async with broken_stage(scripts.model, people, tmp_path) as (s, inbox, _):
        now = people.live.now
        for who, role in (("lee", "official"), ("lee", "operator"), ("quinn", "operator")):
            said = BreakGlass(desk="army", person=who, role=role, time=now, until=now + HOUR, reason="so")
            with pytest.raises(ApprovalError, match=r"is not official|does not decide this|is not operator"):
                await inbox.take(people.signed(said, who).to_bytes(), "said")
        assert (await post(s.url, ask())).status == 503


async def test_the_next_start_records_each_use(tmp_path: Path) -> None:
    people = People()
    async with broken_stage(scripts.model, people, tmp_path) as (s, inbox, glass):
        await start(people, inbox)
        for _ in range(3):
            await post(s.url, ask())
        await post(s.url, ask(), brightline_purpose="deny")
        (emergency,) = [people.live.desk.emergency(people.live.now)]
        assert emergency is not None
        end = Mend(
            desk="army", person="quinn", role="official", time=people.live.now, started=emergency.id, reason="mended"
        )
        envelope = people.signed(end, "quinn")
        await inbox.take(envelope.to_bytes(), "said")
        await glass.keep()
        assert b"secret words" not in (tmp_path / FILE).read_bytes()
    after, recorder = People(), MemoryRecorder()
    assert await settle(tmp_path, after.live, recorder, AGREEMENT, set()) == 4
    decisions = [e for e in recorder.drafts if isinstance(e.body, DecisionBody)]
    assert [d.outcome for d in decisions].count(OutcomeCode.PERMIT) == 3
    assert all(d.flags & Flag.BREAK_GLASS and d.fields == () for d in decisions)
    assert recorder.statuses() == [OutcomeStatus.INTERRUPTED] * 3
    acts = [d.body.act for d in recorder.drafts if isinstance(d.body, ExceptionBody)]
    assert acts == [ExceptionAct.BREAK_GLASS_STARTED, ExceptionAct.BREAK_GLASS_ENDED]
    assert await settle(tmp_path, after.live, recorder, AGREEMENT, set()) == 0, "once"
    assert digest_of(envelope.payload) != emergency.id
