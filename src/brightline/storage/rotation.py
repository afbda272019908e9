"""New keys for a record that nobody writes meanwhile: each step is whole or not at all, and can be begun again."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from brightline.errors import RecordError, StorageError
from brightline.keys import SigningKey, unwrap_keys, wrap_keys
from brightline.record import checkpoint, note
from brightline.record.checkpoint import Checkpoint
from brightline.record.tiles import CHECKPOINT
from brightline.storage.disk import Disk
from brightline.storage.segment import SLOT, Seal, as_rows, is_seal
from brightline.storage.vault import KEY_BYTES, STRIDE

_AT_ONCE = 1 << 15  # places of keys


def rewrap(folder: Path, old: bytes, new: bytes, disk: Disk | None = None) -> int:
    """Wrap every entry key of the record in `folder` under `new`; returns how many. What was erased stays erased.

    A crash leaves the old file or the new one: the site key that opens it is the one that counts. Raises StorageError.
    """
    disk = disk or Disk()
    lock = disk.lock(folder / "lock")
    try:
        path = folder / "private" / "keys"
        made = path.with_name(".keys.new")
        source, copy = disk.open(path), disk.open(made, create=True)
        try:
            copy.cut(0)
            count = at = 0
            while data := source.read(at, STRIDE * _AT_ONCE):
                rows = np.frombuffer(data + bytes(-len(data) % STRIDE), np.uint8).reshape(-1, STRIDE).copy()
                there = np.flatnonzero(rows[:, :KEY_BYTES].any(axis=1))
                keys = unwrap_keys(old, rows[there, :KEY_BYTES].tobytes())
                rows[there, :KEY_BYTES] = np.frombuffer(wrap_keys(new, keys), np.uint8).reshape(-1, KEY_BYTES)
                copy.write(at, rows.tobytes()[: len(data)], ahead=0)
                count, at = count + len(there), at + len(data)
            copy.sync()
        finally:
            source.close()
            copy.close()
        disk.put_in_place(made, path)
        disk.sync_folder(path.parent)
    finally:
        os.close(lock)
    return count


def resealing(folder: Path, new: SigningKey) -> bool:
    """Did `reseal` with this key begin? Then what was to come before it is done. Raises StorageError."""
    disk, journal = Disk(), folder / "journal"
    first = next((name for name in disk.names(journal) if name.endswith(".journal")), None)
    opening = disk.read(journal / first)[:SLOT] if first else b""
    try:
        return len(opening) == SLOT and Seal.unpack(opening).signed_by(new.public)
    except RecordError:
        return False  # damaged: opening the record says where, and how to mend it


def reseal(folder: Path, old: SigningKey, new: SigningKey, disk: Disk | None = None) -> Checkpoint:
    """Sign again, with `new`, every checkpoint that the journal holds and the published one; returns that.

    Only what `old` signed is signed again. A crash leaves some of them: run it again with the same two keys. Raises
    StorageError where one is neither's.
    """
    disk = disk or Disk()
    lock = disk.lock(folder / "lock")
    try:
        # 1 The journal, a segment at a time.
        for name in disk.names(folder / "journal"):
            path = folder / "journal" / name
            if not name.endswith(".journal"):
                continue
            rows = as_rows(disk.read(path)).copy()
            for slot in np.flatnonzero(is_seal(rows)).tolist():
                seal = Seal.unpack(rows[slot].tobytes())
                rows[slot] = np.frombuffer(_resigned(seal, old, new, path).pack(), np.uint8)
            disk.replace(path, rows.tobytes())
        disk.sync_folder(folder / "journal")
        # 2 What is published, last: until then a reader has the old one, which was good when it was signed.
        path = folder / "log" / CHECKPOINT
        signed = Checkpoint.parse(note.parse(disk.read(path), str(path)).text, str(path))
        checkpoint.verify(disk.read(path), [old.public, new.public], str(path))
        disk.replace(path, bytes(checkpoint.sign(signed, new)))
        disk.sync_folder(folder / "log")
    except RecordError as e:
        raise StorageError(e.text, place=e.place or str(folder), cure="`brightline doctor` says what to do") from e
    finally:
        os.close(lock)
    return signed


def _resigned(seal: Seal, old: SigningKey, new: SigningKey, path: Path) -> Seal:
    if seal.signed_by(new.public):
        return seal
    if not seal.signed_by(old.public):
        text = f"the checkpoint at {seal.size} entries is signed by neither key"
        raise StorageError(text, place=str(path), cure="give the key that this log had until now")
    made = Checkpoint(new.name, seal.size, seal.root)
    return Seal(seal.size, seal.root, new.public.id, new.sign(made.text().encode()))
