"""The 72 body bytes of an entry, by kind. Fields stand in the order given, big-endian; what is left over is zero.

A reference to an earlier entry is its sequence, and 0 where there is none: entry 0 is always a counters entry.
Ranks of facts, roles and duties count from 0 in the order of the agreed vocabulary (docs/reference/record.md).
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from brightline.errors import RecordError
from brightline.record.entry import BODY_BYTES, NO_DIGEST, Kind

ENGINE_TOKENS = ("input_tokens", "output_tokens", "engine_input_tokens", "engine_output_tokens")
MAX_TOKENS = 1 << 24  # of one call, either way: what bounds the deltas of the running counters


class Api(IntEnum):
    """How a use came in."""

    NONE = 0
    OPENAI_CHAT = 1
    OPENAI_RESPONSES = 2
    OPENAI_COMPLETIONS = 3
    OPENAI_EMBEDDINGS = 4
    ANTHROPIC_MESSAGES = 5
    ANTHROPIC_COUNT_TOKENS = 6
    MCP = 7
    CLI = 8


class Act(IntEnum):
    """What the use is."""

    NONE = 0
    MODEL_CALL = 1
    TOOL_CALL = 2
    MCP_CALL = 3


class OutcomeStatus(IntEnum):
    """How a call that was let through ended."""

    COMPLETED = 1
    UPSTREAM_ERROR = 2  # the upstream answered with an error
    UPSTREAM_DIED = 3  # the upstream's answer broke off
    CLIENT_GONE = 4  # the client left before the end
    MODEL_REFUSED = 5  # the model itself declined
    NOT_SENT = 6  # nothing reached the upstream
    TIMED_OUT = 7
    INTERRUPTED = 8  # the gateway stopped before it knew the end; written when it starts again


class Verdict(IntEnum):
    """What a person said to a hold or an appeal, that nobody spoke in time, or that its content was looked at."""

    GRANTED = 1
    REFUSED = 2
    EXPIRED = 3
    APPEALED = 4
    OVERTURNED = 5
    UPHELD = 6
    WITHDRAWN = 7  # by who asked
    SEEN = 8  # its content, by somebody who may decide
    REJECTED = 9  # a statement that could not stand: forged, replayed, late, of the wrong role


class ExceptionAct(IntEnum):
    GRANTED = 1
    REVOKED = 2
    BREAK_GLASS_STARTED = 3
    BREAK_GLASS_ENDED = 4


class ChangeSubject(IntEnum):
    """What was changed. Both parties hold the shared ones, so their digests stand in clear; the others are the
    customer's own and could be guessed from their digest, so that stands among the private fields."""

    AGREEMENT = 1
    TERMS = 2
    VOCABULARY = 3
    MODELS = 4
    BUILD = 5
    DISCLOSURE = 6
    LOG_KEY = 7
    PURPOSES = 16
    DATASETS = 17
    AUTHORITIES = 18
    TOOLS = 19
    ACTORS = 20
    PRICES = 21
    THRESHOLDS = 22
    LEGAL_HOLDS = 23
    CUSTODY = 24  # the site key, under which content keys are wrapped
    REGISTRY = 25  # a registry that was refused: what stood before it stands

    @property
    def shared(self) -> bool:
        return self < ChangeSubject.PURPOSES


class ErasureReason(IntEnum):
    SPILL = 1
    RETENTION = 2  # of the schedule: what the agreement no longer has kept, up to and with the entry named
    ORDER = 3  # of a court or an authority
    REQUEST = 4  # of the person concerned


class Grade(IntEnum):
    """How complete the record is said to be (DESIGN section 7)."""

    C0 = 0
    C1 = 1
    C2 = 2
    C3 = 3
    C4 = 4


class ClockSource(IntEnum):
    """What sets the gateway's clock, as its operator states."""

    UNKNOWN = 0
    SYNCHRONISED = 1  # by NTP, PTP or GNSS
    BY_HAND = 2


class ClockEvent(IntEnum):
    """Why the gateway speaks of its clock."""

    STARTED = 1
    BEAT = 2  # nothing else was recorded for a while: it is idle, not gone
    FORWARD = 3  # the wall clock was stepped against the monotonic one
    BACK = 4
    STOPPED = 5  # shut down in good order


class ReleaseVerdict(IntEnum):
    """What a releasing officer said to a bundle."""

    RELEASED = 1
    REFUSED = 2


class ReleaseReason(IntEnum):
    """Why a release was refused: a class and never words of somebody's own."""

    NONE = 0
    CLASSIFIED = 1  # something in it may be classified above the channel
    PERSONAL = 2  # something in it may be about a person
    FINER = 3  # it tells more than the disclosure profile
    UNEXPLAINED = 4  # some byte of it could not be explained
    ADDRESSEE = 5  # not for who would receive it
    INVESTIGATION = 6  # an investigation under way could suffer
    LAW = 7  # an order or a law forbids it


class DecisionBody(NamedTuple):
    parent: int = 0  # the model call in whose answer this tool call stands
    approval: int = 0  # the approval entry that this use spends
    second_approval: int = 0
    exception: int = 0  # the exception entry that it rests on
    claimed: int = 0  # facts that rest on a claim alone, bits by rank
    missing: int = 0  # facts that an ask names, bits by rank
    approvals: int = 0  # roles whose approval a hold names, bits by rank
    duties: int = 0  # duties undertaken, bits by rank
    api: int = Api.NONE
    act: int = Act.NONE


class OutcomeBody(NamedTuple):
    decision: int
    status: int
    input_tokens: int = 0  # bucketed by the log
    output_tokens: int = 0  # bucketed by the log
    tool_calls: int = 0
    upstream_status: int = 0  # HTTP


class ApprovalBody(NamedTuple):
    decision: int
    until: int  # Unix seconds, bucketed by the log; 0 where nothing was granted
    role: int
    verdict: int


class ExceptionBody(NamedTuple):
    granted: int  # the entry that this revokes or ends, else 0
    since: int  # Unix seconds, bucketed by the log
    until: int
    certificate: int
    role: int
    act: int


class ChangeBody(NamedTuple):
    subject: int
    digest: bytes = NO_DIGEST  # of what holds from now on, where it is shared
    previous: bytes = NO_DIGEST


class ErasureBody(NamedTuple):
    erased: int
    role: int
    reason: int


class Counters(NamedTuple):
    """Totals of all entries before this one: the body of the entry that opens each bundle."""

    decisions: int = 0
    permits: int = 0
    holds: int = 0
    asks: int = 0
    denies: int = 0
    outcomes: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class EngineBody(NamedTuple):
    """What the gateway and the engine counted in an epoch (docs/reference/completeness.md). Tokens are bucketed by the
    log, each sum once; doubts and numbers of receipts that do not fit their field are the most that it holds."""

    epoch: int  # the latest epoch entry: the epoch ends with it, and began after the one before
    input_tokens: int  # of the calls whose outcomes stand in the epoch, counted to the unit by the gateway
    output_tokens: int
    engine_input_tokens: int  # what the engine counted meanwhile
    engine_output_tokens: int
    doubt_input_tokens: int = 0  # of calls under way at either end of the epoch, and estimates
    doubt_output_tokens: int = 0
    answered: int = 0  # calls that were sent with a receipt and answered
    accepted: int = 0  # receipts that the guard accepted
    refused: int = 0  # calls that the guard refused
    under_way: int = 0  # calls under way at either end
    tolerance: int = 0  # parts per million of the engine's tokens
    resets: int = 0  # times that engine, guard or gateway began anew
    guarded: int = 0  # 1 where a guard stands before the engine


class EpochBody(NamedTuple):
    number: int
    first: int  # the first entry of the epoch
    since: int
    until: int
    engine_input_tokens: int = 0  # what the engine's own counters say
    engine_output_tokens: int = 0
    grade: int = Grade.C0
    clock: int = ClockSource.UNKNOWN


class ClockBody(NamedTuple):
    event: int
    source: int = ClockSource.UNKNOWN
    seconds: int = 0  # of a step, rounded up to a bucket by the log; else 0


class ReleaseBody(NamedTuple):
    size: int  # entries of the bundle
    verdict: int
    reason: int = ReleaseReason.NONE
    bundle: bytes = NO_DIGEST  # SHA-256 of the bundle's file


Body = (
    DecisionBody
    | OutcomeBody
    | ApprovalBody
    | ExceptionBody
    | ChangeBody
    | ErasureBody
    | Counters
    | EpochBody
    | EngineBody
    | ClockBody
    | ReleaseBody
)


class _Layout(NamedTuple):
    cls: type[Body]
    struct: struct.Struct
    dtype: np.dtype[np.void]


_NUMPY = {"Q": ">u8", "I": ">u4", "H": ">u2", "B": "u1", "32s": "V32"}


def _layout(cls: type[Body], *codes: str) -> _Layout:
    packed = ">" + "".join(codes)
    spare = BODY_BYTES - struct.calcsize(packed)
    columns = [(name, _NUMPY[code]) for name, code in zip(cls.__annotations__, codes, strict=True)]
    return _Layout(cls, struct.Struct(f"{packed}{spare}x"), np.dtype([*columns, ("spare", f"V{spare}")]))


_LAYOUTS = {
    Kind.DECISION: _layout(DecisionBody, "Q", "Q", "Q", "Q", "Q", "Q", "I", "I", "B", "B"),
    Kind.OUTCOME: _layout(OutcomeBody, "Q", "B", "I", "I", "H", "H"),
    Kind.APPROVAL: _layout(ApprovalBody, "Q", "Q", "H", "B"),
    Kind.EXCEPTION: _layout(ExceptionBody, "Q", "Q", "Q", "H", "H", "B"),
    Kind.CHANGE: _layout(ChangeBody, "B", "32s", "32s"),
    Kind.ERASURE: _layout(ErasureBody, "Q", "H", "B"),
    Kind.COUNTERS: _layout(Counters, "Q", "Q", "Q", "Q", "Q", "Q", "Q", "Q"),
    Kind.ENGINE: _layout(EngineBody, "Q", "Q", "Q", "Q", "Q", "I", "I", "I", "I", "I", "H", "H", "B", "B"),
    Kind.EPOCH: _layout(EpochBody, "Q", "Q", "Q", "Q", "Q", "Q", "B", "B"),
    Kind.CLOCK: _layout(ClockBody, "B", "B", "Q"),
    Kind.RELEASE: _layout(ReleaseBody, "Q", "B", "B", "32s"),
}
#: Which kind of entry a body makes.
KIND: dict[type[Body], Kind] = {layout.cls: kind for kind, layout in _LAYOUTS.items()}
#: numpy views by kind: `entries["body"].view(DTYPES[Kind.OUTCOME])["status"]`.
DTYPES: dict[Kind, np.dtype[np.void]] = {kind: layout.dtype for kind, layout in _LAYOUTS.items()}
_STRUCTS: dict[type[Body], struct.Struct] = {layout.cls: layout.struct for layout in _LAYOUTS.values()}
_WORDS: dict[Kind, dict[str, type[IntEnum]]] = {
    Kind.DECISION: {"api": Api, "act": Act},
    Kind.OUTCOME: {"status": OutcomeStatus},
    Kind.APPROVAL: {"verdict": Verdict},
    Kind.EXCEPTION: {"act": ExceptionAct},
    Kind.CHANGE: {"subject": ChangeSubject},
    Kind.ERASURE: {"reason": ErasureReason},
    Kind.EPOCH: {"grade": Grade, "clock": ClockSource},
    Kind.CLOCK: {"event": ClockEvent, "source": ClockSource},
    Kind.RELEASE: {"verdict": ReleaseVerdict, "reason": ReleaseReason},
}


def pack(body: Body) -> bytes:
    """72 bytes. Raises RecordError where a number does not fit its field."""
    try:
        return _STRUCTS[type(body)].pack(*body)
    except struct.error as e:
        raise RecordError(f"a field does not fit: {e}", place=type(body).__name__, cure="mend the caller") from None


def unpack(kind: Kind, data: bytes) -> Body:
    """The body of an entry of this kind. Law: pack(unpack(k, d)) == d. Raises RecordError on what is not known here."""
    layout = _LAYOUTS[kind]
    body = layout.cls(*layout.struct.unpack(data))
    if layout.struct.pack(*body) != data:
        raise RecordError("spare bytes of its body are not zero", place="body", cure="treat the log as altered")
    check(body)
    return body


def check(body: Body) -> None:
    """Raises RecordError where a word of the body is not known here, or two words do not go together."""
    for name, words in _WORDS.get(KIND[type(body)], {}).items():
        code = getattr(body, name)
        if code not in frozenset(words):
            raise RecordError(f"{name} {code} is not known", place="body", cure="read it with a newer Brightline")
    if isinstance(body, ClockBody) and (body.event in (ClockEvent.FORWARD, ClockEvent.BACK)) != (body.seconds > 0):
        raise RecordError("a step of the clock, and nothing else, has seconds", place="body", cure="mend the caller")
    if isinstance(body, ReleaseBody) and (body.verdict == ReleaseVerdict.REFUSED) != (body.reason > 0):
        raise RecordError("a refusal, and nothing else, has a reason", place="body", cure="mend the caller")
