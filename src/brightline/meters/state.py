"""All meters of one record as a fold over its events: `state = apply(state, event)`, and nothing else changes it.

Law: the state that lived through some events and the state that is rebuilt from their bytes are the same, to the byte
(`snapshot`). Time never runs backwards: an event whose clock is behind happens at the latest time seen, so a clock that
is put back frees nobody.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, assert_never

import msgspec

from brightline.errors import RecordError
from brightline.meters.chain import Mark, Reader
from brightline.meters.counter import NEVER, Counter
from brightline.meters.events import Event, Released, Reserved, Rotated, Settled, parted
from brightline.meters.key import HASH_BYTES
from brightline.meters.where import Scope, Where, Window

MAX_COUNTERS = 65_536
"""Scopes counted at once, one hash table each; what comes beyond is read as missing."""
_CURE = "restore record and private folder from the same back-up"
_REBUILD = "delete it: meters are rebuilt from the record"


class Reading(NamedTuple):
    """What the facts `distinct_persons` and `meter` must say of a use, with this use counted.

    Below the hard limit `persons` is exact; from there on it is at least the hard limit and at most the truth. With
    `missing` it is only what is known of, and the true number may be any higher one.
    """

    persons: int
    missing: bool = False

    def facts(self) -> dict[str, int | str]:
        """The two facts of a use."""
        return {"distinct_persons": self.persons, "meter": "missing" if self.missing else "counted"}


class Open(NamedTuple):
    """A reservation that was neither settled nor released; `cut`: there are more persons than it keeps."""

    scopes: tuple[Scope, ...]
    persons: Sequence[bytes]
    cut: bool


class State:
    """`open`: reservations by number. Before the first `Rotated` nothing can be reserved."""

    def __init__(self) -> None:
        self.time = 0
        self.key = b""
        self.window = Window()
        self.counters: dict[Scope, Counter] = {}
        self.open: dict[int, Open] = {}
        self.reserved = 0  # reservations ever made: the number of the next
        self._forgotten = NEVER  # of counters that were dropped
        self._scopes: dict[tuple[str, ...], tuple[Scope, ...]] = {}  # remembered: names are registered, so they are few

    def reading(self, where: Where, persons: Sequence[bytes], now: int) -> Reading:
        """Of a use that touches these distinct persons now, whether or not they are reserved. Changes nothing."""
        since = max(self.time, now) - self.window.seconds
        most, missing = 0, False
        for scope in self.scopes(where):
            counter = self.counters.get(scope)
            if counter is None:
                count, known = len(persons), len(self.counters) < MAX_COUNTERS and self._forgotten <= since
            else:
                count, known = counter.with_use(persons, since), counter.forgotten <= since
            if count > most:  # noqa: PLR1730 - max() costs four times as much
                most = count
            missing = missing or not known
        return Reading(most, missing and most < self.window.hard)

    def scopes(self, where: tuple[str, str, str, str]) -> tuple[Scope, ...]:
        """Those that a use at `where` (a Where) counts in. Raises InputError where a name is none."""
        scopes = self._scopes.get(where)
        if scopes is None:
            if len(self._scopes) >= MAX_COUNTERS:
                self._scopes.clear()
            scopes = self._scopes[where] = self.window.scopes(Where(*where))
        return scopes

    def apply(self, event: Event) -> None:
        """One step of the fold. Raises RecordError where the event cannot follow what was before."""
        match event:
            case Reserved():
                self._reserve(event)
            case Settled():
                self._settle(event)
            case Released():
                open_ = self._close(event.reservation)
                self.time = max(self.time, event.time)
                self._let_go(open_)
            case Rotated():
                self._rotate(event)
            case _:
                assert_never(event)

    def snapshot(self) -> bytes:
        """Everything, as bytes: equal states have equal bytes."""
        counters = [
            (scope, counter.forgotten, list(counter.seen.items()))
            for scope, counter in sorted(self.counters.items(), key=lambda item: repr(item[0]))
        ]
        window = (self.window.seconds, self.window.soft, self.window.hard, self.window.counted_by)
        opened = [(number, open_.scopes, list(open_.persons), open_.cut) for number, open_ in sorted(self.open.items())]
        whole = (self.time, self.key, window, self.reserved, self._forgotten, counters, opened)
        return msgspec.msgpack.encode(whole)

    @classmethod
    def of_snapshot(cls, data: bytes) -> State:
        """The other way. Raises InputError."""
        try:
            time, key, window, reserved, forgotten, counters, opened = _SNAPSHOT.decode(data)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise RecordError("a snapshot that cannot be read", place="meters", cure=_REBUILD) from None
        self = cls()
        self.time, self.key, self.reserved, self._forgotten = time, key, reserved, forgotten
        self.window = Window(*window)
        for scope, dropped, seen in counters:
            counter = self.counters[scope] = Counter(dropped)
            counter.seen = OrderedDict(seen)
        for number, scopes, persons, cut in opened:
            open_ = self.open[number] = Open(scopes, persons, cut)
            for scope in open_.scopes:
                if scope in self.counters:
                    self.counters[scope].hold(persons)
                elif persons:
                    raise RecordError("a snapshot that contradicts itself", place="meters", cure=_REBUILD)
        return self

    def _reserve(self, event: Reserved) -> None:
        persons = _persons(event.persons)
        if not self.key:
            raise RecordError("a reservation before any agreement", place="meters", cure=_CURE)
        self.time = max(self.time, event.time)
        held = []
        for scope in self.scopes(event.where):
            counter = self._counter(scope)
            if counter is None:
                self._forgotten = self.time  # nobody may later read a count that lacks these persons
            else:
                counter.hold(persons)
                held.append(scope)
        self.open[self.reserved] = Open(tuple(held), persons, event.cut)
        self.reserved += 1

    def _settle(self, event: Settled) -> None:
        more = _persons(event.more)
        open_ = self._close(event.reservation)
        self.time = max(self.time, event.time)
        self._let_go(open_)
        for scope in open_.scopes:
            counter = self._counter(scope)
            if counter is None:
                self._forgotten = self.time
                continue
            counter.touch(open_.persons, self.time, self.window.hard)
            if more:
                counter.touch(more, self.time, self.window.hard)
            if event.cut or open_.cut:
                counter.forgotten = self.time

    def _rotate(self, event: Rotated) -> None:
        window = Window(event.seconds, event.soft, event.hard, event.counted_by)
        self.time = max(self.time, event.time)
        self.key, self.window = event.key, window
        self._scopes.clear()
        for counter in self.counters.values():
            counter.expire(self.time - window.seconds)
            counter.trim(window.hard)
        self._sweep()

    def _close(self, reservation: int) -> Open:
        open_ = self.open.pop(reservation, None)
        if open_ is None:
            raise RecordError(f"reservation {reservation} is not open", place="meters", cure=_CURE)
        return open_

    def _let_go(self, open_: Open) -> None:
        if open_.persons:
            for scope in open_.scopes:
                self.counters[scope].let_go(open_.persons)

    def _counter(self, scope: Scope) -> Counter | None:
        """The scope's, made where there is room; None past MAX_COUNTERS, even without those where nobody counts."""
        counter = self.counters.get(scope)
        if counter is not None:
            counter.expire(self.time - self.window.seconds)
        elif self._has_room():
            counter = self.counters[scope] = Counter(self._forgotten)
        return counter

    def _has_room(self) -> bool:
        if len(self.counters) >= MAX_COUNTERS:
            self._sweep()
        return len(self.counters) < MAX_COUNTERS

    def _sweep(self) -> None:
        """Drop the counters in which nobody counts any more."""
        since = self.time - self.window.seconds
        for scope, counter in list(self.counters.items()):
            counter.expire(since)
            if counter.idle:
                self._forgotten = max(self._forgotten, counter.forgotten)
                del self.counters[scope]


def replay(batches: Iterable[bytes], state: State | None = None, mark: Mark = Mark()) -> tuple[State, Mark]:  # noqa: B008
    """The state that some batches of events lead to, from the first on, or from a `state` at a `mark` that is changed.
    Raises RecordError.

    >>> replay([])[1]
    Mark(events=0, digest=b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00')
    """
    state, reader = state if state is not None else State(), Reader(Event, mark)
    for batch in batches:
        for event in reader.read(batch):
            state.apply(event)  # type: ignore[arg-type]
    return state, reader.mark


def _persons(data: bytes) -> list[bytes]:
    """Hashes, each once."""
    if len(data) == HASH_BYTES:
        return [data]
    if len(data) % HASH_BYTES:
        raise RecordError("hashes of persons that are cut short", place="meters", cure=_CURE)
    return list(dict.fromkeys(parted(data)))


_Scope = tuple[str | None, str | None, str | None, str | None]
_Hash = bytes
_SNAPSHOT: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(
    tuple[
        int,
        bytes,
        tuple[int, int, int, tuple[tuple[str, ...], ...]],
        int,
        int,
        list[tuple[_Scope, int, list[tuple[_Hash, int]]]],
        list[tuple[int, tuple[_Scope, ...], list[_Hash], bool]],
    ]
)
