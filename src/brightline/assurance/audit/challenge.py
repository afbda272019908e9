"""Challenges: made by the vendor, checked by everybody else in the same way, against what both parties signed.

What keeps each side from steering:
the vendor    one nonce an epoch (chain), the epoch follows from the time of the checkpoint's last entry; one challenge
              an epoch, in order, each from where the one before ended;
the customer  the checkpoint is in the vendor's hands before the nonce is revealed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Never

import numpy as np
import numpy.typing as npt

from brightline.agreement import Agreement, Audit, Auditor
from brightline.agreement.rotation import Rotation, keys_of
from brightline.assurance.audit import chain
from brightline.assurance.audit.sample import drawn, seed
from brightline.assurance.audit.statements import Challenge, identity
from brightline.errors import RecordError, nearest
from brightline.keys import VerifyKey
from brightline.record import checkpoint as checkpoints
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY, ENTRY_BYTES, Kind
from brightline.record.merkle import Tree, hash_leaves

_MEND = "open nothing: tell the vendor what is wrong"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A challenge that stands: `decisions` is how many it draws from, `entries` the indexes that it drew."""

    challenge: Challenge
    signed: Checkpoint
    auditor: Auditor
    decisions: int
    entries: tuple[int, ...]

    @property
    def id(self) -> str:
        return identity(self.challenge)


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a pass over a log's first entries found: its root, the indexes of decisions, the last entry's time."""

    size: int
    root: bytes
    decisions: npt.NDArray[np.uint64]
    last: int

    @classmethod
    def of(cls, chunks: Iterable[bytes], size: int) -> Scanned:
        """The first `size` entries; chunks hold whole entries. Raises RecordError where there are fewer."""
        tree, found, last, left = Tree(), [np.zeros(0, np.uint64)], 0, size
        for chunk in chunks:
            data = chunk[: left * ENTRY_BYTES]
            if not data:
                break
            entries = np.frombuffer(data, ENTRY)
            tree.extend(hash_leaves(data, ENTRY_BYTES))
            found.append(np.flatnonzero(entries["kind"] == Kind.DECISION).astype(np.uint64) + np.uint64(size - left))
            last, left = int(entries["time"][-1]), left - len(entries)
        if left:
            cure = "give the evidence that the challenge is about, or a later one"
            raise RecordError(f"it ends {left} entries before the checkpoint's {size}", place="entries", cure=cure)
        return cls(size, tree.root(), np.concatenate(found), last)


def audit_of(agreement: Agreement) -> Audit:
    """Raises RecordError where the parties agreed on no audits."""
    if agreement.audit is None:
        raise RecordError("it agrees on no audits", place="agreement: audit", cure="agree on a successor that does")
    return agreement.audit


def epoch_of(agreement: Agreement, last: int) -> int:
    """The epoch in which a log's newest entry lies (Unix seconds), from 1: nobody chooses it."""
    days = (datetime.fromtimestamp(last, UTC).date() - agreement.begins).days
    return max(days // audit_of(agreement).epoch_days, 0) + 1


def make(
    agreement: Agreement,
    secret: bytes,
    note: bytes,
    scanned: Scanned,
    before: Sequence[Challenge],
    auditor: str,
    rotations: Sequence[Rotation] = (),
) -> Challenge:
    """The vendor's challenge on evidence that it has verified. `before`: all earlier challenges, oldest first.

    Raises RecordError where this epoch's nonce was revealed before: a customer who knew it could have chosen what to
    sign, so that this sample would show nothing.
    """
    audit = audit_of(agreement)
    keys = keys_of(agreement, agreement.digest, rotations)
    signed = checkpoints.verify(note, keys)
    epoch = epoch_of(agreement, scanned.last)
    last = before[-1] if before else None
    if last is not None and epoch <= last.epoch:
        cure = "wait for the evidence of a later epoch"
        _refuse(
            "challenge", f"the nonce of epoch {last.epoch} was revealed, and this evidence is of epoch {epoch}", cure
        )
    made = Challenge(
        agreement=agreement.digest,
        origin=signed.origin,
        epoch=epoch,
        nonce=chain.nonce(secret, audit.epochs, epoch).hex(),
        checkpoint=note.decode("utf-8"),
        first=0 if last is None else _size(last, keys),
        previous=None if last is None else identity(last),
        sample=audit.sample,
        auditor=auditor,
    )
    check(made, agreement, scanned, before, rotations)
    return made


def check(
    challenge: Challenge,
    agreement: Agreement,
    scanned: Scanned,
    before: Sequence[Challenge],
    rotations: Sequence[Rotation] = (),
) -> Drawn:
    """What a challenge draws, if it stands. Raises RecordError.

    scanned: the log as whoever checks has it. rotations: of its key, oldest first.

    Everyone computes this alike: the customer before it opens anything, the auditor, the vendor, a stranger.
    """
    audit = audit_of(agreement)
    # 1. it is about this agreement, in its words
    if challenge.agreement != agreement.digest:
        _refuse("agreement", "the challenge is about another agreement")
    if challenge.sample != audit.sample:
        _refuse("sample", f"it draws {challenge.sample}, where {audit.sample} were agreed")
    auditor = next((a for a in audit.auditors if a.name == challenge.auditor), None)
    if auditor is None:
        _refuse("auditor", f"both did not accept it: {nearest(challenge.auditor, [a.name for a in audit.auditors])}")
    # 2. the log's own checkpoint, over the entries at hand
    keys = keys_of(agreement, agreement.digest, rotations)
    signed = checkpoints.verify(challenge.checkpoint.encode(), keys)
    if signed.origin != challenge.origin:
        _refuse("checkpoint", f"it is the log {signed.origin}'s, not {challenge.origin}'s")
    if (scanned.size, scanned.root) != (signed.size, signed.root):
        _refuse("checkpoint", "the entries at hand do not hash to it: it is of another log, or one of them was altered")
    # 3. the one nonce of the one epoch that the checkpoint lies in
    if challenge.epoch != (right := epoch_of(agreement, scanned.last)):
        _refuse("epoch", f"the checkpoint lies in epoch {right}, and the challenge is of {challenge.epoch}")
    chain.check_nonce(bytes.fromhex(challenge.nonce), challenge.epoch, audit.commitment, audit.epochs)
    # 4. from where the one before ended
    last = before[-1] if before else None
    if challenge.previous != (None if last is None else identity(last)):
        _refuse("previous", "it does not follow the challenge before it")
    if last is not None and (challenge.epoch <= last.epoch or signed.size < _size(last, keys)):
        _refuse("epoch", f"epoch {last.epoch} was challenged before: one challenge an epoch, and never an older state")
    if challenge.first != (0 if last is None else _size(last, keys)):
        _refuse("first", "it does not begin where the challenge before it ended")
    # 5. the draw
    population = scanned.decisions[scanned.decisions >= np.uint64(challenge.first)].tolist()
    of = seed(signed.text(), bytes.fromhex(challenge.nonce))
    return Drawn(challenge, signed, auditor, len(population), tuple(drawn(of, population, challenge.sample)))


def _size(challenge: Challenge, keys: Sequence[VerifyKey]) -> int:
    return checkpoints.verify(challenge.checkpoint.encode(), keys).size


def _refuse(place: str, text: str, cure: str = _MEND) -> Never:
    raise RecordError(text, place=place, cure=cure)
