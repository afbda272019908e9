"""A record to be read, whether or not a gateway writes it now. Nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from brightline.errors import StorageError
from brightline.keys import SigningKey
from brightline.record.entry import BUNDLE
from brightline.record.log import Disclosure
from brightline.storage.disk import IN_USE, Looking
from brightline.storage.doctor import read_published
from brightline.storage.published import Published
from brightline.storage.record import Record
from brightline.storage.vault import Vault

_AT_ONCE = 64 * BUNDLE  # entries


@dataclass(frozen=True, slots=True)
class Sight:
    """`read`: entries first..last-1, 256 bytes each. `running`: a gateway writes it; what it published is seen."""

    size: int
    read: Callable[[int, int], bytes]
    vault: Vault
    checkpoint: bytes
    running: bool

    def chunks(self, size: int) -> Iterator[bytes]:
        """The first `size` entries in order."""
        for first in range(0, size, _AT_ONCE):
            yield self.read(first, min(first + _AT_ONCE, size))


@contextmanager
def sight_of(folder: Path, log_key: SigningKey, site_key: bytes) -> Iterator[Sight]:
    """Raises StorageError where there is no record, or it is damaged."""
    if not folder.is_dir() or not (folder / "log").exists():
        cure = "name the gateway's data folder: `brightline serve` makes the record"
        raise StorageError("there is no record", place=str(folder), cure=cure)
    try:
        record = Record.open(folder, log_key, site_key, Disclosure(), disk=Looking())
    except StorageError as e:
        if e.text != IN_USE:
            raise
    else:
        try:
            journal = record.journal
            signed = journal.signed()
            yield Sight(journal.log.size, journal.read, record.vault, signed, running=False)
        finally:
            record.close()
        return
    read_published(folder / "log", log_key.public)
    published = Published(folder / "log")
    vault = Vault(folder / "private", site_key, Looking())
    try:
        yield Sight(published.size, published.read, vault, published.checkpoint, running=True)
    finally:
        vault.close()
