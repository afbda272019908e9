"""What a witness keeps on disk: of each log the last checkpoint that it cosigned, and every contradiction it met.

    FOLDER/lock                        held by the one process that cosigns
    FOLDER/logs/<hex>                  the note; <hex> is SHA-256 of the log's origin
    FOLDER/contradictions/<hex>        proofs, by SHA-256 of the file

A note is durable before its cosignature is shown, so a witness that was killed never contradicts itself. Whoever loses
the folder must retire the witness's key: it would cosign a second history.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from brightline.assurance.witness import Answer, Witness
from brightline.errors import RecordError, StorageError
from brightline.record import note
from brightline.storage.disk import Disk


class WitnessFolder:
    """One witness at work; a context manager, since it holds the folder's lock. From one thread at a time."""

    def __init__(self, folder: Path, witness: Witness, disk: Disk | None = None) -> None:
        """Raises StorageError where another process cosigns with this folder."""
        self.folder, self.witness, self._disk = folder, witness, disk or Disk()
        for kind in ("logs", "contradictions"):
            self._disk.make_folder(folder / kind)
        self._lock = self._disk.lock(folder / "lock")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        os.close(self._lock)

    def last(self, origin: str) -> bytes | None:
        """The note of the log that was cosigned last. Raises StorageError where the file is damaged."""
        path = self._path(origin)
        if not path.exists():
            return None
        data = self._disk.read(path)
        try:
            note.parse(data, str(path))
        except RecordError as e:
            cure = "restore it from a back-up that is newer than its last cosignature, or retire the key"
            raise StorageError("damaged: it is no checkpoint", place=str(path), cure=cure) from e
        return data

    def add_checkpoint(self, data: bytes, now: int) -> Answer:
        """The answer to a request's bytes; what it cosigns is durable. Raises StorageError where it cannot be."""
        read = self.witness.read(data)
        if isinstance(read, Answer):
            return read
        request, found = read
        answer = self.witness.answer(request, found, self.last(found.origin), now)
        if answer.contradiction is not None:
            proof = answer.contradiction.to_bytes()
            self._put(self.folder / "contradictions" / hashlib.sha256(proof).hexdigest(), proof)
        if answer.keep is not None:
            self._put(self._path(found.origin), answer.keep)
        return answer

    def _path(self, origin: str) -> Path:
        return self.folder / "logs" / hashlib.sha256(origin.encode()).hexdigest()

    def _put(self, path: Path, data: bytes) -> None:
        self._disk.replace(path, data)
        self._disk.sync_folder(path.parent)
