"""The log as a state machine without I/O: drafts in, entries out; entries in, state and tree out.

    batch = log.batch(now)                 opens a portion; `batch.add(draft, key)` gives each draft its index
    log.commit(batch, bytes read back)     takes it over: what was read is what was made, and is what is hashed
    log.replay(data)                       rebuilds the same state from entries, and refuses what breaks a law

Law: whatever a batch accepts, `replay` accepts, and both lead to the same state (`brightline.record.laws`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from brightline.errors import RecordError
from brightline.record import body as bodies
from brightline.record.body import (
    ENGINE_TOKENS,
    KIND,
    MAX_TOKENS,
    ApprovalBody,
    Body,
    ClockBody,
    Counters,
    DecisionBody,
    EngineBody,
    EpochBody,
    ExceptionBody,
    OutcomeBody,
)
from brightline.record.checkpoint import Checkpoint
from brightline.record.commitment import commit
from brightline.record.entry import (
    ALL_FLAGS,
    BUNDLE,
    ENTRY_BYTES,
    LAST_SECOND,
    NO_DIGEST,
    Entry,
    Flag,
    Kind,
    OutcomeCode,
    pack,
)
from brightline.record.laws import State, check_decision, check_other, check_outcome, refuse
from brightline.record.merkle import Tree, hash_leaves

_OBSERVED = int(Flag.OBSERVED)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """How finely the record tells times and tokens: the agreement's disclosure profile, applied before hashing."""

    time_seconds: int = 60
    tokens: int = 64

    def __post_init__(self) -> None:
        if self.time_seconds < 1 or not 1 <= self.tokens <= MAX_TOKENS:
            raise RecordError("a bucket is at least 1 wide", place="disclosure", cure="mend the agreement's profile")

    def time(self, seconds: float) -> int:
        """The start of the bucket."""
        return int(seconds) // self.time_seconds * self.time_seconds

    def step(self, seconds: float) -> int:
        """How far a clock was stepped, rounded up to a bucket: a step is never lost."""
        return int(-(-seconds // self.time_seconds)) * self.time_seconds

    def next_time(self, seconds: float, last: int) -> int:
        """The start of the bucket, but none before `last`: where a clock runs back, the log's time stands still."""
        step = self.time_seconds
        return max(min(self.time(seconds), self.time(LAST_SECOND)), -(-last // step) * step)

    def total(self, tokens: int) -> int:
        """The nearest multiple, of a sum over many calls."""
        step = self.tokens
        return (tokens + step // 2) // step * step

    def count(self, tokens: int) -> int:
        """The nearest multiple, so that sums stay right on the average; at most MAX_TOKENS."""
        return min(self.total(tokens), MAX_TOKENS)


class Draft(NamedTuple):
    """An entry before it has a place: sequence, time, buckets and commitment are the log's to give.

    `fields` are the private names and values that the commitment covers; they never stand in an entry.
    (A NamedTuple, like the bodies: a frozen dataclass costs four times as much to make, twice for every call.)
    """

    body: Body
    activity: int = 0
    outcome: OutcomeCode = OutcomeCode.NONE
    flags: int = 0
    clauses: int = 0
    terms: bytes = NO_DIGEST
    model: bytes = NO_DIGEST
    fields: tuple[tuple[str, bytes], ...] = ()


class Log:
    """Entries, totals, open decisions and Merkle tree of one log. `disclosure` may change with the agreement."""

    __slots__ = ("_state", "_tree", "disclosure", "origin")

    def __init__(self, origin: str, disclosure: Disclosure) -> None:
        self.origin, self.disclosure = origin, disclosure
        self._state, self._tree = State(), Tree()

    @property
    def size(self) -> int:
        return self._state.size

    @property
    def time(self) -> int:
        """Of the newest entry, Unix seconds; 0 where there is none."""
        return self._state.time

    @property
    def totals(self) -> Counters:
        """Of all entries so far: what the next counters entry will say."""
        return self._state.totals

    @property
    def open(self) -> frozenset[int]:
        """Decisions that let a call through and have no outcome yet."""
        return frozenset(self._state.open)

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, self.size, self._tree.root())

    def batch(self, now: float) -> Batch:
        """An empty portion at the time `now` (Unix seconds). Only the last one opened may be committed."""
        return Batch(self._state, self.disclosure, now)

    def commit(self, batch: Batch, data: bytes) -> list[list[bytes]]:
        """Take over a batch, `data` being its bytes as they were read back from where they are kept.

        Returns the hashes of the perfect subtrees that it completed, by height. Raises RecordError, changing nothing,
        where the bytes are not those of the batch or the batch does not follow the log.
        """
        if batch.first != self.size or data != batch.data():
            raise RecordError("what was read back is not what was written", place=f"entry {batch.first}")
        completed = self._tree.extend(hash_leaves(data, ENTRY_BYTES))
        batch.settle(self._state)
        return completed

    def replay(self, data: bytes, checkpoints: Sequence[Checkpoint] = ()) -> list[list[bytes]]:
        """Take over entries that follow the log and pass through these checkpoints; returns as `commit`.

        Raises RecordError naming the index of an entry that breaks a law, or the checkpoint that is not met; then
        nothing has changed.
        """
        leaves = hash_leaves(data, ENTRY_BYTES)
        tree, start = self._tree.copy(), self.size
        completed: list[list[bytes]] = []
        for expected in checkpoints:
            _extend(tree, leaves[tree.size - start : max(expected.size - start, 0)], completed)
            if expected != Checkpoint(self.origin, tree.size, tree.root()):
                raise RecordError(
                    f"its first {expected.size} entries do not have the root that was signed",
                    place="log",
                    cure="treat the log as altered",
                )
        _extend(tree, leaves[tree.size - start :], completed)
        self._state.read(data)
        self._tree = tree
        return completed


def _extend(tree: Tree, leaves: list[bytes], completed: list[list[bytes]]) -> None:
    for height, nodes in enumerate(tree.extend(leaves)):
        if height == len(completed):
            completed.append([])
        completed[height] += nodes


class Batch:
    """Entries made of drafts, not yet part of the log."""

    __slots__ = ("_closed", "_disclosure", "_open", "_opened", "_parts", "_time", "_totals", "first")

    def __init__(self, state: State, disclosure: Disclosure, now: float) -> None:
        self.first = state.size
        self._open, self._totals = state.open, list(state.totals)
        self._disclosure, self._time = disclosure, disclosure.next_time(now, state.time)
        self._parts: list[bytes] = []
        self._opened: set[int] = set()
        self._closed: set[int] = set()

    def add(self, draft: Draft, key: bytes) -> int:
        """The index that the draft's entry has. `key` is the entry's own: 32 random bytes.

        Raises RecordError where a field does not fit or a law would be broken; then the batch is as it was.
        """
        body, activity, outcome, named, clauses, terms, model, fields = draft
        flags = int(named)  # the operators of `Flag` itself cost a microsecond
        index = self.first + len(self._parts)
        opens_bundle = index % BUNDLE == 0
        index += opens_bundle
        commitment = commit(key, fields) if fields else NO_DIGEST
        body = self._lawful(index, body, outcome, commitment)
        if flags & ~ALL_FLAGS:
            refuse(index, "a flag is not known")
        kind = KIND[type(body)]
        entry = pack(
            Entry(
                index, self._time, kind, outcome, activity, flags, clauses, terms, model, commitment, bodies.pack(body)
            )
        )
        if opens_bundle:
            self._parts.append(self._counters(index - 1))
        self._parts.append(entry)
        self._count(index, body, outcome, flags)
        return index

    def __bool__(self) -> bool:
        return bool(self._parts)

    def data(self) -> bytes:
        """The entries so far, 256 bytes each."""
        return b"".join(self._parts)

    def settle(self, state: State) -> None:
        """Bring the log's state to where this batch ends."""
        if self._parts:
            state.size, state.time = state.size + len(self._parts), self._time
        state.totals = Counters(*self._totals)
        state.open |= self._opened
        state.open -= self._closed

    def _lawful(self, index: int, body: Body, outcome: int, commitment: bytes) -> Body:
        """The body with its times and tokens bucketed, if it keeps the laws."""
        if isinstance(body, DecisionBody):
            check_decision(index, body, outcome)
            return body
        if outcome:
            refuse(index, "decisions alone have an outcome")
        if isinstance(body, OutcomeBody):
            decision, status, input_tokens, output_tokens, tool_calls, upstream_status = body
            if (decision not in self._open and decision not in self._opened) or decision in self._closed:
                refuse(index, f"decision {decision} let nothing through, or has its outcome already")
            count = self._disclosure.count
            body = OutcomeBody(decision, status, count(input_tokens), count(output_tokens), tool_calls, upstream_status)
            check_outcome(index, body)
            return body
        time = self._disclosure.time
        match body:
            case Counters():
                refuse(index, "the log itself makes the counters entries")
            case ApprovalBody():
                body = body._replace(until=time(body.until))
            case ExceptionBody():
                body = body._replace(since=time(body.since), until=time(body.until))
            case EpochBody():
                body = body._replace(since=time(body.since), until=time(body.until))
            case EngineBody():
                total = self._disclosure.total
                body = body._replace(**{name: total(getattr(body, name)) for name in ENGINE_TOKENS})
            case ClockBody():
                body = body._replace(seconds=self._disclosure.step(body.seconds))
            case _:
                pass
        check_other(index, body, commitment)
        return body

    def _counters(self, index: int) -> bytes:
        body = bodies.pack(Counters(*self._totals))
        return pack(Entry(index, self._time, Kind.COUNTERS, 0, 0, 0, 0, NO_DIGEST, NO_DIGEST, NO_DIGEST, body))

    def _count(self, index: int, body: Body, outcome: int, flags: int) -> None:
        totals = self._totals
        if isinstance(body, DecisionBody):
            totals[0] += 1
            totals[outcome] += 1
            if outcome == OutcomeCode.PERMIT or flags & _OBSERVED:
                self._opened.add(index)
        elif isinstance(body, OutcomeBody):
            totals[5] += 1
            totals[6] += body.input_tokens
            totals[7] += body.output_tokens
            self._closed.add(body.decision)
