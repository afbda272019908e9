"""One file of the journal: slots of 256 bytes. An opening checkpoint, then batches: entries, and their checkpoint.

A checkpoint slot:   0  8  "\\xffBLcheck" (no entry begins so: its sequence would be past 2 ** 63)
                     8  8  size
                    16 32  root
                    48  4  key id
                   160 32  SHA-256 of bytes 0 to 51 and the signature: finds flipped bits without a public key
                   192 64  Ed25519 signature of the checkpoint's text (origin, size, root)
Unused slots are zero. The signature stands last, so that a slot of which only a part was written ends in zeros.
"""

from __future__ import annotations

import struct
from bisect import bisect_right
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from brightline.errors import RecordError
from brightline.keys import VerifyKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES
from brightline.record.note import Note, NoteSignature
from brightline.storage.disk import File

SLOT = ENTRY_BYTES
MAGIC = b"\xffBLcheck"
_BODY = struct.Struct(">8sQ32s4s")
_SPARE = bytes(SLOT - _BODY.size - 32 - 64)

Rows = npt.NDArray[np.uint8]  # (slots, 256)


class Seal(NamedTuple):
    """A checkpoint slot: size and root, and the log's signature over them."""

    size: int
    root: bytes
    key_id: bytes
    signature: bytes

    def pack(self) -> bytes:
        body = _BODY.pack(MAGIC, self.size, self.root, self.key_id)
        return body + _SPARE + sha256(body + self.signature).digest() + self.signature

    @classmethod
    def unpack(cls, slot: bytes) -> Seal:
        """Law: pack(unpack(s)) == s. Raises RecordError where a bit of it was changed."""
        _, size, root, key_id = _BODY.unpack_from(slot)
        seal = cls(size, root, key_id, slot[-64:])
        if seal.pack() != slot:
            raise RecordError("a checkpoint slot was changed", place="journal")
        return seal

    def note(self, origin: str) -> Note:
        """The same as a C2SP signed note."""
        text = Checkpoint(origin, self.size, self.root).text()
        return Note(text, (NoteSignature(origin, self.key_id, self.signature),))

    def signed_by(self, key: VerifyKey) -> bool:
        """True iff the log that bears the key's name signed it."""
        text = Checkpoint(key.name, self.size, self.root).text()
        return self.key_id == key.id and key.verify(self.signature, text.encode())


@dataclass(slots=True)
class Segment:
    """An open file of the journal; `ends` are the sizes at its checkpoints, the first being where it starts."""

    path: Path
    file: File
    ends: list[int]

    @property
    def start(self) -> int:
        return self.ends[0]

    @property
    def end(self) -> int:
        return self.ends[-1]

    @property
    def slots(self) -> int:
        """Slots in use."""
        return self.end - self.start + len(self.ends)

    def entries(self, first: int, last: int) -> bytes:
        """Entries first..last-1, all of which must be in this segment."""
        begin, end = self._slot(first), self._slot(last - 1) + 1
        rows = as_rows(self.file.read(begin * SLOT, (end - begin) * SLOT))
        return rows[~is_seal(rows)].tobytes()

    def _slot(self, sequence: int) -> int:
        return sequence - self.start + bisect_right(self.ends, sequence)


def name_of(start: int) -> str:
    """The name of the segment that starts at this sequence; names sort as sequences do."""
    return f"{start:016d}.journal"


def as_rows(data: bytes) -> Rows:
    """The slots of a file; what is missing of the last one counts as zero."""
    data += bytes(-len(data) % SLOT)
    return np.frombuffer(data, np.uint8).reshape(-1, SLOT)


def is_seal(rows: Rows) -> npt.NDArray[np.bool_]:
    """Which of the slots are checkpoints."""
    first = np.ascontiguousarray(rows[:, :8]).view(">u8").reshape(-1)
    return np.asarray(first == int.from_bytes(MAGIC, "big"))


def is_torn(tail: Rows, size: int) -> bool:
    """Can these slots, the last in use of a journal of `size` entries, be a batch whose writing was interrupted?

    Then nobody was told of it, and it may be cut off. A crash leaves of a batch any of its sectors (512 bytes, two
    slots), each whole or still zero; a write that was stopped leaves the beginning. So it is torn if a slot in
    between is zero, or if it ends before its checkpoint does. What is complete and yet wrong was changed later.
    """
    used = tail.any(axis=1)
    numbers = np.ascontiguousarray(tail[:, :8]).view(">u8").reshape(-1)
    right = numbers == size + np.arange(len(tail), dtype=np.uint64)
    if not (right | ~used)[:-1].all():
        return False
    last = tail[-1].tobytes()
    ends_in_seal = last.startswith(MAGIC) and any(last[-16:])
    if right[-1] or ends_in_seal:
        return bool(right[-1]) or not used.all()
    begun = last[:8].rstrip(b"\0")
    number = (size + len(tail) - 1).to_bytes(8, "big")
    return last.startswith(MAGIC) or (not any(last[8:]) and (MAGIC.startswith(begun) or number.startswith(begun)))
