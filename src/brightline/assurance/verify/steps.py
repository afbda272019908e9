"""verify: eleven numbered steps from a file to an answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from brightline.agreement import Keys
from brightline.assurance.verify import grade
from brightline.assurance.verify.agreed import Agreed, check_named, read_agreed
from brightline.assurance.verify.bundle import Bundle, InMemory, Source, open_bundle
from brightline.assurance.verify.clock import Clock
from brightline.assurance.verify.columns import columns
from brightline.assurance.verify.completeness import Completeness
from brightline.assurance.verify.counters import Running
from brightline.assurance.verify.epochs import Epochs
from brightline.assurance.verify.fields import Fields
from brightline.assurance.verify.findings import calls, findings
from brightline.assurance.verify.log import Root, log_of, read_checkpoint, read_earlier
from brightline.assurance.verify.outcomes import Outcomes
from brightline.assurance.verify.result import Finding, Ledger, Result, Step
from brightline.assurance.verify.retention import Schedule
from brightline.assurance.verify.terms import UnderTerms
from brightline.assurance.verify.totals import Totals, iso
from brightline.assurance.verify.witnesses import Cosigned, cosigned, missing
from brightline.keys import WitnessKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.opening import Opened


def verify(
    bundle: bytes | Source,
    agreement: bytes,
    keys: Keys | None,
    *,
    earlier: Sequence[bytes] = (),
    witnesses: Sequence[WitnessKey] = (),
    rotations: Sequence[bytes] = (),
) -> Result:
    """Whether the bundle is what it claims to be, and what it then says.

    bundle: the file's bytes, or a binary file, which is read once, 4 MiB at a time.
    agreement: the bytes of the agreement's file. keys: the parties' keys as the verifier knows them from elsewhere;
    None believes the keys that the agreement names, which a finding then says.
    earlier: checkpoints of this log that the verifier kept from before; without one, a log that was rolled back or
    rewritten and signed anew cannot be told from an honest one, which step 11 then says.
    witnesses: the keys of witnesses that the verifier trusts; who of them did not cosign is a finding.
    rotations: statements that changed the log's key, oldest first (`brightline.agreement.rotation`).
    Law: nothing in bundle or agreement makes it raise; `earlier` does (RecordError), for its faults are the verifier's
    own, and so does a source that fails to be read. The same input gives the same answer, byte for byte.
    """
    ledger = Ledger()
    # 1. the bundle is well formed: its head now, the rest while its entries pass
    source = InMemory(bundle) if isinstance(bundle, bytes) else bundle
    opened = ledger.attempt(1, lambda: open_bundle(source))
    if opened is None:
        return _result(ledger, None)
    # 2. the agreement that the bundle names is signed by both parties
    agreed = ledger.attempt(2, lambda: _agreement(opened, agreement, keys, rotations))
    # 3. the checkpoint is signed by the log that the agreement names
    signed = ledger.attempt(3, lambda: _checkpoint(opened, agreed)) if agreed else None
    seen = ledger.attempt(3, lambda: cosigned(opened.checkpoint, witnesses)) if signed else None
    # 4 to 10. the entries, in one pass
    scan = None
    if agreed and signed and seen is not None:
        log = log_of(agreed.agreement, signed.origin)
        kept = [*read_earlier(earlier, log, agreed.rotations), *agreed.passed(signed.origin)]
        scan = Scan(ledger, agreed, signed, kept, opened.openings)
    ledger.attempt(1, lambda: _pass(opened, scan))
    # 11. how complete the record is, and what follows
    _say_1_to_3(ledger, opened, agreed, signed, keys, seen or ())
    if scan:
        scan.say_4_to_11(seen or ())
    return _result(ledger, scan, missing(seen or (), witnesses))


class Scan:
    """Everything that reads the entries as they pass: one reader a step, each bounded in memory."""

    __slots__ = (
        "_ledger",
        "_root",
        "agreed",
        "clock",
        "completeness",
        "counters",
        "epochs",
        "fields",
        "outcomes",
        "schedule",
        "terms",
        "totals",
    )

    def __init__(
        self,
        ledger: Ledger,
        agreed: Agreed,
        signed: Checkpoint,
        kept: Sequence[Checkpoint],
        openings: Sequence[Opened],
    ) -> None:
        self._ledger, self.agreed, self._root = ledger, agreed, Root(signed, kept)
        self.fields, self.counters = Fields(), Running()
        self.terms, self.outcomes, self.totals = UnderTerms(agreed), Outcomes(), Totals(agreed)
        disclosure = agreed.agreement.disclosure
        self.epochs, self.clock = Epochs(openings, disclosure), Clock(disclosure)
        self.completeness, self.schedule = Completeness(disclosure), Schedule(agreed.agreement)

    def read(self, data: bytes) -> None:
        """The next 64 bundles, fewer only at the end. A step that has failed reads no further."""
        attempt = self._ledger.attempt
        attempt(4, lambda: self._root.read(data))
        c = columns(data, self.totals.entries)
        attempt(5, lambda: self.fields.read(c))
        if self._ledger.failed(5):
            return  # what breaks the laws of step 5 means nothing to the steps after it
        attempt(6, lambda: self.counters.read(c))
        attempt(7, lambda: self.terms.read(c))
        attempt(8, lambda: self.outcomes.read(c))
        attempt(9, lambda: self.epochs.read(c))
        self.totals.read(c)
        self.completeness.read(c)
        self.clock.read(c)
        self.schedule.read(c)

    def finish(self) -> None:
        self._ledger.attempt(4, self._root.finish)
        self._ledger.attempt(7, self.terms.finish)

    def to_json(self, epochs: bool) -> dict[str, Any]:
        """`totals` of the answer; the epochs only where step 9 passed."""
        return {**self.totals.to_json(), "epochs": [e.to_json() for e in self.epochs.all] if epochs else []}

    def say_4_to_11(self, seen: Sequence[Cosigned]) -> None:
        """What each step says if it passed; the ledger drops what did not."""
        say, kept, totals = self._ledger.succeed, self._root.kept, self.totals
        earlier = f"; the log goes on from {kept} checkpoint{'s' * (kept != 1)} that you kept" if kept else ""
        say(4, f"all {self._root.size} entries are those that were signed for{earlier}")
        say(5, "no entry is missing, repeated or out of order; no unknown word; nothing in unused bytes")
        say(6, f"{self.counters.entries} counters entries, each equal to the totals of the entries before it")
        say(7, f"{self.terms.decisions} decisions under {self.agreed.agreement.terms.digest}")
        let_through = f"{calls(self.outcomes.through)} let through, {self.outcomes.settled} with a recorded end"
        say(8, let_through)
        decided = ", ".join(f"{n} {word}" for word, n in totals.outcomes().items())
        unscreened = totals.flagged(Flag.NOT_SCREENED, OutcomeCode.PERMIT)
        claimed = totals.flagged(Flag.CLAIMED, OutcomeCode.PERMIT)
        shown = sum(len(e.statements) for e in self.epochs.all)
        say(9, f"{len(self.epochs.all)} epochs, with {shown} opened statements that this program reads")
        say(10, f"decided: {decided}; of what was permitted, {unscreened} not screened, {claimed} on a claim")
        say(11, grade.words(self.agreed, self.completeness, totals.entries, kept, seen))


def _agreement(opened: Bundle, file: bytes, keys: Keys | None, rotations: Sequence[bytes]) -> Agreed:
    agreed = read_agreed(file, keys, rotations)
    check_named(agreed, opened.about.agreement)
    return agreed


def _checkpoint(opened: Bundle, agreed: Agreed) -> Checkpoint:
    return read_checkpoint(opened.checkpoint, opened.about.origin, agreed.agreement)


def _pass(opened: Bundle, scan: Scan | None) -> None:
    """All entries, through the readers where there are any: step 1 holds for the whole file or not at all."""
    for data in opened.entries():
        if scan:
            scan.read(data)
    if scan:
        scan.finish()


def _say_1_to_3(
    ledger: Ledger,
    opened: Bundle,
    agreed: Agreed | None,
    signed: Checkpoint | None,
    keys: Keys | None,
    seen: Sequence[Cosigned],
) -> None:
    ledger.succeed(1, f"{opened.about.count} entries of the log {opened.about.origin}")
    if agreed:
        parties = agreed.agreement.parties
        with_keys = "with the keys that you know" if keys else "with the keys that it names itself"
        by = f"signed by {parties.vendor.name} and {parties.customer.name}, {with_keys}"
        ledger.succeed(2, f"{agreed.agreement.title} ({agreed.digest}), {by}")
        if signed:
            key = log_of(agreed.agreement, signed.origin).key
            by = f"; cosigned by {', '.join(f'{c.witness} at {iso(c.time)}' for c in seen)}" if seen else ""
            ledger.succeed(3, f"{signed.size} entries, root {signed.root.hex()}, signed with {key}{by}")


def _result(ledger: Ledger, scan: Scan | None, beside: Iterable[Finding] = ()) -> Result:
    steps = ledger.steps()
    counted = scan is not None and steps[9].ok is True
    found = [_failure(step, scan) for step in steps if step.ok is False]
    if scan and counted:
        # Calls without an end can be told only where step 8 read to the end.
        found += findings(scan.agreed, scan.totals, scan.outcomes if steps[7].ok else None)
        found += grade.findings(scan.completeness)
        found += [*scan.schedule.findings(), *scan.clock.findings()]
        found += [*(scan.epochs.findings() if steps[8].ok else ()), *beside]
        found = [Finding(f.code, f.text, f.follows or scan.agreed.follows(f.code)) for f in found]
    verified = all(step.ok for step in steps)
    totals = scan.to_json(steps[8].ok is True) if scan and counted else {}
    shown = scan.completeness.grade if scan and verified else None
    return Result(verified, shown, totals, steps, tuple(found))


def _failure(step: Step, scan: Scan | None) -> Finding:
    code = {2: "agreement.invalid", 7: "terms.drift"}.get(step.n, "record.invalid")
    return Finding(code, f"Step {step.n} failed: {step.text}.", scan.agreed.follows(code) if scan else "")
