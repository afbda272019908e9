"""The seam to the gateway: reserve before a use is decided, settle after it was made, release where it was not.

    reservation = meters.reserve(where, counted, now)    step 3; its `reading` gives `distinct_persons` and `meter`
    meters.release(reservation, now)                     step 4, at once, where the use may not be made
    meters.settle(reservation, now, more)                step 7; `more`: persons whom only the answer named
    draft.fields += ("meter", meters.events())           steps 5 and 7: all that waits, in order

Law: between `reserve` and `settle` or `release` the persons count in every other reading, so of two uses at the last
free place exactly one passes (E08). What is released takes back only what it alone reserved. Settling never refuses.
Belongs to one event loop; nothing in here waits.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from brightline.errors import StorageError
from brightline.meters.chain import Chain, Mark, refuse_older
from brightline.meters.counted import NOBODY, Counted
from brightline.meters.events import Event, Released, Reserved, Rotated, Settled, joined
from brightline.meters.key import MeterKey
from brightline.meters.state import Reading, State, replay
from brightline.meters.where import Where, Window


class Reservation(NamedTuple):
    """`number`: which one it is; `reading`: with this use counted."""

    number: int
    reading: Reading


class Meters:
    """All person meters of one record, under the key of the agreement in force."""

    def __init__(self, key: MeterKey, state: State, mark: Mark) -> None:
        self._key, self._state, self._chain = key, state, Chain(mark)

    @classmethod
    def begin(cls, key: MeterKey, window: Window, now: int) -> Self:
        """Meters of a new record."""
        self = cls(key, State(), Mark())
        self.rotate(key, window, now)
        return self

    @classmethod
    def resume(cls, key: MeterKey, batches: Iterable[bytes]) -> Self:
        """Rebuilt from the record's batches of events. Raises RecordError, and StorageError for another key.

        Then `settle` what is `open`: the gateway stopped while those uses ran, so their persons were touched.
        """
        state, mark = replay(batches)
        return cls._of(key, state, mark)

    @classmethod
    def of_view(cls, key: MeterKey, snapshot: bytes, mark: Mark, record: Mark) -> Self:
        """From a view in a database, which must be where the record is. Raises StorageError, InputError."""
        refuse_older(mark, record)
        return cls._of(key, State.of_snapshot(snapshot), mark)

    @classmethod
    def _of(cls, key: MeterKey, state: State, mark: Mark) -> Self:
        if state.key != key.id:
            cure = "restore the secret; where a new agreement began, call `rotate` with the old key's meters"
            raise StorageError("the meters were counted under another key", place="meter key", cure=cure)
        return cls(key, state, mark)

    @property
    def window(self) -> Window:
        return self._state.window

    @property
    def open(self) -> tuple[int, ...]:
        """Reservations that were neither settled nor released."""
        return tuple(self._state.open)

    @property
    def mark(self) -> Mark:
        """Of the events handed over."""
        return self._chain.mark

    @property
    def state(self) -> State:
        """To look at and to export; whoever changes it breaks the law of `state`."""
        return self._state

    def read(self, where: Where, counted: Counted, now: int) -> Reading:
        """What `reserve` would read; nothing is reserved or recorded. For a dry run."""
        reading = self._state.reading(where, self._hashes(counted), now)
        return reading if counted.complete else Reading(reading.persons, missing=True)

    def reserve(self, where: Where, counted: Counted, now: int) -> Reservation:
        """Count the persons of a use before it is decided. Raises InputError where a name in `where` is none."""
        state, persons = self._state, self._hashes(counted)
        state.scopes(where)  # refuses bad names before anything happened
        # Of more than `hard` persons the first `hard` are enough: any count with them is at the hard limit.
        hard = state.window.hard
        self._happen(Reserved(now, where, joined(persons[:hard]), len(persons) > hard))
        reading = state.reading(where, persons, now)
        if not counted.complete:
            reading = Reading(reading.persons, missing=True)
        return Reservation(state.reserved - 1, reading)

    def settle(self, reservation: Reservation | int, now: int, more: Counted = NOBODY) -> None:
        """The use was made. Raises RecordError where the reservation is not open."""
        persons, hard = self._hashes(more), self._state.window.hard
        number = reservation if isinstance(reservation, int) else reservation.number
        self._happen(Settled(now, number, joined(persons[:hard]), len(persons) > hard))

    def release(self, reservation: Reservation | int, now: int) -> None:
        """The use was not made: nothing of it went anywhere. Raises RecordError where the reservation is not open."""
        self._happen(Released(now, reservation if isinstance(reservation, int) else reservation.number))

    def rotate(self, key: MeterKey, window: Window, now: int) -> None:
        """A new agreement began. Persons already counted stay so until they leave the window; one of them who is
        touched again counts twice till then, since nobody can tell that the two hashes are one person."""
        self._happen(Rotated(now, key.id, window.seconds, window.soft, window.hard, window.counted_by))
        self._key = key

    def events(self) -> bytes:
        """All events since the last call, as one batch for the private side of the next entry; empty where none."""
        return self._chain.drain()

    def view(self) -> tuple[Mark, bytes]:
        """Mark and snapshot, for a database. Raises StorageError while events wait to be recorded."""
        if self._chain.waiting:
            raise StorageError("events of the meters wait to be recorded", place="meters", cure="record them first")
        return self.mark, self._state.snapshot()

    def _happen(self, event: Event) -> None:
        self._state.apply(event)  # first: what it refuses is no event
        self._chain.add(event)

    def _hashes(self, counted: Counted) -> Sequence[bytes]:
        hash_ = self._key.hash
        return [hash_(person) for person in counted.persons]
