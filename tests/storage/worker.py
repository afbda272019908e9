"""Writes records under `strace`, a fresh process for each line on stdin: `python -m tests.storage.worker CALL AT`.

strace makes the AT-th system call CALL of every process fail, or kills the process there. A line `N FOLDER` runs the
work in FOLDER in a fork that has made AT - N such calls before, to no effect: so its N-th is the one that is hit, and
one warm process under one strace serves a thousand faults.

What it says, a line each: `told INDEX TEXT` and `checkpoint SIZE ROOT` when they were durable, `erased INDEX`,
`failed SENTENCE` where it raised what it documents, `done` where nothing hit it, and at last `end STATUS` of the fork.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from brightline.errors import StorageError
from brightline.record.checkpoint import Checkpoint
from brightline.storage import journal as journals
from brightline.storage.record import Receipt, Record
from tests.record.drafts import NOW, decision
from tests.storage.logs import DISCLOSURE, LOG_KEY

SITE_KEY = bytes(range(50, 82))
NOTHING = os.open("/dev/null", os.O_RDWR)
IDLE: dict[str, Callable[[], object]] = {
    "pwrite64": lambda: os.pwrite(NOTHING, b"x", 0),
    "fdatasync": lambda: os.fdatasync(NOTHING),
    "fsync": lambda: os.fsync(NOTHING),
    "rename": lambda: os.rename("/nowhere/a", "/nowhere/b"),  # noqa: PTH104 - exactly this call
    "ftruncate": lambda: os.ftruncate(NOTHING, 0),
    "unlink": lambda: os.unlink("/nowhere/a"),  # noqa: PTH108 - likewise
    "rmdir": lambda: os.rmdir("/nowhere/a"),  # noqa: PTH106 - likewise
    "mkdir": lambda: os.mkdir("/dev"),  # noqa: PTH102 - likewise
}


def say(text: str) -> None:
    os.writev(1, [f"{text}\n".encode()])  # a call that the record never makes, and whole or not at all


def work(folder: Path) -> None:
    """Two lives of a record: segments begin and end, tiles are published and replaced, one entry is erased."""
    for life in range(2):
        record = Record.open(folder, LOG_KEY, SITE_KEY, DISCLOSURE, clock=lambda: NOW)
        try:
            for n, count in enumerate((1, 3, 9, 120)):
                texts = [f"{life}-{n}-{i}" for i in range(count)]
                receipts = record.write([decision(fields=(("text", text.encode()),)) for text in texts])
                for text, receipt in zip(texts, receipts, strict=True):
                    assert isinstance(receipt, Receipt)
                    say(f"told {receipt.index} {text}")
                say_checkpoint(record.journal.log.checkpoint())
                if n != 1:
                    say_checkpoint(record.journal.publish())
            index = record.journal.log.size - 1
            say(f"erasing {index}")
            record.vault.erase(index)
            say(f"erased {index}")
        finally:
            record.close()


def say_checkpoint(made: Checkpoint) -> None:
    say(f"checkpoint {made.size} {made.root.hex()}")


def main(call: str, at: int) -> None:
    journals.SEGMENT_SLOTS = 12
    for line in sys.stdin:
        number, _, folder = line.rstrip("\n").partition(" ")
        child = os.fork()
        if not child:
            for _ in range(at - int(number)):
                with suppress(OSError):
                    IDLE[call]()
            try:
                work(Path(folder))
                say("done")
            except StorageError as e:
                say(f"failed {e}")
            os._exit(0)
        say(f"end {os.waitpid(child, 0)[1]}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
