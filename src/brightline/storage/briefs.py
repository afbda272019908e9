"""Briefs read from disk. A brief stays where it is: nothing copies it into a pack, message or bundle."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from brightline.analysis.brief import FILES, Brief, read_brief
from brightline.errors import TermsError, nearest
from brightline.storage.files import read_file
from brightline.terms import Scope

SHIPPED = ("vendor", "customer", "health-vendor", "health-hospital")
MAX_FILE = 4 << 20


def open_brief(name: str, scope: Scope) -> Brief:
    """The brief in a folder, or a shipped example by its name, in the words of `scope`. Raises TermsError."""
    path = Path(name)
    if path.is_dir():
        return read_brief(path.as_posix(), _folder(path), scope)
    if path.exists():
        raise TermsError("not a brief", place=name, cure="name a folder with requirements.cedar and options.cedar")
    if name in SHIPPED:
        return read_brief(name, _folder(Path(str(files("brightline").joinpath("packs", "briefs", name)))), scope)
    cure = f"name a folder, or a shipped brief ({', '.join(SHIPPED)}); {nearest(name, SHIPPED)}"
    raise TermsError("there is no such brief", place=name, cure=cure)


def _folder(path: Path) -> dict[str, str]:
    return {f: _text(path / f) for f in FILES if (path / f).is_file()}


def _text(path: Path) -> str:
    try:
        return read_file(path, MAX_FILE, error=TermsError).decode("utf-8")
    except UnicodeDecodeError:
        raise TermsError("not UTF-8 text", place=str(path), cure="save the file as UTF-8") from None
