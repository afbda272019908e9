"""Proof that a log signed two histories, which anybody can check who knows the log's key.

    brightline-contradiction/v1\\n
    one LENGTH\\n        a signed checkpoint
    other LENGTH\\n      another of the same log, with at least as many entries
    prefix LENGTH\\n     nothing where both have as many entries, and different roots; else 32 bytes and a proof

The 32 bytes are a root R, and the proof shows (RFC 6962, section 2.1.2) that the first entries of `other`, as many as
`one` signs for, have the root R. Where R is not the root of `one`, no log can be both: one of them was not the other's
beginning. Law: a proof that holds cannot be made without the log's key, and its maker is not to be trusted for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from brightline.agreement import Keys
from brightline.assurance.verify.agreed import Agreed, read_agreed
from brightline.assurance.verify.log import log_of, read_checkpoint
from brightline.assurance.verify.result import Finding, Ledger, Result, Steps
from brightline.errors import RecordError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.merkle import HASH_BYTES, NodeReader, prove_consistency, subtree_root, verify_consistency

MAGIC: Final = b"brightline-contradiction/v1\n"
MAX_FILE: Final = 3 << 20
STEPS: Final[Steps] = {
    1: ("the proof is well formed", ()),
    2: ("the agreement is signed by both parties", (1,)),
    3: ("both checkpoints are signed by the log that the agreement names", (2,)),
    4: ("no log can have both", (3,)),
}
_FORM = re.compile(rb"one (0|[1-9]\d{0,6})\n|other (0|[1-9]\d{0,6})\n|prefix (0|[1-9]\d{0,6})\n")
_SECTIONS = (b"one", b"other", b"prefix")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two signed checkpoints; `prefix`: a root and a consistency proof, or nothing."""

    one: bytes
    other: bytes
    prefix: bytes = b""

    @classmethod
    def find(cls, one: bytes, other: bytes, node: NodeReader) -> Self | None:
        """The proof, where the log under `other`, read by `node`, does not begin with `one`; None where it does."""
        old, new = (Checkpoint.parse(note.parse(n).text) for n in (one, other))
        if old.size == new.size:
            return cls(one, other) if old.root != new.root else None
        if not 0 < old.size < new.size:
            return None
        root = subtree_root(range(old.size), node)
        if root == old.root:
            return None
        return cls(one, other, root + b"".join(prove_consistency(old.size, new.size, node)))

    def to_bytes(self) -> bytes:
        parts = zip(_SECTIONS, (self.one, self.other, self.prefix), strict=True)
        return MAGIC + b"".join(b"%b %d\n%b" % (name, len(data), data) for name, data in parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Law: from_bytes(c.to_bytes()) == c, and no second spelling is taken. Raises RecordError."""
        cure = "use the file as it was made"
        if len(data) > MAX_FILE or not data.startswith(MAGIC):
            raise RecordError("no proof of a contradiction", place="magic", cure=cure)
        at, found = len(MAGIC), list[bytes]()
        for name in _SECTIONS:
            line = _FORM.match(data, at)
            if not line or not line[0].startswith(name + b" "):
                raise RecordError("no line with its length", place=name.decode(), cure=cure)
            start, length = line.end(), int(line[0].split()[1])
            at = start + length
            if at > len(data):
                raise RecordError("the file ends within the section", place=name.decode(), cure=cure)
            found.append(data[start:at])
        if at != len(data) or len(found[2]) % HASH_BYTES:
            raise RecordError("the file goes on, or its hashes are not whole", place="prefix", cure=cure)
        return cls(*found)


def verify_contradiction(data: bytes, agreement: bytes, origin: str | None, keys: Keys | None) -> Result:
    """Whether the file proves that a log of the agreement signed two histories: `verified` iff it does.

    origin: the log, where the agreement names several and the verifier means one. Nothing here makes it raise.
    """
    ledger = Ledger(STEPS)
    found = ledger.attempt(1, lambda: Contradiction.from_bytes(data))
    agreed = ledger.attempt(2, lambda: read_agreed(agreement, keys)) if found else None
    both = ledger.attempt(3, lambda: _signed(found, agreed, origin)) if found and agreed else None
    said = ledger.attempt(4, lambda: _contradict(both, found.prefix)) if found and both else None
    if found:
        ledger.succeed(1, f"two checkpoints, and {max(len(found.prefix) // HASH_BYTES - 1, 0)} hashes of a proof")
    if agreed:
        ledger.succeed(2, f"{agreed.agreement.title} ({agreed.digest})")
    if both:
        ledger.succeed(3, f"the log {both[0].origin} signed for {both[0].size} and for {both[1].size} entries")
    findings: tuple[Finding, ...] = ()
    if said and agreed:
        ledger.succeed(4, said)
        findings = (Finding("record.forked", f"{said[0].upper()}{said[1:]}.", agreed.follows("record.invalid")),)
    steps = ledger.steps()
    return Result(all(s.ok for s in steps), None, {}, steps, findings)


def _signed(found: Contradiction, agreed: Agreed, origin: str | None) -> tuple[Checkpoint, Checkpoint]:
    name = origin or Checkpoint.parse(note.parse(found.one, "one").text, "one").origin
    log_of(agreed.agreement, name)
    return (read_checkpoint(found.one, name, agreed.agreement), read_checkpoint(found.other, name, agreed.agreement))


def _contradict(both: Sequence[Checkpoint], prefix: bytes) -> str:
    """What the two say against one another. Raises RecordError where they do not."""
    one, other = both
    if one.size == other.size:
        if prefix or one.root == other.root:
            raise RecordError("both say the same: nothing is shown against the log", place="other")
        return f"the log signed two different histories of {one.size} entries"
    if not 0 < one.size < other.size:
        raise RecordError("the checkpoint `one` has more entries, or none: that shows nothing", place="one")
    hashes = [prefix[i : i + HASH_BYTES] for i in range(0, len(prefix), HASH_BYTES)]
    if not hashes:
        raise RecordError("the root of the first entries is not given", place="prefix")
    verify_consistency(one.size, other.size, hashes[1:], hashes[0], other.root)
    if hashes[0] == one.root:
        raise RecordError("the one goes on to the other: nothing is shown against the log", place="prefix")
    return f"the log signed for {one.size} entries, and then for {other.size} that begin otherwise"
