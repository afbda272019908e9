"""The laws that every entry of a log keeps. Whatever breaks one is refused with its index.

1  Sequences count 0, 1, 2, … without a gap.
2  The entry is a counters entry if and only if its sequence is a multiple of 256; then its body holds the totals of
   all entries before it, and everything but sequence, time, kind and body is zero.
3  Kind, flags and the words of the body are known; outcome is set on decisions and on nothing else; spare bytes are 0.
4  A reference names an earlier entry.
5  An outcome settles a decision that let a call through (permitted, or only observed), each at most once.
6  No call has more than MAX_TOKENS tokens either way: so every delta of the counters is bounded.
7  A change shows digests of what both parties hold; of what is the customer's own it shows none, and has a commitment.
8  Times do not run back, and end with the year 9999. Where the clock does, the log's time stands still.

`State.read` checks them all for many entries at once, as numpy columns; `check_decision`, `check_outcome` and
`check_other` check one entry that is being made.
"""

from __future__ import annotations

from typing import Never

import numpy as np
import numpy.typing as npt

from brightline.errors import RecordError
from brightline.record import body as bodies
from brightline.record.body import (
    DTYPES,
    MAX_TOKENS,
    Act,
    Api,
    ApprovalBody,
    Body,
    ChangeBody,
    ChangeSubject,
    Counters,
    DecisionBody,
    EngineBody,
    EpochBody,
    ErasureBody,
    ExceptionBody,
    OutcomeBody,
    OutcomeStatus,
    ReleaseBody,
)
from brightline.record.entry import (
    ALL_FLAGS,
    BODY_BYTES,
    BUNDLE,
    ENTRY,
    ENTRY_BYTES,
    LAST_SECOND,
    NO_DIGEST,
    Flag,
    Kind,
    OutcomeCode,
)

_BODY = ENTRY_BYTES - BODY_BYTES
_APIS, _ACTS, _STATUSES = len(Api), len(Act), len(OutcomeStatus)  # their codes have no gaps
_REFERENCES = ("parent", "approval", "second_approval", "exception")
_REFERENCE = {
    ApprovalBody: "decision",
    ExceptionBody: "granted",
    ErasureBody: "erased",
    EpochBody: "first",
    EngineBody: "epoch",
}
_KINDS = np.array(list(Kind), np.uint8)
_WORD = "a word of its body is not known"
_TOKENS = f"more than {MAX_TOKENS} tokens in one call"
_LATER = "it names an entry that does not stand before it"

Columns = npt.NDArray[np.void]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]


def check_decision(index: int, body: DecisionBody, outcome: int) -> None:
    """Laws 3 and 4 for a decision that is being made. Raises RecordError."""
    if not OutcomeCode.PERMIT <= outcome <= OutcomeCode.DENY:
        refuse(index, "a decision has an outcome")
    if body.api >= _APIS or body.act >= _ACTS:
        refuse(index, _WORD)
    if body.parent >= index or body.approval >= index or body.second_approval >= index or body.exception >= index:
        refuse(index, _LATER)


def check_outcome(index: int, body: OutcomeBody) -> None:
    """Laws 3 and 6 for an outcome that is being made; who makes it checks law 5. Raises RecordError."""
    if not 1 <= body.status <= _STATUSES:
        refuse(index, _WORD)
    if body.input_tokens > MAX_TOKENS or body.output_tokens > MAX_TOKENS:
        refuse(index, _TOKENS)


def check_other(index: int, body: Body, commitment: bytes) -> None:
    """Laws 3, 4 and 7 for an entry of a rarer kind. Raises RecordError."""
    try:
        bodies.check(body)
    except RecordError as e:
        refuse(index, e.text)
    name = _REFERENCE.get(type(body))
    if name is not None and getattr(body, name) >= index:
        refuse(index, _LATER)
    if isinstance(body, ReleaseBody) and body.size > index:
        refuse(index, "it speaks of a bundle with more entries than stand before it")
    if isinstance(body, ErasureBody) and body.erased % BUNDLE == 0:
        refuse(index, "a counters entry has nothing to erase")
    if isinstance(body, ChangeBody) and not ChangeSubject(body.subject).shared:
        if body.digest != NO_DIGEST or body.previous != NO_DIGEST:
            refuse(index, "a digest of the customer's own register stands in clear, where it could be guessed")
        if commitment == NO_DIGEST:
            refuse(index, "the change says neither in clear nor by a commitment what it changed to")


class State:
    """What a log's entries come to: how many, the time of the last, their totals, and which decisions lack their
    outcome."""

    __slots__ = ("open", "size", "time", "totals")

    def __init__(self) -> None:
        self.size = self.time = 0
        self.totals = Counters()
        self.open: set[int] = set()

    def read(self, data: bytes) -> None:
        """The next entries, in portions of any size: the portions make no difference.

        Raises RecordError naming the index of an entry that breaks a law; then nothing has changed.
        """
        if len(data) % ENTRY_BYTES:
            refuse(self.size + len(data) // ENTRY_BYTES, "it is cut short")
        entries = np.frombuffer(data, ENTRY)
        raw = np.frombuffer(data, np.uint8).reshape(-1, ENTRY_BYTES)
        sequences = self.size + np.arange(len(entries), dtype=np.uint64)
        opens = sequences % BUNDLE == 0
        self._heads(entries, sequences, opens)
        outcomes = np.flatnonzero(entries["kind"] == Kind.OUTCOME)
        self._decisions(entries, raw, sequences)
        settled = self._outcomes(entries, raw, sequences)
        self._others(entries, np.flatnonzero((entries["kind"] > Kind.OUTCOME) & ~opens))
        opened, closed = self._settle(entries, sequences, settled["decision"])
        totals = self._totals(entries, outcomes, settled)
        self._counters(raw, np.flatnonzero(opens), totals)
        self.open |= opened
        self.open -= closed
        self.size += len(entries)
        self.time = int(entries["time"][-1]) if len(entries) else self.time
        self.totals = Counters(*totals[:, -1].tolist())

    def _heads(self, entries: Columns, sequences: Numbers, opens: Mask) -> None:
        kind, outcome = entries["kind"], entries["outcome"]
        self._none(entries["sequence"] != sequences, "its sequence is not its place in the log")
        times = entries["time"].astype(np.uint64)
        before = np.concatenate((np.array([self.time], np.uint64), times[:-1]))
        self._none(times > LAST_SECOND, "its time lies after the year 9999")
        self._none(times < before[: len(times)], "its time runs back")
        self._none(~np.isin(kind, _KINDS), "its kind is not known")
        self._none((kind == Kind.COUNTERS) != opens, "counters open each 256 entries, and stand nowhere else")
        self._none((kind == Kind.DECISION) != (outcome != OutcomeCode.NONE), "decisions alone have an outcome")
        self._none(outcome > OutcomeCode.DENY, "its outcome is not known")
        self._none((entries["flags"] & ~np.uint32(ALL_FLAGS)) != 0, "a flag is not known")

    def _decisions(self, entries: Columns, raw: Bytes, sequences: Numbers) -> None:
        rows = np.flatnonzero(entries["kind"] == Kind.DECISION)
        body = self._bodies(Kind.DECISION, raw, rows)
        self._none((body["api"] >= _APIS) | (body["act"] >= _ACTS), _WORD, rows)
        for name in _REFERENCES:
            self._none(body[name] >= sequences[rows], _LATER, rows)

    def _outcomes(self, entries: Columns, raw: Bytes, sequences: Numbers) -> Columns:
        rows = np.flatnonzero(entries["kind"] == Kind.OUTCOME)
        body = self._bodies(Kind.OUTCOME, raw, rows)
        self._none((body["status"] < 1) | (body["status"] > _STATUSES), _WORD, rows)
        self._none(np.maximum(body["input_tokens"], body["output_tokens"]) > MAX_TOKENS, _TOKENS, rows)
        self._none(body["decision"] >= sequences[rows], _LATER, rows)
        return body

    def _others(self, entries: Columns, rows: Rows) -> None:
        for row in rows.tolist():
            entry = entries[row]
            index = self.size + row
            try:
                body = bodies.unpack(Kind(int(entry["kind"])), entry["body"].tobytes())
            except RecordError as e:
                refuse(index, e.text)
            check_other(index, body, entry["commitment"].tobytes())

    def _settle(self, entries: Columns, sequences: Numbers, settled: Numbers) -> tuple[set[int], set[int]]:
        permitted = entries["outcome"] == OutcomeCode.PERMIT
        observed = (entries["kind"] == Kind.DECISION) & (entries["flags"] & Flag.OBSERVED != 0)
        opened: set[int] = set(sequences[permitted | observed].tolist())
        references: list[int] = settled.tolist()
        closed = set(references)
        if len(closed) != len(references) or not closed <= self.open | opened:
            rows = np.flatnonzero(entries["kind"] == Kind.OUTCOME).tolist()
            left = self.open | opened
            for row, reference in zip(rows, references, strict=True):
                if reference not in left:
                    refuse(self.size + row, f"decision {reference} let nothing through, or has its outcome already")
                left.remove(reference)
        return opened, closed

    def _totals(self, entries: Columns, outcomes: Rows, settled: Columns) -> Numbers:
        """Eight rows: the totals after each entry."""
        steps = np.zeros((len(Counters._fields), len(entries) + 1), np.uint64)
        steps[:, 0] = self.totals
        steps[0, 1:] = entries["kind"] == Kind.DECISION
        for code in (OutcomeCode.PERMIT, OutcomeCode.HOLD, OutcomeCode.ASK, OutcomeCode.DENY):
            steps[code, 1:] = entries["outcome"] == code
        steps[5, outcomes + 1] = 1
        steps[6, outcomes + 1] = settled["input_tokens"]
        steps[7, outcomes + 1] = settled["output_tokens"]
        return steps.cumsum(axis=1, dtype=np.uint64)

    def _counters(self, raw: Bytes, rows: Rows, totals: Numbers) -> None:
        body = self._bodies(Kind.COUNTERS, raw, rows)
        for i, name in enumerate(Counters._fields):
            self._none(body[name] != totals[i, rows], f"its total of {name} is not that of the entries before it", rows)
        self._none(raw[rows, 17:_BODY].max(axis=1) != 0, "a counters entry holds nothing but time and totals", rows)

    def _bodies(self, kind: Kind, raw: Bytes, rows: Rows) -> Columns:
        dtype = DTYPES[kind]
        data = np.ascontiguousarray(raw[rows, _BODY:])
        body = data.view(dtype).reshape(-1)
        spare = dtype["spare"].itemsize
        self._none(data[:, BODY_BYTES - spare :].max(axis=1) != 0, "spare bytes of its body are not zero", rows)
        return body

    def _none(self, broken: Mask, text: str, rows: Rows | None = None) -> None:
        if broken.any():
            first = int(np.argmax(broken))
            refuse(self.size + (first if rows is None else int(rows[first])), text)


def refuse(index: int, text: str) -> Never:
    raise RecordError(text, place=f"entry {index}", cure="treat the log as altered from this entry on")
