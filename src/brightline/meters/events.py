"""What happens to a meter, as the record keeps it. Persons stand as their hashes, 16 bytes each, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from brightline.meters.key import HASH_BYTES, ID_BYTES

Number: TypeAlias = Annotated[int, Meta(ge=0)]
Name: TypeAlias = Annotated[str, Meta(max_length=200)]


class Rotated(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=1):
    """An agreement began: its key and window hold from now on. Who was counted before stays counted."""

    time: Number
    key: Annotated[bytes, Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
    seconds: Number
    soft: Number
    hard: Number
    counted_by: tuple[tuple[str, ...], ...]


class Reserved(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=2):
    """A use is about to touch these persons; `cut`: and others, beyond the hard limit. Reservations are numbered from 0
    in their order, so an event need not say which it is."""

    time: Number
    where: tuple[Name, Name, Name, Name]
    persons: bytes
    cut: bool


class Settled(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=3):
    """The use was made, and its answer touched `more`; `cut`: and others, beyond the hard limit."""

    time: Number
    reservation: Number
    more: bytes
    cut: bool


class Released(msgspec.Struct, frozen=True, gc=False, array_like=True, forbid_unknown_fields=True, tag=4):
    """The use was not made."""

    time: Number
    reservation: Number


Event: TypeAlias = Rotated | Reserved | Settled | Released


def joined(persons: Sequence[bytes]) -> bytes:
    """Hashes as one string of bytes."""
    return b"".join(persons)


def parted(data: bytes) -> list[bytes]:
    """The other way."""
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
