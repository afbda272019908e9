"""An agreement with audits, a log of two epochs whose private sides are at hand, and challenges on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from brightline.agreement import Agreement, Audit, Auditor
from brightline.assurance.audit import challenge as challenges
from brightline.assurance.audit.chain import commitment
from brightline.assurance.audit.challenge import Drawn, Scanned
from brightline.assurance.audit.statements import Challenge
from brightline.record import checkpoint
from brightline.record.entry import ENTRY_BYTES, OutcomeCode
from brightline.record.log import Disclosure
from brightline.record.log import Log as RecordLog
from tests.agreement.founding import AUDITOR
from tests.assurance.records import LOG_KEY, NOON, ORIGIN, decision, founding, honest, outcome

SECRET = bytes(range(7, 39))
EPOCHS, SAMPLE = 24, 20
DAY = 86_400
Fields = tuple[tuple[str, bytes], ...]


def agreed(**changes: object) -> Agreement:
    audit = Audit(
        commitment=commitment(SECRET, EPOCHS),
        epochs=EPOCHS,
        epoch_days=30,
        sample=SAMPLE,
        auditors=(Auditor(name="IG", key=AUDITOR.public),),
    )
    return founding(audit=replace(audit, **changes))


@dataclass(frozen=True)
class Scene:
    """`private`: entry to its key and fields; `ends`: how many entries the log had at the end of each epoch."""

    entries: bytes
    private: dict[int, tuple[bytes, Fields]]
    ends: tuple[int, ...]

    def note(self, size: int) -> bytes:
        return bytes(checkpoint.sign(honest(self.entries[: size * ENTRY_BYTES]), LOG_KEY))

    def scanned(self, size: int) -> Scanned:
        return Scanned.of([self.entries[: size * ENTRY_BYTES]], size)

    def challenge(self, epoch: int = 1, before: Sequence[Challenge] = (), **changes: object) -> Challenge:
        size = self.ends[epoch - 1]
        made = challenges.make(agreed(), SECRET, self.note(size), self.scanned(size), before, "IG")
        return replace(made, **changes)

    def drawn(self, epoch: int = 1, before: Sequence[Challenge] = ()) -> Drawn:
        found = self.challenge(epoch, before)
        return challenges.check(found, agreed(), self.scanned(self.ends[epoch - 1]), before)

    def check(self, found: Challenge, before: Sequence[Challenge] = (), agreement: Agreement | None = None) -> Drawn:
        size = int(found.checkpoint.split("\n")[1])
        return challenges.check(found, agreement or agreed(), self.scanned(size), before)


@cache
def scene(seed: int = 1) -> Scene:
    random = Random(seed)
    log = RecordLog(ORIGIN, Disclosure())
    data, private, ends = bytearray(), {}, []
    for epoch in range(2):
        batch = log.batch(NOON + epoch * 30 * DAY)
        for i in range(400):
            key = random.randbytes(32)
            fields = (("content", f"call {epoch}.{i}".encode()), ("fact.place", b"home declared"))
            index = batch.add(decision(OutcomeCode.PERMIT, fields=fields), key)
            private[index] = (key, fields)
            batch.add(outcome(index), random.randbytes(32))
        log.commit(batch, batch.data())
        data += batch.data()
        ends.append(log.size)
    assert log.checkpoint() == honest(bytes(data))
    return Scene(bytes(data), private, tuple(ends))


assert LOG_KEY.name == ORIGIN
