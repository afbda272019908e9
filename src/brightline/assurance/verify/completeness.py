"""Grades C0 to C2: are the calls in the record all the calls that the engine answered? (DESIGN section 7)

After each epoch entry the gateway states in an engine entry what it counted and what the engine counted meanwhile.
Law, for input and for output tokens alike, with all sums in steps of the disclosure profile:

    gap     = engine's - recorded
    allowed = engine's * tolerance + one step             (each of the two sums is rounded by half a step at most)
    doubt   = tokens of calls under way at either end of the epoch, and of calls whose tokens were estimated
    it agrees iff |gap| <= allowed + doubt, doubt <= allowed, and nothing began anew meanwhile

`allowed + doubt` is the hole: that much can have gone round the gateway unseen. It is never more than twice `allowed`.
The recorded sums are held against the entries themselves, within half a step a call, so they cannot be made up.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from brightline.agreement import Disclosure
from brightline.assurance.verify.columns import Columns, bodies
from brightline.record.body import EngineBody
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import Kind

TOLERANCE: Final = 4_000
"""Parts per million of the engine's tokens: what a gateway states unless it is set otherwise. With the doubt, which
is never more, one part in 125: a bypass of 1 % does not fit into it."""
MAX_TOLERANCE: Final = 10_000
"""Past this an epoch is not called complete, whatever the operator states."""
MILLION: Final = 1_000_000


class Verdict(StrEnum):
    """What an epoch's figures come to."""

    AGREES = "agrees"
    SHORTFALL = "shortfall"  # the engine counted more than the record shows: calls went round the gateway
    EXCESS = "excess"  # the record shows more than the engine counted: these are not that engine's counters
    CONTRADICTS = "contradicts"  # the sums stated are not those of the entries
    UNCERTAIN = "uncertain"  # the engine or the gateway began anew, or more is in doubt than the tolerance
    SILENT = "silent"  # an epoch without a statement


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the entries of an epoch come to: calls that ended in it, and their tokens as recorded."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Judged:
    """An epoch's verdict. gap: tokens that the engine counted beyond the record; hole: what could hide; engine: all."""

    verdict: Verdict
    gap: int
    hole: int
    engine: int
    guarded: bool


def judge(stated: EngineBody, recorded: Recorded, step: int) -> Judged:
    """The verdict on one epoch. step: `disclosure.tokens`. Pure: the same figures give the same verdict."""
    rounding = 2 * (step // 2)
    tolerance = min(stated.tolerance, MAX_TOLERANCE)
    found = [Verdict.UNCERTAIN] if stated.tolerance > MAX_TOLERANCE or stated.resets else []
    gaps = holes = 0
    for engine, logged, doubt, entries in (
        (stated.engine_input_tokens, stated.input_tokens, stated.doubt_input_tokens, recorded.input_tokens),
        (stated.engine_output_tokens, stated.output_tokens, stated.doubt_output_tokens, recorded.output_tokens),
    ):
        gap, allowed = engine - logged, engine * tolerance // MILLION + rounding
        gaps, holes = gaps + gap, holes + allowed + doubt
        beyond = logged - entries if stated.resets else abs(logged - entries)  # began anew, it knows of a part only
        if beyond > recorded.calls * (step // 2) + rounding // 2:
            found.append(Verdict.CONTRADICTS)
        if gap > allowed + doubt:
            found.append(Verdict.SHORTFALL)
        elif gap < -allowed - doubt and not stated.resets:
            found.append(Verdict.EXCESS)
        if doubt > allowed:
            found.append(Verdict.UNCERTAIN)
    verdict = min(found, key=_WORST.index, default=Verdict.AGREES)
    engine = stated.engine_input_tokens + stated.engine_output_tokens
    return Judged(verdict, gaps, holes, engine, bool(stated.guarded))


_WORST: Final = (Verdict.CONTRADICTS, Verdict.SHORTFALL, Verdict.EXCESS, Verdict.UNCERTAIN)


class Completeness:
    """Reads epoch and engine entries as they pass; keeps one epoch at a time, and counts."""

    __slots__ = (
        "_before",
        "_epoch",
        "_step",
        "_sums",
        "counts",
        "engine",
        "first",
        "gap",
        "hole",
        "refused",
        "through",
        "unguarded",
    )

    def __init__(self, disclosure: Disclosure) -> None:
        self._step = disclosure.tokens
        self._sums = Recorded()  # of all entries so far
        self._before = Recorded()  # of all entries before the latest epoch entry
        self._epoch: tuple[int, Recorded] | None = None  # the latest epoch entry that nobody has spoken of
        self.counts = dict.fromkeys(Verdict, 0)
        self.first = dict.fromkeys(Verdict, 0)  # the epoch entry of the first with that verdict
        self.engine = self.gap = self.hole = self.unguarded = self.refused = 0
        self.through = 0  # entries up to here belong to epochs that are judged

    def read(self, c: Columns) -> None:
        """The next entries, which keep the laws of step 5."""
        rows = np.flatnonzero((c.kind == Kind.EPOCH) | (c.kind == Kind.ENGINE))
        done = 0
        for row in rows.tolist():
            until = int(np.searchsorted(c.outcomes, row))
            self._sums, done = _plus(self._sums, c, done, until), until
            if c.kind[row] == Kind.EPOCH:
                self._close(c.first + row)
            else:
                body = unpack_body(Kind.ENGINE, bodies(Kind.ENGINE, c.raw, np.array([row])).tobytes())
                assert isinstance(body, EngineBody)  # noqa: S101 - by its kind
                self._state(body)
        self._sums = _plus(self._sums, c, done, len(c.outcomes))

    def _close(self, index: int) -> None:
        if self._epoch is not None:
            self._count(self._epoch[0], Verdict.SILENT)
        now, before = self._sums, self._before
        within = (now.calls - before.calls, now.input_tokens - before.input_tokens)
        self._epoch = index, Recorded(*within, now.output_tokens - before.output_tokens)
        self._before = now

    def _state(self, body: EngineBody) -> None:
        """A statement on anything but the latest epoch, or a second one, is none."""
        if self._epoch is None or self._epoch[0] != body.epoch:
            self._count(body.epoch, Verdict.CONTRADICTS)
            return
        index, recorded = self._epoch
        judged = judge(body, recorded, self._step)
        self._epoch = None
        self._count(index, judged.verdict)
        self.engine, self.gap, self.hole = self.engine + judged.engine, self.gap + judged.gap, self.hole + judged.hole
        self.unguarded += not guarded(body)
        self.refused += body.refused

    def _count(self, index: int, verdict: Verdict) -> None:
        if not self.counts[verdict]:
            self.first[verdict] = index
        self.counts[verdict] += 1
        self.through = max(self.through, index)

    @property
    def epochs(self) -> int:
        """Epochs judged; the latest waits for its statement and is not among them."""
        return sum(self.counts.values())

    @property
    def grade(self) -> str:
        """The lowest that every epoch reached."""
        if not self.epochs or self.counts[Verdict.AGREES] != self.epochs:
            return "C0"
        return "C1" if self.unguarded else "C2"


def guarded(body: EngineBody) -> bool:
    """Whether a guard stood before the engine, and accepted one receipt for each call that was answered, but for calls
    under way at either end of the epoch."""
    return bool(body.guarded) and abs(body.accepted - body.answered) <= body.under_way


def _plus(sums: Recorded, c: Columns, first: int, last: int) -> Recorded:
    part = c.settled[first:last]
    return Recorded(
        sums.calls + len(part),
        sums.input_tokens + int(part["input_tokens"].sum(dtype=np.int64)),
        sums.output_tokens + int(part["output_tokens"].sum(dtype=np.int64)),
    )
