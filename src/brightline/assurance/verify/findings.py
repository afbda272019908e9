"""What an honest record can say that the agreement's parties should read: plain sentences with a code."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from brightline.agreement import Code
from brightline.assurance.verify.agreed import Agreed
from brightline.assurance.verify.outcomes import Outcomes
from brightline.assurance.verify.result import Finding
from brightline.assurance.verify.totals import Totals
from brightline.record.body import ExceptionAct, ReleaseVerdict
from brightline.record.entry import Flag, Kind, OutcomeCode

_FLAGS: Final = (
    (Flag.OBSERVED, "observed", "were decided and recorded and not enforced: the gateway only observed", False),
    (Flag.DISAGREED, "decide.disagreed", "were denied because two readings of the terms disagreed", False),
    (Flag.FAILED, "decide.failed", "were denied because deciding raised an error", False),
    (Flag.DRIFTED, "integrity.drifted", "were permitted though a tool or model was not what was registered", True),
    (Flag.METER_MISSING, "meter.missing", "were permitted without a reading of the meter", True),
    (Flag.HURRIED, "approvals.hurried", "were permitted on approvals that came faster than a person reads", True),
)
"""Flag, code, sentence, and whether only permitted uses count."""


def findings(agreed: Agreed, totals: Totals, outcomes: Outcomes | None) -> Iterator[Finding]:
    """Everything to be read beside the steps, in a fixed order. outcomes: None where step 8 failed."""
    # 1. of the agreement
    for note in agreed.notes:
        yield Finding(note.code, note.text)
    yield from _dates(agreed, totals)
    if agreed.clauses is None:
        yield Finding("terms.unnamed", "The clauses cannot be named from the agreement's text: they are shown by rank.")
    if agreed.activities is None:
        text = "The agreement's vocabulary is not one that this program holds: activities are shown by rank."
        yield Finding("vocabulary.unknown", text)
    # 2. of what was decided and served
    if outcomes and (count := outcomes.unsettled):
        text = f"{calls(count)} let through without a recorded end, the first at entry {outcomes.first_unsettled()}."
        yield Finding("outcome.missing", text)
    for flag, code, words, permitted in _FLAGS:
        if count := totals.flagged(flag, *([OutcomeCode.PERMIT] if permitted else [])):
            yield Finding(code, f"{uses(count)} {words}.")
    yield from _break_glass(totals)
    # 3. of what the record discloses and no longer holds
    if totals.finer:
        text = f"Times or token counts that are finer than the disclosure profile allows: {totals.finer}."
        yield Finding("disclosure.finer", text)
    if refused := totals.word(Kind.RELEASE, ReleaseVerdict.REFUSED):
        text = f"A releasing officer refused {refused} bundles; the reasons stand in their entries as classes."
        yield Finding("release.refused", text)
    erased, cap = totals.counted(Kind.ERASURE), agreed.agreement.disclosure.erasure_cap(totals.entries)
    if erased > cap:
        text = f"{erased} erasures, where {cap} of {totals.entries} entries may be erased."
        yield Finding("erasures.exceeded", text)


def uses(count: int) -> str:
    return f"{count} use{'s' * (count != 1)}"


def calls(count: int) -> str:
    return f"{count} call{'s' * (count != 1)}"


def _dates(agreed: Agreed, totals: Totals) -> Iterator[Finding]:
    if not totals.entries:
        return
    first, last = (datetime.fromtimestamp(t, UTC).date() for t in (totals.first, totals.last))
    begins, until = agreed.agreement.begins, agreed.agreement.until
    if first < begins:
        yield Finding(Code.NOT_BEGUN, f"The record begins on {first}, before the agreement took effect on {begins}.")
    if until is not None and last > until:
        yield Finding(Code.EXPIRED, f"The record goes on to {last}; the agreement's term ended on {until}.")


def _break_glass(totals: Totals) -> Iterator[Finding]:
    started = totals.word(Kind.EXCEPTION, ExceptionAct.BREAK_GLASS_STARTED)
    ended = totals.word(Kind.EXCEPTION, ExceptionAct.BREAK_GLASS_ENDED)
    served = totals.flagged(Flag.BREAK_GLASS)
    if started or ended or served:
        text = (
            f"Break-glass was started {started} and ended {ended} times; {uses(served)} decided meanwhile stand in the "
            "record, and it cannot say how many do not."
        )
        yield Finding("break_glass", text)
