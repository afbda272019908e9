"""Reconciliation in the order of the log: what belongs to an epoch, what straddles its end, what is in doubt."""

from __future__ import annotations

import asyncio
from typing import Any

from brightline.errors import UpstreamError
from brightline.gateway.engine import GuardCounters, Reconciliation
from brightline.models.counters import EngineCounters
from brightline.record.body import Act, DecisionBody, EngineBody, EpochBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Draft
from tests.gateway.stage import Placed


class Scene:
    """A log in memory and an engine that the test sets."""

    def __init__(self, **more: Any) -> None:
        self.index, self.engine, self.guard, self.said = 0, EngineCounters(), GuardCounters(started=1.0), []
        self.down = False
        guard = self._guard if more.pop("guarded", False) else None
        self.of = Reconciliation(self._read, guard, self._append, tolerance=4000, **more)

    async def _read(self) -> EngineCounters:
        await asyncio.sleep(0)
        if self.down:
            raise UpstreamError("down")
        return self.engine

    async def _guard(self) -> GuardCounters:
        return self.guard

    async def _append(self, draft: Draft) -> None:
        assert isinstance(draft.body, EngineBody)
        self.said.append(draft.body)

    def told(self, draft: Draft) -> int:
        self.index += 1
        self.of.told(draft, Placed("log", self.index))
        return self.index

    def begin(self, act: Act = Act.MODEL_CALL, content: bytes = b"x" * 400) -> int:
        return self.told(Draft(DecisionBody(act=act), outcome=OutcomeCode.PERMIT, fields=(("content", content),)))

    def end(
        self, of: int, tokens: tuple[int, int] = (100, 20), status: OutcomeStatus = OutcomeStatus.COMPLETED
    ) -> None:
        http = 200 if status is OutcomeStatus.COMPLETED else 0
        flags = 0 if status is OutcomeStatus.COMPLETED else Flag.ESTIMATED
        self.told(Draft(OutcomeBody(of, status, *tokens, 0, http), flags=flags))

    def count(self, inputs: int, outputs: int) -> None:
        self.engine = EngineCounters(self.engine.input_tokens + inputs, self.engine.output_tokens + outputs)

    def epoch(self) -> int:
        return self.told(Draft(EpochBody(1, 0, 0, 0)))


async def test_an_epoch_is_what_stands_before_its_entry() -> None:
    scene = Scene()
    await scene.of.begin()
    scene.end(scene.begin())
    scene.count(100, 20)
    epoch = scene.epoch()
    await scene.of.state()
    (said,) = scene.said
    assert said == EngineBody(epoch, 100, 20, 100, 20, answered=1, tolerance=4000)


async def test_a_call_under_way_is_doubt_on_both_sides_and_waited_for() -> None:
    scene = Scene()
    await scene.of.begin()
    across = scene.begin()
    scene.count(100, 5)  # its prompt, and a part of its answer
    scene.epoch()
    stating = asyncio.create_task(scene.of.state())
    await asyncio.sleep(0.05)
    assert not scene.said
    scene.count(0, 15)
    scene.end(across)
    await stating
    assert (scene.said[0].input_tokens, scene.said[0].engine_input_tokens) == (0, 100)
    assert (scene.said[0].doubt_input_tokens, scene.said[0].doubt_output_tokens, scene.said[0].under_way) == (
        100,
        20,
        1,
    )
    scene.epoch()
    await scene.of.state()
    assert (scene.said[1].input_tokens, scene.said[1].engine_input_tokens) == (100, 0)
    assert (scene.said[1].doubt_input_tokens, scene.said[1].engine_output_tokens) == (100, 15)


async def test_a_call_that_began_before_the_engine_was_read_straddles_too() -> None:
    scene = Scene()
    await scene.of.begin()
    scene.epoch()
    late = scene.begin()  # after the entry, before the reading
    scene.count(100, 20)
    scene.end(late)
    await scene.of.state()
    assert (scene.said[0].engine_input_tokens, scene.said[0].doubt_input_tokens) == (100, 100)


async def test_a_call_that_never_ends_makes_the_epoch_uncertain() -> None:
    scene = Scene(straddle_seconds=0.05)
    await scene.of.begin()
    scene.begin()
    scene.epoch()
    await scene.of.state()
    assert scene.said[0].doubt_input_tokens == 2**32 - 1


async def test_what_a_client_that_left_took_along_is_doubt() -> None:
    scene = Scene()
    await scene.of.begin()
    scene.end(scene.begin(content=b"x" * 400), (0, 7), OutcomeStatus.CLIENT_GONE)
    scene.epoch()
    await scene.of.state()
    assert (scene.said[0].doubt_input_tokens, scene.said[0].doubt_output_tokens) == (100, 7)
    assert (scene.said[0].answered, scene.said[0].under_way) == (0, 1)


async def test_tool_calls_ran_on_no_engine() -> None:
    scene = Scene()
    await scene.of.begin()
    scene.end(scene.begin(Act.TOOL_CALL), (0, 0))
    scene.epoch()
    await scene.of.state()
    assert (scene.said[0].answered, scene.said[0].under_way) == (0, 0)


async def test_an_engine_that_cannot_be_read_is_not_vouched_for() -> None:
    scene = Scene()
    await scene.of.begin()
    scene.down = True
    scene.epoch()
    await scene.of.state()
    assert scene.said[0].resets == 1


async def test_a_guard_that_restarts_is_told() -> None:
    scene = Scene(guarded=True)
    await scene.of.begin()
    scene.guard = GuardCounters(4, 1, 1.0)
    scene.epoch()
    await scene.of.state()
    scene.guard = GuardCounters(6, 1, 2.0)
    scene.epoch()
    await scene.of.state()
    first, second = scene.said
    assert (first.accepted, first.refused, first.resets, first.guarded) == (4, 1, 0, 1)
    assert (second.accepted, second.refused, second.resets) == (6, 1, 1)


async def test_a_statement_that_was_cancelled_is_made_later() -> None:
    scene = Scene()
    await scene.of.begin()
    across = scene.begin()
    epoch = scene.epoch()
    stating = asyncio.create_task(scene.of.state())
    await asyncio.sleep(0.05)
    stating.cancel()
    await asyncio.gather(stating, return_exceptions=True)
    scene.end(across)
    await scene.of.rest()
    assert [said.epoch for said in scene.said] == [epoch]
