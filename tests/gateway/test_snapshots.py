"""Where meters and money stood, in the record: a start from there is a start from the first entry, only shorter."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from brightline.errors import StorageError
from brightline.gateway import snapshots
from brightline.gateway.journalled import Journalled, Plan, of_record, reopened
from brightline.gateway.metered import Metered
from brightline.gateway.standing import agreed as standing_of
from brightline.gateway.watch_config import PriceConfig, WatchConfig
from brightline.meters import Budget, MeterKey, Meters, Price, State, Where, Window, given, replay, replay_money
from brightline.meters.spending import Spending
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import OutcomeCode
from brightline.record.log import Disclosure, Draft
from brightline.storage.recorder import Recorder
from brightline.storage.vault import STRIDE, Fields, Vault
from tests.live.stage import LOG_KEY, SITE_KEY, agreed

STANDING = standing_of(agreed())
PLAN = Plan(
    WatchConfig(prices={"tiny": PriceConfig(Price(3, 5))}),
    STANDING,
    frozenset({"surv.person_track"}),
    MeterKey(b"s" * 32, STANDING.agreement.digest if STANDING.agreement else ""),
    Window(soft=30, hard=60),
)

FIELDS = (("content", b"x"),)
DECISION = Draft(DecisionBody(), 1, OutcomeCode.PERMIT, clauses=1, terms=STANDING.terms_digest, fields=FIELDS)


@dataclass
class Open:
    recorder: Recorder
    metered: Metered
    journalled: Journalled

    @property
    def meters(self) -> Meters:
        assert self.metered.meters is not None
        return self.metered.meters

    @property
    def budget(self) -> Budget:
        assert self.metered.budget is not None
        return self.metered.budget

    async def uses(self, draw: random.Random, count: int) -> None:
        for _ in range(count):
            persons = self.meters.reserve(Where("p"), given([f"Ann {draw.randrange(90)}"]), draw.randrange(1000))
            funds = self.budget.reserve("tiny", "g2", 1 << 40, 1 << 39)
            receipt = await self.journalled.append(DECISION)
            if draw.random() < 0.2:  # cut off: the start settles it
                continue
            self.meters.settle(persons, 1000)
            self.budget.settle(funds, draw.randrange(99), 7)
            end = OutcomeBody(receipt.index, OutcomeStatus.COMPLETED)
            await self.journalled.append(Draft(end, terms=STANDING.terms_digest, fields=(("answer", b"y"),)))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Open]:
    recorder = Recorder.open(folder, LOG_KEY, SITE_KEY, Disclosure())
    try:
        yield Open(recorder, *await reopened(recorder, PLAN))
    finally:
        await recorder.close()


def all_fields(recorder: Recorder) -> list[dict[str, bytes]]:
    size = recorder.journal.log.size
    there = recorder.vault.has(0, size)
    return [dict(recorder.vault.fields(n)) if there[n] else {} for n in range(size)]


async def test_a_start_from_a_snapshot_is_one_from_the_first_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 7)
    draw, taken = random.Random(5), 0
    for _ in range(4):
        async with opened(tmp_path) as gate:
            # the fold over all that the record has is where this start stands
            fields = all_fields(gate.recorder)
            taken = sum("meter.state" in f for f in fields)
            state, mark = replay([f["meter"] for f in fields if "meter" in f])
            money, paid = replay_money([f["budget"] for f in fields if "budget" in f])
            if mark.events:
                past = of_record(gate.recorder.journal, gate.recorder.vault, PLAN)
                meter, budget = past.stood["meter"], past.stood["budget"]
                again = replay(past.meter, State.of_snapshot(meter.state) if meter.state else None, meter.mark)
                assert (again[0].snapshot(), again[1]) == (state.snapshot(), mark)
                spent = Spending.of_snapshot(budget.state) if budget.state else None
                assert (found := replay_money(past.budget, spent, budget.mark))[1] == paid
                assert found[0].plain() == money.plain()
        async with opened(tmp_path) as gate:
            await gate.uses(draw, 12)
    assert taken > 5


async def test_a_start_opens_what_came_after_the_last_snapshot_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "EVERY", 10)
    async with opened(tmp_path) as gate:
        await gate.uses(random.Random(1), 60)
        read = list[int]()
        whole = Vault.opened

        def counting(self: Vault, sequence: int) -> tuple[bytes, Fields] | None:
            read.append(sequence)
            return whole(self, sequence)

        monkeypatch.setattr(Vault, "opened", counting)
        past = of_record(gate.recorder.journal, gate.recorder.vault, PLAN)
        assert past.stood["meter"].entry > 80
        assert len(read) <= 12


@pytest.mark.parametrize("what", ["moved", "lost"])
async def test_a_snapshot_that_is_not_what_the_entry_commits_to_stops_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """Whoever has the disk and no key puts an earlier snapshot into the place of the last, so that fewer count."""
    monkeypatch.setattr(snapshots, "EVERY", 10)
    async with opened(tmp_path) as gate:
        await gate.uses(random.Random(1), 20)
        places = [n for n, f in enumerate(all_fields(gate.recorder)) if "meter.state" in f]
        keys = tmp_path / "private" / "keys"
        data = bytearray(keys.read_bytes())
        first, last = places[0] * STRIDE, places[-1] * STRIDE
        data[last : last + 32] = data[first : first + 32] if what == "moved" else bytes(32)
        data[last + 32 : last + STRIDE] = data[(at := first if what == "moved" else last) + 32 : at + STRIDE]
        keys.write_bytes(data)
        with pytest.raises(StorageError, match="not what the entry commits to") as refused:
            of_record(gate.recorder.journal, gate.recorder.vault, PLAN)
        assert refused.value.place == f"entry {places[-1]}"
