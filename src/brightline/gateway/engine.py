"""Reading the engine's counters while the gateway runs, and stating after each epoch what both counted (grade C1, C2).

The recorder tells `Reconciliation.told` of every durable entry in the order of the log, so what belongs to an epoch is
what stands before its entry. What straddles its end is doubt: calls under way when it was written, and calls that began
before the engine was read. Their tokens are known when they end; then the statement is recorded.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from brightline.errors import BrightlineError, MachineError, StorageError
from brightline.models.counters import EngineCounters
from brightline.record.body import Act, DecisionBody, EngineBody, EpochBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import NO_DIGEST, Flag, OutcomeCode
from brightline.record.log import Draft
from brightline.storage.disk import Disk

READ_SECONDS = 15.0  # between two readings: what an engine that dies takes with it is what it counted since the last
STRADDLE_SECONDS = 600.0  # how long a statement waits for calls that were under way
_U32, _U16, _U8 = 2**32 - 1, 2**16 - 1, 2**8 - 1
_UNTOLD = frozenset((OutcomeStatus.CLIENT_GONE, OutcomeStatus.UPSTREAM_DIED, OutcomeStatus.INTERRUPTED,
                     OutcomeStatus.TIMED_OUT))  # fmt: skip
_logger = logging.getLogger("brightline.gateway")


class GuardCounters(NamedTuple):
    """What a guard has counted since it started."""

    accepted: int = 0
    refused: int = 0
    started: float = 0.0


class Placed(Protocol):
    """Where an entry stands."""

    @property
    def index(self) -> int: ...


@dataclass(slots=True)
class Sums:
    """Of the outcomes of one epoch. doubt: tokens that are estimated; unsure: calls that the engine may have seen."""

    tokens: list[int] = field(default_factory=lambda: [0, 0])
    doubt: list[int] = field(default_factory=lambda: [0, 0])
    answered: int = 0
    unsure: int = 0


@dataclass(slots=True)
class Straddling:
    """Calls across an epoch's end. `open`: those that have not ended; what has is in `tokens` and `calls`."""

    open: set[int] = field(default_factory=set)
    tokens: list[int] = field(default_factory=lambda: [0, 0])
    calls: int = 0
    reading: bool = True  # the engine has not been read yet: whatever begins now straddles too


@dataclass(frozen=True, slots=True)
class Kept:
    """What one run of the gateway leaves to the next: outcomes in the log, readings, the epoch as far as it came."""

    outcomes: int = 0
    engine: EngineCounters | None = None
    guard: GuardCounters | None = None
    sums: Sums = field(default_factory=Sums)
    edge: Straddling = field(default_factory=lambda: Straddling(reading=False))
    counted: list[int] = field(default_factory=lambda: [0, 0])
    receipts: list[int] = field(default_factory=lambda: [0, 0])
    resets: int = 0


class Pending(NamedTuple):
    """An epoch that is over and not stated yet."""

    epoch: int
    sums: Sums
    before: Straddling
    engine: list[int]
    guard: list[int]
    resets: int


class Reconciliation:
    """`read`, `read_guard`: the counters now, or MachineError. `append`: the recorder's. Belongs to the event loop.

    tolerance: parts per million. kept: a file that carries the last reading over a restart. outcomes: how many the log
    holds at the start; where they are not those of `kept`, this run cannot vouch for its first epoch. fresh: the engine
    began with this gateway, so its counters go on from nothing.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[EngineCounters]],
        read_guard: Callable[[], Awaitable[GuardCounters]] | None,
        append: Callable[[Draft], Awaitable[object]],
        *,
        tolerance: int,
        terms: bytes = NO_DIGEST,
        kept: Path | None = None,
        outcomes: int = 0,
        fresh: bool = False,
        straddle_seconds: float = STRADDLE_SECONDS,
    ) -> None:
        self._read, self._read_guard, self._append = read, read_guard, append
        self._tolerance, self._terms, self._kept, self._wait = tolerance, terms, kept, straddle_seconds
        self._last: EngineCounters | None = None
        self._last_guard: GuardCounters | None = None
        self._engine, self._guard, self._resets = [0, 0], [0, 0], 0
        self._sums, self._open = Sums(), dict[int, int]()  # open calls, and their prompts' tokens as estimated
        self._before, self._now = Straddling(reading=False), Straddling(reading=False)
        self._closed: tuple[int, Sums] | None = None
        self._pending: Pending | None = None
        self._ended = asyncio.Event()
        self._outcomes, self._fresh = outcomes, fresh

    # -- what the recorder tells ---------------------------------------------------------------------

    def told(self, draft: Draft, placed: Placed) -> None:
        """An entry is durable. Called in the order of the log, and must not wait."""
        body = draft.body
        if isinstance(body, OutcomeBody):
            self._outcomes += 1
            self._outcome(body, draft.flags)
        elif isinstance(body, DecisionBody):
            through = draft.outcome == OutcomeCode.PERMIT or draft.flags & Flag.OBSERVED
            if through and body.act == Act.MODEL_CALL:
                self._open[placed.index] = sum(len(v) for name, v in draft.fields if name == "content") // 4
                if self._now.reading:
                    self._now.open.add(placed.index)
        elif isinstance(body, EpochBody):
            self._closed, self._sums = (placed.index, self._sums), Sums()
            self._before, self._now = self._now, Straddling(set(self._open))
            self._ended.set()

    def _outcome(self, body: OutcomeBody, flags: int) -> None:
        prompt = self._open.pop(body.decision, None)
        if prompt is None:
            return  # of a tool call: the engine ran nothing for it
        tokens, sums = [body.input_tokens, body.output_tokens], self._sums
        untold = body.status in _UNTOLD
        doubt = [prompt if untold and not tokens[0] else 0, tokens[1] if flags & Flag.ESTIMATED or untold else 0]
        sums.answered += body.upstream_status != 0
        sums.unsure += untold and not body.upstream_status
        for i in (0, 1):
            sums.tokens[i] += tokens[i]
            sums.doubt[i] += doubt[i]
        for edge in (self._before, self._now):
            if body.decision in edge.open:
                edge.open.remove(body.decision)
                edge.calls += 1
                for i in (0, 1):
                    edge.tokens[i] += max(tokens[i], doubt[i])
        if not self._now.open:
            self._ended.set()

    # -- the engine ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Read the engine now and then, and state each epoch when it is over; until cancelled."""
        while True:
            if self._closed is None:
                self._ended.clear()
                try:
                    async with asyncio.timeout(READ_SECONDS):
                        await self._ended.wait()
                except TimeoutError:
                    await self._read_on()
            if self._closed is not None:
                await self.state()

    async def begin(self) -> None:
        """The first reading. It goes on from where the last run stopped in good order, so that what the engine did
        meanwhile is seen. Else a part of the epoch is lost, and nobody vouches for it.

        Raises MachineError where the counters cannot be read: a gateway that was told to watch does not start blind.
        """
        kept = self._load()
        if kept.outcomes == self._outcomes:
            self._sums, self._now = kept.sums, kept.edge
            self._engine, self._guard, self._resets = list(kept.counted), list(kept.receipts), kept.resets
            self._last, self._last_guard = None if self._fresh else kept.engine, kept.guard
        else:
            self._resets += 1
        await self._add()

    async def rest(self) -> None:
        """The last reading of this run, after its last call. Raises nothing: what is not kept is not vouched for."""
        await self.state()
        if await self._read_on():
            self._store()

    async def state(self) -> None:
        """Read the engine, wait for what straddles the epoch's end, and record the statement. Called again after it was
        cancelled, it goes on where it was."""
        if self._pending is None:
            if self._closed is None:
                return
            if not await self._read_on():
                self._resets += 1  # an epoch of which the engine said nothing is not vouched for
            (index, sums), self._closed = self._closed, None
            self._pending = Pending(index, sums, self._before, self._engine, self._guard, self._resets)
            self._engine, self._guard, self._resets = [0, 0], [0, 0], 0
            self._now.reading = False
        pending, edge = self._pending, self._now
        late = not await self._all_ended(edge)
        if self._closed is not None:
            _logger.error("an epoch ended before the one of entry %d could be reconciled", pending.epoch)
            self._pending = None
            return
        try:
            await self._append(Draft(self._body(pending, edge, late), terms=self._terms))
        except StorageError as e:
            _logger.error("what the engine counted could not be recorded: %s", e)
            return
        self._pending = None
        self._store()

    def _body(self, pending: Pending, edge: Straddling, late: bool) -> EngineBody:
        sums, before = pending.sums, pending.before
        doubt = [_U32 if late else sums.doubt[i] + before.tokens[i] + edge.tokens[i] for i in (0, 1)]
        return EngineBody(
            epoch=pending.epoch,
            input_tokens=sums.tokens[0],
            output_tokens=sums.tokens[1],
            engine_input_tokens=pending.engine[0],
            engine_output_tokens=pending.engine[1],
            doubt_input_tokens=min(doubt[0], _U32),
            doubt_output_tokens=min(doubt[1], _U32),
            answered=min(sums.answered, _U32),
            accepted=min(pending.guard[0], _U32),
            refused=min(pending.guard[1], _U32),
            under_way=min(before.calls + edge.calls + len(edge.open) + sums.unsure, _U16),
            tolerance=self._tolerance,
            resets=min(pending.resets, _U8),
            guarded=int(self._read_guard is not None),
        )

    async def _all_ended(self, edge: Straddling) -> bool:
        """Whether every call across the edge ended in time, and before the next epoch did."""
        try:
            async with asyncio.timeout(self._wait):
                while edge.open and self._closed is None:
                    self._ended.clear()
                    await self._ended.wait()
        except TimeoutError:
            pass
        return not edge.open

    async def _read_on(self) -> bool:
        """Add what was counted since the last reading. False where engine or guard did not answer."""
        try:
            await self._add()
        except BrightlineError as e:
            _logger.warning("the engine's counters could not be read: %s", e)
            return False
        return True

    async def _add(self) -> None:
        now = await self._read()
        guard = await self._read_guard() if self._read_guard is not None else None
        if self._last is not None:
            counted, anew = now.since(self._last)
            self._engine = [self._engine[0] + counted.input_tokens, self._engine[1] + counted.output_tokens]
            self._resets += anew
        self._last = now
        if guard is not None:
            last = self._last_guard or guard
            anew = guard.started != last.started or guard.accepted < last.accepted or guard.refused < last.refused
            base = GuardCounters() if anew else last
            self._guard = [
                self._guard[0] + guard.accepted - base.accepted,
                self._guard[1] + guard.refused - base.refused,
            ]
            self._resets += anew
            self._last_guard = guard

    # -- across a restart of the gateway -------------------------------------------------------------

    def _store(self) -> None:
        """Keep what the next run goes on from. A failure is logged: then that run cannot vouch for this epoch."""
        if self._kept is None:
            return
        kept = Kept(
            self._outcomes, self._last, self._last_guard, self._sums, self._now, self._engine, self._guard, self._resets
        )
        try:
            Disk().replace(self._kept, msgspec.json.encode(kept))
        except StorageError as e:
            _logger.error("the engine's last reading could not be kept: %s", e)

    def _load(self) -> Kept:
        """What the last run kept. Raises MachineError where the file is damaged."""
        if self._kept is None or not self._kept.exists():
            return Kept()
        try:
            return msgspec.json.decode(self._kept.read_bytes(), type=Kept)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            cure = "delete it: the next epoch is then not vouched for"
            raise MachineError("it is damaged", place=str(self._kept), cure=cure) from None
