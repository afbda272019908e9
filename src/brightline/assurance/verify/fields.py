"""Step 5: sequences are whole, times do not run back, every field is lawful, unused bytes are zero.

These are laws 1 to 4 and 6 to 8 of docs/reference/record.md, read here a second time: the writer keeps them in code of
its own (`brightline.record.laws`), and a test shows that the two agree.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from brightline.assurance.verify.columns import BODY, Bodies, Columns, Rows, bodies, refuse
from brightline.errors import RecordError
from brightline.record.body import MAX_TOKENS, Act, Api, ChangeBody, ChangeSubject, OutcomeStatus, ReleaseBody
from brightline.record.body import unpack as unpack_body
from brightline.record.entry import ALL_FLAGS, BODY_BYTES, BUNDLE, LAST_SECOND, NO_DIGEST, Kind, OutcomeCode, unpack

_REFERENCES: Final = ("parent", "approval", "second_approval", "exception")
_REFERENCE: Final = {
    Kind.APPROVAL: "decision",
    Kind.EXCEPTION: "granted",
    Kind.ERASURE: "erased",
    Kind.EPOCH: "first",
    Kind.ENGINE: "epoch",
}
_KINDS: Final = np.array(list(Kind), np.uint8)
_LATER: Final = "it names an entry that does not stand before it"
_WORD: Final = "a word of its body is not known"


class Fields:
    """Reads chunk after chunk; keeps nothing but how far it came and the last time."""

    __slots__ = ("_last", "size")

    def __init__(self) -> None:
        self.size = 0
        self._last = 0

    def read(self, c: Columns) -> None:
        """Raises RecordError naming the entry that breaks a law."""
        opens = c.sequence % BUNDLE == 0
        # 1. each entry is where it should be
        places = self.size + np.arange(len(c.kind), dtype=np.uint64)
        c.none(c.sequence != places, "its sequence is not its place: entries are missing, repeated or out of order")
        # 2. times
        c.none(c.time > LAST_SECOND, "its time lies after the year 9999")
        c.none(np.diff(c.time, prepend=np.uint64(self._last)).view(np.int64) < 0, "its time runs back")
        # 3. the head
        c.none(~np.isin(c.kind, _KINDS), "its kind is not known")
        c.none((c.kind == Kind.COUNTERS) != opens, "counters open each 256 entries, and stand nowhere else")
        c.none((c.kind == Kind.DECISION) != (c.outcome != OutcomeCode.NONE), "decisions alone have an outcome")
        c.none(c.outcome > OutcomeCode.DENY, "its outcome is not known")
        c.none((c.flags & ~np.uint32(ALL_FLAGS)) != 0, "a flag is not known")
        rows = np.flatnonzero(opens)
        c.none(c.raw[rows, 17:BODY] != 0, "a counters entry holds nothing but time and totals", rows)
        _spare(c, bodies(Kind.COUNTERS, c.raw, rows), rows)
        # 4. the body, by kind
        self._decisions(c)
        self._outcomes(c)
        for row in np.flatnonzero((c.kind > Kind.OUTCOME) & ~opens).tolist():
            _other(c.first + row, c.raw[row].tobytes())
        self.size += len(c.kind)
        self._last = int(c.time[-1])

    def _decisions(self, c: Columns) -> None:
        body = c.decided
        _spare(c, body, c.decisions)
        c.none((body["api"] >= len(Api)) | (body["act"] >= len(Act)), _WORD, c.decisions)
        for name in _REFERENCES:
            c.none(body[name] >= c.sequence[c.decisions], _LATER, c.decisions)

    def _outcomes(self, c: Columns) -> None:
        body = c.settled
        _spare(c, body, c.outcomes)
        c.none((body["status"] < 1) | (body["status"] > len(OutcomeStatus)), _WORD, c.outcomes)
        most = np.maximum(body["input_tokens"], body["output_tokens"])
        c.none(most > MAX_TOKENS, f"more than {MAX_TOKENS} tokens in one call", c.outcomes)
        c.none(body["decision"] >= c.sequence[c.outcomes], _LATER, c.outcomes)


def _spare(c: Columns, body: Bodies, rows: Rows) -> None:
    spare = body.dtype["spare"].itemsize
    data = body.view(np.uint8).reshape(-1, BODY_BYTES)
    c.none(data[:, BODY_BYTES - spare :] != 0, "spare bytes of its body are not zero", rows)


def _other(index: int, data: bytes) -> None:
    """An entry of a rarer kind."""
    entry = unpack(data)
    kind = Kind(entry.kind)
    try:
        body = unpack_body(kind, entry.body)
    except RecordError as e:
        refuse(index, e.text)
    name = _REFERENCE.get(kind)
    if name is not None and getattr(body, name) >= index:
        refuse(index, _LATER)
    if isinstance(body, ReleaseBody) and body.size > index:
        refuse(index, "it speaks of a bundle with more entries than stand before it")
    if kind is Kind.ERASURE and getattr(body, "erased") % BUNDLE == 0:  # noqa: B009
        refuse(index, "a counters entry has nothing to erase")
    if isinstance(body, ChangeBody) and not ChangeSubject(body.subject).shared:
        if body.digest != NO_DIGEST or body.previous != NO_DIGEST:
            refuse(index, "a digest of the customer's own register stands in clear, where it could be guessed")
        if entry.commitment == NO_DIGEST:
            refuse(index, "the change says neither in clear nor by a commitment what it changed to")
