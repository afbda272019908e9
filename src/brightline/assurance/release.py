"""What a releasing officer says to a bundle before it leaves: released, or refused with a reason of a closed list.

A DSSE envelope (`application/vnd.brightline.release+json`) over canonical JSON with exactly the members of `Release`.
No words of the officer's own stand in it: the statement may leave, and its entry in the record does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from brightline.canonical import dump
from brightline.errors import RecordError
from brightline.keys import Envelope, SigningKey, VerifyKey
from brightline.record.body import ReleaseBody, ReleaseReason, ReleaseVerdict

RELEASE_TYPE: Final = "application/vnd.brightline.release+json"
REASONS: Final = tuple(r.name.lower() for r in ReleaseReason if r)
_CURE = "sign it again with `brightline evidence release` or `evidence refuse`"


class Release(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`bundle`: SHA-256 of the file. `size`: its entries. `time`: Unix seconds. `reason`: `none` iff released."""

    type: Literal["brightline/release/v1"] = "brightline/release/v1"
    agreement: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    origin: Annotated[str, Meta(min_length=1, max_length=200)]
    bundle: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    verdict: Literal["released", "refused"]
    reason: Literal["none", "classified", "personal", "finer", "unexplained", "addressee", "investigation", "law"] = (
        "none"
    )
    time: Annotated[int, Meta(ge=0, le=2**53 - 1)]

    def body(self) -> ReleaseBody:
        """Its entry in the record: the time is the entry's, the officer stays with the customer."""
        verdict, reason = ReleaseVerdict[self.verdict.upper()], ReleaseReason[self.reason.upper()]
        return ReleaseBody(self.size, verdict, reason, bytes.fromhex(self.bundle.removeprefix("sha256:")))


def digest_of(pieces: Iterable[bytes]) -> str:
    """Of a file, read in pieces."""
    found = hashlib.sha256()
    for piece in pieces:
        found.update(piece)
    return "sha256:" + found.hexdigest()


def sign_release(said: Release, officer: SigningKey) -> Envelope:
    """The signed statement. Raises RecordError where a refusal has no reason, or a release has one."""
    if (said.verdict == "refused") != (said.reason != "none"):
        cure = f"name one of {', '.join(REASONS)}, and none for a release"
        raise RecordError("a refusal, and nothing else, has a reason", place="release", cure=cure)
    return Envelope(RELEASE_TYPE, dump(msgspec.to_builtins(said))).signed(officer)


def read_release(data: bytes, officer: VerifyKey, place: str = "release") -> Release:
    """What the officer with this key said. Raises RecordError at `place`."""
    envelope = Envelope.from_bytes(data, place, error=RecordError)
    if envelope.payload_type != RELEASE_TYPE or not envelope.signed_by(officer):
        raise RecordError(f"not signed by {officer.name}", place=place, cure=_CURE)
    try:
        said = msgspec.json.decode(envelope.payload, type=Release)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise RecordError("not a statement on a release", place=place, cure=_CURE) from None
    if dump(msgspec.to_builtins(said)) != envelope.payload or (said.verdict == "refused") != (said.reason != "none"):
        raise RecordError("not a statement on a release as it is made", place=place, cure=_CURE)
    return said
