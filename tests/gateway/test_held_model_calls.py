"""A held model call passes once, after the grant, for exactly what was asked; the model is asked only then."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from brightline.approvals import Call, Refuse
from brightline.record.body import DecisionBody
from brightline.record.entry import OutcomeCode
from tests.gateway import scripts
from tests.gateway.calling import CHAT, CLAUSES, MESSAGES
from tests.gateway.desks import People
from tests.gateway.plain import Got, post
from tests.gateway.stage import MODEL, Stage, stage


def body(path: str, word: str = "Who is she?", **more: Any) -> bytes:
    asked = {"model": MODEL, "messages": [{"role": "user", "content": word}]} | more
    return json.dumps(asked | ({"max_tokens": 9} if path == MESSAGES else {})).encode()


async def held(s: Stage, path: str = CHAT, word: str = "Who is she?", **more: Any) -> Got:
    headers = {k: more.pop(k) for k in ("prefer", "brightline_facts") if k in more}
    return await post(s.url, body(path, word, **more), path, brightline_purpose="hold", **headers)


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
async def test_it_passes_once_streamed_or_not_and_nothing_else_does(path: str) -> None:
    people = People()
    async with stage(scripts.model, terms=CLAUSES, desk=people.live) as s:
        people.recorder = s.recorder
        assert (await held(s, path)).status == 403
        assert s.seen == [], "the model was not asked"
        (hold,) = people.waiting()
        assert (hold.held.act.call, sorted(hold.roles)) == (Call.MODEL, ["privacy_officer"])
        granted = await people.grant("poe")
        assert (await held(s, path, "Who is he?")).status == 403
        assert (await held(s, path, temperature=1)).status == 403
        assert (await held(s, path, brightline_facts="place=abroad")).status == 403
        earlier = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
        said = [*earlier, {"role": "user", "content": "Who is she?"}]
        assert (await held(s, path, messages=said)).status == 403, "another history gives the turn another meaning"
        assert s.seen == []
        assert (await held(s, path, stream=True)).status == 200
        bodies = [d.body for d in s.recorder.drafts if isinstance(d.body, DecisionBody)]
        assert [b.approval for b in bodies if b.approval] == [granted]
        assert (await held(s, path)).status == 403, "once"
        assert len(s.seen) == 1


async def test_it_waits_for_the_grant_where_its_client_prefers_that() -> None:
    people = People()
    async with stage(scripts.model, terms=CLAUSES, desk=people.live) as s:
        people.recorder = s.recorder
        call = asyncio.create_task(held(s, prefer="wait=20"))
        await people.asked()
        await people.grant("poe")
        got = await call
        assert (got.status, got.headers["preference-applied"]) == (200, "wait=20")
        assert s.recorder.outcomes() == [OutcomeCode.HOLD, OutcomeCode.PERMIT]
        assert not s.recorder.log.open


@pytest.mark.parametrize("prefer", ["wait", "wait=-1", "wait=a", "respond-async", "wait=0", ""])
async def test_a_preference_that_cannot_be_read_is_ignored(prefer: str) -> None:
    people = People()
    async with stage(scripts.model, terms=CLAUSES, desk=people.live) as s:
        got = await held(s, prefer=prefer)
        assert (got.status, "preference-applied" in got.headers) == (403, False)


async def test_a_grant_that_lapsed_and_one_that_was_refused_let_nothing_pass() -> None:
    people = People()
    async with stage(scripts.model, terms=CLAUSES, desk=people.live) as s:
        people.recorder = s.recorder
        await held(s)
        await people.grant("poe")
        people.skip(31)
        assert (await held(s)).status == 403
        await people.tell(people.says(Refuse, "poe", people.waiting()[0]))
        got = await held(s)
        assert got.json["error"]["brightline"]["hold"]["reason"] == "not this one"
        assert s.seen == []


async def test_of_two_sendings_at_once_one_passes() -> None:
    people = People()
    async with stage(scripts.model, terms=CLAUSES, desk=people.live) as s:
        people.recorder = s.recorder
        await held(s)
        await people.grant("poe")
        got = await asyncio.gather(*(held(s) for _ in range(8)))
        assert sorted(g.status for g in got) == [200] + [403] * 7
