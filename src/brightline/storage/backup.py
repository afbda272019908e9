"""A copy of the record as it stands at one moment, taken beside the gateway that writes it.

Why `cp` is not enough: while it walks, the journal grows, files of it are dropped as tiles take their place, and the
private side runs ahead. In no order of copying are the parts of one moment, and a start takes nothing else: parts of
two moments are what a rollback looks like. Here the journal fixes the moment, and the rest is cut to it.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from brightline.errors import RecordError, StorageError
from brightline.record import note
from brightline.record.checkpoint import Checkpoint
from brightline.record.tiles import CHECKPOINT, WIDTH, tiles_of
from brightline.storage.disk import Disk, File, Looking, trouble
from brightline.storage.published import WITNESSED
from brightline.storage.segment import SLOT, Seal, as_rows, is_seal
from brightline.storage.vault import SIZE, STRIDE

_TRIES = 20
_AT_ONCE = 1 << 20  # bytes


def copy_record(folder: Path, to: Path) -> int:
    """Copy the record in `folder` into the new folder `to`, durably; returns how many entries it has.

    Law: whatever was acknowledged before the call is in the copy, and a gateway starts on it. Raises StorageError;
    then there is no `to`. Whether the copy is sound is for `examine_record` to say: a changed bit is copied as it is.
    """
    part = to.with_name(f".{to.name}.part")
    if to.exists() or to.is_symlink():
        raise StorageError("it exists", place=str(to), cure="name a folder that does not exist yet")
    if not (folder / "journal").is_dir():
        raise StorageError("there is no record", place=str(folder), cure="check `data` in the settings")
    with trouble(part, "make it anew"):
        if part.exists():
            shutil.rmtree(part)  # what a copy that was cut short left
    try:
        size = _copy(folder, part)
        with trouble(to, "put it in place"):
            part.rename(to)
        Disk().sync_folder(to.parent)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return size


def _copy(folder: Path, to: Path) -> int:
    for _ in range(_TRIES):
        try:
            moment = _Moment.of(folder)
        except _MovedError:
            continue  # the gateway published meanwhile, which it does every few seconds
        try:
            return moment.copy(folder, to)
        except _MovedError:
            shutil.rmtree(to)
        finally:
            moment.close()
    raise StorageError("it changes faster than it can be copied", place=str(folder), cure="copy it at a quieter time")


class _MovedError(Exception):
    """What was to be copied gave way to something newer."""


@dataclass(frozen=True, slots=True)
class _Moment:
    """`size` entries: the journal's files, the last up to byte `end`, and what was published at or before them.

    `beside`: the other files of the folder, such as what the gateway remembers of the registry.
    """

    segments: list[File]
    end: int
    size: int
    published: bytes
    beside: Mapping[str, bytes]

    @classmethod
    def of(cls, folder: Path) -> _Moment:
        # 1 What lies beside, first: the record may know more than it says, and then it is done again.
        beside = _beside(folder)
        # 2 The journal's files, held open: one that is dropped meanwhile stays readable.
        segments: list[File] = []
        try:
            names = [name for name in Looking().names(folder / "journal") if name.endswith(".journal")]
            segments.extend(_opened(folder / "journal" / name) for name in names)
            if not segments:
                raise StorageError("the journal is missing", place=str(folder), cure="restore it from a back-up")
            # 3 Its newest checkpoint. What stands before one was written before it, so it is all there by now.
            end, size = _newest(segments[-1])
            # 4 Only then what is published: it may be of more entries than we have, and then we look again.
            path = folder / "log" / CHECKPOINT
            published = Disk().read(path) if path.exists() else b""
            if published and _size_of(published, path) > size:
                raise _MovedError
        except BaseException:
            for file in segments:
                file.close()
            raise
        return cls(segments, end, size, published, beside)

    def copy(self, folder: Path, to: Path) -> int:
        disk = Disk()
        # 1 The tiles of the published tree: partial ones first, which the next full one replaces.
        if self.published:
            tiles = list(tiles_of(_size_of(self.published, folder / "log" / CHECKPOINT)))
            for tile in sorted(tiles, key=lambda tile: tile.width):
                _copy_path(folder, to, f"log/{tile.path}", moving=tile.width < WIDTH)
        # 2 The journal, and the private side, which always knows as much as the journal or more.
        for file in self.segments:
            _copy_file(file, to / "journal" / file.path.name, self.end if file is self.segments[-1] else None)
        _copy_path(folder, to, "private/keys", end=self.size * STRIDE)
        disk.replace(to / "private" / "size", SIZE.pack(self.size))
        disk.make_folder(to / "private" / "content")
        for name in disk.names(folder / "private" / "content"):
            _copy_path(folder, to, f"private/content/{name}")
        # 3 What lies beside: a cosigned checkpoint only where the copy reaches to it.
        for name, data in self.beside.items():
            if name != f"log/{WITNESSED}" or _size_of(data, folder / name) <= self.size:
                disk.make_folder((to / name).parent)
                disk.replace(to / name, data)
        # 4 The checkpoint last, so that what is published is whole where there is one.
        disk.make_folder(to / "log")
        if self.published:
            disk.replace(to / "log" / CHECKPOINT, self.published)
        for made in (to, *(path for path in to.rglob("*") if path.is_dir())):
            disk.sync_folder(made)
        return self.size

    def close(self) -> None:
        for file in self.segments:
            file.close()


def _beside(folder: Path) -> dict[str, bytes]:
    """Every whole file of the folder that is not the record's own, by name; and the newest cosigned checkpoint."""
    parts = [path for path in folder.iterdir() if path.name not in ("lock", "journal", "log", "private")]
    paths = [path for part in parts for path in (part, *part.rglob("*")) if path.is_file()]
    found: dict[str, bytes] = {}
    for path in [*paths, folder / "log" / WITNESSED]:
        if path.name.endswith((".new", ".part")):
            continue  # being written
        try:
            with trouble(path, "read it"):
                found[str(path.relative_to(folder))] = path.read_bytes()
        except StorageError as e:
            if not isinstance(e.__cause__, FileNotFoundError):  # it was done with, and taken away or renamed
                raise
    return found


def _opened(path: Path) -> File:
    """A file that the gateway may remove meanwhile."""
    try:
        return Looking().open(path)
    except StorageError as e:
        if isinstance(e.__cause__, FileNotFoundError):
            raise _MovedError from e
        raise


def _newest(file: File) -> tuple[int, int]:
    """Where the newest whole checkpoint of a segment ends, in bytes, and how many entries it is over."""
    rows = as_rows(file.read(0, file.size()))
    for slot in reversed(np.flatnonzero(is_seal(rows)).tolist()):
        try:
            return (slot + 1) * SLOT, Seal.unpack(rows[slot].tobytes()).size
        except RecordError:
            continue  # it is being written
    raise _MovedError


def _size_of(published: bytes, path: Path) -> int:
    try:
        return Checkpoint.parse(note.parse(published, str(path)).text, str(path)).size
    except RecordError as e:
        raise StorageError(f"damaged: {e.text}", place=str(path), cure="`brightline doctor` says what to do") from e


def _copy_path(folder: Path, to: Path, name: str, *, end: int | None = None, moving: bool = False) -> None:
    source = (_opened if moving else Looking().open)(folder / name)
    try:
        _copy_file(source, to / name, end)
    finally:
        source.close()


def _copy_file(source: File, to: Path, end: int | None = None) -> None:
    """The bytes of a file up to `end`, durable."""
    disk = Disk()
    disk.make_folder(to.parent)
    copy, at = disk.open(to, create=True), 0
    try:
        while data := source.read(at, _AT_ONCE if end is None else min(_AT_ONCE, end - at)):
            copy.write(at, data, ahead=0)
            at += len(data)
        copy.sync()
    finally:
        copy.close()
