"""Paths and contents of a tiled log (C2SP tlog-tiles): tiles of height 8, and bundles of 256 entries.

tile/<level>/<N>[.p/<width>]     up to 256 hashes; at level l each is the root of 256 ** l leaves
tile/entries/<N>[.p/<width>]     up to 256 entries, each a big-endian u16 length and its bytes
checkpoint                       the signed note
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Never

import numpy as np

from brightline.errors import RecordError
from brightline.record.entry import ENTRY_BYTES
from brightline.record.merkle import HASH_BYTES, NodeReader, hash_pairs

WIDTH = 256
HEIGHT = 8
CHECKPOINT = "checkpoint"
_PATH = re.compile(r"tile/(entries|0|[1-9]\d?)/((?:x\d{3}/){0,6})(\d{3})(?:\.p/([1-9]\d{0,2}))?", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """`level` 0 to 63, or -1 for a bundle of entries; `width` 1 to 256, 256 being a full tile."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        level = "entries" if self.level < 0 else str(self.level)
        digits = f"{self.index:03d}"
        digits = digits.rjust(-(-len(digits) // 3) * 3, "0")
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        number = "/".join([*("x" + group for group in groups[:-1]), groups[-1]])
        return f"tile/{level}/{number}" + ("" if self.width == WIDTH else f".p/{self.width}")

    @classmethod
    def parse(cls, path: str) -> Tile:
        """Law: parse(t.path) == t, and no second spelling is taken. Raises RecordError."""
        found = _PATH.fullmatch(path)
        if found:
            level, high, low, width = found.groups()
            index = int(high.replace("x", "").replace("/", "") + low)
            tile = cls(-1 if level == "entries" else int(level), index, int(width or WIDTH))
            if tile.level < 64 and tile.width <= WIDTH and tile.path == path:
                return tile
        _refuse(path[:200] or "the empty path", "not the path of a tile (c2sp.org/tlog-tiles)")


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle of a tree of this size: the full ones, and the partial one of each level."""
    for level in (-1, *range((size.bit_length() + HEIGHT - 1) // HEIGHT)):
        full, width = divmod(size >> HEIGHT * max(level, 0), WIDTH)
        yield from (Tile(level, index) for index in range(full))
        if width:
            yield Tile(level, full, width)


def encode_bundle(entries: bytes) -> bytes:
    """The bundle of up to 256 entries of 256 bytes each."""
    rows = np.frombuffer(entries, np.uint8).reshape(-1, ENTRY_BYTES)
    bundle = np.empty((len(rows), 2 + ENTRY_BYTES), np.uint8)
    bundle[:, :2] = divmod(ENTRY_BYTES, 256)
    bundle[:, 2:] = rows
    return bundle.tobytes()


def decode_bundle(data: bytes, width: int, place: str = "bundle") -> bytes:
    """The entries of a bundle of `width` entries. Raises RecordError where number or lengths are others."""
    if len(data) != width * (2 + ENTRY_BYTES):
        _refuse(place, f"{len(data)} bytes are not {width} entries of {ENTRY_BYTES} bytes")
    bundle = np.frombuffer(data, np.uint8).reshape(-1, 2 + ENTRY_BYTES)
    if (bundle[:, :2] != divmod(ENTRY_BYTES, 256)).any():
        _refuse(place, f"an entry that does not have {ENTRY_BYTES} bytes")
    return bundle[:, 2:].tobytes()


class Growth:
    """The hashes of tiles that are still to be published, gathered as the tree grows."""

    __slots__ = ("_first", "_hashes")

    def __init__(self) -> None:
        self._hashes: list[bytearray] = []  # by level: from the start of tile `_first`
        self._first: list[int] = []

    def add(self, completed: Sequence[Sequence[bytes]]) -> None:
        """`completed`: new perfect subtrees by height, as `Tree.extend` returns them."""
        for level, nodes in enumerate(completed[::HEIGHT]):
            if level == len(self._hashes):
                self._hashes.append(bytearray())
                self._first.append(0)
            self._hashes[level] += b"".join(nodes)

    def tiles(self) -> list[tuple[Tile, bytes]]:
        """Full and partial tiles from the first that is not yet dropped."""
        found = []
        for level, hashes in enumerate(self._hashes):
            for at in range(0, len(hashes), WIDTH * HASH_BYTES):
                data = bytes(hashes[at : at + WIDTH * HASH_BYTES])
                index = self._first[level] + at // (WIDTH * HASH_BYTES)
                found.append((Tile(level, index, len(data) // HASH_BYTES), data))
        return found

    def drop(self, tiles: Sequence[Tile]) -> None:
        """Forget these tiles as far as they are full: they are published for good."""
        for tile in tiles:
            if tile.width == WIDTH and tile.index == self._first[tile.level]:
                del self._hashes[tile.level][: WIDTH * HASH_BYTES]
                self._first[tile.level] += 1


def tile_reader(size: int, read: Callable[[str], bytes]) -> NodeReader:
    """`node(height, index)` for `brightline.record.merkle` over the published tiles of a tree of `size`.

    `read` gives the bytes at a path. Raises RecordError where a tile has not the length that it must have.
    """
    known: dict[tuple[int, int], list[list[bytes]]] = {}

    def levels(level: int, index: int) -> list[list[bytes]]:
        if (level, index) not in known:
            tile = Tile(level, index, min(WIDTH, (size >> HEIGHT * level) - index * WIDTH))
            data = read(tile.path)
            if len(data) != tile.width * HASH_BYTES:
                _refuse(tile.path, f"{len(data)} bytes are not {tile.width} hashes")
            nodes = [[data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]]
            while len(nodes[-1]) > 1:
                nodes.append(hash_pairs(nodes[-1][: len(nodes[-1]) & ~1]))
            known[level, index] = nodes
        return known[level, index]

    def node(height: int, index: int) -> bytes:
        level, inside = divmod(height, HEIGHT)
        tile, offset = divmod(index << inside, WIDTH)
        return levels(level, tile)[inside][offset >> inside]

    return node


def _refuse(place: str, text: str) -> Never:
    raise RecordError(text, place=place, cure="use the log's files as it published them")
