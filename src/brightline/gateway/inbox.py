"""What people say to a running gateway: signed statements and rosters, as files in the desk's folder or over HTTP.

Law: whatever came in stands in the record before it counts: a statement that counts as what it says, one that cannot
stand as refused, with its reason; a message of one party alone changes nothing (SCENARIOS G02). None counts twice.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path

from brightline.agreement import Agreement
from brightline.approvals import (
    STATEMENT_TYPE,
    BreakGlass,
    Desk,
    Event,
    Mend,
    Rostered,
    draft,
    read_roster,
    read_statement,
    rejected,
    unheeded,
)
from brightline.approvals.reading import Fault, digest_of, refuse
from brightline.approvals.roster import ROSTER_TYPE
from brightline.errors import ApprovalError, BrightlineError, StorageError
from brightline.gateway.decided import Recorder
from brightline.gateway.desk import LiveDesk
from brightline.gateway.glass import Glass
from brightline.keys import Envelope, VerifyKey
from brightline.storage.desk import MAX_FILES, MAX_POSTED, keep_statement, statement_name
from brightline.storage.files import read_file
from brightline.storage.order import check_duties

LOOK_SECONDS = 1.0
"""Between two looks into the folder, and at what is due."""
_UNFINISHED = 5.0  # seconds within which a file that cannot be read may still be being written

logger = logging.getLogger("brightline.gateway")


class Inbox:
    """One desk's incoming messages. `seen`: digests of those that the record has already. `officer`: who releases
    evidence, and so is on no roster."""

    def __init__(
        self,
        live: LiveDesk,
        agreement: Agreement,
        recorder: Recorder,
        folder: Path,
        seen: set[str] | None = None,
        officer: VerifyKey | None = None,
    ) -> None:
        self._live, self._agreement, self._recorder, self._folder = live, agreement, recorder, folder
        self._digest = bytes.fromhex(agreement.digest.removeprefix("sha256:"))
        self._officer = officer
        self._seen, self._read, self._first = seen or set(), set[str](), True
        self.glass: Glass | None = None
        self._lock = asyncio.Lock()  # what is checked is not overtaken before it is durable

    @property
    def _desk(self) -> Desk:
        return self._live.desk

    async def take(self, data: bytes, place: str) -> tuple[Event, int]:
        """A message: the event that it is, and its entry. Raises ApprovalError where it cannot stand, StorageError."""
        async with self._lock:
            try:
                event = self._event(data, place)
                index = await self._count(event)
            except ApprovalError as e:
                payload = _payload(data)
                if digest_of(payload) not in self._seen or e.fault == Fault.REPLAYED:
                    self._seen.add(digest_of(payload))
                    await self._refuse(self._refused(payload, data, e))
                raise
            self._seen.add(digest_of(_payload(data)))
            return event, index

    async def say(self, event: Event, *before: Event) -> int:
        """What a requester says over HTTP, checked by the desk already: recorded, then it counts. The entry.

        `before`: what stands with it in the entry, and counts already.
        """
        async with self._lock:
            return await self._count(event, *before)

    async def keep(self, envelope: Envelope) -> None:
        """A statement that came over HTTP stands in the folder too, for who reads the desk there."""
        self._read.add(statement_name(envelope))
        await asyncio.to_thread(keep_statement, self._folder, envelope)

    async def run(self) -> None:
        """Each second, until it is cancelled: what is due, new rosters, new statements."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if self.glass is not None:
                    await self.glass.keep()
                await self.look()
            except BrightlineError as e:
                logger.error("the desk stands still: %s", e.text)
            except OSError as e:
                logger.error("the desk's folder cannot be read: %s", e.strerror)
            except Exception:
                logger.critical("looking into the desk's folder failed", exc_info=True)

    async def look(self) -> None:
        """The files that are new; then what expired by now."""
        for name, data in (await asyncio.to_thread(self._new_files)).items():
            self._read.add(name)
            if self._first and digest_of(_payload(data)) in self._seen:
                continue  # it came in before the gateway stopped
            try:
                await self.take(data, name)
            except ApprovalError as e:
                logger.warning("%s was refused (%s): %s", name, e.fault, e.text)
        self._first = False
        for closed in self._desk.due(self._live.now):
            self._live.tell(closed, await self.say(closed))

    def _new_files(self) -> Mapping[str, bytes]:
        """By name, rosters first, in their order; each once."""
        found: dict[str, bytes] = {}
        rosters = sorted(self._folder.glob("roster-*.json"), key=lambda p: (len(p.name), p.name))
        for path in [*rosters, *sorted((self._folder / "said").glob("*.json"))]:
            if path.name in self._read or len(found) >= MAX_FILES:
                continue
            try:
                data = read_file(path, MAX_POSTED)
                Envelope.from_bytes(data, path.name, error=ApprovalError)
            except BrightlineError:
                if time.time() - path.stat().st_mtime < _UNFINISHED:
                    continue  # it is being written
                data = b"" if not path.is_file() else path.open("rb").read(MAX_POSTED)
            found[path.name] = data
        return found

    def _event(self, data: bytes, place: str) -> Event:
        envelope = Envelope.from_bytes(data, place, error=ApprovalError)
        if envelope.payload_type == ROSTER_TYPE:
            listed = read_roster(envelope, self._desk.terms, self._desk.customer, place)
            check_duties(listed, self._agreement, self._officer)
            if self._desk.rostered and listed.number < self._desk.roster.number:
                text = f"roster {listed.number} is older than {self._desk.roster.number}"
                refuse(Fault.ROLLED_BACK, text, "give a roster with a higher number", place)
            return Rostered(at=self._live.now, envelope=data)
        if envelope.payload_type != STATEMENT_TYPE:
            refuse(
                Fault.MALFORMED, f"a message of type {envelope.payload_type[:80]!r}", f"give {STATEMENT_TYPE}", place
            )
        return self._desk.receive(envelope, self._live.now, place)

    async def _count(self, event: Event, *before: Event) -> int:
        """Durable first. Where the record cannot be written, break-glass alone counts, or nobody could begin it."""
        made = draft(event, self._desk, self._digest, *before)
        try:
            index = await self._append_draft(made)
        except StorageError:
            if not _of_glass(event):
                raise
            logger.critical("break-glass counts without a record: it cannot be written")
            index = 0
            if self.glass is not None:
                self.glass.note(event)
        self._live.apply(event, index)
        return index

    async def _refuse(self, event: Event) -> None:
        try:
            await self._append_draft(draft(event, self._desk, self._digest))
        except StorageError:
            logger.error("a message was refused, and the record cannot be written")

    async def _append_draft(self, made: object) -> int:
        receipt = await self._recorder.append(made)  # type: ignore[arg-type]
        return int(receipt.index)

    def _refused(self, payload: bytes, data: bytes, error: ApprovalError) -> Event:
        """What the record says of a message that was refused: whose it was, where one party alone signed it."""
        now = self._live.now
        try:
            envelope = Envelope.from_bytes(data, error=ApprovalError)
        except ApprovalError:
            return rejected(payload, error, now)
        parties = self._agreement.parties
        for name, key in (("vendor", parties.vendor.key), ("customer", parties.customer.key)):
            if envelope.payload_type not in (STATEMENT_TYPE, ROSTER_TYPE) and envelope.signed_by(key):
                text = f"a message that the {name} alone signed changes nothing: both parties sign what both signed"
                return unheeded(payload, name, text, now)
        return rejected(payload, error, now)


def _payload(data: bytes) -> bytes:
    try:
        return Envelope.from_bytes(data, error=ApprovalError).payload
    except ApprovalError:
        return data


def _of_glass(event: Event) -> bool:
    envelope = getattr(event, "envelope", None)
    if envelope is None or isinstance(event, Rostered):
        return False
    return isinstance(read_statement(Envelope.from_bytes(envelope, error=ApprovalError)), BreakGlass | Mend)
