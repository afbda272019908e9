"""The record under examination: what `serve` would refuse, in the same words, and what only a full reading finds.

Law: nothing is made or changed; where a start would cut off a torn tail or write a batch again, this only says so.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from brightline.errors import BrightlineError, StorageError
from brightline.keys import SigningKey, VerifyKey
from brightline.record import checkpoint
from brightline.record.entry import BUNDLE
from brightline.record.log import Disclosure, Log
from brightline.record.tiles import WIDTH, Growth
from brightline.storage.disk import IN_USE, Disk, Looking
from brightline.storage.published import Published
from brightline.storage.record import Record, check_private_side
from brightline.storage.recovery import CURE, DIFFER

LOW_SPACE = 1 << 30  # bytes; below it a doctor speaks up, well before a write fails
CLOCK_SECONDS = 3600  # how far the clock may stand behind the newest entry, whose time is rounded
_AT_ONCE = 16 * BUNDLE  # entries

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `ok` None: it could not be looked at, and `text` says why; then it did not pass either."""

    name: str
    ok: bool | None
    text: str
    cure: str = ""

    @classmethod
    def failed(cls, name: str, error: BrightlineError) -> Check:
        place = f"{error.place}: " if error.place else ""
        return cls(name, False, f"{place}{error.text}", error.cure)


@dataclass(frozen=True, slots=True)
class Examined:
    """`running`: a gateway writes the record now. `newest`: time of the newest entry seen, Unix seconds; 0: none."""

    checks: tuple[Check, ...]
    running: bool
    newest: int


def examine_record(folder: Path, key: SigningKey, site_key: bytes, progress: Progress) -> Examined:
    """Record and private side, read whole: a stopped gateway's as a start would, a running one's as published."""
    if not (folder / "journal").is_dir() and not (folder / "log").exists():
        return Examined((Check("record", True, f"{folder}: none yet; the first start makes it"),), False, 0)
    try:
        record = Record.open(folder, key, site_key, Disclosure(), disk=Looking())
    except StorageError as e:
        if e.text == IN_USE:
            return _running(folder, key.public)
        name = "private side" if "private" in Path(e.place).parts else "record"
        return Examined((Check.failed(name, e),), False, 0)
    try:
        private = _private_side(record, record.journal.log.size, progress)
        return Examined((_stands(folder, record), private), False, record.journal.log.time)
    finally:
        record.close()


def _stands(folder: Path, record: Record) -> Check:
    """It was recovered; now what is published of it, which a start brings up to date."""
    try:
        record.journal.publish()  # on a disk that only looks, it compares and writes nothing
    except BrightlineError as e:
        return Check.failed("record", e)
    log = record.journal.log
    text = f"{log.size} entries; hashes, laws, signatures and published tiles agree"
    if record.journal.cut:
        text += f"; a start will cut off {record.journal.cut} slots of a batch that was being written, of which none "
        text += "was told"
    if log.open:
        text += f"; a start will record {len(log.open)} calls as interrupted"
    return Check("record", True, f"{folder}: {text}")


def _private_side(record: Record, size: int, progress: Progress) -> Check:
    erased = 0
    try:
        for first in range(0, size, _AT_ONCE):
            progress(f"opening the private side: entry {first} of {size}")
            erased += check_private_side(record.journal, record.vault, first, min(first + _AT_ONCE, size))
    except BrightlineError as e:
        return Check.failed("private side", e)
    return Check(
        "private side", True, f"complete for {size} entries, {erased} of them erased; each is what it commits to"
    )


def _running(folder: Path, key: VerifyKey) -> Examined:
    unseen = "the gateway is running: what it published was read; stop it to have the rest read too"
    try:
        log = read_published(folder / "log", key)
    except BrightlineError as e:
        return Examined((Check.failed("record", e),), True, 0)
    checks = (
        Check("record", True, f"{folder}: {log.size} published entries hash to their signed checkpoint; {unseen}"),
        Check("private side", None, "not read: the gateway is running", "stop it, and ask again"),
    )
    return Examined(checks, True, log.time)


def read_published(folder: Path, key: VerifyKey) -> Log:
    """The published log, read whole. Raises StorageError, RecordError where entries, tiles and checkpoint differ."""
    published, disk = Published(folder), Disk()
    signed = checkpoint.verify(published.checkpoint, [key], str(folder / "checkpoint"))
    log, growth = Log(key.name, Disclosure()), Growth()
    for data in published.entries():
        growth.add(log.replay(data))
        full = [(tile, hashes) for tile, hashes in growth.tiles() if tile.width == WIDTH]
        for tile, hashes in full:
            if disk.read(folder / tile.path) != hashes:
                raise StorageError(
                    DIFFER,
                    place=str(folder / tile.path),
                    cure=CURE,
                )
        growth.drop([tile for tile, _ in full])
    if log.checkpoint() != signed:
        raise StorageError(
            f"damaged: the entries do not hash to the checkpoint over {signed.size}",
            place=str(folder),
            cure=CURE,
        )
    return log


def check_space(folder: Path) -> Check:
    """Whether the file system of the data folder has room."""
    there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    free = shutil.disk_usage(there).free
    text = f"{folder}: {free / (1 << 30):.1f} GiB free"
    cure = "" if free >= LOW_SPACE else "free space: a full disk stops the record, and with it every answer"
    return Check("disk space", free >= LOW_SPACE, text, cure)


def check_clock(newest: int, now: float | None = None) -> Check:
    """Whether the clock stands where the record has already been. `now`: Unix seconds."""
    now = time.time() if now is None else now
    shown, last = _written(now), _written(newest)
    if newest and now < newest - CLOCK_SECONDS:
        text = f"it shows {shown}, and the newest entry is of {last}: until then the record's time stands still"
        return Check("clock", False, text, "set the clock, and keep it set (chrony, or the site's own time source)")
    return Check("clock", True, f"it shows {shown}" + (f"; the newest entry is of {last}" if newest else ""))


def _written(seconds: float) -> str:
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return f"{seconds:.0f} seconds after 1970"
