"""A chunk of entries as numpy columns. Rows count from the chunk's first entry, which opens a bundle of 256."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Never

import numpy as np
import numpy.typing as npt

from brightline.errors import RecordError
from brightline.record.body import DTYPES
from brightline.record.entry import BODY_BYTES, ENTRY, ENTRY_BYTES, Kind

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]
Bodies = npt.NDArray[np.void]

BODY = ENTRY_BYTES - BODY_BYTES
CLAUSES = slice(24, 88)
_TERMS = 88 // 8


@dataclass(frozen=True, slots=True)
class Columns:
    """`raw`: (n, 256) bytes; `words`: (n, 32) the same as 64-bit words, for comparing; the rest are fields.

    decisions, outcomes: the rows of these kinds; decided, settled: their bodies.
    clauses: all rows' clauses joined, which tells which of the 512 bits need a look; clauseless: rows without any.
    """

    first: int
    raw: Bytes
    words: Numbers
    sequence: Numbers
    time: Numbers
    kind: Bytes
    outcome: Bytes
    activity: npt.NDArray[np.uint16]
    flags: npt.NDArray[np.uint32]
    decisions: Rows
    decided: Bodies
    outcomes: Rows
    settled: Bodies
    clauses: Numbers
    clauseless: Mask

    def under(self, terms: Numbers) -> Mask:
        """Rows with this digest of terms, given as four 64-bit words. A column at a time is quickest."""
        rows: Mask = self.words[:, _TERMS] == terms[0]
        for i in (1, 2, 3):
            rows &= self.words[:, _TERMS + i] == terms[i]
        return rows

    def none(self, broken: Mask, text: str, rows: Rows | None = None) -> None:
        """Raises RecordError naming the first entry for which `broken`, or any part of its row there, is true."""
        if broken.any():  # whole, which is quick: the row matters only once something is wrong
            row = int(np.argmax(broken.reshape(len(broken), -1).any(axis=1)))
            refuse(self.first + (row if rows is None else int(rows[row])), text)


def columns(data: bytes, first: int) -> Columns:
    """The columns of whole entries; `first` is the index of the first."""
    entries = np.frombuffer(data, ENTRY)
    raw = np.frombuffer(data, np.uint8).reshape(-1, ENTRY_BYTES)
    words = np.frombuffer(data, np.uint64).reshape(-1, ENTRY_BYTES // 8)
    kind = np.ascontiguousarray(entries["kind"])
    # A column at a time: over rows of eight words, numpy would begin anew for each row.
    clauses = np.array([np.bitwise_or.reduce(words[:, column]) for column in range(3, 11)])
    clauseless = np.ones(len(kind), np.bool_)
    for i in np.flatnonzero(clauses).tolist():
        clauseless &= words[:, 3 + i] == 0
    decisions, outcomes = np.flatnonzero(kind == Kind.DECISION), np.flatnonzero(kind == Kind.OUTCOME)
    return Columns(
        first=first,
        raw=raw,
        words=words,
        sequence=entries["sequence"].astype(np.uint64),
        time=entries["time"].astype(np.uint64),
        kind=kind,
        outcome=np.ascontiguousarray(entries["outcome"]),
        activity=entries["activity"].astype(np.uint16),
        flags=entries["flags"].astype(np.uint32),
        decisions=decisions,
        decided=bodies(Kind.DECISION, raw, decisions),
        outcomes=outcomes,
        settled=bodies(Kind.OUTCOME, raw, outcomes),
        clauses=clauses,
        clauseless=clauseless,
    )


def bodies(kind: Kind, raw: Bytes, rows: Rows) -> Bodies:
    """The bodies of these rows, which are of this kind."""
    return np.ascontiguousarray(raw[rows, BODY:]).view(DTYPES[kind]).reshape(-1)


def refuse(index: int, text: str) -> Never:
    raise RecordError(text, place=f"entry {index}")
