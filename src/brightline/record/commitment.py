"""One hash that commits an entry to its private fields, and the opening of one field alone.

    salts      = SHAKE-256(entry key || "brightline/salts/v1"), 16 bytes a field
    leaf i     = SHA-256(0x00 || salt i || u16 len(name i) || name i || value i)
    commitment = SHA-256(0x01 || u16 n || leaf 1 … leaf n)

Law: whoever lacks the entry key learns nothing from a commitment but that it is one, even if all values could be
guessed; whoever erases the key can never open it again; an opening shows one field, the number of fields, no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, shake_256

from brightline.errors import RecordError

SALT_BYTES = 16
MAX_FIELDS = 1024
_TAG = b"brightline/salts/v1"

Fields = Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Opening:
    """Field number `index`, its salt, and the leaves of all the other fields in order."""

    index: int
    name: str
    value: bytes
    salt: bytes
    others: tuple[bytes, ...]


def commit(key: bytes, fields: Fields) -> bytes:
    """32 bytes. Names must differ from one another. Raises RecordError."""
    return _root(leaves(key, fields))


def open_field(key: bytes, fields: Fields, name: str) -> Opening:
    """What shows the field `name` to somebody who holds the commitment. Raises RecordError where there is none."""
    hashes = leaves(key, fields)
    for i, (own, value) in enumerate(fields):
        if own == name:
            return Opening(i, name, value, salts(key, len(fields))[i], (*hashes[:i], *hashes[i + 1 :]))
    raise RecordError(f"the entry has no private field {name!r}", place="opening", cure="name one that it has")


def check_opening(commitment: bytes, opening: Opening) -> None:
    """Raises RecordError unless the commitment was made over this name and value at this place."""
    others = opening.others
    fits = 0 <= opening.index <= len(others) < MAX_FIELDS and len(opening.salt) == SALT_BYTES
    if not fits or any(len(leaf) != 32 for leaf in others):
        raise RecordError("a malformed opening", place="opening", cure="ask for the opening again")
    leaf = _leaf(opening.salt, opening.name, opening.value)
    if _root([*others[: opening.index], leaf, *others[opening.index :]]) != commitment:
        raise RecordError("the opening is not of this commitment", place="opening", cure="count it as not opened")


def leaves(key: bytes, fields: Fields) -> list[bytes]:
    """The salted leaf of each field. Raises RecordError."""
    if len(key) != 32:
        raise RecordError("an entry key has 32 bytes", place="commitment", cure="mend the caller")
    if not 0 < len(fields) <= MAX_FIELDS or len(dict(fields)) != len(fields):
        raise RecordError(
            f"1 to {MAX_FIELDS} fields with names of their own", place="commitment", cure="mend the caller"
        )
    # `_leaf` written out: this runs for every fact of every call.
    salted = zip(salts(key, len(fields)), fields, strict=True)
    return [sha256(b"\x00" + salt + label(name) + value).digest() for salt, (name, value) in salted]


def salts(key: bytes, n: int) -> list[bytes]:
    """The salts of an entry with `n` fields."""
    stream = shake_256(key + _TAG).digest(SALT_BYTES * n)
    return [stream[i : i + SALT_BYTES] for i in range(0, SALT_BYTES * n, SALT_BYTES)]


def _leaf(salt: bytes, name: str, value: bytes) -> bytes:
    return sha256(b"\x00" + salt + label(name) + value).digest()


def _root(hashes: Sequence[bytes]) -> bytes:
    return sha256(b"\x01" + len(hashes).to_bytes(2, "big") + b"".join(hashes)).digest()


@lru_cache(4096)
def label(name: str) -> bytes:
    """u16 length and the UTF-8 of a field's name: 1 to 255 bytes."""
    raw = name.encode()
    if not 0 < len(raw) < 256:
        raise RecordError("a field's name has 1 to 255 bytes", place="commitment", cure="mend the caller")
    return len(raw).to_bytes(2, "big") + raw
