"""The record as the journal of meters: events leave in order, and an entry that cannot be one ends the recording."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from brightline.errors import RecordError, StorageError
from brightline.gateway.journalled import Journalled
from brightline.gateway.metered import Metered
from brightline.meters import MeterKey, Meters, Where, Window, given, replay
from brightline.record.body import ApprovalBody, DecisionBody
from brightline.record.log import Draft

KEY = MeterKey(b"s" * 32, "")
DECISION = Draft(DecisionBody(), fields=(("content", b"x"),))


class Kept:
    """A recorder that keeps drafts; `fails` with this from then on."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.fails: Exception | None = None

    def append(self, draft: Draft) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if self.fails is not None:
            future.set_exception(self.fails)
        else:
            self.drafts.append(draft)
            future.set_result(None)
        return future


def journal() -> tuple[Kept, Meters, Journalled]:
    kept, meters = Kept(), Meters.begin(KEY, Window(soft=2, hard=3), 0)
    return kept, meters, Journalled(kept, Metered(meters))


async def test_events_leave_once_in_order_with_the_next_entry_that_may_carry_them() -> None:
    kept, meters, recorder = journal()
    await recorder.append(Draft(ApprovalBody(1, 0, 0, 1)))  # the desk's own entries stay as they are
    first = meters.reserve(Where("p"), given(["Ann"]), 1)
    await recorder.append(DECISION)
    await recorder.append(DECISION)
    meters.settle(first, 2)
    await recorder.append(DECISION)
    carried = [[name for name, _ in draft.fields] for draft in kept.drafts]
    assert carried == [[], ["content", "meter"], ["content"], ["content", "meter"]]
    state, mark = replay(value for draft in kept.drafts for name, value in draft.fields if name == "meter")
    assert state.snapshot() == meters.state.snapshot()
    assert mark == meters.mark


async def test_after_events_that_could_not_be_recorded_nothing_is() -> None:
    kept, _, recorder = journal()
    kept.fails = RecordError("no entry")
    with pytest.raises(RecordError):
        await recorder.append(DECISION)
    kept.fails = None
    with pytest.raises(StorageError, match="were not recorded"):
        await recorder.append(DECISION)
    assert not kept.drafts


async def test_a_disk_that_fails_is_the_recorders_own_affair() -> None:
    """Break-glass may serve on without a record."""
    kept, _, recorder = journal()
    kept.fails = StorageError("full")
    with pytest.raises(StorageError):
        await recorder.append(DECISION)
    kept.fails = None
    await recorder.append(DECISION)
    assert [name for name, _ in kept.drafts[0].fields] == ["content"]
