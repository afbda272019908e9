"""Writing a log as C2SP tlog-tiles, so that a reader finds a valid log at every moment.

Tiles and bundles are durable under their names before the checkpoint that needs them is put in place. They never
change: one that is there already must hold the same bytes, or the log has forked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from brightline.errors import RecordError, StorageError
from brightline.record.entry import BUNDLE, ENTRY_BYTES
from brightline.record.tiles import CHECKPOINT, WIDTH, Tile, decode_bundle, encode_bundle
from brightline.storage.disk import Disk


class Edition(NamedTuple):
    """What to publish: the checkpoint's note and the tiles that are new since full tiles were last published."""

    note: bytes
    tiles: Sequence[tuple[Tile, bytes]]


def publish(folder: Path, disk: Disk, edition: Edition, read: Callable[[int, int], bytes]) -> None:
    """Write an edition; `read(first, last)` gives entries. Raises StorageError; the old checkpoint stays valid then."""
    folders: set[Path] = set()

    def put(tile: Tile, data: bytes) -> None:
        path = folder / tile.path
        disk.make_folder(path.parent)
        folders.add(path.parent)
        if not path.exists():
            disk.replace(path, data)
        elif disk.read(path) != data:
            raise StorageError(
                "forked or damaged: it does not hold what the journal says",
                place=str(path),
                cure="keep the files as they are, and restore the folder from a back-up",
            )

    # 1 Bundles and tiles, durable with their names.
    for tile, data in edition.tiles:
        if tile.level == 0:
            first = tile.index * BUNDLE
            put(Tile(-1, tile.index, tile.width), encode_bundle(read(first, first + tile.width)))
        put(tile, data)
    for parent in folders:
        disk.sync_folder(parent)
    # 2 Only then the checkpoint that leads to them.
    disk.replace(folder / CHECKPOINT, edition.note)
    disk.sync_folder(folder)
    # 3 Full tiles stand for their parts: what a crash leaves of these does no harm.
    for tile, _ in edition.tiles:
        if tile.width == WIDTH:
            for level in (tile.level, -1)[: 2 if tile.level == 0 else 1]:
                _remove_parts(folder / Tile(level, tile.index, 1).path, disk)


def published_entries(folder: Path, disk: Disk, first: int, last: int) -> bytes:
    """Entries first..last-1 from full bundles. Raises StorageError naming the bundle."""
    parts = []
    for index in range(first // BUNDLE, -(-last // BUNDLE) if first < last else 0):
        path = folder / Tile(-1, index).path
        try:
            parts.append(decode_bundle(disk.read(path), WIDTH))
        except RecordError as e:
            raise StorageError(f"damaged: {e.text}", place=str(path), cure="restore it from a back-up") from e
    start = first // BUNDLE * BUNDLE
    return b"".join(parts)[(first - start) * ENTRY_BYTES : (last - start) * ENTRY_BYTES]


def _remove_parts(one: Path, disk: Disk) -> None:
    if one.parent.is_dir():
        for name in disk.names(one.parent):
            disk.remove(one.parent / name)
        disk.remove_folder(one.parent)
