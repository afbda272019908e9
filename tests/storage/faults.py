"""A disk that fails, stops, or loses what was not synced, where a test says so.

Sectors have 512 bytes and are whole or as they were before; names that were not synced may be lost or come back.
"""

from __future__ import annotations

import errno
import os
import random
from pathlib import Path

from brightline.errors import StorageError
from brightline.storage.disk import Disk, File, trouble

SECTOR = 512


class PowerCutError(BaseException):
    """The machine stops here."""


class FaultyFile(File):
    def __init__(self, path: Path, create: bool, disk: FaultyDisk) -> None:
        super().__init__(path, create)
        self.disk = disk
        disk.files.setdefault(path, Unsynced(os.fstat(self._fd).st_size))

    @property
    def unsynced(self) -> Unsynced:
        return self.disk.files[self.path]

    def pwrite(self, data: memoryview, at: int) -> int:
        first, last = at // SECTOR, (at + len(data) - 1) // SECTOR
        for number in range(first, last + 1):
            before = self.unsynced.forgotten.pop(number, None)
            if number not in self.unsynced.sectors:
                now = os.pread(self._fd, SECTOR, number * SECTOR)
                self.unsynced.sectors[number] = now if before is None else before
        match self.disk.step():
            case None:
                return super().pwrite(data, at)
            case "flip":
                return super().pwrite(memoryview(bytes([data[0] ^ 1]) + bytes(data[1:])), at)
            case "cut":
                super().pwrite(data[: random.Random(at).randrange(len(data) + 1)], at)
                raise PowerCutError
            case "short":
                self.disk.fault_at, self.disk.fault = self.disk.steps + 1, errno.ENOSPC
                return super().pwrite(data[: len(data) // 2 + 1], at)
            case code:
                raise OSError(code, os.strerror(int(code)))

    def sync(self) -> None:
        try:
            self.disk.raise_fault(self.path)
        except StorageError:
            # As Linux does: the pages are called clean all the same, and no later sync writes them.
            self.unsynced.forgotten |= self.unsynced.sectors
            self.unsynced.sectors.clear()
            raise
        self.unsynced.sectors.clear()
        self.unsynced.size = os.fstat(self._fd).st_size

    def cut(self, size: int) -> None:
        self.disk.raise_fault(self.path)
        super().cut(size)


class Unsynced:
    """What the sectors written since the last sync held before, and how long the file was.

    `forgotten`: the same of sectors whose sync failed and that were not written since.
    """

    def __init__(self, size: int) -> None:
        self.size, self.sectors, self.forgotten = size, dict[int, bytes](), dict[int, bytes]()


class FaultyDisk(Disk):
    """Counts its steps; at step `fault_at` it does `fault`: an errno, "short" (then full), "flip" (one bit),
    or "cut" (the power). `files` of the disk before carry on what it left unsynced."""

    def __init__(self, fault_at: int = -1, fault: int | str = "cut", files: dict[Path, Unsynced] | None = None) -> None:
        self.steps, self.fault_at, self.fault = 0, fault_at, fault
        self.files = {} if files is None else files
        self.renamed: dict[Path, list[tuple[Path, bytes | None]]] = {}  # by folder: names changed since its sync

    def step(self) -> int | str | None:
        self.steps += 1
        return self.fault if self.steps == self.fault_at else None

    def raise_fault(self, path: Path) -> None:
        match self.step():
            case None | "flip":
                return
            case "cut":
                raise PowerCutError
            case code:
                number = errno.EIO if code == "short" else int(code)
                with trouble(path, "make it durable"):
                    raise OSError(number, os.strerror(number))

    def open(self, path: Path, *, create: bool = False) -> FaultyFile:
        if create and not path.exists():
            self._changes(path)
        return FaultyFile(path, create, self)

    def put_in_place(self, new: Path, path: Path) -> None:
        self.raise_fault(path)
        before = path.read_bytes() if path.exists() else None
        super().put_in_place(new, path)
        self.files[path] = self.files.pop(new)
        self.renamed.setdefault(path.parent, []).append((path, before))

    def remove(self, path: Path) -> None:
        self.raise_fault(path)
        self._changes(path)
        super().remove(path)

    def sync_folder(self, path: Path) -> None:
        self.raise_fault(path)
        self.renamed.pop(path, None)

    def _changes(self, path: Path) -> None:
        self.renamed.setdefault(path.parent, []).append((path, path.read_bytes() if path.exists() else None))

    def lose(self, chance: random.Random) -> None:
        """The power is gone: of what was not synced, any part stays."""
        for path, unsynced in self.files.items():
            if not path.exists():
                continue
            with path.open("r+b") as file:
                for number, held in (unsynced.forgotten | unsynced.sectors).items():
                    if chance.random() < 0.5:
                        file.seek(number * SECTOR)
                        file.write(held.ljust(SECTOR, b"\0"))
                if unsynced.sectors and chance.random() < 0.5:
                    file.truncate(unsynced.size)
        for changed in self.renamed.values():
            for path, before in reversed(changed[chance.randrange(len(changed) + 1) :]):
                if before is None:
                    path.unlink(missing_ok=True)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(before)
