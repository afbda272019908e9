"""One message of a negotiation: a signed file that can travel on a disc and be read alone.

It carries the whole draft, the signatures given over it so far, and the digest of the message before it, so that
the order comes from the chain and never from a clock: `time` is what the sender says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final, Self

from brightline.agreement.payload import AGREEMENT_TYPE, MAX_BYTES, Agreement, exact, sha256
from brightline.agreement.reading import (
    Record,
    constant,
    digest,
    fail,
    integer,
    listing,
    moment,
    one_of,
    optional,
    plain,
    signature,
    text,
)
from brightline.agreement.table import DRAFTS, Kind, Role
from brightline.canonical import dump
from brightline.errors import AgreementError
from brightline.keys import Envelope, Signature

MESSAGE_TYPE: Final = "application/vnd.brightline.negotiation+json"
_ID = r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message(Record):
    """What the sender signs. `message` is the Dataspace Protocol's name; `previous` is null in the first alone.

    `agreement` stands in every message but a termination; `signatures` are DSSE signatures over exactly that
    agreement; `reason` is for people and decides nothing.
    """

    negotiation: Annotated[str, text(45, pattern=_ID, means="an id like urn:uuid:…")]
    sequence: Annotated[int, integer(0, 9999)]
    previous: Annotated[str | None, optional(digest)]
    sender: Annotated[Role, one_of(Role)]
    message: Annotated[Kind, one_of(Kind)]
    time: Annotated[datetime, moment]
    agreement: Annotated[Agreement | None, optional(Agreement.read)] = None
    signatures: Annotated[tuple[Signature, ...], listing(signature, 4)] = ()
    reason: Annotated[str | None, optional(text(2000, lines=True))] = None
    type: Annotated[str, constant("brightline/negotiation/v1")] = "brightline/negotiation/v1"

    def faults(self) -> Iterable[tuple[str, str, str]]:
        if (self.previous is None) != (self.sequence == 0):
            yield "previous", "the first message, and no other, follows none", "name the digest of the message before"
        if (self.agreement is None) != (self.message is Kind.TERMINATION):
            yield "agreement", "every message but a termination carries the agreement", "send the whole file"
        if self.signatures and (self.agreement is None or self.message in DRAFTS):
            yield "signatures", f"a {self.message} carries no signature over an agreement", "leave the list empty"

    @property
    def digest(self) -> str:
        """Of the payload, so that nobody can make a second message by changing how a signature is written."""
        return sha256(dump(plain(self)))

    @property
    def file_name(self) -> str:
        """`002-ContractAgreementMessage.json`: sorts in order, and is safe on every system."""
        return f"{self.sequence:03}-{self.message.replace(':', '-')}.json"

    def envelope(self) -> Envelope:
        """The message as a file, not yet signed by its sender. Raises AgreementError where it could not be read."""
        value = plain(self)
        Message.read(value)
        return Envelope(MESSAGE_TYPE, dump(value))

    def signed_agreement(self) -> Envelope | None:
        """The agreement with the signatures given so far, as a file of its own."""
        if self.agreement is None:
            return None
        return Envelope(AGREEMENT_TYPE, self.agreement.to_bytes(), self.signatures)

    @classmethod
    def of(cls, envelope: Envelope, place: str = "") -> Self:
        """Read a message. Raises AgreementError; whose it is, `Negotiation.receive` verifies."""
        if envelope.payload_type != MESSAGE_TYPE:
            fail(place, f"an envelope of type {envelope.payload_type[:80]!r} is no message", f"use {MESSAGE_TYPE}")
        return cls.read(exact(envelope.payload, place), f"{place}: " if place else "")


def read_envelope(data: bytes, place: str = "") -> Envelope:
    """The envelope in the bytes of an agreement's or a message's file. Raises AgreementError; verifies nothing."""
    if len(data) > 2 * MAX_BYTES:
        fail(place, f"{len(data)} bytes", f"send at most {2 * MAX_BYTES}")
    return Envelope.from_bytes(data, place, error=AgreementError)


def agreement_in(envelope: Envelope, place: str = "") -> Envelope:
    """The agreement's own envelope, from its file or from a message that carries it. Raises AgreementError."""
    if envelope.payload_type != MESSAGE_TYPE:
        Agreement.of(envelope, place)
        return envelope
    found = Message.of(envelope, place).signed_agreement()
    if found is None:
        fail(place, "a termination carries no agreement", "give the message before it")
    return found
