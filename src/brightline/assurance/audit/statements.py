"""What the three sides sign: challenge (the vendor), opened (the customer), verdict (the auditor).

Each is a DSSE envelope over canonical JSON. None holds content or free text: what travels between the parties tells no
more than which decisions were drawn, which were not opened, and how each was judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, TypeVar

from brightline.agreement.payload import sha256
from brightline.agreement.reading import (
    Digest,
    Record,
    constant,
    digest,
    integer,
    listing,
    one_of,
    optional,
    plain,
    text,
)
from brightline.canonical import MAX_SAFE, dump, parse
from brightline.errors import AgreementError, InputError, RecordError
from brightline.keys import Envelope, SigningKey, VerifyKey

MAX_DRAWN: Final = 100_000  # as the agreement bounds it
MAX_STATEMENT: Final = 32 << 20
"""Bytes of a statement's file."""

_NAME = text(200)
_HEX = text(64, pattern="[0-9a-f]{64}", means="64 hex digits")
_ENTRY = integer(0, MAX_SAFE)


class Why(StrEnum):
    """Why a decision that was drawn is not opened. Each counts as a failure."""

    ERASED = "erased"
    REFUSED = "refused"


class Verdict(StrEnum):
    """`wrong` and `unclear` count as failures: what is not shown to be right is not shown."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCLEAR = "unclear"


class How(StrEnum):
    READ = "read"  # a person read it
    REPLAY = "replay"  # the agreed terms decided its facts again


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge(Record):
    """The vendor reveals the nonce of `epoch` for a checkpoint that it has had since before.

    The decisions among entries `first` to the checkpoint's size are drawn from; `first` is the size of the checkpoint
    of the challenge before, whose payload `previous` names.
    """

    agreement: Digest
    origin: Annotated[str, _NAME]
    epoch: Annotated[int, integer(1, 10_000)]
    nonce: Annotated[str, _HEX]
    checkpoint: Annotated[str, text(1 << 20, lines=True)]
    first: Annotated[int, _ENTRY]
    previous: Annotated[str | None, optional(digest)]
    sample: Annotated[int, integer(1, MAX_DRAWN)]
    auditor: Annotated[str, _NAME]
    type: Annotated[str, constant("brightline/audit-challenge/v1")] = "brightline/audit-challenge/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter(Record):
    """`digest`: of the file that holds the decision, sealed to the auditor's key."""

    entry: Annotated[int, _ENTRY]
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Unopened(Record):
    entry: Annotated[int, _ENTRY]
    why: Annotated[Why, one_of(Why)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Record):
    """What the customer makes of a challenge: each decision drawn is in `letters` or in `unopened`."""

    challenge: Digest
    auditor: Annotated[str, _NAME]
    letters: Annotated[tuple[Letter, ...], listing(Letter.read, MAX_DRAWN)]
    unopened: Annotated[tuple[Unopened, ...], listing(Unopened.read, MAX_DRAWN)]
    type: Annotated[str, constant("brightline/audit-opened/v1")] = "brightline/audit-opened/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged(Record):
    """The auditor's word on one decision."""

    challenge: Digest
    entry: Annotated[int, _ENTRY]
    verdict: Annotated[Verdict, one_of(Verdict)]
    how: Annotated[How, one_of(How)]
    type: Annotated[str, constant("brightline/audit-verdict/v1")] = "brightline/audit-verdict/v1"


S = TypeVar("S", Challenge, Opened, Judged)
_TYPES: Final[dict[type[Record], str]] = {
    Challenge: "application/vnd.brightline.audit-challenge+json",
    Opened: "application/vnd.brightline.audit-opened+json",
    Judged: "application/vnd.brightline.audit-verdict+json",
}


def identity(statement: Record) -> str:
    """Digest of the payload, so that nobody makes a second statement by changing how a signature is written."""
    return sha256(dump(plain(statement)))


def sign(statement: S, key: SigningKey) -> bytes:
    """The statement as a file. Raises RecordError where it could not be read."""
    value = plain(statement)
    _read(type(statement), value, "statement")
    return Envelope(_TYPES[type(statement)], dump(value)).signed(key).to_bytes()


def read(data: bytes, kind: type[S], key: VerifyKey, place: str) -> S:
    """The statement in a file, if `key` signed it. Raises RecordError naming `place`."""
    if len(data) > MAX_STATEMENT:
        raise RecordError(f"over {MAX_STATEMENT >> 20} MiB", place=place, cure="use the file as it was sent")
    envelope = Envelope.from_bytes(data, place, error=RecordError)
    if envelope.payload_type != _TYPES[kind]:
        cure = f"give one of {_TYPES[kind]}"
        raise RecordError("another kind of statement", place=place, cure=cure)
    if not envelope.signed_by(key):
        raise RecordError(
            f"it is not signed by {key.name}", place=place, cure="ask for it with the agreed key's signature"
        )
    value = parse(envelope.payload, place, error=RecordError)
    try:
        exact = dump(value) == envelope.payload
    except InputError:
        exact = False
    if not exact:
        raise RecordError("the payload is not canonical JSON", place=place, cure="use the file as it was sent")
    return _read(kind, value, f"{place}: ")


def _read(kind: type[S], value: object, place: str) -> S:
    try:
        return kind.read(value, place)
    except AgreementError as e:
        raise RecordError(e.text, place=e.place, cure=e.cure) from None
