"""Step 11: how complete the record is, in words, and what the agreement says follows.

C0 to C2 are computed from the entries (`completeness`); a grade that an epoch entry claims is never believed. C3 and
C4, measured boot and attested hardware, are documented interfaces: no bundle shows them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from brightline.assurance.verify.agreed import Agreed
from brightline.assurance.verify.completeness import MILLION, Completeness, Verdict
from brightline.assurance.verify.result import Finding
from brightline.assurance.verify.totals import iso
from brightline.assurance.verify.witnesses import Cosigned

_SHOWS: Final[Mapping[str, str]] = {
    "C0": "Grade C0, gateway only. Shown: what the log recorded was decided under the agreed terms, and has not been "
    "changed since the checkpoint was signed.",
    "C1": "Grade C1, reconciled. Shown, beside what C0 shows: in every epoch ({epochs}) the tokens that the engine "
    "counted are those of the recorded calls.",
    "C2": "Grade C2, receipts. Shown, beside what C1 shows: in each epoch the guard before the engine accepted one "
    "receipt of this log for each answered call.",
}
_NEITHER: Final = (
    "whether what was declared of a use is true; that the gateway ran the program it should; that its clock is right."
)
_SHOWS_NOT: Final[Mapping[str, str]] = {
    "C0": "Not shown: calls that never passed the gateway; " + _NEITHER,
    "C1": "Not shown: calls to another engine, or to one whose counters lie: the gateway reads them, on the customer's "
    "machine; " + _NEITHER,
    "C2": "Not shown: another engine, another way to this one, or counters that lie: gateway, guard and engine are all "
    "on the customer's machines; " + _NEITHER,
}
_NEWEST: Final = (
    "Nor that this is the newest state of the log: keep this bundle's checkpoint and give it the next time."
)
_SEEN: Final = "{witness} saw no later or other state of it until {time}."
_GREW: Final = "The log goes on from {kept}."
_FINDINGS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.SHORTFALL: ("record.shortfall", "the engine counted more tokens than the record shows"),
    Verdict.EXCESS: ("completeness.excess", "the record shows more tokens than the engine counted"),
    Verdict.CONTRADICTS: ("completeness.contradicts", "the sums that the gateway stated are not those of the entries"),
    Verdict.UNCERTAIN: ("completeness.uncertain", "engine or gateway began anew, or more was in doubt than tolerated"),
    Verdict.SILENT: ("completeness.silent", "the gateway stated nothing of the engine's counters"),
}


def words(agreed: Agreed, found: Completeness, entries: int, kept: int, seen: Sequence[Cosigned]) -> str:
    """The text of step 11; `kept`: how many earlier checkpoints the entries were compared with; `seen`: by which known
    witnesses it was cosigned."""
    grade = found.grade
    checkpoints = (
        "the earlier checkpoint that you kept" if kept == 1 else f"the {kept} earlier checkpoints that you kept"
    )
    newest = _GREW.format(kept=checkpoints) if kept else _NEWEST
    shows = [_SHOWS[grade].format(epochs=found.epochs), *_measured(found, entries)]
    said = [*shows, newest, _SHOWS_NOT[grade]] if kept else [*shows, _SHOWS_NOT[grade], newest]
    said += [_SEEN.format(witness=c.witness, time=iso(c.time)) for c in seen]
    return " ".join([*said, _follows(agreed, f"grade.{grade}")])


def _follows(agreed: Agreed, code: str) -> str:
    """What the agreement says of this grade. Its row `other` is for findings, and a good grade is none."""
    if code not in agreed.agreement.consequences and code != "grade.C0":
        return "The agreement says nothing of this grade."
    return f"The agreement says: {agreed.follows(code)}"


def findings(found: Completeness) -> Iterator[Finding]:
    """What keeps the record from a higher grade; nothing where the gateway never spoke of an engine."""
    if found.counts[Verdict.SILENT] == found.epochs:
        return
    if found.refused:
        text = f"The guard before the engine refused {found.refused} calls that came without a good receipt."
        yield Finding("engine.refused", text)
    for verdict, (code, text) in _FINDINGS.items():
        if count := found.counts[verdict]:
            yield Finding(
                code, f"In {_epochs(count)} of {found.epochs}, first in that of entry {found.first[verdict]}, {text}."
            )


def _measured(found: Completeness, entries: int) -> Iterator[str]:
    """The figures behind the grade, and which entries it leaves out."""
    if found.counts[Verdict.SILENT] == found.epochs:
        return
    agreed = found.counts[Verdict.AGREES]
    share = f" ({_per_cent(found.hole, found.engine)})" if found.engine else ""
    yield (
        f"In {agreed} of {_epochs(found.epochs)} the figures agree. The engine counted {found.engine} tokens, "
        f"{abs(found.gap)} {'more' if found.gap >= 0 else 'fewer'} than were recorded; at most {found.hole}{share} "
        "could have passed unseen: the tolerance, rounding, calls under way and estimates."
    )
    if after := entries - found.through - 1:
        yield f"Entries after the last epoch that was judged: {after}; for them only C0 holds."


def _epochs(count: int) -> str:
    return f"{count} epoch{'s' * (count != 1)}"


def _per_cent(part: int, whole: int) -> str:
    """Rounded up: a hole is never said to be smaller than it is."""
    return f"{-(-part * MILLION // whole) / 10_000:.4g} %"
