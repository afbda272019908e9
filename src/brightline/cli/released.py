"""What a bundle could carry out beside the record, and a releasing officer cannot see by reading.

A signature line of a stranger is read over by every verifier, as C2SP demands, and may hold anything: up to a megabyte
of it. The commitments of entries that were made up for the bundle may, too. Both are refused before it is released.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from brightline.assurance.verify.agreed import read_agreed
from brightline.assurance.verify.bundle import Bundle
from brightline.assurance.verify.witnesses import cosigned
from brightline.cli.printing import read_bytes
from brightline.errors import RecordError
from brightline.keys import WitnessKey
from brightline.record import checkpoint as checkpoints
from brightline.record import note
from brightline.record.entry import ENTRY_BYTES
from brightline.storage.published import Published

if TYPE_CHECKING:
    from brightline.gateway.config import Config

_REFUSE = "refuse it: `brightline evidence refuse --reason unexplained`, and ask who made it"


def check_lines(settings: Config, signed: bytes, witnesses: Sequence[WitnessKey]) -> None:
    """Raises RecordError unless each signature line is the log's, or a known witness's, true, and there once."""
    # 1. whose lines there may be
    rotations = [read_bytes(str(p)) for p in settings.rotations]
    agreed = read_agreed(read_bytes(str(settings.agreement)), None, rotations)
    logs = [log.key for log in agreed.agreement.logs]
    known = [*(WitnessKey.parse(text, "witnesses") for text in settings.witnesses.values()), *witnesses]
    # 2. each there is one of these
    lines = [(s.name, s.key_id) for s in note.parse(signed, "checkpoint").signatures]
    own = {(k.name, k.id) for k in logs} | {(k.name, k.id) for k in known}
    strange = [line for line in lines if line not in own]
    if strange or len(set(lines)) != len(lines):
        text = f"{len(strange)} signature lines are nobody's who is known" if strange else "a signature line twice"
        cure = f"name the witness (`--witness KEY`, or `witnesses` in the settings), or {_REFUSE}"
        raise RecordError(f"{text}: such a line can hold anything", place="checkpoint", cure=cure)
    # 3. and true
    checkpoints.verify(signed, logs)
    cosigned(signed, known)


def check_entries(published: Published, opened: Bundle) -> None:
    """Raises RecordError unless the bundle's entries are the first of this record, byte for byte."""
    first, count = 0, opened.about.count
    if count > published.size:
        text = f"it has {count} entries, and this record has {published.size}"
        raise RecordError(text, place="entries", cure=f"export it again, or {_REFUSE}")
    for chunk in opened.entries():
        last = first + len(chunk) // ENTRY_BYTES
        if published.read(first, last) != chunk:
            raise RecordError(f"entries {first} to {last - 1} are not all this record's", place="entries", cure=_REFUSE)
        first = last
