"""A log's new key: a statement of the customer, which the old key and the new one sign too.

The agreement names each log's key, and both parties signed it. The customer may change the key without the vendor, for
a stolen key does not wait: the statement says at which size and root the old key ended, so whoever has it learns that
no later checkpoint of the old key counts, and that the log goes on from there. DSSE over canonical JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final

from brightline.agreement.payload import Agreement, Log, exact
from brightline.agreement.reading import Digest, Record, constant, fail, integer, plain, text, verify_key
from brightline.canonical import MAX_SAFE, dump
from brightline.errors import AgreementError
from brightline.keys import Envelope, SigningKey, VerifyKey

ROTATION_TYPE: Final = "application/vnd.brightline.key-rotation+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation(Record):
    """From the checkpoint of `size` entries with this `root` (hex) on, `new` signs for the log `origin`, not `old`."""

    agreement: Digest
    origin: Annotated[str, text(200)]
    old: Annotated[VerifyKey, verify_key]
    new: Annotated[VerifyKey, verify_key]
    size: Annotated[int, integer(0, MAX_SAFE)]
    root: Annotated[str, text(64, pattern="[0-9a-f]{64}", means="64 hex digits")]
    type: Annotated[str, constant("brightline/key-rotation/v1")] = "brightline/key-rotation/v1"


def sign_rotation(rotation: Rotation, old: SigningKey, new: SigningKey, customer: SigningKey) -> bytes:
    """The statement as a file. Raises AgreementError where it could not be read."""
    value = plain(rotation)
    Rotation.read(value)
    return Envelope(ROTATION_TYPE, dump(value)).signed(old).signed(new).signed(customer).to_bytes()


def read_rotation(data: bytes, customer: VerifyKey, place: str = "rotation") -> Rotation:
    """The statement in a file that all three signed. Raises AgreementError."""
    envelope = Envelope.from_bytes(data, place, error=AgreementError)
    if envelope.payload_type != ROTATION_TYPE:
        fail(place, "it is no rotation of a log's key", f"give one of {ROTATION_TYPE}")
    found = Rotation.read(exact(envelope.payload, place), f"{place}: ")
    for whose, key in (("the old key", found.old), ("the new key", found.new), ("the customer", customer)):
        if not envelope.signed_by(key):
            fail(place, f"it is not signed by {whose}", "the old key, the new one and the customer sign it")
    return found


def rotated(agreement: Agreement, digest: str, rotations: Sequence[Rotation]) -> tuple[Log, ...]:
    """The agreement's logs with the keys that count now. `rotations`: oldest first. Raises AgreementError."""
    logs = {log.origin: log for log in agreement.logs}
    sizes = dict.fromkeys(logs, -1)
    for r in rotations:
        if r.agreement != digest or r.origin not in logs:
            fail("rotation", f"it is about the log {r.origin[:80]!r} of {r.agreement}", "give those of this agreement")
        if r.old != logs[r.origin].key or r.size < sizes[r.origin]:
            fail("rotation", f"it does not follow the key {logs[r.origin].key}", "give all of them, oldest first")
        taken = {agreement.parties.vendor.key.public, agreement.parties.customer.key.public, r.old.public}
        if r.new.name != r.origin or r.new.public in taken:
            cure = f"make one with `brightline key new {r.origin}`"
            fail("rotation", "the new key is another's, or not of this log", cure)
        logs[r.origin], sizes[r.origin] = replace(logs[r.origin], key=r.new), r.size
    return tuple(logs.values())


def keys_of(agreement: Agreement, digest: str, rotations: Sequence[Rotation]) -> list[VerifyKey]:
    """Every key that a log of the agreement ever had. Raises AgreementError."""
    rotated(agreement, digest, rotations)
    return [*(log.key for log in agreement.logs), *(r.new for r in rotations)]
