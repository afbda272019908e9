"""Signed notes (C2SP signed-note): text, a blank line, and signature lines.

    — NAME BASE64(key id || signature)

The text means nothing until `verify` has found a known key's signature on it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Never

from brightline.errors import RecordError
from brightline.keys import SigningKey, VerifyKey

MAX_BYTES = 1 << 20
MAX_SIGNATURES = 64  # the specification asks for at least 16
_DASH = "\u2014 "


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line, not yet verified."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """`text` ends in a newline, which is signed with it."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __bytes__(self) -> bytes:
        return (self.text + "\n" + "".join(map(str, self.signatures))).encode()


def parse(data: bytes, place: str = "note") -> Note:
    """Read a note strictly; verifies nothing. Raises RecordError at `place`. Law: bytes(parse(d)) == d."""
    if len(data) > MAX_BYTES:
        _refuse(place, f"longer than {MAX_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError as e:
        _refuse(place, f"byte {e.start} is not UTF-8")
    if any(c < 0x20 and c != 0x0A for c in data):
        _refuse(place, "a control character other than newline")
    text, blank, tail = whole.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        _refuse(place, "no blank line followed by signature lines")
    lines = tail[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        _refuse(place, f"more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(_signature(line, place) for line in lines))


def sign(text: str, key: SigningKey, *others: NoteSignature) -> Note:
    """The note over `text` with this key's Ed25519 signature before the `others`. Raises RecordError on unfit text."""
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        _refuse("note", "the text must end in a newline and hold no other control character")
    public = key.public
    return Note(text, (NoteSignature(public.name, public.id, key.sign(text.encode())), *others))


def verify(data: bytes, keys: Iterable[VerifyKey], place: str = "note") -> Note:
    """The note, if at least one of `keys` signed it and none of them is shown with a false signature.

    Signatures of unknown keys are ignored, as the specification demands. Raises RecordError otherwise.
    """
    note = parse(data, place)
    known = {(key.name, key.id): key for key in keys}
    message = note.text.encode()
    verified = 0
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is None:
            continue
        if not key.verify(line.signature, message):
            _refuse(place, f"the signature of {line.name} is false", "treat the note as forged or damaged")
        verified += 1
    if not verified:
        names = ", ".join(sorted({name for name, _ in known})) or "no key at all"
        _refuse(place, f"not signed by a known key ({names})", "give the verifier key of whoever signed it")
    return note


def _signature(line: str, place: str) -> NoteSignature:
    name, space, blob = line[len(_DASH) :].partition(" ")
    if not line.startswith(_DASH) or not space or not name or "+" in name or any(c.isspace() for c in name):
        _refuse(place, "a malformed signature line")
    raw = decode_base64(blob, place)
    if len(raw) < 5:
        _refuse(place, "a signature that is too short")
    return NoteSignature(name, raw[:4], raw[4:])


def encode_base64(data: bytes) -> str:
    """Standard base64 on one line."""
    return base64.b64encode(data).decode()


def decode_base64(text: str, place: str) -> bytes:
    """Standard base64 in its one canonical form. Raises RecordError at `place`."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        _refuse(place, "malformed base64")
    if base64.b64encode(raw).decode() != text:  # spare bits or padding that a second spelling could use
        _refuse(place, "base64 that is not canonical")
    return raw


def _refuse(place: str, text: str, cure: str = "use the bytes as the signer sent them (c2sp.org/signed-note)") -> Never:
    raise RecordError(text, place=place, cure=cure)
