"""Properties read from disk, or shipped and called by their names."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from brightline.errors import TermsError, nearest
from brightline.storage.files import read_text

SHIPPED = ("no-autonomous-weapons", "no-surveillance-of-own-citizens")


def open_property(name: str) -> tuple[str, str]:
    """(text, place) of a .cedar file, or of a shipped property by its name. Raises TermsError."""
    path = Path(name)
    if name in SHIPPED and not path.exists():
        path = Path(str(files("brightline").joinpath("packs", "properties", f"{name}.cedar")))
        return path.read_text("utf-8"), f"{name}.cedar"
    if not path.is_file():
        cure = f"name a .cedar file or a shipped property, {nearest(name, SHIPPED)}"
        raise TermsError("there is no such property", place=name, cure=cure)
    return read_text(path), path.as_posix()
