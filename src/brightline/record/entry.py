"""One entry of the record: 256 bytes, big-endian, the same for struct and numpy (docs/reference/record.md).

    offset size field
      0     8   sequence      0-based index in the log
      8     8   time          Unix seconds, bucketed by the disclosure profile before hashing
     16     1   kind          `Kind`
     17     1   outcome       `OutcomeCode`
     18     2   activity      rank in the vocabulary, 0 where there is none
     20     4   flags         `Flag`
     24    64   clauses       512 bits by rank of @id among the sorted ids (bit i = byte i//8, 1 << (i % 8))
     88    32   terms         digest of the terms in force
    120    32   model         digest of the model named
    152    32   commitment    `brightline.record.commitment`; zeros where the entry has no private side
    184    72   body          by kind: `brightline.record.body`

An entry holds no content, no name of a person and no hash of anything that could be guessed.
"""

from __future__ import annotations

import struct
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

from brightline.errors import RecordError

ENTRY_BYTES = 256
BODY_BYTES = 72
BUNDLE = 256  # entries in a full bundle; a counters entry opens each
MAX_CLAUSES = 512
LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z: later than that no calendar writes it
NO_DIGEST = bytes(32)

_STRUCT = struct.Struct(">QQBBHI64s32s32s32s72s")
ENTRY = np.dtype(
    [
        ("sequence", ">u8"),
        ("time", ">u8"),
        ("kind", "u1"),
        ("outcome", "u1"),
        ("activity", ">u2"),
        ("flags", ">u4"),
        ("clauses", "u1", (64,)),
        ("terms", "V32"),
        ("model", "V32"),
        ("commitment", "V32"),
        ("body", "V72"),
    ]
)


class Kind(IntEnum):
    """What an entry records."""

    DECISION = 1
    OUTCOME = 2
    APPROVAL = 3
    EXCEPTION = 4
    CHANGE = 5
    ERASURE = 6
    COUNTERS = 7
    EPOCH = 8
    CLOCK = 9
    RELEASE = 10
    ENGINE = 11


class OutcomeCode(IntEnum):
    """What was decided; only decisions have one."""

    NONE = 0
    PERMIT = 1
    HOLD = 2
    ASK = 3
    DENY = 4


class Flag(IntFlag):
    """How it was decided or served. A bit that is not named here must be zero."""

    OBSERVED = 1 << 0  # observe-only: decided and recorded, not enforced
    BREAK_GLASS = 1 << 1  # under a customer official's break-glass
    STREAMED = 1 << 2  # the client asked for a stream
    NOT_SCREENED = 1 << 3  # the screen did not read it
    SCREEN_FLAGGED = 1 << 4  # the screen doubted what was declared
    CLAIMED = 1 << 5  # some fact rests on a claim alone
    ALTERNATIVE = 1 << 6  # an alternative reading of the use decided
    DRIFTED = 1 << 7  # a tool or model is not what was registered
    METER_MISSING = 1 << 8  # no reading of the meter
    HURRIED = 1 << 9  # approvals come faster than a person can read
    UNIDENTIFIED = 1 << 10  # the end user behind the key is not identified
    SAMPLED = 1 << 11  # decided by the Cedar engine too
    DISAGREED = 1 << 12  # the two disagreed: denied
    FAILED = 1 << 13  # deciding raised an error: denied
    ESTIMATED = 1 << 14  # the upstream reported no tokens: they are estimated
    NOT_UNDERSTOOD = 1 << 15  # words came in a form that the gateway does not know


ALL_FLAGS = int(sum(Flag))
KINDS = frozenset(int(k) for k in Kind)


class Entry(NamedTuple):
    """The eleven fields, as read from or written to 256 bytes. `clauses` is a bitset: bit i is clause rank i."""

    sequence: int
    time: int
    kind: int
    outcome: int
    activity: int
    flags: int
    clauses: int
    terms: bytes
    model: bytes
    commitment: bytes
    body: bytes


def pack(entry: Entry) -> bytes:
    """256 bytes. Raises RecordError where a field does not fit its place."""
    sequence, time, kind, outcome, activity, flags, clauses, terms, model, commitment, body = entry
    if len(terms) != 32 or len(model) != 32 or len(commitment) != 32 or len(body) != BODY_BYTES:
        raise RecordError("a digest has 32 bytes and a body 72", place=f"entry {sequence}", cure="mend the caller")
    try:
        bits = clauses.to_bytes(64, "little")
        return _STRUCT.pack(sequence, time, kind, outcome, activity, flags, bits, terms, model, commitment, body)
    except (OverflowError, struct.error) as e:
        raise RecordError(f"a field does not fit: {e}", place=f"entry {sequence}", cure="mend the caller") from None


def unpack(data: bytes) -> Entry:
    """The entry in 256 bytes. Law: pack(unpack(d)) == d. Raises RecordError on unknown kind, outcome or flags."""
    if len(data) != ENTRY_BYTES:
        raise RecordError(f"an entry has {ENTRY_BYTES} bytes, not {len(data)}", place="entry", cure="read it whole")
    sequence, time, kind, outcome, activity, flags, bits, terms, model, commitment, body = _STRUCT.unpack(data)
    place = f"entry {sequence}"
    if kind not in KINDS:
        raise RecordError(f"kind {kind} is not known", place=place, cure="read it with a newer Brightline")
    if (kind == Kind.DECISION) != (outcome != OutcomeCode.NONE) or outcome > OutcomeCode.DENY:
        raise RecordError(f"outcome {outcome} does not fit its kind", place=place, cure="treat the log as altered")
    if flags & ~ALL_FLAGS:
        raise RecordError("a flag that is not known", place=place, cure="read it with a newer Brightline")
    clauses = int.from_bytes(bits, "little")
    return Entry(sequence, time, kind, outcome, activity, flags, clauses, terms, model, commitment, body)


def clause_ranks(clauses: int) -> list[int]:
    """The ranks in a bitset, ascending."""
    return [rank for rank in range(clauses.bit_length()) if clauses >> rank & 1]


def clause_bits(ranks: list[int] | tuple[int, ...]) -> int:
    """The bitset of ranks 0..511. Raises RecordError outside them."""
    if any(not 0 <= rank < MAX_CLAUSES for rank in ranks):
        raise RecordError(f"a clause's rank lies in 0..{MAX_CLAUSES - 1}", place="clauses", cure="split the terms")
    bits = 0
    for rank in ranks:
        bits |= 1 << rank
    return bits
