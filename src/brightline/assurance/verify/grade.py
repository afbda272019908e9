"""Step 10: how complete the record is, in words, and what the agreement says follows.

C0 is all that a bundle of this version can show. C1 to C4 add reconciliation with the engine's counters, receipts,
measured boot and attested hardware (DESIGN section 7); a grade that an epoch entry claims is never believed here.
"""

from __future__ import annotations

from brightline.assurance.verify.agreed import Agreed

C0 = "C0"
_SHOWS = (
    "Grade C0, gateway only. Shown: what the log recorded was decided under the agreed terms, and has not been changed "
    "since the checkpoint was signed."
)
_SHOWS_NOT = (
    "Not shown: calls that never passed the gateway; whether what was declared of a use is true; that the gateway ran "
    "the program it should; that its clock is right."
)
_NEWEST = "Nor that this is the newest state of the log: keep this bundle's checkpoint and give it the next time."
_GREW = "The log goes on from {kept}."


def words(agreed: Agreed, kept: int) -> str:
    """The text of step 10; `kept`: how many earlier checkpoints the entries were compared with."""
    checkpoints = (
        "the earlier checkpoint that you kept" if kept == 1 else f"the {kept} earlier checkpoints that you kept"
    )
    newest = _GREW.format(kept=checkpoints) if kept else _NEWEST
    said = [_SHOWS, newest, _SHOWS_NOT] if kept else [_SHOWS, _SHOWS_NOT, newest]
    return " ".join([*said, f"The agreement says: {agreed.follows(f'grade.{C0}')}"])
