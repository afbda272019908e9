"""A log as it stands published on disk (C2SP tlog-tiles), read by anyone, also while a gateway writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from brightline.errors import RecordError, StorageError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import BUNDLE, ENTRY_BYTES
from brightline.record.merkle import HASH_BYTES, prove_consistency, prove_inclusion
from brightline.record.tiles import Tile, decode_bundle, tile_reader
from brightline.storage.disk import Disk

WITNESSED = "witnessed"
"""The newest checkpoint that bears a witness's cosignature, beside the log's own `checkpoint`."""


class Published:
    """The newest published checkpoint of the log in `folder`, and the entries under it.

    Raises StorageError where nothing is published. Verifies nothing: that is for who reads the evidence.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        place = folder / "checkpoint"
        try:
            self.checkpoint = place.read_bytes()
            self.size = Checkpoint.parse(note.parse(self.checkpoint, str(place)).text).size
        except OSError as e:
            cure = "name the gateway's data folder; a gateway publishes within seconds of its start"
            raise StorageError(f"nothing is published: {e.strerror}", place=str(place), cure=cure) from None

    @classmethod
    def witnessed(cls, folder: Path) -> Published:
        """The same up to the newest checkpoint that a witness cosigned (`keep_witnessed`)."""
        self = cls(folder)
        place = folder / WITNESSED
        if not place.is_file():
            cure = "ask a witness: `brightline witness request`, or `witnesses` in the settings"
            raise StorageError("no witness has cosigned", place=str(place), cure=cure)
        self.checkpoint = place.read_bytes()
        self.size = Checkpoint.parse(note.parse(self.checkpoint, str(place)).text).size
        return self

    def keep_witnessed(self, checkpoint: bytes) -> None:
        """Keep a checkpoint with cosignatures, unless a newer one is kept; those of one text are put together."""
        place, made = self._folder / WITNESSED, note.parse(checkpoint, "checkpoint")
        if place.is_file():
            kept = note.parse(Disk().read(place), str(place))
            if kept.text == made.text:
                new = {(s.name, s.key_id): s for s in (*kept.signatures, *made.signatures)}
                made = note.Note(made.text, tuple(new.values()))
            elif Checkpoint.parse(kept.text).size > Checkpoint.parse(made.text).size:
                return
        Disk().replace(place, bytes(made))
        Disk().sync_folder(self._folder)

    def consistency(self, old: int) -> list[bytes]:
        """The proof that the log goes on from its first `old` entries. Raises StorageError or RecordError."""
        if not 0 < old <= self.size:
            return []
        return prove_consistency(old, self.size, tile_reader(self.size, self._tile))

    def counters(self) -> tuple[bytes, list[bytes]]:
        """The last counters entry, and the proof that it stands in the log. Raises StorageError."""
        if not self.size:
            raise StorageError("the log has no entries", place=str(self._folder), cure="wait for its first")
        index = (self.size - 1) // BUNDLE
        entry = self._bundle(index, self.size - index * BUNDLE)[:ENTRY_BYTES]
        return entry, prove_inclusion(index * BUNDLE, self.size, tile_reader(self.size, self._tile))

    def _tile(self, path: str) -> bytes:
        """A tile, or the beginning of the wider one that stands for it by now."""
        tile = Tile.parse(path)
        for width in range(tile.width, BUNDLE + 1):
            place = self._folder / Tile(tile.level, tile.index, width).path
            if place.is_file():
                return place.read_bytes()[: tile.width * HASH_BYTES]
        raise StorageError("a tile is missing", place=str(self._folder / path), cure="restore it from a back-up")

    def entries(self) -> Iterator[bytes]:
        """The entries under the checkpoint in order, a bundle at a time. Raises StorageError naming the file."""
        for index in range(-(-self.size // BUNDLE)):
            width = min(BUNDLE, self.size - index * BUNDLE)
            yield self._bundle(index, width)

    def read(self, first: int, last: int) -> bytes:
        """Entries first..last-1, 256 bytes each. Raises StorageError naming the file, or that there are not so many."""
        if not 0 <= first <= last <= self.size:
            raise StorageError(f"entries {first} to {last} are not published", place=str(self._folder), cure="wait")
        start = first // BUNDLE
        parts = [
            self._bundle(index, min(BUNDLE, self.size - index * BUNDLE)) for index in range(start, -(-last // BUNDLE))
        ]
        return b"".join(parts)[(first - start * BUNDLE) * ENTRY_BYTES : (last - start * BUNDLE) * ENTRY_BYTES]

    def _bundle(self, index: int, width: int) -> bytes:
        # A partial bundle gives way to wider ones as the log grows, so these are tried where it is gone.
        for of in range(width, BUNDLE + 1):
            path = self._folder / Tile(-1, index, of).path
            try:
                return decode_bundle(path.read_bytes(), of, str(path))[: width * ENTRY_BYTES]
            except FileNotFoundError:
                continue
            except RecordError as e:
                raise StorageError(f"damaged: {e.text}", place=str(path), cure="restore it from a back-up") from e
        path = self._folder / Tile(-1, index, width).path
        raise StorageError("a bundle of entries is missing", place=str(path), cure="restore it from a back-up")
