"""Files that people name, read within bounds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brightline.errors import ConfigError, InputError, TermsError

MAX_FILE = 64 << 20
MAX_TEXT = 4 << 20  # of a pack, a brief, a property


def read_file(path: Path | str, most: int = MAX_FILE, *, error: type[InputError] = ConfigError) -> bytes:
    """The bytes of a file of at most `most`; never more is held, for a device or a pipe may not end.

    Raises `error` naming the file.
    """
    place = str(path) or "the empty name"
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - an empty Path would be the folder
            data = file.read(most + 1)
    except (OSError, ValueError) as e:  # ValueError: a NUL in the name, which TOML can hold
        why = e.strerror if isinstance(e, OSError) else "no file can have this name"
        raise error(f"cannot be read: {why}", place=place, cure="check the path and its rights") from None
    if len(data) > most:
        raise error(f"over {most >> 20} MiB", place=place, cure="give a smaller file")
    return data


def read_text(path: Path) -> str:
    """A file of terms: UTF-8, at most MAX_TEXT bytes. Raises TermsError naming it."""
    try:
        return read_file(path, MAX_TEXT, error=TermsError).decode("utf-8")
    except UnicodeDecodeError:
        raise TermsError("not UTF-8 text", place=str(path), cure="save the file as UTF-8") from None


def read_texts(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """Those of the files that are there. Raises as `read_text`; TermsError too where one has a name in other letters,
    which some systems take for the same file and others do not."""
    wanted = set(names)
    for path in sorted(folder.iterdir()):
        if path.name not in wanted and path.name.lower() in wanted:
            cure = f"rename it {path.name.lower()}"
            raise TermsError("the name is written in small letters", place=path.as_posix(), cure=cure)
    return {name: read_text(folder / name) for name in names if (folder / name).is_file()}
