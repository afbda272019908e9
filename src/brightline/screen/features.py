"""Text to features: words, stems and pairs of stems, hashed into buckets. Our own hashing, in numpy.

Law: the words of a text depend neither on how it is cut into blocks nor on upper and lower case, invisible characters,
accents, full-width forms or the look-alike letters of other scripts; digits count as one digit. Total on every text,
in time linear in its length. Nothing here keeps any text.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

BITS = 15
KINDS = 4  # word, stem, pair of neighbouring stems, pair of stems with one word between
STEM = 5  # letters
BLOCK = 1 << 15  # bytes hashed at once
LONGEST = 40  # letters in the longest word of a language

Hashes: TypeAlias = npt.NDArray[np.uint64]
Buckets: TypeAlias = npt.NDArray[np.intp]

_BASE = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1
_MIX = np.uint64(0xD6E8FEB86659FD93)
_SALTS = tuple(np.uint64(s) for s in (0x2545F4914F6CDD1D, 0x9FB21C651E98DF25, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9))
_SHIFT = np.uint64(64 - BITS)


def _powers(base: int) -> Hashes:
    out, value = [], 1
    for _ in range(BLOCK + 1):
        out.append(value)
        value = value * base & _MASK
    return np.array(out, np.uint64)


_POWER = _powers(_BASE)
_INVERSE = _powers(pow(_BASE, -1, 1 << 64))
# One byte a letter: lower case, every digit the same, whatever else parts words.
_TABLE = bytes(
    (c | 32) if 65 <= c <= 90 or 97 <= c <= 122 else 48 if 48 <= c <= 57 else 0 for c in range(256)
)  # fmt: skip
# Letters of other scripts that look like Latin ones (from Unicode's confusables, those in everyday fonts).
_ALIKE = str.maketrans(
    "аеорсухіјѕһԁԛԝАВЕКМНОРСТУХІЈЅαορνικτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "ıɑɡℓօո",
    "aeopcyxijshdqwABEKMHOPCTYXIJSaopviktuxABEZHIKMNOPTYX" + "iagl" + "on",
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text as hashes. `digits`: how many there are; `legible`: it is mostly words in Latin letters."""

    whole: Hashes
    stems: Hashes
    digits: int
    legible: bool

    def __len__(self) -> int:
        return len(self.whole)


def words(text: str) -> Words:
    """The words of a text."""
    legible = True
    if not text.isascii():
        text, legible = _folded(text)
    data = text.encode("ascii", "replace").translate(_TABLE)
    parts, long_letters = [], 0
    for block in _blocks(data):
        whole, stems, lengths = _hashed(block)
        parts.append((whole, stems))
        if lengths.size and int(lengths.max()) > LONGEST:
            long_letters += int(lengths[lengths > LONGEST].sum())
    if long_letters > 400 and 2 * long_letters > len(data):
        legible = False
    if len(parts) == 1:
        return Words(*parts[0], data.count(b"0"), legible)
    none = np.zeros(0, np.uint64)
    whole, stems = (np.concatenate([p[k] for p in parts] or [none]) for k in (0, 1))
    return Words(whole, stems, data.count(b"0"), legible)


def once(found: Words) -> Words:
    """The words without what was said before: a word goes where it and its next two stood so earlier in the text.

    So a roster, a table or a sentence that is pasted again scores as its first line does: repeating raises no score.
    """
    stems = found.stems
    if len(stems) < 4:
        return found
    three = (stems[:-2] * _SALTS[0]) ^ (stems[1:-1] * _SALTS[1]) ^ (stems[2:] * _SALTS[2])
    _, first = np.unique(three, return_index=True)
    if len(first) == len(three):
        return found
    kept = np.append(np.sort(first), (len(stems) - 2, len(stems) - 1))
    return Words(found.whole[kept], stems[kept], found.digits, found.legible)


def buckets(found: Words, start: int, end: int) -> Buckets:
    """Of the words from `start` to `end`: KINDS × words bucket numbers below 2^BITS, kind by kind.

    A pair counts for its first word, and may reach past `end`; where the text ends, it is paired with nothing.
    """
    count = end - start
    stems = found.stems[start : end + 2]
    if len(stems) < count + 2:
        stems = np.concatenate((stems, np.zeros(count + 2 - len(stems), np.uint64)))
    out = np.empty((KINDS, count), np.uint64)
    first = stems[:count]
    np.multiply(found.whole[start:end], _SALTS[0], out[0])
    np.multiply(first, _SALTS[1], out[1])
    spread = (first ^ (first >> np.uint64(29))) * _MIX
    np.multiply(spread + stems[1 : count + 1], _SALTS[2], out[2])
    np.multiply(spread + stems[2 : count + 2], _SALTS[3], out[3])
    out ^= out >> np.uint64(32)
    out *= _MIX
    out >>= _SHIFT
    return out.view(np.int64).astype(np.intp, copy=False).reshape(-1)


def _folded(text: str) -> tuple[str, bool]:
    """Latin letters for what looks like them, no marks and nothing invisible; and whether that left a text to read."""
    plain = unicodedata.normalize("NFKD", text)
    plain = "".join([c for c in plain if c.isascii() or unicodedata.category(c) not in ("Mn", "Me", "Cf")])
    latin = plain.translate(_ALIKE)
    foreign = sum(1 for c in latin if not c.isascii() and c.isalpha())
    letters = sum(1 for c in latin if c.isascii() and c.isalpha())
    legible = foreign <= 20 or foreign * 3 <= letters
    # In another script what looks like Latin is not meant so: read as Latin, it would be noise.
    return (latin if legible else plain), legible


def _blocks(data: bytes) -> list[bytes]:
    """`data` in blocks of at most BLOCK bytes, cut between words; a word longer than a block is cut anyway."""
    if len(data) <= BLOCK:
        return [data] if data else []
    out, start = [], 0
    while start < len(data):
        end = start + BLOCK
        if end < len(data):
            cut = data.rfind(0, start, end)
            end = cut + 1 if cut >= start else end
        out.append(data[start:end])
        start = end
    return out


def _hashed(block: bytes) -> tuple[Hashes, Hashes, npt.NDArray[np.int64]]:
    """Polynomial hashes of every word and of its first letters, by differences of one running sum."""
    letters = np.frombuffer(b"\0" + block + b"\0", np.uint8)
    inside = letters != 0
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    starts, ends = edges[::2], edges[1::2]  # in `block`: first letter, and one past the last
    running = np.zeros(len(block) + 1, np.uint64)
    np.cumsum(letters[1:-1] * _POWER[: len(block)], out=running[1:])
    base, back = running[starts], _INVERSE[starts]
    whole = (running[ends] - base) * back
    stems = (running[np.minimum(ends, starts + STEM)] - base) * back
    return whole, stems, ends - starts
