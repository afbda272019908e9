"""The files of a model with their digests, hashed from disk (OpenSSF model-signing v1.0, serialization "files").

A model is a folder, or one file; in the manifest of one file its name is ".". A link, a device or a name that is not
UTF-8 is refused: what a link points at could change after it was checked.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from brightline.errors import ModelError

MAX_FILES = 16_384
CHUNK = 1 << 20
GIB = 1 << 30
GIT = (".git", ".gitattributes", ".github", ".gitignore")  # what the reference implementation leaves out too
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Manifest:
    """`files`: path within the model, with "/", to the hex SHA-256 of its bytes; ordered by the parts of the path."""

    name: str
    files: Mapping[str, str]

    @property
    def root(self) -> str:
        """Hex SHA-256 over the digests of all files, in order: what a statement calls the model's digest."""
        return hashlib.sha256(b"".join(bytes.fromhex(d) for d in self.files.values())).hexdigest()

    def difference(self, found: Manifest) -> str:
        """What `found` has otherwise than this, in words with the first file of each kind; empty iff nothing."""
        kinds = (
            ("changed", [n for n in self.files if n in found.files and self.files[n] != found.files[n]]),
            ("missing", [n for n in self.files if n not in found.files]),
            ("not signed for", [n for n in found.files if n not in self.files]),
        )
        return "; ".join(f"{word}: {_some(names)}" for word, names in kinds if names)


def hash_model(path: Path, left_out: tuple[str, ...] = GIT, progress: Progress = lambda _: None) -> Manifest:
    """The manifest of what lies at `path`, without the paths `left_out` (of a folder) and what is below them.

    `progress` gets one short line before each file. Raises ModelError naming the file that cannot be hashed.
    """
    if path.is_file() or path.is_symlink():
        progress(f"hashing {path.name}")
        return Manifest(path.name, {".": file_digest(path, progress)})
    outside = [PurePosixPath(p).parts for p in left_out]
    found: dict[tuple[str, ...], Path] = {}
    for file in _files(path):
        parts = file.relative_to(path).parts
        if any(parts[: len(o)] == o for o in outside):
            continue
        found[parts] = file
        if len(found) > MAX_FILES:
            raise ModelError(f"over {MAX_FILES:,} files", place=str(path), cure="name the folder of one model")
    if not found:
        raise ModelError("no file in it", place=str(path), cure="name the model's folder or file")
    files: dict[str, str] = {}
    for parts in sorted(found):
        name = "/".join(parts)
        progress(f"hashing {name}")
        files[name] = file_digest(found[parts], progress)
    return Manifest(path.resolve().name, files)


def file_digest(path: Path, progress: Progress = lambda _: None) -> str:
    """Hex SHA-256 of a regular file, read whole; `progress` gets a line after each GiB. Raises ModelError."""
    try:
        # O_NONBLOCK: a pipe that nobody writes to would hold us here; it is refused by its type below.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(number, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise ModelError("no plain file", place=str(path), cure="keep only plain files in a model")
            hashed, done = hashlib.sha256(), 0
            while chunk := file.read(CHUNK):
                hashed.update(chunk)
                done += len(chunk)
                if done % GIB == 0:
                    progress(f"hashing {path.name}: {done // GIB} GiB")
            return hashed.hexdigest()
    except OSError as e:
        if path.is_symlink():
            cure = "put the file itself there: what a link points at may change after it was checked"
            raise ModelError("a link", place=str(path), cure=cure) from None
        why = f"cannot be read: {e.strerror}"
        raise ModelError(why, place=str(path), cure="check the path and its rights") from None


def _files(folder: Path) -> Iterator[Path]:
    """Every path below that is no folder; links to folders are among them, and refused when they are hashed."""
    left = [folder]
    while left:
        here = left.pop()
        try:
            with os.scandir(here) as entries:
                inside = sorted(entries, key=lambda entry: entry.name)
        except OSError as e:
            why = f"cannot be read: {e.strerror}"
            raise ModelError(why, place=str(here), cure="check the path and its rights") from None
        for entry in inside:
            if not entry.name.isprintable():
                raise ModelError("a name that is not printable UTF-8", place=str(here), cure="rename that file")
            if entry.is_dir(follow_symlinks=False):
                left.append(Path(entry.path))
            else:
                yield Path(entry.path)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return f"{names[0][:120]!r}{more}"
