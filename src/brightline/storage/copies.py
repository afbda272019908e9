"""Erasing in a copy of the record what was erased in the record: a copy is content too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from brightline.errors import StorageError
from brightline.keys import SigningKey
from brightline.record.log import Disclosure
from brightline.storage.record import Record


def erase_in_copy(
    copy: Path,
    erased: Sequence[tuple[int, int]],
    read: Callable[[int, int], bytes],
    log_key: SigningKey,
    site_key: bytes,
) -> int:
    """Overwrite the keys of these ranges of entries in the copy; returns how many were still there.

    Law: only what is the same entry in both is touched: a copy of another log, or of one that went another way, is
    refused. Raises StorageError.
    """
    if not (copy / "journal").is_dir():
        cure = "name a folder that `brightline doctor --copy` made"
        raise StorageError("there is no record", place=str(copy), cure=cure)
    record = Record.open(copy, log_key, site_key, Disclosure())
    try:
        size, vault = record.journal.log.size, record.vault
        left = [e for first, last in erased if first < size for e in vault.kept(first, min(last + 1, size))]
        for e in left:
            if record.journal.read(e, e + 1) != read(e, e + 1):
                cure = "keep it as it is, and find out which of the two is the record"
                raise StorageError(f"its entry {e} is another than the record's", place=str(copy), cure=cure)
        vault.erase(*left)
    finally:
        record.close()
    return len(left)
