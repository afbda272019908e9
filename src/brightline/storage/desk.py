"""A desk as a folder of signed files, which a disc can carry; each is written whole and never changed.

    FOLDER/agreement.json      the agreement, signed by both: terms, the customer's key, the keys of the gateways
    FOLDER/roster-N.json       rosters that the customer signed, by number
    FOLDER/posted/TIME-….json  what a gateway posts, signed with its log's key: holds, uses, expiries
    FOLDER/said/TIME-….json    what persons said, signed with theirs

Nothing in it is believed for where it lies: what nobody signed who may is named and does nothing. The gateway's own
state follows from its record; here it is made of what the files say, for people to look at.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
from msgspec import Meta

from brightline.agreement import Agreement, in_force
from brightline.agreement import read_envelope as read_agreement
from brightline.approvals import (
    STATEMENT_TYPE,
    Desk,
    Event,
    Held,
    Needed,
    Raised,
    Rostered,
    Said,
    identity,
    read_roster,
    read_statement,
)
from brightline.approvals.reading import MAX_BYTES, Fault, Name, Struct, digest_of, payload, read_envelope, refuse
from brightline.errors import ApprovalError, BrightlineError
from brightline.keys import Envelope, SigningKey, VerifyKey, write_letter
from brightline.storage.disk import Disk
from brightline.storage.files import read_file
from brightline.storage.order import check_duties
from brightline.terms import Terms, read_pack

POSTED_TYPE: Final = "application/vnd.brightline.posted+json"
MAX_FILES = 20_000
"""Files that a desk's folder may hold: move away what ended long ago."""
MAX_POSTED = 2 << 20


class Posted(Struct, frozen=True, kw_only=True):
    """`entry`: the index of the decision's entry. `letters`: the content, sealed to each person who may decide."""

    type: Literal["brightline/posted/v1"] = "brightline/posted/v1"
    event: Event
    entry: Annotated[int, Meta(ge=0)] = 0
    letters: dict[Name, bytes] = msgspec.field(default_factory=dict)


class Void(NamedTuple):
    """A file that does nothing, and why."""

    path: Path
    error: BrightlineError


class _File(NamedTuple):
    at: int
    order: int  # at one time, a gateway's posting comes first
    path: Path
    event: Event
    entry: int


class DeskFolder:
    """What a folder holds: `desk` as its files make it, `letters` by hold and person, `concerns` as they were raised,
    and files that are `void`."""

    def __init__(self, folder: Path, agreement: Agreement, terms: Terms) -> None:
        self.folder, self.agreement, self.terms = folder, agreement, terms
        self.desk = Desk(terms, agreement.parties.customer.key)
        self.letters: dict[str, Mapping[str, bytes]] = {}
        self.concerns: list[Raised] = []
        self.void: list[Void] = []

    @classmethod
    def make(cls, folder: Path, agreement: Envelope, roster: Envelope) -> DeskFolder:
        """A new desk. Raises ApprovalError where the agreement is not in force, or the roster cannot stand."""
        self = cls._agreed(folder, agreement)
        listed = read_roster(roster, self.terms, self.desk.customer, "roster")
        check_duties(listed, self.agreement)
        number = listed.number
        _write(folder / "agreement.json", agreement.to_bytes())
        _write(folder / f"roster-{number}.json", roster.to_bytes())
        return cls.open(folder)

    @classmethod
    def open(cls, folder: Path) -> DeskFolder:
        """The desk in a folder. Raises ApprovalError where there is none."""
        path = folder / "agreement.json"
        if not path.is_file():
            refuse(Fault.NO_HOLD, "there is no desk", "make one with `brightline desk new`", str(folder))
        self = cls._agreed(folder, read_agreement(read_file(path), str(path)))
        # 1. the rosters, in their order; one that the customer did not sign is void
        for path in sorted(folder.glob("roster-*.json"), key=lambda p: (len(p.name), p.name)):
            self._apply(path, Rostered(at=0, envelope=read_file(path)))
        # 2. what was posted and said, by time; what is said of a hold comes after it
        files = [f for kind in ("posted", "said") for f in sorted((folder / kind).glob("*.json"))]
        if len(files) > MAX_FILES:
            cure = "move away what ended long ago"
            refuse(Fault.FULL, f"{len(files)} files, more than {MAX_FILES}", cure, str(folder))
        posted = [f for path in files if path.parent.name == "posted" for f in self._posted(path)]
        held = {f.event.id: f.at for f in posted if isinstance(f.event, Held)}
        said = [f for path in files if path.parent.name == "said" for f in self._said(path, held)]
        for file in sorted([*posted, *said]):
            self._apply(file.path, file.event, file.entry)
        return self

    def say(self, envelope: Envelope, now: int) -> Path:
        """Write a person's statement, which must count as the desk stands. Raises ApprovalError."""
        self.desk.receive(envelope, now, str(self.folder))
        path = keep_statement(self.folder, envelope)
        self.desk.apply(Said(at=now, envelope=envelope.to_bytes()))
        return path

    def post(self, event: Event, key: SigningKey, entry: int = 0, letters: Mapping[str, bytes] | None = None) -> Path:
        """Write what a gateway has to say, signed with its log's key, and read it as others will."""
        path = post(self.folder, event, key, entry, letters)
        for file in self._posted(path):
            self.desk.apply(file.event, file.entry)
        return path

    @classmethod
    def _agreed(cls, folder: Path, envelope: Envelope) -> DeskFolder:
        status = in_force([envelope])
        if not status.in_force:
            refuse(Fault.FORGED, status.text, "use the agreement that both signed", str(folder / "agreement.json"))
        terms = read_pack("agreement", status.agreement.terms.files).terms
        if terms.digest != str(status.agreement.terms.digest):
            cure = "use the version of this program that both signed with"
            refuse(Fault.FORGED, "the terms' text does not have the agreed digest", cure, str(folder))
        return cls(folder, status.agreement, terms)

    def _posted(self, path: Path) -> Iterator[_File]:
        try:
            envelope = Envelope.from_bytes(read_file(path, MAX_POSTED), str(path), error=ApprovalError)
            if not any(envelope.signed_by(log.key) for log in self.agreement.logs):
                cure = "use the file as the gateway wrote it"
                refuse(Fault.FORGED, "no gateway of the agreement signed it", cure, str(path))
            value: Posted = read_envelope(envelope, POSTED_TYPE, Posted, str(path))
        except BrightlineError as e:
            self.void.append(Void(path, e))
            return
        if isinstance(value.event, Raised):
            self.concerns.append(value.event)
        if isinstance(value.event, Held):
            self.letters[value.event.id] = value.letters
        elif isinstance(value.event, Needed):  # for those who are asked only now
            self.letters[value.event.hold] = {**self.letters.get(value.event.hold, {}), **value.letters}
        yield _File(value.event.at, 0, path, value.event, value.entry)

    def _said(self, path: Path, held: Mapping[str, int]) -> Iterator[_File]:
        try:
            data = read_file(path, MAX_POSTED)
            envelope = Envelope.from_bytes(data, str(path), error=ApprovalError)
            if envelope.payload_type != STATEMENT_TYPE:
                refuse(Fault.MALFORMED, "not a person's statement", f"give one of {STATEMENT_TYPE}", str(path))
            said = read_statement(envelope, str(path))
        except BrightlineError as e:
            self.void.append(Void(path, e))
            return
        at = max(said.time, held.get(getattr(said, "hold", ""), 0))
        yield _File(at, 1, path, Said(at=at, envelope=data), 0)

    def _apply(self, path: Path, event: Event, entry: int = 0) -> None:
        """What cannot stand is named and does nothing; what comes after it is not its business."""
        try:
            self.desk.apply(event, entry)
        except BrightlineError as e:
            self.void.append(Void(path, e))


def post(
    folder: Path, event: Event, key: SigningKey, entry: int = 0, letters: Mapping[str, bytes] | None = None
) -> Path:
    """Write what a gateway has to say into a desk's folder. Raises ApprovalError where it is too long."""
    value = Posted(event=event, entry=entry, letters=dict(letters or {}))
    envelope = Envelope(POSTED_TYPE, payload(value)).signed(key)
    if len(envelope.payload) > MAX_BYTES:
        refuse(Fault.MALFORMED, f"{len(envelope.payload)} bytes to post", "leave the letters out", str(folder))
    name = f"{_stamp(event.at)}-{type(event).__struct_config__.tag}-{digest_of(envelope.payload)[7:19]}.json"
    path = folder / "posted" / name
    _write(path, envelope.to_bytes())
    return path


def keep_statement(folder: Path, envelope: Envelope) -> Path:
    """Write a person's statement into a desk's folder."""
    path = folder / "said" / statement_name(envelope)
    _write(path, envelope.to_bytes())
    return path


def statement_name(envelope: Envelope) -> str:
    """The name of a statement's file."""
    said = read_statement(envelope)
    return f"{_stamp(said.time)}-{type(said).__struct_config__.tag}-{identity(envelope)[7:19]}.json"


def without_letters(path: Path, key: SigningKey, still: Container[str] = ()) -> None:
    """The same posting without the content that was sealed in it: nobody has to read it any more.

    `still`: holds of which somebody has. Raises ApprovalError where the file is no posting.
    """
    envelope = Envelope.from_bytes(read_file(path, MAX_POSTED), str(path), error=ApprovalError)
    value: Posted = read_envelope(envelope, POSTED_TYPE, Posted, str(path))
    hold = value.event.id if isinstance(value.event, Held) else getattr(value.event, "hold", "")
    if value.letters and hold not in still:
        post(path.parent.parent, value.event, key, value.entry)
        Disk().remove(path)


def _write(path: Path, data: bytes) -> None:
    """Whole and durable, or not at all."""
    disk = Disk()
    disk.make_folder(path.parent)
    disk.replace(path, data)
    disk.sync_folder(path.parent)


def _stamp(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%S")


def shown_time(at: int) -> str:
    """Unix milliseconds as people read them, UTC, to the second."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def content_subject(hold: str) -> str:
    """What a letter with the content of a hold is about: it opens for no other."""
    return f"brightline/content/v1 {hold}"


def content_letters(hold: str, content: bytes, readers: Mapping[str, VerifyKey]) -> dict[str, bytes]:
    """The content sealed to each reader, by name."""
    return {name: write_letter(key, content, content_subject(hold)) for name, key in readers.items()}


def erase_posted(folder: Path, entries: frozenset[int]) -> int:
    """Remove what a gateway posted of these entries, with the content sealed in it; returns how many files.

    For an erasure, which has destroyed the record's own copy already. What persons said of such a hold stays, and does
    nothing more. Files that cannot be read are left: they were never believed.
    """
    removed = 0
    for path in sorted((folder / "posted").glob("*.json")):
        try:
            envelope = Envelope.from_bytes(read_file(path, MAX_POSTED), str(path), error=ApprovalError)
            value: Posted = read_envelope(envelope, POSTED_TYPE, Posted, str(path))
        except BrightlineError:
            continue
        if value.entry in entries:
            path.unlink(missing_ok=True)
            removed += 1
    if removed:
        Disk().sync_folder(folder / "posted")
    return removed
