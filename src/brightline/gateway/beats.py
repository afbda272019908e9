"""What the record says of the gateway itself: that it is there, what its clock does, and where an epoch ends.

A gateway that is idle writes a beat at half of the agreed heartbeat, so a longer silence means that it did not run. A
step of the wall clock is noticed against the monotonic clock, which nobody sets, and is recorded at once.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import numpy as np

from brightline.assurance.release import read_release
from brightline.assurance.verify.statements import KNOWN, read_statement
from brightline.errors import BrightlineError, RecordError, StorageError
from brightline.gateway.config import Config
from brightline.gateway.metered import Metered
from brightline.gateway.standing import Standing
from brightline.gateway.tallied import Tallied
from brightline.gateway.witnesses import asking
from brightline.keys import VerifyKey
from brightline.record.body import ClockBody, ClockEvent, ClockSource, EpochBody, ReleaseBody
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import ENTRY, ENTRY_BYTES, Kind, unpack
from brightline.record.log import Draft
from brightline.storage.journal import Journal
from brightline.storage.record import Receipt
from brightline.storage.recorder import Recorder

STEP_SECONDS: Final = 2.0
"""Steps of the clock below this are slewing, not setting."""
TICK_SECONDS: Final = 15.0
EPOCH_DAYS: Final = 30
"""Of an agreement that names no audits; else `audit.epoch_days`."""
_DAY: Final = 86_400
_CHUNK: Final = 65_536
_logger = logging.getLogger(__name__)
Fields = tuple[tuple[str, bytes], ...]


class Beats:
    """`append`: the recorder's. `newest`: time of the log's newest entry. `wall`, `steady`: clocks in seconds.

    heartbeat: the agreed one. epoch: the last epoch's (number, entry, until), zeros before the first. Belongs to the
    event loop. Law: while `tick` is called often and nothing fails, no two entries are a heartbeat apart.
    """

    def __init__(
        self,
        append: Callable[[Draft], Awaitable[Receipt]],
        newest: Callable[[], int],
        *,
        terms: bytes,
        heartbeat: int,
        epoch_seconds: int,
        epoch: EpochBody,
        stated: Callable[[], Fields] = tuple,
        released: Callable[[], Sequence[tuple[ReleaseBody, Path]]] = tuple,
        source: ClockSource = ClockSource.UNKNOWN,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._append, self._newest, self._terms, self._stated = append, newest, terms, stated
        self._released, self._recorded = released, set[Path]()
        self._heartbeat, self._epoch_seconds, self._epoch = heartbeat, epoch_seconds, epoch
        self._source, self._wall, self._steady = source, wall, steady
        self._offset = wall() - steady()

    async def started(self) -> None:
        await self._say(ClockEvent.STARTED)

    async def stopped(self) -> None:
        await self._say(ClockEvent.STOPPED)

    async def tick(self) -> None:
        """Look at the clock, and write what is due."""
        offset = self._wall() - self._steady()
        step, self._offset = offset - self._offset, offset
        if abs(step) >= STEP_SECONDS:
            await self._say(ClockEvent.FORWARD if step > 0 else ClockEvent.BACK, round(abs(step)))
        for body, path in self._released():
            if path not in self._recorded:  # else only its name could not be changed: it is not said twice
                await self._append(Draft(body, terms=self._terms))
                self._recorded.add(path)
            path.rename(path.with_name(path.name + ".recorded"))
        if self._wall() - self._newest() >= self._heartbeat / 2:
            await self._say(ClockEvent.BEAT)
        if self._wall() - self._epoch.until >= self._epoch_seconds:
            await self.end_epoch()

    async def end_epoch(self) -> int:
        """Record the end of an epoch with what is stated of it; the index of its entry."""
        last, fields = self._epoch, self._stated()
        until = max(int(self._wall()), last.until)
        body = EpochBody(last.number + 1, last.first, last.until, until, clock=self._source)
        index = (await self._append(Draft(body, terms=self._terms, fields=fields))).index
        self._epoch = EpochBody(body.number, index + 1, until, until)
        return index

    async def _say(self, event: ClockEvent, seconds: int = 0) -> None:
        await self._append(Draft(ClockBody(event, self._source, seconds), terms=self._terms))


def open_epoch(journal: Journal, time_seconds: int, now: float) -> EpochBody:
    """The epoch under way: `number` of the last one, `first` entry, `since` and `until` as the last one ended.

    Reads back to the last epoch's entry, or the whole log where there is none.
    """
    end = size = journal.log.size
    while end > 0:
        first = max(0, end - _CHUNK)
        data = journal.read(first, end)
        rows = np.flatnonzero(np.frombuffer(data, ENTRY)["kind"] == Kind.EPOCH)
        if len(rows):
            at = int(rows[-1])
            body = unpack_body(Kind.EPOCH, unpack(data[at * ENTRY_BYTES : (at + 1) * ENTRY_BYTES]).body)
            assert isinstance(body, EpochBody)  # noqa: S101 - by its kind
            return EpochBody(body.number, first + at + 1, body.until, body.until)
        end = first
    since = (
        int(np.frombuffer(journal.read(0, 1), ENTRY)["time"][0]) if size else int(now) // time_seconds * time_seconds
    )
    return EpochBody(0, 0, since, since)


def stated_in(folder: Path) -> Callable[[], Fields]:
    """What lies in a folder as `NAME.json` when an epoch ends; it is moved to `NAME.json.stated`, so stated once."""

    def read() -> Fields:
        found = []
        for name in KNOWN:
            path = folder / f"{name}.json"
            if not path.is_file():
                continue
            data = path.read_bytes()
            try:
                read_statement(name, data)
            except RecordError as e:
                _logger.error("%s is not stated: %s", path, e)
                continue
            path.rename(path.with_name(path.name + ".stated"))
            found.append((name, data))
        return tuple(found)

    return read


def released_in(folder: Path, officer: str, journal: Journal) -> Callable[[], Sequence[tuple[ReleaseBody, Path]]]:
    """What a releasing officer said (`officer`: the verifier key of the settings) and the record does not say yet.

    A statement that is not the officer's, or is about more entries than there are, is named once and stays.
    """
    void = set[Path]()

    def read() -> Sequence[tuple[ReleaseBody, Path]]:
        found = []
        for path in sorted(set(folder.glob("*.json")) - void):
            try:
                body = read_release(path.read_bytes(), VerifyKey.parse(officer, "officer"), str(path)).body()
                if body.size > journal.log.size:
                    raise RecordError("it is about another record", place=str(path), cure="take it away")
            except BrightlineError as e:
                void.add(path)
                _logger.error("a release is not recorded: %s", e)
                continue
            found.append((body, path))
        return found

    return read


@asynccontextmanager
async def beating(recorder: Recorder, standing: Standing, config: Config, metered: Metered) -> AsyncIterator[Beats]:
    """Beats while the gateway runs, `started` now and `stopped` at an orderly end; and witnesses are asked."""
    disclosure, agreement = standing.disclosure, standing.agreement
    days = agreement.audit.epoch_days if agreement and agreement.audit else EPOCH_DAYS
    epoch = await asyncio.to_thread(open_epoch, recorder.journal, disclosure.time_seconds, time.time())
    folder = config.data / "statements"
    given, tallied = stated_in(folder), Tallied(metered, folder, "meters" in map(str, disclosure.statements))
    beats = Beats(
        recorder.append,
        lambda: recorder.journal.log.time,
        terms=standing.terms_digest,
        heartbeat=disclosure.heartbeat_seconds,
        epoch_seconds=days * _DAY,
        epoch=epoch,
        stated=lambda: tallied.stated(given()),
        released=released_in(config.data / "releases", config.officer, recorder.journal),
        source=config.clock,
    )
    await beats.started()
    ticking = asyncio.create_task(_tick(beats))
    try:
        async with asking(config):
            yield beats
    finally:
        ticking.cancel()
        tallied.hand_over()
        try:
            await beats.stopped()
        except BrightlineError as e:
            _logger.error("the end could not be recorded: %s", e)


async def _tick(beats: Beats) -> None:
    while True:
        await asyncio.sleep(TICK_SECONDS)
        try:
            await beats.tick()
        except (StorageError, OSError) as e:  # tried again: a folder that cannot be written must not end the beats
            _logger.error("no beat was recorded: %s", e)
