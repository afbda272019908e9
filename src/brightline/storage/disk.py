"""The few things that storage asks of a disk, in one place, so that tests can lose writes and make disks fail.

Every OSError becomes a StorageError that names the file, what was tried and the cure. Nothing here retries: after a
failed write or sync nobody knows what the disk holds, so whoever called must stop until recovery has looked.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from brightline.errors import StorageError

ZEROS_AHEAD = 1 << 20
_CURES = {
    errno.ENOSPC: "free space on this file system, then start again",
    errno.EDQUOT: "raise the quota or free space, then start again",
    errno.EIO: "the disk reports an error: check it, restore from a back-up if it is damaged, then start again",
    errno.EROFS: "mount the file system writable, then start again",
    errno.EACCES: "give the user that runs Brightline access to it",
    errno.EPERM: "give the user that runs Brightline access to it",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


class File:
    """An open file. Writes are durable only after `sync`."""

    def __init__(self, path: Path, create: bool) -> None:
        self.path = path
        with trouble(path, "open it"):
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o600)
        self._size = self.size()

    def size(self) -> int:
        with trouble(self.path, "look at it"):
            return os.fstat(self._fd).st_size

    def read(self, at: int, count: int) -> bytes:
        """`count` bytes, fewer only at the end of the file."""
        parts: list[bytes] = []
        with trouble(self.path, "read it"):
            while count > 0 and (part := os.pread(self._fd, count, at)):
                parts.append(part)
                at, count = at + len(part), count - len(part)
        return b"".join(parts)

    def write(self, at: int, data: bytes, *, ahead: int = ZEROS_AHEAD) -> None:
        """Write all of `data`; where that lengthens the file, write zeros `ahead` of it too.

        A sync of bytes that only replace zeros costs half of one that must record a new length as well.
        """
        self._write(at, data)
        end = at + len(data)
        if end > self._size:
            self._write(end, bytes(ahead))
            self._size = end + ahead

    def _write(self, at: int, data: bytes) -> None:
        view = memoryview(data)
        with trouble(self.path, "write it"):
            while view:
                done = self.pwrite(view, at)
                view, at = view[done:], at + done

    def pwrite(self, data: memoryview, at: int) -> int:
        """One write of the operating system, which may be short."""
        return os.pwrite(self._fd, data, at)

    def cut(self, size: int) -> None:
        """Forget everything from `size` on, durably."""
        with trouble(self.path, "shorten it"):
            os.ftruncate(self._fd, size)
        self._size = size
        self.sync()

    def sync(self) -> None:
        with trouble(self.path, "make it durable"):
            os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)


class Disk:
    """Folders and whole files."""

    def lock(self, path: Path) -> int:
        """Take the folder's lock for this process; it ends with the process. Raises StorageError where another has
        it."""
        with trouble(path, "open it"):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise in_use(path.parent) from None
        return fd

    def open(self, path: Path, *, create: bool = False) -> File:
        return File(path, create)

    def read(self, path: Path) -> bytes:
        with trouble(path, "read it"):
            return path.read_bytes()

    def replace(self, path: Path, data: bytes) -> None:
        """Put a whole file in place: readers see the old or the new, never a part. Durable after `sync_folder`."""
        new = path.with_name(f".{path.name}.new")
        file = self.open(new, create=True)
        try:
            if file.size():
                file.cut(0)  # what a crash left here
            file.write(0, data, ahead=0)
            file.sync()
        finally:
            file.close()
        self.put_in_place(new, path)

    def put_in_place(self, new: Path, path: Path) -> None:
        """Give a durable file the name of another, whose place it takes. Durable after `sync_folder`."""
        with trouble(path, "put it in place"):
            new.rename(path)

    def sync_folder(self, path: Path) -> None:
        """Make the names in a folder durable: a file whose name is lost is lost."""
        with trouble(path, "make it durable"):
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def make_folder(self, path: Path) -> None:
        """The folder and those above it, durably."""
        if path.is_dir():
            return
        if path.parent != path:
            self.make_folder(path.parent)
        with trouble(path, "make it"):
            path.mkdir(mode=0o700, exist_ok=True)
        self.sync_folder(path.parent)

    def names(self, path: Path) -> list[str]:
        with trouble(path, "list it"):
            return sorted(entry.name for entry in path.iterdir())

    def remove(self, path: Path) -> None:
        with trouble(path, "remove it"):
            path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        with trouble(path, "remove it"):
            path.rmdir()


class Looking(Disk):
    """The same disk for whoever only looks: nothing is made or changed, and what is not there counts as empty.

    What recovery would cut off or write again is left as it is.
    """

    def lock(self, path: Path) -> int:
        """Is the lock free? It is not kept."""
        if path.exists():
            with trouble(path, "open it"):
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                raise in_use(path.parent) from None
            finally:
                os.close(fd)
        return -1

    def open(self, path: Path, *, create: bool = False) -> File:
        return _Seen(path, create)

    def replace(self, path: Path, data: bytes) -> None:
        pass

    def sync_folder(self, path: Path) -> None:
        pass

    def make_folder(self, path: Path) -> None:
        pass

    def names(self, path: Path) -> list[str]:
        return super().names(path) if path.is_dir() else []

    def remove(self, path: Path) -> None:
        pass

    def remove_folder(self, path: Path) -> None:
        pass


class _Seen(File):
    """A file that is only read; where it may be made and is not there, an empty one."""

    def __init__(self, path: Path, create: bool) -> None:
        self.path = path
        shown = Path(os.devnull) if create and not path.exists() else path
        with trouble(path, "open it"):
            self._fd = os.open(shown, os.O_RDONLY | os.O_CLOEXEC)
        self._size = self.size()

    def write(self, at: int, data: bytes, *, ahead: int = 0) -> None:
        pass

    def cut(self, size: int) -> None:
        pass

    def sync(self) -> None:
        pass


IN_USE = "another process writes this record"


def in_use(folder: Path) -> StorageError:
    return StorageError(IN_USE, place=str(folder), cure="stop it, or give this one its own folder")


class trouble:  # noqa: N801 (read as a verb: `with trouble(path, "read it"):`)
    """Turn an OSError into a StorageError that says where, what was tried and how to mend it."""

    __slots__ = ("_path", "_what")

    def __init__(self, path: Path, what: str) -> None:
        self._path, self._what = path, what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            cure = _CURES.get(error.errno or 0, "mend this, then start again")
            text = f"cannot {self._what}: {error.strerror or error}"
            raise StorageError(text, place=str(self._path), cure=cure) from error
