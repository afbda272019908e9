"""Step 7: every decision was made under the terms that both signed, and names only what those terms know.

A decision under other terms is a finding and fails the step, whether or not a change entry announces those terms: what
one side announces, the other has not agreed to. The text says which of the two it was.
"""

from __future__ import annotations

import numpy as np

from brightline.assurance.verify.agreed import Agreed
from brightline.assurance.verify.columns import BODY, Columns, Rows
from brightline.errors import RecordError
from brightline.record.body import ChangeSubject
from brightline.record.entry import MAX_CLAUSES, Flag, Kind, OutcomeCode

_DIGEST = slice(BODY + 1, BODY + 33)  # of a change, after its u8 subject


class UnderTerms:
    """`drifted`: decisions under other terms; `announced`: those that the latest change of terms names."""

    __slots__ = (
        "_activities",
        "_agreed",
        "_allowed",
        "_clauses",
        "_last",
        "announced",
        "decisions",
        "drifted",
        "first_drift",
        "other",
    )

    def __init__(self, agreed: Agreed) -> None:
        self._agreed = np.frombuffer(agreed.terms, np.uint64)
        self._activities = None if agreed.activities is None else len(agreed.activities)
        self._clauses = MAX_CLAUSES if agreed.clauses is None else len(agreed.clauses)
        known = ((1 << self._clauses) - 1).to_bytes(64, "little")
        self._allowed = np.frombuffer(known, np.uint64)
        self._last = bytes(32)  # digest of the latest change of terms
        self.decisions = self.drifted = self.announced = 0
        self.first_drift: int | None = None
        self.other: bytes | None = None

    def read(self, c: Columns) -> None:
        """Raises RecordError where a decision under the agreed terms says what those cannot say."""
        rows = c.decisions
        self.decisions += len(rows)
        changes = self._changes(c)
        drift = ~c.under(self._agreed)[rows]
        if drift.any():
            self._drift(c, rows[drift], changes)
            rows = rows[~drift]
        if len(changes):
            self._last = c.raw[changes[-1], _DIGEST].tobytes()
        self._contradictions(c, rows)

    def _changes(self, c: Columns) -> Rows:
        """Rows of the changes of terms."""
        return np.flatnonzero((c.kind == Kind.CHANGE) & (c.raw[:, BODY] == ChangeSubject.TERMS))

    def _drift(self, c: Columns, rows: Rows, changes: Rows) -> None:
        if self.first_drift is None:
            self.first_drift = c.first + int(rows[0])
            self.other = c.raw[rows[0], 88:120].tobytes()
        self.drifted += len(rows)
        # The digests that held in turn: what the last chunk ended with, then each change of this one.
        held = np.concatenate([np.frombuffer(self._last, np.uint8)[np.newaxis], c.raw[changes, _DIGEST]])
        governing = held[np.searchsorted(changes, rows)]
        self.announced += int((governing == c.raw[rows, 88:120]).all(axis=1).sum())

    def _contradictions(self, c: Columns, rows: Rows) -> None:
        permitted = c.outcome[rows] == OutcomeCode.PERMIT
        if (c.clauses & ~self._allowed).any():
            text = f"it names a clause of a rank that the {self._clauses} agreed clauses do not have"
            c.none(c.words[rows, 3:11] & ~self._allowed != 0, text, rows)
        if self._activities is not None:
            text = "it names an activity of a rank that the agreed vocabulary does not have"
            c.none(c.activity[rows] > self._activities, text, rows)
        c.none(permitted & c.clauseless[rows], "it is permitted and names no clause that permits it", rows)
        c.none(permitted & (c.activity[rows] == 0), "it is permitted and names no activity", rows)
        failed = c.flags[rows] & int(Flag.FAILED | Flag.DISAGREED) != 0
        c.none(permitted & failed, "it is permitted though deciding it failed, or two readings disagreed", rows)

    def finish(self) -> None:
        """Raises RecordError where a decision was made under other terms."""
        if self.first_drift is None or self.other is None:
            return
        silent = self.drifted - self.announced
        how = "all announced by a change entry" if not silent else f"{silent} of them announced by no change entry"
        raise RecordError(
            f"{self.drifted} of {self.decisions} decisions were made under other terms than those agreed, {how}; "
            f"the first is under sha256:{self.other.hex()}",
            place=f"entry {self.first_drift}",
        )
