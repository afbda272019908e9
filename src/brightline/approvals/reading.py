"""What people sign, read strictly: canonical JSON into frozen structs.

Law: `read(payload(x), type(x)) == x`, and another text of the same value is refused, so that a statement has one
digest. Texts are bounded and free of what would let a reader see other words than were signed (CVE-2021-42574).
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Any, Never, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from brightline.canonical import dump, parse
from brightline.errors import ApprovalError
from brightline.keys import Envelope

T = TypeVar("T")
MAX_BYTES = 1 << 20
"""The most that a roster, a hold or a statement may have."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")

Name: TypeAlias = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\n\t]+$")]
Words: TypeAlias = Annotated[str, Meta(max_length=2000)]
Reason: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"\S")]
Digest: TypeAlias = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Millis: TypeAlias = Annotated[int, Meta(ge=0, le=253_402_300_799_000)]
"""Unix milliseconds, to the end of the year 9999."""


class Fault(StrEnum):
    """Why a statement is refused. Each has its test."""

    MALFORMED = "malformed"
    FORGED = "forged"
    UNKNOWN_SIGNER = "unknown_signer"
    WRONG_DESK = "wrong_desk"
    WRONG_ROLE = "wrong_role"
    WRONG_PERSON = "wrong_person"
    WRONG_ACT = "wrong_act"
    NO_HOLD = "no_hold"
    NOT_NOW = "not_now"
    NOT_NEEDED = "not_needed"
    SECOND = "second"
    REPLAYED = "replayed"
    USED = "used"
    EARLY = "early"
    EXPIRED = "expired"
    TOO_LONG = "too_long"
    UNKNOWN_WORD = "unknown_word"
    FULL = "full"
    ROLLED_BACK = "rolled_back"


def refuse(fault: Fault, text: str, cure: str, place: str = "") -> Never:
    raise ApprovalError(text, str(fault), place=place, cure=cure)


class Struct(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of what is signed or written down here."""


def payload(value: msgspec.Struct) -> bytes:
    """Canonical JSON (RFC 8785)."""
    return dump(msgspec.to_builtins(value))


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def read(data: bytes, kind: Any, place: str = "") -> Any:
    """A value of the type `kind`, which may be a union. Raises ApprovalError naming place and field."""
    cure = "use the file as it was written"
    if len(data) > MAX_BYTES:
        refuse(Fault.MALFORMED, f"{len(data)} bytes", f"give at most {MAX_BYTES}", place)
    value = parse(data, place, error=ApprovalError)
    if dump(value) != data:
        refuse(Fault.MALFORMED, "the payload is not canonical JSON (RFC 8785)", cure, place)
    hidden = _UNSEEN.search(data.decode()) or _UNSEEN.search(_texts(value))
    if hidden:
        refuse(Fault.MALFORMED, f"it holds the character U+{ord(hidden[0]):04X}", "remove it", place)
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as e:
        text = str(e)
        refuse(Fault.MALFORMED, text[:1].lower() + text[1:300], cure, place)


def read_envelope(envelope: Envelope, payload_type: str, kind: Any, place: str = "") -> Any:
    """What an envelope of this type holds; says nothing of its signatures."""
    if envelope.payload_type != payload_type:
        refuse(
            Fault.MALFORMED, f"an envelope of type {envelope.payload_type[:80]!r}", f"give one of {payload_type}", place
        )
    return read(envelope.payload, kind, place)


def _texts(value: object) -> str:
    """All texts of a JSON value, member names too."""
    match value:
        case str():
            return value
        case dict():
            return "\n".join(_texts(v) for pair in value.items() for v in pair)
        case list():
            return "\n".join(map(_texts, value))
        case _:
            return ""
