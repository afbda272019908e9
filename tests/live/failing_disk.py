"""`brightline`, on a disk that fails on command: `python failing_disk.py ORDER VERB …`.

While the file ORDER exists it holds `CALL ERRNO PART`: every such call (`pwrite` or `fdatasync`) on a file whose path
holds PART fails with that errno, as the kernel's would. A `pwrite` that is told ENOSPC writes half first, as disks do.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any

order = Path(sys.argv.pop(1)).absolute()
real_write, real_sync = os.pwrite, os.fdatasync


def told(call: str, fd: int) -> int:
    """The errno that this call is to fail with, or 0."""
    try:
        which, code, part = order.read_text().split()
    except FileNotFoundError:
        return 0
    return int(code) if which == call and part in str(Path(f"/proc/self/fd/{fd}").readlink()) else 0


def failing_write(fd: int, data: Any, offset: int, /) -> int:
    code = told("pwrite", fd)
    if not code:
        return real_write(fd, data, offset)
    if code == errno.ENOSPC and len(data) > 256:
        return real_write(fd, data[: len(data) // 2], offset)
    raise OSError(code, os.strerror(code))


def failing_sync(fd: int, /) -> None:
    code = told("fdatasync", fd)
    if code:
        raise OSError(code, os.strerror(code))
    real_sync(fd)


os.pwrite, os.fdatasync = failing_write, failing_sync  # type: ignore[assignment]

from brightline.cli import main  # noqa: E402 - only now, so that nothing keeps the real ones

main()
