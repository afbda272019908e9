"""Step 9: what the entries come to. Nothing here fails: the laws were kept, so the entries can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from brightline.agreement import Disclosure
from brightline.assurance.verify.agreed import DEFAULT_DENY, Agreed
from brightline.assurance.verify.columns import CLAUSES, Columns, bodies
from brightline.record.body import (
    ENGINE_TOKENS,
    MAX_TOKENS,
    ChangeSubject,
    ClockEvent,
    ExceptionAct,
    OutcomeStatus,
    ReleaseVerdict,
    Verdict,
)
from brightline.record.entry import LAST_SECOND, MAX_CLAUSES, Flag, Kind, OutcomeCode

CODES: Final = len(OutcomeCode)
DECIDED: Final = (OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY)
_WORDS: Final[Mapping[Kind, tuple[str, str, type[IntEnum]]]] = {
    Kind.APPROVAL: ("approvals", "verdict", Verdict),
    Kind.EXCEPTION: ("exceptions", "act", ExceptionAct),
    Kind.CHANGE: ("changes", "subject", ChangeSubject),
    Kind.CLOCK: ("clock", "event", ClockEvent),
    Kind.RELEASE: ("releases", "verdict", ReleaseVerdict),
}
"""Kinds that are counted by one word of their body: the name of the count, the field, its words."""

_TIMES: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.APPROVAL: ("until",),
    Kind.EXCEPTION: ("since", "until"),
    Kind.EPOCH: ("since", "until"),
    Kind.CLOCK: ("seconds",),
}
"""Times in bodies."""

_FLAGS: Final = tuple(Flag)
_FLAG_BITS: Final = np.array(_FLAGS, np.int64)
_BITS: Final = np.unpackbits(np.arange(256, dtype=np.uint8)[np.newaxis], axis=0, bitorder="little").astype(np.int64)
"""Bit i of each byte value: row i, column value."""

Table = npt.NDArray[np.int64]


class Totals:
    """Counts over the entries so far. Clauses are counted for decisions under the agreed terms only."""

    def __init__(self, agreed: Agreed) -> None:
        self._agreed = agreed
        self._terms = np.frombuffer(agreed.terms, np.uint64)
        self.entries = 0
        self.first = self.last = 0
        self.finer = 0
        self.tokens = [0, 0]
        self.kinds: Table = np.zeros(256, np.int64)
        self.statuses: Table = np.zeros(256, np.int64)
        self.estimated = 0
        self.activities: Table = np.zeros(65536 * CODES, np.int64)
        self.flags: Table = np.zeros((len(_FLAGS), CODES), np.int64)
        self.clauses: Table = np.zeros((64, 256 * CODES), np.int64)  # by byte of the clauses: value and outcome
        self.no_clause: Table = np.zeros(CODES, np.int64)
        self.other_terms: Table = np.zeros(CODES, np.int64)
        self.words: dict[Kind, Table] = {kind: np.zeros(256, np.int64) for kind in _WORDS}

    def read(self, c: Columns) -> None:
        if not self.entries:
            self.first = int(c.time[0])
        self.entries += len(c.kind)
        self.last = int(c.time[-1])
        self.kinds += np.bincount(c.kind, minlength=256)
        for kind, (_, name, _) in _WORDS.items():
            if len(rows := np.flatnonzero(c.kind == kind)):
                self.words[kind] += np.bincount(bodies(kind, c.raw, rows)[name], minlength=256)
        self._decisions(c)
        self._outcomes(c)

    def _decisions(self, c: Columns) -> None:
        rows = c.decisions
        outcome = c.outcome[rows].astype(np.int64)
        _add(self.activities, c.activity[rows].astype(np.int64) * CODES + outcome)
        counts = np.bincount(c.flags[rows].astype(np.int64) * CODES + outcome)
        marks, codes = np.divmod(used := np.flatnonzero(counts), CODES)  # mostly a few sets of flags
        marked = (marks[:, np.newaxis] & _FLAG_BITS != 0) * counts[used, np.newaxis]
        for code in DECIDED:
            self.flags[:, code] += marked[codes == code].sum(axis=0)
        # Clauses have names under the agreed terms alone.
        agreed = c.under(self._terms)[rows]
        _add(self.other_terms, outcome[~agreed])
        rows, outcome = rows[agreed], outcome[agreed]
        clauses = c.raw[:, CLAUSES]
        for byte in np.flatnonzero(c.clauses.view(np.uint8)).tolist():  # of 64 bytes mostly a few
            values = clauses[rows, byte].astype(np.int64)
            self.clauses[byte] += np.bincount(values * CODES + outcome, minlength=256 * CODES)
        _add(self.no_clause, outcome[c.clauseless[rows]])

    def _outcomes(self, c: Columns) -> None:
        body = c.settled
        self.statuses += np.bincount(body["status"], minlength=256)
        self.estimated += int((c.flags[c.outcomes] & np.uint32(Flag.ESTIMATED) != 0).sum())
        self.tokens[0] += int(body["input_tokens"].sum(dtype=np.int64))
        self.tokens[1] += int(body["output_tokens"].sum(dtype=np.int64))
        self.finer += finer(c, self._agreed.agreement.disclosure)

    def flagged(self, flag: Flag, *codes: OutcomeCode) -> int:
        """Decisions with this flag, of these outcomes; of all where none is named."""
        return int(self.flags[_FLAGS.index(flag), list(codes or DECIDED)].sum())

    def outcomes(self) -> dict[str, int]:
        return _by_outcome(self.activities.reshape(-1, CODES).sum(axis=0))

    def counted(self, kind: Kind) -> int:
        return int(self.kinds[kind])

    def word(self, kind: Kind, word: IntEnum) -> int:
        return int(self.words[kind][word])

    def to_json(self) -> dict[str, Any]:
        """`totals` of `brightline verify --json`: docs/reference/evidence.md."""
        by_activity = self.activities.reshape(-1, CODES)
        used = np.flatnonzero(by_activity.any(axis=1)).tolist()
        return {
            "entries": self.entries,
            "from": iso(self.first) if self.entries else None,
            "to": iso(self.last) if self.entries else None,
            "kinds": {k.name.lower(): self.counted(k) for k in Kind if self.kinds[k]},
            "decisions": self.counted(Kind.DECISION),
            "outcomes": self.outcomes(),
            "clauses": self._by_clause(),
            "activities": {self._agreed.activity(rank): _by_outcome(by_activity[rank]) for rank in used},
            "other_terms": _by_outcome(self.other_terms),
            "statuses": {s.name.lower(): int(self.statuses[s]) for s in OutcomeStatus if self.statuses[s]},
            "tokens": {"input": self.tokens[0], "output": self.tokens[1], "estimated_calls": self.estimated},
            "flags": {f.name.lower(): self._by_flag(f) for f in Flag if f.name and self.flagged(f)},
            "erasures": self.counted(Kind.ERASURE),
            **{
                name: {w.name.lower(): self.word(kind, w) for w in words if self.word(kind, w)}
                for kind, (name, _, words) in _WORDS.items()
            },
        }

    def _by_clause(self) -> dict[str, dict[str, int]]:
        """Every agreed clause, those that never decided too: a clause that never fires is worth seeing."""
        by_rank: Table = np.zeros((MAX_CLAUSES, CODES), np.int64)
        for byte in np.flatnonzero(self.clauses.any(axis=1)).tolist():
            by_rank[byte * 8 : byte * 8 + 8] = _BITS @ self.clauses[byte].reshape(256, CODES)
        ranks = np.flatnonzero(by_rank.any(axis=1)).tolist()
        if self._agreed.clauses is not None:
            ranks = list(range(len(self._agreed.clauses)))
        found = {self._agreed.clause(rank): _by_outcome(by_rank[rank]) for rank in ranks}
        return {**found, DEFAULT_DENY: _by_outcome(self.no_clause)}

    def _by_flag(self, flag: Flag) -> dict[str, int]:
        return {code.name.lower(): self.flagged(flag, code) for code in DECIDED}


def finer(c: Columns, disclosure: Disclosure) -> int:
    """How many times and token counts tell more than the disclosure profile allows: they are no whole steps of it."""
    step = np.uint64(disclosure.time_seconds)
    found = int((c.time % step != 0).sum())
    for kind, times in _TIMES.items():
        if len(rows := np.flatnonzero(c.kind == kind)):
            body = bodies(kind, c.raw, rows)
            found += sum(int((body[name].astype(np.uint64) % step != 0).sum()) for name in times)
    if len(rows := np.flatnonzero(c.kind == Kind.ENGINE)):
        body = bodies(Kind.ENGINE, c.raw, rows)
        found += sum(
            int((body[name].astype(np.uint64) % np.uint64(disclosure.tokens) != 0).sum()) for name in ENGINE_TOKENS
        )
    for name in ("input_tokens", "output_tokens"):
        tokens = c.settled[name].astype(np.uint32)
        found += int(((tokens % np.uint32(disclosure.tokens) != 0) & (tokens != MAX_TOKENS)).sum())
    return found


def _add(table: Table, places: npt.NDArray[Any]) -> None:
    found = np.bincount(places)
    table[: len(found)] += found


def _by_outcome(row: Table) -> dict[str, int]:
    return {code.name.lower(): int(row[code]) for code in DECIDED}


def iso(seconds: int) -> str:
    """A time in words. A witness can cosign at a time that no calendar writes (up to 2**63 - 1)."""
    if seconds > LAST_SECOND:
        return f"{seconds} seconds after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
