"""Where meters and money stood, in the record itself: a start reads only the events that came after.

After every `EVERY` entries that carried events an entry is written whose private side holds `meter.state` and
`budget.state`: MessagePack [events before it, digest over their batches, snapshot]. It is a beat (kind 9, event 2), so
no order erases it, and no other entry of that kind has a private side.

Law: the record stays the journal. A snapshot is what the entry commits to, or the start stops; the next batch must
follow the mark in it, so one that left events out cannot be gone on from; and the fold over all batches from the first
gives the same state. What a crash cuts off is a snapshot less, and a longer start.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np

from brightline.errors import RecordError, StorageError
from brightline.gateway.metered import Metered
from brightline.meters.chain import Mark
from brightline.record.body import ClockBody, ClockEvent, ClockSource
from brightline.record.commitment import commit
from brightline.record.entry import ENTRY, ENTRY_BYTES, NO_DIGEST, Kind, unpack
from brightline.record.log import Draft
from brightline.storage.journal import Journal
from brightline.storage.vault import Vault

EVERY = 50_000
"""Entries with events between two snapshots: what a start reads at most, but for the few of a batch under way."""
MAX_SNAPSHOT: Final = 64 << 20
"""Bytes of a snapshot; larger meters are replayed from the last one that was smaller."""
_BYTES_EACH: Final = 256  # a larger snapshot comes less often, so that they never take most of the disk
_AT_ONCE: Final = 1 << 14  # entries
_RESTORE: Final = "restore record and private folder from the same back-up"
_logger = logging.getLogger(__name__)


class Snapshot(NamedTuple):
    """`entry`: its place in the log, -1 where there is none; `state`: empty then; `mark`: of the events before it."""

    entry: int = -1
    mark: Mark = Mark()
    state: bytes = b""


@dataclass
class Snapshots:
    """Belongs to the event loop. `since`: entries with events since the last snapshot."""

    metered: Metered
    terms: bytes
    source: ClockSource
    since: int = 0
    every: int = 0

    def counted(self, append: Callable[[Draft], asyncio.Future[Any]]) -> None:
        """An entry that carries all events so far was handed over: where a snapshot is due it goes right after it."""
        self.since += 1
        if self.since < max(EVERY, self.every):
            return
        self.since, fields = 0, self._fields()
        size = sum(len(value) for _, value in fields)
        self.every = size // _BYTES_EACH
        if not fields or size > MAX_SNAPSHOT:
            _logger.warning("the meters are too large for a snapshot: the next start reads more of the record")
            return
        draft = Draft(ClockBody(ClockEvent.BEAT, self.source), terms=self.terms, fields=fields)
        append(draft).add_done_callback(_told)

    def _fields(self) -> tuple[tuple[str, bytes], ...]:
        kept = (("meter", self.metered.meters), ("budget", self.metered.budget))
        views = [(name, one.view()) for name, one in kept if one is not None]
        return tuple((f"{name}.state", msgspec.msgpack.encode((*mark, state))) for name, (mark, state) in views)


def newest(journal: Journal, vault: Vault, names: Sequence[str]) -> dict[str, Snapshot]:
    """The newest snapshot of each of `names` (`meter`, `budget`). Raises StorageError where one is damaged."""
    found: dict[str, Snapshot] = {}
    for index in _beats(journal):
        if len(found) == len(names):
            break
        fields = _opened(journal, vault, index)
        for name in names:
            if name not in found and (value := fields.get(f"{name}.state")):
                try:
                    events, digest, state = _READ.decode(value)
                except (msgspec.MsgspecError, UnicodeDecodeError):
                    raise StorageError(
                        "a snapshot that cannot be read", place=f"entry {index}", cure=_RESTORE
                    ) from None
                found[name] = Snapshot(index, Mark(events, digest), state)
    return {name: found.get(name, Snapshot()) for name in names}


def _beats(journal: Journal) -> Iterator[int]:
    """The clock entries that have a private side, from the last on back."""
    last = journal.log.size
    while last > 0:
        first = max(0, last - _AT_ONCE)
        rows = np.frombuffer(journal.read(first, last), ENTRY)
        sealed = (rows["kind"] == Kind.CLOCK) & (rows["commitment"] != np.void(NO_DIGEST))
        yield from (first + row for row in reversed(np.flatnonzero(sealed).tolist()))
        last = first


def _opened(journal: Journal, vault: Vault, index: int) -> dict[str, bytes]:
    try:
        opened = vault.opened(index)
    except RecordError as e:
        raise StorageError(f"its private side: {e.text}", place=f"entry {index}", cure=_RESTORE) from None
    entry = unpack(journal.read(index, index + 1)[:ENTRY_BYTES])
    if opened is None or commit(*opened) != entry.commitment:
        text = "the snapshot of the meters is not what the entry commits to"
        raise StorageError(text, place=f"entry {index}", cure=_RESTORE)
    return dict(opened[1])


def _told(done: asyncio.Future[Any]) -> None:
    if (error := done.exception()) is not None:
        _logger.error("no snapshot of the meters was recorded: %s", error)


_READ: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(tuple[int, bytes, bytes])
