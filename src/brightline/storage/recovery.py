"""Opening a journal: replay everything, and tell a torn tail from damage.

What a crash can leave: every batch but the last was synced before the next was written, so only the last can be
incomplete, and then nobody was told of it. Cut it. Anything else that does not fit was there once and was changed,
lost or put back to an older state: refuse, and leave the files as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Never

import numpy as np

from brightline.errors import RecordError, StorageError
from brightline.keys import VerifyKey
from brightline.record import checkpoint, note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import BUNDLE
from brightline.record.log import Log
from brightline.record.tiles import CHECKPOINT, WIDTH, Growth, Tile
from brightline.storage.disk import Disk
from brightline.storage.publication import published_entries
from brightline.storage.segment import SLOT, Rows, Seal, Segment, as_rows, is_seal, is_torn

CURE = "keep these files as they are, restore the folder from a back-up, and tell whoever holds a later checkpoint"
OTHERS = "give each log a data folder of its own, and keep its key with it"
DIFFER = "damaged, or the bundle of its entries is: its hashes are not those of the entries"
_BUNDLES_AT_ONCE = 64


@dataclass(slots=True)
class Recovered:
    """A log as it stood, the hashes still to be published, its segments, its newest checkpoint, and what was cut."""

    log: Log
    growth: Growth
    segments: list[Segment]
    seal: Seal
    cut: int


class Recovery:
    """Reads `public` (tiles and published checkpoint) and `journal` (segments) of one log into `log`."""

    def __init__(self, public: Path, journal: Path, log: Log, key: VerifyKey, disk: Disk) -> None:
        self._public, self._journal, self._disk, self._key = public, journal, disk, key
        self._log, self._growth = log, Growth()
        self._published: Checkpoint | None = None
        self._cut = 0

    def run(self) -> Recovered | None:
        """None where there is no log yet. Raises StorageError naming file, entry and cure."""
        segments: list[Segment] = []
        try:
            return self._run(segments)
        except BaseException:
            for segment in segments:
                segment.file.close()
            raise

    def _run(self, segments: list[Segment]) -> Recovered | None:
        # 1 What was published is a promise: the journal must pass through it.
        self._read_published()
        names = [name for name in self._disk.names(self._journal) if name.endswith(".journal")]
        if not names:
            if self._published is not None:
                self._refuse(self._journal, f"the journal is missing: {self._published.size} entries were published")
            return None
        # 2 Entries that left the journal stand in bundles; then the segments, each following the one before.
        seal = Seal(0, b"", b"", b"")
        for name in names:
            file = self._disk.open(self._journal / name)
            segments.append(Segment(file.path, file, [0]))
            seal = self._replay_file(segments[-1], first=name == names[0], last=name == names[-1])
        # 3 Neither rolled back nor forked.
        published, size = self._published, self._log.size
        if published is not None and published.size > size:
            self._refuse(self._journal, f"rolled back: it ends at entry {size}, but {published.size} were published")
        if published is not None:
            self._refuse(self._public / CHECKPOINT, f"forked: the journal never had the {published.size} entries of it")
        self._write_again(segments[-1])
        return Recovered(self._log, self._growth, segments, seal, self._cut)

    def _read_published(self) -> None:
        path = self._public / CHECKPOINT
        if not path.exists():
            return
        data = self._disk.read(path)
        try:
            signed = note.parse(data, str(path))
            origin = Checkpoint.parse(signed.text, str(path)).origin
            if origin != self._log.origin and origin in [s.name for s in signed.signatures]:
                self._refuse(path, f"another log's: {origin}, not {self._log.origin}", OTHERS)
            self._published = checkpoint.verify(data, [self._key], str(path))
        except RecordError as e:
            self._refuse(path, e.text)
        self._meet(Checkpoint(self._log.origin, 0, self._log.checkpoint().root))

    def _replay_file(self, segment: Segment, *, first: bool, last: bool) -> Seal:
        rows = as_rows(segment.file.read(0, segment.file.size()))
        path = segment.path
        if not len(rows) or not is_seal(rows[:1])[0]:
            self._refuse(path, "damaged at its start: no checkpoint opens it")
        opening = self._unpack(path, rows, 0)
        if opening.key_id != self._key.id:
            self._refuse(path, f"another log's: not signed by {self._key}", OTHERS)
        if first:
            self._replay_bundles(opening.size)
        missing = opening.size - self._log.size
        if missing:
            between = f"entries {self._log.size} to {opening.size - 1} are missing"
            self._refuse(path, between if missing > 0 else "it repeats entries that came before")
        if opening.root != self._log.checkpoint().root:
            self._refuse(path, f"forked: it does not follow the {opening.size} entries before it")
        segment.ends[0] = opening.size
        return self._replay_segment(segment, rows, last=last)

    def _unpack(self, path: Path, rows: Rows, slot: int) -> Seal:
        try:
            return Seal.unpack(rows[slot].tobytes())
        except RecordError as e:
            self._refuse(path, f"damaged at offset {slot * SLOT}: {e.text}")

    def _replay_bundles(self, end: int) -> None:
        """The entries before the first segment stand in full bundles, and their hashes in full tiles."""
        step = BUNDLE * _BUNDLES_AT_ONCE
        for start in range(0, end, step):
            stop = min(start + step, end)
            try:
                self._growth.add(self._log.replay(published_entries(self._public, self._disk, start, stop)))
            except RecordError as e:
                self._refuse(self._public / Tile(-1, start // BUNDLE).path, f"damaged, or a bundle after it: {e}")
            full = [(tile, data) for tile, data in self._growth.tiles() if tile.width == WIDTH]
            for tile, data in full:
                path = self._public / tile.path
                if self._disk.read(path) != data:
                    self._refuse(
                        path, "damaged, or the bundle of its entries is: its hashes are not those of the entries"
                    )
            self._growth.drop([tile for tile, _ in full])

    def _replay_segment(self, segment: Segment, rows: Rows, *, last: bool) -> Seal:
        """Replay its batches; returns the newest checkpoint that stands."""
        at: list[int] = np.flatnonzero(is_seal(rows)).tolist()  # batch i lies between slots at[i] and at[i + 1]
        seals: list[Seal] = []
        trouble = ""
        for slot in at:
            try:
                seals.append(Seal.unpack(rows[slot].tobytes()))
            except RecordError as e:
                trouble = f"{e.text} at offset {slot * SLOT}"
                break
        self._meet(self._checkpoint(seals[0]))
        done, many = 0, len(seals) - 1
        while done < len(seals) - 1:
            stop = min(done + many, len(seals) - 1)
            entries = rows[at[done] + 1 : at[stop]]
            wrong = self._replay(entries[~is_seal(entries)].tobytes(), seals[done + 1 : stop + 1])
            if not wrong:
                done = stop
            elif many > 1:
                many //= 2  # somewhere in these: find the first batch that does not fit
            else:
                trouble = wrong
                break
        segment.ends += [found.size for found in seals[1 : done + 1]]
        if not seals[done].signed_by(self._key):
            self._refuse(segment.path, f"the checkpoint at {seals[done].size} entries is not signed by {self._key}")
        if rows[at[done] + 1 :].any():
            self._judge(segment, rows, at[done], trouble or "what follows has no checkpoint", last=last)
        return seals[done]

    def _replay(self, data: bytes, seals: list[Seal]) -> str:
        """What is wrong with these batches, if anything; then the log is as it was."""
        expected = [self._checkpoint(seal) for seal in seals]
        try:
            self._growth.add(self._log.replay(data, expected))
        except RecordError as e:
            return str(e)
        for passed in expected:
            self._meet(passed)
        return ""

    def _checkpoint(self, seal: Seal) -> Checkpoint:
        return Checkpoint(self._log.origin, seal.size, seal.root)

    def _judge(self, segment: Segment, rows: Rows, begin: int, trouble: str, *, last: bool) -> None:
        """The slots after `begin` do not fit. Cut them if a crash can have left them, else refuse."""
        tail = rows[begin + 1 :]
        tail = tail[: np.flatnonzero(tail.any(axis=1))[-1] + 1]
        seals = np.flatnonzero(is_seal(tail)).tolist()
        if not last or seals not in ([], [len(tail) - 1]) or not is_torn(tail, self._log.size):
            self._refuse(segment.path, f"damaged after offset {(begin + 1) * SLOT}: {trouble}")
        self._cut = len(tail)
        segment.file.cut((begin + 1) * SLOT)

    def _write_again(self, segment: Segment) -> None:
        """Write the last batch once more and sync it. After a sync that failed, the operating system may hold it in
        memory, call it clean and read it back, and lose it at the next power cut, under all that was built on it."""
        if len(segment.ends) > 1:
            begin = segment.slots - 1 - (segment.ends[-1] - segment.ends[-2])
            segment.file.write(begin * SLOT, segment.file.read(begin * SLOT, (segment.slots - begin) * SLOT))
            segment.file.sync()

    def _meet(self, passed: Checkpoint) -> None:
        """Strike off the published checkpoint when the log passes through it."""
        if self._published == passed:
            self._published = None

    def _refuse(self, path: Path, text: str, cure: str = CURE) -> Never:
        raise StorageError(text, place=str(path), cure=cure)
