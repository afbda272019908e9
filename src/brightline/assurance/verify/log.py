"""Steps 3 and 4: the checkpoint that the log signed, and the Merkle root that the entries hash to."""

from __future__ import annotations

from collections.abc import Sequence

from brightline.agreement import Agreement, Log
from brightline.agreement.rotation import Rotation
from brightline.errors import RecordError, nearest
from brightline.keys import VerifyKey
from brightline.record import checkpoint as checkpoints
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES
from brightline.record.merkle import Tree, hash_leaves


def read_checkpoint(data: bytes, origin: str, agreement: Agreement) -> Checkpoint:
    """The checkpoint of the log `origin`, signed by the key that the agreement names for it. Raises RecordError.

    Signatures by other keys, such as witnesses', are neither needed nor believed.
    """
    log = log_of(agreement, origin)
    found = checkpoints.verify(data, [log.key])
    if found.origin != log.origin:
        raise RecordError(f"it is the log {found.origin[:80]!r}, about says {log.origin!r}", place="checkpoint")
    return found


def log_of(agreement: Agreement, origin: str) -> Log:
    """The log that the agreement names by this origin. Raises RecordError."""
    for log in agreement.logs:
        if log.origin == origin:
            return log
    cure = nearest(origin, [log.origin for log in agreement.logs])
    raise RecordError(f"the agreement names no log {origin[:80]!r}", place="about", cure=cure)


class Root:
    """The tree over the entries as they pass, compared with the checkpoint and with checkpoints kept from before."""

    __slots__ = ("_checkpoint", "_earlier", "_tree", "kept")

    def __init__(self, checkpoint: Checkpoint, earlier: Sequence[Checkpoint]) -> None:
        self._checkpoint, self._tree = checkpoint, Tree()
        self._earlier = sorted(earlier, key=lambda c: c.size, reverse=True)
        self.kept = len(self._earlier)

    @property
    def size(self) -> int:
        return self._tree.size

    def read(self, data: bytes) -> None:
        """The next entries. Raises RecordError where an earlier checkpoint contradicts them."""
        leaves = hash_leaves(data, ENTRY_BYTES)
        while self._earlier and self._earlier[-1].size <= self._tree.size + len(leaves):
            old = self._earlier.pop()
            cut = old.size - self._tree.size
            self._tree.extend(leaves[:cut])
            leaves = leaves[cut:]
            if self._tree.root() != old.root:
                text = f"the checkpoint of {old.size} entries that you kept has another root: the log was rewritten"
                raise RecordError(text, place="entries", cure="show both checkpoints: the log signed them both")
        self._tree.extend(leaves)

    def finish(self) -> None:
        """Raises RecordError unless these were all the entries of the checkpoint, and of no other."""
        self.read(b"")  # a kept checkpoint of no entries is met by no chunk
        said, size = self._checkpoint, self._tree.size
        if size != said.size:
            raise RecordError(f"{size} entries, where the checkpoint signs for {said.size}", place="entries")
        if self._tree.root() != said.root:
            text = "they do not hash to the root that the checkpoint signs: something was changed after signing"
            raise RecordError(text, place="entries", cure="ask for the bundle again; where it stays so, confer")
        if self._earlier:
            old = self._earlier[0]
            text = f"the checkpoint that you kept signs for {old.size} entries, this one for {size}: rolled back"
            raise RecordError(text, place="checkpoint", cure="show both checkpoints: the log signed them both")


def read_earlier(notes: Sequence[bytes], log: Log, rotations: Sequence[Rotation] = ()) -> list[Checkpoint]:
    """Checkpoints of this log that the verifier kept. Raises RecordError: they are the verifier's own files.

    `rotations`: of this log's key. A checkpoint of a former key counts up to where that key ended.
    """
    former = {r.old: r.size for r in rotations if r.origin == log.origin}
    found = []
    for i, data in enumerate(notes):
        place = f"earlier checkpoint {i + 1}"
        kept = checkpoints.verify(data, [log.key, *former], place)
        most = max((size for key, size in former.items() if signed_by(data, key)), default=kept.size)
        if kept.size > most and not signed_by(data, log.key):
            text = f"it is of {kept.size} entries, by a key that ended at {most}: who signed it had the key after that"
            raise RecordError(text, place=place, cure="show it to the customer: the old key is in other hands")
        found.append(kept)
    return found


def signed_by(data: bytes, key: VerifyKey) -> bool:
    """Whether a note bears this key's signature line; that it is true, `checkpoints.verify` has found."""
    return any((s.name, s.key_id) == (key.name, key.id) for s in note.parse(data).signatures)
