"""Make a thin export: the log's totals with their proof, and as many cosignatures as fit."""

from __future__ import annotations

from collections.abc import Sequence

from brightline.assurance.verify.agreed import read_agreed
from brightline.assurance.verify.log import read_checkpoint
from brightline.assurance.verify.thin import MAX_THIN, Thin
from brightline.errors import RecordError
from brightline.record import note
from brightline.record.body import Counters
from brightline.record.body import unpack as unpack_body
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import Kind, unpack


def thin(agreement: bytes, checkpoint: bytes, counters: bytes, proof: Sequence[bytes]) -> tuple[bytes, int]:
    """The export, and how many cosignatures there was no room for: the last ones are kept.

    counters: the log's last counters entry, 256 bytes. proof: that it stands in the checkpoint's log.
    Raises AgreementError or RecordError; where even without cosignatures it is too long, its origin is.
    """
    agreed = read_agreed(agreement, None)
    parsed = note.parse(checkpoint, "checkpoint")
    origin = Checkpoint.parse(parsed.text).origin
    read_checkpoint(checkpoint, origin, agreed.agreement)
    entry = unpack(counters)
    body = unpack_body(Kind.COUNTERS, entry.body)
    assert isinstance(body, Counters)  # noqa: S101 - by its kind
    own = [s for s in parsed.signatures if s.name == origin]
    others = [s for s in parsed.signatures if s.name != origin]
    for left_out in range(len(others) + 1):
        kept = bytes(note.Note(parsed.text, (*own, *others[left_out:])))
        made = Thin(agreed.digest, entry.sequence, entry.time, body, tuple(proof), kept).to_bytes()
        if len(made) <= MAX_THIN:
            return made, left_out
    cure = "give the log a shorter name in the next agreement, or hand over a bundle"
    raise RecordError(f"it has more than {MAX_THIN} bytes", place="thin", cure=cure)
