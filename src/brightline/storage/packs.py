"""Packs and uses read from disk: the I/O that the kernel leaves to others."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from brightline.errors import TermsError, nearest
from brightline.storage.files import read_text, read_texts
from brightline.terms import FILES, Pack, read_pack

SHIPPED = (
    "vendor",
    "customer",
    "compromise",
    "openai-2026-02-28",
    "openai-2026-03-02",
    "google-2026-04",
    "s4113",
    "health-vendor",
    "health-hospital",
)


def open_pack(name: str) -> Pack:
    """The pack in a folder, a bare .cedar file, or a shipped pack by its name. Raises TermsError."""
    path = Path(name)
    if path.is_dir():
        return read_pack(path.as_posix(), read_texts(path, FILES))
    if path.is_file():
        if path.suffix != ".cedar":
            raise TermsError("not a pack", place=name, cure="name a folder with terms.cedar, or a .cedar file")
        return read_pack(path.as_posix(), {"terms.cedar": read_text(path)})
    if name in SHIPPED:
        return read_pack(name, read_texts(Path(str(files("brightline").joinpath("packs", name))), FILES))
    cure = f"name a folder, a .cedar file or a shipped pack, {nearest(name, SHIPPED)}"
    raise TermsError("there is no such pack", place=name, cure=cure)
