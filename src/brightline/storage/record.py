"""The record in one folder: the journal and its private side, written together a batch at a time."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from brightline.errors import RecordError, StorageError
from brightline.keys import SigningKey
from brightline.record.commitment import commit
from brightline.record.entry import ENTRY_BYTES, NO_DIGEST, unpack
from brightline.record.log import Disclosure, Draft
from brightline.storage.custody import ordered
from brightline.storage.disk import Disk
from brightline.storage.journal import Journal
from brightline.storage.vault import KEY_BYTES, Item, Vault

MAX_BATCH = 1024  # drafts
_MOST_AHEAD = MAX_BATCH + MAX_BATCH // 128  # entries of a batch, with the counters entries between them


class Receipt(NamedTuple):
    """Where an entry stands: origin of the log, index, and the digest of the terms in force."""

    origin: str
    index: int  # type: ignore[assignment]  # hides tuple.index, which no receipt needs
    terms: bytes


class Record:
    """Journal and vault of one log. `write` from one thread at a time; what it raised StorageError for ends it."""

    def __init__(
        self, journal: Journal, vault: Vault, clock: Callable[[], float], random: Callable[[int], bytes]
    ) -> None:
        self.journal, self.vault = journal, vault
        self._clock, self._random = clock, random

    @classmethod
    def open(
        cls,
        folder: Path,
        key: SigningKey,
        site_key: bytes,
        disclosure: Disclosure,
        *,
        disk: Disk | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """The record in `folder`, made or recovered. Raises StorageError naming the damage and the cure."""
        journal = Journal.open(folder, key, disclosure, disk)
        try:
            vault = Vault.open(folder / "private", site_key, journal.log.size, _MOST_AHEAD, disk)
            try:
                # The newest entries: else another time's private side, or another site key, was put here.
                size = journal.log.size
                check_private_side(journal, vault, max(0, size - _MOST_AHEAD), size)
                # After a long idle time none of these has one: then the newest that does shows the site key.
                newest = vault.newest(size)
                check_private_side(journal, vault, newest, min(newest + 1, size))
            except BaseException:
                vault.close()
                raise
        except BaseException:
            journal.close()
            raise
        return cls(journal, vault, clock, random)

    def write(self, drafts: Sequence[Draft]) -> list[Receipt | RecordError]:
        """Make at most MAX_BATCH drafts durable, in order; for each a receipt, or why it cannot be an entry.

        Raises StorageError where they could not be made durable; then none of them may be taken as recorded.
        """
        try:
            return self._write(drafts)
        except BaseException as e:
            self.journal.stop(e)
            raise

    def _write(self, drafts: Sequence[Draft]) -> list[Receipt | RecordError]:
        # 1 Give each its place; one that cannot be an entry fails alone.
        batch = self.journal.batch(self._clock())
        keys = self._random(KEY_BYTES * len(drafts))
        origin = self.journal.log.origin
        results: list[Receipt | RecordError] = []
        items: list[Item] = []
        for i, draft in enumerate(drafts):
            key = keys[i * KEY_BYTES : (i + 1) * KEY_BYTES]
            try:
                index = batch.add(draft, key)
            except RecordError as e:
                results.append(e)
                continue
            results.append(Receipt(origin, index, draft.terms))
            if draft.fields:
                items.append(Item(index, key, draft.fields))
        # 2 The private side first: a durable entry never commits to what is gone.
        self.vault.write(items)
        # 3 The entries, read back, hashed, signed and synced.
        if batch:
            self.vault.saw(self.journal.append(batch).size)
        return results

    def close(self) -> None:
        self.vault.close()
        self.journal.close()


def check_private_side(journal: Journal, vault: Vault, first: int, last: int) -> int:
    """Entries first..last-1 that commit to something: what they commit to is there and opens, or was erased.

    Returns how many were erased. Raises StorageError naming the first entry of which that is not so.
    """
    data, erased = journal.read(first, last), 0
    for i, there in enumerate(vault.has(first, last)):
        entry = unpack(data[i * ENTRY_BYTES : (i + 1) * ENTRY_BYTES])
        if entry.commitment == NO_DIGEST:
            continue
        if not there:
            raise _private(journal, f"the private side of entry {entry.sequence} is missing")
        try:
            opened = vault.opened(entry.sequence)
        except (RecordError, msgspec.MsgspecError):
            if ordered(entry.sequence, journal.log.size, journal.read, vault):
                # A crash came while its key was overwritten, and left a part of it: it is finished here.
                vault.erase(entry.sequence)
                erased += 1
                continue
            raise _private(
                journal,
                f"the private side of entry {entry.sequence} does not open",
                "check that site_key is the one of this record; if it is, ",
            ) from None
        if opened is None:
            erased += 1
        elif commit(*opened) != entry.commitment:
            raise _private(journal, f"the private side of entry {entry.sequence} is not what the entry commits to")
    return erased


def _private(journal: Journal, text: str, first: str = "") -> StorageError:
    cure = f"{first}restore the private folder from the back-up that belongs to this record"
    return StorageError(text, place=str(journal.folder / "private"), cure=cure)
