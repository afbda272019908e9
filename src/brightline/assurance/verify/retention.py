"""Whether content was erased as scheduled before the schedule ended it.

An erasure of reason `retention` ends all content up to the entry that it names, and counts once, so the cap on erasures
does not hold it: the schedule must. Compared are days, which are all that is kept of the entries' times: at most one
number a day, and so bounded whatever a hostile log says.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brightline.agreement import Agreement
from brightline.assurance.verify.columns import Columns, bodies
from brightline.assurance.verify.result import Finding
from brightline.record.body import ErasureReason
from brightline.record.entry import Kind

DAY = 86_400


class Schedule:
    """`early`: erasures by schedule of what was younger than it says; `where`: the first of them."""

    __slots__ = ("_begins", "_content", "_days", "_step", "early", "where")

    def __init__(self, agreement: Agreement) -> None:
        self._content, self._step = agreement.retention.content_days, agreement.disclosure.time_seconds
        self._days, self._begins = np.zeros(0, np.int64), np.zeros(0, np.int64)  # each day, and its first entry
        self.early, self.where = 0, 0

    def read(self, c: Columns) -> None:
        """The next entries; step 5 holds of them, so days only grow and `erased` lies before its own entry."""
        days = c.time.astype(np.int64) // DAY
        before = self._days[-1:] if len(self._days) else days[:1] - 1
        begins = np.flatnonzero(np.diff(days, prepend=before))
        self._days = np.concatenate((self._days, days[begins]))
        self._begins = np.concatenate((self._begins, begins + c.first))
        rows = np.flatnonzero(c.kind == Kind.ERASURE)
        body = bodies(Kind.ERASURE, c.raw, rows)
        rows, body = rows[body["reason"] == ErasureReason.RETENTION], body[body["reason"] == ErasureReason.RETENTION]
        if not len(rows):
            return
        made = self._days[np.searchsorted(self._begins, body["erased"].astype(np.int64), side="right") - 1]
        # A time was rounded down to its step: the erasure was made at most one second less than a step after it.
        ordered = (c.time[rows].astype(np.int64) + self._step - 1) // DAY
        early = rows[made + self._content > ordered]
        if len(early) and not self.early:
            self.where = c.first + int(early[0])
        self.early += len(early)

    def findings(self) -> Iterator[Finding]:
        if self.early:
            text = (
                f"{self.early} erasures by schedule, first entry {self.where}, ended content that was not "
                f"{self._content} days old."
            )
            yield Finding("retention.early", text)
