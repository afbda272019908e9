"""An audit is a replay: the agreed terms decide the opened facts again, and say what the entry says, or not.

This shows that the terms were applied rightly to the facts recorded. Whether the facts fit the content only a reader
can say, so whoever replays should read some too.
"""

from __future__ import annotations

from collections.abc import Sequence

from brightline.assurance.audit.opened import Private
from brightline.assurance.audit.statements import Verdict
from brightline.errors import BrightlineError
from brightline.record.entry import Flag, OutcomeCode
from brightline.record.use import recorded_use
from brightline.terms import Terms, decide

_ELSEWHERE = int(Flag.ALTERNATIVE | Flag.DISAGREED | Flag.FAILED)


def replayed(private: Private, terms: Terms, performable: Sequence[str], models: Sequence[str] = ()) -> Verdict | None:
    """Whether deciding again gives the entry's outcome and clauses.

    performable: the duties that the gateway could undertake. models: names that the agreement gives the entry's model.
    None where a replay cannot say: the decision was made on readings that the record does not keep, or the two readings
    of the terms disagreed. `unclear` where the facts cannot be read.
    """
    entry = private.entry
    if entry.flags & _ELSEWHERE:
        return None
    words = terms.scope.vocabulary
    if entry.terms.hex() != terms.digest.removeprefix("sha256:") or not 1 <= entry.activity <= len(words.activities):
        return Verdict.WRONG
    activity = list(words.activities)[entry.activity - 1]
    try:
        use = recorded_use(words, activity, private.fields, models[0] if models else "")
        decision = decide(terms, use, performable)
    except BrightlineError:
        return Verdict.UNCLEAR
    same = OutcomeCode[decision.outcome.name] == entry.outcome
    bits = sum(1 << terms.rank[c] for c in decision.clauses if c in terms.rank)
    return Verdict.RIGHT if same and bits == entry.clauses else Verdict.WRONG
