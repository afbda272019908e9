"""The thin export: totals and their proof in at most 1,400 bytes of text, for a sheet of paper or a QR code.

    brightline-thin/v1\\n
    agreement sha256:…\\n        the digest of the agreement's payload
    counters BASE64\\n           80 bytes: sequence, time and the eight totals of the log's last counters entry, as u64
    proof BASE64\\n              its inclusion proof (RFC 6962, section 2.1.1), the leaf's sibling first; may be empty
    \\n
    the checkpoint              a signed note, with as many cosignatures as there is room for

It shows what the log signed for, and nothing that only the entries show: `STEPS` and its last text say so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Any, Final, Self

from brightline.agreement import Keys
from brightline.assurance.verify.agreed import Agreed, check_named, read_agreed
from brightline.assurance.verify.log import read_checkpoint
from brightline.assurance.verify.result import Finding, Ledger, Result, Steps
from brightline.assurance.verify.totals import iso
from brightline.assurance.verify.witnesses import Cosigned, cosigned, missing
from brightline.errors import RecordError
from brightline.keys import WitnessKey
from brightline.record import note
from brightline.record.body import MAX_TOKENS, Counters
from brightline.record.body import pack as pack_body
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import BUNDLE, LAST_SECOND, NO_DIGEST, Entry, Kind, pack
from brightline.record.merkle import HASH_BYTES, hash_leaf, verify_inclusion

MAGIC: Final = b"brightline-thin/v1\n"
MAX_THIN: Final = 1400
"""Bytes. A QR code of version 27 holds them."""
STEPS: Final[Steps] = {
    1: ("the thin export is well formed", ()),
    2: ("the agreement that it names is signed by both parties", (1,)),
    3: ("the checkpoint is signed by the log that the agreement names", (2,)),
    4: ("the last counters entry stands in that log", (3,)),
    5: ("its totals are possible", (4,)),
    6: ("what it shows, and what only a bundle shows", (5,)),
}
_COUNTERS = Struct(">10Q")
_FORM = re.compile(
    rb"brightline-thin/v1\nagreement (sha256:[0-9a-f]{64})\n"
    rb"counters ([A-Za-z0-9+/=]+)\nproof ([A-Za-z0-9+/=]*)\n\n(.+)",
    re.DOTALL,
)
_NOT_SHOWN = (
    "Not shown: that the entries come to these totals, that they were decided under the agreed terms, how complete the "
    "record is, and the entries after the last counters. A bundle with this checkpoint shows what of that can be shown."
)


@dataclass(frozen=True, slots=True)
class Thin:
    """`sequence` and `time` of the counters entry, its `totals`, its `proof`, and the checkpoint."""

    agreement: str
    sequence: int
    time: int
    totals: Counters
    proof: tuple[bytes, ...]
    checkpoint: bytes

    @property
    def entry(self) -> bytes:
        """The counters entry: 256 bytes, all of them zero but for what stands here."""
        body = pack_body(self.totals)
        return pack(Entry(self.sequence, self.time, Kind.COUNTERS, 0, 0, 0, 0, NO_DIGEST, NO_DIGEST, NO_DIGEST, body))

    def to_bytes(self) -> bytes:
        counters = note.encode_base64(_COUNTERS.pack(self.sequence, self.time, *self.totals))
        proof = note.encode_base64(b"".join(self.proof))
        head = f"agreement {self.agreement}\ncounters {counters}\nproof {proof}\n\n"
        return MAGIC + head.encode() + self.checkpoint

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Law: from_bytes(t.to_bytes()) == t, and no second spelling is taken. Raises RecordError."""
        cure = "read it again, or type it again, as it was printed"
        found = _FORM.fullmatch(data) if len(data) <= MAX_THIN else None
        if not found:
            raise RecordError(f"no thin export of at most {MAX_THIN} bytes", place="thin", cure=cure)
        agreement, counters, proof, checkpoint = found.groups()
        numbers, hashes = note.decode_base64(counters.decode(), "counters"), note.decode_base64(proof.decode(), "proof")
        if len(numbers) != _COUNTERS.size or len(hashes) % HASH_BYTES:
            raise RecordError("counters or proof have another length", place="thin", cure=cure)
        sequence, time, *totals = _COUNTERS.unpack(numbers)
        parts = tuple(hashes[i : i + HASH_BYTES] for i in range(0, len(hashes), HASH_BYTES))
        note.parse(checkpoint, "checkpoint")
        return cls(agreement.decode(), sequence, time, Counters(*totals), parts, checkpoint)


def verify_thin(data: bytes, agreement: bytes, keys: Keys | None, witnesses: Sequence[WitnessKey] = ()) -> Result:
    """Whether the totals are those that the log signed for. `grade` is None: completeness is not shown.

    Nothing here makes it raise; the same input gives the same answer.
    """
    ledger = Ledger(STEPS)
    found = ledger.attempt(1, lambda: Thin.from_bytes(data))
    agreed = ledger.attempt(2, lambda: _agreement(found, agreement, keys)) if found else None
    signed = ledger.attempt(3, lambda: _checkpoint(found, agreed)) if found and agreed else None
    seen = ledger.attempt(3, lambda: cosigned(found.checkpoint, witnesses)) if found and signed else None
    done = ledger.attempt(4, lambda: _stands(found, signed)) if found and signed and seen is not None else None
    if found and done:
        ledger.attempt(5, lambda: _possible(found))
    _say(ledger, found, agreed, signed, seen or ())
    steps = ledger.steps()
    verified = all(s.ok for s in steps)
    beside = [Finding(f.code, f.text, agreed.follows(f.code)) for f in missing(seen or (), witnesses)] if agreed else []
    return Result(verified, None, _totals(found, signed) if verified else {}, steps, tuple(beside) if verified else ())


def _agreement(found: Thin, file: bytes, keys: Keys | None) -> Agreed:
    agreed = read_agreed(file, keys)
    check_named(agreed, found.agreement)
    return agreed


def _checkpoint(found: Thin, agreed: Agreed) -> Checkpoint:
    origin = Checkpoint.parse(note.parse(found.checkpoint, "checkpoint").text).origin
    return read_checkpoint(found.checkpoint, origin, agreed.agreement)


def _stands(found: Thin, signed: Checkpoint) -> bool:
    """Raises RecordError unless it is the last counters entry of the log: an older one would hide what came after."""
    if found.sequence != (signed.size - 1) // BUNDLE * BUNDLE or signed.size < 1:
        text = f"entry {found.sequence} is not the last counters entry of a log of {signed.size} entries"
        raise RecordError(text, place="counters", cure="ask for the thin export again")
    verify_inclusion(found.sequence, signed.size, hash_leaf(found.entry), found.proof, signed.root)
    return True


def _possible(found: Thin) -> None:
    """Raises RecordError where no lawful entries come to these totals."""
    t = found.totals
    fits = t.decisions == t.permits + t.holds + t.asks + t.denies and t.outcomes <= t.decisions
    fits = fits and t.decisions + t.outcomes <= found.sequence and found.time <= LAST_SECOND
    if not fits or max(t.input_tokens, t.output_tokens) > t.outcomes * MAX_TOKENS:
        raise RecordError("no entries come to these totals", place="counters", cure="confer: the log signed for them")


def _say(
    ledger: Ledger, found: Thin | None, agreed: Agreed | None, signed: Checkpoint | None, seen: Sequence[Cosigned]
) -> None:
    if not found:
        return
    ledger.succeed(1, f"the totals before entry {found.sequence}")
    if agreed:
        ledger.succeed(2, f"{agreed.agreement.title} ({agreed.digest})")
    if signed:
        by = f", cosigned by {', '.join(f'{c.witness} at {iso(c.time)}' for c in seen)}" if seen else ""
        ledger.succeed(3, f"{signed.size} entries, root {signed.root.hex()}{by}")
        t = found.totals
        ledger.succeed(4, f"entry {found.sequence} of {signed.size}")
        ledger.succeed(5, f"{t.decisions} decisions: {t.permits} permit, {t.holds} hold, {t.asks} ask, {t.denies} deny")
        ledger.succeed(6, f"Shown: the log signed for these totals. {_NOT_SHOWN}")


def _totals(found: Thin | None, signed: Checkpoint | None) -> dict[str, Any]:
    if not found or not signed:
        return {}
    return {"entries": signed.size, "counted": found.sequence, "to": iso(found.time), **found.totals._asdict()}
