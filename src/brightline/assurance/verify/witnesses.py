"""Step 3, second half: which of the witnesses that the verifier knows cosigned the checkpoint.

A cosignature says that the witness saw no larger checkpoint of this log, and none that contradicts this one, until its
time. Whoever shows different logs to different people must do without the witnesses whom these have in common.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from brightline.assurance.verify.result import Finding
from brightline.errors import RecordError
from brightline.keys import WitnessKey
from brightline.record import note


@dataclass(frozen=True, slots=True)
class Cosigned:
    """`witness`: its name. `time`: Unix seconds by the witness's clock."""

    witness: str
    time: int


def cosigned(data: bytes, known: Sequence[WitnessKey]) -> tuple[Cosigned, ...]:
    """One for each known witness that cosigned the note, by name and key; its latest where it did so twice.

    Lines of other keys are neither needed nor believed. Raises RecordError where a line bears a known witness's name
    and key id, and is not its cosignature.
    """
    parsed = note.parse(data, "checkpoint")
    keys = {(w.name, w.id): w for w in known}
    text, times = parsed.text.encode(), dict[tuple[str, bytes], int]()
    for line in parsed.signatures:
        which = line.name, line.key_id
        if which not in keys:
            continue
        time = keys[which].verify(line.signature, text)
        if time is None:
            cure = "treat the checkpoint as forged or damaged"
            raise RecordError(f"the cosignature of {line.name} is false", place="checkpoint", cure=cure)
        times[which] = max(time, times.get(which, 0))
    return tuple(Cosigned(name, times[name, key_id]) for name, key_id in sorted(times))


def missing(found: Sequence[Cosigned], known: Sequence[WitnessKey]) -> Iterator[Finding]:
    """What to read where a known witness did not cosign."""
    absent = sorted({w.name for w in known} - {c.witness for c in found})
    if absent:
        text = f"Of {len(known)} witnesses that you know, {len(absent)} did not cosign: {', '.join(absent)}."
        yield Finding("witness.missing", text)
