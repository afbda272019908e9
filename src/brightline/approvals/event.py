"""What happened at the desk, as bytes: the journal from which its state is rebuilt.

Law: `decode(encode(*e)) == e`. The gateway writes each event as the private field `desk` of an entry of its record
(`approvals.entries`), the desk's folder as a file. `at` is when it happened by the desk's clock, Unix milliseconds.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import msgspec

from brightline.approvals.act import Act
from brightline.approvals.reading import Digest, Fault, Millis, Name, Struct, Words, digest_of, payload, refuse
from brightline.approvals.table import Signal
from brightline.errors import ApprovalError
from brightline.keys import Envelope

FIELD: Final = "desk"
"""The private field of an entry that holds an event."""


class _Event(Struct, frozen=True, kw_only=True, tag_field="event"):
    at: Millis


class Rostered(_Event, frozen=True, kw_only=True, tag="rostered"):
    """`envelope`: the roster as the customer signed it."""

    envelope: bytes


class Held(_Event, frozen=True, kw_only=True, tag="held", dict=True):
    """An act is on the desk. `needs`: sets of roles, any of which is enough; none where the terms denied it.

    `nonce`: 32 hex digits of randomness. `text`: what the terms said, `clauses`: by which. `deadline`: then it expires.
    """

    nonce: str
    act: Act
    needs: tuple[tuple[str, ...], ...]
    clauses: tuple[str, ...]
    text: str
    deadline: Millis

    @property
    def id(self) -> str:
        """The hold's digest, which statements name."""
        return digest_of(payload(self))


class Needed(_Event, frozen=True, kw_only=True, tag="needed"):
    """Sent again, the act needs other approvals than before (a hurried approval needs a second approver)."""

    hold: Digest
    needs: tuple[tuple[str, ...], ...]


class Said(_Event, frozen=True, kw_only=True, tag="said"):
    """A person's signed statement came in."""

    envelope: bytes


class Used(_Event, frozen=True, kw_only=True, tag="used"):
    """The act happens, on the approvals of these roles, which serve no more."""

    hold: Digest
    roles: tuple[str, ...]


class Closed(_Event, frozen=True, kw_only=True, tag="closed"):
    """`signal`: expire, or withdraw by who asked over HTTP."""

    hold: Digest
    signal: Signal


class Appealed(_Event, frozen=True, kw_only=True, tag="appealed"):
    """By who asked, over HTTP, where the gateway knows them by their key."""

    hold: Digest
    actor: Name
    reason: Words


class Raised(_Event, frozen=True, kw_only=True, tag="raised"):
    """A concern to the inspector: name of the reader → the letter, which nobody else can open."""

    letters: dict[Name, bytes]


class Unheeded(_Event, frozen=True, kw_only=True, tag="unheeded"):
    """A message of one party that would change what both signed. Nothing changed. `message`: its digest."""

    message: Digest
    sender: Name
    text: Words


class Rejected(_Event, frozen=True, kw_only=True, tag="rejected"):
    """A statement that could not stand. Nothing changed. `message`: its digest; `fault`, `text`: why."""

    message: Digest
    fault: Name
    text: Words


Event: TypeAlias = Rostered | Held | Needed | Said | Used | Closed | Appealed | Raised | Unheeded | Rejected
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Event)


def encode(*events: Event) -> bytes:
    """One line of canonical JSON for each."""
    return b"\n".join(map(payload, events))


def decode(data: bytes, place: str = "") -> list[Event]:
    """The events in an entry's private field. Raises ApprovalError at `place`."""
    return [_decoded(line, place) for line in data.split(b"\n")]


def _decoded(data: bytes, place: str) -> Event:
    try:
        event: Event = _DECODER.decode(data)
    except msgspec.MsgspecError as e:
        refuse(Fault.MALFORMED, f"no event of a desk: {e}", "restore the record from its back-up", place)
    return event


def said(envelope: Envelope, at: int) -> Said:
    return Said(at=at, envelope=envelope.to_bytes())


def unheeded(message: bytes, sender: str, text: str, at: int) -> Unheeded:
    """A message that one party alone signed, and that would have changed what both did (SCENARIOS G02)."""
    return Unheeded(at=at, message=digest_of(message), sender=sender, text=text)


def rejected(message: bytes, error: ApprovalError, at: int) -> Rejected:
    """A statement that was refused with this error. `message`: its payload, or whatever came."""
    return Rejected(at=at, message=digest_of(message), fault=error.fault or "malformed", text=error.text[:2000])
