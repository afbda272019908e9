"""Events as bytes, in an order that nobody can change: what a meter or a budget leaves in the record's private side.

    batch  = MessagePack [number of its first event, digest before it, [event, …]]
    digest = BLAKE2b-128(digest before || batch)

Law: whoever replays the batches in order has seen every event, or gets an error. A *mark* says how far somebody is: a
view in a database whose mark is not that of the record's last batch is an older one (E06).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from brightline.errors import RecordError, StorageError

DIGEST_BYTES = 16
_CURE = "restore record and private folder from the same back-up; `brightline doctor` says more"
_encode = msgspec.msgpack.Encoder().encode


class Mark(NamedTuple):
    """How many events there were, and the digest over their batches."""

    events: int = 0
    digest: bytes = bytes(DIGEST_BYTES)


class Chain:
    """Events that wait to be recorded, and the mark of those that were handed over."""

    __slots__ = ("_waiting", "mark")

    def __init__(self, mark: Mark = Mark()) -> None:  # noqa: B008 - a Mark cannot change
        self.mark = mark
        self._waiting: list[msgspec.Struct] = []

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    def add(self, event: msgspec.Struct) -> None:
        self._waiting.append(event)

    def drain(self) -> bytes:
        """One batch of all that waits; empty where nothing does. Record it before what comes after."""
        if not self._waiting:
            return b""
        batch = _encode((*self.mark, self._waiting))
        self.mark = _after(self.mark, batch, len(self._waiting))
        self._waiting = []
        return batch


class Reader:
    """Reads batches in order. `events`: the union of the event types."""

    def __init__(self, events: object, mark: Mark = Mark()) -> None:  # noqa: B008 - a Mark cannot change
        self.mark = mark
        self._decoder = msgspec.msgpack.Decoder(tuple[int, bytes, list[events]])  # type: ignore[valid-type]

    def read(self, batch: bytes) -> Sequence[msgspec.Struct]:
        """The events of the next batch. Raises RecordError where it is malformed, or is not the next."""
        try:
            first, before, events = self._decoder.decode(batch)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            raise RecordError("a batch of events that cannot be read", place=self._place, cure=_CURE) from None
        if (first, before) != tuple(self.mark):
            wrong = f"the next batch begins with event {first}" if first != self.mark.events else "events were changed"
            raise RecordError(f"{wrong}: one is missing, moved or altered", place=self._place, cure=_CURE)
        self.mark = _after(self.mark, batch, len(events))
        return list(events)

    @property
    def _place(self) -> str:
        return f"meter event {self.mark.events}"


def refuse_older(view: Mark, record: Mark) -> None:
    """Raises StorageError unless a view is exactly where the record is: an older database was restored, or another."""
    if view == record:
        return
    how = f"{record.events - view.events} events behind" if view.events < record.events else "not the record's"
    raise StorageError(
        f"the meters are {how}: an older or other database was put in place",
        place=f"meter event {view.events}",
        cure="delete the view: it is rebuilt from the record",
    )


def _after(mark: Mark, batch: bytes, events: int) -> Mark:
    digest = blake2b(mark.digest + batch, digest_size=DIGEST_BYTES).digest()
    return Mark(mark.events + events, digest)
