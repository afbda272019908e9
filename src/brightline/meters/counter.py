"""Distinct persons in one scope over a sliding window: exact up to the hard limit, and no larger than it.

It keeps, for the `hard` persons who were touched last, the second in which each was. That is enough: at any later time
either all of them are still in the window, and the count is at least `hard`; or one has left it, and then so has
everybody who was touched before. So `min(count, hard)` is exact, without buckets and without estimates.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

NEVER = -(1 << 62)  # before any window


class Counter:
    """`seen`: hash → last second, oldest first. Held persons are those of open reservations: counted, not yet touched.

    `forgotten`: the last second of anybody who was dropped, by age or for want of room. Where that second is inside the
    window and the count is below `hard`, window or limit were widened since, and the count is not known.
    """

    __slots__ = ("_alone", "_held", "forgotten", "seen")

    def __init__(self, forgotten: int = NEVER) -> None:
        self.seen: OrderedDict[bytes, int] = OrderedDict()
        self.forgotten = forgotten
        self._held: dict[bytes, int] = {}  # hash → how many open reservations hold it
        self._alone = 0  # held, and not seen

    @property
    def count(self) -> int:
        """Distinct persons, seen or held."""
        return len(self.seen) + self._alone

    @property
    def idle(self) -> bool:
        return not self.seen and not self._held

    def with_use(self, persons: Sequence[bytes], since: int) -> int:
        """Distinct persons touched after the second `since`, held, or among these distinct ones. Changes nothing."""
        seen, held = self.seen, self._held
        count = len(seen) + self._alone
        for person in persons:
            if person not in seen and person not in held:
                count += 1
        if seen and seen[next(iter(seen))] <= since:
            used = set(persons)
            for person, time in seen.items():
                if time > since:
                    break
                count -= person not in held and person not in used
        return count

    def expire(self, since: int) -> None:
        """Drop whom nobody touched after the second `since`."""
        seen = self.seen
        while seen:
            person = next(iter(seen))
            if seen[person] > since:
                return
            self._forget(person)

    def hold(self, persons: Iterable[bytes]) -> None:
        held, seen = self._held, self.seen
        for person in persons:
            if person in held:
                held[person] += 1
            else:
                held[person] = 1
                if person not in seen:
                    self._alone += 1

    def let_go(self, persons: Iterable[bytes]) -> None:
        """Undo `hold`: who is held by nobody else and was not seen counts no more."""
        held, seen = self._held, self.seen
        for person in persons:
            left = held[person] - 1
            if left:
                held[person] = left
            else:
                del held[person]
                if person not in seen:
                    self._alone -= 1

    def touch(self, persons: Iterable[bytes], time: int, hard: int) -> None:
        """Each was touched at `time`, which is no earlier than any time before."""
        seen, held = self.seen, self._held
        for person in persons:
            if person in seen:
                seen.move_to_end(person)
            elif person in held:
                self._alone -= 1
            seen[person] = time
        if len(seen) > hard:
            self.trim(hard)

    def trim(self, hard: int) -> None:
        """Keep the `hard` persons who were touched last."""
        seen = self.seen
        while len(seen) > hard:
            self._forget(next(iter(seen)))

    def _forget(self, person: bytes) -> None:
        self.forgotten = max(self.forgotten, self.seen.pop(person))
        if person in self._held:
            self._alone += 1
