"""Checkpoints (C2SP tlog-checkpoint): origin, size and root of a log, as the text of a signed note.

Brightline's checkpoints have no extension lines: monitors cannot audit those, so counters stand in entries.
The key that signs a log's checkpoints bears the log's origin as its name.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Never, Self

from brightline.errors import RecordError
from brightline.keys import SigningKey, VerifyKey
from brightline.record import note
from brightline.record.merkle import HASH_BYTES

MAX_SIZE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The log `origin` has `size` entries whose RFC 6962 root is `root`."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Three lines: what is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str, place: str = "checkpoint") -> Self:
        """Read the three lines strictly. Raises RecordError. Law: parse(c.text()) == c."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            _refuse(place, "a checkpoint has three lines: origin, size, root")
        origin, size, root = lines[:3]
        if not origin:
            _refuse(place, "the origin is empty")
        if not (size.isascii() and size.isdigit()) or len(size) > 19 or (size[0] == "0" and size != "0"):
            _refuse(place, "the size is not a plain decimal number")
        if int(size) > MAX_SIZE:
            _refuse(place, f"the size is over {MAX_SIZE}")
        raw = note.decode_base64(root, place)
        if len(raw) != HASH_BYTES:
            _refuse(place, f"the root has {len(raw)} bytes, not {HASH_BYTES}")
        return cls(origin, int(size), raw)


def sign(checkpoint: Checkpoint, key: SigningKey) -> note.Note:
    """The checkpoint as a note signed by the log. Raises RecordError where the key is another log's."""
    if key.name != checkpoint.origin:
        _refuse("checkpoint", f"a key named {key.name} cannot sign for the log {checkpoint.origin}")
    return note.sign(checkpoint.text(), key)


def verify(data: bytes, keys: Iterable[VerifyKey], place: str = "checkpoint") -> Checkpoint:
    """The checkpoint in a signed note, if the log itself signed it, with one of `keys`.

    Witnesses' cosignatures alone do not make a checkpoint: only keys that bear the origin's name count here.
    """
    found = Checkpoint.parse(note.parse(data, place).text, place)
    note.verify(data, [key for key in keys if key.name == found.origin], place)
    return found


def _refuse(place: str, text: str) -> Never:
    raise RecordError(text, place=place, cure="use the checkpoint as the log published it (c2sp.org/tlog-checkpoint)")
