"""A registry as a folder of signed files, `KIND/DIGEST.json`: what owners sign, and a disc carries.

Law: a file is there whole or not at all, and none is ever written over. Owners are written before what they sign, and
each version before the next, so that what a crash leaves is a registry too.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from brightline.errors import RegistryError
from brightline.registry import Kind, Version
from brightline.registry.registry import MAX_STATEMENTS
from brightline.registry.statement import MAX_STATEMENT
from brightline.storage.disk import Disk


def read_folder(folder: Path) -> dict[str, bytes]:
    """Every file of the registry: place → bytes, of which at most one more than a statement may have.

    Raises RegistryError where there is no such folder, or a file of it cannot be read.
    """
    if not folder.is_dir():
        cure = "name the registry's folder, or begin one: `brightline registry sign`"
        raise RegistryError("no registry there", place=str(folder), cure=cure)
    files: dict[str, bytes] = {}
    for kind in Kind:
        for path in sorted((folder / kind).glob("*.json")):
            if not path.is_file():  # a pipe or a device may not end
                raise RegistryError("no ordinary file", place=str(path), cure="remove it")
            if len(files) >= MAX_STATEMENTS:
                raise RegistryError("too many files", place=str(folder), cure=f"keep at most {MAX_STATEMENTS}")
            try:
                with path.open("rb") as file:
                    files[str(path)] = file.read(2 * MAX_STATEMENT + 1)
            except OSError as e:
                cure = "check the path and its rights"
                raise RegistryError(f"cannot be read: {e.strerror}", place=str(path), cure=cure) from None
    return files


def write_folder(folder: Path, versions: Iterable[Version], disk: Disk | None = None) -> list[Path]:
    """Write the files of signed versions that are not there yet; returns them.

    Raises StorageError, and RegistryError where other bytes have the file's name: nothing is then written.
    """
    disk = disk or Disk()
    ordered = sorted(versions, key=lambda v: (v.statement.kind is not Kind.OWNERS, v.statement.version, v.digest))
    missing = {folder / v.file_name: v.envelope.to_bytes() for v in ordered}
    for path in [p for p in missing if p.exists()]:
        if disk.read(path) != missing.pop(path):
            cure = "remove it: it is not what its name says"
            raise RegistryError("other bytes have this statement's name", place=str(path), cure=cure)
    for path, data in missing.items():
        disk.make_folder(path.parent)
        disk.replace(path, data)
        disk.sync_folder(path.parent)
    return list(missing)
