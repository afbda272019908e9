"""Journals for tests, and a reader that shares no code with them."""

from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

from brightline.keys import SigningKey
from brightline.record.checkpoint import Checkpoint
from brightline.record.log import Disclosure
from brightline.storage.disk import Disk
from brightline.storage.journal import Journal
from tests.record.drafts import KEY, NOW, decision

LOG_KEY = SigningKey.new("example.com/log", bytes(range(32)))
DISCLOSURE = Disclosure()


def open_journal(folder: Path, disk: Disk | None = None) -> Journal:
    return Journal.open(folder, LOG_KEY, DISCLOSURE, disk)


def append(journal: Journal, count: int) -> list[int]:
    """One batch; returns the indexes of its decisions, which are durable then."""
    batch = journal.batch(NOW)
    indexes = [batch.add(decision(clauses=1 + i), KEY) for i in range(count)]
    journal.append(batch)
    return indexes


def read_published(folder: Path) -> tuple[Checkpoint, list[bytes]]:
    """An independent reader: hashlib, the C2SP texts, nothing of Brightline but what its result is put in.

    Recomputes every hash of every tile from the entries, and the root of the checkpoint from the tiles.
    """
    origin, size_text, root_text = (folder / "checkpoint").read_text().split("\n")[:3]
    size = int(size_text)

    def path(level: str, index: int, width: int) -> Path:
        number = f"{index:03d}" if index < 1000 else f"x{index // 1000:03d}/{index % 1000:03d}"
        return folder / "tile" / level / (number if width == 256 else f"{number}.p/{width}")

    entries: list[bytes] = []
    for index in range(-(-size // 256)):
        data = path("entries", index, min(256, size - 256 * index)).read_bytes()
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
    hashes = [sha256(b"\0" + entry).digest() for entry in entries]
    assert len(hashes) == size

    level, nodes = 0, hashes
    while nodes:
        for index in range(-(-len(nodes) // 256)):
            part = nodes[256 * index : 256 * index + 256]
            assert path(str(level), index, len(part)).read_bytes() == b"".join(part)
        nodes = [mth(nodes[i : i + 256]) for i in range(0, len(nodes) - 255, 256)]
        level += 1
    root = mth(hashes)
    assert base64.b64encode(root).decode() == root_text
    return Checkpoint(origin, size, root), entries


def mth(hashes: list[bytes]) -> bytes:
    """RFC 6962 section 2.1 over leaf hashes."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + mth(hashes[:k]) + mth(hashes[k:])).digest()
