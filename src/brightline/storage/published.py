"""A log as it stands published on disk (C2SP tlog-tiles), read by anyone, also while a gateway writes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from brightline.errors import RecordError, StorageError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.entry import BUNDLE, ENTRY_BYTES
from brightline.record.tiles import Tile, decode_bundle


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
        # A partial bundle gives way to the full one as the log grows, so the full one is tried where it is gone.
        for of in dict.fromkeys((width, BUNDLE)):
            path = self._folder / Tile(-1, index, of).path
            try:
                return decode_bundle(path.read_bytes(), of, str(path))[: width * ENTRY_BYTES]
            except FileNotFoundError:
                continue
            except RecordError as e:
                raise StorageError(f"damaged: {e.text}", place=str(path), cure="restore it from a back-up") from e
        path = self._folder / Tile(-1, index, width).path
        raise StorageError("a bundle of entries is missing", place=str(path), cure="restore it from a back-up")
