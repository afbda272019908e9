"""Make an evidence bundle: what leaves the customer's side, and nothing that says more than was agreed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from brightline.assurance.verify.agreed import Agreed, read_agreed
from brightline.assurance.verify.bundle import CHUNK, About, head
from brightline.assurance.verify.columns import columns
from brightline.assurance.verify.log import Root, read_checkpoint
from brightline.assurance.verify.statements import KNOWN
from brightline.assurance.verify.totals import finer
from brightline.errors import RecordError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import ENTRY_BYTES
from brightline.record.opening import Opened, write_openings


def export(
    agreement: bytes,
    checkpoint: bytes,
    entries: Iterable[bytes],
    openings: Iterable[Opened] = (),
    rotations: Sequence[bytes] = (),
) -> Iterator[bytes]:
    """The bundle in pieces of at most 4 MiB, or more for the first, in which the openings stand.

    agreement: the bytes of its file, signed by both. checkpoint: the log's signed note. entries: all entries of the
    log in order, 256 bytes each, in blocks of any size; those past the checkpoint are left out. openings: of epochs'
    entries, what is to be shown. rotations: statements that changed the log's key, oldest first.
    Raises AgreementError or RecordError, before a piece that must not leave is given: where the entries are not those
    of the checkpoint (then whoever writes the file must drop it), or a time or token count is finer than the
    agreement's disclosure profile allows, or a statement is opened that the profile does not name or `explain` cannot
    explain. Whether the record keeps its laws is not asked here: a record that breaks one is evidence too.
    """
    # 1. for this agreement, of a log that it names
    agreed = read_agreed(agreement, None, rotations)
    signed = Checkpoint.parse(note.parse(checkpoint, "checkpoint").text)
    read_checkpoint(checkpoint, signed.origin, agreed.agreement)
    # 2. what it is, the checkpoint, and what is opened
    opened = [o for o in openings if o.entry < signed.size]
    _check_named(agreed, opened)
    yield head(About(agreed.digest, signed.origin, signed.size), checkpoint, write_openings(opened))
    # 3. the entries, read as they leave
    root, at = Root(signed, ()), 0
    for chunk in _chunks(entries, signed.size * ENTRY_BYTES):
        _check_disclosed(agreed, chunk, at)
        root.read(chunk)
        at += len(chunk) // ENTRY_BYTES
        yield chunk
    root.finish()


def _check_named(agreed: Agreed, opened: Iterable[Opened]) -> None:
    named = set(map(str, agreed.agreement.disclosure.statements)) & set(KNOWN)
    if more := sorted({f.name for o in opened for f in o.shown} - named):
        cure = "open only statements that the agreement's disclosure profile names"
        raise RecordError(f"{', '.join(more)} would be shown", place="openings", cure=cure)


def _check_disclosed(agreed: Agreed, chunk: bytes, first: int) -> None:
    if found := finer(columns(chunk, first), agreed.agreement.disclosure):
        raise RecordError(
            f"{found} times or token counts are finer than the agreement's disclosure profile",
            place=f"entries {first} to {first + len(chunk) // ENTRY_BYTES - 1}",
            cure="do not release it; run the gateway with the agreed profile, and agree how to show the rest",
        )


def _chunks(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The first `size` bytes of the blocks in chunks that begin at a multiple of 256 entries."""
    held = bytearray()
    for block in blocks:
        held += block
        while size and len(held) >= (taken := min(CHUNK, size)):
            yield bytes(held[:taken])
            del held[:taken]
            size -= taken
        if not size:
            return
    if size:
        text = f"the log's entries end {size - len(held)} bytes before the end of what the checkpoint signs"
        raise RecordError(text, place="entries", cure="run `brightline doctor` on the log")
