"""The private side of a record: what each entry's commitment covers, sealed under the entry's own random key.

    FOLDER/private/keys           48 bytes for each sequence: the key wrapped by the site key (32), file u32,
                                  length u32, offset u64 of the sealed fields; zeros where an entry has none
    FOLDER/private/content/N      sealed fields, one after another: AES-256-GCM of a MessagePack array of [name, value]
    FOLDER/private/size           u64: the record had so many durable entries; never more than it had, less after a
                                  power cut

Law: whoever overwrites the 32 bytes of a key ends what it sealed, for good: the key exists nowhere else. (What a disk
or a back-up keeps of overwritten bytes is for the site to deal with; back up `keys` apart from `content`.)
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import msgspec
import numpy as np

from brightline.errors import RecordError, StorageError
from brightline.keys import open_sealed, seal, unwrap_keys, wrap_keys
from brightline.storage.disk import Disk, File

KEY_BYTES = 32
STRIDE = 48
CONTENT_BYTES = 1 << 28  # a new content file begins after this much
_PLACE = struct.Struct(">IIQ")
SIZE = struct.Struct(">Q")
_SCAN = 1 << 14  # places read at once
ROLLED_BACK = "its parts are of two moments: restore all of the data folder from one back-up, the newest"
_ERASED = bytes(KEY_BYTES)

Fields = tuple[tuple[str, bytes], ...]


class Item(NamedTuple):
    """One entry's private side."""

    sequence: int
    key: bytes
    fields: Fields


class Vault:
    """The private side in one folder. One thread writes; any may read."""

    def __init__(self, folder: Path, site_key: bytes, disk: Disk) -> None:
        if len(site_key) != KEY_BYTES:
            raise StorageError("a site key has 32 bytes", place=str(folder), cure="make one with `brightline key new`")
        self._folder, self._site_key, self._disk = folder, site_key, disk
        disk.make_folder(folder / "content")
        self._keys, self._size = (disk.open(folder / name, create=True) for name in ("keys", "size"))
        disk.sync_folder(folder)
        self._content: dict[int, File] = {}
        self._number = self._end = 0  # where the next sealed fields go
        self.carried: Mapping[int, Fields] = {}  # what decides of erased entries (`brightline.storage.custody`)

    @classmethod
    def open(cls, folder: Path, site_key: bytes, size: int, most_ahead: int, disk: Disk | None = None) -> Self:
        """The private side of a log of `size` entries.

        What stands beyond `size` belongs to a batch whose entries never became durable: it is overwritten. If that is
        more than `most_ahead` entries, or the log was seen with more, it was put back to an older state: StorageError.
        """
        self = cls(folder, site_key, disk or Disk())
        try:
            self._refuse_rolled_back(size)
            self._drop_beyond(size, most_ahead)
            self._find_end(size)
        except BaseException:
            self.close()
            raise
        return self

    def write(self, items: Sequence[Item]) -> None:
        """Make the private side of a batch durable. Call it before the entries are written.

        Order: content, then keys, each synced, then (elsewhere) the entries. A crash in between leaves content
        without a key, which nobody can open, or keys beyond the end of the log, which `open` overwrites. The other
        order could leave a durable entry that commits to content which is gone: nobody could tell it from a lie.
        """
        if not items:
            return
        first, last = items[0].sequence, items[-1].sequence
        file = self._open_content()
        rows = bytearray(STRIDE * (last - first + 1))
        wrapped = wrap_keys(self._site_key, b"".join([item.key for item in items]))
        parts: list[bytes] = []
        end = self._end
        for i, (sequence, key, fields) in enumerate(items):
            sealed = seal(key, msgspec.msgpack.encode(fields))
            parts.append(sealed)
            at = (sequence - first) * STRIDE
            rows[at : at + KEY_BYTES] = wrapped[i * KEY_BYTES : (i + 1) * KEY_BYTES]
            _PLACE.pack_into(rows, at + KEY_BYTES, self._number, len(sealed), end)
            end += len(sealed)
        file.write(self._end, b"".join(parts))
        file.sync()
        self._keys.write(first * STRIDE, bytes(rows))
        self._keys.sync()
        self._end = end

    def saw(self, size: int) -> None:
        """Note that the record has `size` durable entries, so that it is missed if it is put back to fewer.

        Not synced: a power cut may leave an earlier size, which is no more than the record then has.
        """
        self._size.write(0, SIZE.pack(size), ahead=0)

    def fields(self, sequence: int) -> Fields:
        """What the entry commits to. RecordError where it has no private side or was erased; else StorageError."""
        key, sealed = self._find(sequence)
        return msgspec.msgpack.decode(open_sealed(key, sealed), type=Fields)

    def opened(self, sequence: int) -> tuple[bytes, Fields] | None:
        """The entry's own key and what it commits to; None where it was erased. Raises as `fields`."""
        if self._place(sequence)[0] == _ERASED:
            return None
        key, sealed = self._find(sequence)
        return key, msgspec.msgpack.decode(open_sealed(key, sealed), type=Fields)

    def deciding(self, sequence: int) -> Fields:
        """What state is rebuilt from: what the entry commits to, or of an erased one what its erasure carried over."""
        opened = self.opened(sequence)
        return opened[1] if opened is not None else self.carried.get(sequence, ())

    def key(self, sequence: int) -> bytes:
        """The entry's own key, to make openings with."""
        return self._find(sequence)[0]

    def has(self, first: int, last: int) -> list[bool]:
        """For entries first..last-1: is there a private side, erased or not?"""
        rows = self._rows(first, last)
        return [row[KEY_BYTES + 4 : KEY_BYTES + 8] != b"\0\0\0\0" for row in rows]

    def kept(self, first: int, last: int) -> list[int]:
        """Of entries first..last-1 those whose private side is there and was not erased."""
        rows = np.frombuffer(b"".join(self._rows(first, last)), np.uint8).reshape(-1, STRIDE)
        there = rows[:, KEY_BYTES + 4 : KEY_BYTES + 8].any(axis=1) & rows[:, :KEY_BYTES].any(axis=1)
        return (np.flatnonzero(there) + first).tolist()

    def newest(self, size: int) -> int:
        """The last of `size` entries whose private side is there and was not erased; `size` where none is."""
        for last in range(size, 0, -_SCAN):
            if kept := self.kept(max(0, last - _SCAN), last):
                return kept[-1]
        return size

    def erase(self, *sequences: int) -> None:
        """Overwrite the entries' keys, durably, with one sync. Erasing twice is as good as once.

        Any thread may: nothing else writes to a key that is durable.
        """
        for sequence in sequences:
            self._place(sequence)
            self._keys.write(sequence * STRIDE, _ERASED)
        self._keys.sync()

    def close(self) -> None:
        self._keys.close()
        self._size.close()
        for file in self._content.values():
            file.close()
        self._content.clear()

    def _find(self, sequence: int) -> tuple[bytes, bytes]:
        wrapped, number, length, offset = self._place(sequence)
        if wrapped == _ERASED:
            raise RecordError("its content was erased", place=f"entry {sequence}", cure="nothing brings it back")
        sealed = self._file(number).read(offset, length)
        return unwrap_keys(self._site_key, wrapped), sealed

    def _place(self, sequence: int) -> tuple[bytes, int, int, int]:
        rows = self._rows(sequence, sequence + 1)
        number, length, offset = _PLACE.unpack_from(rows[0], KEY_BYTES) if rows else (0, 0, 0)
        if not length:
            raise RecordError("it has no private side", place=f"entry {sequence}", cure="name an entry that has one")
        return rows[0][:KEY_BYTES], number, length, offset

    def _rows(self, first: int, last: int) -> list[bytes]:
        data = self._keys.read(first * STRIDE, (last - first) * STRIDE)
        data += bytes((last - first) * STRIDE - len(data))
        return [data[i : i + STRIDE] for i in range(0, len(data), STRIDE)]

    def _refuse_rolled_back(self, size: int) -> None:
        noted = self._size.read(0, SIZE.size)
        seen = SIZE.unpack(noted)[0] if len(noted) == SIZE.size else 0
        if seen > size:
            raise StorageError(
                f"rolled back: the record ends at entry {size}, and had {seen} durable entries",
                place=str(self._size.path),
                cure=ROLLED_BACK,
            )

    def _drop_beyond(self, size: int, most_ahead: int) -> None:
        at, end = size * STRIDE, self._keys.size()
        while at < end:
            data = self._keys.read(at, STRIDE * _SCAN)
            used = np.flatnonzero(np.frombuffer(data, np.uint8))
            if len(used):
                beyond = at // STRIDE - size + int(used[-1]) // STRIDE + 1
                if beyond > most_ahead:
                    raise StorageError(
                        f"the private side knows {beyond} entries more than the record, which has {size}",
                        place=str(self._keys.path),
                        cure=ROLLED_BACK,
                    )
                self._keys.write(at, bytes(len(data)))
            at += len(data)
        self._keys.sync()

    def _find_end(self, size: int) -> None:
        """Go back to the newest entries that have a private side: behind all of them the next goes.

        Not behind the last alone: nothing shows that the place of an erased one is what was written, and content that
        came before it would be written over.
        """
        last = size
        while last > 0:
            first = max(0, last - _SCAN)
            places = [_PLACE.unpack_from(row, KEY_BYTES) for row in self._rows(first, last)]
            if ends := [(number, offset + length) for number, length, offset in places if length]:
                self._number, self._end = max(ends)
                if self._file(self._number).size() < self._end:
                    raise StorageError(
                        "content is missing at its end",
                        place=str(self._file(self._number).path),
                        cure="restore the folder from a back-up",
                    )
                return
            last = first

    def _open_content(self) -> File:
        if self._end > CONTENT_BYTES:
            self._number, self._end = self._number + 1, 0
        known = self._number in self._content
        file = self._file(self._number, create=True)
        if not known:
            self._disk.sync_folder(self._folder / "content")
        return file

    def _file(self, number: int, *, create: bool = False) -> File:
        if number not in self._content:
            self._content[number] = self._disk.open(self._folder / "content" / f"{number:08d}", create=create)
        return self._content[number]
