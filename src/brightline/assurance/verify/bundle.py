"""The evidence bundle: one file that anyone's verifier reads the same way (docs/reference/evidence.md).

    brightline-bundle/v1\n
    about LENGTH\n        canonical JSON: {"agreement": digest, "count": n, "first": 0, "origin": name of the log}
    checkpoint LENGTH\n   the signed note, as the log published it
    openings LENGTH\n     what the epochs' entries committed to and this bundle shows: `brightline.record.opening`
    entries LENGTH\n      n entries of 256 bytes

LENGTH is the number of bytes that follow its line: decimal ASCII digits, no sign, no leading zero. The sections stand
in this order, each once, and nothing stands after the last. Law: a bundle has one spelling only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Never, Protocol, Self

from brightline.canonical import MAX_SAFE, dump, parse
from brightline.errors import RecordError
from brightline.record.entry import BUNDLE, ENTRY_BYTES
from brightline.record.opening import Opened, read_openings

MAGIC: Final = b"brightline-bundle/v1\n"
SECTIONS: Final = ("about", "checkpoint", "openings", "entries")
MOST: Final = {"about": 4096, "checkpoint": 1 << 20, "openings": 16 << 20, "entries": MAX_SAFE * ENTRY_BYTES}
"""The most bytes that a section may have: all but the last are held in memory."""
CHUNK: Final = 64 * BUNDLE * ENTRY_BYTES
"""Bytes of entries held at a time: 64 bundles, 4 MiB."""

_LENGTH = re.compile(rb"0|[1-9][0-9]{0,18}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_CURE = "ask for the bundle again, as it was exported"


class Source(Protocol):
    """A binary file: `read` gives at most `size` bytes, and none at the end."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class About:
    """What the bundle says it is. Every word of it is compared with something that a party signed.

    agreement: digest of the agreement's payload. first: always 0, this version holds whole logs.
    """

    agreement: str
    origin: str
    count: int
    first: int = 0

    def to_bytes(self) -> bytes:
        return dump({"agreement": self.agreement, "count": self.count, "first": self.first, "origin": self.origin})

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Law: from_bytes(a.to_bytes()) == a, and no second spelling is taken. Raises RecordError."""
        value: Any = parse(data, "about", error=RecordError)
        if not isinstance(value, dict) or set(value) != {"agreement", "count", "first", "origin"}:
            refuse("about", "it does not hold exactly agreement, count, first and origin")
        agreement, count, first, origin = value["agreement"], value["count"], value["first"], value["origin"]
        if not isinstance(agreement, str) or not _DIGEST.fullmatch(agreement):
            refuse("about", "agreement is no digest")
        if not isinstance(origin, str) or not 0 < len(origin) <= 200 or not origin.isprintable():
            refuse("about", "origin is not the name of a log")
        if type(first) is not int or first != 0:
            refuse("about", "first is not 0", "export the whole log: this version takes no part of one")
        if type(count) is not int or not 0 <= count <= MAX_SAFE:
            refuse("about", "count is not a number of entries")
        about = cls(agreement, origin, count)
        if about.to_bytes() != data:
            refuse("about", "it is not canonical JSON (RFC 8785)")
        return about


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle of which all but the entries is read, and whose entries are next in the source."""

    about: About
    checkpoint: bytes
    openings: tuple[Opened, ...]
    source: Source

    def entries(self) -> Iterator[bytes]:
        """The entries in chunks of 64 bundles, the last one shorter; once only.

        Raises RecordError where the file ends too early, or goes on after the last entry.
        """
        left = self.about.count * ENTRY_BYTES
        while left:
            chunk = _exactly(self.source, min(left, CHUNK), "entries", left)
            left -= len(chunk)
            yield chunk
        if self.source.read(1):
            refuse("after entries", "the file goes on after its last section")


def open_bundle(source: Source) -> Bundle:
    """Read all that stands before the entries, and their line. Raises RecordError that names the section."""
    # 1. the magic line, before any length is believed
    if _upto(source, len(MAGIC)) != MAGIC:
        refuse("magic", f"the file does not begin with {MAGIC.decode().rstrip()!r}", "give an evidence bundle")
    # 2. what it says it is, the checkpoint, and what is opened
    about_bytes = _exactly(source, _length(source, "about"), "about")
    checkpoint = _exactly(source, _length(source, "checkpoint"), "checkpoint")
    openings = _exactly(source, _length(source, "openings"), "openings")
    about, opened = About.from_bytes(about_bytes), tuple(read_openings(openings))
    if opened and opened[-1].entry >= about.count:
        refuse("openings", f"entry {opened[-1].entry} is opened, and about names {about.count} entries")
    # 3. as many entries as it says
    length = _length(source, "entries")
    if length != about.count * ENTRY_BYTES:
        refuse("entries", f"{length} bytes are not the {about.count} entries of {ENTRY_BYTES} bytes that about names")
    return Bundle(about, checkpoint, opened, source)


def head(about: About, checkpoint: bytes, openings: bytes = b"") -> bytes:
    """All of a bundle before its entries. Raises RecordError where a section is too long."""
    parts = [MAGIC]
    for name, data in zip(SECTIONS, (about.to_bytes(), checkpoint, openings), strict=False):
        if len(data) > MOST[name]:
            refuse(name, f"{len(data)} bytes are more than {MOST[name]}")
        parts += [b"%b %d\n" % (name.encode(), len(data)), data]
    return b"".join([*parts, b"entries %d\n" % (about.count * ENTRY_BYTES)])


def _length(source: Source, name: str) -> int:
    """The length in the line `NAME LENGTH`, read a byte at a time, so that nothing after it is taken."""
    line = bytearray()
    while not line.endswith(b"\n"):
        byte = source.read(1)
        if not byte or len(line) > len(name) + 20:
            refuse(name, f"no line {name!r} with a length where the section should begin")
        line += byte
    word, space, digits = bytes(line[:-1]).partition(b" ")
    if word != name.encode() or not space or not _LENGTH.fullmatch(digits):
        refuse(name, f"no line {name!r} with a length where the section should begin")
    if int(digits) > MOST[name]:
        refuse(name, f"{int(digits)} bytes are more than {MOST[name]}")
    return int(digits)


def _exactly(source: Source, size: int, name: str, left: int | None = None) -> bytes:
    data = _upto(source, size)
    if len(data) < size:
        refuse(name, f"the file ends {(left or size) - len(data)} bytes before the end of the section")
    return data


def _upto(source: Source, size: int) -> bytes:
    """`size` bytes, fewer only at the end of the file: a pipe gives them piece by piece."""
    data = source.read(size)
    if 0 < len(data) < size:
        parts = [data]
        while (size := size - len(parts[-1])) and (more := source.read(size)):
            parts.append(more)
        data = b"".join(parts)
    return data


class InMemory:
    """Bytes as a `Source`."""

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int, /) -> bytes:
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece


def refuse(section: str, text: str, cure: str = _CURE) -> Never:
    raise RecordError(text, place=section, cure=cure)
