"""Step 9: each epoch follows the one before, and what is opened of it is what its entry committed to.

E1  Epochs are numbered 1, 2, 3, …; there are at most MAX_EPOCHS.
E2  An epoch begins with the entry after the last epoch's, the first one with entry 0: so it is all that lies between.
E3  It begins when the last one ended, and ends neither before that nor after its own entry was made.
E4  An opening is of an epoch's entry, and its leaves give the entry's commitment.
E5  An opened statement of a known name has the form of its name (`statements`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from brightline.agreement import Disclosure
from brightline.assurance.verify.columns import Columns, bodies, refuse
from brightline.assurance.verify.result import Finding
from brightline.assurance.verify.statements import KNOWN, read_statement
from brightline.assurance.verify.totals import iso
from brightline.record.body import ClockSource, Grade
from brightline.record.entry import Kind
from brightline.record.opening import Opened

MAX_EPOCHS: Final = 10_000
_COMMITMENT: Final = slice(152, 184)
_COUNTS: Final = ("decisions", "outcomes", "input_tokens", "output_tokens")


@dataclass(slots=True)
class Epoch:
    """Entries first..last, `last` being the epoch's own; what they come to, what the engine counted, what is stated."""

    number: int
    first: int
    last: int
    since: int
    until: int
    logged: dict[str, int]
    engine: tuple[int, int]
    claimed: Grade
    clock: ClockSource
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "first": self.first,
            "last": self.last,
            "from": iso(self.since),
            "to": iso(self.until),
            **self.logged,
            "engine_input_tokens": self.engine[0],
            "engine_output_tokens": self.engine[1],
            "claimed": self.claimed.name,
            "clock": self.clock.name.lower(),
            "statements": self.statements,
        }


class Epochs:
    """Reads chunk after chunk. `all`: the epochs so far; `unread`: opened statements of names that are not known."""

    __slots__ = ("_agreed", "_openings", "_running", "_since", "all", "more", "unread")

    def __init__(self, openings: Sequence[Opened], disclosure: Disclosure) -> None:
        self._openings, self._agreed = list(reversed(openings)), frozenset(map(str, disclosure.statements))
        self._running = dict.fromkeys(_COUNTS, 0)
        self.all: list[Epoch] = []
        self.unread: set[str] = set()
        self.more: set[str] = set()

    def read(self, c: Columns) -> None:
        """Raises RecordError naming the entry that breaks a law of epochs, or whose opening does not fit."""
        # 1. epochs, each with what was logged since the last one
        rows = np.flatnonzero(c.kind == Kind.EPOCH)
        start = 0
        for row, body in zip(rows.tolist(), bodies(Kind.EPOCH, c.raw, rows), strict=True):
            self._count(c, start, row)
            self._close(c.first + row, int(c.time[row]), body)
            start = row
        self._count(c, start, len(c.kind))
        # 2. openings of these entries
        end = c.first + len(c.kind)
        while self._openings and self._openings[-1].entry < end:
            opened = self._openings.pop()
            self._open(opened, int(c.kind[opened.entry - c.first]), c.raw[opened.entry - c.first].tobytes())

    def _count(self, c: Columns, start: int, end: int) -> None:
        first, last = np.searchsorted(c.outcomes, (start, end))
        settled = c.settled[first:last]
        self._running["decisions"] += int(np.diff(np.searchsorted(c.decisions, (start, end)))[0])
        self._running["outcomes"] += len(settled)
        for name in ("input_tokens", "output_tokens"):
            self._running[name] += int(settled[name].sum(dtype=np.int64))

    def _close(self, index: int, time: int, body: np.void) -> None:
        number, first, since, until = (int(body[name]) for name in ("number", "first", "since", "until"))
        last = self.all[-1] if self.all else None
        if number != len(self.all) + 1 or number > MAX_EPOCHS:
            refuse(index, f"it ends epoch {number}, where {len(self.all)} ended before, of at most {MAX_EPOCHS}")
        if first != (last.last + 1 if last else 0):
            refuse(index, "its epoch does not begin where the last one ended: entries would be counted twice or never")
        if (last and since != last.until) or not since <= until <= time:
            refuse(index, "its epoch's times do not follow the last one's, or lie after its own entry")
        engine = int(body["engine_input_tokens"]), int(body["engine_output_tokens"])
        grade, clock = Grade(int(body["grade"])), ClockSource(int(body["clock"]))
        self.all.append(Epoch(number, first, index, since, until, self._running, engine, grade, clock))
        self._running = dict.fromkeys(_COUNTS, 0)

    def _open(self, opened: Opened, kind: int, entry: bytes) -> None:
        if kind != Kind.EPOCH:
            refuse(opened.entry, "it is opened in the bundle, and only entries of epochs may be")
        if opened.commitment() != entry[_COMMITMENT]:
            refuse(opened.entry, "what is opened of it is not what it committed to")
        epoch = next(e for e in reversed(self.all) if e.last == opened.entry)
        for shown in opened.shown:
            if shown.name not in self._agreed:
                self.more.add(shown.name)
            if shown.name in KNOWN:
                epoch.statements[shown.name] = read_statement(shown.name, shown.value)
            else:
                self.unread.add(shown.name)

    def findings(self) -> Iterator[Finding]:
        if self.unread:
            text = (
                f"Statements that this program does not know are proven and not read: {', '.join(sorted(self.unread))}."
            )
            yield Finding("statement.unknown", text)
        if self.more:
            text = f"Statements that the disclosure profile does not name are shown: {', '.join(sorted(self.more))}."
            yield Finding("disclosure.more", text)
        passed = [e for e in self.all if e.statements.get("meters", {}).get("at_hard")]
        if passed:
            meters = passed[0].statements["meters"]
            text = (
                f"Meters reached the limit of {meters['hard']} in {len(passed)} epochs, first in epoch "
                f"{passed[0].number}: {meters['at_hard']} of {meters['scopes']} counts over {meters['sites']} sites."
            )
            yield Finding("limit.exceeded", text)
        if unsure := [e.number for e in self.all if e.statements.get("meters", {}).get("exact") is False]:
            text = (
                f"The meters of {len(unsure)} epochs, first of epoch {unsure[0]}, are lower bounds: more is possible."
            )
            yield Finding("meters.bounded", text)
