"""Decisions by calendar month (UTC), and by the clauses that decided: what a report shows beside the totals.

Clauses are counted for decisions under the agreed terms only, as the totals count them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from brightline.assurance.verify.agreed import DEFAULT_DENY, Agreed, read_agreed
from brightline.assurance.verify.bundle import Source, open_bundle
from brightline.assurance.verify.columns import Columns, columns
from brightline.record.entry import ENTRY_BYTES, OutcomeCode

_CODES: Final = (OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY)


@dataclass(slots=True)
class Month:
    """Of one month: decisions by outcome, those that name each clause, calls that ended and their tokens."""

    outcomes: dict[str, int] = field(default_factory=lambda: {c.name.lower(): 0 for c in _CODES})
    clauses: dict[str, int] = field(default_factory=dict)
    calls: int = 0
    tokens: int = 0


def months_of(bundle: Source, agreement: bytes) -> dict[str, Month]:
    """The months of a bundle whose entries could be counted (`verify` gave totals): then their times never run back."""
    months, at = Months(read_agreed(agreement, None)), 0
    for data in open_bundle(bundle).entries():
        months.read(columns(data, at))
        at += len(data) // ENTRY_BYTES
    return months.all


class Months:
    """Reads chunk after chunk."""

    __slots__ = ("_agreed", "_terms", "all")

    def __init__(self, agreed: Agreed) -> None:
        self._agreed, self._terms = agreed, np.frombuffer(agreed.terms, np.uint64)
        self.all: dict[str, Month] = {}

    def read(self, c: Columns) -> None:
        under = c.under(self._terms)
        for name, start, end in _spans(c):
            month = self.all.setdefault(name, Month())
            first, last = np.searchsorted(c.decisions, (start, end))
            rows = c.decisions[first:last]
            for code in _CODES:
                month.outcomes[code.name.lower()] += int((c.outcome[rows] == code).sum())
            self._clauses(c, rows[under[rows]], month)
            first, last = np.searchsorted(c.outcomes, (start, end))
            month.calls += int(last - first)
            for tokens in ("input_tokens", "output_tokens"):
                month.tokens += int(c.settled[first:last][tokens].sum(dtype=np.int64))

    def _clauses(self, c: Columns, rows: Any, month: Month) -> None:
        used = c.clauses.view(np.uint8)
        for byte in np.flatnonzero(used).tolist():
            values = c.raw[rows, 24 + byte]
            for bit in range(8):
                if used[byte] >> bit & 1 and (count := int((values >> bit & 1).sum())):
                    name = self._agreed.clause(byte * 8 + bit)
                    month.clauses[name] = month.clauses.get(name, 0) + count
        if count := int(c.clauseless[rows].sum()):
            month.clauses[DEFAULT_DENY] = month.clauses.get(DEFAULT_DENY, 0) + count


def _spans(c: Columns) -> Iterator[tuple[str, int, int]]:
    """Months of a chunk: name, first row, row after the last."""
    start = 0
    while start < len(c.time):
        at = datetime.fromtimestamp(int(c.time[start]), UTC)
        after = datetime(at.year + at.month // 12, at.month % 12 + 1, 1, tzinfo=UTC) if at.year < 9999 else None
        end = len(c.time) if after is None else int(np.searchsorted(c.time, np.uint64(after.timestamp())))
        yield f"{at:%Y-%m}", start, end
        start = end
