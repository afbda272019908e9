"""The room that all answers being read share: what does not fit is cut off and recorded so; all is given back."""

from __future__ import annotations

import asyncio

import pytest

from brightline.errors import UpstreamError
from brightline.gateway.codec import Room
from brightline.gateway.wire import Reply, Request
from brightline.record.body import OutcomeStatus
from tests.gateway import scripts
from tests.gateway.plain import ask, post
from tests.gateway.stage import stage


def test_a_room_holds_what_it_holds() -> None:
    room = Room(10)
    room.take(6)
    with pytest.raises(UpstreamError, match="all the answers it can"):
        room.take(5)
    room.take(4)
    assert room.size == 10


@pytest.mark.parametrize("stream", [False, True])
async def test_an_answer_without_room_is_cut_off_and_recorded_so(stream: bool) -> None:
    async with stage(scripts.model) as s:
        s.exchange.room.most = 200
        got = await post(s.url, ask(stream=stream))
        assert b"upstream_busy" in got.body
        assert got.status == (200 if stream else 503)
        assert b"[DONE]" not in got.body
        assert s.recorder.statuses() == [OutcomeStatus.INTERRUPTED]
        assert s.exchange.room.size == 0


@pytest.mark.parametrize("stream", [False, True])
async def test_answers_share_one_room_and_give_it_back(stream: bool) -> None:
    go_on = asyncio.Event()

    async def slow(request: Request, reply: Reply) -> None:
        reply.start(200, scripts.SSE)
        await reply.write(scripts.chat_events()[0])
        await go_on.wait()
        for event in scripts.chat_events()[1:]:
            await reply.write(event)
        reply.end()

    async with stage(slow) as s:
        first = asyncio.create_task(post(s.url, ask(stream=True)))
        while not s.exchange.room.size:  # noqa: ASYNC110 - it is a number, and tells nobody
            await asyncio.sleep(0.001)
        held = s.exchange.room.size
        second = asyncio.create_task(post(s.url, ask(stream=stream)))
        while s.exchange.room.size < 2 * held:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        go_on.set()
        assert {(await first).status, (await second).status} == {200}
        assert s.exchange.room.size == 0
