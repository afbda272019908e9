"""What times and clock entries say: gaps longer than the agreed heartbeat, steps of the clock, what sets it.

A gateway that is idle writes a beat within the agreed period; so a longer time without any entry is one in which it did
not run, or did not record. Times are rounded down to steps of `s`, so two of them `heartbeat + s` apart were longer
apart than the heartbeat.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from brightline.agreement import Disclosure
from brightline.assurance.verify.columns import BODY, Columns, bodies
from brightline.assurance.verify.result import Finding
from brightline.record.body import ClockEvent, ClockSource
from brightline.record.entry import Kind


class Clock:
    """`gaps`: how many; `longest`: seconds of the longest, before entry `where`; `stops`: gaps after an orderly one."""

    __slots__ = ("_last", "_most", "_stopped", "gaps", "largest", "longest", "steps", "stops", "unsure", "where")

    def __init__(self, disclosure: Disclosure) -> None:
        self._most = disclosure.heartbeat_seconds + disclosure.time_seconds
        self._last: int | None = None
        self._stopped = False
        self.gaps = self.stops = self.longest = self.where = 0
        self.steps = self.largest = self.unsure = 0

    def read(self, c: Columns) -> None:
        times = c.time.astype(np.int64)
        before = np.concatenate((times[:1] if self._last is None else [self._last], times[:-1]))
        waits = times - before
        long = np.flatnonzero(waits >= self._most)
        stopped = (c.kind == Kind.CLOCK) & (c.raw[:, BODY] == ClockEvent.STOPPED)
        if len(long):
            after = np.concatenate(([self._stopped], stopped[:-1]))
            self.gaps += len(long)
            self.stops += int(after[long].sum())
            if (most := int(waits[long].max())) > self.longest:
                self.longest, self.where = most, c.first + int(long[waits[long].argmax()])
        self._last, self._stopped = int(times[-1]), bool(stopped[-1])
        rows = np.flatnonzero(c.kind == Kind.CLOCK)
        if len(rows):
            body = bodies(Kind.CLOCK, c.raw, rows)
            self.unsure += int((body["source"] != ClockSource.SYNCHRONISED).sum())
            self.steps += int((body["seconds"] > 0).sum())
            self.largest = max(self.largest, int(body["seconds"].max()))

    def findings(self) -> Iterator[Finding]:
        if self.gaps:
            text = (
                f"{self.gaps} times nothing was recorded for longer than the agreed heartbeat, at most for "
                f"{self.longest} seconds, before entry {self.where}; {self.stops} of them after an orderly stop."
            )
            yield Finding("record.gap", text)
        if self.steps:
            yield Finding("clock.stepped", f"The clock was stepped {self.steps} times, at most by {self.largest} s.")
        if self.unsure:
            text = f"{self.unsure} clock entries do not state that the clock was synchronised."
            yield Finding("clock.unsynchronised", text)
