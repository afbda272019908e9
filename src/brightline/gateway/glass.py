"""Break-glass: while an official of the customer has it run, what the terms permit is served although the record cannot
be written; never a tool that acts, or one of which that is not known (DESIGN section 5).

Law: nothing is served without a record but under a running break-glass, and every use so served is counted: at the next
start each has an entry of its own, with the flag `BREAK_GLASS` and without its content, which was kept nowhere. What
people say needs a record as ever, so nothing is granted, spent or put on the desk meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from msgspec import Meta

from brightline.approvals import Event, Said, decode, draft, encode
from brightline.errors import ApprovalError, StorageError
from brightline.gateway.decided import Recorder
from brightline.gateway.desk import LiveDesk
from brightline.gateway.desk_journal import message_of
from brightline.record.body import DecisionBody, OutcomeBody, OutcomeStatus
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.log import Draft
from brightline.storage.disk import Disk
from brightline.storage.files import read_file
from brightline.storage.recorder import Appended

FILE: Final = "unrecorded.json"
"""In the desk's folder, which should lie on another disk than the record."""
MAX_FILE = 64 << 20
_SHUT = (b"act ", b"unknown ")

logger = logging.getLogger("brightline.gateway")


class Unrecorded(NamedTuple):
    """The receipt of what stands in no record: it has no origin, and entry 0 is no decision."""

    origin: str = ""
    index: int = 0  # type: ignore[assignment]  # hides tuple.index, which no receipt needs


class _Use(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """As much of a decision as its entry shows, and no content."""

    body: tuple[int, ...]
    activity: int
    outcome: int
    flags: int
    clauses: str
    terms: bytes
    model: bytes


class _Tally(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was decided and served, with how often; and the statements that began and ended it."""

    uses: list[tuple[_Use, Annotated[int, Meta(ge=1)]]]
    said: list[str]


class Glass:
    """The record, as the exchange sees it. Belongs to one event loop."""

    def __init__(self, recorder: Recorder, live: LiveDesk, folder: Path) -> None:
        self._recorder, self._live, self._path = recorder, live, folder / FILE
        self._uses: Counter[_Use] = Counter()
        self._said: list[Event] = []
        self._written = 0

    @property
    def broken(self) -> bool:
        """Break-glass runs."""
        return self._live.desk.emergency(self._live.now) is not None

    def append(self, draft: Draft) -> asyncio.Future[Any]:
        """As `Recorder.append`; where that fails under break-glass, the use is counted instead."""
        appended = self._recorder.append(draft)
        if not self.broken:
            return appended
        told = Appended()
        appended.add_done_callback(lambda done: self._settle(done, draft, told))
        return told

    def note(self, event: Event) -> None:
        """A statement that began or ended it, and that no record has."""
        self._said.append(event)

    async def keep(self) -> None:
        """Write down how many there are, so that the next start can record them; what cannot be written is logged."""
        count = self._uses.total() + len(self._said)
        if count == self._written:
            return
        tally = _Tally([(use, n) for use, n in self._uses.items()], [encode(e).decode() for e in self._said])
        try:
            await asyncio.to_thread(Disk().replace, self._path, msgspec.json.encode(tally))
        except (StorageError, OSError) as e:
            logger.critical("%d uses without a record, and their number cannot be written: %s", count, type(e).__name__)
        else:
            self._written = count

    def _settle(self, done: asyncio.Future[Any], draft: Draft, told: Appended) -> None:
        error = done.exception()
        if error is None:
            told.set_result(done.result())
        elif not isinstance(error, StorageError) or not self._serves(draft):
            told.set_exception(error)
        else:
            if isinstance(draft.body, DecisionBody):
                self._uses[_use_of(draft)] += 1
            told.set_result(Unrecorded())  # type: ignore[arg-type]  # a receipt all the same

    def _serves(self, draft: Draft) -> bool:
        match draft.body:
            case OutcomeBody():
                return self.broken  # the next start writes that it was interrupted, or counts it
            case DecisionBody(approval=0):
                actuation = next((value for name, value in draft.fields if name == "fact.actuation"), b"unknown ")
                return self.broken and not actuation.startswith(_SHUT)
            case _:
                return False


async def settle(folder: Path, live: LiveDesk, recorder: Recorder, agreement: bytes, seen: set[str]) -> int:
    """Record what an earlier run served without a record: how many uses. Raises StorageError, ApprovalError where the
    file is damaged."""
    path = folder / FILE
    if not path.is_file():
        return 0
    try:
        tally = msgspec.json.decode(read_file(path, MAX_FILE), type=_Tally)
    except msgspec.MsgspecError:
        cure = "restore it from a back-up; without it the uses of the last break-glass are in no record"
        raise ApprovalError("damaged", place=str(path), cure=cure) from None
    # 1. who began and ended it
    for event in [e for line in tally.said for e in decode(line.encode(), str(path))]:
        if isinstance(event, Said) and (message := message_of(event)) not in seen:
            receipt = await recorder.append(draft(event, live.desk, agreement))
            live.apply(event, receipt.index)
            seen.add(message)
    # 2. each use
    count = 0
    for use, times in tally.uses:
        for _ in range(times):
            receipt = await recorder.append(_draft_of(use))
            count += 1
            if use.outcome == OutcomeCode.PERMIT:
                await recorder.append(Draft(OutcomeBody(receipt.index, OutcomeStatus.INTERRUPTED), terms=use.terms))
    await asyncio.to_thread(Disk().remove, path)
    logger.warning("%d uses of the last break-glass are recorded now", count)
    return count


def _use_of(draft: Draft) -> _Use:
    body = draft.body
    assert isinstance(body, DecisionBody)  # noqa: S101 - `_serves` said so
    flags = int(draft.flags) | Flag.BREAK_GLASS
    plain = body._replace(parent=0, exception=0)  # what has no place in the record cannot be referred to
    return _Use(tuple(plain), draft.activity, int(draft.outcome), flags, f"{draft.clauses:x}", draft.terms, draft.model)


def _draft_of(use: _Use) -> Draft:
    body = DecisionBody(*use.body)
    clauses = int(use.clauses, 16)
    return Draft(body, use.activity, OutcomeCode(use.outcome), use.flags, clauses, use.terms, use.model)
