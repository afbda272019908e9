"""Runs one verb of the command line under `strace`, in a fork for each line on stdin, as `tests.storage.worker` does.

`python -m tests.storage.verbs CALL AT STORY`: STORY names one of STORIES, which runs in the folder of the line. Where
CALL is `short`, no strace is needed: the N-th write of the fork writes half, and the next finds the disk full.

What it says: `ended STATUS`, `failed SENTENCE` where the status is 2, and at last `end STATUS` of the fork.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import chdir, suppress
from pathlib import Path

from brightline.cli import main as brightline
from brightline.errors import BrightlineError
from brightline.storage.disk import File
from tests.storage import statefiles
from tests.storage.worker import IDLE, NOTHING, say

KEYS = ("--roster", "roster.json", "--reason", "a spill", "--json")
VERBS: dict[str, tuple[str, ...]] = {
    "erase": ("evidence", "erase", "1", "2", "--key", "quinn.key", *KEYS),
    "purge": ("evidence", "purge", "--last", "4", "--key", "quinn.key", *KEYS),
    "hold": ("evidence", "hold", "case", "--key", "ames.key", *KEYS),
    "export": ("evidence", "export", "-o", "out.bundle", "--json"),
    "thin": ("evidence", "thin", "-o", "out.thin", "--json"),
    "release": ("evidence", "release", "good.bundle", "--key", "officer.key", "-o", "out.json", "--json"),
    "copy": ("doctor", "--copy", "../copy", "--json"),
    "site key": ("key", "rotate", "site", "-o", "new.site", "--json"),
    "log key": ("key", "rotate", "log", "-o", "new.key", "--key", "customer.key", "--statement", "rotation.json"),
}  # fmt: skip
IDLE["write"] = lambda: os.write(NOTHING, b"x")


def run(story: str, folder: Path) -> tuple[int, str]:
    """Exit status and stderr."""
    if story in statefiles.STORIES:
        try:
            statefiles.STORIES[story](folder)
        except (BrightlineError, OSError) as e:
            return 2, f"brightline: {e}"
        return 0, ""
    sys.argv = ["brightline", *VERBS[story]]
    out, sys.stdout, sys.stderr = sys.stdout, io.StringIO(), io.StringIO()
    sys.stdout.reconfigure = sys.stderr.reconfigure = lambda **_: None  # type: ignore[attr-defined]
    try:
        with chdir(folder):
            brightline()
    except SystemExit as e:
        return int(e.code or 0), sys.stderr.getvalue()
    finally:
        sys.stdout = out
    raise AssertionError("main returned")


def shorten(at: int) -> None:
    """The at-th write to the disk writes half, and the one after it nothing."""
    real, calls = File.pwrite, [0]

    def pwrite(file: File, data: memoryview, offset: int) -> int:
        calls[0] += 1
        if calls[0] > at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data[: len(data) // 2 + 1] if calls[0] == at else data, offset)

    File.pwrite = pwrite  # type: ignore[method-assign]


def main(call: str, at: int, story: str) -> None:
    import brightline.gateway.ordering  # noqa: F401, PLC0415 - warm: each fork has what its verb needs

    for line in sys.stdin:
        number, _, folder = line.rstrip("\n").partition(" ")
        child = os.fork()
        if not child:
            if call == "short":
                shorten(int(number))
            else:
                for _ in range(at - int(number)):
                    with suppress(OSError):
                        IDLE[call]()
            status, text = run(story, Path(folder))
            say("failed " + text.rstrip("\n").replace("\n", " / ")) if status == 2 else say(f"ended {status}")
            os._exit(0)
        say(f"end {os.waitpid(child, 0)[1]}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
