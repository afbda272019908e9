"""Fields of committed entries, opened: what stands in a bundle's section `openings` (docs/reference/evidence.md).

    one entry   u64 entry || u16 n || n fields
    a field     0x00 || leaf (32)                                               kept closed
                0x01 || salt (16) || u16 len || name || u32 len || value        opened

Numbers are big-endian. Law: the entry's commitment is SHA-256(0x01 || u16 n || the n leaves in order), where the leaf
of an opened field is SHA-256(0x00 || salt || u16 len || name || value): `brightline.record.commitment`. There is one
spelling: entries ascend, each shows at least one field, names differ, and nothing is left over.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Never

from brightline.errors import RecordError
from brightline.record.commitment import MAX_FIELDS, SALT_BYTES, Fields, label, leaves, salts

LEAF_BYTES = 32


@dataclass(frozen=True, slots=True)
class Field:
    """An opened field."""

    name: str
    value: bytes
    salt: bytes

    @property
    def leaf(self) -> bytes:
        return sha256(b"\x00" + self.salt + label(self.name) + self.value).digest()


@dataclass(frozen=True, slots=True)
class Opened:
    """The fields of one entry in their order; of those that stay closed the leaf."""

    entry: int
    fields: tuple[Field | bytes, ...]

    @property
    def shown(self) -> tuple[Field, ...]:
        return tuple(f for f in self.fields if isinstance(f, Field))

    def commitment(self) -> bytes:
        """What the entry must carry: 32 bytes."""
        hashes = b"".join(f.leaf if isinstance(f, Field) else f for f in self.fields)
        return sha256(b"\x01" + len(self.fields).to_bytes(2, "big") + hashes).digest()

    def to_bytes(self) -> bytes:
        parts = [self.entry.to_bytes(8, "big"), len(self.fields).to_bytes(2, "big")]
        for f in self.fields:
            if isinstance(f, Field):
                parts += [b"\x01", f.salt, label(f.name), len(f.value).to_bytes(4, "big"), f.value]
            else:
                parts += [b"\x00", f]
        return b"".join(parts)


def open_fields(entry: int, key: bytes, fields: Fields, names: Collection[str]) -> Opened | None:
    """The fields of `names` opened and all others closed; None where the entry has none of them."""
    if not any(name in names for name, _ in fields):
        return None
    made = zip(fields, leaves(key, fields), salts(key, len(fields)), strict=True)
    shown = [Field(name, value, salt) if name in names else leaf for (name, value), leaf, salt in made]
    return Opened(entry, tuple(shown))


def write_openings(opened: Sequence[Opened]) -> bytes:
    """All of them, in the order of their entries."""
    return b"".join(o.to_bytes() for o in sorted(opened, key=lambda o: o.entry))


def read_openings(data: bytes) -> list[Opened]:
    """Law: write_openings(read_openings(d)) == d, and no second spelling is taken. Raises RecordError."""
    rest, found = _Rest(data), list[Opened]()
    while rest.left:
        entry, count = rest.number(8), rest.number(2)
        if found and entry <= found[-1].entry:
            _refuse("its entries do not ascend")
        if not 0 < count <= MAX_FIELDS:
            _refuse(f"an entry has 1 to {MAX_FIELDS} fields")
        opened = Opened(entry, tuple(rest.field() for _ in range(count)))
        names = [f.name for f in opened.shown]
        if not names or len(set(names)) != len(names):
            _refuse("an entry shows no field, or one twice")
        found.append(opened)
    return found


class _Rest:
    """What is still to be read. Every length is believed only as far as there are bytes."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            _refuse("it ends within an entry")
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def field(self) -> Field | bytes:
        mark = self.take(1)
        if mark == b"\x00":
            return self.take(LEAF_BYTES)
        if mark != b"\x01":
            _refuse("a field is neither opened nor closed")
        salt, name = self.take(SALT_BYTES), self.take(self.number(2))
        if not 0 < len(name) < 256 or not all(0x20 < c < 0x7F for c in name):
            _refuse("a field's name has 1 to 255 bytes, all of them printable ASCII without a space")
        return Field(name.decode("ascii"), self.take(self.number(4)), salt)


def _refuse(text: str) -> Never:
    raise RecordError(text, place="openings", cure="ask for the bundle again, as it was exported")
