"""The durable log: entries in a journal, synced a batch at a time, and published as tiles that anyone's tools read.

    FOLDER/lock                     held by the one process that writes
    FOLDER/journal/N.journal        256-byte slots (`brightline.storage.segment`), the newest entries
    FOLDER/log/checkpoint, tile/…   a C2SP tlog-tiles log, valid at every moment

Law: when `append` returns, its entries and a signed checkpoint over them are durable; whatever it raised for may be
gone or may have stayed, and nobody was told. Every checkpoint signed is consistent with all signed before it.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

from brightline.errors import RecordError, StorageError
from brightline.keys import SigningKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import BUNDLE
from brightline.record.log import Batch, Disclosure, Log
from brightline.record.tiles import Growth
from brightline.storage.disk import Disk
from brightline.storage.publication import Edition, publish, published_entries
from brightline.storage.recovery import Recovery
from brightline.storage.segment import SLOT, Seal, Segment, name_of

SEGMENT_SLOTS = 1 << 16  # 16 MiB a file


class Journal:
    """One log in one folder, opened by one process. `append` from one thread at a time; the rest from any."""

    def __init__(self, folder: Path, key: SigningKey, log: Log, disk: Disk) -> None:
        self.folder, self.log = folder, log
        self._key, self._key_id, self._disk = key, key.public.id, disk
        self._growth, self._segments = Growth(), list[Segment]()
        self._seal = Seal(0, b"", b"", b"")
        self._stopped: BaseException | None = None
        self._writing, self._publishing = threading.Lock(), threading.Lock()
        self._lock = -1
        self.cut = 0  # slots of an interrupted batch that opening cut off

    @classmethod
    def open(cls, folder: Path, key: SigningKey, disclosure: Disclosure, disk: Disk | None = None) -> Self:
        """The log of the origin `key.name` in `folder`, made where there is none, otherwise recovered whole.

        Raises StorageError naming file, offset or entry and the cure where the files are another log's, damaged,
        rolled back or forked, or where another process has them open.
        """
        disk = disk or Disk()
        self = cls(folder, key, Log(key.name, disclosure), disk)
        for part in (folder, self._public, self._journal):
            disk.make_folder(part)
        self._lock = disk.lock(folder / "lock")
        try:
            found = Recovery(self._public, self._journal, self.log, key.public, disk).run()
            if found is None:
                self._seal = self._sign()
                self._begin_segment()
            else:
                self._growth, self._segments, self._seal, self.cut = found.growth, found.segments, found.seal, found.cut
        except BaseException:
            self.close()
            raise
        return self

    @property
    def _public(self) -> Path:
        return self.folder / "log"

    @property
    def _journal(self) -> Path:
        return self.folder / "journal"

    @property
    def to_drop(self) -> int:
        """How many segments wait only for `publish` to be dropped."""
        full = self._seal.size // BUNDLE * BUNDLE
        return sum(segment.end <= full for segment in self._segments[:-1])

    def batch(self, now: float) -> Batch:
        """An empty batch at the time `now`. Raises StorageError where the record has stopped."""
        if self._stopped is not None:
            raise StorageError(
                "the record stopped after an error", place=str(self.folder), cure=f"start again ({self._stopped})"
            )
        return self.log.batch(now)

    def stop(self, error: BaseException) -> None:
        """Take nothing more until the folder is opened anew: nobody knows what is on disk now."""
        self._stopped = self._stopped or error

    def append(self, batch: Batch) -> Checkpoint:
        """Make a batch durable. Raises StorageError, and then takes nothing more until the folder is opened anew."""
        try:
            with self._writing:
                return self._append(batch)
        except BaseException as e:
            self.stop(e)
            raise

    def _append(self, batch: Batch) -> Checkpoint:
        data = batch.data()
        if self._segments[-1].slots + len(data) // SLOT + 1 > SEGMENT_SLOTS:
            self._begin_segment()
        segment = self._segments[-1]
        at = segment.slots * SLOT
        # 1 Write the entries, and read them back: what is hashed and signed is what the file holds.
        segment.file.write(at, data)
        try:
            completed = self.log.commit(batch, segment.file.read(at, len(data)))
        except RecordError as e:
            raise StorageError(e.text, place=str(segment.path), cure="check memory and disk, then start again") from e
        # 2 Sign, and write the checkpoint behind them.
        seal = self._sign()
        segment.file.write(at + len(data), seal.pack())
        # 3 One sync for both. Until it returns nobody may be told: a crash leaves any part of the batch, and recovery
        #   cuts it off. After it, the batch is complete on disk, and recovery refuses anything less.
        segment.file.sync()
        segment.ends.append(seal.size)
        self._seal = seal
        self._growth.add(completed)
        return Checkpoint(self.log.origin, seal.size, seal.root)

    def _sign(self) -> Seal:
        made = self.log.checkpoint()
        return Seal(made.size, made.root, self._key_id, self._key.sign(made.text().encode()))

    def _begin_segment(self) -> None:
        """A new file that opens with the newest checkpoint. A crash leaves it whole or not at all; empty is right."""
        path = self._journal / name_of(self.log.size)
        self._disk.replace(path, self._seal.pack())
        self._disk.sync_folder(self._journal)
        self._segments.append(Segment(path, self._disk.open(path, create=True), [self.log.size]))

    def read(self, first: int, last: int) -> bytes:
        """The 256-byte entries first..last-1, which must be durable already."""
        if not 0 <= first <= last <= self._seal.size:
            raise RecordError(f"entries {first} to {last} are not there", place="log", cure=f"it has {self._seal.size}")
        with self._writing:  # or `publish` could close a file under our hands
            start = min(max(self._segments[0].start, first), last)
            parts = [
                segment.entries(max(start, segment.start), min(last, segment.end))
                for segment in self._segments
                if max(start, segment.start) < min(last, segment.end)
            ]
        return published_entries(self._public, self._disk, first, start) + b"".join(parts)

    def publish(self) -> Checkpoint:
        """Bring the files in `FOLDER/log` up to the newest durable entry. May run beside `append`.

        Drops the segments whose entries all stand in full bundles by then. Raises StorageError.
        """
        with self._publishing:
            with self._writing:
                seal, tiles = self._seal, self._growth.tiles()
            publish(self._public, self._disk, Edition(bytes(seal.note(self.log.origin)), tiles), self.read)
            with self._writing:
                self._growth.drop([tile for tile, _ in tiles])
                while len(self._segments) > 1 and self._segments[0].end <= seal.size // BUNDLE * BUNDLE:
                    old = self._segments.pop(0)
                    old.file.close()
                    self._disk.remove(old.path)
        return Checkpoint(self.log.origin, seal.size, seal.root)

    def signed(self) -> bytes:
        """The newest durable checkpoint as a signed note."""
        return bytes(self._seal.note(self.log.origin))

    def close(self) -> None:
        """Let go of the files and the lock. What was appended is durable already."""
        for segment in self._segments:
            segment.file.close()
        self._segments.clear()
        self.stop(StorageError("it was closed", place=str(self.folder)))
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
