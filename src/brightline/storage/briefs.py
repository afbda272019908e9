"""Briefs read from disk. A brief stays where it is: nothing copies it into a pack, message or bundle."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from brightline.analysis.brief import FILES, LEAST, Brief, read_brief
from brightline.errors import TermsError, nearest
from brightline.storage.files import read_texts
from brightline.terms import Scope

SHIPPED = ("vendor", "customer", "health-vendor", "health-hospital")


def open_brief(name: str, scope: Scope) -> Brief:
    """The brief in a folder, or a shipped example by its name, in the words of `scope`. Raises TermsError."""
    path = Path(name)
    if path.is_dir():
        return read_brief(path.as_posix(), read_texts(path, FILES), scope)
    if path.exists():
        raise TermsError("not a brief", place=name, cure=f"name a folder: {LEAST}")
    if name in SHIPPED:
        return read_brief(
            name, read_texts(Path(str(files("brightline").joinpath("packs", "briefs", name))), FILES), scope
        )
    cure = f"name a folder or a shipped brief, {nearest(name, SHIPPED)}"
    raise TermsError("there is no such brief", place=name, cure=cure)
